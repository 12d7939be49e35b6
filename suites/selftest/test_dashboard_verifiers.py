"""The verifiers of the dashboards suite on histories written as literals: what must fail fails, and nothing passes
unearned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from harness.checks.dashboards.dashboard_load import ALL_PANELS, DashboardLoad, quantile, quantile_interval
from harness.checks.dashboards.panel_data import PanelData
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Verdict

FILE = "dashboards/shop.json"
EXPR = "sum(rate(orders_total[5m])) or vector(0)"
BASELINES = {"baselines": [{"id": "dashboard-load", "limit": 3, "unit": "s"}]}
CATALOG = {"metrics": [{"name": "orders_total"}]}
LEVELS = {"grafana": Level.STAND_IN, "prometheus": Level.NATIVE, "elasticsearch": Level.NATIVE}
VARIABLE = {"name": "shop", "type": "query", "query": "label_values(up, shop)"}


def configuration(*exprs: str, variables: Any = (), annotations: Any = ()) -> Configuration:
    panels = [
        {"id": n, "title": f"P{n}", "type": "stat", "targets": [{"refId": "A", "expr": expr}]}
        for n, expr in enumerate(exprs, 1)
    ]
    document = {
        "uid": "shop",
        "schemaVersion": 41,
        "panels": panels,
        "templating": {"list": list(variables)},
        "annotations": {"list": list(annotations)},
    }
    return Configuration.of_texts({FILE: json.dumps(document, indent=1)})


def context(documents: Configuration, panels: Any = ()) -> Context:
    fixtures = {"baselines": BASELINES, "catalog": CATALOG, "panels": {"may_be_empty": list(panels)}}
    return Context(documents, fixtures, LEVELS)


def judged(check: type[Check], documents: Configuration, *seen: Observation, panels: Any = ()) -> Judgement:
    return judge(check(), History.of(*seen), context(documents, panels))


def panel(number: int = 1, state: str = "data", **more: Any) -> Observation:
    target = {"ref": "A", "state": state, "message": "", "absent_metrics": [], "absent_selectors": [], **more}
    data = {"dashboard": "shop", "panel": number, "title": f"P{number}", "state": state, "targets": [target]}
    return Observation(0.0, "panel", f"shop/P{number}", data)


ONE = configuration(EXPR)


def test_a_panel_with_data_passes() -> None:
    result = judged(PanelData, ONE, panel())
    assert result.verdict is Verdict.PASS
    assert result.level is Level.STAND_IN
    assert result.proofs[0].samples == 1


def test_nothing_recorded_is_unknown_not_pass() -> None:
    assert judged(PanelData, ONE).verdict is Verdict.UNKNOWN


def test_no_dashboards_are_unknown_not_pass() -> None:
    assert judged(PanelData, Configuration.of_texts({})).verdict is Verdict.UNKNOWN
    assert judged(DashboardLoad, Configuration.of_texts({})).verdict is Verdict.UNKNOWN


def test_one_panel_that_nobody_asked_is_unknown_whatever_the_others_show() -> None:
    result = judged(PanelData, configuration(EXPR, EXPR), panel(1))
    assert result.verdict is Verdict.UNKNOWN and "P2" in result.reason


def test_a_query_that_was_not_asked_is_unknown() -> None:
    assert judged(PanelData, ONE, panel(ref="B")).verdict is Verdict.UNKNOWN


def test_an_error_fails_with_what_was_said() -> None:
    result = judged(PanelData, ONE, panel(state="error", message="bad_data: parse error"))
    assert result.verdict is Verdict.FAIL and "parse error" in result.findings[0].message


def test_a_metric_nobody_emits_fails_at_its_name_though_the_panel_shows_zero() -> None:
    documents = configuration("sum(rate(order_total[5m])) or vector(0)")
    result = judged(PanelData, documents, panel(state="data", absent_metrics=["order_total"]))
    assert result.verdict is Verdict.FAIL
    finding = result.findings[0]
    line = documents.text(FILE).splitlines()[finding.position.line - 1]  # type: ignore[union-attr]
    assert line[finding.position.column - 1 :].startswith("order_total")
    assert finding.message.endswith("nobody emits; did you mean orders_total?")


def test_labels_that_match_nothing_fail_though_the_panel_shows_zero() -> None:
    result = judged(PanelData, ONE, panel(absent_selectors=['orders_total{state="payed"}']))
    assert result.verdict is Verdict.FAIL and "payed" in result.findings[0].message


@pytest.mark.parametrize("state", ["no-data", "nan"])
def test_an_empty_panel_fails_unless_it_may_be_empty(state: str) -> None:
    assert judged(PanelData, ONE, panel(state=state)).verdict is Verdict.FAIL
    allowed = {"panel": "shop/P1", "states": [state], "reason": "no orders at night"}
    assert judged(PanelData, ONE, panel(state=state), panels=[allowed]).verdict is Verdict.PASS


def test_leave_to_be_empty_is_for_its_panel_target_and_state_only_and_needs_a_reason() -> None:
    for wrong in ({"panel": "shop/P2"}, {"targets": ["B"]}, {"states": ["nan"]}, {"reason": ""}):
        allowed = {"panel": "shop/P1", "states": ["no-data"], "reason": "night", **wrong}
        assert judged(PanelData, ONE, panel(state="no-data"), panels=[allowed]).verdict is Verdict.FAIL


def test_leave_to_be_empty_is_no_leave_to_read_what_nobody_emits() -> None:
    allowed = {"panel": "shop/P1", "states": ["no-data"], "reason": "night"}
    seen = panel(state="no-data", absent_metrics=["orders_total"])
    assert judged(PanelData, ONE, seen, panels=[allowed]).verdict is Verdict.FAIL
    allowed["absent"] = ["orders_total"]
    assert judged(PanelData, ONE, seen, panels=[allowed]).verdict is Verdict.PASS


def test_logs_that_match_nothing_fail_but_without_any_logs_it_is_unknown() -> None:
    assert judged(PanelData, ONE, panel(state="no-data", documents=10)).verdict is Verdict.FAIL
    assert judged(PanelData, ONE, panel(state="no-data", documents=0)).verdict is Verdict.UNKNOWN


def test_what_could_not_be_looked_up_is_unknown() -> None:
    assert judged(PanelData, ONE, panel(unchecked="no connection")).verdict is Verdict.UNKNOWN


def test_the_last_answer_counts() -> None:
    assert judged(PanelData, ONE, panel(state="no-data"), panel()).verdict is Verdict.PASS


def variable(state: str) -> Observation:
    return Observation(0.0, "dashboard-variable", "shop/$shop", {"state": state, "message": ""})


def test_variables_must_offer_something() -> None:
    documents = configuration(EXPR, variables=[VARIABLE])
    assert judged(PanelData, documents, panel()).verdict is Verdict.UNKNOWN
    assert judged(PanelData, documents, panel(), variable("no-data")).verdict is Verdict.FAIL
    assert judged(PanelData, documents, panel(), variable("data")).verdict is Verdict.PASS


def test_annotations_must_not_fail_but_may_be_quiet() -> None:
    documents = configuration(EXPR, annotations=[{"name": "deploys", "target": {"expr": "changes(x[1m]) > 0"}}])

    def note(state: str) -> Observation:
        return Observation(0.0, "dashboard-annotation", "shop/deploys", {"state": state, "message": "refused"})

    assert judged(PanelData, documents, panel(), note("error")).verdict is Verdict.FAIL
    assert judged(PanelData, documents, panel(), note("no-data")).verdict is Verdict.PASS


def load(seconds: float, subject: str = "shop", **more: Any) -> Observation:
    data = {"seconds": seconds, "panels": 2, "with_data": 2, "queries": 4, "errors": 0, "cold": False}
    slowest = {"slowest": "shop/P1", "slowest_seconds": seconds / 2}
    return Observation(0.0, "dashboard-load", subject, {**data, **slowest, **more})


TWO = configuration(EXPR, EXPR)
TOGETHER = load(0.9, ALL_PANELS)


def loads(seconds: Sequence[float], **more: Any) -> list[Observation]:
    return [load(one, **more) for one in seconds]


def test_quick_loads_pass_with_the_worse_of_the_two_figures() -> None:
    result = judged(DashboardLoad, TWO, load(0.5, cold=True), *loads([0.1] * 110), TOGETHER)
    assert result.verdict is Verdict.PASS
    proof = result.proofs[0]
    assert (proof.value, proof.limit, proof.unit, proof.samples) == (0.9, 3.0, "s", 112)
    assert "slowest cold 0.50 s" in proof.statement


def test_a_slow_dashboard_fails_and_names_its_slowest_panel() -> None:
    result = judged(DashboardLoad, TWO, *loads([3.5] * 60), TOGETHER)
    assert result.verdict is Verdict.FAIL
    assert "P1" in result.findings[0].message and result.findings[0].position.file == FILE


def test_one_outlier_of_many_is_no_failure() -> None:
    assert judged(DashboardLoad, TWO, *loads([0.1] * 119 + [9.0]), TOGETHER).verdict is Verdict.PASS


def test_all_panels_at_once_must_be_in_time_too() -> None:
    assert judged(DashboardLoad, TWO, *loads([0.1] * 110), load(3.1, ALL_PANELS)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [TOGETHER],
        loads([0.1] * 110),
        [*loads([0.1] * 10), TOGETHER],
        [*loads([0.1] * 110), *loads([0.01], errors=1), TOGETHER],
        [*loads([0.1] * 110, with_data=0), TOGETHER],
        [*loads([0.1] * 110, queries=0), TOGETHER],
        [*loads([0.1] * 110, panels=1, with_data=1), TOGETHER],
        [*loads([0.1] * 110), load(0.1, ALL_PANELS, panels=1, with_data=1)],
        [*loads([0.1] * 110), load(0.1, ALL_PANELS, errors=3)],
    ],
    ids=["nothing", "no single loads", "never all at once", "too few", "a failed query", "empty", "no queries",
         "a panel left out", "a panel left out at once", "failed at once"],
)  # fmt: skip
def test_a_quick_nothing_is_unknown_not_pass(seen: list[Observation]) -> None:
    assert judged(DashboardLoad, TWO, *seen).verdict is Verdict.UNKNOWN


def test_quantiles_by_hand() -> None:
    values = [float(n) for n in range(1, 101)]
    assert quantile(values, 0.95) == 95 and quantile([7.0], 0.95) == 7
    low, high = quantile_interval(values, 0.95)
    assert (low, high) == (90.0, 100.0)
