"""Grafana itself, asked and judged: through the suite's own exercise, on a double that can lie, and on literals."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest

from harness import printing, suites
from harness.checks.grafana.differential import Differential
from harness.checks.grafana.load import Load
from harness.checks.grafana.panels import Panels
from harness.checks.grafana.provisioned import Provisioned
from harness.checks.grafana.rendered import Rendered
from harness.contracts import Check, Context
from harness.dashboards.pictures import Camera
from harness.documents.configuration import Configuration
from harness.judging import beyond_reach, judge
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import History, Judgement, Level, Observation, Verdict, itself
from harness.services import chromium
from harness.stack import Workspace
from suites.selftest import panel_world
from suites.selftest.double_grafana import PASSWORD, USER, Grafana, served
from suites.selftest.panel_world import DASHBOARDS, PROJECT
from suites.selftest.running import PROJECT as ROOT

CHECKS = (Provisioned, Panels, Load, Differential, Rendered)
LEVELS = {
    "grafana": Level.STAND_IN, itself("grafana"): Level.CONTAINER,
    "prometheus": Level.CONTAINER, "elasticsearch": Level.CONTAINER,
}  # fmt: skip
LOG = 'logger=provisioning.dashboard type=file level={level} msg="failed to load dashboard from" file=x.json\n'


class Recording:
    """A recorder that keeps what it is told, as it would be read again."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        self.seen.append(Observation.from_json(Observation(at or time.time(), kind, subject, data).to_json()))

    @property
    def history(self) -> History:
        return History(tuple(self.seen))


@dataclass
class Stack:
    """As much of a running stack as the exercise needs."""

    configuration: Configuration
    workspace: Workspace
    ports: PortLeases
    launcher: ProcessLauncher
    urls: Mapping[str, str]
    instances: dict[str, Any] = field(default_factory=dict)
    fixtures: Mapping[str, Any] = field(default_factory=lambda: fixtures())

    def url(self, name: str) -> str:
        return self.urls[name]

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        return user, "secret"

    def recall(self, key: str) -> Any:
        return (USER, PASSWORD) if key == "grafana" else None

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        pass


@pytest.fixture(scope="module")
def suite() -> ModuleType:
    place = PROJECT / "suites/grafana/exercise.py"
    spec = importlib.util.spec_from_file_location("grafana_exercise", place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hurried(suite: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    _hurry(suite, monkeypatch)
    return suite


def _hurry(suite: ModuleType, patch: pytest.MonkeyPatch) -> None:
    """The exercise with no patience, and as on a machine without a browser."""
    for name in ("PROVISIONED_SECONDS", "SETTLED_SECONDS", "PAST_SECONDS"):
        patch.setattr(suite, name, 0.0)
    patch.setattr(suite, "ROUNDS", 1)
    patch.setattr(printing, "browser", lambda: None)


shipped, fixtures = cache(panel_world.shipped), cache(panel_world.fixtures)
"""Read once: many tests look at them and none changes them."""


@cache
def two_dashboards() -> Configuration:
    """The configuration with a dashboard on each datasource only: enough to see a fault, and soon asked."""
    root = PROJECT / "config-under-test"
    files = [root / "docker-compose.yml", *root.glob("config/grafana/**/*.yml")]
    files += [root / DASHBOARDS / f"{name}.json" for name in ("cache-health", "audit-compliance")]
    return Configuration.of_texts({f.relative_to(root).as_posix(): f.read_text(encoding="utf-8") for f in files})


def stack_on(folder: Path, url: str, configuration: Configuration, *, log: str = "") -> Stack:
    path = folder / "grafana.log"
    path.write_text(log, encoding="utf-8")
    launcher = ProcessLauncher(folder / "logs", Ledger(folder / "ledger"))
    workspace = Workspace(folder / "run", folder / "scratch")
    instances = {
        "grafana": SimpleNamespace(url=url, log=path),
        "grafana-prometheus": SimpleNamespace(url=f"{url}/player"),
    }
    urls = {"prometheus": url, "elasticsearch": url}
    return Stack(configuration, workspace, PortLeases(folder / "ports"), launcher, urls, instances)


def visited(suite: ModuleType, folder: Path, configuration: Configuration, log: str = "", **faults: str) -> History:
    """The history of the exercise on a double with these faults; underscores stand for spaces."""
    recording = Recording()
    told = {name.replace("_", " ").strip(): what for name, what in faults.items()}
    with served(Grafana(configuration, told)) as url:
        suite.exercise(stack_on(folder, url, configuration, log=log), recording)
    return recording.history


@pytest.fixture(scope="module")
def lied_to(suite: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, str]], History]:
    """Fault → the history of a visit with it; each is paid once."""
    seen: dict[str, History] = {}

    def history(faults: dict[str, str]) -> History:
        if str(faults) not in seen:
            with pytest.MonkeyPatch.context() as patch:
                _hurry(suite, patch)
                seen[str(faults)] = visited(suite, tmp_path_factory.mktemp("fault"), two_dashboards(), **faults)
        return seen[str(faults)]

    return history


