"""See UnsetTag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat
from harness.documents.log_flow import (
    atoms,
    conditions,
    plain,
    plugins,
    tags,
    texts,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding


class UnsetTag(Check):
    """A condition asks for a tag that nothing adds: it never holds.

    Why: the branch behind it, often the one for failures, is dead. Bad: `if "_jsonparsefailed" in [tags]` where the
    json filter adds `_jsonparsefailure`. Good: the tag as it is added. Fix: correct it.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Compare the tags asked for with those filters, inputs and shippers add."""
        try:
            config = logstash.config
        except HarnessError:
            return  # logs/pipeline-syntax says so
        added = _added(config)
        for filebeat in context.documents.of(Filebeat):
            added.update(re.findall(r"[\w.-]+", " ".join(re.findall(r"tags:(.*)", filebeat.tree.text))))
        if any("%{" in tag for tag in added) or any(p.name == "ruby" for p in plugins(config.body("filter"))):
            return
        for tag in _asked_for(config):
            if tag.value not in added:
                yield self.finding(tag.position, f"nothing adds the tag {tag.value}{nearest(tag.value, added)}")


def _added(config: ast.Config) -> set[str]:
    found: set[str] = set()
    for section in config.sections:
        for plugin in plugins(section.body):
            found.update(tags(plugin))
            for attribute in plugin.attributes:
                if attribute.name == "tags":
                    found.update(text.value for text in texts(attribute.value))
    return found


def _asked_for(config: ast.Config) -> Iterator[ast.Text]:
    for section in config.sections:
        for condition in conditions(section.body):
            for atom in atoms(condition):
                if isinstance(atom, ast.Membership) and isinstance(atom.left, ast.Text) and _is_tags(atom.right):
                    yield atom.left


def _is_tags(operand: ast.Operand) -> bool:
    return isinstance(operand, ast.Selector) and plain(operand.reference) == "tags"
