"""The kv filter: finds `key=value` pairs in text and puts them into fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.languages.logstash.event import REGEX_SECONDS, Apply, Event, EventError, tag
from harness.languages.logstash.field import put
from harness.languages.logstash.kv_pattern import KvPatterns, patterns
from harness.languages.logstash.onigmo import PatternSyntaxError
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.ruby import capitalize
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import render, text_of

_TRANSFORMS: dict[str | None, Callable[[str], str] | None] = {
    None: None,
    "lowercase": str.lower,
    "uppercase": str.upper,
    "capitalize": capitalize,
}
_CASES = ("lowercase", "uppercase", "capitalize")

OPTIONS: Options = {
    "allow_duplicate_values": Option("boolean", True),
    "allow_empty_values": Option("boolean", False),
    "default_keys": Option("hash", {}),
    "ecs_compatibility": Option(),
    "exclude_keys": Option("array", []),
    "field_split": Option(default=" "),
    "field_split_pattern": Option(),
    "include_brackets": Option("boolean", True),
    "include_keys": Option("array", []),
    "prefix": Option(default=""),
    "recursive": Option("boolean", False),
    "remove_char_key": Option(),
    "remove_char_value": Option(),
    "source": Option("field", "message"),
    "tag_on_failure": Option("array", ["_kv_filter_error"]),
    "tag_on_timeout": Option(default="_kv_filter_timeout"),
    "target": Option("field"),
    "timeout_millis": Option("number", 30000),
    "transform_key": Option(choices=_CASES),
    "transform_value": Option(choices=_CASES),
    "trim_key": Option(),
    "trim_value": Option(),
    "value_split": Option(default="="),
    "value_split_pattern": Option(),
    "whitespace": Option(default="lenient", choices=("lenient", "strict")),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    parser = _parser(settings)
    read, matched = settings.reader("source"), settings.matched
    write = settings.writer("target") if settings["target"] is not None else None
    failed = [text_of(name) for name in settings["tag_on_failure"]]

    def apply(event: Event) -> None:
        try:
            pairs = parser.pairs(read(event), event)
            if not pairs:
                return
            if write is not None:
                write(event, pairs)
            else:
                for key, value in pairs.items():
                    put(event, key, value)
        except TimeoutError:
            if not settings["timeout_millis"]:
                raise
            tag(event, settings["tag_on_timeout"])
            return
        except EventError:
            for name in failed:
                tag(event, name)
            return
        matched(event)

    return apply


def _parser(settings: Settings) -> _Parser:
    for name in ("value_split", "field_split_pattern", "value_split_pattern"):
        if settings[name] == "":
            settings.refuse(name, f"`{name}` must be a non-empty string")
    try:
        return _Parser(settings, patterns(settings.plugin.options, settings.given))
    except PatternSyntaxError as error:
        settings.refuse("field_split", f"the options do not make a valid pattern: {error}")


class _Parser:
    """Finds the pairs of a text, with the options that shape keys and values."""

    def __init__(self, settings: Settings, compiled: KvPatterns) -> None:
        self.patterns = compiled
        self.include = [text_of(key) for key in settings["include_keys"]]
        self.exclude = [text_of(key) for key in settings["exclude_keys"]]
        self.defaults: dict[str, Any] = settings["default_keys"]
        self.prefix: str = settings["prefix"]
        self.allow_empty: bool = settings["allow_empty_values"]
        self.allow_duplicates: bool = settings["allow_duplicate_values"]
        self.recursive: bool = settings["recursive"]
        self.key_case = _TRANSFORMS[settings["transform_key"]]
        self.value_case = _TRANSFORMS[settings["transform_value"]]
        self.timeout = settings["timeout_millis"] / 1000 or REGEX_SECONDS

    def pairs(self, source: Any, event: Event) -> dict[str, Any]:
        """The pairs of a field's value, with the defaults for those that are not there."""
        found: dict[str, Any] = {}
        for text in source if isinstance(source, list) else [source]:
            if isinstance(text, str):
                self._parse(text, event, found, depth=0)
        return {**self.defaults, **found}

    def _parse(self, text: str, event: Event, found: dict[str, Any], depth: int) -> dict[str, Any]:
        if depth > 50 or self.patterns.split.search(text, timeout=self.timeout) is None:
            return found
        include = [render(key, event) for key in self.include]
        exclude = [render(key, event) for key in self.exclude]
        prefix = render(self.prefix, event)
        for match in self.patterns.pair.finditer(text, timeout=self.timeout):
            raw, *candidates = match.groups()
            value = next((one for one in candidates if one is not None), "")
            if not value and not self.allow_empty:
                continue
            key = self._shaped(raw, self.patterns.trim_key, self.patterns.remove_key, self.key_case)
            if (include and key not in include) or key in exclude:
                continue
            value = self._shaped(value, self.patterns.trim_value, self.patterns.remove_value, self.value_case)
            self._add(found, prefix + key, value, event, depth)
        return found

    def _add(self, found: dict[str, Any], key: str, text: str, event: Event, depth: int) -> None:
        if key in found and not self.allow_duplicates:
            present = found[key]
            if text in (present if isinstance(present, list) else [present]):
                return
        value: Any = text
        if self.recursive:
            value = self._parse(text, event, {}, depth + 1) or text
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]

    def _shaped(self, text: str, trim: Any, remove: Any, case: Callable[[str], str] | None) -> str:
        if trim is not None:
            text = trim.sub("", text, timeout=self.timeout)
        if remove is not None:
            text = remove.sub("", text, timeout=self.timeout)
        return case(text) if case is not None else text
