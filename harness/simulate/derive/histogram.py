"""A distribution over a histogram's buckets whose quantile, as Prometheus interpolates it, is a wanted value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.simulate.derive.universe import bound_text


def shares(quantile: float, target: float, bounds: Sequence[float]) -> Mapping[str, float] | None:
    """The cumulative share of observations for each `le`; None when no distribution has its quantile there.

    Within a bucket observations count as evenly spread, so the quantile is `low + (high - low) · f` where a fraction f
    of the bucket's observations is below it. Below the bucket and beyond it lie as many as that takes.
    """
    finite = [bound for bound in bounds if not math.isinf(bound)]
    if not 0 < quantile < 1 or not finite or not 0 < target <= finite[-1]:
        return None
    index = next(i for i, bound in enumerate(finite) if target <= bound)
    low = finite[index - 1] if index else 0.0
    fraction = (target - low) / (finite[index] - low)
    if not index and fraction < quantile:
        return None  # nothing lies below the first bucket, so its quantile cannot be lower
    below = max(0.0, (quantile - fraction) / (1 - fraction)) if fraction < 1 else 0.0
    inside = (quantile - below) / fraction if fraction else 1.0 - below
    inside = min(inside, 1.0 - below)
    cumulative = {}
    for i, bound in enumerate(finite):
        cumulative[bound_text(bound)] = below if i < index else below + inside if i == index else 1.0
    return {**cumulative, "+Inf": 1.0}
