"""What is true of the 30-day world: what a panel, a query or a search must show of it. Pure: no server, no file.

    # `fixtures` of settings.read_fixtures; about 3 s, and 4 more for the metrics
    truth = WorldTruth.of(fixtures, seed=1, scale=1_000_000)
    # Unix seconds; the world's "now" is `ends`, not today
    truth.begins, truth.ends, truth.metrics_begin
    # by how much counters rise, restarts left aside; and what Prometheus holds at a scrape
    truth.increase("http_requests_total", begin, end, status_code=re.compile("5.."))
    truth.value("database_pool_connections", at, state="active")
    # log lines with `begin` ≤ @timestamp < `end`; by a field's value; and the _ids that a saved search must find
    truth.count(begin, end, {"field": "statusCode", "at_least": 500})
    truth.groups("route", begin, end, spec)
    truth.search_ids("High Severity Errors", begin, end)

The same world, built: `harness.world` puts the lines through the pipeline into Elasticsearch and the samples into
Prometheus's blocks. Metrics are scraped every 15 s, on the full quarter of a minute; the first sample is 15 s after
`metrics_begin`, the last at `ends`. Between the bounds of a slot (10 min) every counter rises evenly, so `rate()` over
a window within one slot is exactly `increase / seconds`. A logged line stands for `multiplier` of the counted events:

    access = {"field": "kind", "is": "access"}
    truth.increase("http_requests_total", b, e) == truth.multiplier * truth.count(b, e, access)

for `b`, `e` on full slots. `incidents` says when requests failed, which journey's, and their exact share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.errors import UnreadableError
from harness.generators.log_predicate import compile_predicate
from harness.generators.notation import Labels
from harness.generators.story.draw import Drawn, Story
from harness.generators.story.metrics import MetricSeries, series_of
from harness.generators.story.plan import DAY_MS, HOUR_MS, STEP_MS, Incident
from harness.model import Position

Matcher = str | re.Pattern[str]
Spec = Mapping[str, Any]


@dataclass(frozen=True)
class WorldTruth:
    """See the module. Times are Unix seconds; windows are half-open, `begin` included."""

    story: Story
    days: tuple[Drawn, ...]
    fixtures: Mapping[str, Any]

    @classmethod
    def of(cls, fixtures: Mapping[str, Any], seed: int = 1, scale: int | None = None) -> WorldTruth:
        """The truth of a world; `scale` in lines, by default the full one of `fixtures/story.yml`."""
        story = Story.of(fixtures, seed, scale or int(fixtures["story"]["scale"]["full"]))
        return cls(story, tuple(story.day(number) for number in range(story.plan.days)), fixtures)

    # When

    @property
    def begins(self) -> float:
        """When the first line may be."""
        return self.story.plan.begins_ms / 1000

    @property
    def ends(self) -> float:
        """The world's "now": no line and no sample is later (a sample may be at that moment)."""
        return self.story.plan.ends_ms / 1000

    @property
    def metrics_begin(self) -> float:
        """When the counters stand at zero."""
        return self.story.plan.metrics_begin_ms / 1000

    @property
    def slot_seconds(self) -> float:
        """How long a slot is; every incident and every deployment begins and ends with one."""
        return self.story.plan.slot_ms / 1000

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What goes wrong, when (Unix milliseconds), and the exact share of the requests that it takes."""
        return self.story.plan.incidents

    # Logs

    @cached_property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(len(drawn.parts) for drawn in self.days)

    @property
    def multiplier(self) -> int:
        """For how many counted events a logged one stands."""
        return self.story.plan.multiplier(self.lines)

    def count(self, begin: float, end: float, spec: Spec | None = None) -> int:
        """How many lines there are in a window for which a condition holds (`log_predicate`; on `route`, `severity` and
        `tags` too, as the pipeline is specified to set them)."""
        return sum(1 for _ in self._found(begin, end, spec))

    def groups(self, field: str, begin: float, end: float, spec: Spec | None = None) -> Counter[str]:
        """How many of them by the value of a field. Lines without it are left out; each of several tags counts."""
        counted: Counter[str] = Counter()
        for part, times in Counter(part for part, _ in self._found(begin, end, spec)).items():
            value = self.story.chains.records[part].get(field)
            for one in value if isinstance(value, list) else [value] if value is not None else ():
                counted[str(one).lower() if isinstance(one, bool) else str(one)] += times
        return counted

    def values(self, field: str, begin: float, end: float, spec: Spec | None = None) -> list[float]:
        """The numbers that a field of the lines holds, in no order: for an average or a percentile."""
        records = self.story.chains.records
        return [float(records[p][field]) for p, _ in self._found(begin, end, spec) if records[p].get(field) is not None]

    def ids(self, begin: float, end: float, spec: Spec | None = None) -> frozenset[str]:
        """The event ids (also the `_id`s) of those lines."""
        return frozenset(event_id() for _, event_id in self._found(begin, end, spec))

    @property
    def searches(self) -> Mapping[str, Spec]:
        """The saved searches whose truth is known, by title."""
        return dict(self.fixtures["searches"]["searches"])

    def search_count(self, title: str, begin: float, end: float) -> int:
        """How many documents a saved search must find in a window."""
        return self.count(begin, end, self.searches[title])

    def search_ids(self, title: str, begin: float, end: float) -> frozenset[str]:
        """The ids it must find."""
        return self.ids(begin, end, self.searches[title])

    def search_by_hour(self, title: str, begin: float, end: float) -> Counter[int]:
        """How many it must find in each hour, by the hour's beginning (Unix seconds)."""
        hours: Counter[int] = Counter()
        wanted = self.story.chains.matching(compile_predicate(self.searches[title], f"fixtures/searches.yml ({title})"))
        begin_ms, end_ms = round(begin * 1000), round(end * 1000)
        for _, drawn in self._days(begin_ms, end_ms):
            hours.update(
                at // HOUR_MS
                for at, part in zip(drawn.times_ms, drawn.parts, strict=True)
                if wanted[part] and begin_ms <= at < end_ms
            )
        return Counter({hour * 3600: count for hour, count in hours.items()})

    def _days(self, begin_ms: int, end_ms: int) -> Iterator[tuple[int, Drawn]]:
        """The days that have a part of a window, with their numbers."""
        for number, drawn in enumerate(self.days):
            day_begins = self.story.plan.begins_ms + number * DAY_MS
            if day_begins < end_ms and begin_ms < day_begins + DAY_MS:
                yield number, drawn

    def _found(self, begin: float, end: float, spec: Spec | None) -> Iterator[tuple[int, Any]]:
        """The part and the (lazy) id of each line in a window for which a condition holds."""
        holds = compile_predicate(spec, "the condition") if spec else lambda _: True
        wanted = self.story.chains.matching(holds)
        begin_ms, end_ms = round(begin * 1000), round(end * 1000)
        for number, drawn in self._days(begin_ms, end_ms):
            for index, (at, part) in enumerate(zip(drawn.times_ms, drawn.parts, strict=True)):
                if wanted[part] and begin_ms <= at < end_ms:
                    yield part, lambda number=number, index=index: self.story.event_id(number, index)

    # Metrics

    @cached_property
    def series(self) -> tuple[MetricSeries, ...]:
        """Every series in Prometheus."""
        return series_of(self.story, list(self.days), self.fixtures, self.lines)

    def matching(self, name: str, **labels: Matcher) -> tuple[MetricSeries, ...]:
        """The series of a metric whose labels are (or, given a pattern, wholly match) the given ones."""
        return tuple(s for s in self._by_name.get(name, ()) if _matches(dict(s.labels), labels))

    def value(self, name: str, at: float, **labels: Matcher) -> float:
        """The sum of what Prometheus holds of the matching series at the last scrape up to a moment."""
        slot, share = self._place(at, floor=True)
        return sum(s.value(slot, share) for s in self._required(name, labels))

    def increase(self, name: str, begin: float, end: float, **labels: Matcher) -> float:
        """By how much the matching counters rise together in a window, restarts left aside; exact at any moment."""
        first, last = self._place(begin), self._place(end)
        return sum(s.risen(*last) - s.risen(*first) for s in self._required(name, labels))

    def increases(
        self, name: str, by: tuple[str, ...], begin: float, end: float, **labels: Matcher
    ) -> dict[Labels, float]:
        """The same, summed by labels, as `sum by (…)` does."""
        found: dict[Labels, float] = {}
        first, last = self._place(begin), self._place(end)
        for one in self._required(name, labels):
            own = dict(one.labels)
            key = tuple((label, own.get(label, "")) for label in by)
            found[key] = found.get(key, 0.0) + one.risen(*last) - one.risen(*first)
        return found

    @cached_property
    def _by_name(self) -> Mapping[str, list[MetricSeries]]:
        found: dict[str, list[MetricSeries]] = {}
        for one in self.series:
            found.setdefault(one.name, []).append(one)
        return found

    def _required(self, name: str, labels: Mapping[str, Matcher]) -> tuple[MetricSeries, ...]:
        found = self.matching(name, **labels)
        if name not in self._by_name:
            raise UnreadableError(f"the world has no metric {name!r}", at=Position("fixtures/world.yml"))
        return found

    def _place(self, at: float, floor: bool = False) -> tuple[int, float]:
        """The slot that ends with or after a moment, and how much of it has passed, `floor` by the last scrape."""
        plan = self.story.plan
        passed = at * 1000 - plan.metrics_begin_ms
        if floor:
            passed = passed // STEP_MS * STEP_MS
        slots = len(plan.weights) - plan.slots_before_metrics
        if not 0 <= passed <= slots * plan.slot_ms:
            raise ValueError(f"{at} is outside of the world's metrics")
        slot = max(0, -int(-passed // plan.slot_ms) - 1)
        return slot, (passed - slot * plan.slot_ms) / plan.slot_ms


def _matches(own: Mapping[str, str], wanted: Mapping[str, Matcher]) -> bool:
    return all(
        own.get(label, "") == matcher if isinstance(matcher, str) else bool(matcher.fullmatch(own.get(label, "")))
        for label, matcher in wanted.items()
    )
