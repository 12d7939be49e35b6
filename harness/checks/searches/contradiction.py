"""Whether a query asks for what no document can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.languages.kql import KqlError, parse
from harness.languages.kql.nodes import And, Is, Literal, Nested, Node, Not, Or, Range, Term
from harness.model import Outcome, Severity

Fault = tuple[Term, str]


class Contradiction(Check):
    """A query whose parts exclude each other finds nothing, whatever happens.

    Why: it opens without an error and stays empty; nobody sees that it cannot be otherwise.
    Bad: `statusCode >= 500 and statusCode < 400`, `level: error and not level: error`.
    Good: a range with room in it, or `or`. Fix: correct the operator or the number.
    """

    severity, subject = Severity.BUG, Searches

    def examine(self, subject: Searches, context: Context) -> Iterable[Outcome]:
        """Compare the parts of each query that must hold together."""
        for search in subject.searches:
            if search.language != "kuery":
                continue
            try:
                node = parse(search.kql)
            except KqlError:
                continue  # searches/kql-syntax says so
            for term, why in _contradictions(node):
                place = search.in_query(term.at, len(term.text))
                yield self.finding(place, f"`{search.title}` finds nothing: {why}")


def _contradictions(node: Node) -> Iterator[Fault]:
    match node:
        case And(queries):
            parts = tuple(_together(queries))
            yield from _ranges(parts)
            yield from _denied(parts)
            for query in queries:
                yield from _contradictions(query)
        case Or(queries):
            for query in queries:
                yield from _contradictions(query)
        case Nested(_, query):
            yield from _contradictions(query)
        case _:
            return


def _together(queries: Iterable[Node]) -> Iterator[Node]:
    """All that must hold at once: an `and` within an `and` is no other."""
    for query in queries:
        if isinstance(query, And):
            yield from _together(query.queries)
        else:
            yield query


def _ranges(parts: Iterable[Node]) -> Iterator[Fault]:
    low: dict[str, tuple[float, bool]] = {}
    high: dict[str, tuple[float, bool]] = {}
    for part in parts:
        bound = _number(part.value) if isinstance(part, Range) and isinstance(part.field, Literal) else None
        if bound is None or not isinstance(part, Range):
            continue
        name, open_ended = part.field.text, part.operator in ("gt", "lt")
        side = low if part.operator in ("gt", "gte") else high
        kept = side.get(name)
        if kept is None or (bound > kept[0] if side is low else bound < kept[0]):
            side[name] = (bound, open_ended)
        if name in low and name in high:
            (least, above), (most, below) = low[name], high[name]
            if least > most or (least == most and (above or below)):
                yield part.value, f"{name} cannot be above {least:g} and below {most:g}"
                return


def _denied(parts: Iterable[Node]) -> Iterator[Fault]:
    asked = [part for part in parts if isinstance(part, Is)]
    for part in parts:
        if isinstance(part, Not) and isinstance(part.query, Is):
            for other in asked:
                same = other.field.text == part.query.field.text and other.value.text == part.query.value.text
                if same and type(other.value) is type(part.query.value):
                    yield part.query.value, f"{other.field.text}: {other.value.text} is asked for, and excluded"


def _number(value: Term) -> float | None:
    try:
        return float(value.text)
    except ValueError:
        return None
