"""What one run knows of its own metrics and logs, so that a panel can be compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from harness.generators.ground import Ground
from harness.generators.panel_log_truth import WrittenLines
from harness.generators.panel_truth import SCRAPE_SECONDS

LONGEST_APART = 1.5 * SCRAPE_SECONDS
"""Two scrapes further apart leave a hole, in which Prometheus cannot know better."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A time without scrapes, Unix seconds; `open` when there was none since."""

    start: float
    end: float
    open: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """The ground of the metrics, the lines of the logs, the alerts the rule manager holds, and when nobody scraped.

    Without alerts (None) no rules are evaluated, and of what only a running stack tells nothing is known.
    """

    ground: Ground | None = None
    lines: WrittenLines | None = None
    alerts: Sequence[Mapping[str, str]] | None = ()
    holes: Sequence[Hole] = field(default=())

    def comparable(self, moment: float, window: float, *, whole: bool = False, counts: bool = True) -> bool:
        """Whether Prometheus can know a figure at a moment that reaches back by `window` seconds.

        It cannot where samples lack: before the beginning, inside of a hole, and where a hole is a great part of a
        window or at its edge, since a rate is extrapolated from what there is. `whole` is for an increase over all that
        is shown, which may begin before the first sample.
        """
        begins = self.ground.begins if self.ground else moment
        if not counts:
            return moment - SCRAPE_SECONDS >= begins and not self._in_hole(moment)
        start = max(begins, moment - window) if whole else moment - window
        if start < begins or moment - start < 4 * SCRAPE_SECONDS:
            return False
        return not any(_spoils(hole, start, moment) for hole in self.holes)

    @property
    def stale(self) -> bool:
        """Whether a target is waiting for a scrape that is overdue."""
        return any(hole.open for hole in self.holes)

    def _in_hole(self, moment: float) -> bool:
        return any(hole.start < moment < hole.end + SCRAPE_SECONDS for hole in self.holes)


def _spoils(hole: Hole, start: float, end: float) -> bool:
    if hole.end <= start or hole.start >= end:
        return False
    at_the_edge = hole.start <= start + SCRAPE_SECONDS or hole.end >= end - SCRAPE_SECONDS
    return at_the_edge or (end - start) < 4 * (hole.end - hole.start)


def holes(scrapes: Iterable[Sequence[float]], end: float) -> tuple[Hole, ...]:
    """Where a target's scrapes (Unix seconds, in order) are further apart than they should be, up to `end`."""
    found = []
    for moments in scrapes:
        for before, after in pairwise([*moments, end]):
            if after - before > LONGEST_APART:
                found.append(Hole(before, after, open=after == end))
    return tuple(found)
