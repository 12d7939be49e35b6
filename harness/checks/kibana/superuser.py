"""See Superuser."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.kibana import Kibana
from harness.model import Finding


class Superuser(Check):
    """Kibana connects as `elastic`: it refuses to start since version 8.

    Why: Kibana's own user needs the role kibana_system and nothing more. Bad: `elasticsearch.username: elastic`.
    Good: `kibana_system`, or a user with that role. Fix: use it.
    """

    subject = Kibana

    def examine(self, kibana: Kibana, context: Context) -> Iterable[Finding]:
        """Look at the name."""
        name = kibana.settings.get("elasticsearch.username")
        if name and name.value == "elastic":
            yield self.finding(name.at(), "Kibana refuses to run as the superuser")
