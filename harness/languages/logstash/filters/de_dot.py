"""The de_dot filter: takes the dots out of field names, or makes fields below fields of them."""

from __future__ import annotations

from typing import Any

from harness.languages.logstash.event import Apply, Event, EventError
from harness.languages.logstash.field import get, put, remover
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "fields": Option("array"),
    "nested": Option("boolean", False),
    "recursive": Option("boolean", False),
    "separator": Option("string", "_"),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    separator = "][" if settings["nested"] else settings["separator"]
    if "." in separator:
        settings.refuse("separator", "the separator must not hold a dot itself")
    given = None if settings["fields"] is None else [text_of(name) for name in settings["fields"]]
    recursive, matched = settings["recursive"], settings.matched

    def rename(event: Event, reference: str, kept: str = "") -> None:
        """Rename a field; the part of its reference that is `kept` stays as it is."""
        value = get(event, reference)
        if value is None:
            return
        plain = reference if reference.startswith("[") else f"[{reference}]"
        remover(reference)(event)
        put(event, kept + plain[len(kept) :].replace(".", separator), value)

    def apply(event: Event) -> None:
        for reference in given if given is not None else [name for name in event if name != "@metadata"]:
            if recursive:
                for path in _dotted(event, reference):
                    rename(event, path, path[: path.rindex("[")])
            elif "." in reference:
                rename(event, reference)
        matched(event)

    return apply


def _dotted(event: Event, reference: str) -> list[str]:
    """References of a field and those below it whose own name has a dot, the deepest first."""
    whole = reference if reference.startswith("[") else f"[{reference}]"
    try:
        value = get(event, whole)
    except EventError:
        return []
    found = _below(value, whole)
    return [*found, whole] if "." in whole.rpartition("[")[2] else found


def _below(value: Any, reference: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = []
    for name, item in value.items():
        found += _below(item, f"{reference}[{name}]")
        if "." in name:
            found.append(f"{reference}[{name}]")
    return found
