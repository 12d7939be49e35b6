"""See InlineField."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alert_labels import arriving
from harness.documents.alertmanager import Alertmanager
from harness.documents.texts import texts_below
from harness.documents.unknown import nearest
from harness.model import Finding

_FIELD = re.compile(r"\.(CommonLabels|GroupLabels|CommonAnnotations)\.([A-Za-z_]\w*)")
_METHODS = {"SortedPairs", "Names", "Values", "Remove"}


class InlineField(Check):
    """A receiver's text shows a label or annotation that no alert has, so people read an empty place.

    Why: an unknown field is empty, not an error. Bad: `{{ .CommonLabels.compnent }}`. Good: a name that rules use.
    Fix: correct the name, or add it to the rules.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look up every field of every text of every receiver."""
        alerts = tuple(arriving(context.documents, context.fixtures))
        if not alerts:
            return
        annotations = {name for alert in alerts for name in alert.rule.annotations}
        labels = {name for alert in alerts for name in (*alert.fixed, *alert.flowing.may)}
        anything = any(alert.flowing.open for alert in alerts)
        for receiver in alertmanager.receivers:
            for view, text in texts_below(receiver.view, "{{"):
                for used in _FIELD.finditer(text):
                    noted = used[1].endswith("Annotations")
                    known = annotations if noted else labels
                    if used[2] in known or used[2] in _METHODS or (anything and not noted):
                        continue
                    place = view.inside((), used.start(2), len(used[2]))
                    kind = "annotation" if noted else "label"
                    yield self.finding(place, f"no alert has the {kind} {used[2]}{nearest(used[2], known)}")
