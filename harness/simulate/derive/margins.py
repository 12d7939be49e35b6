"""Values just on either side of a threshold."""

from __future__ import annotations

import math

MARGINS = (0.02, 0.002)
"""How far from the threshold, as a share of it. The second is tried when the first leaves what is possible."""


def past(operator: str, bound: float, share: float, *, whole: bool = False) -> float:
    """A value for which `value op bound` holds, just; `whole` for what only takes whole numbers."""
    step = 1.0 if whole or not bound else abs(bound) * share
    match operator:
        case ">":
            return math.floor(bound) + 1.0 if whole else bound + step
        case ">=":
            return float(math.ceil(bound)) if whole else bound + step
        case "<":
            return math.ceil(bound) - 1.0 if whole else bound - step
        case "<=":
            return float(math.floor(bound)) if whole else bound - (step if bound else 0.0)
        case "==":
            return bound
        case _:
            return 0.0 if bound == 1 else bound + 1.0


def short_of(operator: str, bound: float, share: float, *, whole: bool = False) -> float:
    """A value for which `value op bound` does not hold, just."""
    if operator in (">", "<") and not bound:
        return 0.0
    opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}[operator]
    return past(opposite, bound, share, whole=whole)
