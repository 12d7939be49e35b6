"""The pytest face: suites judge a finished run, recorded as a literal, without starting anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# Imported here so that the sessions within this process need not import it again, each for itself.
from harness import run as run
from harness.contracts import Check
from harness.documents import configuration
from harness.lint import is_static
from harness.registry import discover
from harness.run import suite_of

pytest_plugins = ["pytester"]

configuration.kinds()
discover("harness.checks", Check)

PROJECT = Path(__file__).resolve().parents[2]

RULES = """groups:
  - name: g
    rules:
      - alert: ApiDown
        expr: up == 0
        labels: {severity: critical}
      - alert: ApiSlow
        expr: latency > 1
        labels: {severity: warning}
"""
ROUTES = """route:
  receiver: warnings
  routes:
    - matchers: [severity="critical"]
      receiver: pages
      group_wait: 0s
receivers:
  - name: pages
    slack_configs: [{channel: '#alerts-critical'}]
    pagerduty_configs: [{routing_key: x}]
  - name: warnings
    slack_configs: [{channel: '#alerts-warnings'}]
    email_configs: [{to: a@b.example}]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
"""
CHANNELS = {"ApiDown": ("slack #alerts-critical", "pagerduty"), "ApiSlow": ("slack #alerts-warnings", "email")}
SEVERITY = {"ApiDown": "critical", "ApiSlow": "warning"}


def heard(alert: str, channel: str, at: float, lane: str = "") -> dict[str, Any]:
    data = {"lane": lane, "title": f"[FIRING] {alert}", "text": "", "delivered": True, "problems": []}
    return {"at": at, "kind": "notification", "subject": channel, "data": data}


def recording() -> list[dict[str, Any]]:
    """A run in which all went well: two alerts fired and arrived, and the storm was half as loud as it could be."""
    seen = [
        {"at": 1, "kind": "boot", "subject": name, "data": {"service": name, "seconds": 1.0, "level": "native"}}
        for name in ("prometheus", "alertmanager")
    ]
    seen.append({"at": 2, "kind": "healthy", "subject": "stack", "data": {"seconds": 2.0, "instances": ["prometheus"]}})
    seen.append(
        {"at": 5, "kind": "live", "subject": "wave-1", "data": {"instance": "wave-1", "live_at": 5, "wave": True}}
    )
    messages = [
        {"at": 10, "channel": channel, "alerts": [[alert, "firing", 5]]}
        for alert in CHANNELS
        for channel in CHANNELS[alert]
    ]
    simulated = {
        "name": "wave-1",
        "live_at": 0.0,
        "ends": 60.0,
        "inhibiting": True,
        "fired": dict.fromkeys(CHANNELS, 0.0),
    }
    simulated |= {"expected": dict.fromkeys(CHANNELS, 0.0), "messages": messages}
    seen.append({"at": 5, "kind": "virtual", "subject": "wave-1", "data": simulated})
    for alert, channels in CHANNELS.items():
        expectation = {"lane": "wave-1", "fires": 0.0, "muted": False, "true_in_the_past": 1}
        seen.append({"at": 5, "kind": "expectation", "subject": alert, "data": expectation})
        labels = {"alertname": alert, "severity": SEVERITY[alert]}
        firing = {"by": "prometheus", "where": "wave-1", "labels": labels, "state": "firing"}
        seen.append({"at": 10, "kind": "alert-state", "subject": alert, "data": firing})
        held = {"by": "alertmanager", "where": "alertmanager", "labels": labels, "state": "active", "inhibitedBy": []}
        seen.append(
            {"at": 10, "kind": "alert-state", "subject": alert, "data": {**held, "startsAt": "1970-01-01T00:00:10Z"}}
        )
        seen += [heard(alert, channel, 10.5 if alert == "ApiDown" else 40.5) for channel in channels]
        seen += [heard(alert, channel, 50, "plain") for channel in channels]
    seen.append({"at": 9, "kind": "storm", "subject": "storm", "data": {"fires": [*CHANNELS], "muted": ["ApiSlow"]}})
    seen += [heard("ApiDown", channel, 50, "storm") for channel in CHANNELS["ApiDown"]]
    seen.append({"at": 60, "kind": "exercise", "subject": "alerting", "data": {"failed": "", "seconds": 50}})
    return seen


@dataclass(frozen=True)
class Answer:
    """What pytest said, and its exit code."""

    code: int
    text: str

    def having(self, word: str) -> set[str]:
        """The ids of the tests with an outcome."""
        return set(re.findall(rf"^{word} \S+?::(\S+)", self.text, re.MULTILINE))


class Session:
    """A recorded run and the configuration it was of, and pytest to judge it."""

    def __init__(self, folder: Path, pytester: pytest.Pytester) -> None:
        self.folder, self.pytester = folder, pytester
        self.run, self.config, self.reports = folder / "run", folder / "config", folder / "reports"
        self.run.mkdir()
        self.config.mkdir()
        (self.config / "rules.yml").write_text(RULES)
        (self.config / "alertmanager.yml").write_text(ROUTES)

    def write(self, seen: list[dict[str, Any]], *torn: str) -> None:
        lines = [*map(json.dumps, seen), *torn]
        (self.run / "history.ndjson").write_text("".join(f"{line}\n" for line in lines))

    def words(self, *more: str) -> list[str]:
        found = [f"{PROJECT}/suites/alerting", "-q", "-rA", "--color=no", "-p", "no:cacheprovider", "-p", "no:locust"]
        given = [f"--recorded={self.run}", f"--config-under-test={self.config}", "-c", f"{PROJECT}/pyproject.toml"]
        given += ["-k", " and ".join(f"not {name}]" for name in OTHERS)]
        return [*found, *given, *more]

    def judge(self, *more: str) -> Answer:
        """As `pytest suites/alerting --recorded RUN` does, within this process."""
        done = self.pytester.runpytest_inprocess(*self.words(*more))
        return self.answer(int(done.ret), done.stdout.str() + done.stderr.str())

    def judge_from_outside(self) -> Answer:
        """The same as a person types it."""
        command = [sys.executable, "-m", "pytest", *self.words()]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
        return self.answer(done.returncode, done.stdout + done.stderr)

    def answer(self, code: int, text: str) -> Answer:
        assert not self.reports.exists(), "judging a recorded run must not make another"
        return Answer(code, text)


@pytest.fixture
def session(tmp_path, pytester, monkeypatch) -> Session:
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("HARNESS_PROJECT", str(PROJECT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "session").mkdir()
    return Session(tmp_path / "session", pytester)


VERIFIERS = ("agreement", "content", "fatigue", "fires", "inhibition", "latency", "routing")
OTHERS = sorted(
    check.id
    for check in (kind() for kind in discover("harness.checks", Check))
    if not is_static(type(check)) and suite_of(check) == "alerting" and check.id.partition("/")[2] not in VERIFIERS
)
"""Verifiers of the suite that this recording holds nothing for; each has a test module of its own."""

ALL = {
    *(f"test_verifier_passes[alerting/{name}]" for name in VERIFIERS),
    *(f"test_alert_fires[{alert}]" for alert in CHANNELS),
    *(f"test_alert_reaches_exactly_its_channels[{alert}]" for alert in CHANNELS),
}


def test_a_run_in_which_all_went_well_passes(session):
    session.write(recording())
    judged = session.judge_from_outside()
    assert judged.code == 0, judged.text
    assert judged.having("PASSED") == ALL


def test_what_broke_is_named_by_the_ids_and_its_place_alone(session):
    session.write([one for one in recording() if not (one["subject"] == "pagerduty" and one["data"]["lane"] == "")])
    judged = session.judge()
    assert judged.code == 1
    broken = {f"test_verifier_passes[alerting/{name}]" for name in ("routing", "agreement")}
    broken.add("test_alert_reaches_exactly_its_channels[ApiDown]")
    assert (judged.having("FAILED"), judged.having("PASSED")) == (broken, ALL - broken)
    assert "alertmanager.yml:5:17: ApiDown (severity critical) did not reach pagerduty" in judged.text


def test_what_was_not_seen_does_not_pass(session):
    heard_by_nobody = [one for one in recording() if one["kind"] != "notification"]
    session.write(heard_by_nobody)
    judged = session.judge()
    unseen = {f"test_verifier_passes[alerting/{name}]" for name in ("content", "fatigue", "inhibition", "latency")}
    assert judged.having("FAILED") >= unseen
    assert "alerting/latency: unknown: no notification of a dated alert was received" in judged.text


def test_an_empty_recording_passes_nothing(session):
    session.write([])
    judged = session.judge()
    assert (judged.code, judged.having("FAILED")) == (1, ALL)


def test_a_part_of_a_suite_can_be_judged(session):
    session.write(recording())
    assert session.judge("-k", "latency").having("PASSED") == {"test_verifier_passes[alerting/latency]"}


class TestOneClearMessage:
    def complaint(self, judged: Answer) -> str:
        assert judged.code == 2, judged.text
        assert "Traceback" not in judged.text and "harness/events.py" not in judged.text, judged.text
        assert judged.text.count("harness: ") == 1, judged.text
        return judged.text

    def test_for_a_recording_that_is_broken(self, session):
        session.write(recording(), "torn")
        place = f"history.ndjson:{len(recording()) + 1}:1: not a recorded observation"
        assert place in self.complaint(session.judge())

    def test_for_a_recording_that_is_not_there(self, session):
        assert "cannot read the recorded history" in self.complaint(session.judge())

    def test_for_a_configuration_that_is_not_there(self, session):
        session.write(recording())
        none = session.folder / "none"
        assert f"{none}: no such directory" in self.complaint(session.judge(f"--config-under-test={none}"))


def test_tests_that_judge_nothing_are_left_alone(pytester):
    pytester.makepyfile("def test_plain():\n    assert True\n")
    pytester.runpytest_inprocess("-p", "no:locust").assert_outcomes(passed=1)
