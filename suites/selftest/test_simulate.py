"""The virtual clock on the configuration under test: what fires, who is told, what is muted and repeated."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.documents.configuration import Configuration
from harness.documents.rules import Alert, Rules
from harness.errors import StackError, UsageError
from harness.generators import scenario as scenarios
from harness.generators.metrics import read_world
from harness.simulate import Event, EventKind, Incident, Timeline, render, simulate, write_page
from harness.toolchain import Toolchain, prepare

PROJECT = Path(__file__).resolve().parents[2]
CONFIG = PROJECT / "config-under-test"
RULES = "config/prometheus/alert.rules.yml"
ROUTES = "config/alertmanager/config.yml"

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
LIVE_SECONDS = 150.0
"""How long a scenario is played after going live; what comes of it later is nobody's expectation."""

ALWAYS = {"Watchdog"}

Simulate = Callable[..., Timeline]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


WORLD = read_world(load(PROJECT / "fixtures/world.yml"), load(PROJECT / "fixtures/catalog.yml"))
FILES = sorted((PROJECT / "fixtures/scenarios").glob("*.yml"))
SCENARIOS = {path.stem: scenarios.read(path.stem, load(path), path.name) for path in FILES}
ROUTING = load(PROJECT / "fixtures/routing.yml")["severities"]
ALERTS: dict[str, Alert] = {
    rule.name: rule
    for document in Configuration.load(CONFIG).of(Rules)
    for group in document.groups
    for rule in group.rules
    if isinstance(rule, Alert)
}


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return prepare(("virtualclock",))


