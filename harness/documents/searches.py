"""Kibana's saved objects: searches as Discover keeps them, data views, and tables built upon a search.

What a search asks is JSON kept as text inside the object's JSON; positions point to the place in the file all the same.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from harness.documents.document import Document, Source
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.positions import Step, Tree, View
from harness.documents.tree import load_json
from harness.errors import UnreadableError
from harness.model import Position

_KINDS = frozenset({"search", "index-pattern", "visualization", "dashboard", "lens", "tag", "query", "map", "config"})
_SOURCE = ("attributes", "kibanaSavedObjectMeta", "searchSourceJSON")


@dataclass(frozen=True, slots=True)
class DataView:
    """A data view (index-pattern): which indices, and which of their fields is the time."""

    id: str
    title: str
    name: str
    time_field: str
    runtime_fields: Mapping[str, Any]
    source_filters: tuple[str, ...]
    view: View = field(repr=False, compare=False)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The index patterns of the title, those that take indices away beginning with `-`."""
        return tuple(part.strip() for part in self.title.split(",") if part.strip())

    def at(self, *path: Step) -> Position:
        """Where an attribute stands; without a path, the title."""
        return self.view.at("attributes", *(path or ("title",)))


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter pill: what is asked, whether it takes hits away, and which field it names."""

    query: Mapping[str, Any]
    negated: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One saved search: what it asks, of which data view, and how its hits are shown."""

    id: str
    title: str
    kql: str
    language: str
    columns: tuple[str, ...]
    sort: tuple[tuple[str, str], ...]
    filters: tuple[Filter, ...]
    data_view_id: str
    data_view: DataView | None
    breakdown: str
    view: View = field(repr=False, compare=False)

    @property
    def index(self) -> str:
        """The index pattern it searches; empty when its data view is not there."""
        return self.data_view.title if self.data_view else ""

    @property
    def time_field(self) -> str:
        """The data view's time field; empty when it has none."""
        return self.data_view.time_field if self.data_view else ""

    def at(self, *path: Step) -> Position:
        """Where an attribute stands; without a path, the search's title."""
        return self.view.at("attributes", *(path or ("title",)))

    def in_query(self, offset: int = 0, length: int = 0) -> Position:
        """Where characters of the KQL stand in the file, two layers of JSON deep; by default all of it."""
        return _inside_source(self.view, ("query", "query"), offset, length or max(1, len(self.kql) - offset))


@dataclass(frozen=True, slots=True)
class Table:
    """An aggregation-based visualization on a saved search: what is counted by what, in Kibana's own terms."""

    id: str
    title: str
    search_id: str
    aggregations: tuple[Mapping[str, Any], ...]
    view: View = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Searches(Document):
    """A file of saved objects: a JSON list, `{"objects": […]}`, one object, or one object a line."""

    searches: tuple[SavedSearch, ...] = ()
    data_views: tuple[DataView, ...] = ()
    tables: tuple[Table, ...] = ()

    def table_of(self, search: SavedSearch) -> Table | None:
        """The first table built upon a search."""
        return next((table for table in self.tables if table.search_id == search.id), None)

    @property
    def objects(self) -> tuple[View, ...]:
        """Every saved object of the file, of any kind, as an import would be given it."""
        values = ((view, view.value) for view in _objects(self.tree))
        return tuple(view for view, value in values if isinstance(value, dict) and {"type", "attributes"} <= {*value})

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """JSON or NDJSON whose objects have a saved object's type and attributes."""
        if source.path.suffix not in (".json", ".ndjson"):
            return False
        return any(_is_object(view.value) for view in _objects(source.tree))

    @classmethod
    def read(cls, source: Source) -> Searches:
        """Read the objects; what is no saved object is complained about and left out."""
        objects = [view for view in _objects(source.tree) if _said_to_be_object(view)]
        views = {view.text("id"): _data_view(view) for view in objects if view.text("type") == "index-pattern"}
        searches = tuple(_search(view, views) for view in objects if view.text("type") == "search")
        tables = tuple(_table(view) for view in objects if view.text("type") == "visualization")
        return cls(source.file, source.tree, searches, tuple(views.values()), tuple(t for t in tables if t.search_id))


