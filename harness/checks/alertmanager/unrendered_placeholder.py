"""See UnrenderedPlaceholder."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.compose import Compose
from harness.documents.deployment import (
    folder_of,
    inside,
)
from harness.documents.substitution import references
from harness.documents.texts import texts_below
from harness.model import Finding


class UnrenderedPlaceholder(Check):
    """The configuration holds `${…}`, and nothing in the deployment fills it in.

    Why: Alertmanager expands no environment variables; it would send to the literal text. Bad: `${SLACK_WEBHOOK}` with
    the image's own entrypoint. Good: an entrypoint that renders the file, or `api_url_file`. Fix: add one.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for placeholders where the service runs its image's own entrypoint."""
        found = [(v, t) for v, t in texts_below(alertmanager.tree.view, "${") if "{{" not in t]
        for compose in context.documents.of(Compose) if found else ():
            for service in compose.of_image("alertmanager"):
                mounted = any(inside(mount, folder_of(compose), alertmanager.file) for mount in service.mounts)
                if mounted and not service.entrypoint and not service.view["build"]:
                    for view, text in found:
                        for used in references(text):
                            place = view.inside((), used.offset, used.length)
                            yield self.finding(place, f"nothing fills in {text[used.offset :][: used.length]}")
