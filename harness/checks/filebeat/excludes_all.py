"""See ExcludesAll."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat, Input
from harness.model import Finding


class ExcludesAll(Check):
    """A line or file pattern of an input refuses what it is there to read.

    Why: nothing arrives, and nothing says so. The sample lines of `fixtures/samples.yml` are what the application
    writes. Bad: `include_lines: ['"service": "backend"']` when it is called caredroid-backend; `exclude_files:
    ['\\.log$']` under `paths: [*.log]`. Good: patterns that let the samples through. Fix: correct the pattern.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Try every pattern on the samples and on the names of the files."""
        samples = (context.fixtures.get("samples") or {}).get("lines") or ()
        lines = [json.dumps(line) for line in samples]
        for each in filebeat.inputs:
            if not each.enabled:
                continue
            yield from self._lines(each, lines)
            for step in ("prospector.scanner.exclude_files", "exclude_files"):
                for index, pattern in enumerate(each.view.texts(step)):
                    names = [re.sub(r"\*+|\[[^\]]*\]", "x", path) for path, _ in each.paths]
                    if names and all(_found(pattern, name) for name in names):
                        yield self.finding(each.view.at(step, index), f"excludes every file of this input: {names[0]}")

    def _lines(self, each: Input, lines: list[str]) -> Iterable[Finding]:
        included, excluded = each.view.texts("include_lines"), each.view.texts("exclude_lines")
        if lines and included and not any(_found(pattern, line) for pattern in included for line in lines):
            yield self.finding(each.view.at("include_lines"), f"lets none of {len(lines)} sample lines through")
        for index, pattern in enumerate(excluded):
            hit = [line for line in lines if _found(pattern, line)]
            if hit:
                yield self.finding(
                    each.view.at("exclude_lines", index), f"drops {len(hit)} of {len(lines)} sample lines"
                )


def _found(pattern: str, text: str) -> bool:
    try:
        return bool(re.search(pattern, text))
    except re.error:
        return False
