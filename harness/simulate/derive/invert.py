"""PromQL backwards: which courses of its series give an expression a wanted value.

Only an idea of what to try: whether the alert does what is expected of it is then seen on the virtual clock, where
Prometheus's own code evaluates the expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.languages.promql import Aggregate, Binary, Call, Negative, Node, Selector, Subquery
from harness.simulate.derive import histogram
from harness.simulate.derive.levels import OVER_TIME, SAME, Course, Level, counted, worth
from harness.simulate.derive.universe import NotInvertibleError, Universe, constant
from harness.simulate.segments import Key

BUSY_RATE, BUSY_VALUE = 10.0, 100.0
"""What a divisor is when nothing says how large: events a second, or a gauge's value."""

NEAR = 1e-9


@dataclass
class Settings:
    """The courses found so far. `towards` is where the threshold lies (1: above, -1: below), `still` whether what is to
    move towards it stays where it is.
    """

    universe: Universe
    levels: dict[Key, Level | None] = field(default_factory=dict)
    towards: float = -1.0
    still: bool = False

    def value(self, node: Node) -> float | None:
        """What an expression is worth with what is settled."""
        return worth(node, self.universe, self.levels)

    def missing(self, node: Node) -> None:
        """Have the series of an expression not be there."""
        for selector in _selectors(node):
            for key in self.universe.of(selector):
                self.levels[key] = None

    def there(self, node: Node) -> None:
        """Have an expression yield something, whatever."""
        if self.value(node) is None:
            self.assign(node, BUSY_VALUE)

    def assign(self, node: Node, target: float, held: Sequence[Key] = ()) -> None:
        """Have an expression be worth `target`, without touching the series in `held`. Raises NotInvertibleError."""
        match node:
            case Selector():
                self._spread(node, "one", target, Course.VALUE, held)
            case Negative(inner=inner):
                self.assign(inner, -target, held)
            case Subquery(inner=inner):
                self.assign(inner, target, held)
            case Aggregate():
                self._aggregate(node, target, held)
            case Call():
                self._call(node, target, held)
            case Binary():
                self._binary(node, target, held)
            case _:
                raise NotInvertibleError("a number alone cannot be moved", getattr(node, "offset", 0))

    def _aggregate(self, node: Aggregate, target: float, held: Sequence[Key]) -> None:
        if node.operator not in ("sum", "max", "min", "avg", "topk", "bottomk"):
            raise NotInvertibleError(f"`{node.operator}` cannot be inverted", node.offset)
        if source := counted(node.inner):
            selector, factor = source
            self._spread(selector, node.operator, target / factor, Course.RATE, held)
        elif isinstance(node.inner, Selector):
            self._spread(node.inner, node.operator, target, Course.VALUE, held)
        else:
            self.assign(node.inner, target, held)

    def _call(self, node: Call, target: float, held: Sequence[Key]) -> None:
        if source := counted(node):
            selector, factor = source
            self._spread(selector, "one", target / factor, Course.RATE, held)
            return
        if node.function == "histogram_quantile":
            self._quantile(node, target)
            return
        inner = node.arguments[-1] if node.function == "quantile_over_time" else (node.arguments or (None,))[0]
        if inner is None or constant(node) is not None:
            raise NotInvertibleError(f"`{node.function}` depends on nothing that could be played", node.offset)
        if node.function in SAME:
            self.assign(inner, target, held)
        elif node.function in OVER_TIME:
            if isinstance(inner, Selector):
                self._spread(inner, "one", target, Course.VALUE, held)
            else:
                self.assign(inner, target, held)
        else:
            self._moving(node, inner, target)

    def _moving(self, node: Call, inner: Node, target: float) -> None:
        """Functions of how a gauge moves."""
        if not isinstance(inner, Selector):
            raise NotInvertibleError(f"`{node.function}` of something that is no plain selector", node.offset)
        window = inner.range_seconds or 0.0
        match node.function:
            case "delta":
                level = Level(Course.SLOPE, target / window, start=10 * abs(target) + BUSY_VALUE)
            case "deriv":
                level = Level(Course.SLOPE, target, start=BUSY_VALUE)
            case "changes":
                level = Level(Course.STEPS, target, window=window)
            case "predict_linear":
                ahead = constant(node.arguments[1]) or 0.0
                start = target - self.towards * (2 * abs(target) + BUSY_VALUE)
                moves = (target - start) / ahead if ahead and not self.still else 0.0
                level = Level(Course.SLOPE, moves, start=start)
            case _:
                raise NotInvertibleError(f"`{node.function}` cannot be inverted", node.offset)
        for key in self.universe.of(inner):
            self.levels[key] = level

    def _quantile(self, node: Call, target: float) -> None:
        quantile = constant(node.arguments[0])
        selectors = _selectors(node.arguments[1])
        source = counted(_unaggregated(node.arguments[1]))
        if quantile is None or len(selectors) != 1 or source is None:
            raise NotInvertibleError("a quantile of something that is no rate of buckets", node.offset)
        shares = histogram.shares(quantile, target, self.universe.bounds.get(selectors[0].metric, ()))
        if shares is None:
            raise NotInvertibleError(f"no distribution over its buckets has this quantile at {target:g}", node.offset)
        for key in self.universe.of(selectors[0]):
            bound = dict(key[2]).get("le", "")
            self.levels[key] = Level(Course.RATE, BUSY_RATE * shares.get(bound, 1.0))

    def _binary(self, node: Binary, target: float, held: Sequence[Key]) -> None:
        left, right = constant(node.left), constant(node.right)
        if right is not None:
            self.assign(node.left, _solved_left(node, target, right), held)
        elif left is not None:
            self.assign(node.right, _solved_right(node, target, left), held)
        elif isinstance(node.left, Call) and node.left.function == "time" and node.operator == "-":
            self._age(node, target)
        else:
            self._both(node, target, held)

    def _age(self, node: Binary, target: float) -> None:
        for selector in _selectors(node.right):
            for key in self.universe.of(selector):
                self.levels[key] = Level(Course.AGE, target)

    def _both(self, node: Binary, target: float, held: Sequence[Key]) -> None:
        """Two sides with series of their own, or with some in common: `failed / all`."""
        if node.operator not in ("/", "*", "-", "+"):
            raise NotInvertibleError(f"`{node.operator}` of two sides cannot be inverted", node.offset)
        other = self.value(node.right)
        if other is None or (node.operator in "*/" and not other):
            other = {"*": 1.0, "+": 0.0}.get(node.operator, BUSY_RATE if _rates(node.right) else BUSY_VALUE)
            if node.operator == "-" and target + other < 0:
                other = -2 * target
            self.assign(node.right, other, held)
        self.assign(node.left, _solved_left(node, target, other), held)
        mine = [key for selector in _selectors(node.left) for key in self.universe.of(selector)]
        if any(key in mine for selector in _selectors(node.right) for key in self.universe.of(selector)):
            self.assign(node.right, other, (*held, *mine))

    def _spread(self, selector: Selector, operator: str, target: float, course: Course, held: Sequence[Key]) -> None:
        """Have the series of a selector be worth `target` together, as the aggregation puts them together."""
        if selector.shift_seconds:
            raise NotInvertibleError("it compares a metric with its own past (`offset`)", selector.offset)
        keys = self.universe.of(selector)
        for key in keys:
            level = self.levels.get(key)
            if level is not None and level.course is not course:
                raise NotInvertibleError(f"{selector.metric} is used in two ways at once", selector.offset)
        free = [key for key in keys if key not in held]
        fixed = [level.value for key in keys if key in held and (level := self.levels.get(key)) is not None]
        if operator != "sum":
            for key in free:
                self.levels[key] = Level(course, target)
            free, rest = free[:0], 0.0
        else:
            rest = target - sum(fixed)
        if rest < -NEAR or (rest > NEAR and not free):
            raise NotInvertibleError(f"its parts cannot add up to {target:g}", selector.offset)
        for key in free:
            self.levels[key] = Level(course, max(0.0, rest))
            rest = 0.0


def _solved_left(node: Binary, target: float, right: float) -> float:
    """What the left side has to be for the whole to be `target`."""
    match node.operator:
        case "+":
            return target - right
        case "-":
            return target + right
        case "*" if right:
            return target / right
        case "/":
            return target * right
        case _:
            raise NotInvertibleError(f"`{node.operator}` cannot be inverted here", node.offset)


def _solved_right(node: Binary, target: float, left: float) -> float:
    """What the right side has to be for the whole to be `target`."""
    match node.operator:
        case "+":
            return target - left
        case "-":
            return left - target
        case "*" if left:
            return target / left
        case "/" if target:
            return left / target
        case _:
            raise NotInvertibleError(f"`{node.operator}` cannot be inverted here", node.offset)


def _selectors(node: Node) -> list[Selector]:
    from harness.languages.promql import selectors

    return list(selectors(node))


def _unaggregated(node: Node) -> Node:
    while isinstance(node, Aggregate):
        node = node.inner
    return node


def _rates(node: Node) -> bool:
    return any(selector.range_seconds for selector in _selectors(node))
