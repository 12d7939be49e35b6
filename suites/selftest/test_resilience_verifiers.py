"""Every verifier of a fault, with histories written as literals: green when earned, red with the hop, else unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.checks.resilience.phi import PhiUnderFaults
from harness.checks.resilience.under_fault import UnderFault
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Observation, Severity, Verdict
from harness.registry import discover
from harness.reporters.sections.resilience import faults

PROJECT = Path(__file__).resolve().parents[2]
CONTEXT = Context(Configuration.load(PROJECT / "config-under-test"))
PIPELINE, SHIPPER, COMPOSE = "config/logstash.conf", "config/filebeat.yml", "docker-compose.yml"

VERIFIERS = [
    kind()
    for kind in discover("harness.checks.resilience", UnderFault)  # type: ignore[type-abstract]
]
EFFECTIVE: dict[str, dict[str, Any]] = {
    "steady-load": {"written": 5000},
    "burst": {"written": 50_000},
    "rename-rotation": {"rotations": 9},
    "copytruncate-rotation": {"rotations": 9},
    "filebeat-killed": {"restarted": True, "received_before": 700, "written": 5000},
    "logstash-killed": {"restarted": True, "in_hand": 1000},
    "elasticsearch-down": {"restarted": True, "down_seconds": 31.0, "retried": 900},
    "elasticsearch-read-only": {"retried": 900, "settled_while_blocked": 0},
    "poison-document": {"odd": 5},
    "large-lines": {"largest_bytes": 1_000_000},
    "invalid-utf8": {"odd": 40},
    "nul-bytes": {"odd": 40},
    "stack-traces": {"odd": 40},
}
WITHOUT_EFFECT: dict[str, dict[str, Any]] = {
    "steady-load": {"written": 10},
    "burst": {"written": 4000},
    "rename-rotation": {"rotations": 0},
    "copytruncate-rotation": {"rotations": 0},
    "filebeat-killed": {"received_before": 5000},
    "logstash-killed": {"in_hand": 0},
    "elasticsearch-down": {"down_seconds": 12.0},
    "elasticsearch-read-only": {"settled_while_blocked": 40},
    "poison-document": {"odd": 0},
    "large-lines": {"largest_bytes": 9000},
    "invalid-utf8": {"odd": 0},
    "nul-bytes": {"odd": 0},
    "stack-traces": {"odd": 0},
}


def observed(kind: str, fault: str, data: dict[str, Any]) -> Observation:
    return Observation(1.0, kind, fault, data)


def listed(total: int = 0, hop: str = "") -> dict[str, Any]:
    if not total:
        return {"total": 0, "hops": {}, "lines": []}
    return {"total": total, "hops": {hop: total}, "lines": [{"id": "0a1b2c3d-000000007", "hop": hop}]}


def account(**lists: dict[str, Any]) -> dict[str, Any]:
    counts = {"sent": 100, "stored": 95, "dead_letters": 5, "expected_dead_letters": 5, "resent": 12, "reasons": {}}
    names = ("missing", "misplaced", "duplicated", "altered", "reordered")
    return {**counts, **{name: listed() for name in names}, **lists}


def judged(verifier: UnderFault, what: dict[str, Any] | None = None, **lists: dict[str, Any]) -> Judgement:
    fault = verifier.fault
    data = {"written": 100, "drain_seconds": 2.5, "ended": "complete", **EFFECTIVE[fault], **(what or {})}
    history = History.of(observed("fault", fault, data), observed("line-account", fault, account(**lists)))
    return judge(verifier, history, CONTEXT)


@pytest.fixture(params=VERIFIERS, ids=lambda verifier: verifier.id.split("/")[1])
def fault_verifier(request: pytest.FixtureRequest) -> UnderFault:
    found: UnderFault = request.param
    return found


def test_every_fault_has_a_verifier():
    assert {one.fault for one in VERIFIERS} == EFFECTIVE.keys() == WITHOUT_EFFECT.keys()


def test_every_line_once_passes(fault_verifier):
    judgement = judged(fault_verifier)
    assert judgement.verdict is Verdict.PASS
    assert "95 of 100 lines stored once" in judgement.reason
    assert "12 sent twice and stored once" in judgement.reason


def test_nothing_played_is_unknown(fault_verifier):
    assert judge(fault_verifier, History.of(), CONTEXT).verdict is Verdict.UNKNOWN


def test_lines_that_could_not_be_read_back_are_unknown(fault_verifier):
    history = History.of(observed("fault", fault_verifier.fault, EFFECTIVE[fault_verifier.fault]))
    assert judge(fault_verifier, history, CONTEXT).verdict is Verdict.UNKNOWN


def test_a_fault_without_effect_is_unknown(fault_verifier):
    judgement = judged(fault_verifier, WITHOUT_EFFECT[fault_verifier.fault])
    assert judgement.verdict is Verdict.UNKNOWN
    assert "put nothing to the test" in judgement.reason


def test_a_service_that_was_not_started_again_is_unknown(fault_verifier):
    if "restarted" in EFFECTIVE[fault_verifier.fault] and fault_verifier.fault != "elasticsearch-down":
        assert judged(fault_verifier, {"restarted": False}).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("hop", "file"), [("logstash", PIPELINE), ("elasticsearch", COMPOSE), ("filebeat", SHIPPER), ("rotation", SHIPPER)]
)
def test_a_lost_line_fails_at_its_hop(fault_verifier, hop, file):
    judgement = judged(fault_verifier, missing=listed(3, hop))
    (finding,) = judgement.findings
    assert finding.position.file == file
    assert "3 of 100 lines are lost (e.g. 0a1b2c3d-000000007)" in finding.message
    if hop in fault_verifier.limit_hops:
        assert judgement.verdict is Verdict.PASS
        assert finding.severity is Severity.INFO
        assert "3 lost to the documented limit" in judgement.reason
    else:
        assert judgement.verdict is Verdict.FAIL


def test_pieces_of_lines_are_the_limit_of_copytruncate_and_of_nothing_else(fault_verifier):
    misplaced = listed(1, "a piece of it is a dead letter: _jsonparsefailure")
    judgement = judged(fault_verifier, misplaced=misplaced)
    known = fault_verifier.fault == "copytruncate-rotation"
    assert judgement.verdict is (Verdict.PASS if known else Verdict.FAIL)
    assert [f.severity is Severity.INFO for f in judgement.findings] == [known]


def test_a_piece_beside_its_line_is_no_second_line_under_copytruncate_alone(fault_verifier):
    twice = listed(1, "a piece of it is a dead letter too")
    judgement = judged(fault_verifier, duplicated=twice)
    known = fault_verifier.fault == "copytruncate-rotation"
    assert judgement.verdict is (Verdict.PASS if known else Verdict.FAIL)
    assert not known or judgement.proofs[0].value == 0


def test_a_whole_line_among_the_dead_letters_is_no_piece(fault_verifier):
    assert judged(fault_verifier, misplaced=listed(1, "a dead letter: 400 no")).verdict is Verdict.FAIL


def test_what_else_is_not_where_it_belongs_fails_beside_the_pieces():
    lines = [{"id": "1", "hop": "a piece of it is a dead letter: x"}, {"id": "2", "hop": "another index"}]
    both = {"total": 2, "hops": {"a piece of it is a dead letter: x": 1, "another index": 1}, "lines": lines}
    verifier = next(one for one in VERIFIERS if one.torn)
    judgement = judged(verifier, misplaced=both)
    assert judgement.verdict is Verdict.FAIL
    assert "1 of 100 lines are not where they belong (e.g. 2): another index" in judgement.reason


def test_only_copytruncate_has_a_limit():
    assert [one.fault for one in VERIFIERS if one.limit_hops] == ["copytruncate-rotation"]


@pytest.mark.parametrize("name", ["duplicated", "misplaced", "altered"])
def test_what_is_wrong_with_a_line_fails(fault_verifier, name):
    judgement = judged(fault_verifier, **{name: listed(2, "why")})
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason.startswith("2 of 100 lines")
    assert judgement.reason.endswith(": why")


def test_an_order_is_demanded_where_nothing_is_sent_again(fault_verifier):
    judgement = judged(fault_verifier, reordered=listed(2, "filebeat"))
    expected = Verdict.FAIL if fault_verifier.fault in ("steady-load", "burst") else Verdict.PASS
    assert judgement.verdict is expected
    assert len(judgement.findings) == 1


def test_a_poisoned_document_is_dropped_by_logstash_itself_without_its_dead_letter_queue(broken):
    setting = (COMPOSE, 'DEAD_LETTER_QUEUE_ENABLE: "true"', 'DEAD_LETTER_QUEUE_ENABLE: "false"')
    context = Context(Configuration.load(broken(setting)))
    (found,) = (one for one in VERIFIERS if one.fault == "poison-document")
    data = {"written": 100, "drain_seconds": 2.5, **EFFECTIVE[found.fault]}
    history = History.of(observed("fault", found.fault, data), observed("line-account", found.fault, account()))
    judgement = judge(found, history, context)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].position.file == COMPOSE


def phi(dead: int = 30, **found: Any) -> Observation:
    data = {"documents": 90, "dead_letters_of_lines_with_canaries": dead, "found": {"total": 0, "places": [], **found}}
    return observed("phi-under-faults", "resilience", data)


def test_dead_letters_without_an_identifier_pass():
    judgement = judge(PhiUnderFaults(), History.of(phi()), CONTEXT)
    assert judgement.verdict is Verdict.PASS
    assert "30 of them dead letters" in judgement.reason


@pytest.mark.parametrize("history", [History.of(), History.of(phi(dead=0))])
def test_redaction_of_dead_letters_that_was_not_put_to_the_test_is_unknown(history):
    assert judge(PhiUnderFaults(), history, CONTEXT).verdict is Verdict.UNKNOWN


def test_an_identifier_in_a_dead_letter_fails_at_the_mask_that_lets_it_through():
    place = {"index": "dead", "id": "e-1", "field": "message", "canary": "name Zoë…"}
    judgement = judge(PhiUnderFaults(), History.of(phi(total=2, places=[place])), CONTEXT)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].position.file == PIPELINE
    assert "name Zoë…" in judgement.reason and "2 places" in judgement.reason


def test_the_report_shows_each_fault_with_its_losses_and_their_hops():
    what = {"written": 100, "rotations": 9, "drain_seconds": 2.5}
    (shown,) = faults(
        History.of(
            observed("fault", "copytruncate-rotation", what),
            observed("line-account", "copytruncate-rotation", account(missing=listed(42, "rotation"))),
        )
    )
    assert (shown.name, shown.missing, shown.hops) == ("copytruncate rotation", 42, "rotation 42")
    assert shown.happened == "9 files rotated while written"
    assert (shown.sent, shown.stored, shown.resent, shown.drain_seconds) == (100, 95, 12, 2.5)


def test_a_fault_that_was_not_accounted_for_has_no_counts():
    (shown,) = faults(History.of(observed("fault", "burst", {})))
    assert (shown.sent, shown.missing, shown.drain_seconds) == (None, None, None)
