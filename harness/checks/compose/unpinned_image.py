"""See UnpinnedImage."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.deployment import values
from harness.documents.substitution import substitute
from harness.model import Finding, Severity

_MOVING = {"latest", "main", "master", "edge", "nightly", "stable"}


class UnpinnedImage(Check):
    """An image without a fixed tag is another one tomorrow.

    Why: what was verified is not what runs. Bad: `prom/prometheus`, `prom/prometheus:latest`.
    Good: `prom/prometheus:v3.11.0`, or a digest. Fix: name the version.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look at the tag of every image."""
        settings = values(context.documents)
        for service in compose.services:
            image = substitute(service.image, settings)
            if not image or "@" in image or service.view["build"]:
                continue
            name, colon, tag = image.rpartition("/")[2].partition(":")
            if not colon or not tag:
                yield self.finding(service.at("image"), f"{name} has no tag, so it is `latest`")
            elif tag in _MOVING:
                yield self.finding(service.at("image"), f"the tag {tag} moves; name a version")
