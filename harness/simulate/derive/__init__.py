"""Scenarios for every alert, derived from its own expression: what to play so that it stays quiet or fires.

The expression is inverted (`invert.py`); whether the alert does what is then expected of it is for Prometheus's own
code to say, on the virtual clock.
"""

from harness.simulate.derive.derivation import Derived, Underivable, derive
from harness.simulate.derive.outcome import Outcome, outcomes
from harness.simulate.derive.phases import Times
from harness.simulate.derive.rehearsal import Rehearsed, rehearse
from harness.simulate.derive.universe import NotInvertibleError, Surroundings

__all__ = [
    "Derived",
    "NotInvertibleError",
    "Outcome",
    "Rehearsed",
    "Surroundings",
    "Times",
    "Underivable",
    "derive",
    "outcomes",
    "rehearse",
]
