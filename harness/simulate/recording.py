"""A timeline as it is recorded in a run's history: plain, and no longer than what is asked of it later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.simulate.values import Mute, Notification, Timeline


def plain(timeline: Timeline) -> dict[str, Any]:
    """When each alert fired and was over, every message without its text, and what was kept quiet, by whom.

    Moments are seconds since the first incident began; `begins` is that moment on the virtual clock.
    """
    return {
        "title": timeline.title,
        "begins": timeline.begins.isoformat(),
        "lasts": timeline.duration_seconds,
        "wall_seconds": round(timeline.wall_seconds, 3),
        "fired": {name: round(at, 3) for name, at in sorted(timeline.fired().items())},
        "states": [
            [round(t.at, 3), t.alert, t.state] for t in timeline.transitions if t.state in ("firing", "resolved")
        ],
        "messages": messages(timeline.notifications),
        "muted": [_mute(mute) for mute in timeline.mutes],
    }


def messages(notifications: Iterable[Notification]) -> list[dict[str, Any]]:
    """Every message: when, where, of which group, why now, and which alerts it told of."""
    return [
        {
            "at": round(n.at, 3),
            "channel": n.channel,
            "receiver": n.receiver,
            "group": n.group,
            "reason": n.reason,
            "status": n.status,
            "error": n.error,
            "alerts": [[told.alert, told.status, round(told.starts_at, 3)] for told in n.alerts],
            "labels": dict(n.alerts[0].labels) if n.alerts else {},
        }
        for n in notifications
    ]


def _mute(mute: Mute) -> dict[str, Any]:
    return {
        "since": round(mute.since, 3),
        "until": None if mute.until is None else round(mute.until, 3),
        "alert": mute.alert,
        "receiver": mute.receiver,
        "group": mute.group,
        "by": mute.by,
        "sources": list(mute.sources),
    }
