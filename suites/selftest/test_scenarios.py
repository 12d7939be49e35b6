"""Each scenario keeps its word: promtool plays it over the healthy world, on the unmodified rules with every `for:`,
and must see exactly the expected alerts, each when it is due and not before."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.documents.alertmanager import Alertmanager
from harness.documents.configuration import Configuration
from harness.documents.rules import Alert, Rules
from harness.errors import HarnessError
from harness.generators import scenario as scenarios
from harness.generators.metrics import Timeline, World, read_world, sample_name
from harness.generators.notation import STEP_SECONDS
from harness.generators.scenario import Scenario
from harness.toolchain import locate

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "config-under-test/config/prometheus/alert.rules.yml"
FILES = sorted((PROJECT / "fixtures/scenarios").glob("*.yml"))
WAVES = ("wave-1", "wave-2", "wave-3")

# Going live plus 150 s is the longest any scenario is played.
LIVE_STEPS = 10
# A crossing at the due time is in the next sample, and that sample in the next evaluation.
SLACK_SECONDS = 2 * STEP_SECONDS


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


CATALOG = load(PROJECT / "fixtures/catalog.yml")
WORLD: World = read_world(load(PROJECT / "fixtures/world.yml"), CATALOG)
ALL: dict[str, Scenario] = {path.stem: scenarios.read(path.stem, load(path), path.name) for path in FILES}
DOCUMENTS = Configuration.load(PROJECT / "config-under-test")
ALERTS: dict[str, Alert] = {
    rule.name: rule
    for document in DOCUMENTS.of(Rules)
    for group in document.groups
    for rule in group.rules
    if isinstance(rule, Alert)
}
# Fires in every scenario, whether or not it is what the scenario is about.
ALWAYS = frozenset({"Watchdog"})


@pytest.fixture(scope="module")
def promtool() -> Path:
    try:
        return locate().binary("promtool")
    except HarnessError as error:
        pytest.skip(f"promtool is not installed (harness setup): {error.message}")


def input_series(scenario: Scenario) -> Iterator[dict[str, str]]:
    """World and incident as promtool takes them: every series with a value per step."""
    timeline = Timeline(WORLD, scenario, origin=0.0, incident=0.0)
    steps = int(scenario.begins_seconds / STEP_SECONDS) + LIVE_STEPS
    for job in sorted({metric["job"] for metric in CATALOG["metrics"]} - {"*"}):
        target = (("instance", f"{job}:1"), ("job", job))
        written: dict[str, list[str]] = {sample_name("up", target): []}
        for step in range(steps + 1):
            at = step * STEP_SECONDS
            down = timeline.down(job, at)
            written[sample_name("up", target)].append(str(int(not down)))
            for name, labels, value in () if down else timeline.samples(job, at):
                values = written.setdefault(sample_name(name, (*labels, *target)), [])
                values.extend(["_"] * (step - len(values)))
                values.append(f"{value:.6f}")
        for name, values in written.items():
            gone = ["stale"] if len(values) <= steps else []
            yield {"series": name, "values": " ".join([*values, *gone])}


def expectations(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """What must fire shortly before and shortly after each due time, and what must be pending before going live."""
    early = [a for a, fires in scenario.fires.items() if fires - (ALERTS[a].duration or 0.0) <= -STEP_SECONDS]
    if early:
        # A past in which these are not yet true cannot be made to have them pending.
        yield {
            "expr": f'group by (alertname) (ALERTS{{alertname=~"{"|".join(early)}"}})',
            "eval_time": f"{int(scenario.begins_seconds - STEP_SECONDS)}s",
            "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(early)],
        }
    for due in sorted(set(scenario.fires.values())):
        for at in {max(due - STEP_SECONDS, 0.0), due + SLACK_SECONDS if due else 0.0}:
            firing = sorted(ALWAYS | {alert for alert, fires in scenario.fires.items() if fires <= at})
            yield {
                "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{int(scenario.begins_seconds + at)}s",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in firing],
            }


@pytest.mark.parametrize("name", ALL)
def test_a_scenario_fires_exactly_its_alerts_and_each_when_due(name, promtool, tmp_path):
    cases = tmp_path / "cases.yml"
    test = {"interval": "15s", "input_series": list(input_series(ALL[name]))}
    test["promql_expr_test"] = list(expectations(ALL[name]))
    cases.write_text(
        yaml.dump({"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": [test]}, Dumper=yaml.CSafeDumper)
    )
    done = subprocess.run([promtool, "test", "rules", cases], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_expected_in_exactly_one_wave():
    expected = sorted(alert for wave in WAVES for alert in ALL[wave].fires)
    assert expected == sorted(ALERTS)


@pytest.mark.parametrize("name", ["wave-1", "healthy"])
def test_nothing_critical_is_expected_early(name):
    assert [alert for alert in ALL[name].fires if ALERTS[alert].severity == "critical"] == []


@pytest.mark.parametrize("wave", WAVES)
def test_critical_alerts_come_after_the_warnings_of_all_waves_were_notified(wave):
    # 45 s until restored alerts fire, 30 s of group_wait.
    due = {alert: fires for alert, fires in ALL[wave].fires.items() if ALERTS[alert].severity == "critical"}
    assert all(fires >= 90 for fires in due.values()), due


@pytest.mark.parametrize("name", ALL)
def test_the_inhibit_rules_mute_exactly_what_the_scenario_says(name):
    assert muted(ALL[name]) == ALL[name].muted


def muted(scenario: Scenario) -> frozenset[str]:
    """The alerts that the inhibit rules mute while all alerts of the scenario fire, as Alertmanager decides it."""
    (alertmanager,) = DOCUMENTS.of(Alertmanager)
    labels = {alert: {**ALERTS[alert].labels, "alertname": alert} for alert in scenario.fires}
    found = set()
    for rule in alertmanager.inhibit_rules:
        sources = [given for given in labels.values() if all(m.matches(given) for m in rule.sources)]
        for alert, target in labels.items():
            if all(m.matches(target) for m in rule.targets) and any(
                source is not target and all(source.get(e, "") == target.get(e, "") for e in rule.equal)
                for source in sources
            ):
                found.add(alert)
    return frozenset(found)


def test_the_storm_spares_people_forty_percent_of_its_messages():
    storm = ALL["storm"]
    heard = messages(set(storm.fires) - storm.muted)
    assert heard <= 0.6 * messages(set(storm.fires)), (heard, messages(set(storm.fires)))


def messages(alerts: set[str]) -> int:
    """How many messages go out for these alerts: one per group and channel."""
    (alertmanager,) = DOCUMENTS.of(Alertmanager)
    groups = set()
    for alert in alerts:
        labels = {**ALERTS[alert].labels, "alertname": alert}
        for route in alertmanager.destinations(labels):
            key = tuple(labels.get(label, "") for label in route.group_by)
            groups.update((route.receiver, channel, key) for channel in alertmanager.channels(labels))
    return len(groups)


def test_warnings_that_are_notified_together_fire_together():
    # One that does not wait would start the group's 30 s, and the others, restored 30 s later, would miss the message.
    groups: dict[tuple[str, ...], set[tuple[str, bool]]] = {}
    for alert in ALL["wave-1"].fires:
        labels = {**ALERTS[alert].labels, "alertname": alert}
        (route,) = DOCUMENTS.of(Alertmanager)[0].destinations(labels)
        key = (route.receiver, *(labels.get(label, "") for label in route.group_by))
        groups.setdefault(key, set()).add((ALERTS[alert].group, bool(ALERTS[alert].duration)))
    assert {key: alike for key, alike in groups.items() if len(alike) > 1} == {}


def test_every_series_is_in_the_catalog_with_its_labels():
    known = {metric["name"]: metric for metric in CATALOG["metrics"]}
    for scenario in ALL.values():
        for track in scenario.tracks:
            name = track.name
            base = next(
                (name.removesuffix(s) for s in ("_bucket", "_sum", "_count") if name.removesuffix(s) in known), name
            )
            assert base in known, f"{scenario.name}: {name}"
            for label, value in track.labels:
                if label in ("job", "le"):
                    continue
                allowed = known[base]["labels"][label]
                assert not allowed or value in map(str, allowed), f"{scenario.name}: {name}{{{label}={value!r}}}"


def test_a_request_is_counted_once_in_each_of_its_metrics():
    counted: dict[tuple[str, str], float] = {}
    timed: dict[tuple[str, str], float] = {}
    for series in WORLD.series:
        labels = dict(series.labels)
        key = (labels.get("method", ""), labels.get("route", ""))
        if series.name == "http_requests_total":
            counted[key] = counted.get(key, 0.0) + (series.rate or 0.0)
        elif series.name == "http_request_duration_seconds_count":
            timed[key] = series.rate or 0.0
    assert counted == pytest.approx(timed)
