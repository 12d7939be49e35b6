"""The log generator: deterministic, complete by the catalog, and honest about what it put where."""

from __future__ import annotations

import copy
import json
import random
import re
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import UnreadableError
from harness.generators.log_canaries import Detector, masked
from harness.generators.log_schedule import Clock, Schedule
from harness.generators.logs import Line, LogGenerator

FIXTURES = Path(__file__).parents[2] / "fixtures"
SPAN = Schedule(1_795_440_000_000, 1_795_441_800_000)


def fixture(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FIXTURES / f"{name}.yml").read_text(encoding="utf-8"))
    return loaded


CATALOG, MIX = fixture("catalog"), fixture("logs")


def generated(count: int = 20_000, seed: int = 7) -> list[Line]:
    return list(LogGenerator(seed, CATALOG, MIX).lines(count, SPAN))


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return generated()


@pytest.fixture(scope="module")
def records(lines: list[Line]) -> list[dict[str, Any]]:
    return [json.loads(line.text) for line in lines]


def test_one_seed_gives_identical_lines(lines: list[Line]) -> None:
    assert generated() == lines


def test_another_seed_gives_others(lines: list[Line]) -> None:
    assert {line.event_id for line in generated(seed=8)}.isdisjoint(line.event_id for line in lines)


def test_every_line_has_its_own_id(lines: list[Line], records: list[dict[str, Any]]) -> None:
    assert len({line.event_id for line in lines}) == len(lines) >= 20_000
    assert all(record["eventId"] == line.event_id for line, record in zip(lines, records, strict=True))


def test_a_second_helping_goes_on_with_new_ids() -> None:
    generator = LogGenerator(7, CATALOG, MIX)
    first, second = ({line.event_id for line in generator.lines(500, SPAN)} for _ in range(2))
    assert first.isdisjoint(second)


def test_all_kinds_and_levels_appear(records: list[dict[str, Any]]) -> None:
    assert {record["kind"] for record in records} == set(CATALOG["kinds"])
    assert {record["level"] for record in records} == set(CATALOG["levels"])


def test_every_field_of_the_backend_appears_on_its_kinds_with_its_type(records: list[dict[str, Any]]) -> None:
    python = {"keyword": str, "text": str, "date": str, "ip": str, "boolean": bool, "short": int, "long": int}
    seen: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for name in record:
            seen[name].add(record["kind"])
    for field in CATALOG["fields"]:
        if field["from"] != "backend":
            continue
        kinds = set(CATALOG["kinds"]) if field["kinds"] == "*" else set(field["kinds"])
        assert seen[field["name"]], f"{field['name']} is never written"
        assert seen[field["name"]] <= kinds, field["name"]
        values = [record[field["name"]] for record in records if field["name"] in record]
        wanted = python.get(field["type"], (int, float))
        assert all(isinstance(value, wanted) for value in values), field["name"]


def test_values_with_a_vocabulary_are_of_it(records: list[dict[str, Any]]) -> None:
    vocabulary = CATALOG["vocabulary"]
    for field, words in {
        "method": "methods",
        "operation": "operations",
        "cacheKeyType": "caches",
        "role": "roles",
    }.items():
        assert {record[field] for record in records if field in record} <= set(vocabulary[words]), field
    assert {r["toolName"] for r in records if "toolName" in r} == set(vocabulary["tools"])
    assert {r["errorType"] for r in records if "errorType" in r} == set(vocabulary["error_types"])


def test_every_path_belongs_to_a_route_of_the_vocabulary(records: list[dict[str, Any]]) -> None:
    routes = [re.compile(re.sub(r":\w+", "[^/]+", route)) for route in CATALOG["vocabulary"]["routes"]]
    paths = {record["path"].partition("?")[0] for record in records if "path" in record}
    assert [path for path in paths if not any(route.fullmatch(path) for route in routes)] == []
    assert [r.pattern for r in routes if not any(r.fullmatch(path) for path in paths)] == []


def test_a_request_is_a_chain_that_shares_its_id(records: list[dict[str, Any]]) -> None:
    chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        if "requestId" in record:
            chains[record["requestId"]].append(record)
    of_request = [chain for chain in chains.values() if any(record["kind"] == "access" for record in chain)]
    assert sum(len(chain) > 1 for chain in of_request) > len(of_request) / 2
    for chain in of_request:
        assert sum(record["kind"] == "access" for record in chain) == 1
        assert len({record["userId"] for record in chain if "userId" in record}) <= 1
        assert [record["timestamp"] for record in chain] == sorted(record["timestamp"] for record in chain)


def test_access_to_a_patient_always_leaves_an_audit_line(records: list[dict[str, Any]]) -> None:
    audited = {r["requestId"] for r in records if r["kind"] == "security" and "auditEvent" in r}
    touched = {r["requestId"] for r in records if r["kind"] == "access" and r["path"].startswith("/api/patients")}
    assert touched
    assert touched <= audited


