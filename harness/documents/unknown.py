"""What an expression asks for that the catalog lacks: metrics, labels and values, with the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.contracts import Documents
from harness.documents.catalog import known_metrics
from harness.documents.expressions import Expression
from harness.documents.prometheus import Prometheus
from harness.languages.metrics import Metrics, admitted
from harness.languages.promql import Aggregate, Matcher, Selector, selectors, walk
from harness.languages.promql_labels import labels_of
from harness.model import Position

Problem = tuple[Position, str]


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the closest known name, or nothing when none is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def unknown_metrics(expression: Expression, documents: Documents, fixtures: Mapping[str, Any]) -> Iterator[Problem]:
    """Selectors of metrics that neither the catalog nor a recording rule has. Nothing without a catalog."""
    node = expression.node()
    if not isinstance(fixtures.get("catalog"), dict) or node is None:
        return
    metrics = known_metrics(documents, fixtures)
    for selector in selectors(node):
        if selector.metric and "$" not in selector.metric and metrics.find(selector.metric) is None:
            place = expression.place(selector.offset, selector.length)
            whole = metrics.by_name.get(selector.metric.removesuffix("_total"))
            hint = nearest(selector.metric, metrics.names()) if whole is None else f"; it is called {whole.name}"
            yield place, f"nobody emits {selector.metric}{hint}"


def unknown_labels(expression: Expression, documents: Documents, fixtures: Mapping[str, Any]) -> Iterator[Problem]:
    """Matchers and groupings by labels, or matchers by values, that a metric of the catalog cannot have."""
    node = expression.node()
    if not isinstance(fixtures.get("catalog"), dict) or node is None:
        return
    metrics = known_metrics(documents, fixtures)
    for found in walk(node):
        if isinstance(found, Selector):
            yield from _matchers(expression, found, metrics, documents)
        elif isinstance(found, Aggregate) and found.keeps and found.labels:
            carried = labels_of(found.inner, metrics)
            for label in found.labels:
                if not carried.possible(label) and not carried.open and carried.may:
                    place = _within(expression, found.offset, label)
                    yield place, f"nothing here has the label {label}{nearest(label, carried.may)}"


def _matchers(expression: Expression, selector: Selector, metrics: Metrics, documents: Documents) -> Iterator[Problem]:
    metric = metrics.find(selector.metric)
    if metric is None or not metric.complete or selector.alternatives:
        return
    for matcher in selector.matchers:
        if "$" in matcher.value:
            continue
        place = _within(expression, selector.offset, matcher.label)
        if matcher.label == "job":
            yield from _job(matcher, place, metric.job, metrics, documents)
        elif matcher.label in metric.labels:
            values = metric.labels[matcher.label]
            if values and not admitted(values, matcher.op, matcher.value):
                listed = ", ".join(values[:8]) + (", …" if len(values) > 8 else "")
                what = f'{matcher.label}{matcher.op}"{matcher.value}" matches no value of {selector.metric}: {listed}'
                yield place, what
        elif matcher.label not in metrics.target_labels and not admitted(("",), matcher.op, matcher.value):
            known = ", ".join(metric.labels) or "no labels of its own"
            yield (
                place,
                f"{selector.metric} has no label {matcher.label} ({known}){nearest(matcher.label, metric.labels)}",
            )


def _job(matcher: Matcher, place: Position, job: str, metrics: Metrics, documents: Documents) -> Iterator[Problem]:
    scraped = sorted(metrics.jobs)
    if job and job != "*" and not admitted((job,), matcher.op, matcher.value):
        yield place, f'job{matcher.op}"{matcher.value}" leaves out {job}, the only job that exposes this metric'
    elif documents.of(Prometheus) and scraped and not admitted(scraped, matcher.op, matcher.value):
        yield place, f'job{matcher.op}"{matcher.value}" matches no scrape job: {", ".join(scraped)}'


def _within(expression: Expression, offset: int, word: str) -> Position:
    """Where a label stands that belongs to the selector or aggregation at an offset."""
    found = expression.text.find(word, offset)
    while found > 0 and (_wordy(expression.text[found - 1]) or _wordy(expression.text[found + len(word) :][:1])):
        found = expression.text.find(word, found + 1)
    return expression.place(found if found >= 0 else offset, len(word) if found >= 0 else 1)


def _wordy(character: str) -> bool:
    return bool(character) and (character.isalnum() or character in "_:")
