"""Order statistics of measured samples: they assume nothing of the distribution, and latencies are never normal."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
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


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed. Raises ValueError of none."""
    if not values:
        raise ValueError("no quantile of no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle. Raises ValueError of none."""
    if not values:
        raise ValueError("no median of no values")
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def interval(values: Sequence[float], share: float, confidence: float = 0.95) -> tuple[float, float | None]:
    """Between which of the values the true quantile lies; None for an upper end that so few values cannot show.

    How many of n samples lie below the quantile is binomial; its tails name the order statistics that enclose it.
    """
    ordered, count, tail = sorted(values), len(values), (1 - confidence) / 2
    below, lower, upper = 0.0, 0, count
    for number in range(count + 1):
        below += _binomial(count, number, share)
        if below <= tail:
            lower = number
        if below >= 1 - tail:
            upper = number
            break
    return ordered[min(lower, count - 1)], ordered[upper] if upper < count else None


def deviation(values: Sequence[float]) -> float:
    """The median absolute deviation, scaled so that it is the standard deviation of normal noise."""
    middle = median(values)
    return 1.4826 * median([abs(value - middle) for value in values])


def estimate(values: Sequence[float], share: float, confidence: float = 0.95) -> Estimate:
    """The quantile by nearest rank, and the narrowest interval between two samples that covers it as asked.

    The number of samples at or below the population's quantile is binomial, so the ranks follow from `share` and the
    size of the sample alone. Raises ValueError for an empty sample.
    """
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        raise ValueError("no quantile of nothing")
    rank = max(1, math.ceil(share * count - 1e-9))
    mass = [_binomial(count, number, share) for number in range(count + 1)]
    low, high = rank, min(rank + 1, count)
    covered = sum(mass[low:high])
    while covered < confidence and (low > 1 or high < count):
        # The side that adds more; beyond the ends there is nothing to add.
        below = mass[low - 1] if low > 1 else -1.0
        above = mass[high] if high < count else -1.0
        if above >= below * (1 - 1e-9):  # a tie goes up
            high += 1
        else:
            low -= 1
        covered = sum(mass[low:high])
    return Estimate(share, ordered[rank - 1], ordered[low - 1], ordered[high - 1], covered)


def _binomial(count: int, number: int, share: float) -> float:
    choose = math.lgamma(count + 1) - math.lgamma(number + 1) - math.lgamma(count - number + 1)
    return math.exp(choose + number * math.log(share) + (count - number) * math.log1p(-share))


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through samples, by the median of the slopes between them (Theil and Sen).

    `low` and `high` enclose the slope with 95 % confidence, whatever the noise is like (Sen 1968).
    """

    base: float
    slope: float
    low: float
    high: float

    def at(self, place: float) -> float:
        """Its height at a place."""
        return self.base + self.slope * place

    def reaches(self, height: float) -> tuple[float, float, float | None] | None:
        """Where it comes to a height, and between which places that lies; None for an end that is never reached.

        None altogether when it does not rise.
        """
        rise = height - self.base
        if self.slope <= 0 or rise <= 0:
            return None
        return rise / self.slope, rise / max(self.high, self.slope), rise / self.low if self.low > 0 else None


def line(samples: Sequence[tuple[float, float]]) -> Line:
    """The line through (place, height) samples. Raises ValueError when all are at one place."""
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.combinations(samples, 2) if a[0] != b[0])
    if not slopes:
        raise ValueError("no line through one place")
    tied = Counter(place for place, _ in samples).values()
    count = len(samples)
    spread = count * (count - 1) * (2 * count + 5) - sum(n * (n - 1) * (2 * n + 5) for n in tied)
    off = 1.959964 * math.sqrt(spread / 18)
    last = len(slopes) - 1
    low, high = math.floor((len(slopes) - off) / 2), math.ceil((len(slopes) + off) / 2)
    slope = median(slopes)
    base = median([height - slope * place for place, height in samples])
    return Line(base, slope, slopes[max(0, low)], slopes[min(last, high)])
