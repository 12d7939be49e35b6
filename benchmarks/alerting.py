"""How long the alerting suite takes, whole and on unmodified rules, and how much of that is inherent waiting.

Runs `harness verify --suite alerting` several times on what is built already, and prints of each: wall time of the
command, time of the suite, the part that is waiting for scrapes, evaluations, `for` and `group_wait`, the p95 of the
latency, and by how much sinks and Alertmanager differ. Usage: python benchmarks/alerting.py [RUNS]
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

PROJECT = Path(__file__).resolve().parents[1]
DEADLINE_SECONDS = 400
LIMIT_SECONDS = 150


def run(folder: Path) -> dict[str, float]:
    """One run: seconds of the command, of the suite, of waiting; the figures of its verdict."""
    began = time.monotonic()
    command = [sys.executable, "-m", "harness.cli", "verify", "--suite", "alerting"]
    environment = {**os.environ, "HARNESS_REPORTS": str(folder)}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, timeout=DEADLINE_SECONDS, check=False
    )
    wall = time.monotonic() - began
    verdict = json.loads((folder / "latest" / "verdict.json").read_text(encoding="utf-8"))
    checks = {check["id"]: check for check in verdict["checks"]}
    figures = {
        name: checks[f"alerting/{check}"]["proofs"][0]["value"]
        for name, check in (("p95", "latency"), ("apart", "latency-agreement"))
    }
    lines = (folder / "latest" / "history.ndjson").read_text(encoding="utf-8").splitlines()
    waiting = next(one["data"] for line in lines if (one := json.loads(line))["kind"] == "waiting")
    return {
        "exit": done.returncode,
        "wall": wall,
        "suite": waiting["seconds"],
        "waited": waiting["waited_seconds"],
        **figures,
    }


def main() -> int:
    """Run, print each and the medians."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'':8}{'exit':>6}{'command':>11}{'suite':>10}{'waiting':>10}{'p95':>10}{'apart':>10}")
    found = []
    for number in range(runs):
        with tempfile.TemporaryDirectory(prefix="alerting-") as folder:
            found.append(run(Path(folder)))
        show(f"run {number + 1}", found[-1])
    show("median", {name: median(one[name] for one in found) for name in found[0]})
    return 0 if all(not one["exit"] and one["wall"] < LIMIT_SECONDS for one in found) else 1


def show(name: str, one: dict[str, float]) -> None:
    """A line of the table."""
    times = f"{one['wall']:>9.1f} s{one['suite']:>8.1f} s{one['waited']:>8.1f} s"
    print(f"{name:8}{one['exit']:>6.0f}{times}{one['p95'] * 1000:>7.0f} ms{one['apart'] * 1000:>7.1f} ms", flush=True)


if __name__ == "__main__":
    sys.exit(main())
