"""See RolePrivileges."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context, Documents
from harness.documents.compose import Compose
from harness.documents.elasticsearch import Roles
from harness.documents.grafana import Datasources
from harness.documents.log_flow import plugins
from harness.documents.logstash import Logstash
from harness.documents.positions import View
from harness.documents.substitution import substitute
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding

_INDEX = frozenset(
    re.findall(
        r"\w+",
        """
        all auto_configure create create_doc create_index cross_cluster_replication
        cross_cluster_replication_internal delete delete_index index maintenance manage
        manage_data_stream_lifecycle manage_failure_store manage_follow_index manage_ilm manage_leader_index
        monitor none read read_cross_cluster read_failure_store view_index_metadata write
    """,
    )
)
_WRITE = {"all", "write", "index", "create", "create_doc"}


class RolePrivileges(Check):
    """A role has a privilege that does not exist, or its user cannot do what its service is there for.

    Why: Elasticsearch ignores the role, or answers 403 and every line waits. Users are matched with the role of the
    same name. Bad: Logstash's user without `create_doc` on the index it writes to. Good: exactly that. Fix: add it.
    """

    subject = Roles

    def examine(self, roles: Roles, context: Context) -> Iterable[Finding]:
        """Look up each privilege; then the writers' and readers' indices."""
        for role in roles.roles.values():
            for grant in role.mappings("indices") if isinstance(role.value, dict) else ():
                for index, privilege in enumerate(grant.texts("privileges")):
                    if privilege not in _INDEX and not privilege.startswith(("indices:", "cluster:")):
                        place = grant.at("privileges", index)
                        yield self.finding(place, f"no privilege is called {privilege}{nearest(privilege, _INDEX)}")
        for user, name, wanted, what in (*_writers(context.documents), *_readers(context.documents)):
            granted = roles.roles.get(user)
            if granted is not None and isinstance(granted.value, dict) and not _allows(granted, name, wanted):
                yield self.finding(granted.key_at(), f"{user} cannot {what} {name}, which it is there for")


def _allows(role: View, index: str, wanted: set[str]) -> bool:
    for grant in role.mappings("indices"):
        covers = any(fnmatch.fnmatchcase(index, pattern) for pattern in grant.texts("names"))
        if covers and wanted & set(grant.texts("privileges")):
            return True
    return False


def _writers(documents: Documents) -> Iterator[tuple[str, str, set[str], str]]:
    for logstash in documents.of(Logstash):
        try:
            outputs = list(plugins(logstash.config.body("output")))
        except HarnessError:
            continue
        for plugin in outputs:
            given = {a.name: a.value.value for a in plugin.attributes if isinstance(a.value, ast.Text)}
            user = re.sub(r"^\$\{\w+:([^}]*)\}$", r"\1", given.get("user", ""))
            if plugin.name == "elasticsearch" and user and given.get("index") and "%{" not in given["index"]:
                yield user, given["index"], _WRITE, "write to"


def _readers(documents: Documents) -> Iterator[tuple[str, str, set[str], str]]:
    environment = {n: v for c in documents.of(Compose) for s in c.services for n, v in s.environment.items() if v}
    for file in documents.of(Datasources):
        for source in file.datasources:
            index = source.view["jsonData"].text("index")
            user = substitute(source.view.text("basicAuthUser"), environment)
            if source.kind == "elasticsearch" and user and index:
                yield user, index, {"all", "read"}, "read"
