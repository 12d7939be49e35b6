"""What Prometheus has loaded is what is under test."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Alert, Rules
from harness.languages.promql import same
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof


class LoadedRules(Check):
    """The running Prometheus evaluates the alerts under test: same expression, same `for`, same severity, no error.

    Why: a configuration that was not deployed, or not reloaded, protects nobody. How measured: the rules that the
    running Prometheus tells, against the rule files. How to fix: deploy the files and reload Prometheus; its own error
    is in the finding.
    """

    subject, suite = History, "staging"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per alert that is missing, differs, or does not evaluate."""
        loaded = {o.subject: o for o in history.of_kind("loaded-rule") if o.data["type"] == "alerting"}
        wanted = [alert for rules in context.documents.of(Rules) for alert in rules.alerts]
        if not loaded or not wanted:
            yield Gap("Prometheus told of no alerting rules" if wanted else "there are no alerting rules to compare")
            return
        for alert in wanted:
            for what in _differences(alert, loaded.get(alert.name)):
                yield self.finding(alert.at("alert"), f"{alert.name}: {what}")
        for name in sorted(set(loaded) - {alert.name for alert in wanted}):
            place = next((Position(rules.file) for rules in context.documents.of(Rules)), Position("prometheus.yml"))
            yield self.finding(place, f"{name} is loaded, and is not in the files under test")
        yield Proof(
            f"{len(wanted)} alerts compared with what is loaded",
            samples=len(wanted),
            services=("prometheus",),
            evidence=(Evidence("loaded-rule", "all"),),
        )


def _differences(alert: Alert, loaded: Observation | None) -> Iterable[str]:
    if loaded is None:
        yield "not loaded by the running Prometheus"
        return
    if not same(alert.expr, loaded.data["query"]):
        yield f"another expression is loaded: {loaded.data['query']}"
    if loaded.data["duration"] != (alert.duration or 0.0):
        yield f"`for` is {loaded.data['duration']:g} s where it is loaded"
    if (loaded.data["labels"] or {}).get("severity", "") != alert.severity:
        yield f"severity is {(loaded.data['labels'] or {}).get('severity')!r} where it is loaded"
    if loaded.data["health"] == "err":
        yield f"does not evaluate: {loaded.data['lastError']}"
