"""The requests Discover sends, and what the probe makes of good, bad and missing answers."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of
from harness.errors import StackError, UnreadableError, UnsupportedError
from harness.probes.search import Discover, refusals
from harness.probes.search_export import export
from harness.probes.search_requests import (
    TimeRange,
    documents_body,
    histogram_body,
    interval_of,
    query_of,
    table_body,
)

DAY = 86400.0
SPAN = TimeRange(1_700_000_000.0, 1_700_000_000.0 + 30 * DAY)
TEMPLATE = {
    "index_patterns": ["logs-0*"],
    "template": {
        "mappings": {
            "properties": {
                "@timestamp": {"type": "date"},
                "level": {"type": "keyword"},
                "path": {"type": "keyword"},
                "duration": {"type": "float"},
                "secret": {"type": "keyword"},
            }
        }
    },
}
AGGREGATIONS = [
    {"id": "1", "enabled": True, "type": "count", "schema": "metric", "params": {}},
    {
        "id": "2",
        "enabled": True,
        "type": "terms",
        "schema": "bucket",
        "params": {"field": "path", "orderBy": "1", "size": 50},
    },
    {
        "id": "3",
        "enabled": True,
        "type": "percentiles",
        "schema": "metric",
        "params": {"field": "duration", "percents": [95]},
    },
    {"id": "4", "enabled": False, "type": "avg", "schema": "metric", "params": {"field": "duration"}},
    {
        "id": "5",
        "enabled": True,
        "type": "filtered_metric",
        "schema": "metric",
        "params": {"customBucket": {"params": {"filter": {"query": "level: error", "language": "kuery"}}}},
    },
]


def read(kql: str = "level: error", language: str = "kuery", aggregations: Any = AGGREGATIONS, **attributes: Any):
    source = {
        "query": {"query": kql, "language": language},
        "filter": attributes.pop("filter", []),
        "index": attributes.pop("index", {"id": "v", "title": "logs-*", "timeFieldName": "@timestamp"}),
    }
    found = {
        "type": "search",
        "id": "s",
        "attributes": {
            "title": "S",
            "sort": attributes.pop("sort", [["@timestamp", "desc"]]),
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
            **attributes,
        },
    }
    table = {
        "type": "visualization",
        "id": "t",
        "attributes": {
            "title": "T",
            "savedSearchRefName": "r",
            "visState": json.dumps({"aggs": aggregations}),
        },
        "references": [{"name": "r", "type": "search", "id": "s"}],
    }
    files = {"s.json": json.dumps([found, table]), "t.json": json.dumps(TEMPLATE)}
    configuration = Configuration.of_texts(files)
    (document,) = configuration.of(Searches)
    (search,) = document.searches
    return search, mapping_of(search, configuration.of(IndexTemplate)), document.table_of(search)


def test_the_query_holds_kql_pills_and_the_time():
    pills = [
        {"meta": {"key": "path"}, "query": {"match_phrase": {"path": "/a"}}},
        {"meta": {"key": "path", "negate": True}, "query": {"exists": {"field": "secret"}}},
    ]
    search, mapping, _ = read(filter=pills)
    kql = {"bool": {"should": [{"term": {"level": {"value": "error"}}}], "minimum_should_match": 1}}
    time = {"format": "strict_date_optional_time", "gte": "2023-11-14T22:13:20.000Z", "lte": "2023-12-14T22:13:20.000Z"}
    assert query_of(search, mapping, SPAN) == {
        "bool": {
            "must": [],
            "filter": [kql, {"match_phrase": {"path": "/a"}}, {"range": {"@timestamp": time}}],
            "should": [],
            "must_not": [{"exists": {"field": "secret"}}],
        }
    }


def test_lucene_is_asked_as_a_query_string():
    search, mapping, _ = read("level:[a TO b]", "lucene")
    must = query_of(search, mapping, SPAN)["bool"]["must"]
    assert must == [{"query_string": {"query": "level:[a TO b]", "analyze_wildcard": True, "time_zone": "UTC"}}]


def test_a_query_that_cannot_be_asked_is_placed_in_the_file():
    for kql, language, kind in (("level: (", "kuery", UnreadableError), ("x", "sql", UnsupportedError)):
        search, mapping, _ = read(kql, language)
        with pytest.raises(kind) as caught:
            query_of(search, mapping, SPAN)
        assert caught.value.at is not None
        assert caught.value.at.file == "s.json"


def test_the_grid_asks_for_500_newest_with_every_field():
    search, mapping, _ = read()
    body = documents_body(search, mapping, {"match_all": {}})
    order = {"order": "desc", "unmapped_type": "boolean"}
    assert body["sort"] == [{"@timestamp": {**order, "format": "strict_date_optional_time"}}, {"_doc": order}]
    assert body["fields"] == [
        {"field": "*", "include_unmapped": True},
        {"field": "@timestamp", "format": "strict_date_optional_time"},
    ]
    assert (body["size"], body["track_total_hits"], body["version"], body["_source"]) == (500, False, True, False)
    assert (body["stored_fields"], body["script_fields"], body["runtime_mappings"]) == (["*"], {}, {})
    assert body["highlight"]["fields"] == {"*": {}}


def test_source_filters_name_each_field_that_is_left():
    view = {"type": "index-pattern", "id": "v", "attributes": {"title": "logs-*", "timeFieldName": "@timestamp"}}
    view["attributes"]["sourceFilters"] = json.dumps([{"value": "sec*"}])
    _, mapping, _ = read()
    found = {"type": "search", "id": "s", "attributes": {"title": "S"}}
    found["attributes"]["kibanaSavedObjectMeta"] = {"searchSourceJSON": json.dumps({"index": "v"})}
    document = Configuration.of_texts({"s.json": json.dumps([view, found])}).of(Searches)[0]
    names = [asked["field"] for asked in documents_body(document.searches[0], mapping, {})["fields"]]
    assert names == ["level", "path", "duration", "@timestamp"]


def test_the_chart_counts_all_hits_and_draws_about_50_bars():
    search, _, _ = read()
    body = histogram_body(search, {"match_all": {}}, SPAN)
    assert (body["size"], body["track_total_hits"]) == (0, True)
    histogram = body["aggs"]["0"]["date_histogram"]
    assert (histogram["fixed_interval"], histogram["min_doc_count"], histogram["time_zone"]) == ("12h", 1, "UTC")
    assert histogram["extended_bounds"] == {"min": 1_700_000_000_000, "max": 1_702_592_000_000}


def test_one_of_a_calendars_units_is_a_calendar_interval():
    search, _, _ = read()
    histogram = histogram_body(search, {}, TimeRange(0, 60 * DAY))["aggs"]["0"]["date_histogram"]
    assert histogram["calendar_interval"] == "1d"


def test_a_breakdown_splits_the_bars():
    search, _, _ = read(breakdownField="path")
    outer = histogram_body(search, {}, SPAN)["aggs"]["0"]
    assert (outer["terms"]["field"], "date_histogram" in outer["aggs"]["1"]) == ("path", True)


def test_a_data_view_without_time_has_no_chart():
    search, mapping, _ = read(index={"id": "v", "title": "logs-*"}, sort=[])
    assert "aggs" not in histogram_body(search, {}, SPAN)
    assert documents_body(search, mapping, {})["sort"] == []
    assert len(query_of(search, mapping, SPAN)["bool"]["filter"]) == 1


@pytest.mark.parametrize(
    ("seconds", "interval"),
    [
        (900, "30s"),  # what Kibana shows for its quick ranges
        (3600, "1m"),
        (24 * 3600, "30m"),
        (7 * DAY, "3h"),
        (30 * DAY, "12h"),
        (90 * DAY, "1d"),
        (365 * DAY, "1w"),
        (5 * 365 * DAY, "1M"),
        (100 * 365 * DAY, "1y"),
        (10, "200ms"),
        (0, "1ms"),
    ],
)
def test_the_interval_is_the_one_kibana_picks(seconds, interval):
    assert interval_of(TimeRange(0, seconds)) == interval


def test_a_table_is_asked_with_its_metrics_innermost():
    search, mapping, table = read()
    body = table_body(search, table, mapping, {"match_all": {}})
    terms = body["aggs"]["2"]
    assert terms["terms"] == {"field": "path", "order": {"_count": "desc"}, "size": 50}
    assert terms["aggs"]["3"] == {"percentiles": {"field": "duration", "percents": [95]}}
    assert terms["aggs"]["5"]["filter"]["bool"]["should"] == [{"term": {"level": {"value": "error"}}}]
    assert set(terms["aggs"]) == {"3", "5"}


def test_a_table_that_cannot_be_asked_is_said_so():
    odd = [{"id": "1", "type": "serial_diff", "schema": "metric"}]
    search, mapping, table = read(aggregations=odd)
    with pytest.raises(UnsupportedError, match="serial_diff"):
        table_body(search, table, mapping, {})


# the conversation


class Elasticsearch:
    """A server that gives the answers it was told to, by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
                outer.asked.append((self.command, self.path, body))
                given = outer.answers.get(self.path.partition("?")[0], [(404, {"error": "no such path"})])
                status, answer = given.pop(0) if len(given) > 1 else given[0]
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_PUT = do_DELETE = do_POST  # noqa: N815 - the standard library's names

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Elasticsearch]:
    made = Elasticsearch()
    yield made
    made.server.shutdown()
    made.server.server_close()


