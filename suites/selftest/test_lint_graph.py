"""The reference graph: complete on the configuration under test, dangling where something is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import graph
from harness.documents.configuration import Configuration
from harness.errors import UsageError
from harness.settings import read_fixtures

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shipped() -> graph.Graph:
    return graph.graph(Configuration.load(PROJECT / "config-under-test"), read_fixtures(PROJECT / "fixtures"))


def test_the_shipped_configuration_has_no_dangling_edge(shipped: graph.Graph) -> None:
    assert shipped.dangling == ()
    assert len(shipped.edges) > 300


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("job:caredroid-backend", "metric:http_requests_total"),
        ("metric:http_request_duration_seconds", "alert:ApiLatencyHigh"),
        ("alert:ApiErrorRateCritical", "receiver:critical"),
        ("receiver:warning", "template:caredroid.email.html"),
        ("alert:CacheDown", "runbook:cache-down"),
        ("alert:CacheDown", "dashboard:cache-health"),
        ("datasource:elasticsearch", "panel:audit-compliance/PHI audit trail"),
        ("field:auditEvent", "panel:audit-compliance/PHI audit trail"),
        ("input:caredroid-files", "pipeline:logstash"),
        ("pipeline:logstash", "index:caredroid-logs"),
        ("field:statusCode", "search:High Severity Errors"),
    ],
)
def test_an_edge_of_each_kind_is_there(shipped: graph.Graph, source: str, target: str) -> None:
    assert (source, target) in {(edge.source, edge.target) for edge in shipped.edges}


def test_what_is_not_there_dangles() -> None:
    rules = (
        "groups: [{name: g, rules: [{alert: A, expr: 'gone > 1', annotations: {dashboard: 'https://g.example/d/x'}}]}]"
    )
    dashboard = '{"uid": "y", "title": "Y", "schemaVersion": 41, "panels": []}'
    configuration = Configuration.of_texts({"rules.yml": rules, "d.json": dashboard})
    drawn = graph.graph(configuration, {"catalog": {"metrics": [], "fields": []}})
    assert {(e.source, e.target) for e in drawn.dangling} == {("metric:gone", "alert:A"), ("alert:A", "dashboard:x")}
    assert ":::missing" in graph.mermaid(drawn)
    assert "style=dashed" in graph.dot(drawn)


def test_without_a_catalog_nobody_knows_what_is_missing() -> None:
    rules = "groups: [{name: g, rules: [{alert: A, expr: 'gone > 1'}]}]"
    assert graph.graph(Configuration.of_texts({"rules.yml": rules})).dangling == ()


def test_each_format_is_whole(shipped: graph.Graph) -> None:
    data = json.loads(graph.render(shipped, "json"))
    assert {edge["source"] for edge in data["edges"]} <= {node["id"] for node in data["nodes"]}
    drawn = graph.render(shipped, "dot")
    assert drawn.count("{") == drawn.count("}")
    assert graph.render(shipped, "mermaid").startswith("flowchart LR\n")
    with pytest.raises(UsageError):
        graph.render(shipped, "png")
