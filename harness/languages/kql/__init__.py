"""KQL, Kibana's query language: what Kibana makes of a query when it asks Elasticsearch.

`to_dsl` translates a query as Kibana's own `@kbn/es-query` does, quirks included; `references` tells which fields a
query names, for checks that read it without a server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import UnreadableError
from harness.languages.kql.dsl import Options, Translation
from harness.languages.kql.fields import DataViewField, fields_of
from harness.languages.kql.grammar import KqlError, parse
from harness.languages.kql.nodes import Is, Range, Reference, leaves_of, references_of
from harness.model import Position

__all__ = [
    "DataViewField",
    "KqlError",
    "Options",
    "Reference",
    "fields_of",
    "leaves",
    "main",
    "parse",
    "references",
    "to_dsl",
]


def to_dsl(query: str, mapping: dict[str, Any], options: Options | None = None) -> dict[str, Any]:
    """The Elasticsearch query Kibana sends for `query` on a data view with the fields of `mapping`.

    `mapping` is `{"properties": …}`, or whatever holds it: the body of an index template, the answer of `GET _mapping`.
    Raises UnreadableError with line and column within the query.
    """
    settings = options or Options()
    node = parse(query, leading_wildcards=settings.allow_leading_wildcards)
    return Translation(query, fields_of(mapping), settings).of(node)


def references(query: str, *, strict: bool = True) -> tuple[Reference, ...]:
    """Every field the query names, in reading order; KqlError when it cannot be read, or none unless `strict`."""
    try:
        return tuple(references_of(parse(query)))
    except KqlError:
        if strict:
            raise
        return ()


def leaves(query: str) -> tuple[Is | Range, ...]:
    """Every single question of the query, free text too; none when it cannot be read."""
    try:
        return tuple(leaf for leaf, _ in leaves_of(parse(query)))
    except KqlError:
        return ()


def main(query: str, mapping_path: str | Path) -> str:
    """`harness kql QUERY --mapping FILE`: the translated query as indented JSON."""
    path = Path(mapping_path)
    here = Position(str(mapping_path))
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        hint = "Give a file that holds an Elasticsearch mapping or an index template, as JSON."
        raise UnreadableError(f"cannot read the mapping: {error}", at=here, hint=hint) from error
    except json.JSONDecodeError as error:
        raise UnreadableError(f"not JSON: {error.msg}", at=Position(here.file, error.lineno, error.colno)) from error
    except RecursionError as error:
        raise UnreadableError("nested too deeply to be a mapping", at=here) from error
    if not isinstance(mapping, dict):
        raise UnreadableError("a mapping is a JSON object", at=here, hint='For example {"properties": {…}}.')
    return json.dumps(to_dsl(query, mapping), indent=2, ensure_ascii=False)
