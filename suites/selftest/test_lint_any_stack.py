"""Lint on directories that are not ours: templates told once, strange files ignored, every loader survives anything."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness import lint
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.model import Severity

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = PROJECT / "config-under-test"
HELM = """\
groups:
{{- if .Values.rules }}
- name: {{ .Values.name }}
  rules:
  {{- range .Values.rules }}
  - alert: {{ .name }}
    expr: {{ .expr }}
  {{- end }}
{{- end }}
"""
JINJA = "scrape_configs:\n{% for job in jobs %}\n  - job_name: {{ job.name }}\n{% endfor %}\n"


@pytest.mark.parametrize(
    ("name", "text"), [("rules.yml", HELM), ("prometheus.yml", JINJA), ("a.json", '{\n"a": {{ x }}}')]
)
def test_a_template_is_told_once_and_is_no_error(name: str, text: str) -> None:
    configuration = Configuration.of_texts({name: text})
    assert configuration.errors == ()
    judgements = lint.run(configuration, Context(configuration), products=False)
    found = lint.findings_of(judgements)
    assert [(f.check, f.severity, f.position.file) for f in found] == [("configuration/readable", Severity.INFO, name)]
    assert "a template" in found[0].message


def test_templates_of_notifications_are_none_of_helm() -> None:
    text = 'groups: [{name: g, rules: [{alert: A, expr: up == 0, annotations: {summary: "{{ $labels.job }}"}}]}]\n'
    configuration = Configuration.of_texts({"rules.yml": text})
    assert configuration.templated == ()
    assert len(configuration.documents) == 1


def test_a_broken_file_that_holds_actions_is_broken() -> None:
    text = "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs:\n  - title: '{{ if .X }}'\n    text: [\n"
    configuration = Configuration.of_texts({"alertmanager.yml": text})
    assert configuration.templated == ()
    assert configuration.errors != ()


def test_unknown_yaml_is_ignored() -> None:
    texts = {
        "deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 1}\n",
        "several.yaml": "a: 1\n---\nb: 2\n",
        "list.yml": "- 1\n- 2\n",
        "package.json": '{"name": "x", "version": "1"}',
        "workflow.yml": "on: push\njobs: {a: {steps: []}}\n",
    }
    configuration = Configuration.of_texts(texts)
    assert configuration.errors == ()
    assert configuration.documents == ()
    assert lint.findings_of(lint.run(configuration, Context(configuration), products=False)) == []


def _mutilated(text: str, seed: int) -> str:
    """The text with a few characters or lines cut, doubled, exchanged or replaced, the same for the same seed."""
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.choice((1, 2, 8, 60, 400)))
        stray = ("", "{", "]", '"', "\t", "\x00", "- ", ": ", "${", "{{", "null", "\u2028", "&a *a")
        put = dice.choice((*stray, text[start:end] * 2))
        text = text[:start] + put + text[end:]
    return text


@pytest.mark.parametrize("file", sorted(p.relative_to(SHIPPED).as_posix() for p in SHIPPED.rglob("*.*") if p.is_file()))
def test_no_loader_raises_on_mutilated_files(file: str) -> None:
    """Loading never raises; a few of the results go through every check too."""
    text = (SHIPPED / file).read_text(encoding="utf-8")
    large = len(text) > 20_000
    for seed in range(3 if large else 12):
        configuration = Configuration.of_texts({file: _mutilated(text, seed)})
        if seed >= (1 if large else 3):
            continue
        for judgement in lint.run(configuration, Context(configuration), products=False):
            assert not judgement.reason.startswith("the check itself failed"), (seed, judgement.check, judgement.reason)
