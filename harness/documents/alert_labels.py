"""Which labels and values an alert can arrive with at Alertmanager: what routing, inhibition and templates see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts import Documents
from harness.documents.catalog import known_metrics
from harness.documents.expressions import of_rule
from harness.documents.matchers import Matcher
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Alert, Rules
from harness.languages.metrics import Metrics
from harness.languages.promql_labels import Labels, labels_of


@dataclass(frozen=True, slots=True)
class ArrivingAlert:
    """An alert with its labels: `fixed` have a known value, the others come from the expression's result."""

    rule: Alert
    fixed: Mapping[str, str]
    flowing: Labels

    def possible(self, label: str) -> bool:
        """Whether it can carry the label."""
        return bool(self.fixed.get(label)) or (label not in self.fixed and self.flowing.possible(label))

    def certain(self, label: str) -> bool:
        """Whether it always carries the label."""
        return bool(self.fixed.get(label)) or (label not in self.fixed and label in self.flowing.must)

    def can_match(self, matchers: tuple[Matcher, ...]) -> bool:
        """Whether some alert of the rule can fulfil all the matchers."""
        return all(self._can_match(matcher) for matcher in matchers)

    def _can_match(self, matcher: Matcher) -> bool:
        if matcher.label in self.fixed and "{{" not in self.fixed[matcher.label]:
            return matcher.matches(dict(self.fixed))
        if self.flowing.possible(matcher.label) or matcher.label in self.fixed:
            return True
        return matcher.matches({})

    def can_agree(self, other: ArrivingAlert, label: str) -> bool:
        """Whether both can carry the same value of a label; a label that neither carries agrees too."""
        mine, theirs = self.fixed.get(label), other.fixed.get(label)
        if mine is not None and theirs is not None and "{{" not in mine + theirs:
            return mine == theirs
        if not self.possible(label):
            return not other.certain(label)
        if not other.possible(label):
            return not self.certain(label)
        return True


def arriving(documents: Documents, fixtures: Mapping[str, Any]) -> Iterator[ArrivingAlert]:
    """Every alert of every rule file as it arrives; external labels included, placeholders of theirs as written."""
    external: dict[str, str] = {}
    for prometheus in documents.of(Prometheus):
        external.update(prometheus.external_labels)
    metrics = known_metrics(documents, fixtures)
    for rules in documents.of(Rules):
        for alert in rules.alerts:
            fixed = {**external, **alert.labels, "alertname": alert.name}
            yield ArrivingAlert(alert, fixed, _flow(alert, metrics))


def _flow(alert: Alert, metrics: Metrics) -> Labels:
    node = of_rule(alert).node()
    return labels_of(node, metrics) if node else Labels(open=True)
