"""Every suite's exercise ran to its end."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class Completed(Check):
    """Every suite that was asked for was exercised to its end.

    Why: a suite that broke off proves only what it saw before, and must not look green. How measured: each exercise
    records that it ended, and what went wrong if something did. How to fix: the gap names what was waited for.
    """

    subject, suite = History, "stack"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One gap per exercise that broke off."""
        ended = history.of_kind("exercise")
        for exercise in ended:
            if exercise.data["failed"]:
                yield Gap(f"{exercise.subject} broke off: {exercise.data['failed']}")
        if ended:
            yield Proof(f"{len(ended)} suites exercised", samples=len(ended), evidence=(Evidence("exercise", "all"),))
