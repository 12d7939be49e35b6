"""How long the services take to come up in containers and as processes, and what the whole boot adds to the slowest.

    .venv/bin/python benchmarks/container_boot.py [ROUNDS]

Needs a Docker daemon with images (`make images`). Runs take turns, so that a slow moment of the machine falls on both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 1.3
RUN_SECONDS = 300


def boot(launcher: str) -> tuple[float, float]:
    """Seconds of the whole boot and of its slowest instance, of one run of the suites that need five services."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "harness.cli",
                "verify",
                "--launcher",
                launcher,
                "--suite",
                "logs",
                "--suite",
                "retention",
            ],
            env={**os.environ, "HARNESS_REPORTS": folder, "HARNESS_PULL": "never"},
            stdout=subprocess.DEVNULL,
            timeout=RUN_SECONDS,
            check=False,
        )
        run = Path(folder) / "latest"
        verdict = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
        records = [json.loads(line) for line in (run / "history.ndjson").read_text(encoding="utf-8").splitlines()]
    whole = next(phase["seconds"] for phase in verdict["phases"] if phase["name"] == "boot")
    return whole, max(record["data"]["seconds"] for record in records if record["kind"] == "boot")


def main() -> None:
    """Print the medians, and the ratio the containers are held to."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seen: dict[str, list[tuple[float, float]]] = {"auto": [], "process": []}
    for _ in range(rounds):
        for launcher, found in seen.items():
            found.append(boot(launcher))
            print(f"{launcher:<8} boot {found[-1][0]:5.1f} s, slowest {found[-1][1]:5.1f} s", flush=True)
    for launcher, found in seen.items():
        ratio = statistics.median(whole / slowest for whole, slowest in found)
        wholes = statistics.median(whole for whole, _ in found)
        print(f"{launcher:<8} median boot {wholes:5.1f} s, {ratio:.2f} × its slowest service (limit {LIMIT})")


if __name__ == "__main__":
    main()
