"""See UnknownUser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context, Documents
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.kibana import Kibana
from harness.documents.log_flow import plugins
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding, Position

_BUILT_IN = {
    "elastic",
    "kibana",
    "kibana_system",
    "logstash_system",
    "beats_system",
    "apm_system",
    "remote_monitoring_user",
}
_CREATES = re.compile(r"useradd|_security/user|create_user|elasticsearch-users")


class UnknownUser(Check):
    """A service signs in to Elasticsearch as a user that nothing creates.

    Why: every request is answered 401. Bad: `grafana_readr`. Good: a built-in user, or one the set-up script creates.
    Fix: correct the name, or create it.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Look for each user's name in the scripts that create users."""
        if not isinstance(documents, Configuration):
            return
        scripts = [s.text for s in documents.sources if s.file.endswith((".sh", ".py")) and _CREATES.search(s.text)]
        for user, place in _users(documents) if scripts else ():
            if user not in _BUILT_IN and not any(re.search(rf"\b{re.escape(user)}\b", text) for text in scripts):
                known = {word for text in scripts for word in re.findall(r"\b[a-z]+_[a-z_]+\b", text)}
                yield self.finding(place, f"nothing creates the user {user}{nearest(user, known)}")


def _users(documents: Documents) -> Iterator[tuple[str, Position]]:
    for kibana in documents.of(Kibana):
        name = kibana.settings.get("elasticsearch.username")
        if name and "$" not in str(name.value):
            yield str(name.value), name.at()
    for logstash in documents.of(Logstash):
        yield from _of_pipeline(logstash)
    for compose in documents.of(Compose):
        for service in compose.services:
            for key, value in service.environment.items():
                named = key.endswith(("ELASTICSEARCH_USER", "ELASTICSEARCH_USERNAME"))
                if named and value and "$" not in value:
                    yield value, service.view.at("environment", key)


def _of_pipeline(logstash: Logstash) -> Iterator[tuple[str, Position]]:
    try:
        outputs = list(plugins(logstash.config.body("output")))
    except HarnessError:
        return
    for plugin in outputs:
        for attribute in plugin.attributes if plugin.name == "elasticsearch" else ():
            if attribute.name == "user" and isinstance(attribute.value, ast.Text):
                user = re.sub(r"^\$\{\w+:([^}]*)\}$", r"\1", attribute.value.value)
                if "$" not in user:
                    yield user, attribute.value.position
