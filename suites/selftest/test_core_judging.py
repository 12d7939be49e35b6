"""From outcomes to verdicts: nothing passes unearned, and what could not be decided is said."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from harness import suites
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import baselines, beyond_reach, judge, of_whole_run, overall, requirements, sign_off
from harness.model import (
    Evidence,
    Gap,
    History,
    Judgement,
    Level,
    Outcome,
    Position,
    Proof,
    RequirementResult,
    Severity,
    Verdict,
    itself,
    worst,
)
from harness.registry import discover
from suites.selftest.running import PROJECT

LEVELS = {"prometheus": Level.NATIVE, "logstash": Level.STAND_IN}
CONTEXT = Context(Configuration.of_texts({}), {}, LEVELS)
PROOF = Proof("12 of 12 arrived", 12, ("prometheus",), 0.4, 5.0, "s", (Evidence("notification", "all"),))


class Says(Check):
    """Yields what it was given. And nothing else."""

    subject, baseline = History, "latency"

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self._outcomes = outcomes

    def examine(self, history: History, context: Context) -> Any:
        for outcome in self._outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome

    def found(self, severity: Severity) -> Outcome:
        return self.finding(Position("rules.yml", 3, 5), "wrong", severity=severity)


def judged(*outcomes: Outcome | Exception) -> Judgement:
    return judge(Says(*outcomes), History.of(), CONTEXT)


def found(severity: Severity = Severity.BUG) -> Outcome:
    return Says().found(severity)


def test_a_proof_passes_and_its_statement_is_the_reason():
    judgement = judged(PROOF)
    assert (judgement.verdict, judgement.reason) == (Verdict.PASS, "12 of 12 arrived")
    assert judgement.title == "Yields what it was given. And nothing else."


def test_nothing_seen_is_unknown():
    assert judged().verdict is Verdict.UNKNOWN
    assert judged().reason == "nothing was seen that could prove it"


def test_a_crash_is_unknown_and_takes_what_was_proven_before_with_it():
    judgement = judged(PROOF, ZeroDivisionError("by zero"))
    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.reason == "the check itself failed: ZeroDivisionError: by zero"
    assert judgement.proofs == ()


def test_a_check_that_yields_nothing_iterable_is_unknown():
    class Returns(Says):
        """Returns nothing."""

        def examine(self, history: History, context: Context) -> Any:
            return None

    assert judge(Returns(), History.of(), CONTEXT).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("severity", [Severity.BUG, Severity.FATAL])
def test_a_bug_fails_whatever_else_was_proven(severity):
    judgement = judged(PROOF, found(severity), Gap("not looked at"))
    assert (judgement.verdict, judgement.reason) == (Verdict.FAIL, "wrong")


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
def test_a_lesser_finding_does_not_fail_but_does_not_prove_either(severity):
    assert judged(PROOF, found(severity)).verdict is Verdict.PASS
    assert judged(found(severity)).verdict is Verdict.UNKNOWN


def test_an_open_gap_beside_a_proof_is_unknown():
    judgement = judged(PROOF, Gap("the second half was not seen"))
    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "the second half was not seen")
    assert not beyond_reach(judgement)


def test_a_gap_that_needs_a_higher_level_beside_a_proof_is_beyond_reach_and_no_pass():
    judgement = judged(PROOF, Gap("no lifecycle module", Level.CONTAINER))
    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "no lifecycle module")
    assert beyond_reach(judgement)


def test_a_gap_that_needs_a_higher_level_alone_is_unknown_and_beyond_reach():
    judgement = judged(Gap("no Kibana", Level.CONTAINER))
    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "no Kibana")
    assert beyond_reach(judgement)


@pytest.mark.parametrize(
    "judgement",
    [judged(PROOF), judged(), judged(ValueError()), judged(found()), judged(Gap("a", Level.CONTAINER), Gap("b"))],
)
def test_nothing_else_is_beyond_reach(judgement):
    assert not beyond_reach(judgement)


def test_the_level_is_the_weakest_service_seen():
    assert judged(PROOF).level is Level.NATIVE
    assert judged(PROOF, Proof("and", 1, ("logstash",))).level is Level.STAND_IN
    assert judged(PROOF, Proof("and", 1, ("never-seen",))).level is Level.STATIC
    assert judged(Proof("of nobody", 1)).level is Level.STATIC


def test_the_verdict_of_several_is_the_worst_and_of_none_is_unknown():
    assert worst([]) is Verdict.UNKNOWN
    assert worst([Verdict.PASS, Verdict.UNKNOWN]) is Verdict.UNKNOWN
    assert worst([Verdict.UNKNOWN, Verdict.FAIL, Verdict.PASS]) is Verdict.FAIL


def test_overall_leaves_out_what_this_machine_cannot_reach_and_nothing_else():
    beyond = judged(Gap("no Kibana", Level.CONTAINER))
    assert overall([judged(PROOF), beyond]) is Verdict.PASS
    assert overall([judged(PROOF), beyond, judged()]) is Verdict.UNKNOWN
    assert overall([judged(PROOF), judged(found())]) is Verdict.FAIL


def test_overall_of_nothing_that_could_be_judged_is_unknown():
    assert overall([]) is Verdict.UNKNOWN
    assert overall([judged(Gap("no Kibana", Level.CONTAINER))]) is Verdict.UNKNOWN


LATENCY = {"id": "latency", "title": "Latency", "source": "< 5 s", "limit": 5, "unit": "s"}


def baseline(entry: dict[str, Any], *judgements: Judgement) -> Any:
    return baselines({"baselines": [entry]}, judgements, ["alerting"])[0]


def test_a_baseline_carries_the_measured_figure():
    result = baseline(LATENCY, judged(PROOF))
    assert (result.verdict, result.value, result.limit, result.unit, result.samples) == (Verdict.PASS, 0.4, 5, "s", 12)
    assert (result.level, result.statement, result.checks) == (Level.NATIVE, "12 of 12 arrived", (Says().id,))
    assert result.evidence == PROOF.evidence


def test_a_baseline_over_its_limit_keeps_the_figure_and_says_the_finding():
    result = baseline(LATENCY, judged(PROOF, found()))
    assert (result.verdict, result.value, result.statement) == (Verdict.FAIL, 0.4, "wrong")


def test_a_baseline_nobody_measured_is_unknown_and_names_the_suites_that_ran():
    result = baseline(LATENCY)
    assert (result.verdict, result.value, result.samples) == (Verdict.UNKNOWN, None, 0)
    assert result.statement == "not measured in this run (suites: alerting)"


def test_a_baseline_that_is_not_measured_yet_says_why():
    assert baseline({**LATENCY, "not_measured_yet": "runbooks are not run"}).statement == "runbooks are not run"


def test_a_baseline_is_as_good_as_its_worst_check():
    result = baseline(LATENCY, judged(PROOF), judged(Gap("never rolled over")))
    assert (result.verdict, result.statement) == (Verdict.UNKNOWN, "never rolled over; proven: 12 of 12 arrived")


def test_a_check_of_another_baseline_does_not_count():
    assert baseline({**LATENCY, "id": "other"}, judged(PROOF)).verdict is Verdict.UNKNOWN


def line(**more: Any) -> dict[str, Any]:
    checks = {"checks": [Says().id], "services": ["prometheus"], "level": "native"}
    return {"id": "operations/routing", "stakeholder": "Operations", "title": "Routing works", **checks, **more}


def required(entry: dict[str, Any], *judgements: Judgement) -> RequirementResult:
    return requirements({"requirements": [entry]}, judgements, LEVELS)[0]


def test_a_requirement_passes_on_its_checks():
    result = required(line(), judged(PROOF))
    assert (result.verdict, result.level, result.required_level) == (Verdict.PASS, Level.NATIVE, Level.NATIVE)
    assert (result.statement, result.checks) == ("1 check passed", (Says().id,))


def test_a_requirement_whose_check_did_not_run_is_unknown_though_the_others_passed():
    result = required(line(checks=[Says().id, "searches/*"]), judged(PROOF))
    assert (result.verdict, result.statement) == (Verdict.UNKNOWN, "not run: searches/*")


def test_a_failed_requirement_stays_failed_when_another_check_did_not_run():
    assert required(line(checks=[Says().id, "searches/*"]), judged(found())).verdict is Verdict.FAIL


def test_a_pattern_matches_every_check_of_a_suite():
    pattern = Says().id.split("/")[0] + "*"
    assert required(line(checks=[pattern]), judged(PROOF), judged(found())).verdict is Verdict.FAIL


def test_a_line_for_a_person_carries_no_verdict_of_ours():
    result = required(line(by_person=True), judged(PROOF))
    assert (result.verdict, result.statement, result.by_person) == (Verdict.UNKNOWN, "for a person to judge", True)


def test_the_level_of_a_requirement_is_its_weakest_service():
    assert required(line(services=["prometheus", "logstash"]), judged(PROOF)).level is Level.STAND_IN
    assert required(line(services=["prometheus", "absent"]), judged(PROOF)).level is Level.STATIC


def test_what_needs_a_higher_level_keeps_a_requirement_from_being_met():
    result = required(line(), judged(PROOF, Gap("deletion is not judged", Level.CONTAINER)))
    assert (result.verdict, result.statement) == (Verdict.UNKNOWN, "deletion is not judged (needs container)")


def test_signed_for_when_every_line_of_ours_is_proven_at_its_level():
    lines = [required(line(), judged(PROOF)), required(line(id="engineering/x", by_person=True, checks=[]))]
    assert sign_off(lines) == (Verdict.PASS, ())


def test_a_level_too_low_is_not_proven():
    verdict, missing = sign_off([required(line(level="container"), judged(PROOF))])
    assert verdict is Verdict.UNKNOWN
    assert missing == ("operations/routing: proven at level native only, production needs container",)


def test_a_failed_line_fails_the_sign_off_and_is_named():
    verdict, missing = sign_off([required(line(level="container"), judged(PROOF)), required(line(), judged(found()))])
    assert verdict is Verdict.FAIL
    assert missing[1] == "operations/routing: fail: wrong"


@pytest.mark.parametrize("lines", [[], [line(by_person=True)]])
def test_a_sign_off_with_no_line_of_ours_is_unknown(lines):
    assert sign_off([required(entry) for entry in lines])[0] is Verdict.UNKNOWN


def test_levels_and_verdicts_are_spoken_as_a_person_writes_them():
    assert [level.label for level in Level] == ["static", "stand-in", "engine", "native", "container"]
    assert [Level.of(level.label) for level in Level] == list(Level)
    with pytest.raises(KeyError):
        Level.of("real")
    assert str(Position("rules.yml", 3, 5)) == "rules.yml:3:5"


def test_a_gap_that_this_machine_could_close_is_told_before_one_it_could_not():
    judgement = judged(PROOF, Gap("no lifecycle module", Level.CONTAINER), Gap("Prometheus was not asked"))
    assert judgement.reason == "Prometheus was not asked"
    assert not beyond_reach(judgement)


def test_a_baseline_half_proven_says_why_and_what_was_proven():
    result = baseline(LATENCY, judged(PROOF), judged(Gap("deletion is not judged", Level.CONTAINER)))
    assert (result.verdict, result.statement) == (
        Verdict.UNKNOWN,
        "deletion is not judged; proven: 12 of 12 arrived",
    )


def test_a_baseline_says_whether_its_limit_is_a_floor():
    assert not baseline(LATENCY).at_least
    assert baseline({**LATENCY, "at_least": True}).at_least


def test_what_a_line_says_is_not_judged_keeps_it_from_being_met():
    result = required(line(not_judged="TLS is not spoken here"), judged(PROOF))
    assert (result.verdict, result.statement) == (Verdict.UNKNOWN, "TLS is not spoken here")


def test_what_failed_is_told_before_what_is_not_judged():
    result = required(line(not_judged="TLS is not spoken here"), judged(found()))
    assert (result.verdict, result.statement) == (Verdict.FAIL, "wrong")


def test_a_baseline_that_is_not_proven_keeps_the_sign_off_from_being_given():
    lines = [required(line(), judged(PROOF))]
    assert sign_off(lines, [baseline(LATENCY, judged(PROOF))]) == (Verdict.PASS, ())
    verdict, missing = sign_off(lines, [baseline(LATENCY)])
    assert verdict is Verdict.UNKNOWN
    assert missing == ("baseline latency: unknown: not measured in this run (suites: alerting)",)
    assert sign_off(lines, [baseline(LATENCY, judged(found()))])[0] is Verdict.FAIL


def test_a_suite_left_out_on_purpose_keeps_its_line_open_but_not_what_was_asked_for():
    both = required(line(checks=["logs/delivery", "resilience/*"]))
    only = required(line(checks=["resilience/*"]))
    assert only.verdict is Verdict.UNKNOWN
    assert of_whole_run(Verdict.PASS, [only], ["resilience"]) is Verdict.PASS
    assert of_whole_run(Verdict.PASS, [only]) is Verdict.UNKNOWN
    assert of_whole_run(Verdict.PASS, [both], ["resilience"]) is Verdict.UNKNOWN  # logs did not run either


def test_a_verifier_of_a_suite_on_demand_is_named_after_it():
    """What a run left out is told by the first part of an id, so a line that rests on it must name it by that."""
    on_demand = {name for name, suite in suites.find(PROJECT / "suites").items() if suite.on_demand}
    checks = [kind() for kind in discover("harness.checks", Check)]
    assert on_demand
    assert [one.id for one in checks if one.suite in on_demand and one.suite != one.id.partition("/")[0]] == []


class TestWhoWasPlayedAndTookPart:
    """A product that ran itself while another suite played it has two levels, and no proof may borrow the other's."""

    LEVELS: ClassVar = {"web": Level.STAND_IN, itself("web"): Level.CONTAINER}

    def level_of(self, service: str) -> Level:
        context = Context(Configuration.of_texts({}), {}, self.LEVELS)
        return judge(Says(Proof("seen", 1, (service,))), History.of(), context).level

    def test_a_proof_carries_the_level_of_what_it_rests_on(self):
        assert self.level_of("web") is Level.STAND_IN
        assert self.level_of(itself("web")) is Level.CONTAINER

    def test_a_line_of_the_sign_off_has_the_products_own_level(self):
        judgements = [judge(Says(PROOF), History.of(), CONTEXT)]
        line = {"id": "x", "stakeholder": "S", "title": "T", "level": "container", "services": ["web"], "checks": ["*"]}
        (own,) = requirements({"requirements": [line]}, judgements, self.LEVELS)
        (played,) = requirements({"requirements": [line]}, judgements, {"web": Level.STAND_IN})
        assert (own.level, played.level) == (Level.CONTAINER, Level.STAND_IN)
