"""See VirtualRouting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.simulation import played
from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.rules import Alert
from harness.documents.templates import Templates
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof

_IN_TEMPLATE = re.compile(r"template: (?P<file>[\w.-]+):(?P<line>\d+):(?P<column>\d+)")


class VirtualRouting(Check):
    """Every alert takes the route that its labels predict, to the channels that were agreed.

    Why: an alert in the wrong channel is not heard, and a prediction nobody compared is a guess. How measured: each
    alert fires alone on the virtual clock; the receiver and the channels of its messages are compared with the route
    tree walked with its labels, and with `fixtures/routing.yml`. How to fix: correct the route or receiver that is
    named.
    """

    subject, suite = History, "simulation"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Agreed against predicted against observed."""
        rules, agreed = played.alerts(context), played.agreed(context)
        channels = sorted({channel for entry in agreed.values() for channel in entry.channels})
        cells = 0
        for seen, case in played.cases(history, "fires"):
            alert = rules.get(seen.subject)
            if alert is None or seen.data["branch"] != 1:
                continue
            if not case["messages"]:
                yield self._silent(alert, case, context)
                continue
            found = list(self._judge(alert, seen.data, case, context))
            yield from found
            cells += 0 if found else len(channels)
        if cells:
            yield Proof(
                f"{cells // len(channels)} alerts × {len(channels)} channels: agreed, predicted and observed agree",
                samples=cells, services=played.CLOCK, value=0.0, limit=0.0, unit="misrouted",
                evidence=(Evidence("derived", "all"),),
            )  # fmt: skip

    def _silent(self, alert: Alert, case: Mapping[str, Any], context: Context) -> Finding | Gap:
        if case["what"] != "fires":
            return Gap(f"{alert.name} did not fire, so nothing is known of where it goes")
        route = played.route_of(alert, context)
        where = route.at() if route else alert.at()
        return self.finding(where, f"{alert.name} fired and nobody was told", also=(alert.at(),))

    def _judge(
        self, alert: Alert, data: Mapping[str, Any], case: Mapping[str, Any], context: Context
    ) -> Iterator[Finding | Gap]:
        tree = played.root(context)
        routes = tree.destinations(data["labels"]) if tree else ()
        messages = [m for m in case["messages"] if not m["error"]]
        failed = [m for m in case["messages"] if m["error"]]
        for message in failed[:1]:
            yield self.finding(
                _template(message["error"], context) or _receiver(message["receiver"], context) or alert.at(),
                f"{alert.name} could not be sent to {message['channel']}: {message['error']}", also=(alert.at(),),
            )  # fmt: skip
        predicted, taken = {route.receiver for route in routes}, {m["receiver"] for m in case["messages"]}
        if predicted != taken:
            yield self.finding(
                routes[0].receiver_position if routes else alert.at(),
                f"{alert.name} was predicted to go to {_listed(predicted)} and went to {_listed(taken)}",
                also=(alert.at(),),
            )
        entry = played.agreed(context).get(alert.severity)
        if entry is None:
            yield self.finding(
                alert.at("labels", "severity"),
                f"{alert.name} has severity {alert.severity!r}: nothing was agreed for it",
            )
            return
        got = {m["channel"] for m in messages}
        if not failed and got != entry.channels:
            by = f"receiver {routes[0].receiver!r}" if routes else "no route"
            yield self.finding(
                routes[0].receiver_position if routes else alert.at(),
                f"{alert.name} (severity {alert.severity}) went to {_listed(got)} by {by}, agreed is "
                f"{_listed(entry.channels)}",
                also=(alert.at("labels", "severity"),),
            )


def _receiver(name: str, context: Context) -> Position | None:
    found = (config.receiver(name) for config in context.documents.of(Alertmanager))
    return next((receiver.view.at("name") for receiver in found if receiver), None)


def _template(error: str, context: Context) -> Position | None:
    """The place in a template file that an error of Go's templates names."""
    named = _IN_TEMPLATE.search(error)
    files = [templates.file for templates in context.documents.of(Templates)]
    file = next((file for file in files if named and file.rpartition("/")[2] == named["file"]), None)
    return Position(file, int(named["line"]), int(named["column"]) + 1) if file and named else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"
