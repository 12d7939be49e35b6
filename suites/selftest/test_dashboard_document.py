"""Dashboards are read with every query, wherever Grafana's versions have put it, and with positions."""

from __future__ import annotations

import json
from typing import Any

from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard, GridPosition

FILE = "dashboards/shop.json"


def loaded(document: Any) -> Dashboard:
    text = document if isinstance(document, str) else json.dumps(document, indent=2)
    return Configuration.of_texts({FILE: text}).of(Dashboard)[0]


def panel(**more: Any) -> dict[str, Any]:
    return {"id": 1, "title": "Orders", "type": "timeseries", "targets": [], **more}


def dashboard(*panels: Any, **more: Any) -> dict[str, Any]:
    return {"uid": "shop", "title": "Shop", "schemaVersion": 41, "panels": list(panels), **more}


def test_panels_in_rows_are_panels_and_rows_are_none() -> None:
    collapsed = {"type": "row", "panels": [panel(id=2)]}
    assert [p.id for p in loaded(dashboard({"type": "row", "panels": []}, panel(), collapsed)).panels] == [1, 2]


def test_a_target_inherits_the_datasource_of_its_panel() -> None:
    given = panel(datasource={"type": "prometheus", "uid": "p"}, targets=[{"refId": "A", "expr": "up"}])
    target = loaded(dashboard(given)).panels[0].targets[0]
    assert (target.datasource.type, target.datasource.uid, target.expr) == ("prometheus", "p", "up")


def test_a_datasource_named_the_old_way_is_kept() -> None:
    assert loaded(dashboard(panel(datasource="Prometheus"))).panels[0].datasource.uid == "Prometheus"


def test_an_elasticsearch_target_has_its_lucene_query_as_expression() -> None:
    target = loaded(dashboard(panel(targets=[{"refId": "A", "query": "level:error"}]))).panels[0].targets[0]
    assert (target.expr, target.stored_as) == ("level:error", "query")


def test_a_token_of_a_query_has_its_own_position() -> None:
    text = '{"uid": "a", "schemaVersion": 1, "panels": [{"targets": [{"expr": "sum(\\"x\\", up)"}]}]}'
    target = loaded(text).panels[0].targets[0]
    where = target.inside(target.expr.index("up"), 2)
    assert text[where.column - 1 :][:2] == "up" and where.file == FILE


def test_variables_are_read_however_their_query_is_stored() -> None:
    listed = [
        {"name": "a", "type": "query", "query": {"query": "label_values(up, job)"}, "multi": True},
        {"name": "b", "type": "query", "query": "label_values(up, job)", "includeAll": True, "allValue": ".*"},
    ]
    first, second = loaded(dashboard(templating={"list": listed})).variables
    assert first.query == second.query == "label_values(up, job)"
    assert (first.multi, first.include_all, second.all_value) == (True, False, ".*")


def test_annotations_new_old_and_built_in() -> None:
    listed = [
        {"name": "built in", "builtIn": 1, "target": {"expr": "ignored"}},
        {"name": "new", "enable": True, "target": {"expr": "ALERTS", "interval": "30s"}},
        {"name": "old", "enable": False, "expr": "up == 0", "step": "15s"},
    ]
    read = [(a.name, a.expr, a.step, a.enabled) for a in loaded(dashboard(annotations={"list": listed})).annotations]
    assert read == [("built in", "", "60s", True), ("new", "ALERTS", "30s", True), ("old", "up == 0", "15s", False)]


def test_wrong_shapes_are_complained_about_and_left_out() -> None:
    read = Configuration.of_texts({FILE: json.dumps(dashboard("no panel", panel(gridPos={"x": 0})))})
    assert len(read.of(Dashboard)[0].panels) == 1
    assert read.of(Dashboard)[0].panels[0].grid is None
    assert [error.at.file for error in read.of(Dashboard)[0].tree.complaints if error.at] == [FILE]


def test_other_json_is_no_dashboard() -> None:
    assert not Configuration.of_texts({"a.json": '{"panels": []}', "b.json": "[1]"}).of(Dashboard)


def test_overlap() -> None:
    left = GridPosition(0, 0, 12, 8)
    assert left.overlaps(GridPosition(11, 7, 2, 2))
    assert not left.overlaps(GridPosition(12, 0, 12, 8))
    assert not left.overlaps(GridPosition(0, 8, 12, 8))
