"""Prometheus rule files: groups of alerting and recording rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.durations import seconds
from harness.documents.positions import Step, View
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Rule:
    """What alerting and recording rules share. `at` takes the path of a field, e.g. `at("labels", "severity")`."""

    name: str
    group: str
    expr: str
    labels: Mapping[str, str]
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field's value stands; of the nearest thing there is otherwise."""
        return self.view.at(*path)

    def key_at(self, *path: Step) -> Position:
        """Where a field's key stands."""
        return self.view.key_at(*path)

    def inside(self, step: Step | tuple[Step, ...], offset: int, length: int = 1) -> Position:
        """Where characters of a field's text stand, e.g. a token of `expr`."""
        return self.view.inside(step if isinstance(step, tuple) else (step,), offset, length)


@dataclass(frozen=True, slots=True)
class Alert(Rule):
    """An alerting rule. Durations are seconds; None means there is no such field, or no duration in it."""

    duration: float | None = None
    keep_firing: float | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """The label `severity`, or nothing."""
        return self.labels.get("severity", "")


@dataclass(frozen=True, slots=True)
class Recording(Rule):
    """A recording rule; `name` is the metric it records."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rules; `interval` is None when it is the global evaluation interval."""

    name: str
    interval: float | None
    rules: tuple[Alert | Recording, ...]
    view: View = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Rules(Document):
    """A Prometheus rule file."""

    groups: tuple[Group, ...] = ()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alerting rule, in file order."""
        return tuple(rule for group in self.groups for rule in group.rules if isinstance(rule, Alert))

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Every recording rule, in file order."""
        return tuple(rule for group in self.groups for rule in group.rules if isinstance(rule, Recording))

    @property
    def rules(self) -> tuple[Alert | Recording, ...]:
        """Every rule, in file order."""
        return tuple(rule for group in self.groups for rule in group.rules)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A mapping whose `groups` hold rules with `alert` or `record`, or a file named `*rules*` with `groups`."""
        if source.path.suffix not in (".yml", ".yaml", ".rules") or not source.has("groups"):
            return False
        groups = source.value["groups"]
        rules = [
            rule
            for group in (groups if isinstance(groups, list) else ())
            if isinstance(group, dict)
            for rule in (group["rules"] if isinstance(group.get("rules"), list) else ())
            if isinstance(rule, dict)
        ]
        grafana = any("data" in rule and "expr" not in rule for rule in rules)
        telling = any("alert" in rule or "record" in rule for rule in rules)
        return not grafana and (telling or source.named("*rule*", "*alert*") or _only_groups(source.value))

    @classmethod
    def read(cls, source: Source) -> Rules:
        """Read groups and rules."""
        groups = tuple(_group(view) for view in source.tree.view.mappings("groups"))
        return cls(source.file, source.tree, groups)


def _only_groups(value: dict[str, object]) -> bool:
    """Whether there is nothing but groups, each with nothing but what a group of rules has."""
    groups = value["groups"]
    known = {"name", "rules", "interval", "limit", "query_offset", "partial_response_strategy"}
    if set(value) != {"groups"} or not isinstance(groups, list) or not groups:
        return False
    return all(isinstance(group, dict) and "name" in group and set(group) <= known for group in groups)


def _group(view: View) -> Group:
    name = view.text("name")
    if "name" not in view.value:
        view.tree.complain(view.at(), "a group without `name`")
    rules = tuple(rule for item in view.mappings("rules") if (rule := _rule(item, name)) is not None)
    return Group(name, _duration(view, "interval"), rules, view)


def _rule(view: View, group: str) -> Alert | Recording | None:
    expr, labels = view.text("expr"), view.labels("labels")
    if not expr.strip():
        view.tree.complain(view.at(), "a rule without `expr`")
    if "alert" in view.value:
        annotations = view.labels("annotations")
        held, kept = _duration(view, "for"), _duration(view, "keep_firing_for")
        return Alert(view.text("alert"), group, expr, labels, view, held, kept, annotations)
    if "record" in view.value:
        return Recording(view.text("record"), group, expr, labels, view)
    view.tree.complain(view.at(), "a rule with neither `alert` nor `record`")
    return None


def _duration(view: View, step: str) -> float | None:
    text = view.text(step)
    value = seconds(text) if text else None
    if text and value is None:
        view.tree.complain(view.at(step), f"`{step}` is no duration: {text!r}", "Write it like 30s, 5m or 1h30m.")
    return value