def judged(check: type[Check], history: History, configuration: Configuration | None = None) -> Judgement:
    return judge(check(), history, Context(configuration or shipped(), fixtures(), LEVELS))


@pytest.fixture(scope="module")
def well(suite: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> History:
    with pytest.MonkeyPatch.context() as patch:
        _hurry(suite, patch)
        return visited(suite, tmp_path_factory.mktemp("well"), shipped(), log=LOG.format(level="info"))


def test_a_grafana_that_is_as_configured_passes_at_its_own_level(well: History) -> None:
    for check in (Provisioned, Panels, Load, Differential):
        judgement = judged(check, well)
        assert (judgement.verdict, judgement.level) == (Verdict.PASS, Level.CONTAINER), judgement.reason
    assert "queries are the same from Grafana itself; 0 queries answer nothing" in judged(Differential, well).reason


def test_every_query_of_every_panel_went_to_grafana(well: History) -> None:
    panels = [(d.uid, p.title) for d in shipped().documents for p in getattr(d, "panels", ()) if p.targets]
    asked = {(o.data["dashboard"], o.data["title"]) for o in well.of_kind("grafana-panel")}
    assert len(panels) > 50 and set(panels) == asked


def test_without_a_grafana_every_verifier_waits_for_a_container(suite: ModuleType, tmp_path: Path) -> None:
    recording = Recording()
    stack = stack_on(tmp_path, "http://127.0.0.1:1", shipped())
    stack.instances.clear()
    suite.exercise(stack, recording)
    assert [one.kind for one in recording.seen] == ["grafana"], "what does not run costs no time"
    for check in CHECKS:
        judgement = judged(check, recording.history)
        assert beyond_reach(judgement) and judgement.gaps[0].needs is Level.CONTAINER


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_recorded_is_unknown_and_no_level_would_help(check: type[Check]) -> None:
    judgement = judged(check, History.of())
    assert judgement.verdict is Verdict.UNKNOWN and not beyond_reach(judgement)


@pytest.mark.parametrize("check", CHECKS)
def test_a_grafana_that_ran_and_was_asked_nothing_is_unknown(check: type[Check]) -> None:
    ran = Observation(0.0, "grafana", "grafana", {"runs": True, "answer": {"database": "ok"}, "failed": ""})
    judgement = judged(check, History.of(ran))
    assert judgement.verdict is Verdict.UNKNOWN and not beyond_reach(judgement)


def test_without_a_browser_the_pages_stay_open(well: History) -> None:
    judgement = judged(Rendered, well)
    assert beyond_reach(judgement) and "no Chromium" in judgement.reason


@pytest.mark.parametrize(
    ("faults", "check", "says"),
    [
        ({"datasource_missing": "elasticsearch"}, Provisioned, "no datasource elasticsearch; it has prometheus"),
        ({"sick": "prometheus"}, Provisioned, "tried the datasource prometheus: HTTP 400: Failed to connect"),
        ({"dashboard_missing": "cache-health"}, Provisioned, "no dashboard cache-health: it was not provisioned"),
        ({"panel_missing": "cache-health"}, Provisioned, "cache-health: Grafana has panels"),
        ({"wrong_folder": "cache-health"}, Provisioned, "Grafana has folder 'General', the file says 'CareDroid'"),
        ({"error_in": "cache_operations_total"}, Panels, "parse error: unexpected end of input"),
        ({"error_in": "authFailed:true"}, Panels, "Sign-in failures and refused accesses: Grafana fails query A"),
        ({"nothing_in": "cache_operations_total"}, Panels, "with nothing"),
        ({"value_in": "cache_operations_total"}, Differential, "Grafana itself"),
        ({"value_in": "authFailed:true"}, Differential, "played 7.0, Grafana itself 8.0"),
        ({"error_in": "cache_operations_total"}, Differential, "Grafana itself error: parse error"),
        ({"error_in": "cache_operations_total"}, Load, "do not count: held a failed query"),
        ({"401": "yes"}, Provisioned, "asked for its datasources: HTTP 401: Invalid username or password"),
        ({"401": "yes"}, Panels, "HTTP 401: Invalid username or password"),
        ({"html": "yes"}, Provisioned, "HTTP 200, and no JSON"),
        ({"html": "yes"}, Panels, "HTTP 200, and no JSON"),
    ],
)
def test_what_is_wrong_is_seen(
    lied_to: Callable[[dict[str, str]], History], faults: dict[str, str], check: type[Check], says: str
) -> None:
    judgement = judged(check, lied_to(faults), two_dashboards())
    told = [finding.message for finding in judgement.findings] + [gap.reason for gap in judgement.gaps]
    assert judgement.verdict is (Verdict.FAIL if judgement.findings else Verdict.UNKNOWN)
    assert judgement.verdict is Verdict.FAIL or check is Load
    assert any(says in one for one in told), told[:5]
    assert all(finding.position.file and finding.position.line for finding in judgement.findings)


def test_a_grafana_that_is_gone_fails_and_says_so(hurried: ModuleType, tmp_path: Path) -> None:
    recording = Recording()
    hurried.exercise(stack_on(tmp_path, "http://127.0.0.1:1", two_dashboards()), recording)
    judgement = judged(Provisioned, recording.history, two_dashboards())
    assert judgement.verdict is Verdict.FAIL and "no connection to http://127.0.0.1:1" in judgement.reason
    assert judged(Panels, recording.history, two_dashboards()).verdict is Verdict.FAIL
    assert judged(Differential, recording.history, two_dashboards()).verdict is not Verdict.PASS


def test_errors_of_provisioning_in_the_log_are_found(hurried: ModuleType, tmp_path: Path) -> None:
    configuration = two_dashboards()
    judgement = judged(Provisioned, visited(hurried, tmp_path, configuration, LOG.format(level="error")), configuration)
    assert judgement.verdict is Verdict.FAIL and "failed to load dashboard from" in judgement.reason


def test_a_slow_dashboard_fails(well: History) -> None:
    slow = [
        Observation(o.at, o.kind, o.subject, {**o.data, "seconds": 3.5} if o.kind == "grafana-load" else o.data)
        for o in well.observations
    ]
    judgement = judged(Load, History(tuple(slow)))
    assert judgement.verdict is Verdict.FAIL and "3.50 s to load from Grafana, limit 3 s" in judgement.reason


def test_nothing_compared_with_nothing_is_no_proof(well: History) -> None:
    empty = [
        Observation(
            o.at, o.kind, o.subject,
            {**o.data, "values": 0, "nothing": True} if o.kind == "grafana-difference" else o.data,
        )
        for o in well.observations
    ]  # fmt: skip
    judgement = judged(Differential, History(tuple(empty)))
    assert judgement.verdict is Verdict.UNKNOWN and "nothing is easily the same" in judgement.reason


def picture(uid: str, **data: Any) -> Observation:
    usual = {"expected": 4, "panels": 4, "failed": "", "file": f"pictures/{uid}.png", "errors": [], "console": []}
    return Observation(0.0, "grafana-picture", uid, {**usual, **data})


def pictured(**data: Any) -> Judgement:
    ran = Observation(0.0, "grafana", "grafana", {"runs": True, "answer": {"database": "ok"}, "failed": ""})
    there = Observation(0.0, "grafana-browser", "chromium", {"there": True, "failed": ""})
    uids = [one.uid for one in shipped().documents if getattr(one, "panels", ())]
    taken = [picture(uid, **(data if uid == "cache-health" else {})) for uid in uids]
    return judged(Rendered, History.of(ran, there, *taken))


def test_pages_that_were_drawn_pass() -> None:
    assert pictured().verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("data", "verdict", "says"),
    [
        ({"failed": "waited 45 s for the page to be drawn"}, Verdict.FAIL, "cache-health in a browser: waited 45 s"),
        ({"errors": [{"title": "Hit rate", "message": "boom"}]}, Verdict.FAIL, "cache-health/Hit rate in a browser"),
        ({"file": ""}, Verdict.UNKNOWN, "no picture was taken of cache-health"),
        ({"console": ["a plugin is missing"]}, Verdict.PASS, ""),
    ],
)
def test_a_page_is_judged_by_what_was_seen_of_it(data: dict[str, Any], verdict: Verdict, says: str) -> None:
    judgement = pictured(**data)
    assert judgement.verdict is verdict and says in judgement.reason


