"""How long a stranger waits: `make verify` in a fresh clone with every cache empty, then again with nothing to build.

Prints the time to lint's answer, to the end of the first run, and to the end of the second. Caches and clone are in a
folder of their own and are removed at the end. Usage: python benchmarks/fresh_machine.py [--keep] [--warm]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DEADLINE_SECONDS = 1800


def run(clone: Path, environment: dict[str, str]) -> tuple[int, float, float]:
    """Exit code, seconds to lint's line, seconds in all; the output is passed on, each line with its time."""
    began = time.monotonic()
    lint = 0.0
    process = subprocess.Popen(
        ["make", "verify"], cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        elapsed = time.monotonic() - began
        print(f"{elapsed:7.1f}  {line}", end="", flush=True)
        if line.startswith("lint ") and not lint:
            lint = elapsed
        if elapsed > DEADLINE_SECONDS:
            process.kill()
    return process.wait(), lint, time.monotonic() - began


def main() -> int:
    """Clone, run twice, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the clone and the caches")
    parser.add_argument("--warm", action="store_true", help="use this machine's caches: only the clone is fresh")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fresh-"))
    folder.chmod(0o755)
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    environment = dict(os.environ)
    if not given.warm:
        for name in ("HARNESS_CACHE", "GOCACHE", "GOMODCACHE", "UV_CACHE_DIR", "PIP_CACHE_DIR"):
            environment[name] = str(folder / name.lower())
    try:
        first = run(clone, environment)
        second = run(clone, environment)
    finally:
        if not given.keep:
            subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)
            shutil.rmtree(folder, ignore_errors=True)
    print("\n            exit   lint's answer      whole run")
    for name, (code, lint, whole) in (("first run", first), ("second run", second)):
        print(f"{name:<11} {code:>4}   {lint:>10.1f} s   {whole:>10.1f} s")
    return 0 if first[0] == second[0] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