def test_some_users_are_far_more_active_than_others(records: list[dict[str, Any]]) -> None:
    active = [count for _, count in Counter(r["userId"] for r in records if "userId" in r).most_common()]
    assert active[0] > 10 * active[len(active) // 2]


def test_the_canaries_a_line_is_said_to_hold_are_those_it_holds(lines: list[Line]) -> None:
    detector = Detector(LogGenerator(7, CATALOG, MIX).canaries)
    assert [line.text for line in lines if bool(line.phi) != any(detector.found(line.text))] == []
    assert {canary.attribute for line in lines for canary in detector.found(line.text)} == {"name", "mrn", "ssn"}


def test_canaries_stand_in_fields_messages_stacks_and_paths(records: list[dict[str, Any]]) -> None:
    detector = Detector(LogGenerator(7, CATALOG, MIX).canaries)
    places = {
        name for r in records for name, value in r.items() if isinstance(value, str) and any(detector.found(value))
    }
    assert {"patientName", "mrn", "ssn", "message", "stack", "path"} <= places


def test_a_report_never_spells_a_canary_out() -> None:
    canary = LogGenerator(7, CATALOG, MIX).canaries[0]
    assert canary.text not in masked(canary)


def test_malformed_lines_hold_their_id_and_are_of_every_sort() -> None:
    broken = list(LogGenerator(7, CATALOG, MIX).malformed(200, SPAN))
    assert len(broken) == 200
    assert all(line.event_id in line.text and not line.well_formed for line in broken)
    parsed = 0
    for line in broken:
        try:
            json.loads(line.text)
            parsed += 1
        except ValueError:
            continue
    assert 0 < parsed < 200


def test_an_incident_writes_its_lines_when_it_says() -> None:
    fields = {"operation": "select", "dbStatus": "error", "path": "/api/patients", "userId": "{who.id}"}
    entries = [
        {"at": "5m", "every": "2s", "for": "10m", "kind": "error", "message": "deadlock", "fields": fields},
        {"at": "6m", "every": "1m", "for": "2m", "kind": "system", "level": "critical", "message": "heap nearly full"},
    ]
    written = list(LogGenerator(7, CATALOG, MIX).incident(entries, "fixtures/scenarios/pool.yml", SPAN.begins_ms))
    records = [json.loads(line.text) for line in written]
    assert Counter(line.kind for line in written) == {"error": 301, "system": 3}
    assert [record["timestamp"] for record in records] == sorted(record["timestamp"] for record in records)
    assert records[0]["timestamp"] == Clock().iso(SPAN.begins_ms + 300_000)
    assert records[0]["dbStatus"] == "error"
    assert records[0]["userId"].startswith("u-")


def test_an_incident_against_the_catalog_is_refused() -> None:
    entries = [{"kind": "system", "fields": {"path": "/api/health"}}]
    with pytest.raises(UnreadableError, match="writes no `path`"):
        list(LogGenerator(7, CATALOG, MIX).incident(entries, "fixtures/scenarios/pool.yml", 0))


def test_limits_are_met_exactly(records: list[dict[str, Any]]) -> None:
    assert {1999.9, 2000, 2000.1} <= {record.get("duration") for record in records}
    assert {399, 400, 401, 402, 403, 404, 499, 500, 599} <= {record.get("statusCode") for record in records}


def test_a_hundred_and_fifty_thousand_lines_a_second() -> None:
    generator = LogGenerator(7, CATALOG, MIX)
    list(generator.lines(28_000, SPAN))
    rates = []
    for _ in range(3):
        began = time.process_time()
        count = sum(1 for _ in generator.lines(60_000, SPAN))
        rates.append(count / (time.process_time() - began))
    assert max(rates) >= 150_000, rates


def test_times_ascend_within_the_span() -> None:
    times = list(SPAN.times(1000, random.Random(1)))
    assert times == sorted(times)
    assert SPAN.begins_ms <= times[0]
    assert times[-1] <= SPAN.ends_ms


def test_a_rhythm_gives_each_hour_its_share() -> None:
    day = 86_400_000
    begins = 1_795_440_000_000 // day * day
    rhythm = (*[0.0] * 12, *[1.0] * 6, *[3.0] * 6)
    times = list(Schedule(begins, begins + day, rhythm).times(2400, random.Random(1)))
    hours = Counter((moment - begins) // 3_600_000 for moment in times)
    assert len(times) == 2400
    assert [hours[hour] for hour in range(24)] == [0] * 12 + [100] * 6 + [300] * 6


def test_the_clock_writes_milliseconds() -> None:
    clock = Clock()
    assert clock.iso(1_795_440_000_007) == "2026-11-23T13:20:00.007Z"
    assert clock.iso(1_795_440_001_999) == "2026-11-23T13:20:01.999Z"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda line: line.update(kind="gossip"), "no kind 'gossip'"),
        (lambda line: line.update(level="loud"), "no level 'loud'"),
        (lambda line: line["fields"].update(heapUsed=1), "writes no `heapUsed`"),
        (lambda line: line["fields"].update(path="{nowhere}"), "nothing is called {nowhere}"),
        (lambda line: line["fields"].update(path={"dice": 6}), "no known source"),
        (lambda line: line.update(use="nothing"), "no line is called 'nothing'"),
    ],
)
def test_a_mix_against_the_catalog_is_refused(change: Any, says: str) -> None:
    mix = copy.deepcopy(MIX)
    line = {"kind": "access", "level": "info", "message": "x", "fields": {"path": "/api/health"}}
    change(line)
    mix["journeys"] = [{"name": "odd", "weight": 1, "lines": [line]}]
    with pytest.raises(UnreadableError, match=re.escape(says)) as caught:
        list(LogGenerator(1, CATALOG, mix).lines(1, SPAN))
    assert "fixtures/logs.yml" in str(caught.value)
