"""See UnreachableRoute."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.matchers import Matcher
from harness.model import Finding


class UnreachableRoute(Check):
    """A route that no alert can reach, because an earlier sibling takes all that it would match.

    Why: routes are tried in order and the first that matches ends the search, unless it says `continue: true`.
    Bad: a route without matchers before others; `severity="critical"` before `severity="critical", team="db"`.
    Good: the special before the general. Fix: reorder, or `continue: true`.
    """

    subject = Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Compare every route with the siblings before it."""
        for parent in alertmanager.route.walk() if alertmanager.route else ():
            for index, route in enumerate(parent.routes):
                for earlier in parent.routes[:index]:
                    if not earlier.goes_on and _implies(route, earlier):
                        message = f"never reached: the route at {earlier.at()} takes every alert that this one matches"
                        yield self.finding(route.at(), message, also=[earlier.at()])
                        break
                if contradiction := _contradiction(route.matchers):
                    yield self.finding(route.at("matchers"), f"never reached: {contradiction}")


def _implies(route: Route, earlier: Route) -> bool:
    """Whether every alert that matches `route` matches `earlier` too, as far as the matchers alone tell."""
    return all(any(_stronger(mine, theirs) for mine in route.matchers) for theirs in earlier.matchers)


def _stronger(mine: Matcher, theirs: Matcher) -> bool:
    if mine.label != theirs.label:
        return False
    if (mine.op, mine.value) == (theirs.op, theirs.value):
        return True
    if mine.op == "=":
        return theirs.matches({theirs.label: mine.value})
    if mine.op == "=~" and mine.value.replace("|", "").replace("-", "").replace("_", "").isalnum():
        return all(theirs.matches({theirs.label: value}) for value in mine.value.split("|"))
    return False


def _contradiction(matchers: tuple[Matcher, ...]) -> str:
    wanted: dict[str, str] = {}
    for matcher in matchers:
        if matcher.op == "=" and wanted.setdefault(matcher.label, matcher.value) != matcher.value:
            return f'{matcher.label} cannot be both "{wanted[matcher.label]}" and "{matcher.value}"'
    for label, value in wanted.items():
        for matcher in matchers:
            if matcher.label == label and not matcher.matches({label: value}):
                return f'{matcher} excludes {label}="{value}"'
    return ""
