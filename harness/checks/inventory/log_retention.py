"""See LogRetention."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.durations import seconds
from harness.documents.elasticsearch import IndexTemplate, LifecyclePolicy
from harness.model import Finding


class LogRetention(Check):
    """Log indices have the shards, the retention and the rollover that the specification says.

    Why: deleted too early, an audit trail is gone; never rolled over, a shard grows until it fails.
    Bad: `min_age: 7d` in the delete phase for 30 days. Good: as `logs` in `fixtures/inventory.yml` has it.
    Fix: restore the value.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare templates that have a rollover alias, and the policies they name."""
        wanted = (context.fixtures.get("inventory") or {}).get("logs") or {}
        if not wanted:
            return
        for template in documents.of(IndexTemplate):
            if template.setting("lifecycle.rollover_alias"):
                shards = template.setting("number_of_shards")
                count = shards.value if shards else 1
                if str(count) != str(wanted["shards"]):
                    at = shards.at() if shards else template.tree.at()
                    yield self.finding(at, f"{count} shards, the specification says {wanted['shards']}")
        for policy in documents.of(LifecyclePolicy):
            if policy.action("hot", "rollover") is not None:
                yield from self._policy(policy, str(wanted["retention"]))

    def _policy(self, policy: LifecyclePolicy, retention: str) -> Iterable[Finding]:
        delete = policy.phases.get("delete")
        if delete is None:
            yield self.finding(policy.tree.key_at("policy", "phases"), f"nothing is ever deleted; kept for {retention}")
        elif seconds(delete.text("min_age", "0ms")) != seconds(retention):
            message = f"deleted after {delete.text('min_age', '0ms')}, the specification says {retention}"
            yield self.finding(delete.at("min_age"), message)
