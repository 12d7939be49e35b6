"""See DependencyCircle."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity


class DependencyCircle(Check):
    """Services wait for each other: compose refuses the file.

    Why: none of them can be the first. Bad: a depends on b, b on a. Good: one direction. Fix: remove the wrong one.
    """

    severity, subject = Severity.FATAL, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Follow every dependency until it ends or comes back."""
        for service in compose.services:
            path = _circle(service.name, compose, ())
            # Told once, at the first of its members by name.
            if path and service.name == min(path):
                yield self.finding(service.at("depends_on"), f"waits for itself: {' → '.join((*path, path[0]))}")


def _circle(name: str, compose: Compose, before: tuple[str, ...]) -> tuple[str, ...]:
    if name in before:
        return before if before[0] == name else ()
    service = compose.service(name)
    for following in service.depends_on if service and len(before) < 50 else ():
        found = _circle(following, compose, (*before, name))
        if found:
            return found
    return ()
