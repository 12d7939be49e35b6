"""What is done to the running stack: Grafana itself is asked what it provisioned, and looked at as a person does.

Only where Grafana runs, which is in a container. Everything is a question: what was provisioned, every panel as the
browser asks for it, the same panels from what plays Grafana elsewhere, and each dashboard in a real browser.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness import printing, wait
from harness.checks.dashboards.expectations import Expectations
from harness.contracts import Instance, Launcher, Plan, Recorder
from harness.dashboards.differential import compared
from harness.dashboards.pictures import Camera
from harness.dashboards.playing import play
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.errors import DeadlineError, HarnessError
from harness.launchers.ports import PortLeases
from harness.model import Level
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_server import GrafanaServer, provisioning_errors
from harness.probes.grafana_sources import Sources
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Viewing
from harness.probes.panel_answer import DashboardLoad, PanelAnswer, State
from harness.services import chromium, grafana_player
from harness.stack import Workspace

NEEDS = ("prometheus", "elasticsearch", "grafana")
REQUIRES = ("logs",)
AFTER = ("searches", "dashboards")
EXTRAS = (grafana_player.COMPONENT,)

GRAFANA = "grafana"
READER = "grafana_reader"
PROVISIONED_SECONDS = 60.0
"""Grafana reads dashboards while it already answers, and again every so often."""
SETTLED_SECONDS = 60.0
ROUNDS = 3
RANGES = {"as it opens": 0.0, "5 minutes": 300.0}
"""Over which ranges the player and Grafana are compared, in seconds; 0: what the dashboard opens with."""
ATTEMPTS = 3
"""How often both are asked again when they differ: what is shown may be written at that moment."""
PAST_SECONDS = 30.0
"""How long ago the range ends in which they are compared: what happened then is stored."""


class Stack(Protocol):
    """What this suite needs of the running stack."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    instances: dict[str, Instance]
    levels: dict[str, Level]
    workspace: Workspace
    ports: PortLeases
    launcher: Launcher

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
        """What was remembered; Grafana's administrator under its name."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell the person who follows the run."""
        ...


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Ask what was provisioned, then every panel, then both it and the player, then have a browser draw the pages."""
    instance = stack.instances.get(GRAFANA)
    if instance is None:
        recorder.record("grafana", GRAFANA, {"runs": False})
        return
    grafana = GrafanaServer(instance.url, stack.recall(GRAFANA))
    dashboards = [dashboard for dashboard in stack.configuration.of(Dashboard) if dashboard.panels]
    visit = _Visit(stack, recorder, grafana, dashboards)
    recorder.record("grafana", GRAFANA, {"runs": True, **visit.answer(grafana.health)})
    visit.provisioned(instance.log)
    with Browser(grafana.sources(stack.configuration)) as browser:
        visit.look(browser)
        visit.load(browser)
        visit.differ(browser)
    visit.photograph()


class _Visit:
    """One look at everything that Grafana has."""

    def __init__(
        self, stack: Stack, recorder: Recorder, grafana: GrafanaServer, dashboards: Sequence[Dashboard]
    ) -> None:
        self._stack = stack
        self._recorder = recorder
        self._grafana = grafana
        self._dashboards = dashboards
        self._expectations = Expectations.of(stack.fixtures)

    def answer(self, ask: Callable[[], Any]) -> dict[str, Any]:
        """What was answered, or why not."""
        try:
            return {"answer": ask(), "failed": ""}
        except RefusedError as error:
            return {"answer": None, "failed": str(error)}

    def provisioned(self, log: Path) -> None:
        """Datasources, each tried by Grafana, and dashboards as it serves them."""
        listed = self.answer(self._grafana.datasources)
        known = ("uid", "name", "type", "url", "isDefault", "readOnly")
        found = [{name: one.get(name) for name in known} for one in listed["answer"] or ()]
        self._recorder.record("grafana-datasources", GRAFANA, {"found": found, "failed": listed["failed"]})
        for one in found:
            uid = str(one["uid"])
            tried = self.answer(lambda uid=uid: self._grafana.datasource_health(uid))  # type: ignore[misc]
            self._recorder.record("grafana-datasource", uid, tried)
        self._dashboards_there()
        for dashboard in self._dashboards:
            served = self.answer(lambda uid=dashboard.uid: self._grafana.dashboard(uid))  # type: ignore[misc]
            self._recorder.record("grafana-dashboard", dashboard.uid, _summary(served))
        errors = provisioning_errors(log)
        self._recorder.record("grafana-provisioning", GRAFANA, {"errors": errors, "log": log.is_file()})

    def _dashboards_there(self) -> None:
        wanted = {dashboard.uid for dashboard in self._dashboards}
        listed: dict[str, Any] = {}

        def there() -> bool:
            listed.update(self.answer(self._grafana.dashboards))
            return bool(listed["failed"]) or wanted <= {one.get("uid") for one in listed["answer"]}

        try:
            wait.until(there, deadline=PROVISIONED_SECONDS, saying="the dashboards to be provisioned", every=1.0)
        except DeadlineError as error:
            self._recorder.record("grafana-deadline", "provisioned", {"message": error.message})
        found = [{n: one.get(n) for n in ("uid", "title", "folderTitle")} for one in listed["answer"] or ()]
        self._recorder.record("grafana-dashboards", GRAFANA, {"found": found, "failed": listed["failed"]})

    def look(self, browser: Browser) -> None:
        """Every panel, once none is empty that should not be, or time is up."""
        loads: list[DashboardLoad] = []

        def settled() -> bool:
            loads[:] = [browser.load_dashboard(one, Viewing(now=time.time())) for one in self._dashboards]
            return not any(self._waiting(panel) for load in loads for panel in load.panels)

        try:
            wait.until(settled, deadline=SETTLED_SECONDS, saying="every panel to show data", every=2.0)
        except DeadlineError as error:
            self._recorder.record("grafana-deadline", "settled", {"message": error.message})
        for load in loads:
            for panel in load.panels:
                self._recorder.record("grafana-panel", f"{panel.dashboard}/{panel.title}", panel.record())
            for role, answers in (("variable", load.variables), ("annotation", load.annotations)):
                for one in answers:
                    self._recorder.record(f"grafana-{role}", f"{load.dashboard}/{one.name}", one.record())

    def _waiting(self, panel: PanelAnswer) -> bool:
        """Whether a panel may still come to show something; an error will not go away."""
        name = f"{panel.dashboard}/{panel.title}"
        return any(
            not one.failed
            and one.reply.state is not State.DATA
            and not self._expectations.accepts_state(name, one.name, one.reply.state.value)
            for one in panel.queries
        )

    def load(self, browser: Browser) -> None:
        """Open every dashboard in turn, several times."""
        for number in range(ROUNDS):
            for dashboard in self._dashboards:
                load = browser.load_dashboard(dashboard, Viewing(now=time.time()))
                self._recorder.record("grafana-load", dashboard.uid, load.record())
            self._stack.progress("opened through Grafana", number + 1, ROUNDS)

    def differ(self, browser: Browser) -> None:
        """The same panels over the same time by what plays Grafana."""
        engine, sources = self._played()
        self._recorder.record("grafana-player", GRAFANA, {"failed": engine})
        with Browser(sources) as player:
            for dashboard in self._dashboards:
                for name, seconds in RANGES.items():
                    for subject, record in self._compared(player, browser, dashboard, seconds).items():
                        self._recorder.record("grafana-difference", subject, {**record, "range": name})

    def _compared(
        self, player: Browser, browser: Browser, dashboard: Dashboard, seconds: float
    ) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for attempt in range(1, ATTEMPTS + 1):
            end = time.time() - PAST_SECONDS
            shown = TimeRange(end - seconds, end) if seconds else None
            view = Viewing(now=end, time=shown)
            played, served = player.load_dashboard(dashboard, view), browser.load_dashboard(dashboard, view)
            found = {
                f"{one.dashboard}/{one.title}/{record['ref']}": {**record, "attempt": attempt}
                for one, other in zip(played.panels, served.panels, strict=True)
                for record in compared(one, other)
            }
            if not any(record["count"] for record in found.values()):
                break
        return found

    def _played(self) -> tuple[str, Sources]:
        """What plays Grafana: its own code for Prometheus, ours for Elasticsearch; and why, where it is all ours."""
        stack = self._stack
        connections = {
            "prometheus": Connection(stack.url("prometheus")),
            "elasticsearch": Connection(stack.url("elasticsearch"), stack.elasticsearch_auth(READER)),
        }
        try:
            running = stack.instances.get(grafana_player.SERVICE) or play(stack, stack.url("prometheus"))
            return "", Sources.provisioned(stack.configuration, connections, Connection(running.url))
        except HarnessError as error:
            return str(error), Sources.provisioned(stack.configuration, connections)

    def photograph(self) -> None:
        """Every dashboard in a real browser, where there is one."""
        program = printing.browser()
        if program is None:
            self._recorder.record("grafana-browser", chromium.SERVICE, {"there": False, "failed": ""})
            return
        profile = self._stack.workspace.scratch / chromium.SERVICE
        command = printing.command(program, str(profile))
        try:
            session = self._grafana.session()
            browser = self._stack.launcher.launch(chromium.plan(command, self._stack.ports.lease(), profile))
        except (RefusedError, HarnessError) as error:
            self._recorder.record("grafana-browser", chromium.SERVICE, {"there": True, "failed": str(error)})
            return
        self._recorder.record("grafana-browser", chromium.SERVICE, {"there": True, "failed": ""})
        try:
            camera = Camera(browser.url, self._grafana, session, self._stack.workspace.run)
            for number, dashboard in enumerate(self._dashboards, start=1):
                shown = Viewing(now=time.time()).range_of(dashboard)
                self._recorder.record("grafana-picture", dashboard.uid, camera.take(dashboard, shown))
                self._stack.progress("photographed", number, len(self._dashboards))
        finally:
            browser.stop()


def _summary(served: Mapping[str, Any]) -> dict[str, Any]:
    """What is held against the file: no more of the dashboard's JSON is kept."""
    answer = served["answer"] or {}
    board, meta = answer.get("dashboard") or {}, answer.get("meta") or {}
    return {
        "failed": served["failed"],
        "uid": board.get("uid"),
        "title": board.get("title"),
        "folder": meta.get("folderTitle"),
        "provisioned": meta.get("provisioned"),
        "panels": _panels(board.get("panels") or ()),
    }


def _panels(panels: Sequence[Mapping[str, Any]]) -> int:
    """How many panels there are, those inside of collapsed rows included; rows are none."""
    return sum(_panels(one.get("panels") or ()) if one.get("type") == "row" else 1 for one in panels)
