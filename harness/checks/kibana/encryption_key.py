"""See EncryptionKey."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.kibana import Kibana
from harness.model import Finding, Severity


class EncryptionKey(Check):
    """Kibana has no key of its own for saved secrets, or one that is too short.

    Why: without it each start makes another key, and connectors and sessions are lost; below 32 characters Kibana does
    not start. Bad: no `xpack.encryptedSavedObjects.encryptionKey`. Good: 32 random characters from the environment.
    Fix: set it.
    """

    severity, subject = Severity.WARNING, Kibana

    def examine(self, kibana: Kibana, context: Context) -> Iterable[Finding]:
        """Look at the key, and at its length where it is written down."""
        wanted = "xpack.encryptedSavedObjects.encryptionKey"
        if wanted not in kibana.settings:
            yield self.finding(kibana.tree.at(), f"no {wanted}: saved secrets are lost at every start")
        for name, view in kibana.settings.items():
            text = str(view.value or "")
            if name.endswith("encryptionKey") and "$" not in text and len(text) < 32:
                yield self.finding(view.at(), f"{len(text)} characters; Kibana wants 32", severity=Severity.BUG)
