"""What is done to the running stack: every dashboard is opened as a browser does, again and again, and all at once.

The first opening is cold, Elasticsearch's caches emptied before; then the alerts and targets that need a scrape or an
evaluation are given time to show, in which panels are asked over several ranges with every choice of their variables;
then the dashboards take turns, so that a slow moment of the machine does not fall on one of them alone. Then each
panel's answer is laid beside what it must show, and a crowd of viewers is let in.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import requests

from harness import wait
from harness.checks.dashboards.dashboard_load import ALL_PANELS
from harness.checks.dashboards.expectations import Expectations
from harness.contracts import Instance, Launcher, Plan, Recorder
from harness.dashboards import crowd, live
from harness.dashboards.compared import Comparison, Truths, queried
from harness.dashboards.playing import play
from harness.dashboards.sweep import Sweep
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.errors import DeadlineError, HarnessError
from harness.launchers.ports import PortLeases
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_elasticsearch import ElasticsearchSource
from harness.probes.grafana_prometheus import PrometheusSource
from harness.probes.grafana_sources import Sources
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Shown, Viewing
from harness.probes.panel_answer import DashboardLoad, PanelAnswer, QueryAnswer, State
from harness.probes.panel_selectors import Emitted
from harness.services import grafana_player
from harness.stack import Workspace

NEEDS = ("prometheus", "elasticsearch")
REQUIRES = ("logs",)
AFTER = ("searches",)
STAND_INS = ("grafana", "caredroid-backend")
EXTRAS = (grafana_player.COMPONENT,)

READER = "grafana_reader"
SUPERUSER = "elastic"
LOGS_TRUTH = "logs-truth"
WARM_ROUNDS = 10
"""With the cold one, eleven loads of each of ten dashboards: more than a hundred samples."""
ROUNDS_AT_ONCE = 10
SETTLED_SECONDS = 60.0
"""Two scrapes, two evaluations and a notification of a stack that has only just come up."""
SCRAPED_SECONDS = 90.0
"""How long, in all, panels are looked at again that could be compared at no moment: a scrape that came late spoils a
rate until it has left the window, which is four scrapes long, and one more scrape."""
POINTS_COMPARED = 6
"""Of each series of a panel that draws a line."""


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    lanes: dict[str, Any]
    workspace: Workspace
    ports: PortLeases
    launcher: Launcher
    thorough: bool
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

    def recall(self, key: str) -> Any:
        """What an earlier suite remembered; None when it did not run."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell the person who follows the run."""
        ...


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Open every dashboard cold, with a crowd, settled and warm, all of them at once, and compare what they show."""
    dashboards = [dashboard for dashboard in stack.configuration.of(Dashboard) if dashboard.panels]
    if not dashboards:
        return
    where = _where(stack, recorder)
    sources = _sources(stack, where)
    visit = _Visit(stack, recorder, dashboards, sources)
    with Browser(visit.sources) as browser:
        visit.cold(browser)
        # While the alerts take their time:
        visit.sweep(browser, alerting=False)
        crowd.watch(stack, recorder, where, thorough=stack.thorough or stack.named)
        visit.settle(browser)
        visit.sweep(browser, alerting=True)
        visit.warm(browser)
        visit.at_once(browser)
        visit.look(browser)


def _where(stack: Stack, recorder: Recorder) -> dict[str, dict[str, str]]:
    """Where each kind of datasource answers, and Grafana's own code, if it can be had."""
    user, password = stack.elasticsearch_auth(READER)
    where = {
        "prometheus": {"url": stack.url("prometheus")},
        "elasticsearch": {"url": stack.url("elasticsearch"), "user": user, "password": password},
    }
    failed = ""
    try:
        where["player"] = {"url": _player(stack).url}
    except HarnessError as error:
        failed = str(error)
    recorder.record("panel-source", grafana_player.SERVICE, {"failed": failed})
    return where


def _sources(stack: Stack, where: Mapping[str, Mapping[str, str]]) -> Sources:
    """The provisioned datasources: Prometheus through Grafana's own code, or when that cannot be had as it would
    ask."""
    reader = (where["elasticsearch"]["user"], where["elasticsearch"]["password"])
    connections = {kind: Connection(one["url"], reader if "user" in one else None) for kind, one in where.items()}
    player = connections.pop("player", None)
    return Sources.provisioned(stack.configuration, connections, player)


