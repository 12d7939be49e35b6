"""See Load."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.dashboards.dashboard_load import FEWEST_FILLED, quantile
from harness.checks.grafana.asked import SERVICES, not_asked
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Evidence, Gap, History, Outcome, Proof

BASELINE = "dashboard-load"
"""The documented limit. What is measured here stands beside that figure: it is not the same sample."""


class Load(Check):
    """A dashboard is complete within the documented time when Grafana itself answers.

    Why: Grafana's own backend is one more hop, on the share of a processor that the compose file allows it.
    How measured: every variable, annotation and panel query as the browser issues them, six at a time, from the first
    request to the last answer; drawing is not included. A load in which a query failed, or in which most panels were
    empty, is no sample. How to fix: narrow the slowest panel's selectors, or give Grafana more of a processor.
    """

    subject, suite = History, "grafana"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The slowest load of each dashboard against the limit."""
        if gap := not_asked(history):
            yield gap
            return
        limit = float(context.baseline(BASELINE)["limit"])
        taken: list[float] = []
        dashboards = [one for one in context.documents.of(Dashboard) if one.panels]
        for dashboard in dashboards:
            loads = [seen.data for seen in history.of_kind("grafana-load", dashboard.uid)]
            whole = sum(bool(panel.targets) for panel in dashboard.panels)
            counted = [
                float(one["seconds"])
                for one in loads
                if one["queries"]
                and not one["errors"]
                and one["panels"] == whole
                and one["with_data"] >= FEWEST_FILLED * whole
            ]
            if len(counted) < len(loads) or not loads:
                why = "held a failed query or were mostly empty" if loads else "there was none"
                yield Gap(f"{len(loads) - len(counted)} of {len(loads)} loads of {dashboard.uid} do not count: {why}")
            if counted and (slowest := max(counted)) >= limit:
                message = f"{dashboard.uid} takes {slowest:.2f} s to load from Grafana, limit {limit:g} s"
                yield self.finding(dashboard.tree.key_at("panels"), message)
            taken += counted
        if taken:
            yield Proof(
                f"slowest of {len(taken)} loads of {len(dashboards)} dashboards {max(taken):.2f} s "
                f"(median {quantile(taken, 0.5):.2f} s)",
                samples=len(taken),
                services=SERVICES,
                value=round(max(taken), 4),
                limit=limit,
                unit="s",
                evidence=(Evidence("grafana-load", "*"),),
                values=tuple(taken),
            )
