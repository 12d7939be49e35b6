"""See Panels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.dashboards.expectations import Expectations
from harness.checks.grafana.asked import SERVICES, not_asked
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, Panel
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof


class Panels(Check):
    """Every panel of every dashboard shows data when Grafana itself is asked for it.

    Why: elsewhere Grafana is played; its own backend signs the requests, holds the passwords and reads the answers.
    How measured: every query of every panel, variables filled in, goes to Grafana's `/api/ds/query` as its browser
    sends it, and variables to its datasources' resources. Panels that may show nothing are named, with the reason, in
    `fixtures/panels.yml`. How to fix: the finding holds what Grafana answered; `dashboards/panel-data` tells of the
    same query whether it reads what nobody emits.
    """

    subject, suite = History, "grafana"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Each panel of the documents against Grafana's last answer."""
        if gap := not_asked(history):
            yield gap
            return
        panels = [(d, p) for d in context.documents.of(Dashboard) for p in d.panels if p.targets]
        if not panels:
            yield Gap("the configuration has no dashboard with a panel that queries anything")
            return
        answers = {(o.data["dashboard"], o.data["panel"], o.data["title"]): o for o in history.of_kind("grafana-panel")}
        expectations = Expectations.of(context.fixtures)
        shown = asked = 0
        for dashboard, panel in panels:
            seen = answers.get((dashboard.uid, panel.id, panel.title))
            if seen is None:
                yield Gap(f"Grafana was not asked for {dashboard.uid}/{panel.title}")
                continue
            asked += 1
            shown += seen.data["state"] == "data"
            yield from self._panel(dashboard, panel, seen.data, expectations)
        yield from self._variables(history, context.documents.of(Dashboard))
        if asked and shown:
            yield Proof(
                f"{asked} of {len(panels)} panels asked of Grafana itself: {shown} show data",
                samples=asked,
                services=SERVICES,
                evidence=(Evidence("grafana-panel", "*"),),
            )

    def _panel(
        self, dashboard: Dashboard, panel: Panel, data: Mapping[str, Any], expectations: Expectations
    ) -> Iterator[Finding | Gap]:
        name = f"{dashboard.uid}/{panel.title}"
        answers = {one["ref"]: one for one in data["targets"]}
        for target in panel.targets:
            if target.hidden:
                continue
            one = answers.get(target.ref)
            if one is None:
                yield Gap(f"Grafana was not asked for query {target.ref} of {name}")
            elif one["state"] == "error":
                yield self.finding(target.at(), f"{name}: Grafana fails query {target.ref}: {one['message']}")
            elif one["state"] != "data" and not expectations.accepts_state(name, target.ref, one["state"]):
                what = "nothing" if one["state"] == "no-data" else "values that are no numbers"
                yield self.finding(target.at(), f"{name}: Grafana answers query {target.ref} with {what}")

    def _variables(self, history: History, dashboards: Iterable[Dashboard]) -> Iterator[Finding | Gap]:
        for dashboard in dashboards:
            for variable in (one for one in dashboard.variables if one.type == "query"):
                seen = history.last("grafana-variable", f"{dashboard.uid}/{variable.name}")
                if seen is None:
                    yield Gap(f"Grafana was not asked for variable ${variable.name} of {dashboard.uid}")
                elif seen.data["state"] != "data":
                    said = seen.data["message"] or f"{variable.query} finds no values"
                    yield self.finding(variable.at("query"), f"{dashboard.uid}: ${variable.name} is empty: {said}")
            for note in (one for one in dashboard.annotations if one.enabled and one.expr):
                seen = history.last("grafana-annotation", f"{dashboard.uid}/{note.name}")
                if seen is None:
                    yield Gap(f"Grafana was not asked for annotation {note.name!r} of {dashboard.uid}")
                elif seen.data["state"] == "error":
                    said = f"{dashboard.uid}: annotation {note.name!r} fails: {seen.data['message']}"
                    yield self.finding(note.at(), said)
