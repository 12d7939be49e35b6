"""The 30-day world: logs and metrics tell the same story, with the numbers that the fixture says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from harness.errors import UnreadableError
from harness.generators.log_predicate import compile_predicate
from harness.generators.story.plan import Plan
from harness.generators.story.truth import WorldTruth
from harness.settings import read_fixtures

ACCESS = {"field": "kind", "is": "access"}
FAILED = {"all": [ACCESS, {"field": "statusCode", "at_least": 500}]}
SCALE = 60_000


@pytest.fixture(scope="module")
def fixtures() -> Any:
    return read_fixtures(Path(__file__).parents[2] / "fixtures")


@pytest.fixture(scope="module")
def truth(fixtures: Any) -> WorldTruth:
    return WorldTruth.of(fixtures, 7, SCALE)


def test_has_at_least_the_lines_asked_for_and_they_keep_to_its_time(truth):
    assert SCALE <= truth.lines < SCALE * 1.01
    assert truth.count(truth.begins, truth.ends) == truth.lines


def test_the_same_seed_gives_the_same_lines_and_another_gives_others(fixtures, truth):
    again, other = WorldTruth.of(fixtures, 7, SCALE), WorldTruth.of(fixtures, 8, SCALE)
    written, rewritten, others = (
        [line.text for line in world.story.lines(4, world.days[4], 10, 60)] for world in (truth, again, other)
    )
    assert written == rewritten
    assert written != others


def test_an_incident_takes_its_share_of_the_requests_in_logs_and_metrics(truth):
    for incident in truth.incidents:
        begin, end = incident.begins_ms / 1000, incident.ends_ms / 1000
        asked, failed = truth.count(begin, end, ACCESS), truth.count(begin, end, FAILED)
        if "logins" in incident.name:
            assert failed == 0 or failed / asked < 0.1
            continue
        assert abs(failed - incident.share * asked) <= 1, incident.name
        if begin >= truth.metrics_begin:
            rate = truth.increase("http_requests_total", begin, end, status_code=re.compile("5.."))
            assert rate / truth.increase("http_requests_total", begin, end) == failed / asked


@pytest.mark.parametrize("ago,length", [(86400, 3600), (15 * 86400, 15 * 86400), (600, 600)])
def test_counters_rise_by_the_lines_of_the_window(truth, ago, length):
    begin = truth.ends - ago
    counted = truth.increase("http_requests_total", begin, begin + length)
    assert counted == truth.multiplier * truth.count(begin, begin + length, ACCESS)


def test_by_kind_route_and_role_too(truth):
    begin, end = truth.ends - 86400, truth.ends
    kinds = truth.increases("log_events_written_total", ("kind",), begin, end)
    assert {k[0][1]: v for k, v in kinds.items() if v} == {
        kind: count * truth.multiplier for kind, count in truth.groups("kind", begin, end).items()
    }
    routes = truth.increases("http_requests_total", ("route",), begin, end)
    assert {k[0][1]: v for k, v in routes.items() if v} == {
        route: count * truth.multiplier for route, count in truth.groups("route", begin, end, ACCESS).items()
    }


def test_a_histogram_observes_the_durations(truth):
    begin, end = truth.ends - 86400, truth.ends
    durations = truth.values("duration", begin, end, ACCESS)
    slow = truth.increase("http_request_duration_seconds_bucket", begin, end, le="+Inf") - truth.increase(
        "http_request_duration_seconds_bucket", begin, end, le="2.5"
    )
    assert slow == truth.multiplier * sum(ms > 2500 for ms in durations)
    total = truth.increase("http_request_duration_seconds_sum", begin, end)
    assert total == pytest.approx(truth.multiplier * sum(durations) / 1000)


def test_a_deployment_sets_counters_to_zero_and_the_increase_does_not_see_it(truth):
    deploy = truth.story.plan.deploys_ms[-1] / 1000
    before, after = (truth.value("log_events_written_total", deploy + s, kind="access") for s in (0, 15))
    assert after < before
    risen = truth.increase("log_events_written_total", deploy - 600, deploy + 600, kind="access")
    assert risen == truth.multiplier * truth.count(deploy - 600, deploy + 600, ACCESS)
    started = {"field": "message", "is": "caredroid-backend started"}
    assert truth.count(deploy, deploy + 600, started) == 1
    assert truth.value("process_start_time_seconds", deploy + 15) == deploy


def test_a_gauge_holds_another_value_during_an_incident(truth):
    incident = next(i for i in truth.incidents if i.name == "database deadlocks")
    begin, end = incident.begins_ms / 1000, incident.ends_ms / 1000
    asked = [truth.value("database_pool_connections", at, state="active") for at in (begin, begin + 15, end, end + 15)]
    assert asked == [12, 40, 40, 12]


def test_the_night_is_quieter_than_the_morning(truth):
    midnight = truth.ends - 14 * 3600
    assert truth.count(midnight, midnight + 3600) * 5 < truth.count(midnight + 9 * 3600, midnight + 10 * 3600)


def test_searches_find_what_the_written_lines_say(truth, fixtures):
    begin, end = truth.ends - 3 * 86400, truth.ends
    lines = [
        orjson.loads(line.text)
        for day, drawn in enumerate(truth.days)
        if day >= 26
        for line in truth.story.lines(day, drawn)
    ]
    first = truth.story.plan.ends_ms // 1000 - 3 * 86400
    from datetime import datetime

    inside = [line for line in lines if datetime.fromisoformat(line["timestamp"]).timestamp() >= first]
    for title, spec in fixtures["searches"]["searches"].items():
        holds = compile_predicate(spec, "test")
        assert truth.search_ids(title, begin, end) == {line["eventId"] for line in inside if holds(line)}, title


def test_an_incident_outside_of_the_world_is_refused(fixtures):
    story = dict(fixtures["story"])
    story["incidents"] = [{**story["incidents"][0], "at": story["ends"]}]
    with pytest.raises(UnreadableError, match="outside of the world"):
        Plan.read(story, ())
