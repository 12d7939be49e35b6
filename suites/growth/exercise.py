"""What is done so that growth can be told: the saved searches and the dashboards are timed on worlds of several sizes.

Three smaller worlds of the same story are built, once, beside the one at hand. On each, every search is opened over all
30 days, and every dashboard that shows log lines is loaded; on the largest, every dashboard is loaded over ever longer
ranges too. A hit too many or too few is recorded with the time, for a wrong answer's time says nothing.

It is a suite of its own, on demand, because building the worlds takes minutes. For a sign-off it asks for the full
world, and measures nothing on a small one; named, it measures the world that there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.contracts import Instance, Plan, Recorder
from harness.dashboards.playing import play
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard, Panel
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import SavedSearch, Searches, mapping_of
from harness.generators.story.truth import WorldTruth
from harness.launchers.ports import PortLeases
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_sources import Sources
from harness.probes.grafana_time import TimeRange as Shown
from harness.probes.panel import Browser, Viewing
from harness.probes.search import Discover
from harness.probes.search_requests import TimeRange
from harness.services import grafana_player
from harness.stack import Workspace
from harness.toolchain import prepare
from harness.world.build import Ground
from harness.world.key import WorldKey
from harness.world.running import COMPONENTS, RunningWorld
from harness.world.running import MEMORY as WORLD
from harness.world.serving import serving
from harness.world.store import Worlds

ON_DEMAND = True
NEEDS = ("world",)
AFTER = ("searches", "dashboards", "retention", "resilience", "fortnight")
STAND_INS = ("kibana", "grafana", "world")
EXTRAS = (grafana_player.COMPONENT,)

READER, VIEWER = "log_reader", "grafana_reader"
INSTANCE, METRICS = "elasticsearch-world", "prometheus-world"
PARTS = (8, 4, 2)
"""The smaller worlds are so many times smaller than the one at hand."""
ROUNDS = 5
"""Timed openings of each search and dashboard on each size, after one that warms up."""
RANGE_ROUNDS = 3
DAY = 86400.0
DAYS = (1.0, 4.0, 8.0, 15.0)
SHOWN_SECONDS = DAY
"""The range over which the dashboards that show log lines are loaded on every size."""


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    fixtures_folder: Path
    workspace: Workspace
    ports: PortLeases
    seed: int
    named: bool

    def url(self, name: str) -> str:
        """Where an instance answers."""
        ...

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        """User and password of an Elasticsearch user."""
        ...

    def extra(self, name: str) -> Path:
        """The program of an extra component; waits until it is made."""
        ...

    def launch(self, plan: Plan) -> Instance:
        """Start a plan, and stop it with the stack."""
        ...

    def recall(self, name: str) -> Any:
        """What the boot left for this suite."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell the person who follows the run."""
        ...


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Time everything on each size, the largest last."""
    world: RunningWorld = stack.recall(WORLD)
    scale, full = world.built.key.scale, world.full_scale
    if scale < full and not stack.named:
        recorder.record("growth-left-out", "world", {"scale": scale, "full_scale": full})
        return
    _Growth(stack, recorder, world).measure()


class _Growth:
    """One measurement on all sizes."""

    def __init__(self, stack: Stack, recorder: Recorder, world: RunningWorld) -> None:
        self._stack, self._recorder, self._world = stack, recorder, world
        configuration = stack.configuration
        templates = configuration.of(IndexTemplate)
        self._searches = [
            (search, mapping_of(search, templates)) for one in configuration.of(Searches) for search in one.searches
        ]
        self._dashboards = [one for one in configuration.of(Dashboard) if one.panels]
        player = play(stack, stack.url(METRICS), f"{grafana_player.SERVICE}-growth")
        self._player = Connection(player.url)

    def measure(self) -> None:
        """The smaller worlds, the one at hand, and the ranges."""
        scale = self._world.built.key.scale
        for part in PARTS:
            self._smaller(scale // part)
        largest = self._world.built
        auth = {user: self._stack.elasticsearch_auth(user) for user in (READER, VIEWER)}
        self._size(largest.about["lines"], largest.key.scale, self._world.truth, self._stack.url(INSTANCE), auth)
        self._ranges(self._stack.url(INSTANCE), auth[VIEWER])

    def _smaller(self, scale: int) -> None:
        stack = self._stack
        ground = Ground(
            stack.configuration, stack.fixtures, stack.fixtures_folder, prepare(COMPONENTS), stack.seed, scale
        )
        key = WorldKey.of(stack.configuration.folder, stack.fixtures, stack.seed, scale)
        worlds = Worlds()
        built = worlds.ensure(key, ground, lambda text: stack.progress(f"{scale:,} lines: {text}"))
        truth = WorldTruth.of(stack.fixtures, stack.seed, scale)
        with serving(ground, built, worlds) as served:
            auth = {user: (user, served.access.passwords[user]) for user in (READER, VIEWER)}
            self._size(built.about["lines"], scale, truth, served.url, auth)

    def _size(self, lines: int, scale: int, truth: WorldTruth, url: str, auth: Mapping[str, tuple[str, str]]) -> None:
        """Every search and every dashboard with log lines, in turn, on one size."""
        span = TimeRange(truth.begins, truth.ends - 0.001)
        wanted = {
            search.title: truth.search_count(search.title, span.begin, truth.ends) for search, _ in self._known(truth)
        }
        shown = Viewing(truth.ends, Shown(truth.ends - SHOWN_SECONDS, truth.ends))
        about = {"scale": scale, "full_scale": self._world.full_scale}
        produced = self._stack.fixtures["story"]["lines_per_second"] * DAY * self._stack.fixtures["story"]["days"]
        self._recorder.record("growth-size", str(lines), {**about, "documents": lines, "production": produced})
        with Discover(url, auth[READER]) as discover, Browser(self._sources(url, auth[VIEWER])) as browser:
            for number in range(ROUNDS + 1):
                self._stack.progress(f"{lines:,} documents", number, ROUNDS + 1)
                for search, mapping in self._known(truth):
                    self._noise(discover, search, lines)
                    opened = discover.ask(search, mapping, span)
                    data = {"documents": lines, "hits": opened.total, "expected": wanted[search.title]}
                    self._timed(number, "growth-search", search.title, opened.seconds, data)
                for dashboard in self._with_lines():
                    load = browser.load_dashboard(dashboard, shown)
                    self._timed(
                        number, "growth-dashboard", dashboard.uid, load.seconds, {**load.record(), "documents": lines}
                    )

    def _ranges(self, url: str, auth: tuple[str, str]) -> None:
        """Every dashboard over ever longer ranges of the largest world."""
        ends = self._world.truth.ends
        with Browser(self._sources(url, auth)) as browser:
            for number in range(RANGE_ROUNDS + 1):
                for days in DAYS:
                    self._stack.progress(f"dashboards over {days:g} days", number, RANGE_ROUNDS + 1)
                    for dashboard in self._dashboards:
                        load = browser.load_dashboard(dashboard, Viewing(ends, Shown(ends - days * DAY, ends)))
                        self._timed(
                            number, "growth-range", dashboard.uid, load.seconds, {**load.record(), "days": days}
                        )

    def _timed(self, number: int, kind: str, subject: str, seconds: float, data: Mapping[str, Any]) -> None:
        if number:  # the first round warms up
            self._recorder.record(kind, subject, {**data, "seconds": round(seconds, 6)})

    def _noise(self, discover: Discover, search: SavedSearch, lines: int) -> None:
        data = {"seconds": round(discover.trifle(search.index), 6)}
        self._recorder.record("growth-noise", str(lines), data)

    def _known(self, truth: WorldTruth) -> Iterator[tuple[SavedSearch, dict[str, Any]]]:
        for search, mapping in self._searches:
            if search.title in truth.searches:
                yield search, mapping

    def _with_lines(self) -> Sequence[Dashboard]:
        return [d for d in self._dashboards if any(_of_lines(panel) for panel in d.panels)]

    def _sources(self, url: str, auth: tuple[str, str]) -> Sources:
        connections = {
            "prometheus": Connection(self._stack.url(METRICS)),
            "elasticsearch": Connection(url, auth),
        }
        return Sources.provisioned(self._stack.configuration, connections, self._player)


def _of_lines(panel: Panel) -> bool:
    return any(target.datasource.type == "elasticsearch" for target in panel.targets)
