"""See Refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.durations import seconds
from harness.documents.positions import View
from harness.documents.shapes.problems import broken_pattern
from harness.documents.templates import faults
from harness.documents.texts import texts_below
from harness.model import Finding, Position, Severity

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SIDES = ("match", "match_re", "source_match", "source_match_re", "target_match", "target_match_re")

Fault = tuple[Position, str]


class Refused(Check):
    """What is well formed, and yet Alertmanager refuses the whole file for it, or a message fails when it is sent.

    Why: nobody is notified. Bad: `matchers: ['job=~"(("']`, `group_interval: 0s`, `title: '{{ .Status'`.
    Good: a regular expression that RE2 reads, an interval, an action that is closed. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look at matchers, waits, names of intervals, and the texts of receivers."""
        routes = list(alertmanager.route.walk()) if alertmanager.route else []
        for route in routes:
            for position, message in (*_patterns(route.matchers), *_waits(route), *_labels(route.view)):
                yield self.finding(position, message)
        for rule in alertmanager.inhibit_rules:
            for position, message in (*_patterns((*rule.sources, *rule.targets)), *_labels(rule.view)):
                yield self.finding(position, message)
        for position, message in _names(alertmanager.tree.view):
            yield self.finding(position, message)
        for receiver in alertmanager.receivers:
            for view, text in texts_below(receiver.view, "{{"):
                for offset, length, why in faults(text):
                    yield self.finding(view.inside((), offset, length), f"broken template: {why}")


def _patterns(matchers: Iterable[object]) -> Iterator[Fault]:
    for matcher in matchers:
        op, value = getattr(matcher, "op", ""), getattr(matcher, "value", "")
        why = broken_pattern(value) if op.endswith("~") and "${" not in value else ""
        if why:
            yield getattr(matcher, "position", Position("")), f"{value!r} is no regular expression: {why}"


def _waits(route: Route) -> Iterator[Fault]:
    for name in ("group_interval", "repeat_interval"):
        text = route.view.value.get(name) if isinstance(route.view.value, dict) else None
        if text is not None and seconds(str(text)) == 0:
            yield route.at(name), f"{name} cannot be zero"


def _labels(view: View) -> Iterator[Fault]:
    for side in _SIDES:
        for name in view.value.get(side) or () if isinstance(view.value.get(side), dict) else ():
            if side.endswith("_re") and view[side].value[name] is None:
                yield view[side].key_at(name), f"no regular expression for {name}"
            if not _LABEL.fullmatch(str(name)):
                message = f"{side} takes letters, digits and _ in a label's name only, not {name}; write a matcher"
                yield view[side].key_at(name), message


def _names(root: View) -> Iterator[Fault]:
    seen: set[str] = set()
    for step in ("mute_time_intervals", "time_intervals"):
        for item in root.items(step) if isinstance(root[step].value, list) else ():
            name = item.value.get("name") if isinstance(item.value, dict) else None
            if name and str(name) in seen:
                yield item.at("name"), f"another time interval is called {name} already"
            seen.add(str(name))
