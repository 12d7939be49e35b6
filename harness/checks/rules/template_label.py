"""See TemplateLabel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rule
from harness.documents.rules import Rules
from harness.documents.templates import actions
from harness.documents.unknown import nearest
from harness.languages.promql_labels import labels_of
from harness.model import Finding, Severity

# Not `.Labels`: inside `range query …` those are the labels of another query's results.
_REFERENCE = re.compile(r"\$labels\.([A-Za-z_]\w*)")


class TemplateLabel(Check):
    """A text shows a label that the expression does not keep, so people read an empty place.

    Why: `$labels` are the labels of the expression's result; an aggregation drops all it does not name.
    Bad: `sum by (job) (…)` with `{{ $labels.route }}`. Good: `sum by (job, route) (…)`.
    Fix: keep the label, or take it out of the text. Labels the rule itself adds are not in `$labels`. A bug where
    `fixtures/catalog.yml` says what there is, otherwise a warning.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Follow the labels through each alert's expression and into its texts."""
        metrics = known_metrics(context.documents, context.fixtures)
        severity = Severity.BUG if context.fixtures.get("catalog") else Severity.WARNING
        for alert in rules.alerts:
            node = of_rule(alert).node()
            if node is None:
                continue
            carried = labels_of(node, metrics)
            for part, texts in (("labels", alert.labels), ("annotations", alert.annotations)):
                for name, text in texts.items():
                    for action in actions(text):
                        for used in _REFERENCE.finditer(text, action.offset, text.find("}}", action.offset)):
                            if not carried.possible(used[1]):
                                place = alert.inside((part, name), used.start(1), len(used[1]))
                                message = f"the expression does not keep the label {used[1]}"
                                yield self.finding(place, message + nearest(used[1], carried.may), severity=severity)
