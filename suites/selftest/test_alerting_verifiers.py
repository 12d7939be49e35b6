"""The verifiers of the alerting suite on histories written as literals: each claim can fail, none passes unseen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from harness.checks.alerting import recorded
from harness.checks.alerting.content import Content
from harness.checks.alerting.fatigue import Fatigue
from harness.checks.alerting.fires import Fires
from harness.checks.alerting.inhibition import Inhibition
from harness.checks.alerting.latency import Latency
from harness.checks.alerting.routing import Routing
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Position, Verdict

RULES = """groups:
  - name: g
    rules:
      - alert: ApiDown
        expr: up == 0
        labels: {severity: critical}
      - alert: ApiSlow
        expr: latency > 1
        for: 5m
        labels:
          severity: warning
"""
ROUTES = """route:
  receiver: fallback
  group_wait: 30s
  routes:
    - matchers: [severity="critical"]
      receiver: pages
      group_wait: 0s
    - matchers: [severity="warning"]
      receiver: warnings
receivers:
  - name: fallback
    slack_configs: [{channel: '#other'}]
  - name: pages
    slack_configs: [{channel: '#critical'}]
    pagerduty_configs: [{routing_key: x}]
  - name: warnings
    slack_configs: [{channel: '#warnings'}]
inhibit_rules:
  - source_matchers: [alertname="ApiDown"]
    target_matchers: [severity="warning"]
    equal: [service]
