"""How the time of a search or a dashboard grows with what it is asked of: a line, and where it would break a limit.

Pure: the times come from the recorded history. Where the line comes to the limit is extrapolated, always.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.model import Observation
from harness.quantiles import Line, line, median, quantile

FEWEST_SIZES = 4
FAR = 1000.0
"""Times the largest measured; what lies further away is told as never."""


@dataclass(frozen=True, slots=True)
class Grown:
    """How the time of one thing grows. `sizes` are what it was measured on, each with its times in seconds."""

    subject: str
    sizes: Mapping[float, tuple[float, ...]]
    line: Line

    @property
    def largest(self) -> float:
        """The largest size measured."""
        return max(self.sizes)

    def p95(self, size: float) -> float:
        """The 95th percentile on one size."""
        return quantile(self.sizes[size], 0.95)

    @property
    def medians(self) -> tuple[tuple[float, float], ...]:
        """Each size with the median of its times."""
        return tuple((size, median(times)) for size, times in self.sizes.items())

    def breaks(self, limit: float) -> tuple[float, float, float | None] | None:
        """The size at which the line comes to the limit, and between which that lies with 95 % confidence.

        None when that is never, or out of all proportion to what was measured; so for the upper end alone.
        """
        reached = self.line.reaches(limit)
        if reached is None or reached[0] >= FAR * self.largest:
            return None
        at, early, late = reached
        return at, early, late if late is not None and late < FAR * self.largest else None

    def told(self, limit: float, unit: str) -> str:
        """In words: by how much it grows, and where it would break, which is extrapolated."""
        found = self.breaks(limit)
        if found is None:
            grows = self.line.slope * self.largest
            return f"{self.subject} does not grow with it ({grows:+.3f} s over {size(self.largest, unit)})"
        at, early, late = found
        until = size(late, unit) if late is not None else "never"
        return (
            f"{self.subject} would take {limit:g} s at {size(at, unit)} [{size(early, unit)} to {until}], "
            f"extrapolated, {at / self.largest:.2g} × the largest measured"
        )


def size(value: float, unit: str) -> str:
    """`38 M documents`, `210 days`."""
    for scale, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{value / scale:.3g}{letter} {unit}"
    return f"{value:.3g} {unit}"


def fitted(samples: Sequence[Observation], by: str) -> tuple[Grown, ...]:
    """One line for each subject with enough sizes; `by` names the size. The one that breaks first comes first."""
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in samples:
        found[one.subject][float(one.data[by])].append(float(one.data["seconds"]))
    grown = [
        Grown(
            subject,
            {at: tuple(times) for at, times in sorted(sizes.items())},
            line([(at, seconds) for at, times in sizes.items() for seconds in times]),
        )
        for subject, sizes in found.items()
        if len(sizes) >= FEWEST_SIZES
    ]
    return tuple(sorted(grown, key=lambda one: (-one.line.slope * one.largest, one.subject)))
