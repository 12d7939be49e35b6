"""See ShadowedGrok."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.log_flow import plugins, texts
from harness.documents.logstash import Logstash
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding, Severity

_ANYTHING = re.compile(r"\^?%\{(?:GREEDYDATA|DATA)(?::[^}]*)?\}\$?")
_BEFORE = "\\[(?"
_BEHIND = re.compile(r"[*+?{]|[^\W_]")


class ShadowedGrok(Check):
    """A grok expression that is never tried with success: an earlier one of the list matches all that it would.

    Why: the first that matches wins, so the fields of the later one are never set.
    Bad: `match => { "message" => ["%{IP:client}", "%{IP:client} %{WORD:verb}"] }`. Good: the longer one first.
    Fix: order them from the most particular to the most general, or anchor them.
    """

    severity, subject = Severity.BUG, Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Compare each expression with those before it."""
        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for plugin in plugins(body):
            if plugin.name == "grok" and not _goes_on(plugin):
                for listed in _lists(plugin):
                    for index, text in enumerate(listed):
                        first = next((one for one in listed[:index] if _covers(one.value, text.value)), None)
                        if first is not None:
                            message = f"never reached: the expression at {first.position} matches whatever this does"
                            yield self.finding(text.position, message, also=[first.position])


def _goes_on(plugin: ast.PluginNode) -> bool:
    return any(a.name == "break_on_match" and getattr(a.value, "value", None) == "false" for a in plugin.attributes)


def _lists(plugin: ast.PluginNode) -> Iterator[list[ast.Text]]:
    for attribute in plugin.attributes:
        if attribute.name == "match" and isinstance(attribute.value, ast.Hash):
            for _, value in attribute.value.entries:
                yield list(texts(value))


def _covers(first: str, later: str) -> bool:
    """Whether the first surely matches where the later does: it is a part of it, or matches anything."""
    if first == later or _ANYTHING.fullmatch(first):
        return True
    if "|" in _outside(first) or "|" in _outside(later) or first.endswith("$"):
        return False
    place = later.find(first)
    if place < 0 or (first.startswith("^") and place):
        return False
    before, behind = later[:place], later[place + len(first) :]
    whole = before.count("(") == before.count(")") and before.count("[") == before.count("]")
    alone = not before.endswith(tuple(_BEFORE)) and not _BEHIND.match(behind)
    # What is looked for around a place is no part of the match.
    return whole and alone and "(?" not in _outside(first) and "(?" not in _outside(later)


def _outside(expression: str) -> str:
    """The expression without escaped characters, and without its patterns' names."""
    return re.sub(r"\\.|%\{[^}]*\}", "", expression)
