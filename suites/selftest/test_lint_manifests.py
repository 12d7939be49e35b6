"""What Kubernetes manifests carry is linted where it stands in them; what cannot be read is told as it deserves."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness import lint
from harness.contracts import Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.model import Finding, Severity

MANIFESTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: files}
data:
  prometheus.yml: |
    ---
    scrape_configs:
      - job_name: a
        consult_sd_configs: []
  more.rules: |-
    groups:
    - name: g
      rules:
      - alert: A
        expr: sum(up
  board.json: |
    {"title": "Board", "schemaVersion": 39,
     "panels": [{"id": 1, "type": "stat", "title": "P", "targets": [{"refId": "A", "expr": "x"}]}]}
  notes.txt: |
    groups: none
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: rules}
spec:
  groups:
  - name: g
    partial_response_strategy: warn
    rules:
    - alert: B
      expr: up == 0
      lables: {a: b}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  stringData:
    alertmanager.yaml: |-
      "route":
        "receiver": "nobody"
      "receivers":
      - "name": "Default"
"""


def _found(texts: dict[str, str]) -> list[Finding]:
    configuration = Configuration.of_texts(texts)
    return lint.findings_of(lint.run(configuration, Context(configuration), products=False))


def test_what_manifests_carry_is_read() -> None:
    configuration = Configuration.of_texts({"all.yaml": MANIFESTS})
    assert configuration.errors == ()
    kinds = (Prometheus, Rules, Dashboard, Alertmanager)
    assert [len(configuration.of(kind)) for kind in kinds] == [1, 2, 1, 1]


def test_what_is_wrong_is_told_where_it_stands_in_the_manifest() -> None:
    found = [f for f in _found({"all.yaml": MANIFESTS}) if f.severity >= Severity.BUG]
    lines = MANIFESTS.split("\n")
    told = [(f.check, lines[f.position.line - 1][f.position.column - 1 :][: f.position.length]) for f in found]
    assert ("prometheus/unknown-field", "consult_sd_configs") in told
    assert ("rules/unknown-field", "lables") in told
    assert ("alertmanager/undefined-receiver", '"nobody"') in told
    assert any(f.check == "rules/syntax" and f.position.line == 15 for f in found)
    assert len(told) == 4, told


def test_manifests_that_carry_nothing_are_none_of_ours() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a.properties: |\n    x=1\n---\nkind: Service\nspec: {ports: []}\n"
    configuration = Configuration.of_texts({"a.yaml": text})
    assert (configuration.documents, configuration.errors) == ((), ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mkdocs.yml", "nav:\n  - a: [\n"),
        ("tsconfig.json", '{"compilerOptions": {"strict": true,,}}'),
        ("notes.yaml", "a: &a *a\n"),
    ],
)
def test_a_broken_file_that_is_none_of_ours_is_told_in_passing(name: str, text: str) -> None:
    found = _found({name: text})
    assert [(f.severity, f.position.file) for f in found] == [(Severity.INFO, name)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prometheus.yml", "a: [\n"),
        ("any.yml", "scrape_configs:\n  - job_name: [\n"),
        ("any.json", '{"panels": [}'),
        ("alert.rules", "groups:\n- name: [\n"),
    ],
)
def test_a_broken_file_that_is_one_of_ours_is_fatal(name: str, text: str) -> None:
    assert [f.severity for f in _found({name: text})] == [Severity.FATAL]


def test_comments_in_json_are_told_only_of_files_that_are_ours() -> None:
    board = '{"title": "B", "schemaVersion": 39, // a note\n"panels": [],\n"uid": "b",}\n'
    found = [f for f in _found({"b.json": board}) if f.severity is Severity.FATAL]
    assert [(f.position.line, "comments" in f.message) for f in found] == [(1, True)]
    assert _found({"settings.json": '{/* editor */ "a": "//x", "b": [1, 2,],}'}) == []


def test_jsonnet_is_told_once() -> None:
    found = _found({"a.jsonnet": "{}", "b/c.libsonnet": "{}", "rules.yml": "groups: []\n"})
    assert [(f.severity, f.position.file) for f in found] == [(Severity.INFO, "a.jsonnet")]
    assert "2 Jsonnet files" in found[0].message


def test_other_encodings_have_a_place_and_are_linted_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_bytes(
        "groups: [{name: gr\xfcn, rules: [{alert: A, expr: 'sum(up'}]}]\n".encode("latin-1")
    )
    (tmp_path / "prometheus.yml").write_bytes("scrape_configs: [{job_name: a, x: b}]\n".encode("utf-16"))
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\x00\xff")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    configuration = Configuration.load(tmp_path)
    found = lint.findings_of(lint.run(configuration, Context(configuration), products=False))
    said = {(f.position.file, f.check) for f in found if f.severity is Severity.FATAL}
    assert said == {
        ("rules.yml", "configuration/readable"),
        ("rules.yml", "rules/syntax"),
        ("prometheus.yml", "configuration/readable"),
        ("prometheus.yml", "prometheus/unknown-field"),
    }


def test_keys_that_are_twice_in_json_are_a_warning() -> None:
    board = '{"title": "B", "title": "C", "schemaVersion": 39, "panels": [], "uid": "b"}'
    found = [f for f in _found({"b.json": board}) if f.check == "configuration/readable"]
    assert [f.severity for f in found] == [Severity.WARNING]


STRAY = (
    "",
    "{",
    "]",
    '"',
    "\t",
    "\x00",
    "- ",
    ": ",
    "${",
    "{{",
    "---\n",
    "|\n",
    "&a *a",
    "<<: *x",
    "\u2028",
    "!!binary x",
    "//",
)


@pytest.mark.parametrize("seed", range(25))
def test_nothing_that_manifests_hold_brings_a_reader_down(seed: int) -> None:
    dice = random.Random(seed)
    text = MANIFESTS
    for _ in range(dice.randint(1, 5)):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.choice((1, 2, 8, 60, 200)))
        text = text[:start] + dice.choice((*STRAY, text[start:end] * 2)) + text[end:]
    configuration = Configuration.of_texts({"all.yaml": text})
    for judgement in lint.run(configuration, Context(configuration), products=False):
        assert not judgement.reason.startswith("the check itself failed"), (judgement.check, judgement.reason)
        for finding in judgement.findings:
            lines = text.split("\n")
            assert 1 <= finding.position.line <= len(lines)
            assert 1 <= finding.position.column <= len(lines[finding.position.line - 1]) + 1
