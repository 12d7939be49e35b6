"""Where a notification's time goes: intervals, journeys, budgets and the two sides' figures, on literal histories."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from harness import alert_latency
from harness.alert_latency import COUNT, SUM
from harness.checks.alerting.latency_agreement import LatencyAgreement
from harness.checks.alerting.latency_budget import LatencyBudget
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.generators import scenario
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Verdict
from harness.probes import alertmanager_metrics, prometheus_metrics
from harness.quantiles import estimate

PROMETHEUS = """global: {scrape_interval: 15s, evaluation_interval: 15s}
scrape_configs:
  - {job_name: api, static_configs: [{targets: ["api:1"]}]}
  - {job_name: slow, scrape_interval: 1m, static_configs: [{targets: ["slow:1"]}]}
rule_files: [rules.yml]
"""
RULES = """groups:
  - name: g
    rules:
      - {alert: ApiDown, expr: 'up{job="api"} == 0', for: 50s, labels: {severity: critical}}
      - {alert: SlowDown, expr: 'up{job="slow"} == 0', labels: {severity: warning}}
"""
ROUTES = """route:
  receiver: warnings
  group_by: [severity]
  group_wait: 30s
  group_interval: 5m
  routes: [{matchers: [severity="critical"], receiver: pages, group_wait: 0s}]
receivers:
  - {name: pages, slack_configs: [{channel: '#critical'}]}
  - {name: warnings, slack_configs: [{channel: '#warnings'}]}