def _player(stack: Stack) -> Instance:
    stack.progress("waiting for Grafana's datasource to be compiled")
    return play(stack, stack.url("prometheus"))


def _opened(browser: Browser, dashboard: Dashboard, now: float) -> tuple[Shown, DashboardLoad]:
    return browser.look(dashboard, Viewing(now=now))


_Looked = tuple[Shown, DashboardLoad, list[tuple[str, dict[str, Any]]]]
"""How a dashboard was shown, its load, and each panel's title with what it shows beside what it must."""


class _Visit:
    """One person's look at all dashboards."""

    def __init__(self, stack: Stack, recorder: Recorder, dashboards: Sequence[Dashboard], sources: Sources) -> None:
        self.sources = sources
        self._stack = stack
        self._recorder = recorder
        self._dashboards = dashboards
        self._expectations = Expectations.of(stack.fixtures)
        self._truths = Truths(stack.fixtures.get("panels") or {})
        self._live = live.Live(stack, sources)
        self._total = len(dashboards) * (1 + WARM_ROUNDS) + ROUNDS_AT_ONCE
        self._done = 0

    def cold(self, browser: Browser) -> None:
        """The first opening of each, with nothing cached."""
        for dashboard in self._dashboards:
            self._load(browser, dashboard, cold=True, caches_cleared=self._clear_caches())

    def settle(self, browser: Browser) -> None:
        """Wait until no panel is empty that should not be, or its time is up: then the verdict will say which."""
        try:
            wait.until(
                lambda: not self._unsettled(browser),
                deadline=SETTLED_SECONDS,
                saying="every panel to show data",
                every=2.0,
            )
        except DeadlineError as error:
            self._recorder.record("dashboard-deadline", "settled", {"message": error.message})

    def warm(self, browser: Browser) -> None:
        """Every dashboard in turn, several times."""
        for _ in range(WARM_ROUNDS):
            for dashboard in self._dashboards:
                self._load(browser, dashboard, cold=False, caches_cleared=False)

    def at_once(self, browser: Browser) -> None:
        """Every panel of every dashboard through the connections of one browser."""
        for _ in range(ROUNDS_AT_ONCE):
            self._calibrate()
            load = browser.load_dashboards(self._dashboards, Viewing(now=time.time()))
            self._recorder.record("dashboard-load", ALL_PANELS, {**load.record(), "cold": False})
            self._step("all panels at once")

    def look(self, browser: Browser) -> None:
        """What each panel shows now, beside what it must show, with what its queries read that is not there."""
        lookups, patience = _Lookups(self.sources), time.monotonic() + SCRAPED_SECONDS
        for dashboard in self._dashboards:
            shown, load, values = self._scraped(browser, dashboard, patience - time.monotonic())
            self._record_answers(load, shown.time, lookups)
            for title, record in values:
                self._recorder.record("panel-value", f"{dashboard.uid}/{title}", record)

    def _scraped(self, browser: Browser, dashboard: Dashboard, patience_seconds: float) -> _Looked:
        """A look in which every query can be compared at some moment: where a scrape came late, there is none."""
        looked = self._looked(browser, dashboard)

        def comparable() -> bool:
            nonlocal looked
            if all(target.get("moments", 1) for _, record in looked[2] for target in record["targets"]):
                return True
            looked = self._looked(browser, dashboard)
            return False

        with contextlib.suppress(DeadlineError):  # which query it was is in the record
            wait.until(comparable, deadline=max(0.0, patience_seconds), saying="a scrape in time", every=2.0)
        return looked

    def _looked(self, browser: Browser, dashboard: Dashboard) -> _Looked:
        opened = partial(_opened, browser, dashboard)
        facts, (shown, load) = self._live.unchanged(opened)
        comparison = Comparison(self._truths, facts, self.sources.prometheus())
        values = [
            (panel.title, comparison.of(shown, panel, answer, POINTS_COMPARED))
            for (_, panel), answer in zip(queried([dashboard]), load.panels, strict=True)
        ]
        return shown, load, values

    def sweep(self, browser: Browser, *, alerting: bool) -> None:
        """Every panel over every range, with every choice of its dashboard's variables: of the dashboards that
        show alerts, or of the others."""
        chosen = [one for one in self._dashboards if self._truths.alerting(one.uid) == alerting]
        thorough = self._stack.thorough or self._stack.named
        plan = self._stack.fixtures.get("panels", {}).get("sweep") or {}
        swept = Sweep(browser, self._truths, self._live, self.sources.prometheus(), plan)
        swept.run(chosen, self._recorder, self._stack.progress, thorough=thorough)

    def _record_answers(self, load: DashboardLoad, shown: TimeRange, lookups: _Lookups) -> None:
        for panel in load.panels:
            record = panel.record()
            record["targets"] = [one.record() | lookups.about(one, shown) for one in panel.queries]
            self._recorder.record("panel", f"{panel.dashboard}/{panel.title}", record)
        for role, answers in (("variable", load.variables), ("annotation", load.annotations)):
            for one in answers:
                name = f"{load.dashboard}/{'$' if role == 'variable' else ''}{one.name}"
                self._recorder.record(f"dashboard-{role}", name, one.record())

    def _load(self, browser: Browser, dashboard: Dashboard, *, cold: bool, caches_cleared: bool) -> None:
        self._calibrate()
        load = browser.load_dashboard(dashboard, Viewing(now=time.time()))
        record = {**load.record(), "cold": cold, "caches_cleared": caches_cleared}
        self._recorder.record("dashboard-load", dashboard.uid, record)
        self._step(dashboard.uid)

    def _calibrate(self) -> None:
        """Time the cheapest question there is: how long it takes differs only with the machine's own mood."""
        seconds = self._live.calibrate()
        if seconds is not None:
            self._recorder.record("calibration", "prometheus", {"seconds": round(seconds, 6)})

    def _step(self, text: str) -> None:
        self._done += 1
        self._stack.progress(text, self._done, self._total)

    def _clear_caches(self) -> bool:
        url, auth = self._stack.url("elasticsearch"), self._stack.elasticsearch_auth(SUPERUSER)
        try:
            return requests.post(f"{url}/_cache/clear", auth=auth, timeout=10).ok
        except requests.RequestException:
            return False

    def _unsettled(self, browser: Browser) -> list[str]:
        """The panels on Prometheus that are empty, or read what is not there yet, without leave to."""
        view = Viewing(now=time.time())
        lookups = _Lookups(self.sources)
        load = browser.load_dashboards(self._dashboards, view)
        ranges = {d.uid: view.range_of(d) for d in self._dashboards}
        return [
            f"{panel.dashboard}/{panel.title}"
            for panel in load.panels
            for one in panel.queries
            if self._waiting(panel, one, lookups.about(one, ranges[panel.dashboard]))
        ]

    def _waiting(self, panel: PanelAnswer, one: QueryAnswer, found: Mapping[str, Any]) -> bool:
        if one.failed or one.source != PrometheusSource.kind:
            return False
        name, state = f"{panel.dashboard}/{panel.title}", one.reply.state
        if state is not State.DATA and not self._expectations.accepts_state(name, one.name, state.value):
            return True
        absent = (*found.get("absent_metrics", ()), *found.get("absent_selectors", ()))
        return any(not self._expectations.accepts_absent(name, one.name, what) for what in absent)


class _Lookups:
    """What is there for a query to find, apart from what it answered; each thing is asked once."""

    def __init__(self, sources: Sources) -> None:
        self._prometheus, self._elasticsearch = sources.prometheus(), sources.elasticsearch()
        self._emitted: dict[TimeRange, Emitted] = {}
        self._documents: dict[TimeRange, int] = {}

    def about(self, one: QueryAnswer, shown: TimeRange) -> dict[str, Any]:
        """For PromQL the metrics and selectors without series, for a log query how many lines there are at all."""
        try:
            if one.source == PrometheusSource.kind and self._prometheus:
                emitted = self._emitted.setdefault(shown, Emitted(self._prometheus, shown))
                missing = emitted.missing([one.query])
                return {"absent_metrics": missing.metrics, "absent_selectors": missing.selectors}
            if one.source == ElasticsearchSource.kind and self._elasticsearch:
                if shown not in self._documents:
                    self._documents[shown] = self._elasticsearch.documents(shown)
                return {"documents": self._documents[shown]}
        except RefusedError as error:
            return {"unchecked": str(error)}
        return {}
