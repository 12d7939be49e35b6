"""Every panel is right over every range, with every choice of its dashboard's variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.checks.dashboards import shown_values
from harness.checks.dashboards.shown_values import Place
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Observation, Outcome, Proof

RANGES = ("5m", "1h", "24h", "15d")


class PanelSweep(Check):
    """Every panel answers, and truly, over 5 minutes, 1 hour, 24 hours and 15 days, whatever its variables are set to.

    Why: a panel that is right as it opens may divide by nothing for one route, run into the limit of points over
    two weeks, or show zero for a role whose label is spelt otherwise. How measured: every panel is asked for each
    range of `fixtures/panels.yml` with All and with each value of each variable by itself; where there is time (the
    suite named by itself, or a sign-off) over one range with every combination of values. Each answer is an error,
    no data, NaN or data, and is compared with what is true as `panel-values` does; where the run's metrics do not
    reach back far enough, only their part of the range is. How to fix: the finding names the panel, the range and
    the choice.
    """

    subject, suite = History, "dashboards"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every look at every panel."""
        panels = shown_values.places(context)
        if not panels:
            yield Gap("the configuration has no dashboard with a panel that queries anything")
            return
        wanted = ((context.fixtures.get("panels") or {}).get("sweep") or {}).get("ranges") or RANGES
        looks = compared = answered = 0
        for place in panels:
            seen = history.of_kind("panel-sweep", place.name)
            missing = [span for span in wanted if not any(one.data["span"] == span for one in seen)]
            if missing:
                yield Gap(f"{place.name} was not looked at over {', '.join(missing)}")
            yield from self._looks(place, seen, context)
            looks += len(seen)
            targets = [target for one in seen for target in one.data["targets"]]
            answered += sum(target["state"] not in ("error", "not-asked") for target in targets)
            compared += sum(shown_values.points(target) for target in targets)
        if compared:
            yield self._proof(history, looks, answered, compared, context)

    def _looks(self, place: Place, seen: Sequence[Observation], context: Context) -> Iterator[Outcome]:
        """The findings of a panel: one for each way in which a query is wrong, and with which choices besides."""
        share, excused = shown_values.tolerance(context), shown_values.not_checked(context)
        first: dict[str, list[Outcome]] = {}
        others: dict[str, int] = {}
        for one in seen:
            for target in one.data["targets"]:
                if (place.name, target["ref"]) in excused or target["state"] == "not-asked":
                    continue
                wrong = shown_values.wrongs(target, share)
                if wrong and target["ref"] in first:
                    others[target["ref"]] = others.get(target["ref"], 0) + 1
                elif wrong:
                    where = f", {_spoken(one)}"
                    first[target["ref"]] = list(shown_values.findings(self, place, target, wrong, where))
        for ref, outcomes in first.items():
            yield from outcomes
            if others.get(ref):
                many = f"{place.name}: query {ref} is wrong in {others[ref]} more of {len(seen)} looks"
                target = place.target(ref)
                yield self.finding(target.at() if target else place.panel.at(), many)

    def _proof(self, history: History, looks: int, answered: int, compared: int, context: Context) -> Proof:
        plans = history.of_kind("sweep")
        left = sum(int(plan.data["left_out"]) for plan in plans)
        also = f"; {left} combinations of several variables not looked at in this run" if left else ""
        return Proof(
            f"{looks} looks at panels over {_ranges(plans)}: {answered} answers, {compared} figures compared{also}",
            samples=compared,
            services=(*shown_values.metric_services(context), "grafana", "elasticsearch"),
            evidence=(Evidence("panel-sweep", "*"),),
        )


def _spoken(one: Observation) -> str:
    chosen = ", ".join(f"${name} = {value}" for name, value in one.data["chosen"].items())
    return f"over {one.data['span']}" + (f" with {chosen}" if chosen else "")


def _ranges(plans: Sequence[Observation]) -> str:
    return ", ".join(plans[0].data["ranges"]) if plans else "no range"
