"""The same KQL by Kibana and by us, over the same indices: what each makes of it and finds. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import StackError, UnreadableError
from harness.languages.kql import Options, to_dsl
from harness.probes.kibana import Kibana
from harness.probes.search import Discover
from harness.probes.search_requests import TIME_ZONE, TimeRange


def compared(
    kibana: Kibana,
    elasticsearch: Discover,
    kql: str,
    view: tuple[str, str, str],
    mapping: dict[str, Any],
    span: TimeRange,
) -> Mapping[str, Any]:
    """Both answers to one query on a data view (id, index pattern, time field). Raises StackError when one is missing.

    `same_query`: what Kibana asks Elasticsearch is what we would ask, clause for clause; then only the counts are
    compared. Otherwise both clauses are told, and how many documents only one of them finds, with the ids of some.
    `*_refused`: why that side refuses the query.
    """
    name, index, time_field = view
    theirs = kibana.built(kql, name, time_field, span)
    try:
        ours = to_dsl(kql, mapping, Options(time_zone=TIME_ZONE, current=True))
    except UnreadableError as error:
        return {"kibana_refused": theirs.refused, "our_refused": error.message, "kibana_hits": theirs.hits}
    asked = {"bool": {"filter": [ours, span.filter(time_field)]}}
    try:
        count, _ = elasticsearch.matching(index, asked)
    except StackError as error:
        # What Elasticsearch takes for no query at all is refused as well, whoever asks; what else fails is told.
        if " 400 " not in error.message:
            raise
        return {
            "kibana_refused": theirs.refused,
            "our_refused": error.hint or error.message,
            "kibana_hits": theirs.hits,
        }
    if theirs.refused or theirs.query is None:
        return {"kibana_refused": theirs.refused, "our_refused": "", "our_hits": count}
    found: dict[str, Any] = {"kibana_hits": theirs.hits, "our_hits": count, "same_query": theirs.clause == ours}
    if theirs.clause != ours or theirs.hits != count:
        found |= {"kibana": theirs.clause, "ours": ours}
        for whose, kept, refused in (("kibana", theirs.query, asked), ("ours", asked, theirs.query)):
            number, ids = elasticsearch.matching(index, {"bool": {"filter": [kept], "must_not": [refused]}})
            found |= {f"only_{whose}": number, f"only_{whose}_ids": list(ids)}
    return found
