"""See Rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.grafana.asked import SERVICES, not_asked, place
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Evidence, Finding, Gap, History, Level, Outcome, Proof, Severity


class Rendered(Check):
    """A real browser draws every dashboard of Grafana: all its panels, none of them with an error.

    Why: a panel can have its data and still not be drawn. How measured: a Chromium without a window logs in, opens each
    dashboard at its own address and waits until every panel is there and none is loading; the picture is kept in the
    run's folder. What the page's console says is told as information. How to fix: look at the picture; the finding
    holds the panel's own error. What passes unseen: whether what is drawn is easy to read, which a person must judge.
    """

    subject, suite = History, "grafana"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every dashboard of the documents against the picture taken of it."""
        if gap := not_asked(history):
            yield gap
            return
        browser = history.last("grafana-browser")
        if browser is None:
            yield Gap("no browser was asked for")
            return
        if not browser.data["there"]:
            why = "no Chromium on this machine, so nobody looked at Grafana's pages"
            yield Gap(why, Level.CONTAINER, hint="Install chromium.")
            return
        if browser.data["failed"]:
            yield self.finding(place(context), f"the pages of Grafana were not reached: {browser.data['failed']}")
            return
        dashboards = [one for one in context.documents.of(Dashboard) if one.panels]
        drawn = panels = 0
        for dashboard in dashboards:
            seen = history.last("grafana-picture", dashboard.uid)
            if seen is None:
                yield Gap(f"{dashboard.uid} was not opened in a browser")
                continue
            yield from self._picture(dashboard, seen.data)
            drawn += bool(seen.data["file"])
            panels += int(seen.data.get("panels") or 0)
        if drawn and panels:
            yield Proof(
                f"{drawn} dashboards with {panels} panels drawn by a browser",
                samples=panels,
                services=SERVICES,
                evidence=(Evidence("grafana-picture", "*"),),
            )

    def _picture(self, dashboard: Dashboard, seen: Mapping[str, Any]) -> Iterator[Finding | Gap]:
        if seen["failed"]:
            yield self.finding(dashboard.tree.key_at("uid"), f"{dashboard.uid} in a browser: {seen['failed']}")
        elif not seen["file"]:
            yield Gap(f"no picture was taken of {dashboard.uid}")
        titles = {panel.title: panel for panel in dashboard.panels}
        for error in seen.get("errors") or ():
            panel = titles.get(error["title"])
            at = panel.at() if panel else dashboard.tree.key_at("panels")
            yield self.finding(at, f"{dashboard.uid}/{error['title']} in a browser: {error['message']}")
        for said in seen.get("console") or ():
            message = f"{dashboard.uid}: the page's console says: {said}"
            yield self.finding(dashboard.tree.key_at("uid"), message, severity=Severity.INFO)
