"""How long the report takes to render, the first time in a process and then, and how large it is.

Usage: python benchmarks/report.py [RUN] [CHECKOUT…]

Rendered is a history of 500 alerts with the judgements of RUN (default: reports/latest), and RUN itself, in processes
of their own. Other checkouts take turns with this one, on the same packages. Seconds are medians on the clock;
processor time stands beside them, because on a shared machine the clock also counts the neighbours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from harness.model import History, Observation, Report
from harness.rejudge import rejudge
from harness.reporters import html

PROCESSES, LATER = 5, 3
ONE = "--one"


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


def rendered(report: Report, history: History) -> dict[str, float]:
    """Seconds of the first rendering of this process and of the median later one; the size in MB."""
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = [], []
        for _ in range(1 + LATER):
            at, began = time.perf_counter(), time.process_time()
            path = html.write(report, Path(folder), history)
            clock.append(time.perf_counter() - at)
            processor.append(time.process_time() - began)
        size = path.stat().st_size / 1e6
    later = {"later": median(clock[1:]), "later_processor": median(processor[1:])}
    return {"first": clock[0], "first_processor": processor[0], **later, "size": size}


def one(folder: Path, what: str) -> None:
    """Render in this process and print the figures as JSON."""
    report, history = rejudge(folder)
    print(json.dumps(rendered(report, many(500) if what == "500 alerts" else history)))


def in_a_process(checkout: Path, folder: Path, what: str) -> dict[str, float]:
    """The figures of a process that has rendered nothing before, with the sources of a checkout."""
    named = {"PYTHONPATH": str(checkout), "HARNESS_PROJECT": str(checkout)}
    done = subprocess.run(
        [sys.executable, __file__, ONE, str(folder), what],
        env={**os.environ, **named},
        check=True,
        capture_output=True,
        timeout=120,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Print a line for each checkout and for what it rendered."""
    words = sys.argv[1:]
    if words[:1] == [ONE]:
        return one(Path(words[1]), words[2])
    folder = Path(words[0] if words else "reports/latest").resolve()
    checkouts = [Path(__file__).resolve().parents[1], *(Path(word).resolve() for word in words[1:])]
    for what in ("500 alerts", "the run"):
        found: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
        for _ in range(PROCESSES):
            for checkout in checkouts:
                found[checkout].append(in_a_process(checkout, folder, what))
        for checkout, figures in found.items():
            middle = {name: median(each[name] for each in figures) for name in figures[0]}
            worst = max(each["first"] for each in figures)
            first = f"first {middle['first']:.2f} s, at most {worst:.2f} ({middle['first_processor']:.2f} of processor)"
            later = f"then {middle['later']:.2f} s ({middle['later_processor']:.2f})"
            print(f"{what:<11} {first}, {later}, {middle['size']:.2f} MB  {checkout.name}")


if __name__ == "__main__":
    main()
