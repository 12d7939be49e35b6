"""See LooseGrok."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    plugins,
    texts,
)
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding, Severity


class LooseGrok(Check):
    """A grok expression that is slow on lines it does not match: no anchor, or a greedy part in its middle.

    Why: without `^` or `\\A` every position of the line is tried, and `%{GREEDYDATA}` in the middle tries every split.
    Bad: `%{GREEDYDATA:a} %{WORD:b} %{GREEDYDATA:c}`. Good: `\\A%{NOTSPACE:a} %{WORD:b} %{GREEDYDATA:c}`.
    Fix: anchor it; use a narrower pattern than GREEDYDATA before the end.
    """

    severity, subject = Severity.INFO, Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look at every expression's beginning and middle."""
        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for plugin in plugins(body):
            for attribute in plugin.attributes if plugin.name == "grok" else ():
                if attribute.name != "match" or not isinstance(attribute.value, ast.Hash):
                    continue
                for text in (one for _, value in attribute.value.entries for one in texts(value)):
                    greedy = [m for m in re.finditer(r"%\{GREEDYDATA[^}]*\}|\.\*(?!\?)", text.value)]
                    if any(text.value[m.end() :].strip("$ ") not in ("", "\\z", "\\Z") for m in greedy):
                        yield self.finding(text.position, "a greedy part before the end tries every split of the line")
                    elif not text.value.startswith(("^", "\\A", "(?m)^", "(?m)\\A")) and len(text.value) > 20:
                        yield self.finding(
                            text.position, "not anchored: a line that does not match is tried everywhere"
                        )
