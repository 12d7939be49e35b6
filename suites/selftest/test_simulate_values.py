"""What the simulation is given and what is read from it, without running it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import UnreadableError, UsageError
from harness.generators import metrics
from harness.generators import scenario as scenarios
from harness.generators.metrics import read_world
from harness.settings import Settings
from harness.simulate import EventKind, Incident, Timeline, render, simulate_scenario, write_page
from harness.simulate.deployed import flag
from harness.simulate.events import Event, read_events
from harness.simulate.reading import read_timeline, shown
from harness.simulate.segments import HISTORY_SECONDS, Segment, down, lines
from harness.simulate.text import offset, spoken

PROJECT = Path(__file__).resolve().parents[2]
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


WORLD = read_world(load(PROJECT / "fixtures/world.yml"), load(PROJECT / "fixtures/catalog.yml"))
FILES = sorted((PROJECT / "fixtures/scenarios").glob("*.yml"))
SCENARIOS = {path.stem: scenarios.read(path.stem, load(path), path.name) for path in FILES}


def one(metric: str, notation: str, name: str = "made up") -> scenarios.Scenario:
    data = {"scenario": name, "metrics": {metric: notation}, "expect": {"alerts": {}}}
    return scenarios.read(name, data, "made-up.yml")


def at(course: tuple[Segment, ...], moment: float) -> float | None:
    segment = [s for s in course if s.at <= moment][-1:]
    return segment[0].value_at(moment) if segment and segment[0].value is not None else None


class TestSegments:
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_they_hold_what_the_live_targets_expose(self, name):
        timeline = metrics.Timeline(WORLD, SCENARIOS[name], origin=-HISTORY_SECONDS, incident=0.0)
        courses = lines(WORLD, [Incident(SCENARIOS[name])])
        for moment in (-300.0, 0.0, 15.0, 937.5, 1800.0, 6000.0, 12_000.0):
            exposed = {
                (job, metric, labels): value
                for job in {job for job, _, _ in courses}
                for metric, labels, value in timeline.samples(job, moment)
            }
            held = {key: value for key, course in courses.items() if (value := at(course, moment)) is not None}
            assert held == pytest.approx(exposed, rel=1e-9)

    def test_a_week_takes_a_few_numbers(self):
        courses = lines(WORLD, [Incident(SCENARIOS["storm"], 0.0, 3600.0)])
        assert sum(map(len, courses.values())) < 3 * len(courses)

    def test_a_counter_goes_on_from_where_it_is_when_the_incident_is_over(self):
        metric = 'database_queries_total{operation="select",status="error"}'
        (course,) = (
            course
            for (_, name, labels), course in lines(WORLD, [Incident(one(metric, "0+150x600"), 0.0, 600.0)]).items()
            if name == "database_queries_total" and dict(labels) == {"operation": "select", "status": "error"}
        )
        assert at(course, 600.0) == pytest.approx((at(course, 0.0) or 0.0) + 6000.0)
        assert (at(course, 700.0) or 0.0) - (at(course, 600.0) or 0.0) == pytest.approx(100 * 0.02)

    def test_a_gauge_returns_and_a_series_of_the_incident_alone_goes(self):
        courses = {
            name: c for (_, name, _), c in lines(WORLD, [Incident(one("cache_connected", "0x9"), 0, 90)]).items()
        }
        assert [at(courses["cache_connected"], moment) for moment in (-1.0, 0.0, 89.0, 90.0)] == [1, 0, 0, 1]
        odd = 'tool_invocations_total{status="error",tool="none-such"}'
        courses = {labels: c for (_, _, labels), c in lines(WORLD, [Incident(one(odd, "0+1x9"), 0, 90)]).items()}
        course = courses[("status", "error"), ("tool", "none-such")]
        assert [at(course, moment) for moment in (-1.0, 0.0, 90.0)] == [None, 0.0, None]

    def test_a_target_is_down_from_step_to_step_and_until_the_end(self):
        spans = list(down([Incident(one('up{job="grafana"}', "1x3 0x1 1x1 0x9"), 100.0, 500.0)], "grafana"))
        assert spans == [(160.0, 190.0), (220.0, 600.0)]

    def test_incidents_that_overlap_are_refused(self):
        with pytest.raises(UnreadableError, match="begins at 60 s, before storm is over"):
            lines(WORLD, [Incident(SCENARIOS["storm"], 0.0, 120.0), Incident(SCENARIOS["wave-1"], 60.0)])


class TestEvents:
    def test_they_read_as_they_are_written(self):
        text = """
        events:
          - {at: 10m, restart: prometheus, for: 2m}
          - {at: 1h, silence: ['alertname="CacheDown"'], for: 2h, name: planned}
          - {at: 90m, expire: planned}
          - {at: 5m, down: grafana, for: 10m}
        """
        assert read_events(yaml.safe_load(text), "s.yml") == (
            Event(EventKind.RESTART, 600, 120, "prometheus"),
            Event(EventKind.SILENCE, 3600, 7200, "planned", ('alertname="CacheDown"',)),
            Event(EventKind.EXPIRE, 5400, 0, "planned"),
            Event(EventKind.DOWN, 300, 600, "grafana"),
        )

    @pytest.mark.parametrize(
        ("event", "says"),
        [
            ({"at": "1m", "explode": "x", "for": "1m"}, "not an event"),
            ({"down": "grafana", "for": "1m"}, "not an event"),
            ({"at": "1m", "down": "grafana"}, "takes no time"),
            ({"at": "soon", "down": "grafana", "for": "1m"}, "not a duration"),
            ("x", "not an event"),
        ],
    )
    def test_what_is_none_is_refused(self, event, says):
        with pytest.raises(UnreadableError, match=says):
            read_events({"events": [event]}, "s.yml")


class TestMessages:
    def test_slack(self):
        body = {"channel": "#a", "attachments": [{"title": "T" * 1023 + "…", "text": "x"}]}
        assert shown("slack", {"body": body})[::4] == ("slack #a", True)

    def test_pagerduty_whose_details_were_too_large(self):
        details = {"error": "Custom details have been removed because the original event exceeds …"}
        channel, title, text, _, truncated = shown(
            "pagerduty", {"body": {"payload": {"summary": "S", "custom_details": details}}}
        )
        assert (channel, title, truncated) == ("pagerduty", "S", True)
        assert text.startswith("error: Custom details")

    def test_mail(self):
        mail = {"headers": {"Subject": "S"}, "text": "plain", "html": "<p>"}
        assert shown("email", mail) == ("email", "S", "plain", "<p>", False)

    def test_one_of_another_kind_is_shown_whole(self):
        assert shown("webhook", {"body": {"truncatedAlerts": 3}})[::4] == ("webhook", True)
        assert shown("wechat", {"body": "no JSON"})[2] == "no JSON"


def record(kind: str, moment: float, **data: Any) -> str:
    return json.dumps({"kind": kind, "at": moment, **data})


def mute(moment: float, state: str, by: str = "silence") -> str:
    labels = {"alertname": "A"}
    return record("mute", moment, state=state, by=by, sources=["x"], alert="A", labels=labels, receiver="r", group="g")


def read(*records: str) -> Timeline:
    return read_timeline(records, title="made up", begins=MONDAY, lead_seconds=600.0, duration_seconds=3600.0)


class TestReading:
    def test_a_mute_lasts_from_its_beginning_to_its_end(self):
        found = read(mute(700, "begin"), mute(800, "end"), mute(900, "begin")).mutes
        assert [(m.since, m.until) for m in found] == [(100, 200), (300, None)]

    def test_nothing_is_nothing(self):
        timeline = read()
        assert (timeline.fired(), timeline.channels("A"), timeline.muted()) == ({}, frozenset(), frozenset())
        assert "alerts" in render(timeline)


def told(text: str, error: str = "") -> Timeline:
    alert = {"labels": {"alertname": "A"}, "annotations": {}, "status": "firing", "starts_at": 600, "ends_at": None}
    message = {"headers": {"Subject": text}, "text": text, "html": f"<b>{text}</b>"}
    given = {
        "receiver": "r",
        "integration": "email",
        "group": "g",
        "status": "firing",
        "reason": "first",
        "error": error,
    }
    change = {"alert": "A", "group": "g", "labels": {"alertname": "A"}, "annotations": {}, "since": 600, "value": "1"}
    return read(
        record("notification", 630, alerts=[alert], message=message, **given),
        record("transition", 600, was="inactive", state="firing", **change),
    )


class TestShowing:
    def test_text_tells_when_and_where(self):
        text = render(told("pool exhausted"))
        assert "+00:00:00  firing    A" in text
        assert "email: 1 message\n" in text
        assert "+00:00:30  pool exhausted  (first)" in text

    def test_what_was_not_sent_is_shown_as_such_and_tells_nobody(self):
        timeline = told("x", error="template: no such field")
        assert "NOT SENT: template: no such field" in render(timeline)
        assert timeline.channels("A") == frozenset()

    def test_the_page_escapes_what_a_message_holds(self, tmp_path):
        page = write_page(told("<script>alert(1)</script>"), tmp_path / "page.html").read_text()
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert 'class="firing"' in page
        assert "http" not in page

    @pytest.mark.parametrize(("seconds", "text"), [(0, "+00:00:00"), (-75, "-00:01:15"), (93_784.9, "+1d 02:03:04")])
    def test_offsets(self, seconds, text):
        assert offset(read(), seconds).strip() == text

    @pytest.mark.parametrize(
        ("seconds", "text"), [(0, "0 s"), (90, "1 min 30 s"), (604_800, "7 d"), (14_460, "4 h 1 min")]
    )
    def test_durations(self, seconds, text):
        assert spoken(seconds) == text


class TestAsking:
    def test_a_name_that_is_no_scenario(self):
        with pytest.raises(UsageError, match="no scenario 'strom'") as caught:
            simulate_scenario(Settings.here(), "strom")
        assert "storm" in caught.value.hint

    @pytest.mark.parametrize("days", [0, -1, 400])
    def test_days_that_are_none(self, days):
        with pytest.raises(UsageError, match="cannot be simulated"):
            simulate_scenario(Settings.here(), "storm", days=days)

    def test_flags_are_read_in_both_spellings(self):
        assert flag(("--a=1", "--b", "2"), "--a", "0") == "1"
        assert flag(("--a=1", "--b", "2"), "--b", "0") == "2"
        assert flag(("--a=1",), "--b", "0") == "0"
