"""The translate filter: looks a field's value up in a dictionary.

A dictionary file is read when the pipeline is loaded and not again: `refresh_interval` is longer than a run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.languages.logstash.dictionaries import DictionaryError, Lookup, load, lookup
from harness.languages.logstash.event import Apply, Event, copied
from harness.languages.logstash.field import exists
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.ruby import to_s
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import template

OPTIONS: Options = {
    "destination": Option("field"),
    "dictionary": Option("hash", {}),
    "dictionary_path": Option(),
    "ecs_compatibility": Option(),
    "exact": Option("boolean", True),
    "fallback": Option(),
    "field": Option("field"),
    "iterate_on": Option("field"),
    "override": Option("boolean"),
    "refresh_behaviour": Option(default="merge", choices=("merge", "replace")),
    "refresh_interval": Option("number", 300),
    "regex": Option("boolean", False),
    "source": Option("field"),
    "target": Option("field"),
    "yaml_code_point_limit": Option("number"),
    "yaml_load_strategy": Option(default="one_shot", choices=("one_shot", "streaming")),
}

Translate = Callable[[Any, Event], tuple[bool, Any]]


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    source, target = _fields(settings)
    translate = _translate(settings, _lookup(settings))
    override = (source == target) if settings["override"] is None else settings["override"]
    if settings["iterate_on"] is not None:
        return _iterating(settings, source, target, translate, override)
    read, write, matched = (
        settings.reader_of("source", source),
        settings.writer_of("target", target),
        settings.matched,
    )
    has_source, has_target = exists(source), exists(target)

    def apply(event: Event) -> None:
        if not has_source(event) or (not override and has_target(event)):
            return
        value = read(event)
        found, translated = translate(value[0] if isinstance(value, list) and value else value, event)
        if found:
            write(event, translated)
        if found or source == target:
            matched(event)

    return apply


def _fields(settings: Settings) -> tuple[str, str]:
    source = settings["source"] or settings["field"]
    if source is None:
        settings.refuse("source", "the option `source` is required")
    own = settings["ecs_compatibility"]
    ecs = settings.ecs if own is None else own != "disabled"
    return source, settings["target"] or settings["destination"] or (source if ecs else "translation")


def _lookup(settings: Settings) -> Lookup:
    path = settings["dictionary_path"]
    if path is not None and settings["dictionary"]:
        settings.refuse("dictionary_path", "`dictionary` and `dictionary_path` exclude each other")
    try:
        dictionary = load(Path(settings.directory, path)) if path is not None else settings["dictionary"]
        return lookup(dictionary, exact=settings["exact"], regex=settings["regex"])
    except DictionaryError as error:
        settings.refuse("dictionary_path" if path is not None else "dictionary", str(error))


def _translate(settings: Settings, find: Lookup) -> Translate:
    fallback = None if settings["fallback"] is None else template(settings["fallback"])

    def translate(value: Any, event: Event) -> tuple[bool, Any]:
        found, translated = find(to_s(value))
        if found:
            return True, copied(translated)
        return (False, None) if fallback is None else (True, fallback(event))

    return translate


def _iterating(settings: Settings, source: str, target: str, translate: Translate, override: bool) -> Apply:
    """Over an array of values, or of objects that each hold the source and get the target."""
    read, matched = settings.reader("iterate_on"), settings.matched
    write = settings.writer_of("target", target)
    read_inner, has_inner = settings.reader_of("source", source), exists(target)
    of_values = settings["iterate_on"] == source

    def apply(event: Event) -> None:
        items = read(event)
        if not isinstance(items, list):
            return
        if of_values:
            if override or not has_inner(event):
                write(event, [translate(item, event)[1] for item in items])
                matched(event)
            return
        any_found = False
        for item in items:
            if isinstance(item, dict) and read_inner(item) is not None and (override or not has_inner(item)):
                found, translated = translate(read_inner(item), event)
                if found:
                    write(item, translated)
                    any_found = True
        if any_found:
            matched(event)

    return apply
