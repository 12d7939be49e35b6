"""What Alertmanager counts of its own notifications, as its /metrics tells. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import requests

ANSWER_SECONDS = 5.0
METRICS = (
    "alertmanager_notifications_total",
    "alertmanager_notifications_failed_total",
    "alertmanager_notification_requests_total",
    "alertmanager_notification_requests_failed_total",
    "alertmanager_notification_latency_seconds_sum",
    "alertmanager_notification_latency_seconds_count",
)
"""What is read, each by integration; the reasons of failures are added up."""

_SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def figures(url: str) -> Mapping[str, Mapping[str, float]]:
    """Metric → integration → value of the Alertmanager at `url`, zeros left out. Raises requests' errors."""
    answer = requests.get(f"{url}/metrics", timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    return read(answer.text)


def read(exposition: str) -> Mapping[str, Mapping[str, float]]:
    """The same of an exposition that was fetched before."""
    found: dict[str, dict[str, float]] = {name: {} for name in METRICS}
    for sample in _SAMPLE.finditer(exposition):
        integration = dict(_LABEL.findall(sample["labels"])).get("integration")
        value = float(sample["value"])
        if sample["name"] in found and integration and value:
            of = found[sample["name"]]
            of[integration] = of.get(integration, 0.0) + value
    return found
