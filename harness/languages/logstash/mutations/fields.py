"""Operations on whole fields: coerce, rename, update, replace, merge, copy."""

from __future__ import annotations

from typing import Any

from harness.languages.logstash.event import Event, copied
from harness.languages.logstash.field import exists, remover, setter
from harness.languages.logstash.mutations import Operation, Step
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import is_dynamic, template, text_of


def _coerce(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_coerce_one(settings, name, text_of(value)) for name, value in option.items()]


def _coerce_one(settings: Settings, name: str, default: str) -> Step:
    read, write, has, text = settings.reader_of("coerce", name), setter(name), exists(name), template(default)

    def coerce(event: Event) -> None:
        if read(event) is None and has(event):
            write(event, text(event))

    return coerce


def _rename(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_rename_one(settings, old, text_of(new)) for old, new in option.items()]


def _rename_one(settings: Settings, old: str, new: str) -> Step:
    if is_dynamic(old) or is_dynamic(new):
        old_text, new_text = template(old), template(new)

        def rename_dynamic(event: Event) -> None:
            source = old_text(event)
            target = new_text(event)
            if exists(source)(event):
                setter(target)(event, remover(source)(event))

        return rename_dynamic
    remove, write = settings.remover_of("rename", old), settings.writer_of("rename", new)
    has = exists(old)
    if "[" not in old and not old.startswith("@"):

        def rename_first(event: Event) -> None:
            if old in event:
                write(event, event.pop(old))

        return rename_first

    def rename(event: Event) -> None:
        if has(event):
            write(event, remove(event))

    return rename


def _update(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_update_one(settings, name, text_of(value)) for name, value in option.items()]


def _update_one(settings: Settings, name: str, value: str) -> Step:
    write, has, text = settings.writer_of("update", name), exists(name), template(value)

    def update(event: Event) -> None:
        if has(event):
            write(event, text(event))

    return update


def _replace(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_replace_one(settings, name, text_of(value)) for name, value in option.items()]


def _replace_one(settings: Settings, name: str, value: str) -> Step:
    write, text = settings.writer_of("replace", name), template(value)
    return lambda event: write(event, text(event))


def _merge(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_merge_one(settings, name, value if isinstance(value, list) else [value]) for name, value in option.items()]


def _merge_one(settings: Settings, name: str, added: list[Any]) -> Step:
    read, write = settings.reader_of("merge", name), settings.writer_of("merge", name)
    readers = [settings.reader_of("merge", text_of(one)) for one in added]

    def merge(event: Event) -> None:
        target = copied(read(event))
        for read_added in readers:
            value = copied(read_added(event))
            if isinstance(target, dict) and isinstance(value, dict):
                target.update(value)
                write(event, target)
            elif not isinstance(target, dict) and not isinstance(value, dict):
                merged = target if isinstance(target, list) else _as_list(target)
                merged.extend(_as_list(value))
                write(event, merged)

    return merge


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _copy(settings: Settings, option: dict[str, Any]) -> list[Step]:
    return [_copy_one(settings, source, text_of(target)) for source, target in option.items()]


def _copy_one(settings: Settings, source: str, target: str) -> Step:
    read, write = settings.reader_of("copy", source), settings.writer_of("copy", target)

    def copy(event: Event) -> None:
        value = read(event)
        if value is not None:
            write(event, copied(value))

    return copy


FIELDS: dict[str, Operation] = {
    "coerce": _coerce,
    "rename": _rename,
    "update": _update,
    "replace": _replace,
    "merge": _merge,
    "copy": _copy,
}
