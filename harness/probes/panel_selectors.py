"""Which metrics and series a PromQL expression reads, and whether anybody emits them.

A panel can be empty, or zero, because nothing happens or because it reads what nobody emits; the answer alone does not
tell which.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass

import promql_parser

from harness.probes.grafana_connection import RefusedError
from harness.probes.grafana_prometheus import PrometheusSource
from harness.probes.grafana_time import TimeRange


@dataclass(frozen=True, slots=True)
class Selector:
    """A series selector without window and offset, and the metric it names, empty when it names none."""

    text: str
    metric: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What an expression reads that is not there: metrics nobody emits, and selectors of known metrics that match
    no series."""

    metrics: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()


@functools.lru_cache(maxsize=4096)
def selectors(expr: str) -> tuple[Selector, ...]:
    """The selectors of an expression, each once; none when it cannot be parsed, which Prometheus will say better."""
    try:
        tree = promql_parser.parse(expr)
    except (ValueError, TypeError):
        return ()
    found: dict[str, Selector] = {}

    def visit(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            selector = _selector(node)
            found[selector.text] = selector
        return True

    promql_parser.walk(tree, visit)
    return tuple(found.values())


def _operator(op: promql_parser.MatchOp) -> str:
    known = promql_parser.MatchOp
    spelled = ((known.Equal, "="), (known.NotEqual, "!="), (known.Re, "=~"), (known.NotRe, "!~"))
    return next(text for operator, text in spelled if operator == op)


def _selector(node: promql_parser.VectorSelector) -> Selector:
    """Written out anew, because the parser's own text is wrong for values with quotes and for `or`."""
    matchers = [f"{m.name}{_operator(m.op)}{json.dumps(m.value, ensure_ascii=False)}" for m in node.matchers.matchers]
    name = node.name or ""
    within = f"{{{', '.join(matchers)}}}" if matchers else ""
    return Selector(f"{name}{within}", name)


class Emitted:
    """Remembers what one Prometheus knows within one time range, so that each selector is asked about once."""

    def __init__(self, source: PrometheusSource, shown: TimeRange) -> None:
        self._source = source
        self._shown = shown
        self._known: dict[str, bool] = {}

    def missing(self, exprs: Iterable[str]) -> Unmatched:
        """What these expressions read that is not there. Raises RefusedError when Prometheus does not answer."""
        metrics: dict[str, None] = {}
        unmatched: dict[str, None] = {}
        for selector in (selector for expr in exprs for selector in selectors(expr)):
            if self._is_known(selector.text):
                continue
            if selector.metric and not self._is_known(selector.metric):
                metrics[selector.metric] = None
            else:
                unmatched[selector.text] = None
        return Unmatched(tuple(metrics), tuple(unmatched))

    def _is_known(self, selector: str) -> bool:
        if selector not in self._known:
            self._known[selector] = self._source.knows(selector, self._shown)
        return self._known[selector]


__all__ = ["Emitted", "RefusedError", "Selector", "Unmatched", "selectors"]
