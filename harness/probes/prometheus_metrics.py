"""What Prometheus counts of the alerts it sends and the groups it evaluates, as its /metrics tells. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import requests

ANSWER_SECONDS = 5.0
METRICS = (
    "prometheus_notifications_sent_total",
    "prometheus_notifications_errors_total",
    "prometheus_notifications_dropped_total",
    "prometheus_notifications_latency_seconds_sum",
    "prometheus_notifications_latency_seconds_count",
    "prometheus_rule_group_duration_seconds_sum",
    "prometheus_rule_group_duration_seconds_count",
    "prometheus_rule_group_iterations_missed_total",
)
_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{.*\})? (?P<value>\S+)$", re.MULTILINE)


def figures(url: str) -> Mapping[str, float]:
    """Metric → value, added up over its labels. Raises requests' errors."""
    answer = requests.get(f"{url}/metrics", timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    return read(answer.text)


def read(exposition: str) -> Mapping[str, float]:
    """The same of an exposition that was fetched before."""
    found = dict.fromkeys(METRICS, 0.0)
    for sample in _SAMPLE.finditer(exposition):
        if sample["name"] in found:
            found[sample["name"]] += float(sample["value"])
    return found
