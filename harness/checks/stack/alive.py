"""No service died while it was being verified."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Alive(Check):
    """Every service that was booted was still running at the end.

    Why: a stack that falls over under a rehearsal falls over in the hospital, and what a dead service did not do must
    not be blamed on the configuration. How measured: every half second each process is asked whether it lives. How to
    fix: read the end of its log, which the finding names.
    """

    subject, suite = History, "stack"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per instance that died."""
        booted = history.of_kind("boot")
        if not booted:
            yield Gap("nothing was booted")
            return
        died = history.of_kind("service-died")
        for death in died:
            how, log = death.data["how"], death.data["log"]
            yield self.finding(
                place(context, death.data["service"]), f"{death.subject} {how} during the run; its log: {log}"
            )
        names = {boot.subject for boot in booted}
        yield Proof(
            f"{len(names) - len(died)} of {len(names)} instances lived to the end",
            samples=len(names),
            evidence=(Evidence("boot", "all"),),
        )


def place(context: Context, service: str) -> Position:
    """Where the compose file defines a service."""
    for compose in context.documents.of(Compose):
        found = compose.service(service)
        return found.at() if found else Position(compose.file)
    return Position("docker-compose.yml")
