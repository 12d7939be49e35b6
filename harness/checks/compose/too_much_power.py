"""See TooMuchPower."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Finding, Severity


class TooMuchPower(Check):
    """A container can do whatever root on the host can.

    Why: whoever breaks into it has the host. Bad: `privileged: true`, `/var/run/docker.sock` mounted writable.
    Good: the single capability it needs; the socket behind a read-only proxy. Fix: take it away.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look for privileged services and for Docker's socket."""
        for service in compose.services:
            if service.view["privileged"].value is True:
                yield self.finding(service.at("privileged"), "is root on the host")
            for mount in service.mounts:
                if mount.source.endswith("docker.sock") and not mount.read_only:
                    yield self.finding(mount.position, "can start any container, and so is root on the host")
