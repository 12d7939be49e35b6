"""How far lines have come where nothing but counters tells, and what is concluded when no hop can be named."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import requests

from harness.checks.resilience.poison_document import PoisonDocument
from harness.checks.resilience.steady_load import SteadyLoad
from harness.checks.resilience.under_fault import UnderFault
from harness.errors import StackError
from harness.model import Verdict
from harness.probes.log_progress import Counted, Trailed, queued_letters, retries
from harness.probes.log_trail import LogTrail
from suites.selftest.test_resilience_account import FAULT, IDS, account, document, fate, sent
from suites.selftest.test_resilience_verifiers import VERIFIERS, judged, listed


class Answers:
    """What Logstash counts and Elasticsearch holds; None is a service that does not answer."""

    def __init__(self) -> None:
        self.events: int | None = 100
        self.held: set[str] | None = set()

    def events_in(self) -> int:
        if self.events is None:
            raise requests.ConnectionError("refused")
        return self.events

    def stored(self, ids: Collection[str]) -> int:
        if self.held is None:
            raise StackError("Elasticsearch does not answer")
        return len(self.held & set(ids))


def test_lines_are_counted_from_where_the_fault_began():
    told = Answers()
    progress = Counted(told.events_in, told.stored)
    progress.begin()
    assert progress.came(IDS) == 0 and progress.trail is None
    told.events, told.held = 104, {*IDS[:1], "of another suite"}
    assert (progress.came(IDS), progress.settled(IDS), progress.in_hand(IDS)) == (4, 1, 3)
    told.events = 900
    assert progress.came(IDS) == len(IDS), "more than were written cannot be these"


def test_a_service_that_is_down_tells_nothing_new():
    told = Answers()
    progress = Counted(told.events_in, told.stored)
    progress.begin()
    told.events = 103
    assert progress.came(IDS) == 3
    told.events = told.held = None
    assert (progress.came(IDS), progress.settled(IDS), progress.in_hand(IDS)) == (3, 0, 3)


def test_one_that_was_started_again_counts_from_nothing():
    told = Answers()
    progress = Counted(told.events_in, told.stored)
    progress.begin()
    told.events = 5
    assert progress.came(IDS) == 5


def test_a_trail_tells_each_line(tmp_path):
    path = tmp_path / "trail.ndjson"
    path.write_text(f'{{"received":["{IDS[0]}","{IDS[1]}"]}}\n{{"settled":["{IDS[0]}"]}}\n', encoding="utf-8")
    progress = Trailed(LogTrail(path))
    progress.begin()
    assert (progress.came(IDS), progress.settled(IDS), progress.in_hand(IDS)) == (2, 1, 1)


@pytest.mark.parametrize(
    ("statistics", "count"),
    [
        ({"stand_in": {"retries": 7}}, 7),
        ({"plugins": {"outputs": [{"documents": {"retryable_failures": 3}, "bulk_requests": {"failures": 2}}, {}]}}, 5),
        ({"plugins": {"outputs": []}}, 0),
    ],
)
def test_retries_are_what_the_stand_in_counts_or_the_outputs_of_logstash(statistics, count):
    assert retries(statistics) == count


class TestWithoutATrail:
    def untold(self, *stored: int, cut_off: int = 99):
        found = account(*(sent(number) for number in range(3)), cut_off=cut_off)
        for number in stored:
            found.add("logs-1", document(number), dead_letter=False)
        return found.fate(FAULT, {}, {}, set(), told=False)

    def test_a_lost_line_is_laid_at_no_hop_but_the_rotation_is_known(self):
        assert self.untold(0)["missing"]["hops"] == {"untold": 2}
        assert self.untold(0, cut_off=2)["missing"]["hops"] == {"untold": 1, "rotation": 1}

    def test_a_line_stored_twice_does_not_say_how_often_it_was_received(self):
        twice = self.untold(0, 0, 1, 2)["duplicated"]
        assert twice["lines"][0]["hop"] == "stored under different ids"

    def test_with_a_trail_it_says_so(self):
        assert fate(account(sent(0)))["hops_told"] is True and self.untold()["hops_told"] is False

    @pytest.mark.parametrize("one", VERIFIERS, ids=lambda v: v.fault)
    def test_a_loss_is_red_and_says_that_the_hop_cannot_be_told(self, one: UnderFault):
        judgement = judged(one, missing=listed(3, "untold"), hops_told=False)  # type: ignore[arg-type]
        assert judgement.verdict is Verdict.FAIL and "the hop cannot be told" in judgement.reason

    @pytest.mark.parametrize("one", VERIFIERS, ids=lambda v: v.fault)
    def test_an_order_that_nobody_saw_is_not_proven(self, one: UnderFault):
        judgement = judged(one, hops_told=False)  # type: ignore[arg-type]
        assert judgement.verdict is (Verdict.UNKNOWN if one.ordered else Verdict.PASS)
        assert SteadyLoad.ordered and ("cannot be told" in judgement.reason) is one.ordered


class TestPoison:
    """Logstash itself keeps refused documents in its queue on disk, where they are counted and not named."""

    def test_as_many_as_the_queue_took_are_not_lost_and_are_shown(self):
        judgement = judged(PoisonDocument(), {"queued_letters": 5}, missing=listed(5, "untold"), hops_told=False)  # type: ignore[arg-type]
        assert judgement.verdict is Verdict.PASS, judgement
        assert "5 refused documents are in Logstash's dead letter queue" in judgement.findings[0].message

    @pytest.mark.parametrize(("queued", "missing"), [(4, 5), (0, 5), (9, 6)])
    def test_one_more_is_lost(self, queued, missing):
        told = listed(missing, "untold")
        judgement = judged(PoisonDocument(), {"queued_letters": queued}, missing=told, hops_told=False)  # type: ignore[arg-type]
        assert judgement.verdict is Verdict.FAIL

    def test_with_a_trail_no_queue_excuses_a_loss(self):
        judgement = judged(PoisonDocument(), {"queued_letters": 5}, missing=listed(5, "logstash"))
        assert judgement.verdict is Verdict.FAIL

    def test_the_queue_is_counted_over_all_outputs_and_the_stand_in_has_none(self):
        outputs = [{"documents": {"dlq_routed": 2}}, {"documents": {}}, {"documents": {"dlq_routed": 3}}, {}]
        assert queued_letters({"plugins": {"outputs": outputs}}) == 5
        assert queued_letters({"stand_in": {}, "plugins": {"outputs": outputs}}) == 0
