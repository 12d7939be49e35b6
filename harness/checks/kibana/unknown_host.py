"""See UnknownHost."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.deployment import unanswered
from harness.documents.kibana import Kibana
from harness.model import Finding


class UnknownHost(Check):
    """Kibana's Elasticsearch is no service of the compose file: Kibana never becomes ready.

    Why: it asks from inside of its container. Bad: `elasticsearch.hosts: ["http://elastic:9200"]` for a service called
    `elasticsearch`. Good: the service's name and container port. Fix: correct the name or port.
    """

    subject = Kibana

    def examine(self, kibana: Kibana, context: Context) -> Iterable[Finding]:
        """Look up every host."""
        hosts = kibana.settings.get("elasticsearch.hosts")
        for index, url in enumerate(hosts.texts() if hosts else ()):
            why = unanswered(url, context.documents)
            if why and hosts:
                yield self.finding(hosts.at(index) if isinstance(hosts.value, list) else hosts.at(), why)
