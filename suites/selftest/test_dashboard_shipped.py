"""The dashboards that ship: as many panels as specified, nothing on top of anything, every panel explained."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.checks.dashboards.expectations import Expectations
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard, Panel
from harness.documents.rules import Rules
from harness.probes.grafana_variables import used
from harness.probes.panel_selectors import selectors

PROJECT = Path(__file__).parents[2]
PANELS = {
    "api-performance": 6,
    "database-performance": 6,
    "cache-health": 4,
    "business-metrics": 6,
    "system-health": 6,
    "error-analysis": 6,
    "user-activity": 5,
    "alert-status": 6,
    "audit-compliance": 5,
    "nlu-intelligence": 6,
}
GRAFANAS = {"__interval", "__rate_interval", "__range", "__url_time_range"}


@cache
def configuration() -> Configuration:
    return Configuration.load(PROJECT / "config-under-test")


@cache
def dashboards() -> dict[str, Dashboard]:
    return {dashboard.uid: dashboard for dashboard in configuration().of(Dashboard)}


@cache
def fixture(name: str) -> Any:
    return yaml.safe_load((PROJECT / "fixtures" / f"{name}.yml").read_text(encoding="utf-8"))


def panels() -> list[tuple[str, Panel]]:
    return [(uid, panel) for uid, dashboard in dashboards().items() for panel in dashboard.panels]


def test_the_ten_dashboards_have_their_panels() -> None:
    assert {uid: len(dashboard.panels) for uid, dashboard in dashboards().items()} == PANELS
    assert sum(PANELS.values()) == 56


def test_together_they_are_under_a_megabyte() -> None:
    assert sum((configuration().folder / d.file).stat().st_size for d in dashboards().values()) < 1_000_000


@pytest.mark.parametrize("uid", PANELS)
def test_a_dashboard_is_sound(uid: str) -> None:
    dashboard = dashboards()[uid]
    assert Path(dashboard.file).stem == uid
    assert dashboard.refresh == ("5s" if uid == "alert-status" else "10s")
    assert dashboard.tree.get("editable") is False
    assert len({panel.id for panel in dashboard.panels}) == len({panel.title for panel in dashboard.panels})
    assert len({panel.id for panel in dashboard.panels}) == len(dashboard.panels)
    for one, other in combinations(dashboard.panels, 2):
        assert one.grid and other.grid and not one.grid.overlaps(other.grid), (one.title, other.title)
    assert all(panel.grid and panel.grid.x + panel.grid.w <= 24 for panel in dashboard.panels)


@pytest.mark.parametrize("uid", PANELS)
def test_every_variable_is_used_and_every_used_one_is_there(uid: str) -> None:
    dashboard = dashboards()[uid]
    queries = [target.expr for panel in dashboard.panels for target in panel.targets]
    asked = {name for query in queries for name in used(query)} - GRAFANAS
    assert asked == {variable.name for variable in dashboard.variables}


def test_every_panel_says_what_it_is_for_in_which_unit_and_gauges_have_thresholds() -> None:
    for uid, panel in panels():
        where = f"{uid}/{panel.title}"
        assert len(panel.description) > 20 and panel.unit, where
        assert all(target.datasource.uid for target in panel.targets) and panel.targets, where
        if panel.type in ("gauge", "bargauge"):
            assert len(panel.thresholds) >= 3, where


def test_the_audit_dashboard_reads_logs_and_the_others_metrics() -> None:
    for uid, panel in panels():
        expected = "elasticsearch" if uid == "audit-compliance" else "prometheus"
        assert {target.datasource.type for target in panel.targets} == {expected}


def test_only_metrics_of_the_catalog_are_read() -> None:
    known: set[str] = set()
    for metric in fixture("catalog")["metrics"]:
        parts = ("_bucket", "_sum", "_count") if metric["type"] == "histogram" else ("",)
        known.update(metric["name"] + part for part in parts)
    for uid, panel in panels():
        for target in panel.targets:
            if target.datasource.type == "prometheus":
                expr = target.expr.replace("$__rate_interval", "1m").replace("$__range", "1h")
                found = {selector.metric for selector in selectors(expr)}
                assert found and found <= known, (uid, panel.title, found - known)


def test_every_runbook_linked_is_an_alerts_and_every_alerts_dashboard_is_here() -> None:
    alerts = [alert for rules in configuration().of(Rules) for alert in rules.alerts]
    runbooks = {alert.annotations.get("runbook_url") for alert in alerts}
    for dashboard in dashboards().values():
        links = [
            link
            for view in (dashboard.tree.view, *(p.view for p in dashboard.panels))
            for link in view.mappings("links")
        ]
        urls = {link.text("url") for link in links} - {""}
        assert {url for url in urls if url.startswith("http")} <= runbooks
        internal = {url.split("?")[0].removeprefix("/d/") for url in urls if url.startswith("/d/")}
        assert internal <= set(PANELS)
    assert {alert.annotations["dashboard"].rsplit("/", 1)[-1] for alert in alerts} <= set(PANELS)


def test_leave_to_be_empty_is_given_to_panels_that_exist_with_a_reason() -> None:
    titles = {f"{uid}/{panel.title}": {t.ref for t in panel.targets} for uid, panel in panels()}
    allowances = Expectations.of({"panels": fixture("panels")}).allowances
    assert len(allowances) == len(fixture("panels")["may_be_empty"])
    for allowance in allowances:
        assert set(allowance.targets) <= titles[allowance.panel]
