"""Alertmanager's configuration: the route tree, receivers, inhibition and time intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.durations import seconds
from harness.documents.matchers import Matcher, parse_matchers
from harness.documents.positions import Step, View
from harness.errors import UnreadableError
from harness.model import Position

_DEFAULTS = {"group_wait": 30.0, "group_interval": 300.0, "repeat_interval": 14400.0}


@dataclass(frozen=True, slots=True)
class Integration:
    """One way a receiver notifies: `kind` is slack, email, pagerduty, webhook, …"""

    kind: str
    view: View = field(repr=False, compare=False)

    @property
    def channel(self) -> str:
        """What a person would see: `slack #alerts-critical`, `email`, `pagerduty`."""
        return f"slack {self.view.text('channel')}".strip() if self.kind == "slack" else self.kind


@dataclass(frozen=True, slots=True)
class Receiver:
    """A named set of integrations."""

    name: str
    integrations: tuple[Integration, ...]
    view: View = field(repr=False, compare=False)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it reaches, in file order."""
        return tuple(integration.channel for integration in self.integrations)


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the route tree. Receiver, grouping and waits are the effective ones: inherited where not set here.

    A wait is None when its text is no duration, e.g. a placeholder.
    """

    receiver: str
    matchers: tuple[Matcher, ...]
    goes_on: bool
    group_by: tuple[str, ...]
    group_wait: float | None
    group_interval: float | None
    repeat_interval: float | None
    muted_in: tuple[str, ...]
    active_in: tuple[str, ...]
    routes: tuple[Route, ...]
    view: View = field(repr=False, compare=False)
    depth: int = 0

    def at(self, *path: Step) -> Position:
        """Where a field's value stands; the route itself when it is inherited."""
        return self.view.at(*path)

    @property
    def receiver_position(self) -> Position:
        """Where the receiver is named; the route's own place when it is inherited."""
        return self.view.at("receiver")

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether every matcher holds."""
        plain = dict(labels)
        return all(matcher.matches(plain) for matcher in self.matchers)

    def destinations(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """The routes an alert with these labels ends in, as the dispatcher walks: depth first, honouring `continue`."""
        if not self.matches(labels):
            return ()
        found: list[Route] = []
        for route in self.routes:
            reached = route.destinations(labels)
            found.extend(reached)
            if reached and not route.goes_on:
                break
        return tuple(found) or (self,)

    def walk(self) -> Iterator[Route]:
        """This route and all below it, in file order."""
        yield self
        for route in self.routes:
            yield from route.walk()


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """While an alert matches the sources, those that match the targets and agree on `equal` are muted."""

    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]
    equal: tuple[str, ...]
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field's value stands."""
        return self.view.at(*path)


@dataclass(frozen=True, slots=True)
class Alertmanager(Document):
    """An Alertmanager configuration; `route` is None when it has none, which is an error of its own."""

    route: Route | None = None
    receivers: tuple[Receiver, ...] = ()
    inhibit_rules: tuple[InhibitRule, ...] = ()
    templates: tuple[tuple[str, Position], ...] = ()
    time_intervals: Mapping[str, View] = field(default_factory=dict)

    def receiver(self, name: str) -> Receiver | None:
        """The receiver of that name."""
        return next((receiver for receiver in self.receivers if receiver.name == name), None)

    def destinations(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """The routes an alert with these labels ends in."""
        return self.route.destinations(labels) if self.route else ()

    def channels(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The channels an alert with these labels reaches, each once."""
        receivers = (self.receiver(route.receiver) for route in self.destinations(labels))
        found = (channel for receiver in receivers if receiver for channel in receiver.channels)
        return tuple(dict.fromkeys(found))

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A mapping with a list of `receivers`, or a `route` mapping beside what else only Alertmanager has."""
        if source.path.suffix not in (".yml", ".yaml") or not isinstance(source.value, dict):
            return False
        listed = isinstance(source.value.get("receivers"), list)
        routed = isinstance(source.value.get("route"), dict)
        if listed and (routed or source.named("*alertmanager*")):
            return True
        named = source.named("*alertmanager*.y*ml", "alertmanager/*.y*ml")
        return named and source.has("route", "receivers", "inhibit_rules")

    @classmethod
    def read(cls, source: Source) -> Alertmanager:
        """Read routes, receivers, inhibition, templates and time intervals."""
        view = source.tree.view
        root = view["route"]
        intervals = {
            item.text("name"): item
            for step in ("time_intervals", "mute_time_intervals")
            for item in view.mappings(step)
        }
        return cls(
            source.file,
            source.tree,
            _route(root, None) if isinstance(root.value, dict) else None,
            tuple(_receiver(item) for item in view.mappings("receivers")),
            tuple(_inhibit_rule(item) for item in view.mappings("inhibit_rules")),
            tuple((item, view["templates"].at(index)) for index, item in enumerate(view.texts("templates"))),
            intervals,
        )


def _receiver(view: View) -> Receiver:
    integrations = tuple(
        Integration(key.removesuffix("_configs"), item)
        for key in view.value
        if str(key).endswith("_configs")
        for item in view.mappings(key)
    )
    return Receiver(view.text("name"), integrations, view)


def _route(view: View, parent: Route | None) -> Route:
    def wait(step: str) -> float | None:
        text = view.text(step)
        if text:
            return seconds(text)
        return getattr(parent, step) if parent else _DEFAULTS[step]

    depth = parent.depth + 1 if parent else 0
    matchers = _matchers(view, "matchers") + _mapped(view, "match", "=") + _mapped(view, "match_re", "=~")
    here = Route(
        receiver=view.text("receiver") or (parent.receiver if parent else ""),
        matchers=matchers,
        goes_on=view["continue"].value is True,
        group_by=view.texts("group_by") if view["group_by"] else (parent.group_by if parent else ()),
        group_wait=wait("group_wait"),
        group_interval=wait("group_interval"),
        repeat_interval=wait("repeat_interval"),
        muted_in=view.texts("mute_time_intervals"),
        active_in=view.texts("active_time_intervals"),
        routes=(),
        view=view,
        depth=depth,
    )
    if depth > 50:
        return here
    children = tuple(_route(item, here) for item in view.mappings("routes"))
    object.__setattr__(here, "routes", children)
    return here


def _inhibit_rule(view: View) -> InhibitRule:
    sides = [
        _matchers(view, f"{side}_matchers")
        + _mapped(view, f"{side}_match", "=")
        + _mapped(view, f"{side}_match_re", "=~")
        for side in ("source", "target")
    ]
    return InhibitRule(sides[0], sides[1], view.texts("equal"), view)


def _matchers(view: View, step: str) -> tuple[Matcher, ...]:
    found: list[Matcher] = []
    value = view[step].value
    texts = [(value, view.at(step))] if isinstance(value, str) else []
    texts = texts or [(item.value, item.at()) for item in view.items(step)]
    for text, position in texts:
        try:
            found.extend(parse_matchers(str(text), position))
        except UnreadableError as error:
            view.tree.complaints.append(error)
            # What it would match nobody knows; certainly not everything.
            found.append(Matcher("", "=", str(text), position))
    return tuple(found)


def _mapped(view: View, step: str, op: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(label, op, view[step].text(label), item.at()) for label, item in view.entries(step).items())