"""
FILES = {"config/prometheus.yml": PROMETHEUS, "config/rules.yml": RULES, "config/alertmanager/config.yml": ROUTES}
SLACK = "slack #critical"


def judged(check: type[Check], *seen: Observation) -> Judgement:
    levels = {"prometheus": Level.NATIVE, "alertmanager": Level.NATIVE}
    fixtures = {"baselines": {"baselines": [{"id": "alert-latency", "limit": 5}]}}
    return judge(check(), History.of(*seen), Context(Configuration.of_texts(FILES), fixtures, levels))


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "123Z")


def held(alert: str, starts: float, received: float, severity: str = "critical") -> Observation:
    labels = {"alertname": alert, "severity": severity, "cluster": "c"}
    data = {"by": "alertmanager", "where": "alertmanager", "labels": labels, "state": "active"}
    return Observation(received, "alert-state", alert, data | {"startsAt": stamp(starts), "updatedAt": stamp(received)})


def crossing(alert: str, crossed: float | None, scraped: float | None, pending: float) -> Observation:
    data = {"labels": {"alertname": alert}, "crossed": crossed, "scraped": scraped, "pending": pending}
    return Observation(200.0, "alert-crossing", alert, data)


def came(alert: str, began: float, at: float, channel: str = SLACK) -> Observation:
    return Observation(at, "notification", channel, {"lane": "", "title": alert, "text": "", "began": began})


def journey(
    crossed: float = 100.0, scraped: float = 110.0, pending: float = 120.0, **later: float
) -> list[Observation]:
    moments = {
        "firing": pending + 60,
        "received": pending + 60.1,
        "began": pending + 60.2,
        "at": pending + 60.3,
        **later,
    }
    return [
        held("ApiDown", moments["firing"], moments["received"]),
        crossing("ApiDown", crossed, scraped, pending),
        came("ApiDown", moments["began"], moments["at"]),
    ]


class TestQuantile:
    def test_the_interval_is_between_two_samples(self):
        found = estimate([float(n) for n in range(1, 101)], 0.5)
        assert (found.value, found.low, found.high) == (50, 41, 61)
        assert 0.95 <= found.confidence < 0.97

    def test_few_samples_attain_less_and_say_so(self):
        found = estimate([3.0, 1.0, 2.0], 0.95)
        assert (found.value, found.low, found.high) == (3, 1, 3)
        assert found.confidence == pytest.approx(1 - 0.95**3 - 0.05**3, abs=1e-9)

    def test_one_sample_and_none(self):
        assert estimate([7.0], 0.95).value == 7
        with pytest.raises(ValueError, match="nothing"):
            estimate([], 0.5)

    def test_it_covers_as_often_as_it_says(self):
        # 95 % of 400 draws is 380 ± 9 at two standard deviations.
        source = random.Random(4)
        hits = 0
        for _ in range(400):
            found = estimate([source.random() for _ in range(80)], 0.5)
            hits += found.low <= 0.5 <= found.high
        assert hits >= 371


class TestJourneys:
    def test_every_step_of_a_whole_way(self):
        (one,) = alert_latency.journeys(History.of(*journey()))
        assert one.complete
        steps = {name: round(seconds or 0, 3) for name, seconds in one.steps.items()}
        assert steps == {
            "scraped": 10, "evaluated": 10, "held": 60, "sent": 0.1, "grouped": 0.1, "delivered": 0.1,
        }  # fmt: skip

    def test_an_incident_that_began_in_the_past_tells_nothing_of_its_first_steps(self):
        state, _, delivery = journey()
        (one,) = alert_latency.journeys(History.of(state, crossing("ApiDown", None, None, 90.0), delivery))
        assert [name for name, seconds in one.steps.items() if seconds is None] == ["scraped", "evaluated", "held"]

    def test_what_fired_before_discovery_and_what_was_not_delivered_is_no_journey(self):
        live = Observation(500.0, "live", "wave-1", {"instance": "wave-1", "wave": True})
        assert not alert_latency.journeys(History.of(live, *journey()))
        assert not alert_latency.journeys(History.of(*journey()[:2]))


def test_budgets_follow_the_configuration():
    found = alert_latency.budgets(Configuration.of_texts(FILES))
    api, slow = found["ApiDown"], found["SlowDown"]
    assert (api.scrape, api.evaluation, api.hold, api.group_wait, api.total) == (15, 15, 60, 0, 90)
    assert (slow.scrape, slow.hold, slow.group_wait, slow.group_interval) == (60, 0, 30, 300)


class TestLatencyBudget:
    def test_within(self):
        judgement = judged(LatencyBudget, *journey())
        assert judgement.verdict is Verdict.PASS, judgement.reason
        assert "80.3 s of 90 s" in judgement.reason
        assert "held p50 60.00 s [60.00, 60.00]" in judgement.proofs[0].evidence[0].text

    def test_nothing_followed_and_nothing_followed_whole_is_unknown(self):
        assert judged(LatencyBudget).verdict is Verdict.UNKNOWN
        state, _, delivery = journey()
        assert judged(LatencyBudget, state, delivery).verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(
        ("moments", "said"),
        [
            ({"scraped": 117.0, "pending": 120.0}, "the scrape after the threshold was crossed took 17.0 s, 15.0 s"),
            ({"pending": 127.0}, "the evaluation after the scrape took 17.0 s, 15.0 s"),
            ({"firing": 195.0, "received": 195.1, "began": 195.2, "at": 195.3}, "`for` took 75.0 s, 60.0 s"),
            ({"received": 187.0, "began": 187.1, "at": 187.2}, "the way to Alertmanager took 7.0 s, 5.0 s"),
            ({"began": 210.1, "at": 210.2}, "waiting in its group took 30.0 s, 0.0 s"),
            ({"at": 187.2}, "the delivery took 7.0 s, 5.0 s"),
        ],
    )
    def test_each_step_over_its_budget_is_named(self, moments, said):
        judgement = judged(LatencyBudget, *journey(**moments))
        assert judgement.verdict is Verdict.FAIL
        assert said in judgement.reason
        assert judgement.findings[0].position.file == "config/rules.yml"

    def test_who_joins_a_group_that_was_notified_waits_for_its_interval(self):
        late = [held("SlowDown", 300.0, 300.1, "critical"), came("SlowDown", 590.0, 590.1)]
        assert judged(LatencyBudget, *journey(), *late).verdict is Verdict.PASS
        alone = [held("SlowDown", 300.0, 300.1, "warning"), came("SlowDown", 590.0, 590.1)]
        assert judged(LatencyBudget, *journey(), *alone).verdict is Verdict.FAIL


class TestLatencyAgreement:
    def seen(self, *, count: float = 2, total: float = 0.02, sink: float = 0.008, wall: float = 60.0) -> list[Any]:
        figures = {COUNT: {"slack": count}, SUM: {"slack": total}}
        answered = {"lane": "", "sink": "slack", "seconds": sink}
        return [
            Observation(0.0, "clock", "began", {"wall": 1000.0, "monotonic": 5.0}),
            *(Observation(at, "notification-answered", SLACK, answered) for at in (1.0, 2.0)),
            Observation(9.0, "alertmanager-figures", "alertmanager", {"figures": figures}),
            Observation(9.0, "clock", "ended", {"wall": 1000.0 + wall, "monotonic": 65.0}),
        ]

    def test_both_sides_agree(self):
        judgement = judged(LatencyAgreement, *self.seen())
        assert (judgement.verdict, judgement.proofs[0].value) == (Verdict.PASS, 0.002)
        assert "2.0 ms apart" in judgement.reason and "off by 10.0 ms" in judgement.reason

    def test_means_too_far_apart(self):
        reason = judged(LatencyAgreement, *self.seen(total=1.22)).reason
        assert "0.610 s by Alertmanager, 0.008 s by the sink, more than 0.5 s apart" in reason

    def test_the_handshakes_of_a_busy_machine_are_told_and_no_fault(self):
        judgement = judged(LatencyAgreement, *self.seen(total=0.23, sink=0.001))
        assert (judgement.verdict, judgement.proofs[0].value) == (Verdict.PASS, 0.114)

    def test_a_delivery_that_one_side_did_not_see(self):
        assert "counts 3 deliveries, the sink 2" in judged(LatencyAgreement, *self.seen(count=3, total=0.03)).reason

    def test_a_clock_that_was_set(self):
        assert "clock was set by -0.200 s" in judged(LatencyAgreement, *self.seen(wall=59.8)).reason

    def test_one_side_missing_is_unknown(self):
        assert judged(LatencyAgreement).verdict is Verdict.UNKNOWN
        assert judged(LatencyAgreement, *self.seen()[:-1]).verdict is Verdict.UNKNOWN

    def test_what_prometheus_dropped_is_named(self):
        names = ("dropped_total", "latency_seconds_count", "latency_seconds_sum", "sent_total")
        figures = {f"prometheus_notifications_{name}": 2.0 for name in names}
        prometheus = Observation(9.0, "prometheus-figures", "prometheus", {"figures": figures})
        judgement = judged(LatencyAgreement, *self.seen(), prometheus)
        assert "prometheus dropped 2 alerts" in judgement.reason
        assert "1000.0 ms each" in judgement.proofs[0].evidence[1].text

    def test_receivers_that_misbehave_are_no_measure(self):
        other = Observation(9.0, "alertmanager-figures", "alertmanager-receivers", {"figures": {COUNT: {"slack": 9}}})
        assert judged(LatencyAgreement, *self.seen(), other).verdict is Verdict.PASS


def test_a_gauge_crosses_where_its_value_changes():
    data = {"scenario": "s", "metrics": {"up_to": "1x3 0x4", "other": "5x9", "third": "1 2 2 2 9"}}
    read = scenario.read("s", data, "s.yml")
    assert read.changes({"up_to"}) == (60.0,)
    assert read.changes({"up_to", "other", "third"}) == (15.0, 60.0)
    assert read.changes(set()) == ()


def test_the_products_own_figures_are_added_up():
    text = """# TYPE alertmanager_notifications_failed_total counter
alertmanager_notifications_failed_total{integration="slack",reason="clientError"} 1
alertmanager_notifications_failed_total{integration="slack",receiver_name="a\\"}b",reason="other"} 2
alertmanager_notifications_failed_total{integration="email",reason="other"} 0
alertmanager_alerts 7
"""
    assert alertmanager_metrics.read(text)["alertmanager_notifications_failed_total"] == {"slack": 3.0}
    text = 'prometheus_notifications_sent_total{alertmanager="a"} 2\nprometheus_notifications_sent_total 3\nup 1\n'
    assert prometheus_metrics.read(text)["prometheus_notifications_sent_total"] == 5.0