def answer(ids: tuple[str, ...] = (), total: int = 0, **more: Any) -> dict[str, Any]:
    hits = {"total": {"value": total}, "hits": [{"_id": i} for i in ids]}
    return {"took": 12, "_shards": {"total": 7, "failed": 0}, "hits": hits, "_scroll_id": "scroll", **more}


def test_an_opening_waits_for_grid_and_chart(server):
    search, mapping, _ = read()
    buckets = {"aggregations": {"0": {"buckets": [{}, {}]}}}
    server.answers["/logs-*/_search"] = [(200, answer(("a", "b"), 2, **buckets))]
    with Discover(server.url, ("u", "p"), deadline=5) as discover:
        opened = discover.ask(search, mapping, SPAN)
    assert (opened.total, opened.first_ids, opened.bars, opened.took_seconds) == (2, ("a", "b"), 2, 0.012)
    assert 0 < opened.seconds < 5
    assert sorted(body["size"] for _, _, body in server.asked) == [0, 500]


def test_shards_that_did_not_answer_are_told(server):
    search, mapping, _ = read()
    shards = {"total": 7, "failed": 1, "failures": [{"reason": {"reason": "shard 3 is gone"}}]}
    server.answers["/logs-*/_search"] = [(200, {**answer(total=1), "_shards": shards})]
    with Discover(server.url, None, deadline=5) as discover:
        assert "shard 3 is gone" in discover.ask(search, mapping, SPAN).failures
        server.answers["/logs-*/_search"] = [(200, {**answer(("a",), 1), "_shards": shards})]
        with pytest.raises(StackError, match="shard 3 is gone"):
            discover.ids(search, mapping, SPAN)


