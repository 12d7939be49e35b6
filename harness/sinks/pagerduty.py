"""PagerDuty's Events API v2: takes trigger, acknowledge and resolve events as the real one does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harness.contracts import Recorder
from harness.sinks.http_sink import HttpSink, Reply, Request
from harness.sinks.plain_text import joined

LARGEST_EVENT = 512 * 1024
LONGEST_SUMMARY = 1024
LONGEST_DEDUP_KEY = 255
ROUTING_KEY_LENGTH = 32
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "warning", "error", "info")


class PagerDutySink(HttpSink):
    """Stands where `https://events.pagerduty.com` stands.

    `routing_keys` are those of services that exist; every well-formed one when None.
    """

    name = "pagerduty"
    path = "/v2/enqueue"

    def __init__(
        self, recorder: Recorder, *, host: str = "127.0.0.1", routing_keys: Collection[str] | None = None
    ) -> None:
        super().__init__(recorder, host=host)
        self._routing_keys = None if routing_keys is None else frozenset(routing_keys)

    def judge(self, request: Request) -> Reply:
        """202 and the dedup key, or 400 and every error at once, or 413."""
        raw = request.body.decode("utf-8", "replace")
        if request.target != self.path:
            return _refuse(404, f"nothing is at {request.target}", payload=raw)
        if len(request.body) > LARGEST_EVENT:
            return _refuse(413, f"the event is {len(request.body)} bytes, at most {LARGEST_EVENT}", payload=raw)
        try:
            event = json.loads(request.body)
        except ValueError as error:
            return _refuse(400, f"Invalid JSON: {error}", payload=raw)
        if not isinstance(event, dict):
            return _refuse(400, "the event is not an object", payload=raw)
        errors = tuple(event_errors(event))
        if not errors and self._routing_keys is not None and event["routing_key"] not in self._routing_keys:
            errors = ("Invalid routing key",)
        if errors:
            return _refuse(400, *errors, payload=event)
        # The real key is random; one derived from the event keeps two runs comparable.
        key = event.get("dedup_key") or hashlib.sha256(request.body).hexdigest()[:32]
        answer = {"status": "success", "message": "Event processed", "dedup_key": key}
        return Reply(
            status=202,
            body=json.dumps(answer),
            channel="pagerduty",
            content_type="application/json",
            title=str(_payload(event).get("summary") or ""),
            text=reading(event),
            payload=event,
            details={"action": event["event_action"], "dedup_key": key},
        )


def _refuse(status: int, *errors: str, payload: Any) -> Reply:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return Reply(status, json.dumps(answer), "pagerduty", "application/json", payload=payload, problems=errors)


def event_errors(event: Mapping[str, Any]) -> Iterator[str]:
    """What the API finds wrong with an event, in its words where they are known."""
    yield from _routing_key_errors(event.get("routing_key"))
    action = event.get("event_action")
    if not action:
        yield "'event_action' is missing or blank"
    elif action not in ACTIONS:
        yield "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge', 'resolve')"
    key = event.get("dedup_key")
    if key is not None and not isinstance(key, str):
        yield "'dedup_key' must be a string"
    elif key and len(key) > LONGEST_DEDUP_KEY:
        yield f"'dedup_key' is too long (maximum is {LONGEST_DEDUP_KEY} characters)"
    if not key and action in ("acknowledge", "resolve"):
        yield "'dedup_key' is missing or blank"
    if action == "trigger":
        yield from _payload_errors(event)
    yield from _link_errors(event)


def _routing_key_errors(key: Any) -> Iterator[str]:
    if not key or not isinstance(key, str):
        yield "'routing_key' is missing or blank"
        return
    if len(key) != ROUTING_KEY_LENGTH:
        yield f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"
    if not key.isalnum() or not key.isascii():
        yield "'routing_key' cannot contain non-alphanumeric characters."


def _payload_errors(event: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(event.get("payload"), Mapping):
        yield "'payload' is missing or blank"
        return
    payload = event["payload"]
    for name in ("summary", "source", "severity"):
        if not payload.get(name) or not isinstance(payload[name], str):
            yield f"'payload.{name}' is missing or blank"
    if len(str(payload.get("summary") or "")) > LONGEST_SUMMARY:
        yield f"'payload.summary' is too long (maximum is {LONGEST_SUMMARY} characters)"
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        yield "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"


def _link_errors(event: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in (("links", "href"), ("images", "src")):
        listed = event.get(name) or []
        if not isinstance(listed, list):
            yield f"'{name}' must be an array"
            continue
        for entry in listed:
            if not isinstance(entry, Mapping) or not entry.get(wanted):
                yield f"'{name}' holds an entry without '{wanted}'"


def reading(event: Mapping[str, Any]) -> str:
    """Everything a person on call reads of an event."""
    payload = _payload(event)
    lines = [str(payload.get(name) or "") for name in ("summary", "source", "severity", "component", "group", "class")]
    details = payload.get("custom_details") or {}
    if isinstance(details, Mapping):
        lines += [f"{name}: {_flat(value)}" for name, value in details.items()]
    else:
        lines.append(str(details))
    lines += [f"{link.get('text') or ''} <{link.get('href')}>".strip() for link in event.get("links") or []]
    if event.get("client_url"):
        lines.append(f"{event.get('client') or ''} <{event['client_url']}>".strip())
    return joined([line for text in lines for line in text.splitlines()])


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _payload(event: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = event.get("payload")
    return payload if isinstance(payload, Mapping) else {}