"""
ALERTMANAGER = "config/alertmanager.yml"
FIXTURES = {
    "routing": {
        "severities": {
            "critical": {"channels": ["slack #critical", "pagerduty"]},
            "warning": {"channels": ["slack #warnings"]},
        }
    },
    "baselines": {
        "baselines": [
            {"id": "alert-latency", "limit": 5},
            {"id": "alert-fatigue", "limit": 40},
        ]
    },
}
LEVELS = {"prometheus": Level.NATIVE, "alertmanager": Level.NATIVE}


def judged(check: type[Check], *seen: Observation, rules: str = RULES, routes: str = ROUTES, **more: str) -> Judgement:
    texts = {"config/rules.yml": rules, ALERTMANAGER: routes, **more}
    context = Context(Configuration.of_texts({k: v for k, v in texts.items() if v}), FIXTURES, LEVELS)
    return judge(check(), History.of(*seen), context)


def live(at: float = 0.0, name: str = "wave-1", *, wave: bool = True) -> Observation:
    return Observation(at, "live", name, {"instance": name, "live_at": at, "wave": wave})


def expectation(alert: str, lane: str = "wave-1", true: int = 1) -> Observation:
    return Observation(
        0.0, "expectation", alert, {"lane": lane, "fires": 0.0, "muted": False, "true_in_the_past": true}
    )


def firing(alert: str, state: str = "firing") -> Observation:
    data = {"by": "prometheus", "where": "wave-1", "labels": {"alertname": alert}, "state": state}
    return Observation(10.0, "alert-state", alert, data)


def held(
    alert: str, starts: float, severity: str = "critical", where: str = "alertmanager", **labels: str
) -> Observation:
    own = {"alertname": alert, "severity": severity, **labels}
    starts_at = datetime.fromtimestamp(starts, UTC).isoformat().replace("+00:00", "Z")
    data = {
        "by": "alertmanager",
        "where": where,
        "labels": own,
        "state": "active",
        "startsAt": starts_at,
        "inhibitedBy": [],
    }
    return Observation(starts + 0.1, "alert-state", alert, data)


def received(alert: str, channel: str, at: float = 12.0, lane: str = "", **more: Any) -> Observation:
    return Observation(
        at, "notification", channel, {"lane": lane, "title": f"[FIRING] {alert}", "text": "", "delivered": True, **more}
    )


def messages(judgement: Judgement) -> list[str]:
    return [finding.message for finding in judgement.findings]


class TestFires:
    def test_every_alert_fired(self):
        judgement = judged(
            Fires, live(), *map(expectation, ("ApiDown", "ApiSlow")), *map(firing, ("ApiDown", "ApiSlow"))
        )
        assert (judgement.verdict, judgement.reason) == (Verdict.PASS, "2 of 2 alerts fired on the unmodified rules")
        assert judgement.level is Level.NATIVE

    @pytest.mark.parametrize(("true", "why"), [(0, "its expression returned nothing"), (1, "its expression held")])
    def test_one_that_did_not_is_found_at_its_expression(self, true, why):
        judgement = judged(Fires, live(), expectation("ApiDown"), expectation("ApiSlow", true=true), firing("ApiDown"))
        assert judgement.verdict is Verdict.FAIL
        assert judgement.findings[0].position == Position("config/rules.yml", 8, 15)
        assert "ApiSlow did not fire although the scenario of wave-1" in judgement.reason
        assert why in judgement.reason

    def test_pending_is_not_firing(self):
        seen = [live(), expectation("ApiDown"), expectation("ApiSlow"), firing("ApiDown"), firing("ApiSlow", "pending")]
        assert judged(Fires, *seen).verdict is Verdict.FAIL

    def test_one_that_no_scenario_plays_is_unknown(self):
        judgement = judged(Fires, live(), expectation("ApiDown"), firing("ApiDown"))
        assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "no scenario makes ApiSlow fire")

    def test_an_expectation_of_the_storm_is_none_of_the_waves(self):
        seen = [live(), live(name="storm", wave=False), expectation("ApiDown"), expectation("ApiSlow", "storm")]
        judgement = judged(Fires, *seen, firing("ApiDown"), firing("ApiSlow"))
        assert judgement.reason == "no scenario makes ApiSlow fire"

    def test_a_lane_that_never_went_live_proves_nothing(self):
        assert judged(Fires, expectation("ApiDown"), expectation("ApiSlow")).verdict is Verdict.UNKNOWN

    def test_without_a_recording_it_is_unknown(self):
        assert judged(Fires).verdict is Verdict.UNKNOWN


FIRED = (firing("ApiDown"), firing("ApiSlow"))
DELIVERED = (
    received("ApiDown", "slack #critical"),
    received("ApiDown", "pagerduty"),
    received("ApiSlow", "slack #warnings"),
)


class TestRouting:
    def test_every_alert_in_exactly_its_channels(self):
        judgement = judged(Routing, *FIRED, *DELIVERED)
        assert judgement.verdict is Verdict.PASS
        (proof,) = judgement.proofs
        assert (proof.statement, proof.samples) == ("2 alerts × 3 channels, 0 misrouted", 6)
        assert (proof.value, proof.limit, proof.unit) == (0.0, 0.0, "misrouted")

    def test_a_missing_channel_is_found_at_the_receiver_of_its_route(self):
        judgement = judged(Routing, *FIRED, DELIVERED[0], DELIVERED[2])
        assert judgement.verdict is Verdict.FAIL
        (finding,) = judgement.findings
        assert finding.message == (
            "ApiDown (severity critical) did not reach pagerduty: its route sends it to receiver 'pages'"
        )
        assert finding.position == Position(ALERTMANAGER, 6, 17)
        assert finding.also == (Position("config/rules.yml", 4, 9, 14),)

    def test_a_wrong_channel_is_missing_here_and_extra_there(self):
        wrong = (received("ApiSlow", "slack #other"),)
        judgement = judged(Routing, *FIRED, *DELIVERED[:2], *wrong)
        assert "did not reach slack #warnings and went to slack #other" in judgement.reason
        assert judgement.proofs[0].value == 2.0

    def test_an_extra_channel_is_found(self):
        judgement = judged(Routing, *FIRED, *DELIVERED, received("ApiSlow", "pagerduty"))
        assert "ApiSlow (severity warning) went to pagerduty" in judgement.reason

    def test_where_no_route_matches_the_root_is_to_blame(self):
        routes = ROUTES.replace('severity="warning"]\n      receiver: w', 'severity="warn"]\n      receiver: w')
        judgement = judged(Routing, *FIRED, *DELIVERED[:2], received("ApiSlow", "slack #other"), routes=routes)
        (finding,) = judgement.findings
        assert finding.message.endswith("no route matches, the root sends it to receiver 'fallback'")
        assert finding.position == Position(ALERTMANAGER, 2, 13)

    def test_without_a_route_tree_the_alert_is_the_place(self):
        judgement = judged(Routing, *FIRED, *DELIVERED[:2], routes="")
        assert (judgement.findings[0].position.file, judgement.findings[0].position.line) == ("config/rules.yml", 7)
        assert "there is no route tree" in judgement.reason

    def test_a_severity_nobody_knows_is_found_at_the_label(self):
        rules = RULES.replace("severity: warning", "severity: warn")
        judgement = judged(Routing, *FIRED, *DELIVERED, rules=rules)
        (finding,) = judgement.findings
        assert finding.message == "ApiSlow has severity 'warn', which routes nowhere known"
        assert finding.position == Position("config/rules.yml", 11, 21)

    def test_one_that_never_fired_is_unknown(self):
        judgement = judged(Routing, FIRED[0], *DELIVERED)
        assert (judgement.verdict, judgement.reason) == (
            Verdict.UNKNOWN,
            "ApiSlow never fired, so nothing is known of where it goes",
        )

    def test_one_that_fired_and_went_nowhere_fails(self):
        assert judged(Routing, *FIRED).verdict is Verdict.FAIL

    def test_a_notification_that_was_refused_did_not_arrive(self):
        refused = received("ApiSlow", "slack #warnings", delivered=False)
        assert "did not reach slack #warnings" in judged(Routing, *FIRED, *DELIVERED[:2], refused).reason

    def test_the_storms_notifications_are_none_of_the_waves(self):
        elsewhere = received("ApiSlow", "slack #warnings", lane="storm")
        assert judged(Routing, *FIRED, *DELIVERED[:2], elsewhere).verdict is Verdict.FAIL

    def test_a_longer_name_is_another_alert(self):
        longer = received("ApiSlowAgain", "slack #warnings")
        assert "did not reach slack #warnings" in judged(Routing, *FIRED, *DELIVERED[:2], longer).reason

    def test_without_a_recording_it_is_unknown(self):
        assert judged(Routing).verdict is Verdict.UNKNOWN


class TestLatency:
    def test_a_prompt_page_passes_with_its_figure(self):
        seen = [live(5.0), held("ApiDown", 10.0), received("ApiDown", "slack #critical", 10.4)]
        judgement = judged(Latency, *seen, received("ApiDown", "pagerduty", 10.6))
        assert judgement.verdict is Verdict.PASS
        (proof,) = judgement.proofs
        assert (proof.value, proof.limit, proof.unit, proof.samples) == (pytest.approx(0.6), 5.0, "s", 2)

    def test_a_late_page_fails_at_the_group_wait_and_names_the_slowest(self):
        judgement = judged(Latency, live(5.0), held("ApiDown", 10.0), received("ApiDown", "pagerduty", 15.3))
        assert judgement.verdict is Verdict.FAIL
        assert judgement.reason.endswith("limit 5 s; slowest ApiDown at pagerduty")
        assert judgement.findings[0].position == Position(ALERTMANAGER, 3, 15)

    def test_no_page_at_all_is_unknown_not_pass(self):
        assert judged(Latency).verdict is Verdict.UNKNOWN
        assert judged(Latency, live(5.0), held("ApiDown", 10.0)).verdict is Verdict.UNKNOWN
        assert judged(Latency, live(5.0), received("ApiDown", "pagerduty")).verdict is Verdict.UNKNOWN

    def test_the_wait_its_route_configures_is_subtracted_and_told_in_the_total(self):
        judgement = judged(
            Latency, live(5.0), held("ApiSlow", 10.0, "warning"), received("ApiSlow", "slack #warnings", 41.0)
        )
        assert judgement.verdict is Verdict.PASS
        assert judgement.proofs[0].value == pytest.approx(1.0)
        assert "total p95 31.0 s" in judgement.reason

    def test_a_late_page_cannot_hide_behind_a_wait_of_another_route(self):
        judgement = judged(Latency, live(5.0), held("ApiDown", 10.0), received("ApiDown", "pagerduty", 41.0))
        assert judgement.verdict is Verdict.FAIL

    def test_what_fired_before_discovery_is_left_out_and_counted(self):
        seen = [live(5.0), live(20.0, "wave-2"), held("ApiDown", 10.0), received("ApiDown", "pagerduty", 71.0)]
        assert judged(Latency, *seen).verdict is Verdict.UNKNOWN
        later = [held("ApiSlow", 30.0, "warning"), received("ApiSlow", "slack #warnings", 61.0)]
        judgement = judged(Latency, *seen, *later)
        assert judgement.verdict is Verdict.PASS
        assert "1 fired before discovery and are left out" in judgement.reason

    def test_the_storm_going_live_later_leaves_nothing_out(self):
        seen = [
            live(5.0),
            live(50.0, "storm", wave=False),
            held("ApiDown", 10.0),
            received("ApiDown", "pagerduty", 10.5),
        ]
        assert judged(Latency, *seen).proofs[0].samples == 1

    def test_only_the_first_notification_of_a_channel_counts(self):
        seen = [live(5.0), held("ApiDown", 10.0), received("ApiDown", "pagerduty", 10.5)]
        assert judged(Latency, *seen, received("ApiDown", "pagerduty", 300.0)).proofs[0].samples == 1

    def test_a_notification_of_an_earlier_firing_is_not_that_of_a_later(self):
        seen = [live(5.0), held("ApiDown", 10.0, service="a"), received("ApiDown", "pagerduty", 10.5)]
        (proof,) = judged(Latency, *seen, held("ApiDown", 60.0, service="b")).proofs
        assert (proof.samples, proof.value) == (1, pytest.approx(0.5))

    def test_a_firing_in_the_storm_is_none_of_the_waves(self):
        seen = [live(5.0), held("ApiDown", 10.0, where="alertmanager-storm"), received("ApiDown", "pagerduty", 10.5)]
        assert judged(Latency, *seen).verdict is Verdict.UNKNOWN

    def test_the_95th_of_a_hundred_decides(self):
        def seen(late: int) -> list[Observation]:
            found = [live(5.0)]
            for number in range(100):
                found.append(held(f"A{number}", 10.0))
                found.append(received(f"A{number}", "pagerduty", 20.0 if number < late else 11.0))
            return found

        assert judged(Latency, *seen(5)).verdict is Verdict.PASS
        assert judged(Latency, *seen(6)).verdict is Verdict.FAIL


def storm(*fires: str, muted: tuple[str, ...] = ()) -> Observation:
    return Observation(0.0, "storm", "storm", {"fires": list(fires), "muted": list(muted)})


def heard(lane: str, *alerts: str) -> list[Observation]:
    return [received(alert, "slack #x", lane=lane) for alert in alerts]


class TestFatigue:
    @pytest.mark.parametrize(
        ("with_rules", "verdict"), [(6, Verdict.PASS), (7, Verdict.FAIL), (0, Verdict.PASS), (12, Verdict.FAIL)]
    )
    def test_forty_of_a_hundred_must_be_spared(self, with_rules, verdict):
        judgement = judged(Fatigue, *heard("storm", *["A"] * with_rules), *heard("plain", *["A"] * 10))
        assert judgement.verdict is verdict
        assert judgement.proofs[0].value == pytest.approx(100 * (10 - with_rules) / 10)
        assert judgement.proofs[0].samples == with_rules + 10

    def test_too_few_spared_is_found_at_the_inhibition_rules(self):
        judgement = judged(Fatigue, *heard("storm", "A", "B"), *heard("plain", "A", "B"))
        assert judgement.reason == "0 % fewer: 2 notifications with inhibition, 2 without; the baseline is 40 %"
        assert judgement.findings[0].position == Position(ALERTMANAGER, 18, 1)

    def test_without_any_notification_there_is_nothing_to_compare(self):
        assert judged(Fatigue).verdict is Verdict.UNKNOWN
        assert judged(Fatigue, *heard("storm", "A")).verdict is Verdict.UNKNOWN


class TestInhibition:
    STORM = storm("ApiDown", "ApiSlow", muted=("ApiSlow",))
    PLAIN = tuple(heard("plain", "ApiDown", "ApiSlow"))

    def test_the_symptom_muted_and_the_cause_notified(self):
        judgement = judged(Inhibition, self.STORM, *self.PLAIN, *heard("storm", "ApiDown"))
        assert (judgement.verdict, judgement.reason) == (Verdict.PASS, "1 symptoms muted, 1 other alerts notified")

    def test_a_symptom_that_was_notified_is_found_at_the_equal_of_its_rule(self):
        judgement = judged(Inhibition, self.STORM, *self.PLAIN, *heard("storm", "ApiDown", "ApiSlow"))
        assert messages(judgement) == ["ApiSlow is a symptom in this outage and was notified all the same"]
        assert judgement.findings[0].position == Position(ALERTMANAGER, 21, 12)
        assert judgement.proofs[0].statement == "0 symptoms muted, 1 other alerts notified"

    def test_a_cause_that_was_muted_is_found(self):
        judgement = judged(Inhibition, self.STORM, *self.PLAIN)
        assert messages(judgement) == ["ApiDown was muted in this outage, although it is no symptom of it"]
        assert judgement.findings[0].position == Position(ALERTMANAGER, 18, 1)
        assert judgement.proofs[0].statement == "1 symptoms muted, 0 other alerts notified"

    def test_one_that_was_not_even_notified_without_inhibition_is_unknown(self):
        judgement = judged(Inhibition, self.STORM, *heard("plain", "ApiDown"), *heard("storm", "ApiDown"))
        assert judgement.verdict is Verdict.UNKNOWN
        assert "ApiSlow was not notified even without inhibition" in judgement.reason

    def test_without_a_storm_it_is_unknown(self):
        assert judged(Inhibition, *self.PLAIN).verdict is Verdict.UNKNOWN

    def test_a_storm_of_alerts_that_do_not_exist_is_unknown(self):
        assert judged(Inhibition, storm("Typo", muted=("Typo",)), *heard("plain", "Typo")).verdict is Verdict.UNKNOWN


class TestContent:
    def test_notifications_without_a_problem_pass(self):
        judgement = judged(Content, received("A", "email", problems=[]), received("B", "email", problems=[]))
        assert (judgement.verdict, judgement.reason) == (Verdict.PASS, "2 notifications read, 0 problems")

    def test_a_problem_is_found_once_a_channel_with_its_count(self):
        leftover = {"problems": ["the text holds '<no value>'"]}
        template = '{{ define "a" }}{{ .X }}{{ end }}'
        judgement = judged(
            Content,
            *(received("A", "email", **leftover) for _ in range(3)),
            received("A", "slack #x", **leftover),
            **{"config/notifications.tmpl": template},
        )
        assert judgement.verdict is Verdict.FAIL
        assert messages(judgement) == [
            "email: the text holds '<no value>' (3 of 4 notifications)",
            "slack #x: the text holds '<no value>' (1 of 4 notifications)",
        ]
        assert judgement.findings[0].position == Position("config/notifications.tmpl")

    def test_nothing_received_is_unknown(self):
        assert judged(Content).verdict is Verdict.UNKNOWN


class TestRecorded:
    def test_nanoseconds_are_read(self):
        assert recorded.seconds("1970-01-01T00:00:10.123456789Z") == pytest.approx(10.123456)
        assert recorded.seconds("1970-01-01T01:00:10+01:00") == 10.0

    @pytest.mark.parametrize(
        ("count", "share", "rank"),
        [(1, 0.95, 1), (2, 0.5, 1), (3, 0.5, 2), (20, 0.95, 19), (21, 0.95, 20), (100, 0.95, 95), (10, 1.0, 10)],
    )
    def test_a_percentile_is_the_nearest_rank(self, count, share, rank):
        assert recorded.percentile([float(n) for n in range(count, 0, -1)], share) == rank

    def test_a_firing_is_one_label_set(self):
        seen = History.of(held("A", 10.0), held("A", 10.0), held("A", 20.0, service="x"))
        assert [firing.starts_at for firing in recorded.firings(seen)] == [10.0, 20.0]
