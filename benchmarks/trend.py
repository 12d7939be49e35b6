"""How often a night without a cause is called slower, and how often a real slowdown is, at several levels of noise.

Simulated nights of 15 searches; `noise` is how far whole nights differ after the machine's speed is taken out. Seeded.
Usage: python benchmarks/trend.py [SEQUENCES]
"""

from __future__ import annotations

import random
import sys

from harness.evidence.trend import Figure, RunRecord
from harness.regression import Standing, trend

NOISES = (0.03, 0.06, 0.1, 0.2)
BETWEEN_SEARCHES = 0.06
NIGHTS, BEFORE, SLOWDOWN = 20, 10, 1.3


def night(number: int, chance: random.Random, noise: float, slowdown: float = 1.0) -> RunRecord:
    """One night; every search differs on its own, and all together."""
    shift = chance.lognormvariate(0, noise) * slowdown
    times = {f"search {n}": 0.1 * (1 + n / 5) * shift * chance.lognormvariate(0, BETWEEN_SEARCHES) for n in range(15)}
    figure = Figure("log-query", "s", 105, 0.2, 0.3, times, 1.0)
    return RunRecord(f"{number:03d}", float(number), "", "", "", "pass", "", ("lint",), "one", {}, (figure,))


def slower(runs: list[RunRecord]) -> bool:
    """Whether the newest of the runs is called slower."""
    return trend(runs).changes[0].standing is Standing.SLOWER


def main() -> None:
    """Print a row for each level of noise."""
    sequences = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{sequences} sequences  | {NIGHTS} nights, nothing slower | two nights {SLOWDOWN:.0%} after {BEFORE}")
    for noise in NOISES:
        alarmed = named = 0
        for seed in range(sequences):
            chance = random.Random(seed)
            runs = [night(number, chance, noise) for number in range(NIGHTS)]
            alarmed += any(slower(runs[: count + 1]) for count in range(NIGHTS))
            runs = runs[:BEFORE] + [night(BEFORE + n, chance, noise, SLOWDOWN) for n in range(2)]
            named += slower(runs)
        print(f"noise {noise:4.0%}      | falsely named in {alarmed:3d}       | named in {named:3d}")


if __name__ == "__main__":
    main()
