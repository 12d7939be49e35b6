"""Faults in rules, routes, inhibition and templates that leave a configuration valid: each is caught, the cause named.

A fault is put into a copy of the configuration under test; of the simulation only the part that shows it is played, on
the virtual clock, with nothing booted. What is expected is written elsewhere: in the scenarios, and in what was agreed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import judging, lint
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.events import HistoryFile
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Finding, Level
from harness.registry import discover
from harness.settings import read_fixtures
from harness.stack import Stack, Workspace
from harness.toolchain import locate, prepare
from suites.selftest.running import PROJECT
from suites.simulation import exercise

RULES = "config/prometheus/alert.rules.yml"
ROUTES = "config/alertmanager/config.yml"
TEMPLATES = "config/alertmanager/notification-templates.tmpl"
CHECKS = {kind().id: kind() for kind in discover("harness.checks", Check)}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Fault:
    """What is changed where, what is played to see it, and what must be said of it where."""

    file: str
    old: str
    new: str
    play: tuple[str, ...]
    check: str
    says: str
    at: str
    """A text on the line that the finding names."""
    more: str = ""
    """Appended to the file."""


API_ERRORS = """            > 0.05
          and sum by (job) (rate(http_requests_total{job="caredroid-backend", route!="/api/health"}[5m])) > 0.5
        for: 5m"""
EXPLAINED = """  - source_matchers: ['severity="critical"']
    target_matchers: ['severity=~"warning|info"']
    equal: [cluster, service, component]"""
PROVIDER = """sum by (job, provider) (rate(external_requests_total{job="caredroid-backend", status="error"}[5m]))
            / sum by (job, provider) (rate(external_requests_total{job="caredroid-backend"}[5m]))
            > 0.1
          and sum by (job, provider) ("""
CRITICAL_ROUTE = "    - matchers: ['severity=\"critical\"']\n      receiver: critical\n"
LAG = '_lag_p99_seconds{job="caredroid-backend"}) > 0.25'
RESOLVED = "channel: '#alerts-critical'\n        send_resolved: true"
TITLE = '{{ if eq .Status "firing" }}{{ .CommonLabels.severity'
REMINDED = "      group_interval: 1m\n      repeat_interval: 4h"
WEEKENDS = "\ntime_intervals:\n  - name: weekends\n    time_intervals:\n      - weekdays: [saturday, sunday]\n"

FAULTS = {
    "threshold ×10": Fault(
        RULES, API_ERRORS, API_ERRORS.replace("0.05", "0.5"), ("scenario wave-1",), "simulation/expectation",
        r"ApiErrorRateHigh did not fire in wave-1, .* it asks for > 0\.5 and > 0\.5, for 5m", "expr: |",
    ),
    "greater turned less": Fault(
        RULES, LAG, LAG.replace(">", "<"),
        ("scenario healthy",), "simulation/expectation",
        r"EventLoopLagHigh fired in healthy, where nothing is wrong with it: it asks for < 0\.25", "expr: max "
        r"by (job) (nodejs",
    ),
    "for 5m turned 50m": Fault(
        RULES, API_ERRORS, API_ERRORS.replace("for: 5m", "for: 50m"), ("scenario wave-1",), "simulation/expectation",
        r"ApiErrorRateHigh did not fire in wave-1, .* for 50m", "for: 50m",
    ),
    "severity misspelt": Fault(
        RULES, "severity: warning, team: backend, service: caredroid-backend, component: external",
        "severity: warnng, team: backend, service: caredroid-backend, component: external",
        ("alert ExternalProviderErrorsHigh",), "simulation/routing",
        r"ExternalProviderErrorsHigh has severity 'warnng': nothing was agreed for it", "severity: warnng",
    ),
    "severity misspelt, in the files": Fault(
        RULES, "severity: warning, team: backend, service: caredroid-backend, component: external",
        "severity: warnng, team: backend, service: caredroid-backend, component: external",
        (), "rules/unknown-severity", r'no route knows severity "warnng"; did you mean warning\?', "severity: warnng",
    ),
    "a label dropped by sum by": Fault(
        RULES, PROVIDER, PROVIDER.replace("(job, provider)", "(job)"), (), "rules/template-label",
        r"the expression does not keep the label provider", "{{ $labels.provider }}",
    ),
    "route order swapped": Fault(
        ROUTES, CRITICAL_ROUTE,
        "    - matchers: ['severity=~\"critical|warning\"']\n      receiver: warning\n" + CRITICAL_ROUTE,
        ("alert CacheDown",), "simulation/routing",
        r"CacheDown \(severity critical\) went to email, slack #alerts-warnings by receiver 'warning', agreed "
        r"is pagerduty",
        "receiver: warning",
    ),
    "matcher regex unanchored": Fault(
        ROUTES, "source_matchers: ['alertname=\"BackendDown\"'", "source_matchers: ['alertname=~\".*Down.*\"'",
        ("scenario storm",), "simulation/inhibition",
        r"EventLoopLagHigh was muted in storm by CacheDown, of which it is no symptom", 'alertname=~".*Down.*"',
    ),
    "group_wait 30s turned 5m": Fault(
        ROUTES, "  group_wait: 30s\n  group_interval: 5m", "  group_wait: 5m\n  group_interval: 5m",
        ("weekend ApiErrorRateHigh",), "simulation/timing",
        r"the first message of ApiErrorRateHigh came 300 s after it fired, agreed are 35 s: `group_wait` is 5m",
        "matchers: ['severity=\"warning\"']",
    ),
    "group_by emptied": Fault(
        ROUTES, "  group_by: [cluster, service, component]\n", "  group_by: []\n", ("scenario wave-1",),
        "simulation/grouping",
        r"alerts of severity warning are grouped by nothing, agreed is cluster, service, component: one "
        r"message told of",
        "matchers: ['severity=\"warning\"']",
    ),
    "send_resolved false": Fault(
        ROUTES, RESOLVED, RESOLVED.replace("true", "false"),
        ("alert CacheDown", "weekend CacheDown"), "simulation/timing",
        r"nobody in slack #alerts-critical hears that CacheDown is over: `send_resolved`", "send_resolved: false",
    ),
    "inhibition's source and target swapped": Fault(
        ROUTES, EXPLAINED,
        "  - source_matchers: ['severity=~\"warning|info\"']\n    target_matchers: ['severity=\"critical\"']\n"
        "    equal: [cluster, service, component]",
        ("reach",), "simulation/inhibition",
        r"inhibition rule 1 can mute ApiErrorRateCritical while ApiErrorRateHigh fires; alerts of severity "
        r"critical are never",
        "target_matchers: ['severity=\"critical\"']",
    ),
    "template field misspelt": Fault(
        TEMPLATES, TITLE, TITLE.replace("Labels", "Lables"),
        ("alert CacheDown",), "simulation/routing",
        r"CacheDown could not be sent to .*can't evaluate field CommonLables", "CommonLables",
    ),
    "receiver without its channel": Fault(
        ROUTES, "      - channel: '#alerts-critical'\n        send_resolved", "      - send_resolved",
        ("alert CacheDown",), "simulation/routing",
        r"CacheDown \(severity critical\) went to pagerduty, slack by receiver 'critical', agreed is "
        r"pagerduty, slack #alerts-critical",
        "receiver: critical",
    ),
    "a time interval that mutes weekends": Fault(
        ROUTES, CRITICAL_ROUTE, CRITICAL_ROUTE + "      mute_time_intervals: [weekends]\n",
        ("weekend CacheDown",), "simulation/timing",
        r"CacheDown is kept quiet by the time interval weekends from Saturday .* to Monday .* heard at any hour",
        "mute_time_intervals: [weekends]", WEEKENDS,
    ),
    "repeat_interval 4h turned 40h": Fault(
        ROUTES, REMINDED, REMINDED.replace("4h", "40h"),
        ("weekend CacheDown",), "simulation/timing",
        r"CacheDown went on and .* was not reminded for 40\.\d h from Friday .*, agreed are 4h: "
        r"`repeat_interval` is 40h",
        "repeat_interval: 40h",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def program() -> Path:
    return prepare(("virtualclock",)).binary("virtualclock")


@pytest.fixture
def scene_of(tmp_path: Path, program: Path) -> Iterator[Callable[[Path], exercise.Scene]]:
    """What the simulation suite plays on, for a configuration, with nothing booted."""
    ledger, ports = Ledger(), PortLeases(tmp_path / "ports")

    def make(folder: Path) -> exercise.Scene:
        recorder = HistoryFile(tmp_path / "history.ndjson")
        stack = Stack(
            Configuration.load(folder), read_fixtures(PROJECT / "fixtures"), locate(), Workspace(tmp_path, tmp_path),
            ProcessLauncher(tmp_path / "logs", ledger), ports, recorder,
        )  # fmt: skip
        stack.fixtures_folder = PROJECT / "fixtures"
        return exercise.Scene(stack, recorder, program)

    yield make
    ports.release()
    ledger.close()


def play(scene: exercise.Scene, parts: tuple[str, ...]) -> None:
    """The parts of the suite that are asked for: `scenario NAME`, `alert NAME`, `weekend NAME`, `reach`."""
    alerts = [name for part, _, name in (part.partition(" ") for part in parts) if part in ("alert", "weekend")]
    rehearsed = exercise.every_alert(scene, only=alerts) if alerts else []
    for part, _, name in (part.partition(" ") for part in parts):
        if part == "scenario":
            scenario = next(s for s in scene.scenarios() if s.name == name)
            exercise.one_scenario(scene, scenario, True)
        elif part == "weekend":
            for job in exercise.every_weekend(scene, [r.derived for r in rehearsed if r.derived.alert.name == name]):
                job()


def judged(scene: exercise.Scene, check: str) -> tuple[Finding, ...]:
    configuration = scene.stack.configuration
    context = Context(configuration, scene.stack.fixtures, {"virtualclock": Level.ENGINE})
    if lint.is_static(type(CHECKS[check])):
        found = lint.run(configuration, context, [CHECKS[check]], products=False)
        judgement = next(judgement for judgement in found if judgement.check == check)
    else:
        judgement = judging.judge(CHECKS[check], scene.recorder.so_far(), context)  # type: ignore[attr-defined]
    return judgement.findings


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught_and_its_cause_named(name, broken, scene_of):
    fault = FAULTS[name]
    folder = broken((fault.file, fault.old, fault.new))
    path = folder / fault.file
    path.write_text(path.read_text(encoding="utf-8") + fault.more, encoding="utf-8")
    scene = scene_of(folder)
    play(scene, fault.play)
    findings = judged(scene, fault.check)
    said = [finding for finding in findings if re.search(fault.says, finding.message)]
    assert said, f"{fault.check} says nothing of {fault.says!r}, but: {[f.message for f in findings]}"
    lines = path.read_text(encoding="utf-8").splitlines()
    named = {finding.position.line: lines[finding.position.line - 1] for finding in said}
    assert all(finding.position.file.endswith(fault.file) for finding in said)
    assert any(fault.at in text for text in named.values()), named


def test_without_a_fault_none_of_it_is_found(tmp_path, scene_of):
    shutil.copytree(PROJECT / "config-under-test", tmp_path / "config-under-test")
    scene = scene_of(tmp_path / "config-under-test")
    play(scene, tuple(dict.fromkeys(part for fault in FAULTS.values() for part in fault.play)))
    for check in sorted({fault.check for fault in FAULTS.values()}):
        assert judged(scene, check) == (), check
