"""Panels that are wrong though they show data: each must go red, and say which panel and which series."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.checks.dashboards.panel_values import PanelValues
from harness.judging import judge
from harness.model import Judgement, Level, Verdict
from suites.selftest.panel_world import DASHBOARDS, Served, changed, served, shipped

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wave"), "wave-1") as one:
        yield one


def judged(wave: Served, dashboard: str, *edits: tuple[str, str]) -> Judgement:
    """The verdict on one dashboard, changed; of the others nothing was seen, so only findings count."""
    configuration = changed(dashboard, *edits)
    return judge(PanelValues(), wave.looked(configuration, dashboard), wave.context(configuration))


def test_as_shipped_every_panel_shows_what_is_true(wave: Served) -> None:
    configuration = shipped()
    result = judge(PanelValues(), wave.looked(configuration), wave.context(configuration))
    assert [finding.message for finding in result.findings] == [] and result.gaps == ()
    assert result.verdict is Verdict.PASS and result.level is Level.ENGINE
    assert result.proofs[0].samples > 500 and "78 of 78 queries of 51 panels" in result.proofs[0].statement


FAULTS: dict[str, tuple[str, tuple[tuple[str, str], ...], str]] = {
    "a rate of a sum instead of a sum of rates": (
        "user-activity",
        (
            (
                "sum by (role) (rate(authenticated_requests_total{",
                "rate(sum by (role) (authenticated_requests_total{",
            ),
            (
                'authenticated_requests_total{job=\\"caredroid-backend\\", role=~\\"$role\\"}[$__rate_interval])',
                'authenticated_requests_total{job=\\"caredroid-backend\\", role=~\\"$role\\"})[$__rate_interval:]',
            ),
        ),
        "user-activity/Authenticated requests by role: query A shows nothing for “admin”",
    ),
    "a sum that forgets by what": (
        "api-performance",
        (("sum by (route) (rate(http_requests_total{", "sum(rate(http_requests_total{"),),
        "api-performance/Request rate by route: query A shows nothing for “/api/auth/login”",
    ),
    "a sum without the wrong label": (
        "api-performance",
        (("sum by (status_code) (rate(", "sum without (route, instance) (rate("),),
        "api-performance/Responses by status",
    ),
    "an average where a sum is meant": (
        "business-metrics",
        (("sum by (status) (rate(rag_retrievals_total", "0.5 * sum by (status) (rate(rag_retrievals_total"),),
        "business-metrics/RAG retrievals by outcome: “",
    ),
    "p95 over the wrong label": (
        "database-performance",
        (
            (
                "histogram_quantile(0.95, sum by (le, operation) (rate(database_query_duration_seconds_bucket",
                "histogram_quantile(0.95, sum by (le, job) (rate(database_query_duration_seconds_bucket",
            ),
        ),
        "database-performance/Query latency p95 and p99: query A shows nothing for “p95 delete”",
    ),
    "p95 that is a p90": (
        "business-metrics",
        (("histogram_quantile(0.95, sum by (le) (rate(rag", "histogram_quantile(0.9, sum by (le) (rate(rag"),),
        "business-metrics/RAG retrieval latency: “p95” (query B)",
    ),
    "a legend by which two series are one": (
        "user-activity",
        (('"{{method}} {{result}}"', '"{{result}}"'),),
        "user-activity/Sign-in attempts: more than one series is called “failure”, “success”",
    ),
    "an override that hides a series": (
        "error-analysis",
        (
            (
                '"options": "critical"\n            },\n            "properties": [',
                '"options": "critical"\n            },\n            "properties": [\n'
                '{"id": "custom.hideFrom", "value": {"legend": true, "tooltip": true, "viz": true}},',
            ),
        ),
        "error-analysis/Errors by severity: query A an override hides “critical”",
    ),
    "a query that is switched off": (
        "api-performance",
        (('"legendFormat": "p95",', '"legendFormat": "p95", "hide": true,'),),
        "api-performance/Latency p50, p95, p99: query B is switched off",
    ),
    "a share of all requests instead of the chosen": (
        "api-performance",
        (('status_code=~\\"5..\\"', 'status_code=~\\"50[1-9]\\"'),),
        "api-performance/Server error ratio: “5xx share” (query A)",
    ),
    "a value reduced to its maximum": (
        "error-analysis",
        (('"calcs": [\n            "lastNotNull"', '"calcs": [\n            "mean"'),),
        "error-analysis/Server error ratio: “5xx share” (query A)",
    ),
    "a minute for a second": (
        "error-analysis",
        (("60 * sum by (type) (rate(", "sum by (type) (rate("),),
        "error-analysis/Errors by type: “",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(wave: Served, name: str) -> None:
    dashboard, edits, says = FAULTS[name]
    result = judged(wave, dashboard, *edits)
    messages = [finding.message for finding in result.findings]
    assert any(message.startswith(says) for message in messages), messages
    panel = says.split(":")[0]
    assert all(message.startswith(panel) for message in messages), messages
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].position.file == f"{DASHBOARDS}/{dashboard}.json" and result.findings[0].position.line > 1
