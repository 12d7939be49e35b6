"""The stack under test comes up."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.checks.stack.alive import place
from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Evidence, Gap, History, Outcome, Position, Proof, Severity

_PLACE = re.compile(r"^(?P<file>[^:\s]+):(?P<line>\d+)(?::(?P<column>\d+))?$")


class Booted(Check):
    """Every service the suites need starts on the configuration under test and becomes ready.

    Why: nothing else matters if it does not come up. How measured: each service's own readiness, with a deadline. How
    to fix: the finding carries the service's status and the end of its log.
    """

    subject, suite, severity = History, "stack", Severity.FATAL

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """What did not come up, or how long all of it took."""
        failure, healthy = history.last("boot-failed"), history.last("healthy")
        if failure:
            where = _place(failure.data.get("at", "")) or place(context, _named(failure.data["message"], context))
            hint = failure.data.get("hint", "")
            yield self.finding(where, f"{failure.data['message']}{': ' if hint else ''}{hint}")
        elif healthy:
            yield Proof(
                f"{len(healthy.data['instances'])} instances ready "
                f"{healthy.data['seconds']:.1f} s after the start of the run",
                samples=len(healthy.data["instances"]),
                evidence=(Evidence("boot", "all"),),
            )
        else:
            yield Gap("nothing was booted")


def _place(text: str) -> Position | None:
    match = _PLACE.match(text)
    return Position(match["file"], int(match["line"]), int(match["column"] or 1)) if match else None


def _named(message: str, context: Context) -> str:
    """The service that the message names first; instances are called after their service."""
    services = (service for compose in context.documents.of(Compose) for service in compose.services)
    names = sorted((service.name for service in services), key=len, reverse=True)
    found = re.search(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![a-z0-9])", message) if names else None
    return found.group(1) if found else ""
