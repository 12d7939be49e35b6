"""Turns a parsed KQL query into what Kibana sends to Elasticsearch, field by field of the data view."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.languages.kql.fields import DataViewField
from harness.languages.kql.grammar import error_at
from harness.languages.kql.nodes import And, Is, Literal, Nested, Node, Not, Or, Range, Term, Wildcard

_RESERVED = re.compile(r'[+\-=&|><!(){}\[\]^"~*?:\\/]')
_EPOCH = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Options:
    """Kibana's settings that show in the query it sends. The defaults are those of `toElasticsearchQuery` itself.

    `time_zone` is `dateFormat:tz`, sent along with dates; None sends none. `current` writes what Kibana 9 writes where
    it differs from 8.9: reserved characters in a pattern on a keyword are escaped (8.12.1), an epoch carries no zone.
    """

    time_zone: str | None = None
    allow_leading_wildcards: bool = True
    filters_in_must_clause: bool = False
    case_insensitive: bool | None = None
    nested_ignore_unmapped: bool | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Translation:
    """One translation: the query's text (for positions in errors), the data view's fields, and the settings."""

    query: str
    fields: tuple[DataViewField, ...]
    options: Options

    def of(self, node: Node, path: str | None = None) -> dict[str, Any]:
        """The DSL of a node; `path` is the nested field it stands in."""
        match node:
            case Is():
                return self._is(node, path)
            case Range():
                return self._range(node, path)
            case Not(query):
                return {"bool": {"must_not": self.of(query, path)}}
            case And(queries):
                clause = "must" if self.options.filters_in_must_clause else "filter"
                return {"bool": {clause: [self.of(query, path) for query in queries]}}
            case Or(queries):
                return _any_of([self.of(query, path) for query in queries])
            case Nested(inner, query):
                return self._nested(inner, query, path)

    def _nested(self, inner: Term, query: Node, path: str | None) -> dict[str, Any]:
        # A path written as null, true or false reaches Elasticsearch as that JSON value; null prefixes nothing.
        full = f"{path}.{inner.text}" if path else _plain(inner)
        below = (f"{path}.{inner.text}" if path else inner.text) if full is not None else None
        return self._wrapped(full, self.of(query, below))

    def _wrapped(self, path: Any, query: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"path": path, "query": query, "score_mode": "none"}
        if self.options.nested_ignore_unmapped is not None:
            body["ignore_unmapped"] = self.options.nested_ignore_unmapped
        return {"nested": body}

    def _is(self, node: Is, path: str | None) -> dict[str, Any]:
        exists = isinstance(node.value, Wildcard) and node.value.lone
        if exists and isinstance(node.field, Wildcard) and node.field.lone:
            return {"match_all": {}}
        field = self._full_name(node.field, path)
        if isinstance(field, Literal) and field.value is None:
            return _free_text(node.value)
        matched = self._matching(field)
        # Kibana 8.9 to 9 count the field they made up for an unknown name too: on a data view of one field,
        # `anything: *` matches everything.
        if exists and len(matched) == len(self.fields):
            return {"match_all": {}}
        clause: Callable[[DataViewField], dict[str, Any]] = (
            (lambda found: {"exists": {"field": self._exact_name(found, field)}})
            if exists
            else (lambda found: self._value(found, field, node.value))
        )
        return _any_of([self._in_its_nested(found, field, path, clause(found)) for found in matched])

    def _range(self, node: Range, path: str | None) -> dict[str, Any]:
        field = self._full_name(node.field, path)
        bound = _plain(node.value)

        def clause(found: DataViewField) -> dict[str, Any]:
            zone = self._time_zone(bound) if found.is_date else {}
            return {"range": {found.name: {node.operator: bound, **zone}}}

        return _any_of([self._in_its_nested(found, field, path, clause(found)) for found in self._matching(field)])

    def _value(self, field: DataViewField, asked: Term, value: Term) -> dict[str, Any]:
        """What is asked of one field: a pattern, a moment, an exact term, or a match."""
        options = self.options
        case = {} if options.case_insensitive is None else {"case_insensitive": options.case_insensitive}
        if isinstance(value, Wildcard):
            escaped = _query_string(value)
            if not field.is_keyword:
                return {"query_string": {"fields": [self._exact_name(field, asked)], "query": escaped}}
            return {"wildcard": {field.name: {"value": escaped if options.current else value.text, **case}}}
        if field.is_date:
            return {"range": {field.name: {"gte": value.value, "lte": value.value, **self._time_zone(value.value)}}}
        if field.is_keyword:
            return {"term": {field.name: {"value": value.value, **case}}}
        return {"match_phrase" if value.quoted else "match": {field.name: value.value}}

    def _time_zone(self, value: Any) -> dict[str, str]:
        zone = self.options.time_zone
        if not zone or (self.options.current and isinstance(value, str) and _EPOCH.fullmatch(value)):
            return {}
        return {"time_zone": zone}

    def _matching(self, field: Term) -> list[DataViewField]:
        """The data view's fields a name means. A name it does not know is sent as it is, and will match nothing."""
        if isinstance(field, Wildcard):
            found = [known for known in self.fields if field.matches(known.name)]
        else:
            found = [known for known in self.fields if known.name == field.value][:1]
        return found or [DataViewField(field.text, "")]

    @staticmethod
    def _exact_name(found: DataViewField, field: Term) -> str | bool | None:
        """An unknown name written as true or false stays that JSON value where it is a value and no key."""
        return found.name if found.es_type or isinstance(field, Wildcard) else field.value

    def _in_its_nested(
        self, found: DataViewField, field: Term, path: str | None, query: dict[str, Any]
    ) -> dict[str, Any]:
        """Fields a pattern found inside nested objects are asked there; a plain name must say so itself."""
        if not isinstance(field, Wildcard) or found.nested_path is None or path is not None:
            return query
        return self._wrapped(found.nested_path, query)

    def _full_name(self, field: Term, path: str | None) -> Term:
        """The name with the nested path before it; raises UnreadableError when path and mapping disagree."""
        full = field.within(path) if path else field
        if isinstance(full, Wildcard) and not path:
            return full
        known = [found for found in self.fields if _names(full, found)]
        wrong = [text for found in known if (text := _disagreement(found, path))]
        if wrong:
            raise error_at(self.query, field.at, "\n".join(wrong))
        return full


