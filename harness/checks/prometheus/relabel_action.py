"""See RelabelAction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.positions import View
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Severity

_DEFAULTS = {"regex": "(.*)", "separator": ";", "replacement": "$1", "modulus": 0, "target_label": "",
             "source_labels": []}  # fmt: skip
_NEED_TARGET = {"replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"}
_NO_REPLACEMENT = {"lowercase", "uppercase"}
_ONLY = {
    "keepequal": ("source_labels", "target_label"),
    "dropequal": ("source_labels", "target_label"),
    "labeldrop": ("regex",),
    "labelkeep": ("regex",),
}


class RelabelAction(Check):
    """A relabelling rule lacks what its action needs, or has what its action cannot use: Prometheus refuses the file.

    Why: the product takes a useless field for a misunderstanding. Bad: `action: labeldrop` with `source_labels`;
    `action: replace` without `target_label`. Good: `{action: labeldrop, regex: tmp_.*}`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look at every rule of every list of relabelling rules, wherever it is."""
        for view in _rules(prometheus.tree.view):
            action = str(view.value.get("action", "replace") or "").lower()
            for name, message in _faults(view.value, action):
                yield self.finding(view.at(name) if name else view.at(), message)


def _faults(rule: dict[str, object], action: str) -> Iterator[tuple[str, str]]:
    if not action:
        yield "action", "an empty action"
    if action in _NEED_TARGET and not rule.get("target_label"):
        yield "", f"{action} needs a target_label"
    if action == "hashmod" and not rule.get("modulus"):
        yield "", "hashmod needs a modulus"
    useless = {"replacement"} if action in _NO_REPLACEMENT else set()
    if action in _ONLY:
        useless = _DEFAULTS.keys() - set(_ONLY[action])
    for name in rule:
        if name in useless and rule[name] is not None and rule[name] != _DEFAULTS[name]:
            yield name, f"{action} has no use for {name}"


def _rules(view: View) -> Iterator[View]:
    value = view.value
    if isinstance(value, dict):
        for key in value:
            if str(key).endswith("relabel_configs") and isinstance(value[key], list):
                yield from (item for item in view[key].items() if isinstance(item.value, dict))
            else:
                yield from _rules(view[key])
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _rules(view[index])
