"""`harness lint`: exit codes, formats, the products' own checkers, and the faults that it exists to find."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import lint
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.errors import UsageError
from harness.manuals import MANUALS
from harness.model import Finding, Severity, Verdict
from harness.product_checkers import CHECKERS, judge_by_products
from harness.settings import read_fixtures

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = PROJECT / "config-under-test"
GOOD = (
    "groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 5m, labels: {severity: info}, "
    "annotations: {summary: x}}]}]\n"
)


def _lint(folder: Path, output_format: str = "text") -> tuple[int, str]:
    written: list[str] = []
    return lint.main([folder], output_format, write=written.append), "".join(written)


def _folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return tmp_path


def test_nothing_found_is_zero(tmp_path: Path) -> None:
    code, said = _lint(_folder(tmp_path, rules_yml=GOOD))
    assert (code, said.count("\n")) == (0, said.count("\n"))
    assert "nothing found" in said


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    code, said = _lint(_folder(tmp_path, rules_yml=GOOD.replace(" for: 5m,", "")))
    assert code == 0
    assert "warning  rules/missing-for" in said


def test_a_bug_is_one_and_has_a_caret_below_its_place(tmp_path: Path) -> None:
    code, said = _lint(_folder(tmp_path, rules_yml="groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up > 1\n"))
    assert code == 1
    lines = said.split("\n")
    at = lines.index("rules.yml:5:14  bug  rules/impossible")
    assert lines[at + 1] == "   5 |     expr: up > 1"
    assert lines[at + 2].startswith("     |              ^ can never be true")


def test_an_unreadable_file_is_two_and_the_rest_is_judged(tmp_path: Path) -> None:
    code, said = _lint(_folder(tmp_path, rules_yml=GOOD.replace("up == 0", "up > 1"), prometheus_yml="a: [\n"))
    assert code == 2
    assert "prometheus.yml:1:5  fatal  configuration/readable" in said
    assert "rules/impossible" in said


@pytest.mark.parametrize("make", [lambda p: p / "missing", lambda p: _file(p), lambda p: p])
def test_what_is_no_configuration_is_a_usage_error(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(UsageError) as error:
        lint.main([make(tmp_path)])
    assert error.value.exit_code == 2


def _file(folder: Path) -> Path:
    path = folder / "x.yml"
    path.write_text("a: 1")
    return path


def test_a_file_alone_is_linted(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "rules.yml").write_text(GOOD.replace("up == 0", "up > 1"))
    (tmp_path / "broken.yml").write_text("groups: [")
    assert lint.main([tmp_path / "rules.yml"], write=said.append) == 1
    assert "".join(said).startswith("rules.yml:1:")


def test_an_unknown_format_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown format"):
        lint.main([tmp_path], "xml")


def test_json_is_a_list_of_findings(tmp_path: Path) -> None:
    _, said = _lint(_folder(tmp_path, rules_yml=GOOD.replace("up == 0", "up > 1")), "json")
    found = json.loads(said)
    assert found[0].keys() == {"check", "severity", "file", "line", "column", "message"}
    assert ("rules/impossible", "bug", "rules.yml", 1) in {
        (f["check"], f["severity"], f["file"], f["line"]) for f in found
    }


def test_sarif_names_rules_and_regions(tmp_path: Path) -> None:
    _, said = _lint(_folder(tmp_path, rules_yml=GOOD.replace("up == 0", "up > 1")), "sarif")
    run = json.loads(said)["runs"][0]
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == 1
    assert region["endColumn"] > region["startColumn"]


def test_github_annotations_are_escaped(tmp_path: Path) -> None:
    _, said = _lint(_folder(tmp_path, rules_yml=GOOD.replace("up == 0", "up > 1")), "github")
    assert said.startswith("::error file=")
    assert "title=rules/impossible::can never be true" in said
    assert all(line.startswith("::") for line in said.splitlines())


def test_a_product_that_is_not_here_is_a_gap() -> None:
    configuration = Configuration.of_texts({"rules.yml": GOOD})
    (judgement,) = judge_by_products(configuration, lambda name: None)
    assert judgement.verdict is Verdict.UNKNOWN
    assert "promtool is not set up" in judgement.gaps[0].reason


def _product_findings(name: str, texts: dict[str, str]) -> list[Finding]:
    if lint.find_binary(name) is None:
        pytest.skip(f"{name} is not set up")
    judged = judge_by_products(Configuration.of_texts(texts), lint.find_binary)
    return [finding for judgement in judged for finding in judgement.findings]


def test_promtool_points_into_the_expression() -> None:
    text = (
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      sum(\n        rate(up))\n"
        "  - record: b\n    expr: '1 2'\n"
    )
    found = _product_findings("promtool", {"rules.yml": text})
    assert [str(f.position) for f in found] == ["rules.yml:7:14", "rules.yml:9:14"]
    assert "expected type range vector" in found[0].message


def test_promtool_points_to_unknown_fields_and_templates() -> None:
    text = "groups:\n- name: g\n  rules:\n  - alert: A\n    exprr: up\n    expr: up\n    form: 5m\n"
    found = _product_findings("promtool", {"rules.yml": text, "prometheus.yml": "scrape_configs:\n- job_nam: a\n"})
    assert {str(f.position) for f in found} == {"rules.yml:5:5", "rules.yml:7:5", "prometheus.yml:2:3"}


def test_amtool_is_given_placeholders_filled_in() -> None:
    text = (
        "global:\n  resolve_timeout: ${RESOLVE_TIMEOUT}\n  smtp_smarthost: '${SMTP_HOST}:${SMTP_PORT}'\n"
        "  smtp_from: ${EMAIL_FROM}\n  slack_api_url: ${SLACK_WEBHOOK}\n# ${COMMENT\nroute: {receiver: a}\n"
        "receivers:\n- name: a\n  slack_configs: [{channel: '#a'}]\n  email_configs: [{to: '${EMAIL_TO}'}]\n"
        "templates: [/etc/alertmanager/*.tmpl]\n"
    )
    template = '{{ define "a" }}x{{ end }}\n'
    assert _product_findings("amtool", {"alertmanager.yml": text, "a.tmpl": template}) == []
    found = _product_findings("amtool", {"alertmanager.yml": text, "a.tmpl": template + "{{ nonsense }}\n"})
    assert [(f.position.file, f.position.line) for f in found] == [("a.tmpl", 2)]
    found = _product_findings("amtool", {"alertmanager.yml": text.replace("route:", "routes: {}\nroute:")})
    assert [(f.position.file, f.position.line) for f in found] == [("alertmanager.yml", 7)]


def test_filebeat_is_asked() -> None:
    text = "filebeat.inputs:\n- {type: filestream, id: a, paths: [/x]}\noutput.logstash: {hosts: ['${HOST}:1']}\n"
    assert _product_findings("filebeat", {"filebeat.yml": text}) == []
    assert _product_findings("filebeat", {"filebeat.yml": text + "output.console: {pretty: true}\n"}) != []


SHIPPED_FAULTS = [
    ("config/alertmanager/config.yml", "receiver: critical", "receiver: warning", "alertmanager/severity-channels"),
    ("config/alertmanager/config.yml", "'#alerts-critical'", "'#alerts-info'", "alertmanager/severity-channels"),
    ("config/alertmanager/config.yml", "group_wait: 0s", "group_wait: 30s", "alertmanager/group-wait"),
    (
        "config/alertmanager/config.yml",
        "equal: [cluster, service]",
        "equal: [cluster, instance]",
        "alertmanager/inhibit-equal",
    ),
    ("config/alertmanager/config.yml", "equal: [cluster, service]", "equal: [servce]", "alertmanager/inhibit-equal"),
    ("config/prometheus/alert.rules.yml", "> 0.05", "> 5", "rules/impossible"),
    (
        "config/prometheus/alert.rules.yml",
        'up{job="caredroid-backend"} == 0',
        'up{job="caredroid-backend"} == 2',
        "rules/impossible",
    ),
    ("config/prometheus/alert.rules.yml", 'status_code=~"5.."', 'status_code="599"', "rules/unknown-label"),
    ("config/prometheus/alert.rules.yml", "cache_connected", "cache_conected", "rules/unknown-metric"),
    ("config/prometheus/alert.rules.yml", "severity: warning", "severity: warn", "rules/unknown-severity"),
    ("config/prometheus/alert.rules.yml", "/d/error-analysis", "/d/errors", "rules/unknown-dashboard"),
    (
        "config/logstash.conf",
        '["patientName", "mrn", "ssn"]',
        '["statusCode", "patientName", "mrn", "ssn"]',
        "logs/field-dropped",
    ),
    ("config/logstash.conf", "|statusCode|", "|", "logs/field-dropped"),
    ("config/logstash.conf", 'index => "caredroid-logs"', 'index => "caredroid-log"', "elasticsearch/write-alias"),
    (
        "config/filebeat.yml",
        "- /var/log/caredroid/*.log\n",
        "- /var/logs/caredroid/*.log\n",
        "filebeat/path-not-mounted",
    ),
    ("config/filebeat.yml", "logstash:5044", "logstash:5045", "filebeat/unknown-output"),
    ("config/prometheus.yml", "caredroid-backend:3000", "caredroid-backend:3001", "prometheus/unknown-target"),
    ("config/prometheus.yml", "prometheus/alert.rules.yml", "prometheus/alerts.rules.yml", "prometheus/rule-files"),
    (
        "config/grafana/provisioning/dashboards/caredroid/user-activity.json",
        "active_users",
        "active_user",
        "dashboards/unknown-metric",
    ),
    ("config/elasticsearch/ilm-policy.json", '"30d"', '"3d"', "inventory/log-retention"),
    ("docker-compose.yml", "prom/prometheus:v3.11.0", "prom/prometheus:latest", "compose/unpinned-image"),
    ("docker-compose.yml", "retention.time=15d", "retention.time=5d", "inventory/prometheus"),
    (".env.example", "ALERTMANAGER_PAGERDUTY_KEY=", "PAGERDUTY_KEY=", "inventory/settings"),
]


@pytest.fixture(scope="module")
def fixtures() -> dict[str, object]:
    return dict(read_fixtures(PROJECT / "fixtures"))


def _found(folder: Path, fixtures: dict[str, object]) -> list[Finding]:
    configuration = Configuration.load(folder)
    judged = lint.run(configuration, Context(configuration, fixtures), products=False)
    assert [j.reason for j in judged if j.verdict is Verdict.UNKNOWN] == []
    return lint.findings_of(judged)


def test_the_shipped_configuration_is_clean(fixtures: dict[str, object]) -> None:
    found = [f for f in _found(SHIPPED, fixtures) if f.severity >= Severity.BUG]
    assert found == []


@pytest.mark.parametrize(("file", "before", "after", "check"), SHIPPED_FAULTS)
def test_a_fault_in_the_shipped_configuration_is_found(
    tmp_path: Path, fixtures: dict[str, object], file: str, before: str, after: str, check: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy)
    text = (copy / file).read_text(encoding="utf-8")
    assert before in text, f"{file} no longer holds {before}: choose another place"
    (copy / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    found = _found(copy, fixtures)
    assert check in {finding.check for finding in found}, [f"{f.position} {f.check}: {f.message}" for f in found]
    assert file in {finding.position.file for finding in found}


def test_every_id_that_lint_prints_can_be_explained() -> None:
    printed = {"configuration/readable", "waivers/current", *(checker.id for checker in CHECKERS)}
    assert set(MANUALS) == printed
    for manual in MANUALS.values():
        assert all(f"{word}:" in manual for word in ("Why", "Bad", "Good", "Fix"))


def test_the_summary_tells_kinds_and_the_way_on(tmp_path: Path) -> None:
    _, said = _lint(_folder(tmp_path, rules_yml=GOOD.replace("up == 0", "up > 1")))
    assert "artifacts recognised (1 rules)" in said
    assert "harness explain rules/impossible" in said.splitlines()[-1]


def test_the_table_of_other_linters_names_checks_there_are() -> None:
    table = (PROJECT / "docs" / "lint-coverage.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+/[a-z-]+)`", table))
    assert len(named) > 60
    assert named <= {check.id for check in lint.static_checks()} | set(MANUALS)
