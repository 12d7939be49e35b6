"""Grafana's own datasource code beside the harness's stand-in for it, on the same Prometheus: how far they agree."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import requests

from harness.documents.dashboard import Dashboard
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_time import TimeRange
from harness.probes.panel import Browser, Viewing
from harness.probes.panel_answer import DashboardLoad, QueryAnswer, State
from suites.selftest.panel_world import Served, served, shipped

pytestmark = pytest.mark.stack

RANGES = {"5m": 300.0, "1h": 3600.0, "24h": 86400.0, "15d": 15 * 86400.0}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("player")) as one:
        yield one


def loads(world: Served, dashboard: Dashboard, seconds: float) -> tuple[DashboardLoad, DashboardLoad]:
    """One dashboard through Grafana's code, and through the stand-in, over the same range."""
    answers = []
    for engine in (True, False):
        with Browser(world.sources(shipped(), engine=engine)) as browser:
            view = Viewing(world.now, TimeRange(world.now - seconds, world.now))
            answers.append(browser.load_dashboard(dashboard, view))
    return answers[0], answers[1]


def agree(ours: QueryAnswer, theirs: QueryAnswer) -> bool:
    """The same expression was sent, and the same series with as many points and the same last values came back.

    Differences that are none: Grafana's code names series by their legend and keeps labels apart, shows a scalar as a
    series without labels, and tells NaN in a list beside the values.
    """
    one, other = ours.reply, theirs.reply
    same = ours.query == theirs.query and (one.state, one.series, one.points) == (
        other.state,
        other.series,
        other.points,
    )
    return same and all(math.isclose(other.last[labels], value, rel_tol=1e-9) for labels, value in one.last.items())


@pytest.mark.parametrize("span", RANGES)
def test_every_query_of_every_panel_is_asked_and_answered_alike(world: Served, span: str) -> None:
    compared = 0
    for dashboard in shipped().of(Dashboard):
        if dashboard.uid == "audit-compliance":
            continue
        grafana, stand_in = loads(world, dashboard, RANGES[span])
        for ours, theirs in zip(grafana.queries, stand_in.queries, strict=True):
            if ours.role == "target":
                compared += 1
                assert agree(ours, theirs), (dashboard.uid, ours.record(), theirs.record())
            else:
                assert ours.reply.options == theirs.reply.options and ours.reply.state is theirs.reply.state
    assert compared == 78


def test_what_prometheus_refuses_is_the_error_of_that_query_alone(world: Served) -> None:
    asked = {
        "from": str(round(world.now * 1000) - 60_000),
        "to": str(round(world.now * 1000)),
        "queries": [
            {"refId": "A", "datasource": {"uid": "prometheus"}, "expr": "sum(active_users", "instant": True},
            {"refId": "B", "datasource": {"uid": "prometheus"}, "expr": "sum(active_users)", "instant": True},
        ],
    }
    answer = requests.post(f"{world.player}/api/ds/query", json=asked, timeout=10)
    assert answer.status_code == 400
    results = answer.json()["results"]
    assert "parse error" in results["A"]["error"] and results["B"]["frames"][0]["data"]["values"][1] == [129]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 400, "not a time"),
        ({"from": "0", "to": "1", "queries": []}, 400, "no queries"),
        ({"from": "0", "to": "1", "queries": [{"refId": "A", "datasource": {"uid": "other"}}]}, 404, "no datasource"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(world: Served, body: object, status: int, says: str) -> None:
    answer = requests.post(f"{world.player}/api/ds/query", json=body, timeout=10)
    assert answer.status_code == status and says in answer.json()["message"]


def test_it_tells_its_version(world: Served) -> None:
    health = Connection(world.player).get("/api/health", {})
    assert health["promlib"] == "v0.0.8" and health["plugin-sdk"].startswith("v0.")


def test_a_prometheus_that_is_gone_is_an_error_on_the_panel(
    world: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served(tmp_path_factory.mktemp("gone")) as one:
        sources = one.sources(shipped())
    dashboard = next(d for d in shipped().of(Dashboard) if d.uid == "user-activity")
    with Browser(sources) as browser:
        load = browser.load_dashboard(dashboard, Viewing(world.now))
    assert {panel.state for panel in load.panels} == {State.ERROR}
