"""See UnknownField."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import arriving
from harness.documents.templates import Templates, actions
from harness.documents.unknown import nearest
from harness.model import Finding

_FIELD = re.compile(r"\.(CommonLabels|GroupLabels|Labels|CommonAnnotations|Annotations)\.([A-Za-z_]\w*)")
_METHODS = {"SortedPairs", "Names", "Values", "Remove"}


class UnknownField(Check):
    """A notification shows a label or annotation that no alert has, so people read an empty place.

    Why: an unknown field is empty, not an error. Bad: `{{ .CommonAnnotations.runbook }}` where rules write
    `runbook_url`. Good: a name that rules use. Fix: correct the name, or add it to the rules.
    """

    subject = Templates

    def examine(self, templates: Templates, context: Context) -> Iterable[Finding]:
        """Look up every field in what the rules set and keep."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        if not alerts:
            return
        annotations = {name for alert in alerts for name in alert.rule.annotations}
        labels = {name for alert in alerts for name in (*alert.fixed, *alert.flowing.may)}
        anything = any(alert.flowing.open for alert in alerts)
        for action in actions(templates.text):
            end = templates.text.find("}}", action.offset)
            for used in _FIELD.finditer(templates.text, action.offset, end):
                of_annotations = used[1].endswith("Annotations")
                known = annotations if of_annotations else labels
                if used[2] in known or used[2] in _METHODS or (anything and not of_annotations):
                    continue
                kind = "annotation" if of_annotations else "label"
                place = templates.tree.place(used.start(2), used.end(2))
                yield self.finding(place, f"no alert has the {kind} {used[2]}{nearest(used[2], known)}")