def templates_of(title: str, templates: Iterable[IndexTemplate]) -> tuple[IndexTemplate, ...]:
    """The index templates whose indices or aliases a data view's title can mean."""
    return tuple(template for template in templates if matches(title, indices_of(template)))


def indices_of(template: IndexTemplate) -> tuple[str, ...]:
    """The patterns of the indices a template makes, and the aliases under which they are found."""
    rollover = template.setting("lifecycle.rollover_alias")
    return (*template.patterns, *template.aliases, *([str(rollover.value)] if rollover else []))


def matches(title: str, names: Iterable[str]) -> bool:
    """Whether an index or alias of these names (which may be patterns) can be among what a data view's title means."""
    patterns = [part.strip() for part in title.split(",") if part.strip()]
    wanted = [part for part in patterns if not part.startswith("-")]
    refused = [part[1:] for part in patterns if part.startswith("-")]
    kept = [name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in refused)]
    return any(_overlap(pattern, name) for pattern in wanted for name in kept)


def mapping_of(search: SavedSearch, templates: Iterable[IndexTemplate]) -> dict[str, Any]:
    """The mapping of the indices a search looks at, with the data view's own runtime fields."""
    properties: dict[str, Any] = {}
    runtime: dict[str, Any] = {}
    for template in templates_of(search.index, templates):
        body = template.tree.value.get("template", template.tree.value)
        mappings = body.get("mappings") if isinstance(body, dict) else None
        for held, name in ((properties, "properties"), (runtime, "runtime")):
            part = mappings.get(name) if isinstance(mappings, dict) else None
            held.update(part if isinstance(part, dict) else {})
    runtime.update(search.data_view.runtime_fields if search.data_view else {})
    return {"properties": properties, "runtime": runtime}


@lru_cache(maxsize=65536)
def _overlap(one: str, other: str) -> bool:
    """Whether a name exists that both patterns match."""
    if not one or not other:
        return all(character == "*" for character in one + other)
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(one, other[1:]) or _overlap(one[1:], other)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


def _objects(tree: Tree) -> Iterator[View]:
    """Every element that should be a saved object."""
    value = tree.value
    if isinstance(value, dict) and isinstance(value.get("objects"), list):
        yield from tree.view.items("objects")
    elif isinstance(value, list):
        yield from tree.view.items()
    elif isinstance(value, dict):
        yield tree.view


def _is_object(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("attributes"), dict):
        return False
    return isinstance(value.get("type"), str) and value["type"] in _KINDS


def _said_to_be_object(view: View) -> bool:
    """Whether it is a saved object of a known kind; what is no saved object at all is complained about."""
    value = view.value
    if _is_object(value):
        return True
    summary = isinstance(value, dict) and "exportedCount" in value
    other_kind = isinstance(value, dict) and isinstance(value.get("type"), str) and "attributes" in value
    if not summary and not (other_kind and value["type"] not in _KINDS):
        view.tree.complain(view.at(), "not a saved object: it needs a `type` and `attributes`")
    return False


def _data_view(view: View) -> DataView:
    attributes = view["attributes"]
    title = attributes.text("title")
    if not title:
        view.tree.complain(attributes.at(), f"data view `{view.text('id')}` has no title, so it matches no index")
    runtime = _embedded(view, "runtimeFieldMap")
    filters = _embedded(view, "sourceFilters")
    return DataView(
        id=view.text("id"),
        title=title,
        name=attributes.text("name") or title,
        time_field=attributes.text("timeFieldName"),
        runtime_fields=runtime if isinstance(runtime, dict) else {},
        source_filters=tuple(str(f["value"]) for f in filters if isinstance(f, dict) and "value" in f)
        if isinstance(filters, list)
        else (),
        view=view,
    )


def _own_data_view(given: Mapping[str, Any], view: View) -> DataView:
    """A data view that a search keeps to itself (Kibana 8.5 and later), not saved as an object."""
    title, runtime = str(given.get("title", "")), given.get("runtimeFieldMap")
    return DataView(
        id=str(given.get("id", "")),
        title=title,
        name=str(given.get("name") or title),
        time_field=str(given.get("timeFieldName") or ""),
        runtime_fields=runtime if isinstance(runtime, dict) else {},
        source_filters=(),
        view=view,
    )


