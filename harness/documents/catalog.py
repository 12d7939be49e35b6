"""The catalog (`fixtures/catalog.yml`): every metric and log field the application emits, to check against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.contracts import Documents
from harness.documents.prometheus import Prometheus
from harness.documents.relabelling import Relabelling
from harness.documents.rules import Rules
from harness.languages.metrics import Metric, Metrics

ADDED_BY_PROMETHEUS = ("up", "ALERTS", "ALERTS_FOR_STATE")


@dataclass(frozen=True, slots=True)
class LogField:
    """A log field: its Elasticsearch type, which kinds of line carry it, and whether it may be stored at all."""

    name: str
    type: str
    kinds: tuple[str, ...]
    phi: bool
    indexed: bool
    from_backend: bool


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the application emits."""

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    fields: Mapping[str, LogField] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, fixtures: Mapping[str, Any]) -> Catalog | None:
        """The catalog among the fixtures; None when there is none, e.g. for a stack that is not ours."""
        raw = fixtures.get("catalog")
        if not isinstance(raw, dict):
            return None
        kinds = tuple(raw.get("kinds") or ())
        metrics = {m["name"]: _metric(m) for m in raw.get("metrics") or ()}
        fields = {f["name"]: _field(f, kinds) for f in raw.get("fields") or ()}
        return cls(metrics, fields, kinds)


def _metric(raw: Mapping[str, Any]) -> Metric:
    labels = {name: tuple(str(v) for v in values or ()) for name, values in (raw.get("labels") or {}).items()}
    # Prometheus's own metrics about alerts carry whatever labels the alerts do.
    complete = not raw["name"].startswith("ALERTS")
    return Metric(
        raw["name"],
        raw.get("type", ""),
        raw.get("unit", ""),
        raw.get("job", ""),
        labels,
        tuple(float(bound) for bound in raw.get("buckets") or ()),
        complete,
    )


def _field(raw: Mapping[str, Any], every_kind: tuple[str, ...]) -> LogField:
    kinds = raw.get("kinds", "*")
    return LogField(
        raw["name"],
        raw.get("type", ""),
        every_kind if kinds == "*" else tuple(kinds),
        bool(raw.get("phi")),
        raw.get("indexed") is not False,
        raw.get("from") == "backend",
    )


_last: tuple[Documents, Mapping[str, Any], Metrics] | None = None


def known_metrics(documents: Documents, fixtures: Mapping[str, Any]) -> Metrics:
    """Every metric an expression can ask for: the catalog's, Prometheus's own, and what recording rules make.

    The last answer is kept: every check asks for it again, for the same configuration.
    """
    global _last
    if _last is None or _last[0] is not documents or _last[1] is not fixtures:
        _last = (documents, fixtures, _known_metrics(documents, fixtures))
    return _last[2]


def _known_metrics(documents: Documents, fixtures: Mapping[str, Any]) -> Metrics:
    catalog = Catalog.of(fixtures)
    known: dict[str, Metric] = dict(catalog.metrics) if catalog else {}
    for rules in documents.of(Rules):
        for recording in rules.recordings:
            known.setdefault(recording.name, Metric(recording.name, "recorded", complete=False))
    targets = {"job", "instance"}
    relabellings: dict[str, Relabelling] = {}
    for prometheus in documents.of(Prometheus):
        for job in prometheus.jobs:
            relabelling = relabellings[job.name] = Relabelling.of(job.view)
            targets.update(relabelling.written)
            for target in job.targets:
                targets.update(target.labels)
    stored = {name: _stored(metric, relabellings) for name, metric in known.items()}
    return Metrics(stored, frozenset(targets), frozenset(relabellings))


def _stored(metric: Metric, relabellings: Mapping[str, Relabelling]) -> Metric:
    """A metric of every job is subject to each job's relabelling; it may carry what any of them adds."""
    own = relabellings.get(metric.job)
    if own is not None:
        return own.applied(metric)
    if any(relabelling.open for relabelling in relabellings.values()) and metric.job in ("*", ""):
        return Metric(metric.name, metric.type, metric.unit, metric.job, metric.labels, metric.buckets, False)
    return metric
