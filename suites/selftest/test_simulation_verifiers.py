"""The verifiers of the virtual clock's timelines, on histories written by hand: what passes, fails, is unknown."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from harness import judging
from harness.checks.alerting.agreement import Agreement
from harness.checks.simulation.derived import Derived
from harness.checks.simulation.expectation import Expectation
from harness.checks.simulation.fatigue import VirtualFatigue
from harness.checks.simulation.grouping import Grouping
from harness.checks.simulation.inhibition import VirtualInhibition
from harness.checks.simulation.routing import VirtualRouting
from harness.checks.simulation.timing import Timing
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.model import History, Judgement, Level, Observation, Verdict

RULES = """groups:
  - name: g
    rules:
      - alert: ApiDown
        expr: up == 0
        for: 1m
        labels: {severity: critical, component: api}
      - alert: ApiSlow
        expr: latency > 1
        for: 5m
        labels: {severity: warning, component: api}
"""
ROUTES = """route:
  receiver: warnings
  group_by: [component]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - matchers: [severity="critical"]
      receiver: pages
      group_wait: 0s
receivers:
  - name: pages
    slack_configs: [{channel: '#pages', send_resolved: true}]
  - name: warnings
    slack_configs: [{channel: '#warnings', send_resolved: true}]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [component]
"""
AGREED = {"repeat": "4h", "resolved": True, "grouped_by": ["component"]}
FIXTURES = {
    "routing": {
        "severities": {
            "critical": {"channels": ["slack #pages"], "first_within": "5s", **AGREED, "never_muted": True},
            "warning": {"channels": ["slack #warnings"], "first_within": "35s", **AGREED},
        }
    },
    "baselines": {"baselines": [{"id": "alert-fatigue", "limit": 40}]},
    "catalog": {"metrics": [], "fields": []},
}  # fmt: skip
FILES = {"prometheus/alert.rules.yml": RULES, "alertmanager/config.yml": ROUTES}
CONFIGURATION = Configuration.of_texts(FILES)
GROUPS = {"ApiDown": '{}/{severity="critical"}:{component="api"}', "ApiSlow": '{}:{component="api"}'}
CHANNELS = {"ApiDown": "slack #pages", "ApiSlow": "slack #warnings"}
RECEIVERS = {"ApiDown": "pages", "ApiSlow": "warnings"}
SEVERITY = {"ApiDown": "critical", "ApiSlow": "warning"}
HOUR = 3600.0


def message(alert: str, at: float, reason: str = "first", **other: Any) -> dict[str, Any]:
    labels = {"alertname": alert, "severity": SEVERITY[alert], "component": "api"}
    return {
        "at": at, "channel": CHANNELS[alert], "receiver": RECEIVERS[alert], "group": GROUPS[alert], "reason": reason,
        "status": "resolved" if reason == "resolved" else "firing", "error": "", "alerts": [[alert, "firing", at]],
        "labels": labels, **other,
    }  # fmt: skip


def case(name: str, what: str, **other: Any) -> dict[str, Any]:
    seen = {"pending_at": None, "firing_at": None, "resolved_at": None, "messages": [], "lasts": 600.0}
    return {"case": name, "what": what, **seen, **other}


def derived(alert: str, held: float) -> dict[str, Any]:
    firing = case("fires", "fires", pending_at=10.0, firing_at=10.0 + held, messages=[message(alert, 50.0)])
    over = case("recovers", "resolves", resolved_at=60.0, messages=[message(alert, 60.0, "resolved")])
    labels = {"alertname": alert, "severity": SEVERITY[alert], "component": "api"}
    cases = [case("below", "quiet"), case("brief", "pending", pending_at=5.0), firing, over]
    return {
        "branch": 1,
        "says": "0.9, then 1.1",
        "always": False,
        "held_seconds": held,
        "labels": labels,
        "cases": cases,
    }


def virtual(**other: Any) -> dict[str, Any]:
    told = [message("ApiDown", 1860.0), message("ApiSlow", 400.0)]
    return {
        "name": "wave", "live_at": 1800.0, "ends": 1900.0, "inhibiting": True,
        "fired": {"ApiSlow": 370.0, "ApiDown": 1860.0},
        "expected": {"ApiSlow": 0.0, "ApiDown": 60.0}, "muted_expected": [], "messages": told, "muted": [], **other,
    }  # fmt: skip


def weekend(alert: str, told: list[float], **other: Any) -> dict[str, Any]:
    return {
        "alert": alert, "severity": SEVERITY[alert], "begins": "2026-03-27T20:00:00+00:00", "lasts": 60 * HOUR,
        "fired_at": 0.0, "over_at": 60 * HOUR, "muted": [], "messages": [message(alert, at) for at in told], **other,
    }  # fmt: skip


REPEATS = [n * (4 * HOUR + 300) for n in range(15)]
GOOD: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "derived": [("ApiDown", derived("ApiDown", 60.0)), ("ApiSlow", derived("ApiSlow", 300.0))],
    "virtual": [("wave", virtual()), ("wave", virtual(inhibiting=False, messages=[message("ApiSlow", 400.0)] * 4))],
    "weekend": [("ApiDown", weekend("ApiDown", REPEATS)), ("ApiSlow", weekend("ApiSlow", [at + 30 for at in REPEATS]))],
    "inhibition": [("rule 1", {
        "rule": 1, "source": "ApiDown", "target": "ApiSlow", "to_be_muted": True,
        "source_fired_at": 100.0, "target_fired_at": 110.0,
        "source_ends": 500.0, "source_over_at": 520.0, "source_told_at": [100.0], "target_told_at": [800.0],
        "muted": [[140.0, 800.0, "inhibition", ['{alertname="ApiDown", component="api", severity="critical"}']]],
    })],
    "stretch": [("30 d", {"days": 30.0, "inhibiting": side, "incidents": [["a", 0, 1]],
                          "per_channel": {"slack #warnings": count},
                          "fired": [[100, "ApiDown"]], "told": [["ApiDown", 100, "slack #pages"]]})
                for side, count in ((True, 5), (False, 10))],
    "live": [("wave", {"instance": "prometheus", "live_at": 0.0, "wave": True})],
    "alert-state": [
        (name, {"by": "prometheus", "where": "wave", "labels": {"alertname": name}, "state": "firing"})
        for name in CHANNELS
    ],
    "notification": [(CHANNELS[name], {"lane": "", "title": name, "text": "", "delivered": True}) for name in CHANNELS],
}  # fmt: skip
ALL = (Derived, Expectation, VirtualRouting, Timing, Grouping, VirtualInhibition, VirtualFatigue, Agreement)


def judge(
    check: type[Check], seen: dict[str, list[tuple[str, dict[str, Any]]]], files: dict[str, str] = FILES
) -> Judgement:
    at = {"ApiDown": 62.0, "ApiSlow": 40.0}
    history = History(
        tuple(Observation(at.get(name, 1.0), kind, name, data) for kind, all_ in seen.items() for name, data in all_)
    )
    configuration = CONFIGURATION if files is FILES else Configuration.of_texts(files)
    return judging.judge(check(), history, Context(configuration, FIXTURES, {"virtualclock": Level.ENGINE}))


@pytest.fixture
def good() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    return deepcopy(GOOD)


@pytest.mark.parametrize("check", ALL)
def test_what_went_well_passes(check, good):
    judged = judge(check, good)
    assert judged.verdict is Verdict.PASS, (judged.reason, judged.findings, judged.gaps)


@pytest.mark.parametrize("check", ALL)
def test_nothing_seen_is_unknown(check):
    assert judge(check, {}).verdict is Verdict.UNKNOWN


def fails(
    check: type[Check], seen: dict[str, list[tuple[str, dict[str, Any]]]], says: str, line: int | None = None
) -> None:
    judged = judge(check, seen)
    assert judged.verdict is Verdict.FAIL, (judged.verdict, judged.gaps)
    said = [finding for finding in judged.findings if says in finding.message]
    assert said, [finding.message for finding in judged.findings]
    assert line in (None, said[0].position.line), said[0].position


def of(seen: dict[str, list[tuple[str, dict[str, Any]]]], kind: str, number: int = 0) -> dict[str, Any]:
    return seen[kind][number][1]


class TestDerived:
    def test_an_alert_that_fires_below_its_threshold(self, good):
        of(good, "derived", 1)["cases"][0]["what"] = "fires"
        fails(Derived, good, "ApiSlow fired just short of its threshold (0.9, then 1.1)", 9)

    def test_one_that_does_not_wait(self, good):
        of(good, "derived", 1)["cases"][1]["what"] = "fires"
        fails(Derived, good, "ApiSlow fired before its `for` was over")

    def test_one_that_never_ends(self, good):
        of(good, "derived")["cases"][3]["what"] = "fires"
        fails(Derived, good, "ApiDown goes on firing after its condition is over")

    def test_one_that_is_late(self, good):
        of(good, "derived")["cases"][2]["firing_at"] = 400.0
        fails(Derived, good, "ApiDown fired 390 s after it became true, `for` is 1m")

    def test_one_that_does_not_fire_is_unknown_because_the_values_are_ours(self, good):
        of(good, "derived")["cases"][2]["what"] = "quiet"
        assert judge(Derived, good).verdict is Verdict.UNKNOWN

    def test_one_that_cannot_be_derived_is_unknown_and_says_what_shows_it(self, good):
        good["derived"].pop()
        good["underivable"] = [("ApiSlow", {"reason": "its own past", "file": "f", "line": 1, "column": 1})]
        judged = judge(Derived, good)
        assert judged.verdict is Verdict.UNKNOWN
        assert "its own past; it fires in the scenario wave" in judged.reason

    def test_one_that_was_not_played_is_unknown(self, good):
        good["derived"].pop()
        assert judge(Derived, good).verdict is Verdict.UNKNOWN


class TestExpectation:
    def test_an_alert_that_stays_away(self, good):
        of(good, "virtual")["fired"].pop("ApiSlow")
        fails(Expectation, good, "ApiSlow did not fire in wave, which is to make it fire: it asks for > 1, for 5m", 9)

    def test_one_that_nobody_expects(self, good):
        of(good, "virtual")["expected"].pop("ApiSlow")
        fails(Expectation, good, "ApiSlow fired in wave, where nothing is wrong with it")

    @pytest.mark.parametrize(("at", "says"), [(1700.0, "160s earlier"), (1898.0, "38s later")])
    def test_one_at_the_wrong_time(self, good, at, says):
        of(good, "virtual")["fired"]["ApiDown"] = at
        fails(Expectation, good, f"ApiDown fired {says} in wave than expected")


class TestRouting:
    def test_another_receiver_than_predicted(self, good):
        of(good, "derived")["cases"][2]["messages"][0].update(receiver="warnings", channel="slack #warnings")
        fails(VirtualRouting, good, "ApiDown was predicted to go to pages and went to warnings", 9)

    def test_another_channel_than_agreed(self, good):
        of(good, "derived")["cases"][2]["messages"][0]["channel"] = "slack #other"
        fails(VirtualRouting, good, "went to slack #other by receiver 'pages', agreed is slack #pages")

    def test_nobody_is_told(self, good):
        of(good, "derived")["cases"][2]["messages"] = []
        fails(VirtualRouting, good, "ApiDown fired and nobody was told")

    def test_a_message_that_cannot_be_rendered(self, good):
        of(good, "derived")["cases"][2]["messages"][0]["error"] = "template: x.tmpl:1:2: no field"
        fails(VirtualRouting, good, "ApiDown could not be sent to slack #pages: template")


class TestTiming:
    def test_a_late_first_message(self, good):
        good["weekend"][1] = ("ApiSlow", weekend("ApiSlow", [at + 300 for at in REPEATS]))
        fails(Timing, good, "came 300 s after it fired, agreed are 35 s: `group_wait` is 30s", 4)

    def test_reminders_too_rare(self, good):
        good["weekend"][0] = ("ApiDown", weekend("ApiDown", REPEATS[::10]))
        fails(Timing, good, "was not reminded for 40.8 h from Friday 20:00 UTC on, agreed are 4h")

    def test_reminders_too_frequent(self, good):
        good["weekend"][0] = ("ApiDown", weekend("ApiDown", [n * HOUR for n in range(60)]))
        fails(Timing, good, "was told of again in slack #pages after 1.0 h, agreed are 4h")

    def test_a_weekend_asleep(self, good):
        of(good, "weekend")["muted"] = [[4 * HOUR, 52 * HOUR, "time interval", ["weekends"]]]
        fails(Timing, good, "kept quiet by the time interval weekends from Saturday 00:00 UTC to Monday 00:00 UTC")

    def test_nobody_hears_of_the_end(self, good):
        of(good, "derived")["cases"][3]["messages"] = []
        fails(Timing, good, "nobody in slack #pages hears that ApiDown is over", 13)


class TestGrouping:
    def test_a_group_by_nothing(self, good):
        for one in of(good, "virtual")["messages"]:
            one["group"] = one["group"].replace(':{component="api"}', ":{}")
        fails(Grouping, good, "alerts of severity critical are grouped by nothing, agreed is component")

    def test_a_group_flushed_too_early(self, good):
        of(good, "virtual")["messages"] += [message("ApiSlow", 430.0, "changed")]
        fails(Grouping, good, "came 30 s apart in slack #warnings, `group_interval` is 5m", 5)

    def test_the_same_push_told_of_twice(self, good):
        of(good, "derived")["cases"][2]["messages"] *= 2
        fails(Grouping, good, "ApiDown was told of 2 times in slack #pages")


class TestInhibition:
    def test_a_target_that_speaks(self, good):
        of(good, "inhibition")["target_told_at"] = [140.0]
        fails(VirtualInhibition, good, "inhibition rule 1 does not mute ApiSlow while ApiDown fires")

    def test_a_target_that_is_never_told_of(self, good):
        of(good, "inhibition")["target_told_at"] = []
        fails(VirtualInhibition, good, "ApiSlow is not told of even after ApiDown")

    def test_one_that_disagrees_and_is_muted(self, good):
        of(good, "inhibition")["to_be_muted"] = False
        good["inhibition"].append(("rule 1", {**deepcopy(GOOD["inhibition"][0][1])}))
        fails(VirtualInhibition, good, "ApiSlow is muted by ApiDown, with which it does not agree on component")

    def test_one_that_fired_too_late_to_show_anything(self, good):
        of(good, "inhibition")["target_fired_at"] = 900.0
        assert judge(VirtualInhibition, good).verdict is Verdict.UNKNOWN

    def test_a_symptom_that_speaks_in_a_scenario(self, good):
        of(good, "virtual")["muted_expected"] = ["ApiSlow"]
        fails(VirtualInhibition, good, "ApiSlow is a symptom in wave and was told of all the same")

    def test_a_rule_that_could_mute_what_must_be_heard(self, good):
        head, rules = ROUTES.split("inhibit_rules:")
        swapped = rules.replace("critical", "?").replace("warning", "critical").replace("?", "warning")
        turned = f"{head}inhibit_rules:{swapped}"
        judged = judge(VirtualInhibition, good, {**FILES, "alertmanager/config.yml": turned})
        assert (
            "can mute ApiDown while ApiSlow fires; alerts of severity critical are never" in judged.findings[0].message
        )


class TestFatigue:
    def test_too_little_is_spared_in_a_month(self, good):
        of(good, "stretch")["per_channel"] = {"slack #warnings": 7}
        fails(VirtualFatigue, good, "1 incidents in 30 d: 30 % fewer messages, 7 instead of 10")

    def test_a_day_is_not_judged_by_its_figure(self, good):
        of(good, "stretch")["per_channel"] = {"slack #warnings": 7}
        for _, one in good["stretch"]:
            one["days"] = 1.0
        assert judge(VirtualFatigue, good).verdict is Verdict.PASS

    def test_a_cause_that_is_lost(self, good):
        of(good, "stretch")["told"] = []
        fails(VirtualFatigue, good, "ApiDown fired 0.0 h into the stretch and was never told of in slack #pages", 4)


class TestAgreement:
    def test_one_that_fires_on_one_clock_only(self, good):
        good["alert-state"].pop()
        fails(Agreement, good, "ApiSlow fires in wave on the virtual clock and never live", 8)

    def test_one_that_fires_at_another_time(self, good):
        of(good, "virtual")["fired"]["ApiDown"] = 1900.0
        of(good, "virtual")["live_at"] = 1700.0
        fails(Agreement, good, "ApiDown fired 138 s earlier live than on the virtual clock in wave")

    def test_a_prometheus_that_came_up_late_explains_as_much(self, good):
        of(good, "live")["live_at"] = -12.0
        fails(Agreement, good, "ApiSlow fired 52 s later live than on the virtual clock in wave, explained are 50 s")
        good["boot"] = [("prometheus", {})]
        assert judge(Agreement, good).verdict is Verdict.PASS

    def test_one_that_is_told_of_elsewhere(self, good):
        good["notification"].pop()
        fails(Agreement, good, "ApiSlow was told of live in no channel, on the virtual clock in slack #warnings")

    def test_a_lane_that_was_not_simulated_is_unknown(self, good):
        good["live"].append(("wave-9", {"instance": "prometheus-9", "live_at": 0.0, "wave": True}))
        assert judge(Agreement, good).verdict is Verdict.UNKNOWN
