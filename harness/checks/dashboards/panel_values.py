"""Every panel on Prometheus shows the figures that are true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.checks.dashboards import shown_values
from harness.checks.dashboards.shown_values import Data, Place
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class PanelValues(Check):
    """Every panel on Prometheus shows the series it must, by the names a reader knows, with figures that are true.

    Why: a panel that sums a rate wrongly, takes a quantile over the wrong label or hides a series by its legend
    looks healthy while something fails. How measured: Grafana's own datasource code answers each query as the panel
    asks it; what Grafana's browser does with the answer (legend, overrides, reduction to one value) is done here.
    What each panel must show is said in `fixtures/panels.yml` in plain words, and worked out from the generated
    world itself, without PromQL; figures may be off by the tolerance said there. What cannot be worked out is
    listed there, and is a gap. How to fix: the finding names the panel, the series, what it shows and what it must.
    """

    subject, suite, logs = History, "dashboards", False

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Each panel's last comparison."""
        panels = shown_values.places(context, logs=self.logs)
        if not panels:
            yield Gap("the configuration has no such panel")
            return
        queries = right = compared = 0
        for place in panels:
            seen = history.last("panel-value", place.name)
            if seen is None:
                yield Gap(f"{place.name} was not looked at in this run")
                continue
            if seen.data["repeated"]:
                yield self._ambiguous(place, seen.data)
            by_ref = {target["ref"]: target for target in seen.data["targets"]}
            for target in place.panel.targets:
                queries += 1
                outcomes = list(self._query(place, target.ref, by_ref.get(target.ref), context))
                yield from outcomes
                if not outcomes:
                    right, compared = right + 1, compared + shown_values.points(by_ref[target.ref])
        if right:
            yield self._proof(right, queries, compared, len(panels), context)

    def _ambiguous(self, place: Place, data: Data) -> Outcome:
        names = ", ".join(f"“{name}”" for name in data["repeated"])
        message = f"{place.name}: more than one series is called {names}, so nobody can tell them apart"
        return self.finding(place.panel.targets[0].at("legendFormat"), message)

    def _query(self, place: Place, ref: str, target: Data | None, context: Context) -> Iterator[Outcome]:
        excused = shown_values.not_checked(context).get((place.name, ref))
        if target is None:
            yield Gap(f"query {ref} of {place.name} was not asked in this run")
        elif excused:
            yield Gap(f"what query {ref} of {place.name} must show is not known: {excused}")
        elif target["state"] == "not-asked":
            yield self.finding(
                place.panel.at(), f"{place.name}: query {ref} is switched off (`hide`), so nobody sees it"
            )
        elif target["state"] == "error":
            yield from shown_values.findings(self, place, target, shown_values.wrongs(target, 0.0))
        elif "unchecked" in target:
            yield Gap(f"what query {ref} of {place.name} must show is not known: {target['unchecked']}")
        else:
            yield from shown_values.findings(
                self, place, target, shown_values.wrongs(target, shown_values.tolerance(context))
            )
            if not target["moments"]:
                yield Gap(f"query {ref} of {place.name} could be compared at no moment: too few samples were scraped")

    def _proof(self, right: int, queries: int, compared: int, panels: int, context: Context) -> Proof:
        share = shown_values.tolerance(context)
        what = "exactly what was written" if self.logs else f"what is true, within {share:.0%}"
        return Proof(
            f"{right} of {queries} queries of {panels} panels show {what}: {compared} figures compared",
            samples=compared,
            services=("grafana", "elasticsearch") if self.logs else shown_values.metric_services(context),
            evidence=(Evidence("panel-value", "*"),),
        )
