"""See WriteAlias."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash.ast import PluginNode, Statement, Text
from harness.model import Finding, Position


class WriteAlias(Check):
    """The pipeline writes to an index that no template and no rollover alias covers.

    Why: Elasticsearch then makes an index by itself, with guessed types and without lifecycle.
    Bad: `index => "caredroid-log"` with the alias `caredroid-logs`. Good: the template's rollover alias, or a name its
    patterns match. Fix: make both sides agree.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look up the index of every Elasticsearch output."""
        templates = context.documents.of(IndexTemplate)
        try:
            body = logstash.config.body("output")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for name, position in _indices(body) if templates else ():
            known = [str(r.value) for t in templates if (r := t.setting("lifecycle.rollover_alias"))]
            patterns = [pattern for template in templates for pattern in template.patterns]
            if name in known or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) or "%{" in name:
                continue
            hint = nearest(name, [*known, *patterns])
            yield self.finding(position, f"no index template or rollover alias covers {name}{hint}")


def _indices(body: tuple[Statement, ...]) -> Iterable[tuple[str, Position]]:
    for statement in body:
        if isinstance(statement, PluginNode):
            for attribute in statement.attributes if statement.name == "elasticsearch" else ():
                if attribute.name == "index" and isinstance(attribute.value, Text):
                    yield attribute.value.value, attribute.value.position
        else:
            for arm in statement.arms:
                yield from _indices(arm.body)
