"""See DefaultSecret."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.substitution import references
from harness.documents.texts import texts_below
from harness.model import Finding, Severity

_SECRET = re.compile(r"(?:PASSWORD|SECRET|TOKEN|_KEY|PASSWD)$")


class DefaultSecret(Check):
    """A secret has a default in the compose file, so the stack starts with one that everybody knows.

    Why: it is forgotten in production. Bad: `${GRAFANA_PASSWORD:-admin}`. Good: `${GRAFANA_PASSWORD:?who sets it}`,
    which stops and names it. Fix: demand it.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look at every reference named like a secret."""
        for view, text in texts_below(compose.tree.view, "${"):
            for used in references(text):
                if used.default and _SECRET.search(used.name):
                    place = view.inside((), used.offset, used.length)
                    yield self.finding(place, f"{used.name} has a default that everybody can read")
