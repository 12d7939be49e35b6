"""What relabelling does to the labels of a scrape job's series, as far as the configuration alone tells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.documents.matchers import compiled
from harness.documents.positions import View
from harness.languages.metrics import Metric

_WRITES = ("replace", "hashmod", "lowercase", "uppercase")


@dataclass(frozen=True, slots=True)
class Relabelling:
    """Labels that are written, patterns of labels dropped or kept, and whether others may appear (`labelmap`)."""

    written: frozenset[str] = frozenset()
    dropped: tuple[re.Pattern[str], ...] = ()
    kept: tuple[re.Pattern[str], ...] = ()
    open: bool = False
    on_metrics: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, job: View) -> Relabelling:
        """Read both lists of a scrape job."""
        written: set[str] = set()
        on_metrics: set[str] = set()
        patterns: dict[str, list[re.Pattern[str]]] = {"labeldrop": [], "labelkeep": []}
        unknown = False
        for step in ("relabel_configs", "metric_relabel_configs"):
            for rule in job.mappings(step):
                action = rule.text("action", "replace").lower()
                target = rule.text("target_label")
                if action in patterns:
                    pattern = compiled(rule.text("regex", "(.*)"))
                    unknown = unknown or pattern is None
                    patterns[action].extend([pattern] if pattern else [])
                elif action in _WRITES and "$" not in target:
                    (on_metrics if step.startswith("metric") else written).add(target)
                elif action not in ("keep", "drop", "keepequal", "dropequal"):
                    unknown = True
        named = frozenset(label for label in written if not label.startswith("__"))
        dropped, kept = tuple(patterns["labeldrop"]), tuple(patterns["labelkeep"])
        return cls(named, dropped, kept, unknown or "__name__" in on_metrics, frozenset(on_metrics))

    def applied(self, metric: Metric) -> Metric:
        """The metric as it is stored: labels dropped, and the values of rewritten ones no longer known."""
        labels = {
            name: () if name in self.on_metrics or name in self.written else values
            for name, values in metric.labels.items()
            if not any(pattern.fullmatch(name) for pattern in self.dropped)
            and (not self.kept or any(pattern.fullmatch(name) for pattern in self.kept))
        }
        labels.update({name: () for name in self.on_metrics if not name.startswith("__")})
        complete = metric.complete and not self.open
        return Metric(metric.name, metric.type, metric.unit, metric.job, labels, metric.buckets, complete)
