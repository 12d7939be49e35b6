"""PromQL wherever it stands, in rules and in dashboards, with a way back to the place of each character."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from harness.contracts import Documents
from harness.documents.dashboard import Dashboard, DatasourceReference
from harness.documents.grafana import Datasources
from harness.documents.rules import Alert, Recording, Rules
from harness.languages.promql import Node, PromqlError, parse
from harness.model import Position

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))|\[\[(\w+)\]\]")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression: `text` is as written, `parsed_text` of the same length with Grafana's variables filled in."""

    text: str
    parsed_text: str
    place: Callable[[int, int], Position]

    def node(self) -> Node | None:
        """The parsed expression; None when it cannot be parsed, which is another check's finding."""
        try:
            return parse(self.parsed_text)
        except PromqlError:
            return None

    def error(self) -> PromqlError | None:
        """Why it cannot be parsed; None when it can, or when only its variables are in the way."""
        try:
            parse(self.parsed_text)
        except PromqlError as error:
            return error
        return None


def of_rule(rule: Alert | Recording) -> Expression:
    """A rule's expression."""
    return Expression(rule.expr, rule.expr, lambda offset, length: rule.inside("expr", offset, length))


def of_rules(rules: Rules) -> Iterator[Expression]:
    """Every expression of a rule file."""
    for rule in rules.rules:
        if rule.expr.strip():
            yield of_rule(rule)


def of_dashboard(dashboard: Dashboard, documents: Documents) -> Iterator[Expression]:
    """Every PromQL expression of a dashboard's panels."""
    prometheus = {
        source.uid for file in documents.of(Datasources) for source in file.datasources if source.kind == "prometheus"
    }
    for panel in dashboard.panels:
        for target in panel.targets:
            if target.stored_as == "expr" and target.expr.strip() and _is_prometheus(target.datasource, prometheus):
                yield Expression(target.expr, filled(target.expr), target.inside)


def _is_prometheus(datasource: DatasourceReference, known: set[str]) -> bool:
    return datasource.type == "prometheus" or (not datasource.type and datasource.uid in known)


@cache
def filled(text: str) -> str:
    """The text with variables outside of quotes replaced by something of the same length that parses."""
    quoted = [(m.start(), m.end()) for m in _STRINGS.finditer(text)]

    def replacement(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in quoted):
            return match[0]
        name = match[1] or match[2] or match[3]
        before = text[: match.start()].rstrip()
        in_range = before.endswith(("[", ":")) or "interval" in name or "range" in name
        stand_in = "5m" if in_range else "x" if re.search(r"\b(?:by|without|on|ignoring)\s*\([^)]*$", before) else "1"
        return stand_in.ljust(len(match[0]))

    return _VARIABLE.sub(replacement, text)