def _search(view: View, views: Mapping[str, DataView]) -> SavedSearch:
    attributes, source = view["attributes"], _source(view)
    query = source.get("query")
    query = query if isinstance(query, dict) else {}
    own = source.get("index")
    data_view_id = str(own or _referenced(view, str(source.get("indexRefName", ""))))
    title = attributes.text("title")
    if not title:
        view.tree.complain(attributes.at(), f"saved search `{view.text('id')}` has no title")
    return SavedSearch(
        id=view.text("id"),
        title=title or view.text("id"),
        kql=str(query.get("query", "")),
        language=str(query.get("language", "kuery")),
        columns=attributes.texts("columns"),
        sort=tuple(_sort(attributes["sort"].value)),
        filters=tuple(_filters(source.get("filter"))),
        data_view_id=data_view_id,
        data_view=_own_data_view(own, view) if isinstance(own, dict) else views.get(data_view_id),
        breakdown=attributes.text("breakdownField"),
        view=view,
    )


def _table(view: View) -> Table:
    state = _embedded(view, "visState")
    aggregations = state.get("aggs") if isinstance(state, dict) else None
    return Table(
        id=view.text("id"),
        title=view["attributes"].text("title"),
        search_id=_referenced(view, view["attributes"].text("savedSearchRefName")),
        aggregations=tuple(a for a in aggregations if isinstance(a, dict)) if isinstance(aggregations, list) else (),
        view=view,
    )


def _source(view: View) -> dict[str, Any]:
    """The search source of an object."""
    found = _parsed(view, _SOURCE)
    if found is None:
        view.tree.complain(view.at("attributes"), f"`{view.text('id')}` has no `{'.'.join(_SOURCE[1:])}`, so no query")
    return found if isinstance(found, dict) else {}


def _embedded(view: View, attribute: str) -> Any:
    return _parsed(view, ("attributes", attribute))


def _parsed(view: View, path: tuple[Step, ...]) -> Any:
    """JSON kept as text at a path, read; None when there is none, complained about when it is broken."""
    text = view.tree.get(*view.path, *path)
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return load_json(text, view.tree.file, strict=False).value
    except UnreadableError as error:
        offset = _offset(text, error.at) if error.at else 0
        view.tree.complain(view.inside(path, offset), f"`{path[-1]}` holds {error.message}")
        return {}


def _inside_source(view: View, path: tuple[Step, ...], offset: int, length: int) -> Position:
    """Where characters of a text in the search source stand in the file."""
    text = view.tree.get(*view.path, *_SOURCE)
    if not isinstance(text, str):
        return view.at()
    try:
        inner = load_json(text, view.tree.file, strict=False).inside(path, offset, length)
    except UnreadableError:
        return view.at(*_SOURCE)
    return view.inside(_SOURCE, _offset(text, inner), max(1, inner.length))


def _offset(text: str, place: Position) -> int:
    """The offset of a line and column."""
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1


def _referenced(view: View, name: str) -> str:
    """The id of the object a reference of this name leads to."""
    found = (r for r in view.items("references") if isinstance(r.value, dict) and r.text("name") == name)
    return next((reference.text("id") for reference in found), "") if name else ""


def _sort(value: Any) -> Iterator[tuple[str, str]]:
    """The columns sorted by, with their direction; old objects keep a single pair."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
        value = [value]
    for pair in value if isinstance(value, list) else ():
        if isinstance(pair, list) and pair and isinstance(pair[0], str):
            yield pair[0], str(pair[1]) if len(pair) > 1 else "desc"


def _filters(value: Any) -> Iterator[Filter]:
    """The filter pills that are switched on."""
    for pill in value if isinstance(value, list) else ():
        meta = pill.get("meta") if isinstance(pill, dict) else None
        meta = meta if isinstance(meta, dict) else {}
        if not isinstance(pill, dict) or meta.get("disabled"):
            continue
        query = pill.get("query")
        # Pills saved before Kibana 8 keep `range` or `exists` beside `meta` instead of below `query`.
        asked = query if isinstance(query, dict) else {k: v for k, v in pill.items() if k in ("range", "exists")}
        if asked:
            yield Filter(json.loads(json.dumps(asked)), bool(meta.get("negate")), str(meta.get("key") or ""))