@pytest.fixture(scope="module")
def play(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Simulate a scenario or incidents for some time, on the configuration under test unless another is given."""
    variables = load(PROJECT / "fixtures/deployment.yml")["variables"]

    def run(what: str | Sequence[Incident], duration_seconds: float, config: Path = CONFIG, **more: Any) -> Timeline:
        return simulate(
            Configuration.load(config),
            SCENARIOS[what] if isinstance(what, str) else what,
            world=WORLD,
            variables=variables,
            toolchain=toolchain,
            workspace=tmp_path_factory.mktemp("simulated"),
            duration_seconds=duration_seconds,
            **more,
        )

    return run


@pytest.fixture(scope="module")
def played(play: Simulate) -> Callable[[str], Timeline]:
    """A scenario for as long as it is played live, simulated once."""
    done: dict[str, Timeline] = {}

    def of(name: str) -> Timeline:
        if name not in done:
            done[name] = play(name, SCENARIOS[name].begins_seconds + LIVE_SECONDS)
        return done[name]

    return of


@pytest.fixture(scope="module")
def outage(play: Simulate) -> Timeline:
    """The storm for nine hours and a half, then an hour of health."""
    return play([Incident(SCENARIOS["storm"], 0.0, 9.5 * HOUR)], 10.5 * HOUR)


class TestScenarios:
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_exactly_the_expected_alerts_fire(self, name, played):
        assert set(played(name).fired()) == set(SCENARIOS[name].fires) | ALWAYS

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_none_fires_before_it_is_due(self, name, played):
        scenario = SCENARIOS[name]
        late = {alert for alert, fires in scenario.fires.items() if fires > 0}
        for alert in late:
            due = scenario.begins_seconds + scenario.fires[alert]
            assert due - 15 <= played(name).fired()[alert] <= due + 30, alert

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_each_goes_exactly_where_its_severity_says(self, name, played):
        for alert in set(SCENARIOS[name].fires) - SCENARIOS[name].muted:
            expected = frozenset(ROUTING[ALERTS[alert].severity]["channels"])
            assert played(name).channels(alert) == expected, alert

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_exactly_the_expected_ones_are_muted_and_told_to_nobody(self, name, played):
        assert played(name).muted("inhibition") == SCENARIOS[name].muted
        assert {alert for alert in SCENARIOS[name].muted if played(name).told(alert)} == set()

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_the_products_complain_of_nothing_and_every_message_is_whole(self, name, played):
        assert played(name).reported == ()
        assert [n for n in played(name).notifications if n.error or n.truncated or not n.title or not n.text] == []

    def test_who_mutes_is_named(self, played):
        by = {mute.alert: " ".join(mute.sources) for mute in played("storm").mutes}
        assert 'alertname="ApiErrorRateCritical"' in by["ApiErrorRateHigh"]
        assert any(f'alertname="{cause}"' in by["RagLatencyHigh"] for cause in ("DatabasePoolExhausted", "CacheDown"))

    def test_it_is_rendered_with_the_deployments_own_templates(self, played):
        slack, pager = played("wave-2").told("CacheDown"), played("wave-2").told("CacheDown")
        (slack,) = (n for n in slack if n.integration == "slack")
        (pager,) = (n for n in pager if n.integration == "pagerduty")
        assert slack.title == "[CRITICAL] CacheDown (production)"
        assert "runbooks.caredroid.example/cache-down|Runbook" in slack.text
        assert pager.message["body"]["payload"]["severity"] == "critical"
        assert pager.message["body"]["event_action"] == "trigger"
        mail = next(n for n in played("wave-1").notifications if n.integration == "email")
        assert mail.html.startswith("<!DOCTYPE html>")
        assert "<no value>" not in mail.html + mail.text + mail.title

    def test_the_same_simulation_gives_the_same_timeline(self, play, played):
        assert play("storm", SCENARIOS["storm"].begins_seconds + LIVE_SECONDS) == played("storm")

    def test_it_can_be_read_by_people(self, played, tmp_path):
        text = render(played("storm"))
        assert "slack #alerts-critical" in text
        assert "inhibited by" in text
        page = write_page(played("storm"), tmp_path / "page.html").read_text(encoding="utf-8")
        assert page.count("<details>") == len(played("storm").notifications)


class TestTime:
    def test_the_same_thing_is_repeated_after_four_hours(self, outage):
        told = [n for n in outage.told("CacheDown") if n.channel == "slack #alerts-critical"]
        assert [n.reason for n in told] == ["first", "repeat", "repeat", "resolved"]
        # Alertmanager 0.31 repeats at the first group_interval (1m here) at which the last message is more than 4h old.
        between = [round(b.at - a.at, 3) for a, b in itertools.pairwise(told[:3])]
        assert between == [4 * HOUR + MINUTE, 4 * HOUR + MINUTE]

    def test_recovery_is_told_to_all_who_were_told_of_the_fire(self, outage):
        last = {n.channel: n for n in outage.told("CacheDown")}
        assert set(last) == {"slack #alerts-critical", "pagerduty"}
        for message in last.values():
            assert (message.status, message.reason) == ("resolved", "resolved")
            # The rule keeps firing for ten minutes, and a critical group is flushed every minute.
            assert 9.5 * HOUR + 10 * MINUTE < message.at < 9.5 * HOUR + 12 * MINUTE
        assert last["pagerduty"].message["body"]["event_action"] == "resolve"

    def test_alerts_of_one_group_make_one_message(self, played):
        mails = [n for n in played("wave-1").told("DatabaseQueriesSlow") if n.channel == "email"]
        assert {"DatabasePoolSaturated", "DatabaseQueryErrorsHigh"} <= set(mails[-1].names)

    def test_a_warning_waits_for_its_group_and_a_critical_alert_does_not(self, played):
        warning, critical = played("wave-1"), played("wave-2")
        assert warning.told("EventLoopLagHigh")[0].at - warning.fired()["EventLoopLagHigh"] == pytest.approx(
            30, abs=0.1
        )
        assert critical.told("CacheDown")[0].at - critical.fired()["CacheDown"] == pytest.approx(0, abs=0.1)

    def test_a_weekend_can_be_muted(self, play, tmp_path):
        quiet = edited(
            tmp_path,
            (ROUTES, "route:\n", "time_intervals:\n  - name: weekends\n    time_intervals:\n"
             "      - weekdays: [saturday, sunday]\n        location: Europe/Berlin\n\nroute:\n"),
            (ROUTES, "      receiver: warning\n\n",
             "      receiver: warning\n      mute_time_intervals: [weekends]\n\n"),
        )  # fmt: skip
        friday = datetime(2026, 1, 9, 12, 0, tzinfo=UTC)
        timeline = play("wave-1", 3 * DAY, quiet, begins=friday)
        days = {f"{timeline.moment(n.at):%A}" for n in timeline.told("EventLoopLagHigh")}
        assert days == {"Friday", "Sunday", "Monday"}
        # Sunday's are after midnight in Berlin, where it is Monday.
        sunday = [n.at for n in timeline.told("EventLoopLagHigh") if f"{timeline.moment(n.at):%A}" == "Sunday"]
        assert all(timeline.moment(at).hour == 23 for at in sunday)
        assert "EventLoopLagHigh" in timeline.muted("time interval")
        assert "Watchdog" not in timeline.muted("time interval")


class TestEvents:
    def test_an_event_of_a_job_that_is_not_scraped_is_refused(self, play):
        with pytest.raises(UsageError, match="'grafan', which is not scraped"):
            play("healthy", MINUTE, events=[Event(EventKind.DOWN, 0, MINUTE, "grafan")])

    def test_a_series_that_is_new_is_seen(self, play):
        # Nothing else changes: while all is quiet, its coming must end the quiet.
        metrics = {f'external_requests_total{{provider="new",status="{s}"}}': "0+15x600" for s in ("success", "error")}
        new = scenarios.read("new", {"scenario": "a new provider fails", "metrics": metrics, "expect": {}}, "new.yml")
        timeline = play([Incident(new, 10 * MINUTE)], 40 * MINUTE)
        assert set(timeline.fired()) == {"Watchdog", "ExternalProviderErrorsHigh"}

    def test_a_silence_mutes_until_it_ends(self, play):
        silence = Event(EventKind.SILENCE, -5 * MINUTE, 35 * MINUTE, "planned", ('alertname="CacheDown"',))
        timeline = play("storm", HOUR, events=[silence])
        assert "CacheDown" in timeline.muted("silence")
        first = timeline.told("CacheDown")[0]
        assert 30 * MINUTE <= first.at <= 32 * MINUTE
        assert timeline.told("DatabasePoolExhausted")[0].at < 5 * MINUTE

    def test_a_silence_that_is_expired_mutes_no_longer(self, play):
        silence = Event(EventKind.SILENCE, -5 * MINUTE, 10 * HOUR, "planned", ('alertname=~"Cache.*"',))
        timeline = play("storm", HOUR, events=[silence, Event(EventKind.EXPIRE, 10 * MINUTE, 0, "planned")])
        assert 10 * MINUTE <= timeline.told("CacheDown")[0].at <= 12 * MINUTE

    def test_a_pending_alert_survives_a_restart(self, play, tmp_path):
        # CacheHitRateLow, for 15m, has been pending for minutes; Prometheus grants it 10 more at least (grace period).
        restart = Event(EventKind.RESTART, 12 * MINUTE, MINUTE)
        undisturbed, kept = play("wave-1", HOUR), play("wave-1", HOUR, events=[restart])
        flags = "      - --storage.tsdb.retention.time=15d\n"
        forgetful = edited(
            tmp_path, ("docker-compose.yml", flags, f"{flags}      - --rules.alert.for-outage-tolerance=10s\n")
        )
        lost = play("wave-1", HOUR, forgetful, events=[restart])
        fired = [timeline.fired()["CacheHitRateLow"] for timeline in (undisturbed, kept, lost)]
        assert fired[0] < 22 * MINUTE < fired[1] <= 24.5 * MINUTE < 28 * MINUTE <= fired[2] < 30 * MINUTE
        assert [entry.text for entry in kept.reported] == ["Prometheus stopped", "Prometheus started"]

    def test_a_target_that_is_down_is_told_of_and_a_short_gap_is_not(self, play):
        timeline = play("healthy", 30 * MINUTE, events=[Event(EventKind.DOWN, 0, 10 * MINUTE, "caredroid-backend")])
        assert timeline.channels("BackendDown") == {"slack #alerts-critical", "pagerduty"}
        assert timeline.told("BackendDown")[-1].reason == "resolved"
        timeline = play("healthy", 30 * MINUTE, events=[Event(EventKind.GAP, 0, 3 * MINUTE, "caredroid-backend")])
        assert set(timeline.fired()) == {"Watchdog"}


@pytest.mark.slow
def test_skipping_quiet_stretches_changes_nothing(play):
    incidents = [Incident(SCENARIOS["storm"], 0.0, 2 * HOUR), Incident(SCENARIOS["wave-1"], 10 * HOUR, HOUR)]
    events = [
        Event(EventKind.RESTART, 30 * MINUTE, MINUTE),
        Event(EventKind.DOWN, 5 * HOUR, 20 * MINUTE, "grafana"),
        Event(EventKind.GAP, 7 * HOUR, 8 * MINUTE, "caredroid-backend"),
        Event(EventKind.SILENCE, 10 * HOUR, HOUR, "planned", ('severity="warning"', 'component="api"')),
    ]
    quick = play(incidents, DAY, events=events)
    slow = play(incidents, DAY, events=events, skip=False)
    assert nameless(quick) == nameless(slow)
    assert quick.work["expressions evaluated"] < 0.1 * slow.work["expressions evaluated"]
    assert slow.work.get("iterations skipped", 0) == slow.work.get("results reused", 0) == 0
    assert len(quick.notifications) > 40


def nameless(timeline: Timeline) -> tuple[Any, ...]:
    """All that happened; a silence's id is random."""
    mutes = [(m.since, m.until, m.alert, m.group, m.by, m.sources if m.by != "silence" else ()) for m in timeline.mutes]
    return timeline.transitions, timeline.notifications, mutes, [entry.at for entry in timeline.reported]


class TestFaults:
    def test_a_misspelt_field_of_a_template_is_a_message_that_was_not_sent(self, play, tmp_path):
        templates = "config/alertmanager/notification-templates.tmpl"
        broken = edited(tmp_path, (templates, "*{{ .Labels.alertname }}*", "*{{ .Label.alertname }}*"))
        timeline = play("storm", 5 * MINUTE, broken)
        unsent = [n for n in timeline.notifications if n.error]
        assert unsent
        assert all("can't evaluate field Label" in n.error for n in unsent)
        assert timeline.channels("CacheDown") == {"pagerduty"}

    def test_a_severity_that_is_misspelt_reaches_the_wrong_people(self, play, tmp_path):
        broken = edited(tmp_path, (RULES, "severity: critical, team: platform", "severity: crit, team: platform"))
        timeline = play("storm", 10 * MINUTE, broken)
        wrong = [alert for alert in timeline.fired() if timeline.channels(alert) == {"slack #alerts-warnings", "email"}]
        assert {"CacheDown", "DatabasePoolExhausted"} & set(wrong)

    def test_what_prometheus_cannot_read_is_said_in_its_words(self, play, tmp_path):
        with pytest.raises(StackError, match="cannot run this configuration") as caught:
            play("healthy", MINUTE, edited(tmp_path, (RULES, "for: 5m", "for: soon")))
        assert "not a valid duration" in caught.value.hint

    def test_what_alertmanager_cannot_read_is_said_in_its_words(self, play, tmp_path):
        with pytest.raises(StackError, match="cannot run this configuration") as caught:
            play("healthy", MINUTE, edited(tmp_path, (ROUTES, "      receiver: critical\n", "      receiver: crit\n")))
        assert 'undefined receiver "crit"' in caught.value.hint


def edited(folder: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of the configuration under test with single edits: (file, what stands there, what is to stand there)."""
    copy = folder / "config-under-test"
    shutil.copytree(CONFIG, copy)
    for file, old, new in edits:
        path = copy / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} no longer holds {old!r}: adapt the test"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy
