"""The virtual clock's records as values: states, messages with what a person would see of them, and mutes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from harness.simulate.values import Mute, Notification, Reported, Timeline, Told, Transition

SLACK_TITLE_LIMIT = 1024
PAGERDUTY_SUMMARY_LIMIT = 1024
"""Where Alertmanager cuts a text, ending it with an ellipsis."""

DETAILS_REMOVED = "Custom details have been removed"
"""What Alertmanager puts in the place of details that make an event too large for PagerDuty."""


def read_timeline(
    lines: Iterable[str],
    *,
    title: str,
    begins: datetime,
    lead_seconds: float,
    duration_seconds: float,
    wall_seconds: float = 0.0,
) -> Timeline:
    """The timeline that the records are. Their offsets count from the start, a timeline's from the incident."""
    records = [_shifted(orjson.loads(line), lead_seconds) for line in lines]
    of: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        of.setdefault(record["kind"], []).append(record)
    work = of.get("work", [{"counts": {}}])[-1]["counts"]
    reported = [Reported(r["at"], r["product"], r["text"]) for r in of.get("log", [])]
    reported += [Reported(r["at"], "scenario", f"{r['text']} {r['name']}".strip()) for r in of.get("event", [])]
    return Timeline(
        title=title, begins=begins, lead_seconds=lead_seconds, duration_seconds=duration_seconds,
        transitions=tuple(_transition(r, lead_seconds) for r in of.get("transition", [])),
        notifications=tuple(_notification(r, lead_seconds) for r in of.get("notification", [])),
        mutes=_mutes(of.get("mute", [])),
        reported=tuple(sorted(reported, key=lambda entry: entry.at)),
        work=work, wall_seconds=wall_seconds,
    )  # fmt: skip


def _shifted(record: dict[str, Any], lead_seconds: float) -> dict[str, Any]:
    return {**record, "at": round(record["at"] - lead_seconds, 6)}


def _transition(record: Mapping[str, Any], lead_seconds: float) -> Transition:
    return Transition(
        record["at"], record["alert"], record["group"], record["labels"], record["was"], record["state"],
        round(record["since"] - lead_seconds, 6), record["value"], record["annotations"],
    )  # fmt: skip


def _notification(record: Mapping[str, Any], lead_seconds: float) -> Notification:
    channel, title, text, html, truncated = shown(record["integration"], record["message"])
    alerts = tuple(
        Told(
            alert["labels"], alert["annotations"], alert["status"], round(alert["starts_at"] - lead_seconds, 6),
            None if alert["ends_at"] is None else round(alert["ends_at"] - lead_seconds, 6),
        )
        for alert in record["alerts"]
    )  # fmt: skip
    return Notification(
        record["at"], record["receiver"], record["integration"], record["group"], record["status"], record["reason"],
        channel, title, text, alerts, truncated, record["error"], html, record["message"],
    )  # fmt: skip


def shown(integration: str, message: Mapping[str, Any]) -> tuple[str, str, str, str, bool]:
    """What a person sees of a message: channel, title, text, HTML, and whether something was cut off."""
    if integration == "email":
        title = str(message["headers"].get("Subject", ""))
        return "email", title, message.get("text", ""), message.get("html", ""), False
    body = message["body"]
    if not isinstance(body, dict):
        return integration, "", str(body), "", False
    if integration == "slack":
        attachment = (body.get("attachments") or [{}])[0]
        title = attachment.get("title", "")
        text = attachment.get("text") or body.get("text", "")
        return f"slack {body.get('channel', '')}".strip(), title, text, "", _cut(title, SLACK_TITLE_LIMIT)
    if integration == "pagerduty":
        payload = body.get("payload") or {}
        details = payload.get("custom_details") or {}
        summary = payload.get("summary", "")
        text = "\n".join(f"{name}: {value}" for name, value in details.items())
        removed = str(details.get("error", "")).startswith(DETAILS_REMOVED)
        return "pagerduty", summary, text, "", removed or _cut(summary, PAGERDUTY_SUMMARY_LIMIT)
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return integration, str(body.get("title", "")), text, "", bool(body.get("truncatedAlerts"))


def _cut(text: str, limit: int) -> bool:
    return len(text) >= limit and text.endswith("…")


def _mutes(records: Iterable[Mapping[str, Any]]) -> tuple[Mute, ...]:
    """A mute for each beginning, ended by the end that belongs to it."""
    open_since: dict[tuple[str, ...], int] = {}
    mutes: list[Mute] = []
    for record in records:
        sources = tuple(record["sources"] or ())
        key = (
            record["receiver"],
            record["group"],
            json.dumps(record["labels"], sort_keys=True),
            record["by"],
            *sources,
        )
        if record["state"] == "begin":
            open_since[key] = len(mutes)
            mutes.append(
                Mute(
                    record["at"], None, record["alert"], record["labels"], record["receiver"], record["group"],
                    record["by"], sources,
                )
            )  # fmt: skip
        elif key in open_since:
            index = open_since.pop(key)
            begun = mutes[index]
            mutes[index] = Mute(
                begun.since,
                record["at"],
                begun.alert,
                begun.labels,
                begun.receiver,
                begun.group,
                begun.by,
                begun.sources,
            )
    return tuple(mutes)
