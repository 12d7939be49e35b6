"""Whether growth was measured at all, and on enough."""

from __future__ import annotations

from collections.abc import Iterator

from harness.growth import FEWEST_SIZES
from harness.model import Gap, History, Level


def unmeasured(history: History) -> Iterator[Gap]:
    """Why growth was not measured, or not on enough to tell."""
    left_out = history.last("growth-left-out")
    sizes = [one.data for one in history.of_kind("growth-size")]
    if left_out is not None:
        data = left_out.data
        reason = f"growth says something from {data['full_scale']:,} lines on; the world at hand has {data['scale']:,}"
        yield Gap(reason, Level.NATIVE, hint="harness world")
    elif len({one["documents"] for one in sizes}) < FEWEST_SIZES:
        yield Gap(f"growth was measured on {len(sizes)} sizes, and takes {FEWEST_SIZES}")
    else:
        largest = max(sizes, key=lambda one: float(one["documents"]))
        if largest["scale"] < largest["full_scale"]:
            reason = f"growth was measured on up to {largest['scale']:,} lines, not on {largest['full_scale']:,}"
            yield Gap(reason, Level.NATIVE, hint="harness world")
