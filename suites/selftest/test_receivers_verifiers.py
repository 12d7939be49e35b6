"""The verifiers of the receivers suite on histories written as literals: each can fail, none passes unseen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.checks.receivers import recorded
from harness.checks.receivers.delivered import Delivered
from harness.checks.receivers.loss_is_loud import GIVEN_UP, REFUSED, LossIsLoud
from harness.checks.receivers.markup import Markup
from harness.checks.receivers.page_closed import PageClosed
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Verdict
from harness.sinks.misbehaviour import Answer, Script
from suites.receivers import exercise

ROUTES = """route:
  receiver: pages
  group_interval: 1m
receivers:
  - name: pages
    slack_configs: [{channel: '#critical'}]
    pagerduty_configs: [{routing_key: x, timeout: 10s}]
    email_configs: [{to: a@b.example}]
"""
RULES = f"""groups:
  - name: g
    rules:
      - {{alert: NotificationsFailing, expr: 'increase({GIVEN_UP}[5m]) > 0'}}
"""
SLACK, PAGES, MAIL = "slack #critical", "pagerduty", "email"
HOSTILE = "5 < 6 <script>alert(8)</script> <https://evil.example|click>"


def judged(check: type[Check], *seen: Observation, rules: str = RULES) -> Judgement:
    documents = Configuration.of_texts({"config/rules.yml": rules, "config/alertmanager/config.yml": ROUTES})
    context = Context(documents, {"receivers": {"hostile": HOSTILE}}, {"alertmanager": Level.NATIVE})
    return judge(check(), History.of(*seen), context)


def tried(channel: str, *answers: int | str, others: tuple[str, ...] = (), always: bool = False) -> Observation:
    data = {"alert": "ApiDown", "labels": {"alertname": "ApiDown"}, "channel": channel, "others": list(others)}
    return Observation(0.0, "receiver-case", "a case", {**data, "answers": list(answers), "always": always})


def came(channel: str, at: float, status: int | None = 200, **more: Any) -> Observation:
    delivered = status is not None and status < 300
    data = {"lane": "receivers", "title": "ApiDown", "text": "", "status": status, "delivered": delivered, **more}
    return Observation(at, "notification", channel, data)


def window(seconds: float = 100.0) -> Observation:
    return Observation(seconds, "receivers-window", "window", {"seconds": seconds})


def messages(judgement: Judgement) -> str:
    return " | ".join(finding.message for finding in judgement.findings)


@pytest.mark.parametrize("check", [Delivered, LossIsLoud, Markup, PageClosed])
def test_nothing_seen_is_unknown(check):
    assert judged(check).verdict is Verdict.UNKNOWN


class TestDelivered:
    def test_once_after_two_failures_and_once_elsewhere(self):
        seen = [came(SLACK, 1.0, 500), came(SLACK, 1.6, 503), came(SLACK, 2.5), came(PAGES, 1.0)]
        judgement = judged(Delivered, tried(SLACK, 500, 503, others=(PAGES,)), *seen, window())
        assert (judgement.verdict, judgement.proofs[0].value) == (Verdict.PASS, 1.5)

    def test_never(self):
        judgement = judged(Delivered, tried(SLACK, 500), came(SLACK, 1.0, 500), window())
        assert judgement.verdict is Verdict.FAIL
        assert "ApiDown was never delivered to slack #critical" in messages(judgement)
        assert judgement.findings[0].position.file == "config/alertmanager/config.yml"

    def test_twice(self):
        seen = [came(SLACK, 1.0, 500), came(SLACK, 2.0), came(SLACK, 3.0)]
        assert "delivered 2 times" in messages(judged(Delivered, tried(SLACK, 500), *seen, window()))

    def test_a_channel_that_behaves_is_not_to_suffer(self):
        seen = [came(SLACK, 1.0, 500), came(SLACK, 2.0)]
        assert "never delivered to pagerduty" in messages(
            judged(Delivered, tried(SLACK, 500, others=(PAGES,)), *seen, window())
        )

    def test_too_late(self):
        seen = [came(PAGES, 1.0, 429), came(PAGES, 61.0)]
        judgement = judged(Delivered, tried(PAGES, 429), *seen, window())
        assert "delivered after 60.0 s, 0.8 s at most were predicted" in messages(judgement)

    def test_what_is_not_retried_may_take_the_group_interval(self):
        judgement = judged(Delivered, tried(SLACK, 429), came(SLACK, 1.0, 429), came(SLACK, 61.0), window())
        assert judgement.verdict is Verdict.PASS

    def test_one_that_comes_after_the_run_is_unknown(self):
        judgement = judged(Delivered, tried(SLACK, 429), came(SLACK, 1.0, 429), window(30.0))
        assert judgement.verdict is Verdict.UNKNOWN

    def test_a_receiver_that_did_not_misbehave_proves_nothing(self):
        assert judged(Delivered, tried(SLACK, 500), came(SLACK, 1.0), window()).verdict is Verdict.UNKNOWN

    def test_a_case_without_an_alert_is_unknown(self):
        left = Observation(0.0, "receiver-case-left-out", "hangs", {"channel": "email"})
        seen = [came(SLACK, 1.0, 500), came(SLACK, 2.0)]
        assert judged(Delivered, tried(SLACK, 500), left, *seen, window()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("channel", "answers", "timeout", "seconds"),
    [
        (SLACK, [500], 0.0, 0.75),
        (SLACK, [500, 503], 0.0, 0.75 + 1.125),
        (SLACK, [429], 0.0, 60.0),
        (PAGES, [429], 0.0, 0.75),
        (PAGES, ["silence"], 10.0, 10.75),
        (PAGES, ["silence"], 0.0, 60.0),
        (PAGES, ["reset"], 0.0, 0.75),
        (SLACK, [429, 500], 0.0, 60.75),
        (MAIL, [451, 550], 0.0, 0.75 + 1.125),
    ],
)
def test_what_the_configuration_predicts(channel, answers, timeout, seconds):
    (case,) = recorded.cases(History.of(tried(channel, *answers)))
    (config,) = Configuration.of_texts({"config/alertmanager/config.yml": ROUTES}).of(recorded.Alertmanager)
    assert recorded.predicted_seconds(case, config.route, timeout) == pytest.approx(seconds)


class TestLoss:
    def figures(self, **counted: float) -> Observation:
        return Observation(9.0, "alertmanager-figures", "alertmanager-receivers", {"figures": counted})

    def test_counted_watched_and_heard_elsewhere(self):
        seen = [tried(SLACK, 404, others=(PAGES,), always=True), came(SLACK, 1.0, 404), came(PAGES, 1.0)]
        judgement = judged(LossIsLoud, *seen, self.figures(**{GIVEN_UP: {"slack": 1.0}}))
        assert judgement.verdict is Verdict.PASS

    def test_not_counted(self):
        seen = [tried(SLACK, 404, always=True), came(SLACK, 1.0, 404)]
        assert "does not show it" in messages(judged(LossIsLoud, *seen, self.figures(**{GIVEN_UP: {"email": 1.0}})))

    def test_what_is_still_being_retried_shows_in_the_requests(self):
        seen = [tried(MAIL, 550, always=True), came(MAIL, 1.0, 550)]
        assert judged(LossIsLoud, *seen, self.figures(**{REFUSED: {"email": 4.0}})).verdict is Verdict.PASS

    def test_watched_by_nobody(self):
        seen = [tried(SLACK, 404, always=True), came(SLACK, 1.0, 404), self.figures(**{GIVEN_UP: {"slack": 1.0}})]
        judgement = judged(LossIsLoud, *seen, rules="groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]")
        assert "no alert watches" in messages(judgement)

    def test_heard_nowhere(self):
        seen = [tried(SLACK, 404, others=(PAGES,), always=True), came(SLACK, 1.0, 404)]
        assert "lost altogether" in messages(judged(LossIsLoud, *seen, self.figures(**{GIVEN_UP: {"slack": 1.0}})))

    def test_nothing_was_lost(self):
        seen = [tried(SLACK, 404, always=True), came(SLACK, 1.0), self.figures()]
        assert judged(LossIsLoud, *seen).verdict is Verdict.UNKNOWN


class TestMarkup:
    def test_text_stays_text(self):
        html = "<p>5 &lt; 6 &lt;script&gt;alert(8)</p>"
        seen = [came(SLACK, 1.0, text=f"ApiDown\n{HOSTILE}"), came(MAIL, 1.0, text=f"x {HOSTILE}", html=html)]
        assert judged(Markup, *seen).verdict is Verdict.PASS

    def test_a_link_in_slack(self):
        made = "5 < 6 <script>alert(8)</script> click <https://evil.example>"
        assert "taken for markup" in messages(judged(Markup, came(SLACK, 1.0, text=made)))

    def test_a_script_in_a_mail(self):
        html = "<p>5 &lt; 6 <script>alert(8)</script></p>"
        assert "holds a script" in messages(judged(Markup, came(MAIL, 1.0, text=HOSTILE, html=html)))

    def test_a_message_without_the_text_is_fine(self):
        assert judged(Markup, came(SLACK, 1.0, text="RESOLVED")).verdict is Verdict.PASS


class TestPageClosed:
    OPENED = (tried(PAGES, 500), came(PAGES, 1.0, action="trigger", dedup_key="k"))
    ENDED = Observation(2.0, "receiver-resolved", "a case", {"alert": "ApiDown", "channel": PAGES})

    def test_under_the_same_key(self):
        closed = came(PAGES, 60.0, action="resolve", dedup_key="k")
        assert judged(PageClosed, *self.OPENED, self.ENDED, closed).verdict is Verdict.PASS

    def test_never(self):
        assert "was not closed" in messages(judged(PageClosed, *self.OPENED, self.ENDED))

    def test_under_another_key(self):
        closed = came(PAGES, 60.0, action="resolve", dedup_key="other")
        assert "different keys" in messages(judged(PageClosed, *self.OPENED, self.ENDED, closed))

    def test_under_a_key_that_another_alert_has(self):
        data = {"alert": "DiskFull", "labels": {}, "channel": PAGES, "others": [], "answers": [], "always": False}
        other = Observation(0.0, "receiver-case", "another", data)
        page = came(PAGES, 1.0, action="trigger", dedup_key="k", title="DiskFull")
        closed = came(PAGES, 60.0, action="resolve", dedup_key="k")
        assert "share one page" in messages(judged(PageClosed, *self.OPENED, other, page, self.ENDED, closed))


class Seen:
    """A recorder that keeps what it is given."""

    def __init__(self) -> None:
        self.kinds: list[tuple[str, str]] = []

    def record(self, kind: str, subject: str, data: Any, at: float | None = None) -> None:
        self.kinds.append((kind, subject))


class TestExercise:
    STACK = SimpleNamespace(
        configuration=Configuration.of_texts(
            {
                "config/prometheus.yml": "global: {external_labels: {cluster: main}}\nscrape_configs: []\n",
                "config/rules.yml": "groups: [{name: g, rules: [{alert: A, expr: up}, {alert: B, expr: up}]}]",
                "config/alertmanager/config.yml": ROUTES,
            }
        )
    )

    def test_each_case_has_an_alert_of_its_own_and_one_without_is_left_out(self):
        seen, entries = Seen(), [{"case": f"c{n}", "channel": "slack", "answers": [500]} for n in range(3)]
        cases = list(exercise._cases(self.STACK, entries, seen))
        assert [(case.name, case.alert.name, case.channel, case.others) for case in cases] == [
            ("c0", "A", SLACK, (PAGES, MAIL)),
            ("c1", "B", SLACK, (PAGES, MAIL)),
        ]
        assert seen.kinds == [("receiver-case-left-out", "c2")]

    def test_a_case_plays_in_a_cluster_of_its_own(self):
        (case,) = exercise._cases(
            self.STACK, [{"case": "Slack fails twice", "channel": "slack", "answers": []}], Seen()
        )
        assert exercise._labels(self.STACK, case) == {"cluster": "main-slack-fails-twice", "alertname": "A"}

    @pytest.mark.parametrize(
        ("word", "status", "silent", "reset"),
        [
            (500, 500, False, False),
            (429, 429, False, False),
            ("silence", None, True, False),
            ("reset", None, False, True),
        ],
    )
    def test_words_of_the_fixture_are_answers_of_a_sink(self, word, status, silent, reset):
        answer = exercise._answer(word)
        assert (answer.status, answer.silent_seconds > 60, answer.reset) == (status, silent, reset)
        assert ("Retry-After" in answer.headers) == (word == 429)


def test_an_answer_may_be_meant_for_deliveries_that_name_something():
    script = Script()
    script.order([Answer.refused(500)], "receivers", "ApiDown")
    assert script.next("receivers", "DiskFull") is None
    assert script.next("", "ApiDown") is None
    assert script.next("receivers", "[CRITICAL] ApiDown") == Answer.refused(500)
    assert script.next("receivers", "[CRITICAL] ApiDown") is None
