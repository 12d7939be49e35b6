"""Elasticsearch panels are asked with the bodies Grafana's datasource builds, and their answers are read for what they
are."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UnsupportedError
from harness.probes.grafana_connection import Connection, RefusedError
from harness.probes.grafana_elasticsearch import ElasticsearchSource
from harness.probes.grafana_msearch import Search, body
from harness.probes.grafana_time import TimeRange
from harness.probes.panel_answer import State

SHOWN = TimeRange(1000, 4600)
COUNT = {"id": "1", "type": "count"}
BY_TIME = {"id": "2", "type": "date_histogram", "field": "@timestamp", "settings": {"interval": "auto"}}
BY_LEVEL = {
    "id": "3",
    "type": "terms",
    "field": "level",
    "settings": {"size": "10", "orderBy": "_count", "order": "desc"},
}


def search(*buckets: Any, metrics: Any = (COUNT,), query: str = "level:error") -> Search:
    return Search(query, tuple(metrics), tuple(buckets), SHOWN, 30)


def test_a_histogram_by_term() -> None:
    made = body(search(BY_LEVEL, BY_TIME))
    terms = made["aggs"]["3"]
    assert terms["terms"] == {"field": "level", "size": 10, "order": {"_count": "desc"}}
    histogram = terms["aggs"]["2"]["date_histogram"]
    assert histogram["fixed_interval"] == "30000ms"
    assert histogram["min_doc_count"] == 0
    assert histogram["extended_bounds"] == {"min": 1_000_000, "max": 4_600_000}
    bounds = {"gte": 1_000_000, "lte": 4_600_000, "format": "epoch_millis"}
    assert made["query"]["bool"]["filter"] == [
        {"range": {"@timestamp": bounds}},
        {"query_string": {"analyze_wildcard": True, "query": "level:error"}},
    ]


def test_a_query_that_is_empty_is_no_filter() -> None:
    assert len(body(search(BY_TIME, query=" "))["query"]["bool"]["filter"]) == 1


def test_terms_ordered_by_a_metric_compute_it() -> None:
    ordered = {**BY_LEVEL, "settings": {"orderBy": "5", "order": "asc"}}
    made = body(search(ordered, metrics=(COUNT, {"id": "5", "type": "max", "field": "duration"})))
    assert made["aggs"]["3"]["terms"]["order"] == {"5": "asc"}
    assert made["aggs"]["3"]["aggs"] == {"5": {"max": {"field": "duration"}}}


def test_raw_data_is_the_newest_documents() -> None:
    made = body(search(metrics=({"id": "1", "type": "raw_data", "settings": {"size": "200"}},)))
    assert made["size"] == 200 and "aggs" not in made
    assert made["sort"]["@timestamp"]["order"] == "desc"


def test_calendar_intervals_and_pipelines() -> None:
    weekly = {**BY_TIME, "settings": {"interval": "1w"}}
    change = {"id": "4", "type": "derivative", "field": "1"}
    made = body(search(weekly, metrics=(COUNT, change)))["aggs"]["2"]
    assert made["date_histogram"]["calendar_interval"] == "1w"
    assert made["aggs"]["4"] == {"derivative": {"buckets_path": "_count"}}


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="sampler"):
        body(search({"id": "1", "type": "sampler"}))
    with pytest.raises(UnsupportedError, match="missing metrics"):
        body(search())


class Canned(Connection):
    """A connection that answers with what it was given."""

    def __init__(self, answer: Any) -> None:
        super().__init__("http://nowhere")
        self._answer = answer

    def post_lines(self, path: str, parameters: Any, lines: str) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return {"responses": [self._answer]}


def answered(answer: Any, asked: Search) -> Any:
    return ElasticsearchSource("e", Canned(answer), "logs").ask([asked])[0]


def buckets(*counts: int) -> dict[str, Any]:
    return {"buckets": [{"key": i, "key_as_string": str(i), "doc_count": count} for i, count in enumerate(counts)]}


def test_buckets_with_documents_are_data() -> None:
    levels = {"buckets": [{"key": "error", "doc_count": 3, "2": buckets(1, 2)}]}
    reply = answered({"hits": {"total": {"value": 3}}, "aggregations": {"3": levels}}, search(BY_LEVEL, BY_TIME))
    assert (reply.state, reply.series, reply.points, dict(reply.last)) == (State.DATA, 1, 2, {"{error, count}": 2.0})


def test_a_row_of_empty_buckets_is_no_data() -> None:
    reply = answered({"hits": {"total": {"value": 0}}, "aggregations": {"2": buckets(0, 0)}}, search(BY_TIME))
    assert reply.state is State.NO_DATA


def test_an_average_of_nothing_is_not_a_number() -> None:
    found = {"2": {"buckets": [{"key": 0, "doc_count": 1, "4": {"value": None}}]}}
    average = {"id": "4", "type": "avg", "field": "duration"}
    reply = answered({"hits": {"total": {"value": 1}}, "aggregations": found}, search(BY_TIME, metrics=(average,)))
    assert reply.state is State.NAN


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"root_cause": [{"type": "parse", "reason": "no"}]}, "status": 400},
        {"timed_out": True, "hits": {"total": {"value": 1}}},
        {"_shards": {"failed": 1, "total": 7}, "hits": {"total": {"value": 1}}},
        RefusedError("HTTP 401: missing authentication"),
    ],
)
def test_refusals_and_parts_are_errors(answer: Any) -> None:
    reply = answered(answer, search(BY_TIME))
    assert reply.state is State.ERROR and reply.message
