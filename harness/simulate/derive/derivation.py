"""From an alerting rule to what is played for it, or to the reason why nothing can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.documents.expressions import of_rule
from harness.documents.rules import Alert, Recording
from harness.languages.promql import Aggregate, Binary, Call, Negative, Node, Selector, Subquery
from harness.model import Position
from harness.simulate.derive.conditions import Always, alternatives
from harness.simulate.derive.levels import Levels
from harness.simulate.derive.phases import Phase, Times, phases, sharpness
from harness.simulate.derive.states import reach, states
from harness.simulate.derive.universe import NotInvertibleError, Surroundings, universe
from harness.simulate.segments import Key


@dataclass(frozen=True, slots=True)
class Derived:
    """What is played for one way (`branch`, from 1) in which an alert's expression can become true.

    `says` tells the values in words; `always` is set for an alert that fires whatever happens.
    """

    alert: Alert
    branch: int
    says: str
    phases: tuple[Phase, ...]
    keys: tuple[Key, ...]
    held_seconds: float
    always: bool = False

    @property
    def quiet(self) -> Levels:
        """The courses of the series while the alert is quiet; none for one that always fires."""
        return {} if self.always else self.phases[0].levels

    @property
    def active(self) -> Levels:
        """The courses of the series while the alert fires."""
        return next(phase.levels for phase in self.phases if phase.case == "fires")

    @property
    def ends(self) -> float:
        """When the last phase is over, in seconds."""
        return self.phases[-1].ends


@dataclass(frozen=True, slots=True)
class Underivable:
    """Why nothing was derived for an alert, and where in its expression the reason lies."""

    alert: Alert
    reason: str
    position: Position


def derive(
    alert: Alert, around: Surroundings, times: Times, recordings: Sequence[Recording] = ()
) -> tuple[Derived | Underivable, ...]:
    """What to play for each way in which the alert can come about. `times.reach` is found out here."""
    node = of_rule(alert).node()
    if node is None:
        return (Underivable(alert, "its expression cannot be parsed here", alert.at("expr")),)
    try:
        written = _inlined(node, {r.name: r for r in recordings}, ())
        ways = alternatives(written)
    except NotInvertibleError as error:
        return (_underivable(alert, error),)
    found: list[Derived | Underivable] = []
    times = replace(times, reach=reach(written))
    for number, conditions in enumerate(ways, start=1):
        if conditions and isinstance(conditions[0], Always) and conditions[0].holds and len(conditions) == 1:
            always = Phase("fires", 0.0, times.held + 4 * times.interval + times.told, {})
            found.append(Derived(alert, number, "it fires whatever happens", (always,), (), times.held, True))
            continue
        try:
            series = universe(written, around)
            both, barely = states(conditions, series), states(conditions, series, sharpness(times))
        except NotInvertibleError as error:
            found.append(_underivable(alert, error))
            continue
        found.append(Derived(alert, number, both.says, phases(both, barely, times), series.series, times.held))
    return tuple(found)


def _underivable(alert: Alert, error: NotInvertibleError) -> Underivable:
    return Underivable(alert, error.reason, alert.inside("expr", error.offset))


def _inlined(node: Node, recordings: Mapping[str, Recording], inside: tuple[str, ...]) -> Node:
    """The expression with what recording rules compute written out, as far as they are read at one moment."""
    match node:
        case Selector(metric=metric) if metric in recordings:
            if node.range_seconds or node.matchers or metric in inside:
                raise NotInvertibleError(
                    f"it reads {metric}, which a rule records, over a range or by labels", node.offset
                )
            recorded = of_rule(recordings[metric]).node()
            if recorded is None:
                raise NotInvertibleError(f"it reads {metric}, whose rule cannot be parsed here", node.offset)
            return _inlined(recorded, recordings, (*inside, metric))
        case Subquery(inner=inner) | Negative(inner=inner):
            return replace(node, inner=_inlined(inner, recordings, inside))
        case Aggregate(inner=inner):
            return replace(node, inner=_inlined(inner, recordings, inside))
        case Call(arguments=arguments):
            return replace(node, arguments=tuple(_inlined(argument, recordings, inside) for argument in arguments))
        case Binary(left=left, right=right):
            left, right = _inlined(left, recordings, inside), _inlined(right, recordings, inside)
            return replace(node, left=left, right=right)
        case _:
            return node
