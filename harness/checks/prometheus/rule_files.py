"""See RuleFiles."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.deployment import files_at, folder_of, inside
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.model import Finding


class RuleFiles(Check):
    """A `rule_files` entry that no mounted rule file matches: Prometheus starts, and evaluates nothing.

    Why: a glob without matches is no error to it, so every alert is gone without a word. Bad:
    `/etc/prometheus/rules/*.yml` while the compose file mounts the rules at `/etc/prometheus/alert.rules.yml`.
    Good: the path inside of the container. Fix: correct the pattern or the mount.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Follow each pattern through the volumes of the Prometheus service."""
        rule_files = tuple(rules.file for rules in context.documents.of(Rules))
        loaded = set()
        judged = False
        for compose in context.documents.of(Compose):
            folder = folder_of(compose)
            for service in compose.services:
                own = next((p for m in service.mounts if (p := inside(m, folder, prometheus.file))), None)
                if own is None or "prometheus" not in f"{service.image} {service.name}":
                    continue
                judged = True
                for pattern, position in prometheus.rule_files:
                    absolute = posixpath.normpath(posixpath.join(posixpath.dirname(own), pattern))
                    found = set(files_at(service, absolute, folder, rule_files))
                    loaded |= found
                    if not found:
                        yield self.finding(position, f"no rule file is mounted at {absolute}")
        folder = posixpath.dirname(prometheus.file)
        beside = [file for file in rule_files if file.startswith(folder) and file != prometheus.file]
        # Of several configurations one may be an agent's, or an example; which one evaluates nobody can tell.
        if beside and not prometheus.rule_files and len(context.documents.of(Prometheus)) == 1:
            listed = ", ".join(beside[:3]) + (f" and {len(beside) - 3} more" if len(beside) > 3 else "")
            yield self.finding(prometheus.tree.at(), f"no `rule_files`, so nobody evaluates {listed}")
        for rules in context.documents.of(Rules) if judged and loaded else ():
            if rules.file not in loaded:
                yield self.finding(rules.tree.key_at("groups"), "no `rule_files` entry loads this file")
