"""How long the report takes to render, from a history of 500 alerts and from recorded runs; sizes beside it.

Usage: python benchmarks/report.py [RUN…]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from harness.model import History, Observation, Report
from harness.rejudge import rejudge
from harness.reporters import html

ROUNDS = 5


def many(alerts: int) -> History:
    """Alerts that fire a moment apart, each heard by two channels, with a text as long as real ones."""
    seen = [Observation(0.0, "live", "wave-1", {"live_at": 0.0, "wave": True})]
    for number in range(alerts):
        name, at = f"Alert{number}", number * 0.01
        stamp = f"1970-01-01T00:00:{at:09.6f}Z"
        labels = {"alertname": name, "severity": ("critical", "warning", "info")[number % 3]}
        told = {"by": "alertmanager", "where": "alertmanager", "labels": labels, "startsAt": stamp, "state": "active"}
        fired = {"by": "prometheus", "where": "wave-1", "labels": labels, "activeAt": stamp, "state": "firing"}
        seen += [Observation(at, "alert-state", name, fired), Observation(at, "alert-state", name, told)]
        for channel in ("email", "slack #alerts", "pagerduty"):
            data = {"lane": "", "title": name, "text": f"{name} " + "word " * 200, "delivered": True}
            seen.append(Observation(at + 30, "notification", channel, data))
    return History(tuple(seen))


def timed(report: Report, history: History, name: str) -> None:
    """Render a few times; print the first, which imports and draws for the first time, and the median of the rest."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, wall = [], []
        for _ in range(ROUNDS):
            began, at = time.process_time(), time.perf_counter()
            path = html.write(report, Path(folder), history)
            seconds.append(time.process_time() - began)
            wall.append(time.perf_counter() - at)
        size = path.stat().st_size / 1e6
    rest = sorted(seconds[1:])[len(seconds[1:]) // 2]
    told = f"first {seconds[0]:.2f} s, then {rest:.2f} s of processor time"
    print(f"{name:<22} {told} ({wall[0]:.2f} s and {min(wall):.2f} s on the clock), {size:.2f} MB")


def main() -> None:
    """Print a line for each recorded run that is named, and one for 500 alerts with the last run's judgements."""
    for name in sys.argv[1:] or ["reports/latest"]:
        folder = Path(name)
        report, history = rejudge(folder)
        timed(report, many(500), "500 alerts")
        timed(report, history, folder.resolve().name)


if __name__ == "__main__":
    main()
