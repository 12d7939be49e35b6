"""What Logstash's own API tells of its pipelines: what went in and out, what failed, and how healthy it says they are.

Shapes as Logstash 9.2 answers: `/_node/pipelines`, `/_node/stats/pipelines`, and `/_health_report` (since 8.16).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

ASK_SECONDS = 10.0


def pipelines(url: str) -> Mapping[str, Mapping[str, Any]]:
    """Pipeline id → what is told of it, only what is looked at; `{}` when there is none.

    `events` and `queue_events` are counts; `outputs` have what became of their documents; `health` is None where this
    Logstash has no health report. Raises requests.RequestException or ValueError when it does not answer as documented.
    """
    stats = _get(f"{url}/_node/stats/pipelines")
    if stats is None:
        return {}
    settings = (_get(f"{url}/_node/pipelines") or {}).get("pipelines", {})
    report = _get(f"{url}/_health_report")
    healthy = None if report is None else _indicators(report)
    # A pipeline that never came up has no statistics, but the health report still names it.
    names = sorted({*stats.get("pipelines", {}), *(healthy or {})})
    found = {}
    for name in names:
        told = stats.get("pipelines", {}).get(name) or {}
        found[name] = {
            "events": {key: told.get("events", {}).get(key) for key in ("in", "filtered", "out")},
            "queue_events": queued(told.get("queue") or {}),
            "reloads": {key: (told.get("reloads") or {}).get(key) for key in ("successes", "failures", "last_error")},
            "dead_letter_queue": dict(told.get("dead_letter_queue") or {}),
            "outputs": [_output(one) for one in (told.get("plugins") or {}).get("outputs", ())],
            "settings": {key: settings.get(name, {}).get(key) for key in ("workers", "batch_size")},
            "health": None if healthy is None else healthy.get(name, {"status": "unknown", "symptom": "not reported"}),
        }
    return found


def _get(url: str) -> Mapping[str, Any] | None:
    """The answer; None for 404, which is how Logstash says that there are no pipelines, or no such endpoint."""
    answer = requests.get(url, timeout=ASK_SECONDS)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError(f"{url} answers {str(found)[:80]!r}")
    return found


def queued(queue: Mapping[str, Any]) -> int | None:
    """How many events wait: a queue tells `events_count`, or `events`; None when it does not tell."""
    return next((int(queue[key]) for key in ("events_count", "events") if isinstance(queue.get(key), int)), None)


def _output(plugin: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": plugin.get("id", ""),
        "name": plugin.get("name", ""),
        "events": {key: (plugin.get("events") or {}).get(key) for key in ("in", "out")},
        "documents": dict(plugin.get("documents") or {}),
        "bulk_failures": (plugin.get("bulk_requests") or {}).get("failures", 0),
    }


def _indicators(report: Mapping[str, Any]) -> dict[str, Any]:
    below = report.get("indicators", {}).get("pipelines", {}).get("indicators", {})
    return {
        name: {
            "status": str(one.get("status", "unknown")).lower(),
            "symptom": one.get("symptom", ""),
            "causes": [str(each.get("cause", "")) for each in one.get("diagnosis") or ()],
        }
        for name, one in below.items()
    }
