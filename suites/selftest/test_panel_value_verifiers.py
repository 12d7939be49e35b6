"""What is judged of panels' figures, on histories written as literals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.checks.dashboards.log_panel_values import LogPanelValues
from harness.checks.dashboards.panel_sweep import PanelSweep
from harness.checks.dashboards.panel_values import PanelValues
from harness.checks.dashboards.viewers import Viewers
from harness.checks.fortnight.panels import Fortnight
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Verdict

ENGINE = {"grafana": Level.STAND_IN, "grafana-prometheus": Level.ENGINE, "prometheus": Level.NATIVE}
BASELINES = {"baselines": [{"id": "dashboard-load", "limit": 3, "unit": "s"}]}


def configuration(kind: str = "prometheus") -> Configuration:
    target = {"refId": "A", "expr": "x", "datasource": {"type": kind, "uid": "p"}}
    panel = {"id": 1, "title": "P", "type": "timeseries", "targets": [target]}
    text = json.dumps({"uid": "d", "schemaVersion": 41, "refresh": "10s", "panels": [panel]})
    return Configuration.of_texts({"d.json": text})


def judged(check: type[Check], *seen: Observation, kind: str = "prometheus", **panels: Any) -> Judgement:
    fixtures = {"panels": panels, "baselines": BASELINES}
    levels = {**ENGINE, "elasticsearch": Level.NATIVE}
    return judge(check(), History(seen), Context(configuration(kind), fixtures, levels))


def looked(kind: str = "panel-value", repeated: Sequence[str] = (), more: Any = None, **target: Any) -> Observation:
    series = [{"name": "a", "colour": "", "points": [[1, 5.0, 5.0, 5.0]]}]
    given = {"ref": "A", "state": "data", "moments": 1, "series": series, "missing": [], "unexpected": [], **target}
    data = {"repeated": list(repeated), "targets": [given], **(more or {})}
    return Observation(0.0, kind, "d/P", data)


def point(seen: float | None, low: float | None, high: float | None) -> list[dict[str, Any]]:
    return [{"name": "a", "colour": "", "points": [[1, seen, low, high]]}]


def test_what_is_right_passes_at_the_level_of_grafanas_own_code() -> None:
    result = judged(PanelValues, looked())
    assert (result.verdict, result.level) == (Verdict.PASS, Level.ENGINE)


def test_nothing_seen_is_unknown_not_pass() -> None:
    assert judged(PanelValues).verdict is Verdict.UNKNOWN
    assert judged(LogPanelValues, kind="elasticsearch").verdict is Verdict.UNKNOWN
    assert judged(PanelSweep).verdict is Verdict.UNKNOWN
    assert judged(Viewers).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"series": point(4.8, 5, 5)}, "“a” (query A) shows 4.8, must be 5"),
        ({"series": point(0, 5, 6)}, "shows 0, must be 5 to 6"),
        ({"series": point(None, 5, 5)}, "shows nothing, must be 5"),
        ({"series": point(5, None, None)}, "shows 5, must be nothing"),
        ({"missing": ["b"]}, "shows nothing for “b”, which must be there"),
        ({"unexpected": ["c"]}, "shows “c”, which must not be there"),
        ({"hidden": ["b"], "missing": ["b"]}, "an override hides “b”"),
        ({"state": "error", "message": "parse error"}, "query A fails: parse error"),
        ({"state": "not-asked"}, "query A is switched off"),
    ],
)
def test_what_is_wrong_fails(target: Mapping[str, Any], says: str) -> None:
    result = judged(PanelValues, looked(**target))
    assert result.verdict is Verdict.FAIL and len(result.findings) == 1
    assert says in result.findings[0].message and result.findings[0].position.file == "d.json"


def test_two_series_of_one_name_fail() -> None:
    assert judged(PanelValues, looked(repeated=["a"])).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "target", [{"series": point(5.09, 5, 5)}, {"series": point(None, None, None)}, {"series": point(5.5, 5, 6)}]
)
def test_what_is_within_the_tolerance_passes(target: Mapping[str, Any]) -> None:
    assert judged(PanelValues, looked(**target)).verdict is Verdict.PASS


def test_the_tolerance_is_the_fixtures() -> None:
    assert judged(PanelValues, looked(series=point(5.4, 5, 5)), tolerance=0.1).verdict is Verdict.PASS
    assert judged(PanelValues, looked(series=point(5.4, 5, 5)), tolerance=0.01).verdict is Verdict.FAIL


@pytest.mark.parametrize("target", [{"unchecked": "nothing says"}, {"moments": 0, "series": []}])
def test_what_cannot_be_compared_is_unknown_not_pass(target: Mapping[str, Any]) -> None:
    assert judged(PanelValues, looked(**target)).verdict is Verdict.UNKNOWN


def test_what_the_fixture_excuses_is_unknown_not_pass() -> None:
    excuse = [{"panel": "d/P", "targets": ["A"], "reason": "who knows"}]
    result = judged(PanelValues, looked(), not_checked=excuse)
    assert result.verdict is Verdict.UNKNOWN and "who knows" in result.reason


def test_log_lines_are_counted_exactly() -> None:
    def result(count: float) -> Verdict:
        return judged(LogPanelValues, looked(exact=True, series=point(count, 100, 100)), kind="elasticsearch").verdict

    assert result(100) is Verdict.PASS and result(101) is Verdict.FAIL


def swept(span: str, chosen: Mapping[str, str] | None = None, **target: Any) -> Observation:
    return looked("panel-sweep", more={"span": span, "chosen": dict(chosen or {})}, **target)


SPANS = ("5m", "1h", "24h", "15d")


def test_a_sweep_over_every_range_passes_and_says_what_was_left_out() -> None:
    plan = Observation(0.0, "sweep", "d", {"ranges": list(SPANS), "looks": 3, "left_out": 12, "variables": {}})
    result = judged(PanelSweep, *[swept(span) for span in SPANS], plan)
    assert result.verdict is Verdict.PASS and "12 combinations" in result.proofs[0].statement


def test_a_range_that_was_not_looked_at_is_unknown() -> None:
    assert judged(PanelSweep, swept("1h")).verdict is Verdict.UNKNOWN


def test_a_panel_wrong_for_one_choice_fails_and_names_it_once() -> None:
    wrong = [swept("1h", {"role": role}, series=point(0, 5, 5)) for role in ("nurse", "admin")]
    result = judged(PanelSweep, *[swept(span) for span in SPANS], *wrong)
    messages = [finding.message for finding in result.findings]
    assert messages[0].startswith("d/P: “a” (query A, over 1h with $role = nurse) shows 0") and len(messages) == 2
    assert "1 more of 6 looks" in messages[1]


def lived(spans: Sequence[str] = ("15d", "24h", "1h of outage"), **target: Any) -> list[Observation]:
    world = Observation(0.0, "fortnight", "world", {"days": 15.0, "incidents": ["outage"], "dashboards": 1})
    return [world, *[looked("panel-fortnight", more={"span": span, "chosen": {}}, **target) for span in spans]]


def test_a_fortnight_in_which_every_panel_is_right_passes_by_grafanas_own_code() -> None:
    result = judged(Fortnight, *lived())
    assert (result.verdict, result.level) == (Verdict.PASS, Level.ENGINE)
    assert "3 looks at 1 panels over 15 days" in result.proofs[0].statement


def test_a_panel_that_misses_an_incident_fails_and_names_it() -> None:
    result = judged(Fortnight, *lived(("1h of outage",), series=point(0.01, 0.2, 0.2)))
    assert result.verdict is Verdict.FAIL and "over 1h of outage" in result.findings[0].message


@pytest.mark.parametrize(
    "seen",
    [[], lived(()), lived(unchecked="nothing says"), lived(series=[], unchecked="only a running stack tells this")],
    ids=["nothing", "not this panel", "not compared", "only what another suite judges"],
)
def test_a_fortnight_in_which_nothing_was_compared_is_unknown(seen: list[Observation]) -> None:
    assert judged(Fortnight, *seen).verdict is Verdict.UNKNOWN


def load(viewers: int, seconds: float, **more: Any) -> Observation:
    data = {"viewers": viewers, "seconds": seconds, "queries": 4, "errors": 0, "panels": 2, "with_data": 2}
    return Observation(0.0, "viewer-load", "d", {**data, "slowest": "d/P", "slowest_seconds": seconds, **more})


def crowd(*stages: tuple[int, int], failed: str = "") -> Observation:
    return Observation(0.0, "crowd", "locust", {"stages": [list(s) for s in stages], "failed": failed, "loads": 1})


def test_a_crowd_that_is_served_in_time_passes() -> None:
    result = judged(Viewers, crowd((5, 12)), *[load(5, 0.5)] * 30)
    assert result.verdict is Verdict.PASS and "5 viewers: p95 0.50 s" in result.proofs[0].statement


def test_a_crowd_that_waits_fails() -> None:
    slow = [load(5, 0.5)] * 20 + [load(5, 4.0)] * 4
    result = judged(Viewers, crowd((5, 12)), *slow)
    assert result.verdict is Verdict.FAIL and "with 5 viewers a dashboard takes 4.00 s" in result.findings[0].message
    assert result.findings[0].position.file == "d.json"


@pytest.mark.parametrize(
    "seen",
    [
        [crowd((5, 12))],
        [crowd((5, 12), (20, 20)), load(5, 0.1)],
        [crowd((5, 12)), load(5, 0.1), load(5, 0.01, errors=2)],
        [crowd((5, 12)), load(5, 0.1), load(5, 0.01, with_data=0)],
        [crowd((5, 12), failed="locust exited with status 1"), load(5, 0.1)],
    ],
    ids=["nobody loaded", "one stage did not come", "a failed query", "empty", "locust broke off"],
)
def test_a_crowd_that_saw_nothing_is_unknown_not_pass(seen: list[Observation]) -> None:
    assert judged(Viewers, *seen).verdict is Verdict.UNKNOWN
