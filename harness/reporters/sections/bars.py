"""Lengths for the small plots: a measured value against its limit, and the share of time a phase took."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model import BaselineResult, Phase
from harness.reporters.summary import finite

WIDTH = 160.0
"""The plot's own units; the page scales them."""
HEADROOM = 1.15


@dataclass(frozen=True, slots=True)
class Bar:
    """How long the bar is and where the limit stands, in units of `WIDTH`."""

    length: float
    limit: float


def against_limit(baseline: BaselineResult) -> Bar | None:
    """A value against its limit, on a scale that holds both; None when one of them is missing or negative."""
    value, limit = finite(baseline.value), finite(baseline.limit)
    if value is None or limit is None or value < 0 or limit < 0:
        return None
    scale = max(value, limit, 1e-9) * HEADROOM
    return Bar(round(WIDTH * value / scale, 2), round(WIDTH * limit / scale, 2))


def shares(phases: tuple[Phase, ...]) -> tuple[float, ...]:
    """Each phase's length in percent of the longest."""
    longest = max((phase.seconds for phase in phases), default=0.0)
    return tuple(round(100.0 * phase.seconds / longest, 1) if longest > 0 else 0.0 for phase in phases)
