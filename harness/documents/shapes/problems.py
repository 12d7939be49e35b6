"""Compares a document with what its product takes, and tells every difference with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.documents.positions import View, kind_of
from harness.documents.shapes.notation import Section, sections
from harness.model import Position

# A value that another program fills in first says nothing yet: ${X}, $(X), {{ x }}, <x>, %X%, @X@.
_PLACEHOLDER = re.compile(r"\$[({]|\{\{|^<.*>$|^%\w+%$|^@+\w+@+$|^__\w+__$")
_DURATION = re.compile(r"(?:(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?|0)")
_SPAN = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0|\d+(?:ms|s|m|h|d|w|y)")
_SIZE = re.compile(r"-?(?:0|(?:\d+(?:\.\d+)?(?:B|[KMGTPE]i?B))+)")
_URL = re.compile(r"https?://[^/\s]")
_BOOLEANS = {"y", "n", "yes", "no", "on", "off", "t", "f"}
# What RE2 has and Python spells otherwise.
_RE2 = ((re.compile(r"\\z"), r"\\Z"), (re.compile(r"\\[pP](?:\{\^?\w+\}|\w)"), "x"), (re.compile(r"\[:\^?\w+:\]"), "a"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One difference. `kind` is `field`, `value`, `needs` or `apart`."""

    kind: str
    position: Position
    message: str


def problems(view: View, notation: str) -> tuple[Problem, ...]:
    """Every difference between a document, told by its root, and a product's notation."""
    known = sections(notation)
    return tuple(_in_section(view, known["root"], known)) if isinstance(view.value, dict) else ()


def _in_section(view: View, section: Section, known: Mapping[str, Section]) -> Iterator[Problem]:
    value = view.value
    for key in value:
        name = str(key)
        if name in section.settings:
            yield from _of_type(view[key], section.settings[name], known)
        elif name != "<<" and not _PLACEHOLDER.search(name):
            near = difflib.get_close_matches(name, section.settings, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            where = f" in {_spoken(view)}" if view.path else ""
            yield Problem("field", view.key_at(key), f"there is no setting {name}{where}{hint}")
    for need in section.needs:
        if not any(_given(value.get(name)) for name in need):
            yield Problem("needs", view.at(), f"{_spoken(view)} has no {' or '.join(need)}")
    for group in section.apart:
        given = [name for name in value if name in group and _given(value[name])]
        if len(given) > 1:
            yield Problem("apart", view.key_at(given[1]), f"{given[1]} and {given[0]} exclude each other")


def _given(value: Any) -> bool:
    return value not in (None, "", [], {}, False, 0)


def _of_type(view: View, kind: str, known: Mapping[str, Section]) -> Iterator[Problem]:
    value = view.value
    if kind == "any" or value is None or (isinstance(value, str) and _PLACEHOLDER.search(value)):
        return
    if kind.startswith("["):
        yield from _listed(view, kind[1:-1], known)
    elif kind.startswith("{") or kind in known:
        if not isinstance(value, dict):
            yield _wrong(view, "a mapping")
        elif kind in known:
            yield from _in_section(view, known[kind], known)
        else:
            for key in value:
                yield from _of_type(view[key], kind[1:-1], known)
    elif isinstance(value, (dict, list)):
        yield _wrong(view, _WANTED.get(kind, "text"))
    else:
        yield from _scalar(view, value, kind)


def _listed(view: View, inner: str, known: Mapping[str, Section]) -> Iterator[Problem]:
    value = view.value
    if not isinstance(value, list):
        if inner in known or isinstance(value, dict):
            yield _wrong(view, "a list")
        return  # a lone scalar is taken for a list of one
    for index, item in enumerate(value):
        if item is None and inner in known:
            yield Problem("value", view[index].at(), f"an empty entry of `{view.name}`")
        else:
            yield from _of_type(view[index], inner, known)


_WANTED = {
    "bool": "true or false", "int": "a whole number", "float": "a number", "duration": "a duration, e.g. 30s or 5m",
    "span": "a duration, e.g. 30s or 5m", "size": "a size with its unit, e.g. 512MB", "text": "text", "url": "a URL",
    "hostport": "host:port", "regex": "a regular expression",
}  # fmt: skip


def _scalar(view: View, value: Any, kind: str) -> Iterator[Problem]:
    if kind == "regex":
        why = broken_pattern(str(value))
        if why:
            yield Problem("value", view.at(), f"`{view.name}` is no regular expression: {why}")
    elif "|" in kind:
        words = kind.split("|")
        if str(value) not in words:
            listed = ", ".join(word for word in words if word)
            yield Problem("value", view.at(), f"`{view.name}` is {str(value)!r}; it can be {listed}")
    elif kind in _FITS and not _FITS[kind](value):
        yield _wrong(view, _WANTED[kind])


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "bool": lambda value: isinstance(value, bool) or str(value).lower() in _BOOLEANS,
    "int": _number,
    "float": lambda value: _number(value) or str(value).lower() in (".inf", ".nan", "-.inf"),
    "duration": lambda value: str(value) != "" and bool(_DURATION.fullmatch(str(value))),
    "span": lambda value: bool(_SPAN.fullmatch(str(value))),
    "size": lambda value: bool(_SIZE.fullmatch(str(value))),
    "url": lambda value: bool(_URL.match(str(value))),
    "hostport": lambda value: value == "" or bool(re.search(r":[^:/]+$", str(value))),
}


@cache
def broken_pattern(text: str) -> str:
    """Why RE2 would not take a regular expression; empty when it would, or when only Python cannot tell."""
    if re.search(r"\(\?(?:[=!>]|<[=!])", text):
        return "there is no looking ahead or behind in RE2"
    for found, put in _RE2:
        text = found.sub(put, text)
    text = re.sub(r"\(\?([a-zA-Z]+)\)", "", text)
    text = re.sub(r"\\Q.*?(?:\\E|$)", "x", text, flags=re.DOTALL)
    try:
        re.compile(text)
    except re.error as error:
        # Names and flags are spelled differently; what is broken in both is brackets and repetitions.
        known = ("unterminated", "missing", "unbalanced", "nothing to repeat", "bad character range", "multiple repeat")
        return error.msg if error.msg.startswith(known) else ""
    except (OverflowError, RecursionError):
        return ""
    return ""


def _wrong(view: View, wanted: str) -> Problem:
    value = view.value
    found = kind_of(value) if isinstance(value, (dict, list)) else repr(value) if isinstance(value, str) else str(value)
    return Problem("value", view.at(), f"`{view.name}` must be {wanted}, not {found}")


def _spoken(view: View) -> str:
    """What a section is called: the setting that holds it."""
    names = [str(step) for step in view.path if not isinstance(step, int)]
    return f"`{names[-1]}`" if names else "the configuration"