@pytest.fixture(scope="module")
def taken(suite: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[History, Path]:
    """Four dashboards photographed by one browser: one as it should be, three that are not."""
    folder = tmp_path_factory.mktemp("browser")
    faults = {"error drawn": "cache-health", "never done": "alert-status", "loud": "system-health"}
    with pytest.MonkeyPatch.context() as patch, served(Grafana(shipped(), faults)) as url:
        patch.setattr(suite, "Camera", lambda *given: Camera(*given, drawn_seconds=4.0))
        stack, recording = stack_on(folder, url, shipped()), Recording()
        grafana = suite.GrafanaServer(url, (USER, PASSWORD))
        uids = ("business-metrics", "cache-health", "alert-status", "system-health")
        boards = [one for one in stack.configuration.of(suite.Dashboard) if one.uid in uids]
        suite._Visit(stack, recording, grafana, boards).photograph()
        stack.ports.release()
    return recording.history, folder / "run"


@pytest.mark.slow
@pytest.mark.skipif(printing.browser() is None, reason="no Chromium on this machine")
class TestInABrowser:
    def test_a_page_is_photographed(self, taken: tuple[History, Path]) -> None:
        history, run = taken
        seen = history.last("grafana-picture", "business-metrics").data  # type: ignore[union-attr]
        assert seen["failed"] == "" and seen["panels"] == seen["expected"] > 2
        image = (run / seen["file"]).read_bytes()
        assert image.startswith(b"\x89PNG") and len(image) == seen["bytes"]
        assert 0 < len(seen["small"]) < 100_000

    def test_what_goes_wrong_on_a_page_is_told(self, taken: tuple[History, Path]) -> None:
        seen = {one.subject: one.data for one in taken[0].of_kind("grafana-picture")}
        assert [one["message"] for one in seen["cache-health"]["errors"]] == ["the query failed"]
        assert "still loading" in seen["alert-status"]["failed"] and seen["alert-status"]["file"]
        assert seen["system-health"]["console"] == ["a plugin is missing"] and not seen["system-health"]["failed"]

    def test_the_browser_ends_with_the_exercise(self, taken: tuple[History, Path]) -> None:
        history, run = taken
        assert history.last("grafana-browser").data == {"there": True, "failed": ""}  # type: ignore[union-attr]
        profile = str(run.parent / "scratch" / chromium.SERVICE)
        lines = (" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"]))
        assert not [line for line in lines if profile in line]


def test_the_suite_is_found_with_its_parts() -> None:
    found = suites.find(ROOT / "suites")["grafana"]
    assert "grafana" in found.needs and not found.stand_ins and not found.on_demand
