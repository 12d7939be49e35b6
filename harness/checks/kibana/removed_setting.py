"""See RemovedSetting."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.kibana import Kibana
from harness.model import Finding, Severity

# Removed in 8.0 or before, from Kibana's list of breaking changes; a setting it does not know keeps it from starting.
_REMOVED = {
    "elasticsearch.url": "elasticsearch.hosts", "kibana.index": "nothing", "xpack.security.enabled": "nothing",
    "logging.dest": "logging.appenders", "logging.quiet": "logging.root.level", "logging.silent": "logging.root.level",
    "logging.verbose": "logging.root.level", "logging.json": "a json layout",
    "server.xsrf.whitelist": "server.xsrf.allowlist", "xpack.monitoring.enabled": "nothing",
    "elasticsearch.requestHeadersWhitelist": "elasticsearch.requestHeadersAllowlist",
    "xpack.ml.enabled": "nothing", "xpack.reporting.enabled": "nothing", "elasticsearch.preserveHost": "nothing",
    "elasticsearch.startupTimeout": "nothing", "elasticsearch.tribe.url": "nothing", "kibana.defaultAppId": "nothing",
}  # fmt: skip


class RemovedSetting(Check):
    """A setting that Kibana no longer knows: it does not start.

    Why: unknown settings are fatal. Bad: `elasticsearch.url`. Good: `elasticsearch.hosts`. Fix: use what replaced it.
    """

    severity, subject = Severity.FATAL, Kibana

    def examine(self, kibana: Kibana, context: Context) -> Iterable[Finding]:
        """Look each setting up."""
        for name, view in kibana.settings.items():
            if name in _REMOVED:
                yield self.finding(view.key_at(), f"{name} was removed; {_REMOVED[name]} took its place")
