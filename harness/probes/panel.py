"""Asks a dashboard's queries as the browser and Grafana do: variables, then panels and annotations, six at a time.

This stands in for Grafana: the queries are those its datasources send, only nobody draws them. The targets of one panel
are one request of the browser's; here they are asked one after the other, so that a time measured is no shorter than
Grafana's, which may ask them side by side. Likewise panels below the window's edge are asked at once, and not when
somebody scrolls to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from harness.documents.dashboard import Annotation, Dashboard, DatasourceReference, Panel, Target, Variable
from harness.errors import HarnessError
from harness.probes.grafana_elasticsearch import ElasticsearchSource
from harness.probes.grafana_msearch import Search
from harness.probes.grafana_prometheus import PrometheusSource, Question
from harness.probes.grafana_sources import Source, Sources
from harness.probes.grafana_time import TimeRange, interval, parsed, points_of_width
from harness.probes.grafana_variables import (
    Chosen,
    choose,
    fill,
    filtered,
    fixed_options,
    for_lucene,
    for_promql,
)
from harness.probes.panel_answer import DashboardLoad, PanelAnswer, QueryAnswer, Reply

CONNECTIONS = 6
"""How many requests a browser has under way to one host over HTTP/1.1."""
_ANNOTATION_POINTS = 100
_FULL_WIDTH = 24

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Shown:
    """A dashboard as somebody looks at it: over which time, with which values of its variables."""

    dashboard: Dashboard
    time: TimeRange
    chosen: Mapping[str, Chosen]


@dataclass(frozen=True, slots=True)
class Viewing:
    """What the viewer asks for beyond what the file says: a time range of his own, and values of variables."""

    now: float
    time: TimeRange | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    def range_of(self, dashboard: Dashboard) -> TimeRange:
        """The time range shown: the viewer's, or what the dashboard opens with."""
        return self.time or TimeRange.opened(*dashboard.from_to, self.now)


