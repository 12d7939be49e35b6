"""Every alert of the rules fires when its scenario makes its expression true."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class Fires(Check):
    """Every alert fires on the unmodified rules when its scenario makes it true.

    Why: an alert that cannot fire is worse than none, because somebody relies on it. How measured: each alert's
    scenario plays on a real Prometheus with the real `for:`; the alert must reach state `firing`. How to fix: correct
    the expression, or the scenario if the incident it describes should not fire the alert.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One outcome per alert that did not fire, one proof for those that did."""
        expectations, proven = recorded.expected(history), 0
        for alert in recorded.alerts(context):
            expectation = expectations.get(alert.name)
            if expectation is None:
                yield Gap(
                    f"no scenario makes {alert.name} fire", hint="Add it to a scenario under fixtures/scenarios/."
                )
            elif recorded.fired(history, alert.name):
                proven += 1
            else:
                held = expectation.data["true_in_the_past"]
                why = "its expression held" if held else "its expression returned nothing"
                yield self.finding(
                    alert.at("expr"),
                    f"{alert.name} did not fire although the scenario of {expectation.data['lane']} plays its "
                    f"incident: {why} when the incident had been going on",
                )
        if proven:
            yield Proof(
                f"{proven} of {len(recorded.alerts(context))} alerts fired on the unmodified rules",
                samples=proven,
                services=("prometheus",),
                evidence=(Evidence("alert-state", "prometheus"),),
            )
