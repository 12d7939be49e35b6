"""The HTTP sinks, spoken to by a real HTTP client: what is taken, what is refused in which words, what is recorded."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from harness.events import HistoryFile
from harness.model import Observation
from harness.sinks.http_sink import HttpSink
from harness.sinks.misbehaviour import Answer
from harness.sinks.pagerduty import PagerDutySink
from harness.sinks.slack import SlackSink

ROUTING_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def history(tmp_path: Path) -> HistoryFile:
    return HistoryFile(tmp_path / "history")


@pytest.fixture
def slack(history: HistoryFile) -> Iterator[SlackSink]:
    sink = SlackSink(history, channels=["#alerts-critical", "alerts-info"], default_channel="#alerts-info")
    sink.start()
    yield sink
    sink.stop()


@pytest.fixture
def pagerduty(history: HistoryFile) -> Iterator[PagerDutySink]:
    sink = PagerDutySink(history)
    sink.start()
    yield sink
    sink.stop()


def post(sink: HttpSink, body: object, lane: str = "", **options: object) -> requests.Response:
    return requests.post(sink.url(lane), json=body, timeout=options.pop("timeout", 5), **options)  # type: ignore[arg-type]


def only(history: HistoryFile) -> Observation:
    (notification,) = history.so_far().of_kind("notification")
    return notification


def trigger(**payload: object) -> dict[str, object]:
    body = {"summary": "api down", "source": "prometheus", "severity": "critical", **payload}
    return {"routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "k", "payload": body}


def test_slack_takes_a_message_and_records_what_a_person_reads(slack: SlackSink, history: HistoryFile) -> None:
    message = {
        "channel": "#alerts-critical",
        "attachments": [
            {
                "fallback": "f",
                "title": "[FIRING] ApiDown",
                "title_link": "http://am/",
                "text": "5 &lt; 7, see <http://runbook/|the runbook>",
                "fields": [{"title": "Team", "value": "platform"}],
                "actions": [{"type": "button", "text": "Dashboard", "url": "http://grafana/d/1"}],
                "footer": "prometheus",
            }
        ],
    }
    before = time.time()
    answer = post(slack, message, "storm")
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (200, "ok", "text/html")
    seen = only(history)
    assert before <= seen.at <= time.time()
    assert seen.subject == "slack #alerts-critical"
    assert (seen.data["lane"], seen.data["sink"], seen.data["status"]) == ("storm", "slack", 200)
    assert seen.data["delivered"] and seen.data["valid"], seen.data["problems"]
    assert seen.data["title"] == "[FIRING] ApiDown"
    assert seen.data["text"].splitlines() == [
        "[FIRING] ApiDown <http://am/>",
        "5 < 7, see the runbook <http://runbook/>",
        "Team: platform",
        "Dashboard <http://grafana/d/1>",
        "prometheus",
    ]
    assert seen.data["payload"] == message


def test_slack_takes_a_form_and_falls_back_to_the_webhooks_channel(slack: SlackSink, history: HistoryFile) -> None:
    answer = requests.post(slack.url(), data={"payload": json.dumps({"text": "hello"})}, timeout=5)
    assert answer.text == "ok"
    assert (only(history).subject, only(history).data["text"]) == ("slack #alerts-info", "hello")


def test_slack_reads_block_kit(slack: SlackSink, history: HistoryFile) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "ApiDown"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Team*"}, {"type": "mrkdwn", "text": "platform"}]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "url": "u:1"}],
        },
    ]
    assert post(slack, {"attachments": [{"fallback": "f", "blocks": blocks}]}).text == "ok"
    assert only(history).data["title"] == "ApiDown"
    assert only(history).data["text"].splitlines() == ["ApiDown", "*Team*", "platform", "Go <u:1>"]


@pytest.mark.parametrize(
    ("message", "status", "word"),
    [
        ({"channel": "#alerts-info"}, 400, "no_text"),
        ({"text": ""}, 400, "no_text"),
        ({"attachments": [{"color": "danger"}]}, 400, "no_text"),
        ({"text": 7}, 400, "invalid_payload"),
        ([1], 400, "invalid_payload"),
        ({"text": "t", "channel": "#nowhere"}, 404, "channel_not_found"),
        ({"attachments": [{"text": "t"}] * 101}, 400, "too_many_attachments"),
        ({"attachments": {"text": "t"}}, 400, "invalid_attachments"),
        ({"attachments": [{"text": "t", "fields": "x"}]}, 400, "invalid_attachments"),
        ({"blocks": [{"type": "divider"}] * 51}, 400, "invalid_blocks"),
        ({"blocks": [{"type": "nonsense"}]}, 400, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, 400, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}, 400, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]}, 400, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [{}] * 11}]}, 400, "invalid_blocks"),
    ],
)
def test_slack_refuses(slack: SlackSink, history: HistoryFile, message: object, status: int, word: str) -> None:
    answer = post(slack, message)
    assert (answer.status_code, answer.text) == (status, word)
    seen = only(history)
    assert (seen.data["status"], seen.data["delivered"], seen.data["valid"]) == (status, False, False)
    assert seen.data["problems"][0].startswith(word)


def test_slack_refuses_what_is_not_json_and_an_unknown_webhook(slack: SlackSink, history: HistoryFile) -> None:
    assert requests.post(slack.url(), data=b"\xff{", timeout=5).text == "invalid_payload"
    answer = requests.post(slack.url("storm") + "x", json={"text": "t"}, timeout=5)
    assert (answer.status_code, answer.text) == (404, "no_service")
    assert [o.data["delivered"] for o in history.so_far().of_kind("notification")] == [False, False]


def test_a_templates_leftovers_are_delivered_but_not_valid(slack: SlackSink, history: HistoryFile) -> None:
    assert post(slack, {"text": "runbook: <no value>"}).status_code == 200
    assert only(history).data["delivered"]
    assert not only(history).data["valid"]


def test_pagerduty_takes_an_event(pagerduty: PagerDutySink, history: HistoryFile) -> None:
    event = trigger(custom_details={"firing": "1", "labels": {"team": "platform"}})
    event |= {"links": [{"href": "http://runbook/", "text": "runbook"}], "client": "am", "client_url": "http://am/"}
    answer = post(pagerduty, event, "calm")
    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "k"}
    seen = only(history)
    assert (seen.subject, seen.data["lane"], seen.data["action"]) == ("pagerduty", "calm", "trigger")
    assert seen.data["valid"] and seen.data["title"] == "api down"
    for text in ("prometheus", "critical", "firing: 1", '"team": "platform"', "<http://runbook/>", "am <http://am/>"):
        assert text in seen.data["text"]


def test_pagerduty_makes_a_dedup_key_for_a_trigger_without_one(pagerduty: PagerDutySink) -> None:
    event = trigger()
    del event["dedup_key"]
    assert len(post(pagerduty, event).json()["dedup_key"]) == 32


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({**trigger(), "routing_key": "short"}, "Length of 'routing_key' is incorrect (should be 32 characters)"),
        ({**trigger(), "routing_key": "-" * 32}, "'routing_key' cannot contain non-alphanumeric characters."),
        ({**trigger(), "routing_key": None}, "'routing_key' is missing or blank"),
        ({**trigger(), "event_action": "shout"}, "'event_action' is invalid"),
        ({**trigger(), "dedup_key": "k" * 256}, "'dedup_key' is too long"),
        ({"routing_key": ROUTING_KEY, "event_action": "resolve"}, "'dedup_key' is missing or blank"),
        ({**trigger(), "payload": None}, "'payload' is missing or blank"),
        (trigger(summary=""), "'payload.summary' is missing or blank"),
        (trigger(summary="x" * 1025), "'payload.summary' is too long"),
        (trigger(source=None), "'payload.source' is missing or blank"),
        (trigger(severity="fatal"), "'payload.severity' is invalid"),
        ({**trigger(), "links": [{"text": "no address"}]}, "'links' holds an entry without 'href'"),
        (["no object"], "the event is not an object"),
    ],
)
def test_pagerduty_refuses(pagerduty: PagerDutySink, history: HistoryFile, event: object, error: str) -> None:
    answer = post(pagerduty, event)
    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid event"
    assert any(said.startswith(error) for said in answer.json()["errors"]), answer.text
    assert not only(history).data["delivered"] and not only(history).data["valid"]


def test_pagerduty_limits_size_path_and_known_keys(history: HistoryFile) -> None:
    sink = PagerDutySink(history, routing_keys=["f" * 32])
    sink.start()
    try:
        assert post(sink, trigger(custom_details={"x": "y" * (512 * 1024)})).status_code == 413
        assert post(sink, trigger()).json()["errors"] == ["Invalid routing key"]
        assert requests.post(sink.url("storm") + "x", json=trigger(), timeout=5).status_code == 404
        assert post(sink, {**trigger(), "routing_key": "f" * 32}).status_code == 202
    finally:
        sink.stop()
    assert history.so_far().of_kind("notification")[2].data["lane"] == "storm"


def test_ordered_answers_are_given_once_and_per_lane(pagerduty: PagerDutySink, history: HistoryFile) -> None:
    pagerduty.next_answers([Answer.rate_limited(7), Answer.refused(500)], lane="storm")
    assert post(pagerduty, trigger(), "calm").status_code == 202
    limited = post(pagerduty, trigger(), "storm")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert post(pagerduty, trigger(), "storm").status_code == 500
    assert pagerduty.answers_left == 0
    assert post(pagerduty, trigger(), "storm").status_code == 202
    assert [o.data["delivered"] for o in history.so_far().of_kind("notification")] == [True, False, False, True]


def test_reset_and_silence_look_like_it_to_the_sender(slack: SlackSink, history: HistoryFile) -> None:
    slack.next_answers([Answer.torn(), Answer.timeout()])
    with pytest.raises(requests.ConnectionError, match=r"reset by peer|aborted"):
        post(slack, {"text": "one"})
    with pytest.raises(requests.ReadTimeout):
        post(slack, {"text": "two"}, timeout=0.2)
    assert [o.data["status"] for o in history.so_far().of_kind("notification")] == [None, None]
    assert post(slack, {"text": "three"}).text == "ok"


def test_start_and_stop_are_idempotent_and_the_port_is_kept(history: HistoryFile) -> None:
    sink = SlackSink(history)
    sink.start()
    sink.start()
    url = sink.url()
    session = requests.Session()
    assert session.post(url, json={"text": "t"}, timeout=5).text == "ok"
    sink.stop()
    sink.stop()
    with pytest.raises(requests.ConnectionError):
        session.post(url, json={"text": "t"}, timeout=5)
    assert not [thread for thread in threading.enumerate() if thread.name == "sink slack"]
    sink.start()
    assert sink.url() == url
    assert session.post(url, json={"text": "t"}, timeout=5).text == "ok"
    sink.stop()


def test_a_stopping_sink_does_not_wait_for_the_silent(history: HistoryFile) -> None:
    sink = SlackSink(history)
    sink.start()
    sink.next_answers([Answer.timeout()])
    with pytest.raises(requests.ReadTimeout):
        post(sink, {"text": "t"}, timeout=0.1)
    begun = time.monotonic()
    sink.stop()
    assert time.monotonic() - begun < 2


def test_many_senders_at_once_are_all_recorded(slack: SlackSink, history: HistoryFile) -> None:
    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda n: post(slack, {"text": f"n{n}"}, f"lane{n % 4}").text, range(200)))
    assert set(answers) == {"ok"}
    assert sorted(o.data["text"] for o in history.so_far().of_kind("notification")) == sorted(
        f"n{n}" for n in range(200)
    )


def test_only_posts_with_a_length_are_read(slack: SlackSink, history: HistoryFile) -> None:
    assert requests.get(slack.url(), timeout=5).status_code == 405
    assert requests.post(slack.url(), data=iter([b"{}"]), timeout=5).status_code == 411
    assert not history.so_far().observations
