"""The policy's rollover conditions are ones that Elasticsearch knows, and they hold when they should."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Conditions(Check):
    """The rollover conditions of the policy are understood; a fresh index does not roll over, one that is of age does.

    Why: a condition that is never met lets one index grow until the disk is full; one that always is makes thousands.
    How measured: the running Elasticsearch is asked, on a rehearsal, what it makes of the policy's own conditions on
    the write index, as they are and with an age that has come. How to fix: `actions.rollover` of the hot phase.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """What was answered to both."""
        asked = subject.last("rollover-conditions")
        if asked is None:
            yield Gap("nobody asked what Elasticsearch makes of the policy's conditions")
            return
        where = _policy(context)
        conditions, now, aged = asked.data["conditions"], asked.data["as they are"], asked.data["of age"]
        if not conditions:
            yield self.finding(where, "the policy has no condition for a rollover, so the first index grows for ever")
            return
        if now["status"] != 200:
            yield self.finding(where, f"Elasticsearch refuses the conditions ({now['status']}): {now['answer']}")
            return
        most = [name for name in now["holds"] if "[max_" in name]
        if any(now["holds"][name] for name in most):
            holding = ", ".join(name for name in most if now["holds"][name])
            yield self.finding(where, f"a fresh index would roll over at once: {holding} holds")
        if not any(held for name, held in aged["holds"].items() if "[max_age" in name):
            yield self.finding(where, "an index whose age has come would not roll over")
        empty = any("[min_" in name and not held for name, held in aged["holds"].items())
        told = "of age it would roll over" + (" if it were not empty" if empty else "")
        statement = f"{len(conditions)} conditions understood: a fresh index stays, {told}"
        yield Proof(statement, 2, ("elasticsearch",), evidence=(Evidence("rollover-conditions", asked.subject),))


def _policy(context: Context) -> Position:
    for entry in context.fixtures["deployment"]["elasticsearch"]["install"]:
        if entry["part"] == "lifecycle" and entry.get("logs"):
            return Position(entry["file"])
    return Position("docker-compose.yml")
