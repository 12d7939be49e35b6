"""See DuplicateId."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    plugins,
)
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding, Position


class DuplicateId(Check):
    """Two plugins of a pipeline share an id: Logstash does not start it.

    Why: ids name the plugins in metrics and logs. Bad: a stage copied with its `id`. Good: an id each. Fix: rename one.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Compare the ids of all plugins."""
        seen: dict[str, Position] = {}
        for plugin in _all(logstash):
            for attribute in plugin.attributes:
                if attribute.name == "id" and isinstance(attribute.value, ast.Text):
                    at = attribute.value.position
                    first = seen.setdefault(attribute.value.value, at)
                    if first != at:
                        message = f"{attribute.value.value} is the id of another plugin, in line {first.line}"
                        yield self.finding(at, message, also=[first])


def _all(logstash: Logstash) -> Iterator[ast.PluginNode]:
    try:
        config = logstash.config
    except HarnessError:
        return  # logs/pipeline-syntax says so
    for section in config.sections:
        yield from plugins(section.body)