def _names(field: Term, found: DataViewField) -> bool:
    return field.matches(found.name) if isinstance(field, Wildcard) else field.value == found.name


def _disagreement(found: DataViewField, path: str | None) -> str:
    """What is wrong with asking this field at this nested path, in Kibana's words; empty when nothing is."""
    if path and not found.nested_path:
        return f'{found.name} is not a nested field but is in nested group "{path}" in the KQL expression.'
    if found.nested_path and not path:
        return f"{found.name} is a nested field, but is not in a nested group in the KQL expression."
    if found.nested_path != (path or None):
        return (
            f"Nested field {found.name} is being queried with the incorrect nested path. "
            f"The correct path is {found.nested_path}."
        )
    return ""


def _any_of(queries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _free_text(value: Term) -> dict[str, Any]:
    if isinstance(value, Wildcard):
        return {"query_string": {"query": _query_string(value)}}
    kind = "phrase" if value.quoted else "best_fields"
    return {"multi_match": {"type": kind, "query": value.value, "lenient": True}}


def _plain(value: Term) -> str | bool | None:
    return value.text if isinstance(value, Wildcard) else value.value


def _query_string(pattern: Wildcard) -> str:
    """The pattern in query_string's own syntax, everything but its asterisks escaped."""
    return "*".join(_RESERVED.sub(r"\\\g<0>", part) for part in pattern.parts)
