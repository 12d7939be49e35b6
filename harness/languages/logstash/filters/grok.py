"""The grok filter: matches text against expressions and puts what they capture into fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.languages.logstash.event import REGEX_SECONDS, Apply, Event, tag
from harness.languages.logstash.field import Getter, getter, setter
from harness.languages.logstash.grok import Grok, UnknownPatternError, compile_expression, definitions, stock
from harness.languages.logstash.grok_alternatives import marked
from harness.languages.logstash.onigmo import PatternSyntaxError
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.registry import suggestion
from harness.languages.logstash.ruby import to_s
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "break_on_match": Option("boolean", True),
    "ecs_compatibility": Option(),
    "keep_empty_captures": Option("boolean", False),
    "match": Option("hash", {}),
    "named_captures_only": Option("boolean", True),
    "overwrite": Option("array", []),
    "pattern_definitions": Option("hash", {}),
    "patterns_dir": Option("array", []),
    "patterns_files_glob": Option(default="*"),
    "tag_on_failure": Option("array", ["_grokparsefailure"]),
    "tag_on_timeout": Option(default="_groktimeout"),
    "target": Option("field"),
    "timeout_millis": Option("number", 30000),
    "timeout_scope": Option(default="pattern", choices=("pattern", "event")),
}

Store = Callable[[Event, Any], None]
Told = Callable[["tuple[int, ...] | None"], None]
Expression = tuple[Grok, tuple[Store, ...], tuple[int, ...], tuple[Callable[[str], Any] | None, ...], "Told | None"]


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    fields = _expressions(settings)
    matched, break_on_match = settings.matched, settings["break_on_match"]
    failure_tags = [text_of(name) for name in settings["tag_on_failure"]]
    timeout_tag, own_timeout = settings["tag_on_timeout"], settings["timeout_millis"] / 1000
    attempt = _attempt(fields, break_on_match, own_timeout or REGEX_SECONDS)

    def apply(event: Event) -> None:
        try:
            found = attempt(event)
        except TimeoutError:
            if not own_timeout:
                raise
            tag(event, timeout_tag)
            return
        if found:
            matched(event)
        else:
            for name in failure_tags:
                tag(event, name)

    return apply


def _attempt(
    fields: list[tuple[Getter, list[Expression]]], break_on_match: bool, timeout: float
) -> Callable[[Event], bool]:
    def attempt(event: Event) -> bool:
        found = False
        for read, expressions in fields:
            value = read(event)
            if isinstance(value, list):
                hits = [_match(expressions, to_s(item), event, break_on_match, timeout) for item in value]
                hit = any(hits)
            else:
                text = value if value.__class__ is str else to_s(value)
                hit = _match(expressions, text, event, break_on_match, timeout)
            if hit:
                found = True
                if break_on_match:
                    break
        return found

    return attempt


def _match(expressions: list[Expression], text: str, event: Event, break_on_match: bool, timeout: float | None) -> bool:
    """Whether the last expression tried matched: with break_on_match off, that alone decides, as in the plugin."""
    hit = False
    for grok, stores, groups, coercions, tell in expressions:
        match = grok.pattern.search(text, timeout=timeout)
        if tell is not None:
            tell(None if match is None else grok.alternatives(match))
        hit = match is not None
        if match is None:
            continue
        values = match.groups()
        for store, group, coerce in zip(stores, groups, coercions, strict=True):
            value = values[group - 1]
            store(event, value if coerce is None or value is None else coerce(value))
        if break_on_match:
            break
    return hit


def _expressions(settings: Settings) -> list[tuple[Getter, list[Expression]]]:
    patterns = _own_patterns(settings)
    overwrite = frozenset(text_of(name) for name in settings["overwrite"])
    found = []
    for field, given in settings["match"].items():
        texts = [text_of(item) for item in (given if isinstance(given, list) else [given])]
        compiled = [
            _expression(settings, text, patterns, overwrite, _told(settings, text_of(field), number))
            for number, text in enumerate(texts)
        ]
        found.append((settings.reader_of("match", field), compiled))
    return found


def _told(settings: Settings, field: str, number: int) -> Told | None:
    tried = settings.tried
    return None if tried is None else lambda took: tried(field, number, took)


def _expression(
    settings: Settings, text: str, patterns: dict[str, str], overwrite: frozenset[str], tell: Told | None
) -> Expression:
    ecs = settings["ecs_compatibility"] not in (None, "disabled") if settings["ecs_compatibility"] else settings.ecs
    try:
        grok = compile_expression(
            text if tell is None else marked(text), patterns, ecs=ecs, named_only=settings["named_captures_only"]
        )
    except UnknownPatternError as error:
        known = tuple({**stock(ecs), **patterns})
        settings.refuse("match", str(error), suggestion(error.name, known) + "Define it in pattern_definitions.")
    except PatternSyntaxError as error:
        settings.refuse("match", str(error))
    target = settings["target"]
    stores = tuple(_store(settings, capture.field, target, overwrite) for capture in grok.captures)
    groups = tuple(capture.group for capture in grok.captures)
    return grok, stores, groups, tuple(capture.coerce for capture in grok.captures), tell


def _store(settings: Settings, field: str, target: str | None, overwrite: frozenset[str]) -> Store:
    """How a captured value goes into its field: it joins what is there, unless that is to be overwritten."""
    replace, keep_empty = field in overwrite, settings["keep_empty_captures"]
    if target is not None:
        field = (target if target.startswith("[") else f"[{target}]") + (
            field if field.startswith("[") else f"[{field}]"
        )
    read, write = settings.reader_of("match", field), settings.writer_of("match", field)
    get, put = getter(field), setter(field)

    def store(event: Event, value: Any) -> None:
        if (value is None or value == "") and not keep_empty:
            return
        present = None if replace else read(event)
        if present is None:
            write(event, value)
        elif isinstance(present, list):
            put(event, [*present, value])
        elif isinstance(present, str):
            put(event, [get(event), value])

    return store


def _own_patterns(settings: Settings) -> dict[str, str]:
    """Patterns from patterns_dir and pattern_definitions; the latter win."""
    found: dict[str, str] = {}
    for name in settings["patterns_dir"]:
        folder = Path(settings.directory, text_of(name))
        files = sorted(folder.glob(settings["patterns_files_glob"])) if folder.is_dir() else [folder]
        for file in files:
            if not file.is_file():
                settings.refuse("patterns_dir", f"{file} does not exist")
            try:
                found.update(definitions(file.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError) as error:
                settings.refuse("patterns_dir", f"{file} cannot be read: {error}")
    found.update({name: text_of(text) for name, text in settings["pattern_definitions"].items()})
    return found
