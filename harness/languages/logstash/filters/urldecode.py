"""The urldecode filter: decodes `%41` and its like in a field, or in all fields."""

from __future__ import annotations

import codecs
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from harness.languages.logstash.charset import decoded
from harness.languages.logstash.event import Apply, Event, EventError, Timestamp, tag
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

OPTIONS: Options = {
    "all_fields": Option("boolean", False),
    "charset": Option(default="UTF-8"),
    "field": Option("field", "message"),
    "tag_on_failure": Option("array", ["_urldecodefailure"]),
}

_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    read, write, matched = settings.reader("field"), settings.writer("field"), settings.matched
    tags = [text_of(name) for name in settings["tag_on_failure"]]
    try:
        charset = codecs.lookup(settings["charset"]).name
    except LookupError:
        settings.refuse("charset", f"unknown charset `{settings['charset']}`")

    def apply(event: Event) -> None:
        try:
            if settings["all_fields"]:
                for name, value in event.items():
                    if name != "@metadata":
                        event[name] = _decoded(value, charset)
            else:
                write(event, _decoded(read(event), charset))
        except EventError:
            for name in tags:
                tag(event, name)
        matched(event)

    return apply


def _decoded(value: Any, charset: str) -> Any:
    if isinstance(value, str) and not isinstance(value, Timestamp):
        if charset == "utf-8" and not _ENCODED.search(value):
            return value
        return decoded(unquote_to_bytes(value), charset)
    if isinstance(value, list):
        return [_decoded(item, charset) for item in value]
    if isinstance(value, dict):
        return {key: _decoded(item, charset) for key, item in value.items()}
    return value
