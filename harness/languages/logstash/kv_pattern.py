"""Builds the regular expressions of the kv filter from its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.languages.logstash.onigmo import Pattern, compiled


@dataclass(frozen=True, slots=True)
class KvPatterns:
    """What finds pairs, and what trims keys and values. Each value alternative of `pair` is a group of its own."""

    pair: Pattern
    split: Pattern
    trim_key: Pattern | None
    trim_value: Pattern | None
    remove_key: Pattern | None
    remove_value: Pattern | None


def patterns(options: Mapping[str, Any], given: Callable[[str], bool]) -> KvPatterns:
    """Compile the options; raises PatternSyntaxError."""
    field_split = options["field_split_pattern"] or f"[{options['field_split']}]"
    value_split = options["value_split_pattern"] or f"[{options['value_split']}]"
    if options["whitespace"] == "lenient":
        value_split = f" *(?:{value_split}) *"
    if given("field_split_pattern") or given("value_split_pattern"):
        key = _until(f"(?:{value_split})|(?:{field_split})")
    else:
        key = _until_class(options["value_split"] + options["field_split"])
    values = [_quoted('"', '"'), _quoted("'", "'")]
    if options["include_brackets"]:
        values += [_quoted(r"\(", r"\)"), _quoted(r"\[", r"\]"), _quoted("<", ">")]
    unquoted = _until(field_split) if given("field_split_pattern") else _until_class(options["field_split"])
    values.append(unquoted)
    pair = f"{key}(?:{value_split})(?:{'|'.join(values)})?(?:(?:{field_split})|$)"
    return KvPatterns(
        compiled(pair),
        compiled(value_split),
        _trim(options["trim_key"]),
        _trim(options["trim_value"]),
        _remove(options["remove_char_key"]),
        _remove(options["remove_char_value"]),
    )


def _until(stop: str) -> str:
    """Text up to what `stop` matches, which may begin with a backslash; any other backslash escapes."""
    return rf"((?:(?!{stop})(?:\\.|.))+)"


def _until_class(characters: str) -> str:
    """Text up to one of the characters; a backslash escapes."""
    return rf"((?:\\.|[^{characters}])+)"


def _quoted(start: str, end: str) -> str:
    return rf"{start}((?:\\.|[^{end}])*){end}"


def _trim(characters: str | None) -> Pattern | None:
    return compiled(f"^[{characters}]+|[{characters}]+$") if characters else None


def _remove(characters: str | None) -> Pattern | None:
    return compiled(f"[{characters}]") if characters else None
