"""The useragent filter: what browser, system and device a User-Agent names, by the public list of ua-parser.

The list is the one of the installed `ua-parser-builtins`; a Logstash release carries its own, maybe older state of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.languages.logstash.event import Apply, Event
from harness.languages.logstash.field import setter
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings

if TYPE_CHECKING:
    from ua_parser import OS, UserAgent

OPTIONS: Options = {
    "ecs_compatibility": Option(),
    "lru_cache_size": Option("number", 100_000),
    "prefix": Option(default=""),
    "regexes": Option(),
    "source": Option("field", required=True),
    "target": Option("field"),
}

Found = tuple[tuple[str, str], ...]
"""Names of what was found, in the words of the filter before the Elastic Common Schema, and values."""

_OTHER = "Other"
_VERSION = "[@metadata][filter][user_agent][version]"
_OS_VERSION = "[@metadata][filter][user_agent][os][version]"
_IN_THE_SCHEMA = {
    "name": "[name]",
    "version": "[version]",
    "os_name": "[os][name]",
    "os_version": "[os][version]",
    "os_full": "[os][full]",
    "device": "[device][name]",
}
_METADATA = {
    "major": f"{_VERSION}[major]",
    "minor": f"{_VERSION}[minor]",
    "patch": f"{_VERSION}[patch]",
    "os_major": f"{_OS_VERSION}[major]",
    "os_minor": f"{_OS_VERSION}[minor]",
    "os_patch": f"{_OS_VERSION}[patch]",
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    if settings["regexes"] is not None:
        settings.refuse("regexes", "a list of one's own is not supported by the interpreter", "Leave the option out.")
    own = settings["ecs_compatibility"]
    ecs = settings.ecs if own is None else own != "disabled"
    read, matched = settings.reader("source"), settings.matched
    fields = {name: setter(field) for name, field in _fields(settings, ecs).items()}

    def apply(event: Event) -> None:
        value = read(event)
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, str) or not value.strip():
            return
        if settings["target"] == settings["source"]:
            settings.writer("target")(event, {})
        for name, text in _parsed(str(value)):
            if name in fields:
                fields[name](event, text)
        matched(event)

    return apply


def _fields(settings: Settings, ecs: bool) -> dict[str, str]:
    target, prefix = settings["target"] or ("user_agent" if ecs else ""), settings["prefix"]
    base = target if target.startswith("[") or not target else f"[{target}]"
    if ecs:
        named = {name: base + _prefixed(place, prefix) for name, place in _IN_THE_SCHEMA.items()}
        return {**named, **_METADATA}
    names = (*_IN_THE_SCHEMA, *_METADATA, "os", "build")
    return {name: f"{base}[{prefix}{name}]" for name in names}


def _prefixed(place: str, prefix: str) -> str:
    return f"[{prefix}{place[1:]}"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Found:
    from ua_parser import parse

    found = parse(text)
    device = found.device.family if found.device else _OTHER
    return (*_browser(found.user_agent), *_system(found.os), ("device", device))


def _browser(found: UserAgent | None) -> Iterator[tuple[str, str]]:
    yield "name", found.family if found else _OTHER
    if found:
        yield from _version("", "build", found)


def _system(found: OS | None) -> Iterator[tuple[str, str]]:
    family = found.family if found else _OTHER
    yield "os", family
    yield "os_name", family
    parts = dict(_version("os_", "os_build", found)) if found else {}
    yield from parts.items()
    yield "os_full", f"{family} {parts['os_version']}" if "os_version" in parts else family


def _version(prefix: str, last: str, found: Any) -> Iterator[tuple[str, str]]:
    parts = [found.major, found.minor, found.patch, found.patch_minor]
    given = [part for part in parts if part]
    if given:
        yield f"{prefix}version", ".".join(given)
    for name, part in zip((f"{prefix}major", f"{prefix}minor", f"{prefix}patch", last), parts, strict=True):
        if part:
            yield name, part
