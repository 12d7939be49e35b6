"""Slack's incoming webhook: takes a message as Slack would, and says which channel shows it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs

from harness.contracts import Recorder
from harness.sinks import slack_message
from harness.sinks.http_sink import HttpSink, Reply, Request


class SlackSink(HttpSink):
    """Stands where `https://hooks.slack.com` stands; `channels` are those that exist, every one when None.

    A message names its channel; one that names none goes to `default_channel`, as a webhook's own setting has it.
    """

    name = "slack"
    path = "/services/"
    webhook = "T0HARNESS/B0HARNESS/incoming-webhook"

    def __init__(
        self,
        recorder: Recorder,
        *,
        host: str = "127.0.0.1",
        channels: Collection[str] | None = None,
        default_channel: str = "#general",
    ) -> None:
        super().__init__(recorder, host=host)
        self._channels = None if channels is None else frozenset(_named(channel) for channel in channels)
        self._default_channel = default_channel

    def url(self, lane: str = "", *, host: str = "") -> str:
        """The whole webhook URL, the value of `slack_api_url` or of an `api_url`."""
        return super().url(lane, host=host) + self.webhook

    def judge(self, request: Request) -> Reply:
        """Answer as Slack does: `ok`, or one word and a status."""
        message, why = _read(request)
        if message is None:
            refused = slack_message.Refusal(400, "invalid_payload", why)
            return _refuse(refused, self._default_channel, request.body.decode("utf-8", "replace"))
        channel = _named(str(message.get("channel") or self._default_channel))
        if request.target != f"{self.path}{self.webhook}":
            return _refuse(slack_message.Refusal(404, "no_service", "no such webhook"), channel, message)
        if self._channels is not None and channel not in self._channels:
            return _refuse(slack_message.Refusal(404, "channel_not_found", f"no channel {channel}"), channel, message)
        refused_message = slack_message.refusal(message)
        if refused_message:
            return _refuse(refused_message, channel, message)
        return Reply(
            status=200,
            body="ok",
            channel=f"slack {channel}",
            title=slack_message.heading(message),
            text=slack_message.reading(message),
            payload=message,
            problems=tuple(slack_message.advice(message)),
        )


def _refuse(refusal: slack_message.Refusal, channel: str, payload: Any) -> Reply:
    problem = f"{refusal.word}: {refusal.why}"
    return Reply(refusal.status, refusal.word, f"slack {channel}", payload=payload, problems=(problem,))


def _named(channel: str) -> str:
    """A channel as people write it; Slack takes it with or without the `#`."""
    return channel if channel.startswith(("#", "@")) else f"#{channel}"


def _read(request: Request) -> tuple[Mapping[str, Any] | None, str]:
    """The message of a JSON body or of a form's `payload`, or None and why not."""
    try:
        body = request.body.decode("utf-8")
        if request.headers.get_content_type() == "application/x-www-form-urlencoded":
            forms = parse_qs(body, strict_parsing=True).get("payload", [])
            if len(forms) != 1:
                return None, "a form must hold one payload"
            body = forms[0]
        message = json.loads(body)
    except ValueError as error:
        return None, f"the body is not UTF-8 JSON: {error}"
    return (message, "") if isinstance(message, dict) else (None, "the body is not an object")
