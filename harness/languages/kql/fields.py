"""The fields of a data view, as Kibana learns them from Elasticsearch: the leaves of a mapping, with their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

_CONTAINERS = ("object", "nested", "passthrough")
_HOLDERS = ("template", "mappings", "_doc")


@dataclass(frozen=True, slots=True)
class DataViewField:
    """One field: its full name, its Elasticsearch type, and the nested path it lies in, if any."""

    name: str
    es_type: str
    nested_path: str | None = None

    @property
    def is_keyword(self) -> bool:
        """Whether Kibana asks for the exact term."""
        return self.es_type == "keyword"

    @property
    def is_date(self) -> bool:
        """Whether Kibana takes it for a date."""
        return self.es_type in ("date", "date_nanos")


def fields_of(mapping: Mapping[str, Any]) -> tuple[DataViewField, ...]:
    """Every leaf field of a mapping, in the mapping's order: multi-fields, runtime fields and aliases too.

    Accepts `{"properties": …}`, an index or component template, the answer of `GET _mapping`, or bare properties.
    Objects are no fields of a data view, and what is malformed holds none.
    """
    found: dict[str, DataViewField] = {}
    aliases: dict[str, str] = {}
    for mappings in _mappings_in(mapping):
        for field, target in _leaves(mappings.get("properties"), "", None):
            if target is not None:
                aliases[field.name] = target
            found[field.name] = field
        runtime = mappings.get("runtime")
        for name, body in runtime.items() if isinstance(runtime, dict) else ():
            found[name] = DataViewField(name, _type_of(body))
    return tuple(_resolved(field, aliases, found) for field in found.values())


def _mappings_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every `{"properties": …}` in a template, a mapping or an answer about several indices."""
    if not isinstance(body, dict):
        return
    if isinstance(body.get("properties"), dict) and "type" not in body["properties"]:
        yield body
        return
    holders = [body[key] for key in _HOLDERS if isinstance(body.get(key), dict)]
    if holders:
        for holder in holders:
            yield from _mappings_in(holder)
    elif "properties" in body or "runtime" in body:
        yield body
    elif any(isinstance(value, dict) and ("type" in value or "properties" in value) for value in body.values()):
        yield {"properties": body}
    else:
        for value in body.values():
            if isinstance(value, dict) and "mappings" in value:
                yield from _mappings_in(value)


def _leaves(properties: Any, prefix: str, nested: str | None) -> Iterator[tuple[DataViewField, str | None]]:
    """Fields below an object, each with the target it is an alias of."""
    for name, body in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(body, dict):
            continue
        full, es_type = f"{prefix}{name}", _type_of(body)
        if es_type in _CONTAINERS:
            yield from _leaves(body.get("properties"), f"{full}.", full if es_type == "nested" else nested)
            continue
        target = body.get("path") if es_type == "alias" else None
        yield DataViewField(full, es_type, nested), target if isinstance(target, str) else None
        yield from _leaves(body.get("fields"), f"{full}.", nested)


def _type_of(body: Any) -> str:
    """The type a mapping gives; without one it is an object."""
    given = body.get("type", "object") if isinstance(body, dict) else "object"
    return given if isinstance(given, str) else "object"


def _resolved(field: DataViewField, aliases: Mapping[str, str], found: Mapping[str, DataViewField]) -> DataViewField:
    """An alias has the type of the field it stands for."""
    target = found.get(aliases.get(field.name, ""))
    return field if target is None else replace(field, es_type=target.es_type, nested_path=target.nested_path)
