"""See MailInClear."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class MailInClear(Check):
    """Mail is sent without TLS, password included.

    Why: who listens between here and the relay reads the alerts and can send as us. Bad: `smtp_require_tls: false`.
    Good: the default, true. Fix: remove the line, or use a relay that offers STARTTLS.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look at `global` and at each email."""
        views = [(alertmanager.tree.view["global"], "smtp_require_tls")]
        views += [(i.view, "require_tls") for r in alertmanager.receivers for i in r.integrations if i.kind == "email"]
        for view, name in views:
            if isinstance(view.value, dict) and view.value.get(name) is False:
                yield self.finding(view.at(name), "mail goes out unencrypted")
