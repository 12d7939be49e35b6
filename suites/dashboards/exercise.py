"""What is done to the running stack: every dashboard is opened as a browser does, again and again, and all at once.

The first opening is cold, Elasticsearch's caches emptied before; then the alerts and targets that need a scrape or an
evaluation are given time to show; then the dashboards take turns, so that a slow moment of the machine does not fall on
one of them alone. What the last turn showed is what the panels are judged by.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import requests

from harness import wait
from harness.checks.dashboards.dashboard_load import ALL_PANELS
from harness.checks.dashboards.expectations import Expectations
from harness.contracts import Recorder
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.errors import DeadlineError
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_elasticsearch import ElasticsearchSource
from harness.probes.grafana_prometheus import PrometheusSource
from harness.probes.grafana_sources import Sources
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Viewing
from harness.probes.panel_answer import DashboardLoad, PanelAnswer, QueryAnswer, State
from harness.probes.panel_selectors import Emitted

NEEDS = ("prometheus", "elasticsearch")
REQUIRES = ("logs",)
AFTER = ("searches",)
STAND_INS = ("grafana", "caredroid-backend")

READER = "grafana_reader"
SUPERUSER = "elastic"
WARM_ROUNDS = 9
"""With the cold one, ten loads of each of ten dashboards: a hundred samples."""
ROUNDS_AT_ONCE = 5
SETTLED_SECONDS = 60.0
"""Two scrapes, two evaluations and a notification of a stack that has only just come up."""


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]

    def url(self, name: str) -> str:
        """Where an instance answers."""
        ...

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        """User and password of an Elasticsearch user."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell the person who follows the run."""
        ...


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Open every dashboard cold, wait until it has settled, open it warm, and then all of them at once."""
    dashboards = [dashboard for dashboard in stack.configuration.of(Dashboard) if dashboard.panels]
    if not dashboards:
        return
    reader = Connection(stack.url("elasticsearch"), stack.elasticsearch_auth(READER))
    connections = {"prometheus": Connection(stack.url("prometheus")), "elasticsearch": reader}
    visit = _Visit(stack, recorder, dashboards, Sources.provisioned(stack.configuration, connections))
    with Browser(visit.sources) as browser:
        visit.cold(browser)
        visit.settle(browser)
        visit.warm(browser)
        visit.at_once(browser)
    visit.record_panels()


class _Visit:
    """One person's look at all dashboards."""

    def __init__(self, stack: Stack, recorder: Recorder, dashboards: Sequence[Dashboard], sources: Sources) -> None:
        self.sources = sources
        self._stack = stack
        self._recorder = recorder
        self._dashboards = dashboards
        self._expectations = Expectations.of(stack.fixtures)
        self._last: dict[str, tuple[Dashboard, DashboardLoad, Viewing]] = {}
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
            load = browser.load_dashboards(self._dashboards, Viewing(now=time.time()))
            self._recorder.record("dashboard-load", ALL_PANELS, {**load.record(), "cold": False})
            self._step("all panels at once")

    def record_panels(self) -> None:
        """What the last opening showed, with what its queries read that is not there."""
        lookups = _Lookups(self.sources)
        for dashboard, load, view in self._last.values():
            shown = view.range_of(dashboard)
            for panel in load.panels:
                record = panel.record()
                record["targets"] = [one.record() | lookups.about(one, shown) for one in panel.queries]
                self._recorder.record("panel", f"{dashboard.uid}/{panel.title}", record)
            for role, answers in (("variable", load.variables), ("annotation", load.annotations)):
                for one in answers:
                    name = f"{dashboard.uid}/{'$' if role == 'variable' else ''}{one.name}"
                    self._recorder.record(f"dashboard-{role}", name, one.record())

    def _load(self, browser: Browser, dashboard: Dashboard, *, cold: bool, caches_cleared: bool) -> None:
        view = Viewing(now=time.time())
        load = browser.load_dashboard(dashboard, view)
        self._last[dashboard.file] = (dashboard, load, view)
        record = {**load.record(), "cold": cold, "caches_cleared": caches_cleared}
        self._recorder.record("dashboard-load", dashboard.uid, record)
        self._step(dashboard.uid)

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
