"""Documents on their way to an index: what a bulk request says of them, and what becomes of a rejected one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from harness.languages.logstash.event import Event

LARGEST_REQUEST = 20 * 1024 * 1024  # Logstash's own target for one bulk request
_DEAD_LETTER_TRIES = 2
_SIMPLEST_LETTER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """One bulk operation: its action line and its source, encoded.

    A dead letter remembers the document it stands for, why that one was rejected, and how often dead letters were.
    """

    action: str
    index: str
    id: str | None
    source: bytes
    stands_for: Document | None = None
    reason: str = ""
    tries: int = 0

    def lines(self) -> bytes:
        """Its two lines of NDJSON."""
        target = {"_index": self.index} if self.id is None else {"_index": self.index, "_id": self.id}
        return orjson.dumps({self.action: target}) + b"\n" + self.source + b"\n"


def encoded(event: Event) -> bytes:
    """An event as Elasticsearch gets it: without `@metadata`, in UTF-8 whatever its strings hold."""
    if "@metadata" in event:
        event = {name: value for name, value in event.items() if name != "@metadata"}
    try:
        return orjson.dumps(event)
    except (TypeError, ValueError):
        # Integers beyond 64 bits and lone surrogates: JSON knows them, orjson does not.
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)
        return text.encode("utf-8", "replace")


def requests(documents: Sequence[Document]) -> list[list[Document]]:
    """Split documents so that no request is larger than Logstash would make it; one large document goes alone."""
    found: list[list[Document]] = []
    size = LARGEST_REQUEST + 1
    for document in documents:
        length = len(document.source) + 200
        if size + length > LARGEST_REQUEST:
            found.append([])
            size = 0
        found[-1].append(document)
        size += length
    return found


def body(documents: Sequence[Document]) -> bytes:
    """The NDJSON of one bulk request."""
    return b"".join([document.lines() for document in documents])


def dead_letter(document: Document, index: str, reason: str) -> Document | None:
    """The document that stands in the dead-letter index for a rejected one; None when nothing simpler is left.

    First with the original's own text fields, so that it is found by its id, kind and so on; if that is rejected too
    (a text where the mapping has an object), with nothing but the reason and the original as one text.
    """
    if document.tries >= _DEAD_LETTER_TRIES:
        return None
    original, reason = document.stands_for or document, document.reason or reason
    fields = _fields(original)
    letter: dict[str, Any] = {}
    if document.tries == 0:
        letter = {name: value for name, value in fields.items() if isinstance(value, str)}
        letter["tags"] = [*_texts(fields.get("tags")), "_dead_letter"]
    if isinstance(fields.get("@timestamp"), str):
        letter["@timestamp"] = fields["@timestamp"]
    text = original.source.decode("utf-8", "replace")
    if document.tries and len(text) > _SIMPLEST_LETTER:
        text = f"{text[:_SIMPLEST_LETTER]}… ({len(original.source)} bytes)"
    letter |= {"message": text, "reason": reason, "rejected_from": original.index}
    # A document without an id gets one of its content, so that a letter sent twice is stored once.
    identity = original.id or hashlib.sha256(original.index.encode() + original.source).hexdigest()
    return Document("create", index, identity, orjson.dumps(letter), original, reason, document.tries + 1)


def _fields(document: Document) -> dict[str, Any]:
    try:
        fields = json.loads(document.source)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]
