"""Counts lines as the backend's instrumentation would: which samples of which series each line adds to.

`counted` of `fixtures/story.yml` says it as data. Nothing that the pipeline, Elasticsearch or Prometheus does has a
part in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.errors import UnreadableError
from harness.generators.log_predicate import compile_predicate
from harness.generators.notation import Labels
from harness.generators.story.plan import AT, FILE

Key = tuple[str, Labels]
Added = tuple[tuple[Key, float], ...]

UNKNOWN = "unknown"
"""The label of a value that the fixture does not name; it shows on a panel, which a dropped line would not."""


def added_by(records: Iterable[Mapping[str, Any]], story: Mapping[str, Any], catalog: Mapping[str, Any]) -> list[Added]:
    """What each of the lines adds to which series. Raises UnreadableError for a metric the catalog does not count."""
    metrics = {metric["name"]: metric for metric in catalog["metrics"]}
    specs = []
    for spec in story["counted"]:
        metric = metrics.get(spec["metric"])
        if metric is None or metric["type"] not in ("counter", "histogram"):
            raise UnreadableError(f"{spec['metric']} is no counter or histogram of the catalog", at=AT)
        specs.append((spec, metric, compile_predicate(spec["of"], f"{FILE} ({spec['metric']})")))
    return [
        tuple(added for spec, metric, holds in specs if holds(record) for added in _added(spec, metric, record))
        for record in records
    ]


def _added(
    spec: Mapping[str, Any], metric: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[tuple[Key, float]]:
    name = metric["name"]
    labels = tuple(sorted((label, _label(source, record)) for label, source in spec["labels"].items()))
    if metric["type"] == "counter":
        yield (name, labels), 1.0
        return
    observed = float(record[spec["value"]]) * float(spec.get("times", 1))
    for bound in [*map(float, metric["buckets"]), math.inf]:
        text = "+Inf" if math.isinf(bound) else f"{bound:g}"
        # A bucket that this line does not fall into is there all the same, at what it was.
        yield (f"{name}_bucket", tuple(sorted((*labels, ("le", text))))), float(observed <= bound)
    yield (f"{name}_sum", labels), observed
    yield (f"{name}_count", labels), 1.0


def _label(source: Any, record: Mapping[str, Any]) -> str:
    if isinstance(source, str):
        return _text(record.get(source))
    if "always" in source:
        return str(source["always"])
    return str(source["is"].get(_text(record.get(source["field"])), UNKNOWN))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return UNKNOWN if value is None else str(value)


def per_slot(parts_by_slot: Iterable[Iterable[int]], added: list[Added], slots: int) -> dict[Key, list[float]]:
    """How much each series rises in each slot, given the numbers of the parts written in it."""
    series: dict[Key, list[float]] = {}
    rises: list[list[tuple[list[float], float]] | None] = [None] * len(added)
    for slot, parts in enumerate(parts_by_slot):
        for part, times in Counter(parts).items():
            found = rises[part]
            if found is None:
                # A series is there once it has been counted at, also with nothing; nothing need not be added again.
                lists = [(series.setdefault(key, [0.0] * slots), amount) for key, amount in added[part]]
                found = rises[part] = [(rising, amount) for rising, amount in lists if amount]
            for rising, amount in found:
                rising[slot] += amount * times
    return series
