"""What people are sent is valid where it is sent, and finished."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.templates import Templates
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Content(Check):
    """Every notification is accepted by its channel and holds no template leftovers.

    Why: Slack drops what it cannot read, and `<no value>` tells nobody anything. How measured: the sinks judge each
    message by the rules of the real service. How to fix: look at the template of the channel named in the finding.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per kind of problem and channel."""
        received = history.of_kind("notification")
        if not received:
            yield Gap("no notification was received, so none could be read")
            return
        problems: dict[tuple[str, str], int] = {}
        for notification in received:
            for problem in notification.data.get("problems", ()):
                key = (notification.subject, problem)
                problems[key] = problems.get(key, 0) + 1
        where = next(
            (Position(t.file) for t in context.documents.of(Templates)), Position("config/alertmanager/config.yml")
        )
        for (channel, problem), times in problems.items():
            yield self.finding(where, f"{channel}: {problem} ({times} of {len(received)} notifications)")
        yield Proof(
            f"{len(received)} notifications read, {sum(problems.values())} problems",
            samples=len(received),
            services=("alertmanager",),
            evidence=(Evidence("notification", "all"),),
        )
