"""See TemplateSyntax."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.templates import actions, faults
from harness.documents.unknown import nearest
from harness.model import Finding

# Prometheus 3.11, template/template.go, and the functions of Go's text/template.
_FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        """
        query first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink tableLink
        sortByLabel stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp
        toTime toDuration now pathPrefix externalURL parseDuration urlQueryEscape
        and or not len index slice print printf println html js call urlquery eq ne lt le gt ge
        if else end range with define template block break continue nil true false
        """,
    )
)
_WORD = re.compile(r"(?<![\w.$\"`])([A-Za-z_]\w*)")
_GIVEN = ("labels", "value", "externalLabels", "externalURL")
_VARIABLE = re.compile(r"(?<!\w)\$([A-Za-z_]\w*)")
_SET = re.compile(r"\$(\w+)\s*(?=,\s*\$\w+\s*:=|:=)")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|\'[^\']*\'')


class TemplateSyntax(Check):
    """A broken template in a label or annotation keeps Prometheus from loading the rules.

    Why: templates are parsed when the file is loaded. Bad: `{{ $value | humanise }}`, `{{ if $value }}` without end.
    Good: `{{ $value | humanize }}`. Fix: at the place shown.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Read every label and annotation of every alert."""
        for alert in rules.alerts:
            for part, texts in (("labels", alert.labels), ("annotations", alert.annotations)):
                for name, text in texts.items():
                    if "{{" not in text:
                        continue
                    for offset, length, why in (*faults(text), *_unknown_functions(text), *_undefined(text)):
                        yield self.finding(alert.inside((part, name), offset, length), f"broken template: {why}")


def _undefined(text: str) -> Iterable[tuple[int, int, str]]:
    """Variables that neither Prometheus nor the text itself sets."""
    found = list(actions(text))
    own = {name for action in found for name in _SET.findall(action.body)}
    for action in found:
        start = text.index(action.body, action.offset) if action.body else action.offset
        for used in _VARIABLE.finditer(_STRINGS.sub(lambda m: " " * len(m[0]), action.body)):
            if used[1] not in own and used[1] not in _GIVEN:
                yield start + used.start(), len(used[0]), f"there is no variable ${used[1]}{nearest(used[1], _GIVEN)}"


def _unknown_functions(text: str) -> Iterable[tuple[int, int, str]]:
    for action in actions(text):
        body = _STRINGS.sub(lambda m: " " * len(m[0]), action.body)
        start = text.index(action.body, action.offset) if action.body else action.offset
        for word in _WORD.finditer(body):
            if word[1] not in _FUNCTIONS:
                yield (
                    start + word.start(),
                    len(word[1]),
                    f"there is no function {word[1]}{nearest(word[1], _FUNCTIONS)}",
                )
