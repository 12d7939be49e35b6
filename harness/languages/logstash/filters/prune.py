"""The prune filter: removes fields by their names or values. It looks at the fields at the top of an event only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.languages.logstash.event import REGEX_SECONDS, Apply, Event, EventError
from harness.languages.logstash.field import remover
from harness.languages.logstash.onigmo import Pattern, PatternSyntaxError, compiled
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.ruby import to_s
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import render, text_of

OPTIONS: Options = {
    "blacklist_names": Option("array", [r"%\{[^}]+\}"]),
    "blacklist_values": Option("hash", {}),
    "interpolate": Option("boolean", False),
    "whitelist_names": Option("array", []),
    "whitelist_values": Option("hash", {}),
}

_KNOWN_NAMES = 10_000

Patterns = Callable[[str, Event], Pattern]


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    find = _patterns(settings)
    unwanted = _unwanted(settings, find)
    values = [
        (text_of(key), text_of(pattern), keep)
        for option, keep in (("whitelist_values", True), ("blacklist_values", False))
        for key, pattern in settings[option].items()
    ]
    interpolate, matched = settings["interpolate"], settings.matched

    def apply(event: Event) -> None:
        gone = unwanted(event)
        left: dict[str, Any] = {}
        for key, text, keep in values:
            name = render(key, event) if interpolate else key
            if event.get(name) is not None:
                _by_value(event, name, find(text, event), keep, gone, left)
        if left:
            event.update(left)
        for name in gone:
            remover(name)(event) if "[" not in name else event.pop(name, None)
        matched(event)

    return apply


def _unwanted(settings: Settings, find: Patterns) -> Callable[[Event], set[str]]:
    """A function that gives the fields whose names are against them. Names recur, so each is looked at once."""
    white_names = [text_of(name) for name in settings["whitelist_names"]]
    black_names = [text_of(name) for name in settings["blacklist_names"]]

    def goes(name: str, event: Event) -> bool:
        if white_names and not any(find(text, event).search(name, timeout=REGEX_SECONDS) for text in white_names):
            return True
        return any(find(text, event).search(name, timeout=REGEX_SECONDS) for text in black_names)

    if settings["interpolate"]:
        return lambda event: {name for name in event if name != "@metadata" and goes(name, event)}
    verdicts: dict[str, bool] = {"@metadata": False}

    def unwanted(event: Event) -> set[str]:
        try:
            return {name for name in event if verdicts[name]}
        except KeyError:
            if len(verdicts) > _KNOWN_NAMES:
                verdicts.clear()
                verdicts["@metadata"] = False
            verdicts.update((name, goes(name, event)) for name in event if name not in verdicts)
            return {name for name in event if verdicts[name]}

    return unwanted


def _by_value(event: Event, name: str, pattern: Pattern, keep: bool, gone: set[str], left: dict[str, Any]) -> None:
    """Note a field whose value is to go, or the items that are left of its array."""
    value = event[name]
    if not isinstance(value, list):
        if bool(pattern.search(to_s(value), timeout=REGEX_SECONDS)) != keep:
            gone.add(name)
        return
    present = left.get(name, value)
    items = [item for item in present if bool(pattern.search(to_s(item), timeout=REGEX_SECONDS)) == keep]
    if not items and present:
        gone.add(name)
    else:
        left[name] = items


def _patterns(settings: Settings) -> Patterns:
    """Patterns are compiled when the pipeline is loaded, or with `interpolate` for each event."""
    if settings["interpolate"]:

        def interpolated(text: str, event: Event) -> Pattern:
            try:
                return compiled(render(text, event))
            except PatternSyntaxError as error:
                raise EventError(str(error)) from error

        return interpolated
    known: dict[str, Pattern] = {}
    for option in ("whitelist_names", "blacklist_names", "whitelist_values", "blacklist_values"):
        given = settings[option]
        for text in given.values() if isinstance(given, dict) else given:
            try:
                known[text_of(text)] = compiled(text_of(text))
            except PatternSyntaxError as error:
                settings.refuse(option, str(error))
    return lambda text, event: known[text]
