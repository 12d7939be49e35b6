"""Quantiles of a sample with a confidence interval that assumes nothing about the distribution: order statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of a sample and the interval in which that of the population lies with the `confidence` attained.

    Few samples attain less than was asked for: the interval is then the widest they give.
    """

    share: float
    value: float
    low: float
    high: float
    confidence: float

    def text(self, unit: str = "s", digits: int = 2) -> str:
        """`p95 0.41 s [0.38, 0.52]`."""
        inside = f"[{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return f"p{self.share * 100:g} {self.value:.{digits}f} {unit} {inside}"


def quantile(values: Sequence[float], share: float, confidence: float = CONFIDENCE) -> Quantile:
    """The quantile by nearest rank, and the narrowest interval between two samples that covers it as asked.

    The number of samples at or below the population's quantile is binomial, so the ranks follow from `share` and the
    size of the sample alone. Raises ValueError for an empty sample.
    """
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        raise ValueError("no quantile of nothing")
    rank = max(1, math.ceil(share * count - 1e-9))
    mass = [math.comb(count, n) * share**n * (1 - share) ** (count - n) for n in range(count + 1)]
    low, high = rank, min(rank + 1, count)
    covered = sum(mass[low:high])
    while covered < confidence and (low > 1 or high < count):
        # The side that adds more; beyond the ends there is nothing to add.
        below = mass[low - 1] if low > 1 else -1.0
        above = mass[high] if high < count else -1.0
        if above >= below:
            high += 1
        else:
            low -= 1
        covered = sum(mass[low:high])
    return Quantile(share, ordered[rank - 1], ordered[low - 1], ordered[high - 1], covered)
