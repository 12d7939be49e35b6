"""The options every filter has: add_field, remove_field, add_tag, remove_tag, applied in this order on success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.languages.logstash.event import Event
from harness.languages.logstash.field import exists, getter, remover, setter
from harness.languages.logstash.sprintf import is_dynamic, render, template, text_of

Step = Callable[[Event], None]


def decorator(options: dict[str, Any]) -> Step:
    """One function that applies what the options ask for; with none of them it does nothing."""
    steps: list[Step] = []
    for name, values in options["add_field"].items():
        steps.extend(_add_field(name, text_of(value)) for value in (values if isinstance(values, list) else [values]))
    steps.extend(_remove_fields([str(name) for name in options["remove_field"]]))
    if options["add_tag"]:
        steps.append(_add_tags([text_of(tag) for tag in options["add_tag"]]))
    if options["remove_tag"]:
        steps.append(_remove_tags([text_of(tag) for tag in options["remove_tag"]]))
    if not steps:
        return _nothing
    if len(steps) == 1:
        return steps[0]

    def apply(event: Event) -> None:
        for step in steps:
            step(event)

    return apply


def _nothing(event: Event) -> None:
    """Most filters carry none of the options."""


def _add_field(name: str, value: str) -> Step:
    write_value = template(value)

    def add(event: Event, reference: str) -> None:
        text = write_value(event)
        if exists(reference)(event):
            present = getter(reference)(event)
            setter(reference)(event, [*present, text] if isinstance(present, list) else [present, text])
        else:
            setter(reference)(event, text)

    if is_dynamic(name):
        write_name = template(name)
        return lambda event: add(event, write_name(event))
    if "[" in name or name.startswith("@"):
        setter(name)
        return lambda event: add(event, name)

    def add_plain(event: Event) -> None:
        if name in event:
            add(event, name)
        else:
            event[name] = write_value(event)

    return add_plain


def _remove_fields(names: list[str]) -> list[Step]:
    """One step for all the fields at the top of the event, which is the usual case, otherwise one each."""
    if len(names) == 1 or any("[" in name or name.startswith("@") or is_dynamic(name) for name in names):
        return [_remove_field(name) for name in names]

    def remove(event: Event) -> None:
        for name in names:
            if name in event:
                del event[name]

    return [remove]


def _remove_field(name: str) -> Step:
    if is_dynamic(name):
        return lambda event: _drop(remover(render(name, event))(event))
    remove = remover(name)
    return lambda event: _drop(remove(event))


def _drop(value: object) -> None:
    """A step returns nothing."""


def _add_tags(tags: list[str]) -> Step:
    static = not any(is_dynamic(tag) for tag in tags)

    def add(event: Event) -> None:
        new = tags if static else [render(tag, event) for tag in tags]
        present = event.get("tags")
        # Unlike a filter's failure tag, add_tag repeats a tag the event already carries.
        event["tags"] = [*_as_list(present), *new]

    return add


def _remove_tags(tags: list[str]) -> Step:
    def remove(event: Event) -> None:
        present = event.get("tags")
        if present is None:
            return
        gone = {render(tag, event) for tag in tags}
        event["tags"] = [tag for tag in _as_list(present) if not isinstance(tag, str) or tag not in gone]

    return remove


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
