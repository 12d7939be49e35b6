"""Setting the stack up takes no longer than documented."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class SetupTime(Check):
    """From the start of the run to a healthy stack takes less than the documented 30 minutes.

    Why: the deployment plan counts on it. How measured: wall time of this run, the set-up of components that were not
    cached included; filling in credentials is a person's time and is not in it. How to fix: see the table of phases.
    """

    subject, suite, baseline = History, "stack", "setup"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The minutes until every instance was ready."""
        healthy = history.last("healthy")
        if healthy is None:
            yield Gap("the stack was never healthy, so no set-up time was measured")
            return
        limit = float(context.baseline(self.baseline)["limit"])
        minutes = healthy.data["seconds"] / 60
        statement = f"{minutes:.1f} min from the start to {len(healthy.data['instances'])} healthy instances"
        if minutes > limit:
            where = next((Position(c.file) for c in context.documents.of(Compose)), Position("docker-compose.yml"))
            yield self.finding(where, f"{statement}, limit {limit:g} min")
        services = tuple(sorted({o.data["service"] for o in history.of_kind("boot")} & set(context.levels)))
        yield Proof(
            statement,
            samples=1,
            services=services,
            value=round(minutes, 3),
            limit=limit,
            unit="min",
            evidence=(Evidence("healthy", "stack"),),
        )
