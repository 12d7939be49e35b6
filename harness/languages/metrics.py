"""What is known about the metrics a system exposes: enough to say what an expression over them can and cannot yield."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_DERIVED = {"_bucket": "bucket", "_sum": "sum", "_count": "count"}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as exposed. `labels` maps a label to the values it takes, empty when the set is open.

    `type` is counter, gauge, histogram, summary, or a histogram's part: bucket, sum, count. `complete` is false when it
    may carry labels that are not listed, e.g. when a recording rule makes it.
    """

    name: str
    type: str
    unit: str = ""
    job: str = ""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()
    complete: bool = True

    @property
    def only_grows(self) -> bool:
        """Whether it is a counter, or a part of one."""
        return self.type in ("counter", "bucket", "sum", "count")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every metric there is, by name. `target_labels` are on each series: `job`, `instance`, and what the jobs add."""

    by_name: Mapping[str, Metric]
    target_labels: frozenset[str] = frozenset({"job", "instance"})
    jobs: frozenset[str] = frozenset()

    def find(self, name: str) -> Metric | None:
        """The metric of that name, or the part of a histogram that has it."""
        found = self.by_name.get(name)
        if found:
            return found
        for suffix, part in _DERIVED.items():
            whole = self.by_name.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
            if whole and whole.type in ("histogram", "summary") and (whole.type == "histogram" or part != "bucket"):
                bounds = tuple(f"{bound:g}" for bound in whole.buckets)
                labels = {**whole.labels, "le": (*bounds, "+Inf")} if part == "bucket" else dict(whole.labels)
                return Metric(name, part, whole.unit, whole.job, labels, whole.buckets, whole.complete)
        return None

    def names(self) -> Iterable[str]:
        """Every name that can be asked for, parts of histograms included."""
        for metric in self.by_name.values():
            if metric.type == "histogram":
                yield from (metric.name + suffix for suffix in _DERIVED)
            else:
                yield metric.name


def admitted(values: Iterable[str], op: str, wanted: str) -> tuple[str, ...]:
    """Those of the values that a label matcher lets through."""
    if op in ("=", "!="):
        return tuple(value for value in values if (value == wanted) == (op == "="))
    try:
        pattern = re.compile(wanted)
    except re.error:
        return tuple(values)
    return tuple(value for value in values if bool(pattern.fullmatch(value)) == (op == "=~"))
