"""The ground truth of the searches, and what a stored document must look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import UnreadableError
from harness.generators.log_expectation import Expectation, flattened
from harness.generators.log_fate import Fate
from harness.generators.log_population import Canary
from harness.generators.log_predicate import compile_predicate
from harness.generators.log_truth import Truth
from harness.generators.logs import Line

ROOT = Path(__file__).parents[2]


def fixture(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "fixtures" / f"{name}.yml").read_text(encoding="utf-8"))
    return loaded


CATALOG, MIX, SEARCHES = fixture("catalog"), fixture("logs"), fixture("searches")

RECORD = {
    "timestamp": "2026-11-23T14:00:00.000Z",
    "eventId": "abcdef12-000000001",
    "requestId": "r-1",
    "kind": "access",
    "level": "info",
    "service": "caredroid-backend",
    "message": "GET /api/patients/p-1 200 for patient Ada Quill",
    "method": "GET",
    "path": "/api/patients/p-1",
    "statusCode": 200,
    "duration": 12.5,
    "patientName": "Ada Quill",
}
DOCUMENT: dict[str, Any] = {
    **{name: value for name, value in RECORD.items() if name not in ("timestamp", "patientName")},
    "@timestamp": "2026-11-23T14:00:00.000Z",
    "message": "GET /api/patients/p-1 200 for patient [NAME]",
    "environment": "verification",
    "host": {"name": "here"},
    "log": {"file": {"path": "/var/log/caredroid/access.log"}},
    "severity": 6,
    "route": "/api/patients/:id",
    "tags": ["phi_access", "redacted"],
    "patientRef": "f" * 64,
}


def line(record: dict[str, Any] = RECORD, phi: tuple[str, ...] = ("Ada Quill",)) -> Line:
    return Line(record["kind"], record["eventId"], json.dumps(record), phi)


def problems(document: dict[str, Any], of: Line | None = None) -> list[tuple[str, str]]:
    expectation = Expectation(CATALOG, MIX["pipeline"])
    return [(found.field, found.problem) for found in expectation.differences(of or line(), document)]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in DOCUMENT.items() if key != name}


@pytest.mark.parametrize(
    ("spec", "matching", "other"),
    [
        ({"field": "n", "above": 2000}, {"n": 2000.1}, {"n": 2000}),
        ({"field": "n", "at_least": 500, "below": 600}, {"n": 599}, {"n": 600}),
        ({"field": "n", "at_least": 1}, {"n": 1}, {"n": True}),
        ({"field": "b", "is": True}, {"b": True}, {"b": 1}),
        ({"field": "p", "starts_with": "/api/rag"}, {"p": "/api/rag/search"}, {"p": "/x/api/rag"}),
        ({"field": "p", "contains": "patient"}, {"p": "/api/patients"}, {"p": "/api/PATIENTS"}),
        ({"field": "p", "present": True}, {"p": ""}, {}),
        ({"any": [{"field": "a", "is": 1}, {"field": "b", "is": 1}]}, {"b": 1}, {"a": 2}),
        ({"all": [{"field": "a", "is": 1}, {"field": "b", "is": 1}]}, {"a": 1, "b": 1}, {"b": 1}),
        ({"field": "k", "one_of": ["x", "y"]}, {"k": "y"}, {"k": "z"}),
    ],
)
def test_conditions(spec: dict[str, Any], matching: dict[str, Any], other: dict[str, Any]) -> None:
    holds = compile_predicate(spec, "here")
    assert holds(matching)
    assert not holds(other)


@pytest.mark.parametrize("spec", [{}, {"field": "a"}, {"present": True}, {"field": "a", "like": "b"}])
def test_a_condition_that_makes_no_sense_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError, match="here"):
        compile_predicate(spec, "here")


def test_the_truth_names_the_lines_each_search_must_find() -> None:
    slow = RECORD | {"eventId": "abcdef12-000000002", "duration": 2000.1}
    broken = Line("application", "abcdef12-000000003", "{", (), well_formed=False)
    truth = Truth.of([line(), line(slow), broken], [], SEARCHES, CATALOG)
    assert truth.searches["Slow Requests"] == {"abcdef12-000000002"}
    assert truth.count("PHI Access Audit") == 2
    assert truth.groups("Endpoint Health Summary") == {"/api/patients/:id": 2}
    assert list(truth.malformed) == ["abcdef12-000000003"]


def test_each_saved_search_has_its_ground_truth() -> None:
    saved = json.loads((ROOT / "config-under-test/config/kibana/saved-searches.json").read_text(encoding="utf-8"))
    titles = [saved_object["attributes"]["title"] for saved_object in saved if saved_object["type"] == "search"]
    assert titles == list(SEARCHES["searches"])


def test_flattening_gives_dotted_names() -> None:
    assert flattened({"log": {"file": {"path": "x"}}, "tags": []}) == {"log.file.path": "x", "tags": []}


def test_a_document_as_specified_has_no_differences() -> None:
    assert problems(DOCUMENT) == []


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (without("statusCode"), ("statusCode", "missing")),
        (without("severity"), ("severity", "not set")),
        (without("environment"), ("environment", "not set")),
        (without("route"), ("route", "not set")),
        (without("patientRef"), ("patientRef", "not set")),
        (DOCUMENT | {"duration": 12}, ("duration", "changed")),
        (DOCUMENT | {"statusCode": "200"}, ("statusCode", "changed")),
        (DOCUMENT | {"severity": 3}, ("severity", "wrong")),
        (DOCUMENT | {"@timestamp": "2026-11-23T14:00:01.000Z"}, ("@timestamp", "wrong")),
        (DOCUMENT | {"route": "/api/patients"}, ("route", "wrong")),
        (DOCUMENT | {"message": "GET [NAME]"}, ("message", "changed")),
        (DOCUMENT | {"patientName": "Ada Quill"}, ("patientName", "not removed")),
        (DOCUMENT | {"agent": {"type": "filebeat"}}, ("agent.type", "unexpected")),
        (DOCUMENT | {"tags": ["redacted"]}, ("tags", "wrong")),
        (DOCUMENT | {"tags": ["phi_access", "slow_request"]}, ("tags", "wrong")),
    ],
)
def test_each_difference_is_named(document: dict[str, Any], found: tuple[str, str]) -> None:
    assert problems(document) == [found]


def test_one_identifier_must_not_get_two_references_nor_two_identifiers_one() -> None:
    expectation = Expectation(CATALOG, MIX["pipeline"])
    other = RECORD | {"eventId": "abcdef12-000000002", "path": "/api/patients/p-2"}
    assert list(expectation.differences(line(), DOCUMENT)) == []
    again = [d.field for d in expectation.differences(line(), DOCUMENT | {"patientRef": "e" * 64})]
    stolen = [d.field for d in expectation.differences(line(other), DOCUMENT | other_fields(other))]
    assert again == ["patientRef"]
    assert stolen == ["patientRef"]


def other_fields(record: dict[str, Any]) -> dict[str, Any]:
    return {"eventId": record["eventId"], "path": record["path"]}


def test_differences_never_spell_a_canary_out() -> None:
    expectation = Expectation(CATALOG, MIX["pipeline"])
    differences = list(expectation.differences(line(), DOCUMENT | {"message": "gone, Ada Quill too"}))
    assert differences
    assert all("Ada Quill" not in found.wanted + found.got for found in differences)


def fate(*lines: Line) -> Fate:
    return Fate(
        Truth.of(lines, [Canary("name", "Ada Quillfeather")], SEARCHES, CATALOG), Expectation(CATALOG, MIX["pipeline"])
    )


def test_the_fate_counts_missing_and_duplicated() -> None:
    second = line(RECORD | {"eventId": "abcdef12-000000002"})
    summary = fate(line(), second)
    summary.add_document("logs", DOCUMENT)
    summary.add_document("logs", DOCUMENT)
    assert summary.lines["missing"] == {"total": 1, "ids": ["abcdef12-000000002"]}
    assert summary.lines["duplicated"] == {"total": 1, "ids": ["abcdef12-000000001"]}
    assert summary.lines["missing_kinds"] == {"access": 1}


def test_the_fate_says_in_how_many_documents_a_field_is_lost() -> None:
    summary = fate(line())
    summary.add_document("logs", without("statusCode"))
    (entry,) = summary.lines["fields"]
    assert (entry["field"], entry["problem"], entry["documents"], entry["of"]) == ("statusCode", "missing", 1, 1)


def test_a_dead_letter_is_recognised_by_the_id_in_its_text() -> None:
    broken = Line("application", "abcdef12-000000009", '{"eventId":"abcdef12-000000009","mess', (), well_formed=False)
    summary = fate(line(), broken)
    summary.add_dead_letter(
        "dead", {"eventId": "0f", "message": broken.text, "tags": ["_jsonparsefailure", "redacted"]}
    )
    assert summary.dead_letters["found"] == 1
    assert summary.dead_letters["reasons"] == {"_jsonparsefailure": 1}
    assert summary.dead_letters["lost"]["total"] == 0


def test_a_well_formed_line_among_the_dead_letters_is_missing_with_its_reason() -> None:
    summary = fate(line())
    summary.add_dead_letter("dead", {"eventId": RECORD["eventId"], "reason": "mapper_parsing_exception"})
    assert summary.lines["missing_dead"] == {"mapper_parsing_exception": 1}


def test_a_canary_in_any_index_is_found_in_pieces_and_encoded() -> None:
    summary = fate(line())
    summary.add_document("logs", DOCUMENT | {"path": "/api/patients?name=Ada%20Quillfeather"})
    summary.add_dead_letter("dead", {"message": "Quillfeather"})
    assert summary.phi["found"]["total"] == 2
    assert {place["index"] for place in summary.phi["found"]["places"]} == {"logs", "dead"}
    assert "Quillfeather" not in json.dumps(summary.phi)
