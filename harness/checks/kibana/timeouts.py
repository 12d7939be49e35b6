"""See Timeouts."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.kibana import Kibana
from harness.model import Finding, Severity


class Timeouts(Check):
    """Kibana gives a search up before Elasticsearch does: an error instead of what was found so far.

    Why: the shards' answer comes after nobody waits any more. Bad: `requestTimeout: 10000, shardTimeout: 30000`.
    Good: the request's above the shard's. Fix: raise it.
    """

    severity, subject = Severity.WARNING, Kibana

    def examine(self, kibana: Kibana, context: Context) -> Iterable[Finding]:
        """Compare the two."""
        request, shard = (kibana.settings.get(f"elasticsearch.{name}Timeout") for name in ("request", "shard"))
        if request and isinstance(request.value, int):
            waits = shard.value if shard and isinstance(shard.value, int) else 30000
            if request.value < waits:
                yield self.finding(request.at(), f"{request.value} ms is less than the shards' {waits} ms")
