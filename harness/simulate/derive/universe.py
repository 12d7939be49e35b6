"""The series that an expression looks at, as few as tell its selectors apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.languages.metrics import Metrics
from harness.languages.promql import Aggregate, Binary, Call, Matcher, Negative, Node, Number, Selector, walk
from harness.simulate.derive.witness import fulfils, witness
from harness.simulate.segments import Key

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The buckets of a histogram that nobody describes: those of the client libraries."""


class NotInvertibleError(Exception):
    """Why nothing can be derived from an expression, in a sentence, and where in its text that is."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known besides the expression: the metrics, and each scrape job with the `instance` of its target."""

    metrics: Metrics
    jobs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Universe:
    """The series of an expression. `seen` maps a selector's place in the text to those it selects."""

    seen: Mapping[int, tuple[Key, ...]]
    bounds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def of(self, selector: Selector) -> tuple[Key, ...]:
        """The series a selector selects."""
        return self.seen[selector.offset]

    @property
    def series(self) -> tuple[Key, ...]:
        """Every series, each once."""
        return tuple(dict.fromkeys(key for keys in self.seen.values() for key in keys))


def universe(node: Node, around: Surroundings) -> Universe:
    """Series for every selector of an expression. Raises NotInvertibleError."""
    selectors = [found for found in walk(node) if isinstance(found, Selector)]
    mentioned = _mentioned(node)
    bounds: dict[str, tuple[float, ...]] = {}
    made: dict[Key, None] = {}
    for selector in selectors:
        rivals = [other for other in selectors if other.metric == selector.metric and other is not selector]
        for key in _series(selector, rivals, mentioned, around, bounds):
            made[key] = None
    seen = {s.offset: tuple(key for key in made if _selects(s, key, around)) for s in selectors}
    for selector in selectors:
        if not seen[selector.offset]:
            raise NotInvertibleError(f"no series of {selector.metric} can fulfil its matchers", selector.offset)
    return Universe(seen, bounds)


def _mentioned(node: Node) -> frozenset[str]:
    """The labels that aggregations and joins of the expression name."""
    found: set[str] = set()
    for each in walk(node):
        if isinstance(each, Aggregate) and each.keeps:
            found.update(each.labels)
        elif isinstance(each, Binary):
            found.update(each.included)
            found.update(each.matching or () if each.matches_on else ())
    return frozenset(found - {"le"})


def _series(
    selector: Selector,
    rivals: Sequence[Selector],
    mentioned: frozenset[str],
    around: Surroundings,
    bounds: dict[str, tuple[float, ...]],
) -> list[Key]:
    if not selector.metric or selector.alternatives:
        raise NotInvertibleError("a selector without the name of one metric", selector.offset)
    if selector.metric in ("ALERTS", "ALERTS_FOR_STATE"):
        raise NotInvertibleError("it reads the states of other alerts", selector.offset)
    metric = around.metrics.find(selector.metric)
    job = _job(selector, around)
    names = {m.label for m in selector.matchers} | set(metric.labels if metric else ()) | mentioned
    names -= {"job", "instance", "le"}
    labels: dict[str, str] = {}
    for name in sorted(names):
        mine = _about(selector, name)
        others = [a for rival in rivals if (a := _about(rival, name)) and list(a) != list(mine)]
        known = metric.labels.get(name, ()) if metric else ()
        value = witness(mine, known, others)
        if value is None:
            raise NotInvertibleError(f"no value of {name} fulfils the matchers of {selector.metric}", selector.offset)
        if value:
            labels[name] = value
    plain = tuple(sorted(labels.items()))
    if not selector.metric.endswith("_bucket") and not any(m.label == "le" for m in selector.matchers):
        return [(job, selector.metric, plain)]
    finite = metric.buckets if metric and metric.buckets else BOUNDS
    bounds[selector.metric] = (*finite, math.inf)
    return [
        (job, selector.metric, tuple(sorted((*plain, ("le", bound_text(bound)))))) for bound in bounds[selector.metric]
    ]


def bound_text(bound: float) -> str:
    """A bucket's bound as its label `le` has it."""
    return "+Inf" if math.isinf(bound) else f"{bound:g}"


def _about(selector: Selector, label: str) -> tuple[Matcher, ...]:
    return tuple(matcher for matcher in selector.matchers if matcher.label == label)


def _job(selector: Selector, around: Surroundings) -> str:
    """The scrape job that is to expose the metric: the catalog's if its matchers let it, else the first they let."""
    metric = around.metrics.find(selector.metric)
    preferred = [metric.job] if metric and metric.job in around.jobs else []
    for job in [*preferred, *around.jobs]:
        target = {"job": (job,), "instance": (around.jobs[job],)}
        if all(fulfils(target[m.label][0], [m]) for m in selector.matchers if m.label in target):
            return job
    raise NotInvertibleError(f"no scrape job fulfils the matchers of {selector.metric}", selector.offset)


def _selects(selector: Selector, key: Key, around: Surroundings) -> bool:
    job, name, labels = key
    if name != selector.metric:
        return False
    carried = {**dict(labels), "job": job, "instance": around.jobs.get(job, "")}
    return all(fulfils(carried.get(matcher.label, ""), [matcher]) for matcher in selector.matchers)


def constant(node: Node) -> float | None:
    """The number that an expression of numbers alone is, or None."""
    match node:
        case Number(value=value):
            return value
        case Negative(inner=inner):
            negative = constant(inner)
            return None if negative is None else -negative
        case Call(function="vector" | "scalar", arguments=(inner,)):
            return constant(inner)
        case Binary(operator=operator, left=left, right=right):
            one, other = constant(left), constant(right)
            return None if one is None or other is None else arithmetic(operator, one, other)
        case _:
            return None


def arithmetic(operator: str, left: float, right: float) -> float | None:
    """A sum, difference, product, quotient or power; None for another operator, or a division by zero."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
        case "^":
            return float(left**right)
        case _:
            return None
