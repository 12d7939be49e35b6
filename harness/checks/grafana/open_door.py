"""See OpenDoor."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity


class OpenDoor(Check):
    """Grafana lets in whoever comes: anonymous access, sign-up, or the password everybody knows.

    Why: dashboards show what the organisation does. Bad: `GF_AUTH_ANONYMOUS_ENABLED: "true"`,
    `GF_SECURITY_ADMIN_PASSWORD: admin`. Good: neither. Fix: switch it off; take the password from the environment.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look at the settings of every Grafana."""
        for service in compose.of_image("grafana"):
            for name, value in service.environment.items():
                opened = name in ("GF_AUTH_ANONYMOUS_ENABLED", "GF_USERS_ALLOW_SIGN_UP") and value == "true"
                if opened or (name == "GF_SECURITY_ADMIN_PASSWORD" and value in ("admin", "grafana", "password")):
                    yield self.finding(service.view.at("environment", name), f"{name}={value} lets everybody in")
