"""What a panel must show, told from the world and not from its query: `fixtures/panels.yml` says what a panel is
about in plain words (`rate`, `level`, `part`, `quantile`, …), and this works out the figures from the ground.

Prometheus samples every 15 s, so what it answers for a moment may rest on a sample as old as that. Each figure is
therefore worked out for several phases of the sampling, and what it may be lies between the least and the most of them.
While nothing changes they are one and the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.errors import UnreadableError
from harness.generators.ground import Course, Ground
from harness.model import Position

FILE = "fixtures/panels.yml"
SCRAPE_SECONDS = 15.0
_HALF = SCRAPE_SECONDS / 2
_PHASES = ((0.0, 0.0), (0.0, SCRAPE_SECONDS), (SCRAPE_SECONDS, 0.0), (SCRAPE_SECONDS, SCRAPE_SECONDS), (_HALF, _HALF))
"""How long after a window's beginning its first sample may be, and how long before its end the last."""

_ALIKE = 1.04
"""Of two figures this close, either may be shown as the larger one: each may be off by half of it."""
_EXTRAPOLATED = 0.03
"""By what share of all observations the count of one bucket may be extrapolated otherwise than that of the next:
Prometheus does not extrapolate a counter below zero, and the lower buckets of what happens rarely are near it."""

Group = tuple[tuple[str, str], ...]
Figures = Mapping[Group, float]


@dataclass(frozen=True, slots=True)
class Band:
    """Between what a figure may lie at a moment; NaN when it is a ratio or a quantile of nothing.

    `maybe_nothing`: under some phase of the sampling it is of nothing, under another it is not.
    """

    low: float
    high: float
    maybe_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at: the window of a rate and the range shown, in seconds, and the choices (label → values).

    `alerts` are the labels of the alerts that the rule manager itself says are active, `alertstate` among them.
    """

    window: float
    shown: float
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    alerts: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment under one phase of the sampling."""

    at: float
    first: float
    last: float


