"""Runs every case of `fixtures/checks`, and holds every static check to the same rules."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import lint
from harness.contracts import Check, Context, Documents
from harness.documents.alertmanager import Alertmanager
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.documents.elasticsearch import Elasticsearch, IndexTemplate, LifecyclePolicy, Roles
from harness.documents.env import Env
from harness.documents.filebeat import Filebeat
from harness.documents.grafana import Datasources
from harness.documents.kibana import Kibana
from harness.documents.logstash import Logstash
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.documents.searches import Searches
from harness.documents.templates import Templates
from harness.model import Finding, Verdict

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "checks"
NAMES: dict[Any, str] = {
    Rules: "rules.yml",
    Alertmanager: "alertmanager.yml",
    Prometheus: "prometheus.yml",
    Compose: "docker-compose.yml",
    Env: ".env.example",
    Filebeat: "filebeat.yml",
    Logstash: "logstash.conf",
    Templates: "notifications.tmpl",
    Dashboard: "dashboard.json",
    Searches: "saved-searches.json",
    IndexTemplate: "index-template.json",
    Runbook: "runbooks/page.md",
    Datasources: "datasources.yml",
    Elasticsearch: "elasticsearch.yml",
    LifecyclePolicy: "ilm-policy.json",
    Roles: "roles.yml",
    Kibana: "kibana.yml",
    Documents: "rules.yml",
}
CHECKS = {check.id: check for check in lint.static_checks()}


def _files() -> list[Path]:
    return sorted(FOLDER.glob("*/*.yaml"))


def _cases() -> list[Any]:
    found = []
    for path in _files():
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, case in raw["cases"].items():
            found.append(pytest.param(raw, case, id=f"{raw['check']}: {name}"))
    return found


def _judged(check: Check, raw: dict[str, Any], case: dict[str, Any]) -> tuple[Configuration, list[Finding]]:
    given = case["given"]
    texts = given if isinstance(given, dict) else {NAMES[check.subject]: given}
    configuration = Configuration.of_texts({name: str(text) for name, text in texts.items()})
    assert not configuration.errors, "a case must be readable, else it proves nothing"
    fixtures = {**raw.get("fixtures", {}), **case.get("fixtures", {})}
    judgements = lint.run(configuration, Context(configuration, fixtures), [check], products=False)
    judgement = next(j for j in judgements if j.check == check.id)
    assert not judgement.gaps, judgement.gaps
    return configuration, list(judgement.findings)


@pytest.mark.parametrize(("raw", "case"), _cases())
def test_case(raw: dict[str, Any], case: dict[str, Any]) -> None:
    check = CHECKS[raw["check"]]
    configuration, findings = _judged(check, raw, case)
    said = [f"{f.position}: {f.message}" for f in findings]
    expected = case["expect"]
    assert len(findings) == len(expected), said
    for finding, wanted in zip(findings, expected, strict=True):
        assert finding.position.line == wanted["line"], said
        assert wanted["says"] in finding.message, said
        assert wanted.get("file", finding.position.file) == finding.position.file, said
        if "column" in wanted:
            assert finding.position.column == wanted["column"], said
        _is_a_real_place(finding, configuration)


def _is_a_real_place(finding: Finding, configuration: Configuration) -> None:
    text = configuration.text(finding.position.file)
    assert text is not None, f"{finding.position.file} is no file of the case"
    lines = text.split("\n")
    assert 1 <= finding.position.line <= len(lines)
    line = lines[finding.position.line - 1]
    assert 1 <= finding.position.column <= len(line) + 1
    assert finding.position.column + finding.position.length <= len(line) + 1


@pytest.mark.parametrize("identity", sorted(CHECKS))
def test_check_has_a_failing_and_a_passing_case(identity: str) -> None:
    path = FOLDER / f"{identity}.yaml"
    assert path.is_file(), f"{identity} has no cases: {path} is missing"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert raw["check"] == identity
    assert any(case["expect"] for case in raw["cases"].values()), f"{identity} has no failing case"
    assert any(not case["expect"] for case in raw["cases"].values()), f"{identity} has no passing case"


def test_every_case_file_is_of_a_check() -> None:
    known = {f"{identity}.yaml" for identity in CHECKS}
    assert {str(path.relative_to(FOLDER)) for path in _files()} <= known


@pytest.mark.parametrize("identity", sorted(CHECKS))
def test_check_is_documented(identity: str) -> None:
    manual = inspect.getdoc(type(CHECKS[identity])) or ""
    for word in ("Why", "Bad", "Good", "Fix"):
        assert f"{word}:" in manual, f"{identity} does not say: {word}"


BROKEN = {
    "empty": "",
    "nothing": "null",
    "a number": "42",
    "a list": "[1, [2, {}], null]",
    "not utf-8 looking": "\u0000\ufffd",
    "half": '{"groups": [{"rules"',
}


@pytest.mark.parametrize("identity", sorted(CHECKS))
def test_check_survives_broken_input(identity: str) -> None:
    """Every case of the check again, cut off and with values of other types in it: no crash, whatever comes out."""
    check = CHECKS[identity]
    path = FOLDER / f"{identity}.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {"cases": {}}
    for case in raw["cases"].values():
        given = case["given"]
        texts = given if isinstance(given, dict) else {NAMES[check.subject]: given}
        for name, text in texts.items():
            for broken in (*BROKEN.values(), *_mutilated(str(text))):
                configuration = Configuration.of_texts({**texts, name: broken})
                fixtures = {**raw.get("fixtures", {}), **case.get("fixtures", {})}
                for judgement in lint.run(configuration, Context(configuration, fixtures), [check], products=False):
                    assert not judgement.reason.startswith("the check itself failed"), (broken, judgement.reason)
                    for finding in judgement.findings:
                        _is_a_real_place(finding, configuration)


def _mutilated(text: str) -> list[str]:
    lines = text.split("\n")
    cut = ["\n".join(lines[:end]) for end in range(1, len(lines), max(1, len(lines) // 6))]
    retyped = []
    for index, line in enumerate(lines):
        head, colon, _ = line.partition(": ")
        if colon:
            for value in ("[7]", "{x: 7}", "", "~", "7"):
                retyped.append("\n".join([*lines[:index], f"{head}: {value}", *lines[index + 1 :]]))
    return cut + retyped[:: max(1, len(retyped) // 40)]


def test_a_check_that_crashes_is_unknown() -> None:
    class Crashing(type(CHECKS["rules/missing-for"])):  # type: ignore[misc]
        def examine(self, subject: Any, context: Context) -> Any:
            raise ZeroDivisionError("boom")

    configuration = Configuration.of_texts({"rules.yml": "groups: [{name: g, rules: [{alert: A, expr: up}]}]"})
    judged = lint.run(configuration, Context(configuration), [Crashing()], products=False)[1]
    assert judged.verdict is Verdict.UNKNOWN
    assert "boom" in judged.reason
