"""The verifiers of retention and of the world, on histories written as literals."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks.retention.aging import Aging
from harness.checks.retention.conditions import Conditions
from harness.checks.retention.disk import Disk
from harness.checks.searches.export import Export
from harness.checks.searches.fields import Fields
from harness.checks.searches.one_story import OneStory
from harness.checks.searches.scale import Scale
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.judging import beyond_reach, judge
from harness.model import History, Level, Observation, Verdict

DAY = 86400.0
NOW = 1_750_000_000.0
LEVELS = {
    "elasticsearch": Level.NATIVE,
    "prometheus": Level.NATIVE,
    "world": Level.STAND_IN,
    "kibana": Level.STAND_IN,
}
INSTALL = [{"part": "lifecycle", "logs": True, "file": "config/ilm.json", "put": "/_ilm/policy/logs"}]
FIXTURES: dict[str, Any] = {
    "baselines": {
        "baselines": [
            {"id": "retention", "limit": 30, "volume_gigabytes": 200},
            {"id": "log-query", "limit": 5},
        ]
    },
    "deployment": {"elasticsearch": {"install": INSTALL}},
    "searches": {"export": "A", "searches": {}},
}
SEARCH = """[{"type": "search", "id": "a", "attributes": {"title": "A", "columns": ["level", "note"],
  "sort": [["note", "asc"]], "kibanaSavedObjectMeta": {"searchSourceJSON":
  "{\\"query\\": {\\"query\\": \\"level: error\\", \\"language\\": \\"kuery\\"}}"}}}]"""
CONTEXT = Context(Configuration.of_texts({"config/kibana/s.json": SEARCH}), FIXTURES, LEVELS)


def verdict(check: Any, *seen: Observation) -> tuple[Verdict, str]:
    judged = judge(check, History.of(*seen), CONTEXT)
    return judged.verdict, judged.reason


# aging


def aged(**changed: Any) -> Observation:
    step = {
        "now": NOW,
        "deleted": ["logs-000001"],
        "documents_deleted": 10,
        "newest_deleted": NOW - 30.5 * DAY,
        "oldest_left": NOW - 30.4 * DAY,
        "newest_left": NOW,
        "documents_left": 90,
        "expected_left": 90,
    }
    kept = changed.pop("kept_seconds", 30 * DAY)
    return Observation(
        0.0, "retention-aging", "logs", {"kept_seconds": kept, "rollover_seconds": DAY, "steps": [{**step, **changed}]}
    )


def test_what_is_past_its_time_goes_and_the_rest_stays():
    assert verdict(Aging(), aged())[0] is Verdict.PASS


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"newest_deleted": NOW - 29 * DAY}, "only 29.0 d old went with logs-000001"),
        ({"oldest_left": NOW - 45 * DAY}, "lines are left that are 45.0 d old"),
        ({"documents_left": 80}, "80 documents are left of the 90"),
        ({"kept_seconds": None}, "deletes nothing"),
    ],
)
def test_what_goes_early_or_stays_late_fails(changed, says):
    found, reason = verdict(Aging(), aged(**changed))
    assert found is Verdict.FAIL
    assert says in reason


def test_nothing_deleted_proves_nothing():
    assert verdict(Aging(), aged(documents_deleted=0, newest_deleted=None))[0] is Verdict.UNKNOWN
    assert verdict(Aging())[0] is Verdict.UNKNOWN


# conditions


def conditions(now: dict[str, bool], come: dict[str, bool], status: int = 200) -> Observation:
    told = {name: {"status": status, "holds": holds, "answer": ""} for name, holds in
            (("as they are", now), ("of age", come))}  # fmt: skip
    return Observation(0.0, "rollover-conditions", "logs", {"conditions": {"max_age": "1d"}, **told})


def test_conditions_that_hold_when_they_should_pass():
    fresh, come = {"[max_age: 1d]": False, "[min_docs: 1]": True}, {"[max_age: 1ms]": True, "[min_docs: 1]": True}
    assert verdict(Conditions(), conditions(fresh, come))[0] is Verdict.PASS


@pytest.mark.parametrize(
    ("now", "come", "status", "says"),
    [
        ({"[max_age: 1s]": True}, {"[max_age: 1ms]": True}, 200, "would roll over at once"),
        ({"[max_age: 1d]": False}, {"[max_age: 1ms]": False}, 200, "would not roll over"),
        ({}, {}, 400, "refuses the conditions"),
    ],
)
def test_conditions_that_never_or_always_hold_fail(now, come, status, says):
    found, reason = verdict(Conditions(), conditions(now, come, status))
    assert found is Verdict.FAIL
    assert says in reason


# disk


def disk(size: int, scale: int = 1000) -> Observation:
    data = {"documents": 1000, "bytes": size, "indices": 29, "lines_per_second": 117.45, "kept_days": 30.0}
    return Observation(0.0, "retention-disk", "logs", {**data, "scale": scale, "full_scale": 1000})


def test_thirty_days_that_fit_pass_and_say_how_much():
    found, reason = verdict(Disk(), disk(300_000))
    assert found is Verdict.PASS
    assert "300 bytes a document, 10.1 M documents and 3.04 GB a day, 94 GB in 31 days, of 200 GB" in reason


def test_thirty_days_that_do_not_fit_fail():
    assert verdict(Disk(), disk(700_000))[0] is Verdict.FAIL


def test_a_small_world_says_nothing_of_the_disk():
    judged = judge(Disk(), History.of(disk(300_000, scale=10)), CONTEXT)
    assert judged.verdict is Verdict.UNKNOWN
    assert beyond_reach(judged)


# scale


def corpus(documents: int, scale: int) -> Observation:
    made = {"scale": scale, "full_scale": 1000, "lines": 1000, "dead_letters": 3, "lost": 0}
    return Observation(0.0, "search-corpus", "logs", {"documents": documents, "shards": 210, "days": 30.0, **made})


def test_the_full_world_passes_and_a_small_one_keeps_the_sign_off_open():
    assert verdict(Scale(), corpus(1000, 1000))[0] is Verdict.PASS
    judged = judge(Scale(), History.of(corpus(1000, 10)), CONTEXT)
    assert (judged.verdict, beyond_reach(judged)) == (Verdict.UNKNOWN, True)
    assert "harness world" in judged.reason


def test_lines_that_are_not_in_the_indices_fail():
    found, reason = verdict(Scale(), corpus(997, 1000))
    assert (found, "3 are dead letters" in reason) == (Verdict.FAIL, True)


# fields


def fields(**known: Any) -> Observation:
    keyword = {"types": ["keyword"], "searchable": True, "aggregatable": True}
    every = {"level": keyword, "note": keyword, **known}
    data = {"columns": ["level", "note"], "sort": ["note"], "queried": ["level"]}
    return Observation(0.0, "search-fields", "A", {**data, "known": {n: k for n, k in every.items() if k}})


TEXT = {"types": ["text"], "searchable": True, "aggregatable": False}


def test_fields_that_are_there_pass():
    assert verdict(Fields(), fields())[0] is Verdict.PASS


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"note": None}, "the column `note` is in no index"),
        ({"note": {"types": ["keyword"], "searchable": False, "aggregatable": True}}, "quick filters find nothing"),
        ({"note": TEXT}, "cannot be sorted by"),
        ({"level": TEXT}, "`level` is text, so it is not compared with 'error' as a whole"),
    ],
)
def test_a_column_in_no_mapping_and_an_exact_match_on_text_fail(known, says):
    judged = judge(Fields(), History.of(fields(**known)), CONTEXT)
    assert judged.verdict is Verdict.FAIL
    assert any(says in finding.message for finding in judged.findings)


# export


def exported(**changed: Any) -> Observation:
    data = {"range": "7 d", "rows": 5, "expected": 5, "distinct": 5, "missing_count": 0, "unexpected_count": 0}
    return Observation(0.0, "search-export", "A", {**data, "filled": {"level": 5, "_id": 5}, **changed})


def test_a_whole_export_passes():
    assert verdict(Export(), exported())[0] is Verdict.PASS


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": 4, "distinct": 4, "missing_count": 1},
        {"rows": 6},
        {"filled": {"level": 0, "_id": 5}},
        {"error": "no answer"},
    ],
)
def test_an_export_that_lacks_or_repeats_rows_fails(changed):
    assert verdict(Export(), exported(**changed))[0] is Verdict.FAIL


def test_an_empty_export_proves_nothing():
    assert verdict(Export(), exported(rows=0, expected=0, distinct=0))[0] is Verdict.UNKNOWN
    assert verdict(Export())[0] is Verdict.UNKNOWN


# one story


def told(name: str = "deadlocks", **changed: Any) -> Observation:
    data: dict[str, Any] = {"share": 0.25, "multiplier": 320}
    data |= {"requests": {"logs": 100, "metrics": 32_000.0}, "failed": {"logs": 25, "metrics": 8_000.0}}
    return Observation(0.0, "one-story", name, {**data, **changed})


def test_logs_and_metrics_that_tell_the_same_pass():
    found, reason = verdict(OneStory(), told())
    assert (found, "(25.0%)" in reason) == (Verdict.PASS, True)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"failed": {"logs": 25, "metrics": 6_400.0}}, "failed: 25 lines, 6,400 in the metrics, which are 8,000"),
        ({"failed": {"logs": 20, "metrics": 6_400.0}}, "20 of 100 requests failed, 25% were put in"),
    ],
)
def test_another_error_rate_in_the_logs_than_in_the_metrics_fails(changed, says):
    found, reason = verdict(OneStory(), told(**changed))
    assert found is Verdict.FAIL
    assert says in reason


def test_nothing_told_and_nothing_failed_prove_nothing():
    assert verdict(OneStory())[0] is Verdict.UNKNOWN
    quiet = told(share=0.6, failed={"logs": 0, "metrics": 0.0})
    assert verdict(OneStory(), quiet)[0] is not Verdict.PASS
    assert verdict(OneStory(), told(error="no answer"))[0] is Verdict.UNKNOWN