class Shows:
    """One query's entry in `fixtures/panels.yml`. Raises UnreadableError for one that makes no sense."""

    def __init__(self, spec: Mapping[str, Any], where: str) -> None:
        self.spec = spec
        self._where = where
        self._by = tuple(spec.get("by") or ())
        kinds = [kind for kind in _KINDS if kind in spec]
        if len(kinds) != 1:
            hint = f"One of: {', '.join(_KINDS)}."
            raise UnreadableError(f"{where}: says {' and '.join(kinds) or 'nothing'}", at=Position(FILE), hint=hint)
        self._kind = kinds[0]
        self._found: dict[Any, list[tuple[Group, Course]]] = {}

    def name(self, group: Group) -> str:
        """What the series of a group is called on the panel."""
        template = str(self.spec.get("name") or " ".join(f"{{{label}}}" for label in self._by))
        return template.format_map({label: value for label, value in group})

    def bands(self, ground: Ground, asked: Asked, moment: float) -> dict[Group, Band]:
        """Every group's figure at a moment."""
        found: dict[Group, list[float]] = {}
        for first, last in _PHASES:
            for group, value in _KINDS[self._kind](self, ground, asked, _Moment(moment, first, last)).items():
                found.setdefault(group, []).append(value)
        bands = {group: _band(values) for group, values in found.items()}
        if self.spec.get("each_bucket"):
            room = _EXTRAPOLATED * sum(band.high for band in bands.values())
            bands = {group: Band(band.low - room, band.high + room) for group, band in bands.items()}
        return {group: band for group, band in bands.items() if not _at_most(band, self.spec.get("above"))}

    @property
    def within(self) -> Band | None:
        """The bounds of a figure that is not known."""
        given = self.spec.get("within")
        return Band(float(given[0]), float(given[1])) if given else None

    @property
    def whole_range(self) -> bool:
        """Whether it is about all of the range shown."""
        return "increase" in self.spec and not self.spec.get("per_interval")

    @property
    def counts(self) -> bool:
        """Whether it rests on what a counter gained in a window."""
        return not {"level", "over", "is", "alerts", "within"} & set(self.spec)

    @property
    def only_live(self) -> bool:
        """Whether it is about what a running stack does, and not about the metrics of the world."""
        return bool({"alerts", "is", "within"} & set(self.spec))

    def window(self, asked: Asked) -> float:
        """How far back a figure reaches, in seconds."""
        return asked.shown if self.whole_range else asked.window

    def figures(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """Rates, increases and levels, added up by group."""
        metric = str(self.spec.get("rate") or self.spec.get("increase") or self.spec.get("level"))
        found = self._summed(ground, metric, asked, moment, self._by, self.spec.get("where") or {})
        return _each_bucket(found) if self.spec.get("each_bucket") else found

    def parts(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """The share of a whole that meets a further condition, or, with `over`, of another metric."""
        where = self.spec.get("where") or {}
        if "over" in self.spec:
            part = self._summed(ground, str(self.spec["part"]), asked, moment, self._by, where)
            whole = self._summed(ground, str(self.spec["over"]), asked, moment, self._by, {})
        else:
            metric, narrowed = str(self.spec["of"]), {**where, **self.spec["part"]}
            part = self._summed(ground, metric, asked, moment, self._by, narrowed)
            whole = self._summed(ground, metric, asked, moment, self._by, where)
        rest = bool(self.spec.get("rest"))
        shares = {g: part.get(g, 0.0) / total if total else math.nan for g, total in whole.items()}
        return {g: 1 - share if rest else share for g, share in shares.items()}

    def means(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """The mean over the series, or what is left of one."""
        measured = self._measuring(asked, moment, ground.begins)
        members = self._members(ground, str(self.spec["mean"]), asked, (), self.spec.get("where") or {})
        of = [value for _, course in members if (value := measured(course)) is not None]
        value = sum(of) / len(of) if of else math.nan
        return {(): 1 - value if self.spec.get("rest") else value}

    def quantiles(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """The quantile of a histogram: the point within its bucket at which that share of the observations lies
        below."""
        where, by = self.spec.get("where") or {}, (*self._by, "le")
        buckets = self._summed(ground, f"{self.spec['of']}_bucket", asked, moment, by, where)
        groups: dict[Group, list[tuple[float, float]]] = {}
        for labels, count in buckets.items():
            bound = float(dict(labels)["le"].replace("+Inf", "inf"))
            groups.setdefault(tuple(one for one in labels if one[0] != "le"), []).append((bound, count))
        q = float(self.spec["quantile"])
        return {group: quantile_of(q, sorted(found)) for group, found in groups.items()}

    def bounds(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """Nothing: what lies between bounds has no figure."""
        return {}

    def constants(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """A figure that the scenario itself says."""
        return {(): float(self.spec["is"])}

    def alerts(self, ground: Ground, asked: Asked, moment: _Moment) -> Figures:
        """How many alerts there are, or, grouped, a one for each."""
        wanted = self.spec["alerts"] or {}
        held = [a for a in asked.alerts if _holds(a, wanted) and _meets(a, self._choices(asked))]
        if not self._by:
            return {(): float(len(held))}
        return {tuple((label, one.get(label, "")) for label in self._by): 1.0 for one in held}

    def _choices(self, asked: Asked) -> Mapping[str, Sequence[str]]:
        return {label: asked.choices[label] for label in self.spec.get("choice") or () if label in asked.choices}

    def _members(
        self, ground: Ground, metric: str, asked: Asked, by: tuple[str, ...], where: Mapping[str, Any]
    ) -> list[tuple[Group, Course]]:
        """The series it is about, each with the group it belongs to."""
        choices = self._choices(asked)
        chosen = tuple((label, tuple(values)) for label, values in choices.items())
        key = (id(ground), metric, by, repr(where), chosen)
        if key not in self._found:
            self._found[key] = [
                (tuple((label, course.labels.get(label, "")) for label in by), course)
                for course in ground.courses(metric)
                if _meets(course.labels, choices) and _holds(course.labels, where)
            ]
        return self._found[key]

    def _summed(
        self,
        ground: Ground,
        metric: str,
        asked: Asked,
        moment: _Moment,
        by: tuple[str, ...],
        where: Mapping[str, Any],
    ) -> dict[Group, float]:
        totals: dict[Group, float] = {}
        measured = self._measuring(asked, moment, ground.begins)
        for group, course in self._members(ground, metric, asked, by, where):
            value = measured(course)
            if value is not None:
                totals[group] = totals.get(group, 0.0) + value
        times = float(self.spec.get("times", 1))
        return {group: total * times for group, total in totals.items()}

    def _measuring(self, asked: Asked, moment: _Moment, begins: float) -> Callable[[Course], float | None]:
        """How a series is measured: its level, or what it gained in the window, per second unless an increase is meant.

        The measure of a series that is not there is None.
        """
        end = moment.at - moment.last
        if "level" in self.spec or "over" in self.spec:
            return lambda course: course.at(end)
        window = self.window(asked)
        reach = min(window, moment.at - begins)
        start = moment.at - reach + moment.first
        if end <= start:
            return lambda course: None
        factor = reach / (end - start) / (1 if "increase" in self.spec else window)

        def gained(course: Course) -> float | None:
            before, after = course.at(start), course.at(end)
            return None if before is None or after is None else (after - before) * factor

        return gained


def quantile_of(q: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The q-quantile of cumulative counts by upper bound, the observations of a bucket spread evenly over it.

    In the bucket without an end it is that bucket's lower bound. NaN when nothing was observed.
    """
    total = buckets[-1][1] if buckets else 0.0
    if not total > 0:
        return math.nan
    rank = q * total
    for (lower, below), (upper, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= rank:
            return lower if math.isinf(upper) else lower + (upper - lower) * (rank - below) / (count - below)
    return math.nan


def largest(count: int, bands: Mapping[Group, Band]) -> tuple[set[Group], set[Group]]:
    """Of the groups, those that must be among the largest, and those that may be."""
    known = {group: band for group, band in bands.items() if not math.isnan(band.low)}
    if len(known) <= count:
        return set(known), set(bands)  # what is no number fills up the rest
    surely = sorted((band.low for band in known.values()), reverse=True)[count - 1]
    may = {group for group, band in known.items() if band.high * _ALIKE >= surely}
    return {group for group in may if sum(b.high * _ALIKE >= known[group].low for b in known.values()) <= count}, may


def _each_bucket(cumulative: Mapping[Group, float]) -> Figures:
    """What fell into each bucket itself, as a heatmap draws it."""
    ordered = sorted(cumulative, key=lambda group: float(dict(group)["le"].replace("+Inf", "inf")))
    counts = [0.0, *(cumulative[group] for group in ordered)]
    return {group: after - before for group, (before, after) in zip(ordered, pairwise(counts), strict=True)}


def _band(values: Iterable[float]) -> Band:
    every = list(values)
    numbers = [value for value in every if not math.isnan(value)]
    some = len(numbers) < len(every)
    return Band(min(numbers), max(numbers), some) if numbers else Band(math.nan, math.nan, True)


def _at_most(band: Band, above: float | None) -> bool:
    return above is not None and not band.high > above


def _meets(labels: Mapping[str, str], choices: Mapping[str, Sequence[str]]) -> bool:
    return all(labels.get(label) in values for label, values in choices.items())


def _holds(labels: Mapping[str, str], where: Mapping[str, Any]) -> bool:
    return all(_is(labels.get(label, ""), wanted) for label, wanted in where.items())


def _is(value: str, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return value.startswith(tuple(wanted["starts"])) if "starts" in wanted else value not in wanted["none_of"]
    return value in map(str, wanted) if isinstance(wanted, list) else value == str(wanted)


_KINDS: Mapping[str, Callable[[Shows, Ground, Asked, _Moment], Figures]] = {
    "rate": Shows.figures,
    "increase": Shows.figures,
    "level": Shows.figures,
    "part": Shows.parts,
    "mean": Shows.means,
    "quantile": Shows.quantiles,
    "is": Shows.constants,
    "within": Shows.bounds,
    "alerts": Shows.alerts,
}
