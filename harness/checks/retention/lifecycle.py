"""Logs are deleted when they are as old as documented, by Elasticsearch's own lifecycle management."""

from __future__ import annotations

import json
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.durations import seconds
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof

DAY = 86400.0


class Lifecycle(Check):
    """Logs are kept 30 days, as the lifecycle policy of the running Elasticsearch says.

    Why: an audit looks back thirty days, and PHI must not stay longer than it has to. How measured: the policy that the
    write index is under is read back from the running server. A build without lifecycle management cannot be asked. How
    to fix: `min_age` of the policy's delete phase.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The delete phase of the policies that the server holds."""
        documented = context.baseline(self.baseline)
        days, policies = documented["limit"], history.last("retention-setting", "lifecycle")
        if policies is None:
            yield Gap("Elasticsearch was not asked for its lifecycle policies")
            return
        if policies.data["status"] != 200:
            yield Gap(
                f"this build of Elasticsearch has no lifecycle management, so deletion after {days} d is not judged",
                Level.CONTAINER,
            )
            return
        given = context.fixtures["deployment"]["elasticsearch"]["install"]
        for entry in (e for e in given if e["part"] == "lifecycle" and e.get("logs")):
            name = entry["put"].rpartition("/")[2]
            held = json.loads(policies.data["answer"]).get(name, {}).get("policy", {}).get("phases", {})
            kept = (seconds(str(held.get("delete", {}).get("min_age", ""))) or 0.0) / DAY
            if kept != days:
                yield self.finding(
                    Position(entry["file"]), f"policy {name} keeps logs {kept:g} d, documented are {days} d"
                )
            yield Proof(
                f"policy {name} deletes logs after {kept:g} d",
                samples=1,
                services=("elasticsearch",),
                value=kept,
                limit=days,
                unit="d",
                evidence=(Evidence("retention-setting", "lifecycle"),),
            )
