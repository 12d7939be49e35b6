"""Panels are right over fifteen days with a daily rhythm, deployments and incidents."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.dashboards import shown_values
from harness.checks.dashboards.panel_sweep import PanelSweep
from harness.contracts import Context
from harness.model import Evidence, Gap, History, Outcome, Proof

LIVE_ONLY = "only a running stack tells this"


class Fortnight(PanelSweep):
    """Every panel on Prometheus shows what is true over fifteen days of the 30-day world, and in each of its incidents.

    Why: over a month things happen that a quiet hour does not hold: counters start anew with every deployment, traffic
    falls asleep at night, and an incident must be seen with the error rate that it had. How measured: Prometheus is
    started on fifteen days of generated metrics, one sample every 15 s; every panel is looked at over 15 days, over 24
    hours with each value of its variables, and over the last hour of each incident, through Grafana's own datasource
    code, and compared with what is true of the world as `panel-values` does. What only a running stack tells (alerts,
    notifications) is left to `panel-values`. How to fix: the finding names panel, range and choice.
    """

    subject, suite = History, "fortnight"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every look at every panel on Prometheus."""
        told = history.last("fortnight")
        panels = shown_values.places(context, logs=False)
        if told is None or not panels:
            yield Gap("no panel was looked at over fifteen days in this run")
            return
        looks = compared = 0
        for place in panels:
            seen = history.of_kind("panel-fortnight", place.name)
            if not seen:
                yield Gap(f"{place.name} was not looked at over fifteen days")
            yield from self._looks(place, seen, context)
            looks += len(seen)
            targets = [target for one in seen for target in one.data["targets"]]
            compared += sum(shown_values.points(target) for target in targets)
            unknown = {t["unchecked"] for t in targets if "unchecked" in t} - {LIVE_ONLY}
            if unknown:
                yield Gap(f"{place.name} was not compared: {', '.join(sorted(unknown))}")
        if compared:
            incidents = len(told.data["incidents"])
            yield Proof(
                f"{looks} looks at {len(panels)} panels over {told.data['days']:g} days, 24 hours and the hours of "
                f"{incidents} incidents: {compared} figures compared",
                samples=compared,
                services=shown_values.metric_services(context),
                evidence=(Evidence("panel-fortnight", "*"),),
            )
