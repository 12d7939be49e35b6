"""See SecurityOff."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import Elasticsearch
from harness.model import Finding


class SecurityOff(Check):
    """Elasticsearch runs without authentication: whoever reaches the port reads and deletes every log.

    Why: an audit trail that anybody can change proves nothing. Bad: `xpack.security.enabled: false`, or anonymous
    access with a role. Good: security on, a user with few privileges for each service. Fix: switch it on.
    """

    subject = Elasticsearch

    def examine(self, elasticsearch: Elasticsearch, context: Context) -> Iterable[Finding]:
        """Look at the switch and at anonymous access."""
        switch = elasticsearch.settings.get("xpack.security.enabled")
        if switch is not None and str(switch.value).lower() == "false":
            yield self.finding(switch.at(), "security is off: no authentication at all")
        anonymous = elasticsearch.settings.get("xpack.security.authc.anonymous.roles")
        if anonymous is not None:
            yield self.finding(anonymous.at(), "requests without a user are given a role")
