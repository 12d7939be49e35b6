"""The verifiers of the log pipeline, on histories written as literals."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks.logs.audit import Audit
from harness.checks.logs.content import Content
from harness.checks.logs.dead_letters import DeadLetters
from harness.checks.logs.delivery import Delivery
from harness.checks.logs.phi import Phi
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Observation, Verdict

FILEBEAT = """\
filebeat.inputs:
  - type: filestream
    id: app
    paths:
      - /var/log/app/*.log
output.logstash:
  hosts: ["logstash:5044"]
"""

PIPELINE = """\
input { beats { port => 5044 } }
filter {
  json {
    source => "message"
    tag_on_failure => ["_jsonparsefailure"]
    remove_field => ["dbStatus"]
  }
  mutate {
    gsub => ["message", "MRN-[0-9]+", "[MRN]"]
    rename => { "duration" => "took" }
    copy => { "path" => "route" }
  }
  if [kind] == "gossip" {
    mutate { add_tag => ["_unknown_kind"] }
  }
  prune { whitelist_names => ["^(kind|path|route|message)$"] }
}
output { elasticsearch { hosts => ["x"] document_id => "%{other}" } }
"""

FIXTURES = {"deployment": {"logs": {"folder": "/var/log/caredroid"}}}
EMPTY: dict[str, Any] = {"total": 0, "ids": []}


def ids(*names: str) -> dict[str, Any]:
    return {"total": len(names), "ids": list(names)}


def seen(kind: str, data: dict[str, Any]) -> Observation:
    return Observation(1.0, kind, "logs", data)


def sent(count: int = 100) -> Observation:
    return seen("log-sent", {"count": count})


def fate(**changes: Any) -> Observation:
    data = {
        "sent": 100,
        "stored": 100,
        "missing": EMPTY,
        "missing_kinds": {},
        "sent_kinds": {"access": 60, "error": 40},
        "missing_dead": {},
        "duplicated": EMPTY,
        "altered": EMPTY,
        "fields": [],
    }
    return seen("log-line-fate", data | changes)


def altered(
    field: str, problem: str, documents: int = 40, of: int = 40, wanted: str = "a", got: str = "b"
) -> Observation:
    entry = {
        "field": field,
        "problem": problem,
        "documents": documents,
        "of": of,
        "example": "id-1",
        "wanted": wanted,
        "got": got,
    }
    return fate(fields=[entry])


def dead_letters(**changes: Any) -> Observation:
    data = {"sent": 12, "found": 12, "lost": EMPTY, "parsed": EMPTY, "reasons": {"_jsonparsefailure": 12}}
    return seen("log-dead-letters", data | changes)


def phi(*places: dict[str, str], lines: int = 30, documents: int = 100) -> Observation:
    found = {"total": len(places), "places": list(places)}
    counted = {"logs": documents} if documents else {}
    return seen("phi-canaries", {"canaries": 9, "lines_with_canaries": lines, "documents": counted, "found": found})


def concluded(check: type[Check], *observations: Observation, filebeat: str = FILEBEAT) -> Judgement:
    files = {"config/filebeat.yml": filebeat, "config/logstash.conf": PIPELINE}
    context = Context(Configuration.of_texts(files), FIXTURES, {})
    return judge(check(), History.of(*observations), context)


def found(judgement: Judgement) -> tuple[str, int, str]:
    assert judgement.verdict is Verdict.FAIL, judgement.reason
    first = judgement.findings[0]
    return first.position.file, first.position.line, first.message


@pytest.mark.parametrize("check", [Delivery, Content, Phi, DeadLetters])
def test_nothing_seen_is_unknown(check: type[Check]) -> None:
    assert concluded(check).verdict is Verdict.UNKNOWN


def test_nothing_sent_is_unknown_although_nothing_is_missing() -> None:
    assert concluded(Delivery, sent(0), fate(sent=0, stored=0)).verdict is Verdict.UNKNOWN


def test_all_stored_once_passes_with_the_count() -> None:
    judgement = concluded(Delivery, sent(), fate())
    assert judgement.verdict is Verdict.PASS
    assert judgement.proofs[0].samples == 100


def test_lines_written_but_not_read_back_are_unknown() -> None:
    assert concluded(Delivery, sent()).verdict is Verdict.UNKNOWN


def test_one_missing_line_fails_and_is_named() -> None:
    file, _, message = found(
        concluded(Delivery, sent(), fate(stored=99, missing=ids("id-7"), missing_kinds={"error": 1}))
    )
    assert file == "config/logstash.conf"
    assert "1 of 100 lines are missing (e.g. id-7)" in message


def test_filebeat_reading_another_path_is_the_cause() -> None:
    nothing = fate(stored=0, missing={"total": 100, "ids": ["a"]}, missing_kinds={"access": 60, "error": 40})
    file, line, message = found(concluded(Delivery, sent(), nothing))
    assert (file, line) == ("config/filebeat.yml", 5)
    assert "none of the 100 lines" in message
    assert "reads /var/log/app/*.log, but the backend writes /var/log/caredroid/access.log" in message


def test_filebeat_reading_some_kinds_only_is_the_cause() -> None:
    narrow = FILEBEAT.replace("/var/log/app/*.log", "/var/log/caredroid/access.log")
    missing = fate(stored=60, missing={"total": 40, "ids": ["a"]}, missing_kinds={"error": 40})
    file, line, message = found(concluded(Delivery, sent(), missing, filebeat=narrow))
    assert (file, line) == ("config/filebeat.yml", 5)
    assert "error.log" in message


def test_a_star_does_not_reach_into_folders() -> None:
    above = FILEBEAT.replace("/var/log/app/*.log", "/var/log/*.log")
    nothing = fate(stored=0, missing={"total": 100, "ids": ["a"]}, missing_kinds={"access": 60, "error": 40})
    assert found(concluded(Delivery, sent(), nothing, filebeat=above))[0] == "config/filebeat.yml"


def test_lines_among_the_dead_letters_lead_to_the_filter_that_tags_them() -> None:
    reading = FILEBEAT.replace("/var/log/app", "/var/log/caredroid")
    dead = fate(
        stored=60, missing={"total": 40, "ids": ["a"]}, missing_kinds={"error": 40}, missing_dead={"_unknown_kind": 40}
    )
    file, line, message = found(concluded(Delivery, sent(), dead, filebeat=reading))
    assert (file, line) == ("config/logstash.conf", 14)
    assert "40 of them are dead letters" in message


@pytest.mark.parametrize(
    ("hop", "file", "says"),
    [
        ("filebeat", "config/filebeat.yml", "3 of them were never handed on by Filebeat"),
        ("logstash", "config/logstash.conf", "3 of them were received by Logstash and not stored"),
        ("elasticsearch", "config/logstash.conf", "3 of them were stored, said Elasticsearch"),
    ],
)
def test_lines_lost_for_no_reason_the_configuration_tells_are_laid_at_their_hop(hop: str, file: str, says: str) -> None:
    lost = fate(stored=97, missing=ids("a", "b", "c"), missing_hops={hop: 3})
    place, _, message = found(concluded(Delivery, sent(), lost))
    assert place == file
    assert says in message


def test_duplicates_lead_to_the_document_id() -> None:
    file, line, message = found(concluded(Delivery, sent(), fate(duplicated=ids("id-1", "id-2"))))
    assert (file, line) == ("config/logstash.conf", 18)
    assert "2 lines are stored more than once" in message


def test_unaltered_documents_pass() -> None:
    assert concluded(Content, fate()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("field", "problem", "line", "says"),
    [
        ("dbStatus", "missing", 6, "the json filter removes `dbStatus`"),
        ("duration", "missing", 10, "mutate renames `duration`"),
        ("statusCode", "missing", 16, "prune lets only these names through"),
        ("route", "wrong", 11, "mutate sets `route`"),
        ("message", "changed", 9, "mutate sets `message`"),
        ("severity", "wrong", 2, "no filter sets it by name"),
    ],
)
def test_an_altered_field_leads_to_the_filter(field: str, problem: str, line: int, says: str) -> None:
    file, at, message = found(concluded(Content, altered(field, problem)))
    assert (file, at) == ("config/logstash.conf", line)
    assert says in message
    assert f"`{field}` is {problem} in all 40 documents" in message


def test_a_field_altered_in_some_documents_says_in_how_many() -> None:
    assert "in 3 of 40 documents" in found(concluded(Content, altered("userId", "changed", documents=3)))[2]


def test_nothing_stored_leaves_content_unknown() -> None:
    assert concluded(Content, fate(stored=0)).verdict is Verdict.UNKNOWN


def test_no_canary_in_any_index_passes() -> None:
    assert concluded(Phi, phi()).verdict is Verdict.PASS


def test_a_canary_in_an_index_fails_at_what_should_have_masked_it() -> None:
    place = {"index": "logs", "id": "id-1", "field": "message", "canary": "name Ada…"}
    file, line, message = found(concluded(Phi, phi(place)))
    assert (file, line) == ("config/logstash.conf", 9)
    assert "`message` of logs, document id-1" in message


def test_a_canary_in_a_field_nobody_masks_fails_at_the_pipeline() -> None:
    place = {"index": "logs", "id": "id-1", "field": "patientName", "canary": "name Ada…"}
    file, line, message = found(concluded(Phi, phi(place)))
    assert (file, line) == ("config/logstash.conf", 2)
    assert "no filter removes or masks it" in message


@pytest.mark.parametrize("history", [phi(lines=0), phi(documents=0)])
def test_redaction_not_put_to_the_test_is_unknown(history: Observation) -> None:
    assert concluded(Phi, history).verdict is Verdict.UNKNOWN


def test_all_broken_lines_kept_pass() -> None:
    assert concluded(DeadLetters, fate(), dead_letters()).verdict is Verdict.PASS


def test_a_broken_line_that_is_nowhere_fails() -> None:
    assert (
        "1 of 12 lines that cannot be parsed are nowhere"
        in found(concluded(DeadLetters, fate(), dead_letters(found=11, lost=ids("id-1"))))[2]
    )


def test_a_broken_line_stored_as_if_whole_fails() -> None:
    history = dead_letters(found=11, lost=ids("id-1"), parsed=ids("id-1"))
    assert "stored as if they were whole" in found(concluded(DeadLetters, fate(), history))[2]


def test_no_broken_line_sent_is_unknown() -> None:
    assert concluded(DeadLetters, fate(), dead_letters(sent=0)).verdict is Verdict.UNKNOWN


def audit_trail(**data: Any) -> Observation:
    whole = {"accesses": 40, "records": 40, "without_record": EMPTY, "silent": {**EMPTY, "fields": []}}
    return seen("audit-trail", whole | data)


def test_accesses_with_their_audit_lines_pass() -> None:
    assert concluded(Audit, audit_trail()).verdict is Verdict.PASS


@pytest.mark.parametrize("history", [(), (audit_trail(accesses=0),)])
def test_no_access_to_audit_is_unknown_not_pass(history: tuple[Observation, ...]) -> None:
    assert concluded(Audit, *history).verdict is Verdict.UNKNOWN


def test_an_access_without_audit_line_fails() -> None:
    judgement = concluded(Audit, audit_trail(without_record=ids("e-1")))
    assert judgement.verdict is Verdict.FAIL
    assert "1 of 40 accesses" in judgement.reason and "e-1" in judgement.reason


def test_an_audit_line_that_does_not_say_enough_fails_at_the_filter() -> None:
    judgement = concluded(Audit, audit_trail(silent={**ids("e-2"), "fields": ["dbStatus"]}))
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].position.line == 6
