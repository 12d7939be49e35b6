"""Every panel of every dashboard shows data, and reads only what somebody emits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from harness.checks.dashboards.expectations import Expectations
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, Panel, Target
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof

Asked = tuple[str, int | None, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A target of a panel with what the last query of it was answered."""

    name: str
    target: Target
    data: Mapping[str, Any]

    @property
    def state(self) -> str:
        """Its state, as recorded."""
        return str(self.data["state"])


class PanelData(Check):
    """Every panel of every dashboard shows data, and every series it reads is there.

    Why: an empty panel looks like a quiet system, and a zero that comes from a misspelt label looks like a good one.
    How measured: each query is asked as Grafana's datasources ask it, with the dashboard's own time range and
    variables, and each series selector in it is looked up by itself, so that `or vector(0)` hides nothing. Panels that
    may show nothing while all is well are named, with the reason, in `fixtures/panels.yml`. How to fix: correct the
    metric, label or field the finding points at, or emit it. What passes unseen: a panel whose figures are wrong.
    """

    subject, suite = History, "dashboards"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Each panel of the documents against the last answer recorded for it."""
        dashboards = context.documents.of(Dashboard)
        panels = [(d, p) for d in dashboards for p in d.panels if p.targets]
        if not panels:
            yield Gap("the configuration has no dashboard with a panel that queries anything")
            return
        asked = _last_answers(history)
        expectations = Expectations.of(context.fixtures)
        shown = empty = unseen = 0
        for dashboard, panel in panels:
            data = asked.get((dashboard.uid, panel.id, panel.title))
            if data is None:
                unseen += 1
                yield Gap(f"{dashboard.uid}/{panel.title} was not queried in this run")
                continue
            yield from self._panel(dashboard, panel, data, expectations, context)
            shown += data["state"] == "data"
            empty += data["state"] != "data"
        yield from self._around(history, dashboards)
        if unseen < len(panels):
            yield _proof(len(panels) - unseen, len(panels), len(dashboards), shown, empty)

    def _panel(
        self, dashboard: Dashboard, panel: Panel, data: Mapping[str, Any], expectations: Expectations, context: Context
    ) -> Iterator[Outcome]:
        name = f"{dashboard.uid}/{panel.title}"
        answers = {target["ref"]: target for target in data["targets"]}
        for target in panel.targets:
            if target.hidden:
                continue
            if target.ref not in answers:
                yield Gap(f"query {target.ref} of {name} was not asked in this run")
                continue
            yield from self._target(_Seen(name, target, answers[target.ref]), expectations, context)

    def _target(self, seen: _Seen, expectations: Expectations, context: Context) -> Iterator[Outcome]:
        if seen.state == "error":
            yield self.finding(seen.target.at(), f"{seen.name}: query {seen.target.ref} fails: {seen.data['message']}")
            return
        if seen.data.get("unchecked"):
            yield Gap(f"whether what {seen.name} reads is emitted was not found out: {seen.data['unchecked']}")
        absent = [*self._absent_metrics(seen, expectations, context), *self._absent_selectors(seen, expectations)]
        yield from absent
        accepted = expectations.accepts_state(seen.name, seen.target.ref, seen.state)
        if seen.state != "data" and not absent and not accepted:
            yield self._empty(seen)

    def _absent_metrics(self, seen: _Seen, expectations: Expectations, context: Context) -> Iterator[Finding]:
        for metric in seen.data.get("absent_metrics", ()):
            if not expectations.accepts_absent(seen.name, seen.target.ref, metric):
                message = f"{seen.name} reads {metric}, which nobody emits{_meant(metric, context)}"
                yield self.finding(_place(seen.target, metric), message)

    def _absent_selectors(self, seen: _Seen, expectations: Expectations) -> Iterator[Finding]:
        for selector in seen.data.get("absent_selectors", ()):
            if not expectations.accepts_absent(seen.name, seen.target.ref, selector):
                message = f"{seen.name}: no series matches {selector}; the metric is emitted, but not with these labels"
                yield self.finding(_place(seen.target, selector.partition("{")[0]), message)

    def _empty(self, seen: _Seen) -> Outcome:
        if seen.data.get("documents") == 0:
            hint = "Run the logs suite with it: harness verify --suite logs --suite dashboards"
            return Gap(
                f"{seen.name}: there was no log line at all in the time it shows, so nothing could match", hint=hint
            )
        if "documents" in seen.data:
            what = f"no log line of the {seen.data['documents']} in the time it shows matches"
        elif seen.state == "nan":
            what = "every value is NaN (a ratio or quantile of nothing)"
        else:
            what = "it shows no data, although every series it reads is there"
        return self.finding(seen.target.at(), f"{seen.name}: query {seen.target.ref}: {what}")

    def _around(self, history: History, dashboards: Iterable[Dashboard]) -> Iterator[Outcome]:
        """The variables, which must offer something, and the annotations, which must not fail."""
        for dashboard in dashboards:
            for variable in (v for v in dashboard.variables if v.type == "query"):
                seen = history.last("dashboard-variable", f"{dashboard.uid}/${variable.name}")
                if seen is None:
                    yield Gap(f"variable ${variable.name} of {dashboard.uid} was not asked in this run")
                elif seen.data["state"] != "data":
                    said = seen.data["message"] or f"{variable.query} finds no values"
                    yield self.finding(variable.at("query"), f"{dashboard.uid}: ${variable.name} is empty: {said}")
            for annotation in (a for a in dashboard.annotations if a.enabled and a.expr):
                seen = history.last("dashboard-annotation", f"{dashboard.uid}/{annotation.name}")
                if seen is None:
                    yield Gap(f"annotation {annotation.name!r} of {dashboard.uid} was not asked in this run")
                elif seen.data["state"] == "error":
                    said = f"{dashboard.uid}: annotation {annotation.name!r} fails: {seen.data['message']}"
                    yield self.finding(annotation.at(), said)


def _last_answers(history: History) -> dict[Asked, Mapping[str, Any]]:
    answers: dict[Asked, Mapping[str, Any]] = {}
    for seen in history.of_kind("panel"):
        answers[(seen.data["dashboard"], seen.data["panel"], seen.data["title"])] = seen.data
    return answers


def _place(target: Target, name: str) -> Position:
    """Where the expression names a metric; a recorded name stands in it as it is, since variables are no metrics."""
    offset = target.expr.find(name) if name else -1
    return target.inside(offset, len(name)) if offset >= 0 else target.at()


def _meant(metric: str, context: Context) -> str:
    known = [str(entry["name"]) for entry in (context.fixtures.get("catalog") or {}).get("metrics", ())]
    close = get_close_matches(metric, known, n=1, cutoff=0.8)
    return f"; did you mean {close[0]}?" if close and close[0] != metric else ""


def _proof(seen: int, panels: int, dashboards: int, shown: int, empty: int) -> Proof:
    quiet = f", {empty} show nothing" if empty else ""
    return Proof(
        f"{seen} of {panels} panels of {dashboards} dashboards queried: {shown} show data{quiet}",
        samples=seen,
        services=("grafana", "prometheus", "elasticsearch"),
        evidence=(Evidence("panel", "*"),),
    )