class Browser(AbstractContextManager["Browser"]):
    """One browser: a few connections, kept alive from one load to the next."""

    def __init__(self, sources: Sources, connections: int = CONNECTIONS) -> None:
        self._sources = sources
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="browser")

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def load_dashboard(self, dashboard: Dashboard, view: Viewing) -> DashboardLoad:
        """Load one dashboard: every variable, annotation and panel query of it."""
        return self.load_dashboards((dashboard,), view)

    def look(self, dashboard: Dashboard, view: Viewing) -> tuple[Shown, DashboardLoad]:
        """Load one dashboard, and tell also with which values of its variables that was."""
        (shown,), load = self._loaded((dashboard,), view)
        return shown, load

    def load_dashboards(self, dashboards: Sequence[Dashboard], view: Viewing) -> DashboardLoad:
        """Load several at once, through the same connections; one answer holds the panels of all."""
        return self._loaded(dashboards, view)[1]

    def _loaded(self, dashboards: Sequence[Dashboard], view: Viewing) -> tuple[list[Shown], DashboardLoad]:
        begun = time.perf_counter()
        asked = self._at_once(lambda d: self._variables(d, view), dashboards)
        shown = [Shown(d, view.range_of(d), chosen) for d, (chosen, _) in zip(dashboards, asked, strict=True)]
        panels = [(one, panel) for one in shown for panel in one.dashboard.panels if panel.targets]
        notes = [(one, a) for one in shown for a in one.dashboard.annotations if a.enabled and a.expr]
        annotating = [self._pool.submit(self._annotation, *note) for note in notes]
        answers = self._at_once(lambda pair: self.query_panel(*pair), panels)
        annotations = tuple(future.result() for future in annotating)
        elapsed = time.perf_counter() - begun
        name = dashboards[0].uid if len(dashboards) == 1 else f"{len(dashboards)} dashboards"
        variables = tuple(answer for _, found in asked for answer in found)
        return shown, DashboardLoad(name, elapsed, tuple(answers), variables, annotations)

    def query_panel(self, shown: Shown, panel: Panel) -> PanelAnswer:
        """Ask one panel's queries."""
        begun = time.perf_counter()
        targets = [target for target in panel.targets if not target.hidden]
        answers: list[QueryAnswer] = []
        for source, group in _by_source(targets, self._sources, shown.chosen):
            try:
                answers.extend(_asked(source, group, shown, panel))
            except HarnessError as error:
                failed = Reply.failed(str(error))
                answers.extend(QueryAnswer("target", target.ref, target.expr, failed, 0.0) for target in group)
        return PanelAnswer(shown.dashboard.uid, panel.id, panel.title, tuple(answers), time.perf_counter() - begun)

    def shown(self, dashboard: Dashboard, view: Viewing) -> Shown:
        """A dashboard with its variables filled in, for asking single panels."""
        return Shown(dashboard, view.range_of(dashboard), self._variables(dashboard, view)[0])

    def options(self, dashboard: Dashboard, view: Viewing) -> dict[str, tuple[str, ...]]:
        """The values that each variable of a dashboard offers, as it opens."""
        return {
            variable.name: self._offered(variable, self._variables(dashboard, view)[0], view.range_of(dashboard))[0]
            for variable in dashboard.variables
        }

    def _at_once(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        return list(self._pool.map(work, items))

    def _variables(self, dashboard: Dashboard, view: Viewing) -> tuple[dict[str, Chosen], tuple[QueryAnswer, ...]]:
        """Values for the variables, in file order, because a later one may refer to an earlier one."""
        chosen: dict[str, Chosen] = {}
        answers: list[QueryAnswer] = []
        for variable in dashboard.variables:
            options, asked = self._offered(variable, chosen, view.range_of(dashboard))
            answers.extend(asked)
            chosen[variable.name] = choose(variable, options, view.choices.get(variable.name))
        return chosen, tuple(answers)

    def _offered(
        self, variable: Variable, chosen: Mapping[str, Chosen], shown: TimeRange
    ) -> tuple[tuple[str, ...], tuple[QueryAnswer, ...]]:
        """The values a variable offers, and the query for them, if it has one."""
        if variable.type == "query":
            answer = self._variable(variable, chosen, shown)
            return filtered(answer.reply.options, variable.view.text("regex")), (answer,)
        if variable.type == "datasource":
            return self._sources.of_kind(variable.query), ()
        return fixed_options(variable), ()

    def _variable(self, variable: Variable, chosen: Mapping[str, Chosen], shown: TimeRange) -> QueryAnswer:
        source = self._sources.find(variable.datasource, chosen)
        if isinstance(source, Reply):
            return QueryAnswer("variable", variable.name, variable.query, source, 0.0)
        dialect = for_lucene if isinstance(source, ElasticsearchSource) else for_promql

        def ask() -> tuple[str, Reply]:
            query = fill(variable.query, chosen, dialect)
            return query, source.options(query, shown)

        return _timed("variable", variable.name, source, ask)

    def _annotation(self, shown: Shown, annotation: Annotation) -> QueryAnswer:
        source = self._sources.find(annotation.datasource, shown.chosen)
        if isinstance(source, Reply):
            return QueryAnswer("annotation", annotation.name, annotation.expr, source, 0.0)
        if isinstance(source, ElasticsearchSource):
            query = fill(annotation.expr, shown.chosen, for_lucene)
            return _timed(
                "annotation", annotation.name, source, lambda: (query, source.annotate(annotation, query, shown.time))
            )
        expr = fill(annotation.expr, shown.chosen, for_promql)
        question = Question(expr, shown.time, _ANNOTATION_POINTS, target_interval=annotation.step)
        return _timed("annotation", annotation.name, source, lambda: source.ask(question))


def _by_source(
    targets: Sequence[Target], sources: Sources, chosen: Mapping[str, Chosen]
) -> list[tuple[Source | Reply, list[Target]]]:
    """The targets of one panel by the datasource they go to, in order."""
    groups: dict[DatasourceReference, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.datasource, []).append(target)
    return [(sources.find(reference, chosen), group) for reference, group in groups.items()]


def _asked(source: Source | Reply, targets: Sequence[Target], shown: Shown, panel: Panel) -> list[QueryAnswer]:
    if isinstance(source, Reply):
        return [QueryAnswer("target", target.ref, target.expr, source, 0.0) for target in targets]
    if isinstance(source, ElasticsearchSource):
        return _searched(source, targets, shown, panel)
    return _evaluated(source, targets, shown, panel)


def _evaluated(source: PrometheusSource, targets: Sequence[Target], shown: Shown, panel: Panel) -> list[QueryAnswer]:
    begun = time.perf_counter()
    answers = source.ask_panel([question_of(target, shown, panel) for target in targets])
    elapsed = time.perf_counter() - begun
    answered = zip(targets, answers, strict=True)
    return [QueryAnswer("target", t.ref, query, reply, elapsed, source.kind) for t, (query, reply) in answered]


def question_of(target: Target, shown: Shown, panel: Panel) -> Question:
    """What a panel asks of Prometheus with one of its targets."""
    return Question(
        fill(target.expr, shown.chosen, for_promql),
        shown.time,
        _points(panel),
        target.instant,
        fill(panel.interval, shown.chosen, for_promql),
        fill(target.interval, shown.chosen, for_promql),
        ref=target.ref,
        legend=fill(target.legend, shown.chosen, for_promql),
        format=target.format,
        exemplar=target.view["exemplar"].value is True,
    )


def _searched(source: ElasticsearchSource, targets: Sequence[Target], shown: Shown, panel: Panel) -> list[QueryAnswer]:
    searches = []
    for target in targets:
        minimum = parsed(panel.interval, source.interval_seconds)
        step = interval(shown.time, _points(panel), minimum)
        searches.append(
            Search(
                fill(target.expr, shown.chosen, for_lucene),
                tuple(view.value for view in target.view.mappings("metrics")),
                tuple(view.value for view in target.view.mappings("bucketAggs")),
                shown.time,
                step,
                source.time_field,
                fill(target.view.text("alias"), shown.chosen, for_lucene),
                target.ref,
                _points(panel),
            )
        )
    begun = time.perf_counter()
    replies = source.ask(searches)
    elapsed = time.perf_counter() - begun
    answered = zip(targets, searches, replies, strict=True)
    return [QueryAnswer("target", t.ref, search.query, reply, elapsed, source.kind) for t, search, reply in answered]


def _points(panel: Panel) -> int:
    return panel.max_data_points or points_of_width(panel.grid.w if panel.grid else _FULL_WIDTH)


def _timed(role: str, name: str, source: Source, ask: Callable[[], tuple[str, Reply]]) -> QueryAnswer:
    begun = time.perf_counter()
    try:
        query, reply = ask()
    except HarnessError as error:
        query, reply = "", Reply.failed(str(error))
    return QueryAnswer(role, name, query, reply, time.perf_counter() - begun, source.kind)


__all__ = ["Browser", "Shown", "Viewing", "question_of"]
