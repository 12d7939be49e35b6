"""See UnsetInContainer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.compose import Compose
from harness.documents.deployment import (
    folder_of,
    inside,
)
from harness.documents.document import Document
from harness.documents.elasticsearch import Elasticsearch
from harness.documents.filebeat import Filebeat
from harness.documents.grafana import Datasources
from harness.documents.kibana import Kibana
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.model import Finding

_OWN: dict[str, type[Document]] = {
    "filebeat": Filebeat,
    "kibana": Kibana,
    "logstash": Logstash,
    "elasticsearch": Elasticsearch,
    "grafana": Datasources,
    "alertmanager": Alertmanager,
}
_REQUIRED = re.compile(r"(?<!\$)\$\{(?P<name>[A-Za-z_]\w*)\}")


class UnsetInContainer(Check):
    """A mounted configuration uses `${NAME}`, and the compose file does not hand NAME to that container.

    Why: the product stops at start, or takes the placeholder for the value. Bad: `${LOGSTASH_WRITER_PASSWORD}` in the
    pipeline, nothing of the name under `environment`. Good: handed over. Fix: add it to the service's environment.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look up every variable without a default of every mounted file of the service's own product."""
        for word, kind in _OWN.items():
            for service in compose.of_image(word)[:1]:
                if service.view["env_file"]:
                    continue
                for document in context.documents.of(kind):
                    mounted = any(inside(mount, folder_of(compose), document.file) for mount in service.mounts)
                    for used in _used(document.tree.text) if mounted else ():
                        if used["name"] not in service.environment:
                            place = document.tree.place(used.start(), used.end())
                            near = nearest(used["name"], service.environment)
                            message = f"the service {service.name} is not given {used['name']}{near}"
                            yield self.finding(place, message)


def _used(text: str) -> Iterator[re.Match[str]]:
    told = set()
    for used in _REQUIRED.finditer(text):
        commented = text[text.rfind("\n", 0, used.start()) + 1 : used.start()].lstrip().startswith("#")
        if not commented and used["name"] not in told:
            told.add(used["name"])
            yield used