def test_every_page_of_hits_is_listed_and_the_scroll_let_go(server):
    search, mapping, _ = read()
    server.answers["/logs-*/_search"] = [(200, answer(("a", "b")))]
    server.answers["/_search/scroll"] = [(200, answer(("c",))), (200, answer())]
    with Discover(server.url, None, deadline=5) as discover:
        assert discover.ids(search, mapping, SPAN) == {"a", "b", "c"}
    assert server.asked[-1][:2] == ("DELETE", "/_search/scroll")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((403, {"error": {"root_cause": [{"reason": "action is unauthorized"}]}}), "403.*\n.*unauthorized"),
        ((400, {"error": {"reason": "Fielddata is disabled"}}), "Fielddata is disabled"),
        ((502, b"<html>bad gateway</html>"), "502.*\n.*bad gateway"),
        ((200, b"not json"), "not JSON"),
    ],
)
def test_what_elasticsearch_says_is_passed_on(server, given, says):
    search, mapping, _ = read()
    server.answers["/logs-*/_search"] = [given]
    with Discover(server.url, None, deadline=5) as discover, pytest.raises(StackError) as caught:
        discover.ask(search, mapping, SPAN)
    assert re.search(says, str(caught.value))


def test_no_server_is_one_clear_error(server):
    search, mapping, _ = read()
    server.server.shutdown()
    server.server.server_close()
    with Discover(server.url, None, deadline=2) as discover:
        for call in (discover.ask, discover.ids):
            with pytest.raises(StackError, match="does not answer"):
                call(search, mapping, SPAN)
    with pytest.raises(StackError, match="does not answer"):
        refusals(server.url, "logs", ("u", "p"), deadline=2)


def test_refusals_are_told_as_they_came(server):
    server.answers["/logs/_search"] = [(401, {}), (401, {}), (200, {})]
    server.answers["/logs/_doc/access-probe"] = [(401, {}), (409, {}), (403, {})]
    server.answers["/_cluster/reroute"] = [(403, {})]
    assert refusals(server.url, "logs", ("u", "p"), deadline=5) == {
        "anonymous read": 401,
        "anonymous write": 401,
        "wrong password": 401,
        "reader read": 200,
        "reader write": 409,
        "reader delete": 403,
        "reader administration": 403,
    }
    assert all("if_seq_no=0" in path for method, path, _ in server.asked if method in ("PUT", "DELETE"))


# the export


def page(*ids: str, total: int | None = None, **fields: Any) -> tuple[int, Any]:
    hits = [{"_id": one, "sort": [n], "fields": {"level": ["error"], **fields}} for n, one in enumerate(ids)]
    counted = {} if total is None else {"total": {"value": total}}
    return 200, {"_shards": {"failed": 0}, "hits": {"hits": hits, **counted}}


def exported(server: Elasticsearch, *pages: tuple[int, Any]) -> tuple[Any, str]:
    search, mapping, _ = read()
    server.answers["/logs-*/_pit"] = [(200, {"id": "point"})]
    server.answers["/_search"] = [*pages]
    out = io.StringIO(newline="")
    return export(server.url, None, search, mapping, SPAN, out), out.getvalue()  # type: ignore[arg-type]


def test_an_export_pages_through_one_point_in_time_and_writes_each_hit_once(server):
    found, text = exported(server, page("a", "b", total=3), page("c"), page())
    assert (found.rows, found.counted, found.pages) == (3, 3, 2)
    assert [line.rsplit(",", 1)[-1] for line in text.splitlines()] == ["_id", "a", "b", "c"]
    asked = [body for _, path, body in server.asked if path == "/_search"]
    assert [body.get("search_after") for body in asked] == [None, [1], [0]]
    assert {body["pit"]["id"] for body in asked} == {"point"}
    assert ("DELETE", "/_pit", {"id": "point"}) in server.asked


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(server):
    search, _, _ = read()
    column = search.time_field
    _, text = exported(server, page("a", total=1, **{column: ["=1+1"]}), page())
    assert "'=1+1" in text


def test_an_export_that_not_every_shard_answered_is_refused(server):
    status, body = page("a", total=2)
    body["_shards"]["failed"] = 1
    with pytest.raises(StackError, match="not every shard answered"):
        exported(server, (status, body))
