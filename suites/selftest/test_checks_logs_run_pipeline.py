"""The log pipeline under test, run in process over generated lines, whole and with something broken on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.checks.logs.audit import Audit
from harness.checks.logs.content import Content
from harness.checks.logs.dead_letters import DeadLetters
from harness.checks.logs.delivery import Delivery
from harness.checks.logs.phi import Phi
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.generators.log_audit import AuditTrail
from harness.generators.log_expectation import Expectation
from harness.generators.log_fate import Fate
from harness.generators.log_schedule import Schedule
from harness.generators.log_truth import Truth
from harness.generators.logs import Line, LogGenerator
from harness.judging import judge
from harness.languages.logstash import Pipeline
from harness.model import History, Judgement, Observation, Verdict

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "config-under-test/config/logstash.conf").read_text(encoding="utf-8")
FIXTURES: dict[str, Any] = {
    name: yaml.safe_load((ROOT / "fixtures" / f"{name}.yml").read_text(encoding="utf-8"))
    for name in ("catalog", "logs", "searches")
}
ENVIRONMENT = {
    "PHI_FINGERPRINT_KEY": "a key of thirty-two characters..",
    "LOGSTASH_WRITER_PASSWORD": "secret",
    "ELASTICSEARCH_URL": "http://127.0.0.1:9200",
}
SPAN = Schedule(1_795_440_000_000, 1_795_441_800_000)
GENERATOR = LogGenerator(3, FIXTURES["catalog"], FIXTURES["logs"])
LINES = [*GENERATOR.lines(3000, SPAN), *GENERATOR.malformed(24, SPAN)]
TRUTH = Truth.of(LINES, GENERATOR.canaries, FIXTURES["searches"], FIXTURES["catalog"])


def shipped(line: Line, offset: int) -> dict[str, Any]:
    """The event as Filebeat sends it."""
    return {
        "@timestamp": "2026-11-23T15:00:00.000Z",
        "@metadata": {"beat": "filebeat", "type": "_doc", "version": "7.17.29"},
        "message": line.text,
        "host": {"name": "here"},
        "agent": {"type": "filebeat", "version": "7.17.29"},
        "ecs": {"version": "1.12.0"},
        "input": {"type": "filestream"},
        "log": {"offset": offset, "file": {"path": f"/var/log/caredroid/{line.kind}.log"}},
    }


def run(config: str) -> tuple[History, Context]:
    """What the suite would have recorded, had this been the pipeline."""
    pipeline = Pipeline.from_text(config, "config/logstash.conf", env=ENVIRONMENT)
    fate = Fate(TRUTH, Expectation(FIXTURES["catalog"], FIXTURES["logs"]["pipeline"]))
    audit = AuditTrail(FIXTURES["logs"]["audit"])
    for offset, line in enumerate(LINES):
        for event in pipeline.process_with_metadata(shipped(line, offset)):
            (output,) = pipeline.outputs_for(event)
            document = {name: value for name, value in event.items() if name != "@metadata"}
            document["@timestamp"] = str(document["@timestamp"])
            index = str(output.options["index"])
            (fate.add_dead_letter if "dead" in index else fate.add_document)(index, document)
            audit.add(document)
    observations = {"log-sent": {"count": len(TRUTH.lines)}, "log-line-fate": fate.lines}
    observations |= {"log-dead-letters": fate.dead_letters, "phi-canaries": fate.phi, "audit-trail": audit.summary}
    history = History.of(*(Observation(1.0, kind, "logs", data) for kind, data in observations.items()))
    return history, Context(Configuration.of_texts({"config/logstash.conf": config}), FIXTURES, {})


def judged(config: str, check: type[Check]) -> Judgement:
    history, context = run(config)
    return judge(check(), history, context)


def broken(old: str, new: str) -> str:
    assert old in CONFIG, f"the pipeline no longer holds {old!r}"
    return CONFIG.replace(old, new, 1)


def line_of(config: str, text: str) -> int:
    return config[: config.index(text)].count("\n") + 1


def test_the_pipeline_as_it_is_delivers_everything_unaltered_and_redacted() -> None:
    history, context = run(CONFIG)
    for check in (Delivery, Content, Phi, DeadLetters, Audit):
        judgement = judge(check(), history, context)
        assert judgement.verdict is Verdict.PASS, (judgement.check, judgement.reason)


def test_a_field_dropped_while_parsing_is_named_with_its_line() -> None:
    config = broken(
        "    skip_on_invalid_json => false\n", '    skip_on_invalid_json => false\n    remove_field => ["dbStatus"]\n'
    )
    judgement = judged(config, Content)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].position.line == line_of(config, '["dbStatus"]')


def test_a_field_missing_from_the_catalog_list_is_named_with_its_line() -> None:
    config = broken("statusCode|", "")
    judgement = judged(config, Content)
    assert judgement.verdict is Verdict.FAIL
    assert "`statusCode`" in judgement.findings[0].message
    assert judgement.findings[0].position.line == line_of(config, "whitelist_names")


def test_fields_parsed_below_another_one_are_named_with_their_line() -> None:
    config = broken("    skip_on_invalid_json", '    target => "app"\n    skip_on_invalid_json')
    judgement = judged(config, Delivery)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].position.line == line_of(config, 'target => "app"')


def test_dropped_lines_are_missed() -> None:
    config = broken(
        '    if [dbStatus] == "error" {', '    if [level] == "debug" { drop { } }\n    if [dbStatus] == "error" {'
    )
    judgement = judged(config, Delivery)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].position.line == line_of(config, "drop {")


@pytest.mark.parametrize(
    "old",
    [
        '        remove_field => ["patientName", "mrn", "ssn"]\n',
        '          "message", "[Mm][Rr][Nn][-:#=\\s]*\\d{6,10}", "[MRN]",\n',
        '          "stack", "\\b\\d{3}-\\d{2}-\\d{4}\\b", "[SSN]",\n',
        '          "path", "[Mm][Rr][Nn][-:#=\\s]*\\d{6,10}", "[MRN]",\n',
        """        "message", '("patientName"\\s*:\\s*)"[^"]*"?', '\\1"[NAME]"',\n""",
    ],
)
def test_each_part_of_the_redaction_is_needed(old: str) -> None:
    config = broken(old, "")
    if "path" in old:
        query = '"path", "([?&](?:name|patientName|mrn|ssn)=)[^&\\s]*", "\\1[redacted]"'
        config = config.replace(query, '"path", "nothing", "at all"', 1)
    if "remove_field" in old:
        config = config.replace("statusCode|", "statusCode|patientName|mrn|ssn|", 1)
    judgement = judged(config, Phi)
    assert judgement.verdict is Verdict.FAIL


def test_audit_lines_that_are_dropped_are_missed() -> None:
    config = broken(
        '    if [dbStatus] == "error" {',
        '    if [auditEvent] == "phi-read" { drop { } }\n    if [dbStatus] == "error" {',
    )
    judgement = judged(config, Audit)
    assert judgement.verdict is Verdict.FAIL
    assert "have no audit line" in judgement.reason


def test_audit_lines_that_no_longer_say_who_are_named_with_the_filter() -> None:
    config = broken(
        "    skip_on_invalid_json => false\n", '    skip_on_invalid_json => false\n    remove_field => ["userId"]\n'
    )
    judgement = judged(config, Audit)
    assert judgement.verdict is Verdict.FAIL
    assert "lack userId" in judgement.reason
    assert judgement.findings[0].position.line == line_of(config, '["userId"]')
