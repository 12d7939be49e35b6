"""Makes an event of what a Beat sent, as the beats input does: codec, tags, what is known of the sender."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from harness.errors import UnsupportedError
from harness.languages.logstash.event import Event, Timestamp
from harness.languages.logstash.field import setter
from harness.languages.logstash.settings import Plugin
from harness.languages.logstash.sprintf import render, text_of

_EVERYTHING = ("codec_metadata", "source_metadata", "ssl_peer_metadata")
_DEFAULT = ("codec_metadata", "source_metadata")


@dataclass(frozen=True, slots=True)
class Peer:
    """What a connection knows of its Beat: address, and of a client certificate the subject, protocol and cipher."""

    address: str
    subject: str = ""
    protocol: str = ""
    cipher: str = ""


class EventMaker:
    """Turns the JSON of a lumberjack frame into an event."""

    def __init__(self, plugin: Plugin, ecs: bool) -> None:
        options = plugin.options
        codec = options.get("codec")
        if isinstance(codec, Plugin) and codec.name != "plain":
            raise UnsupportedError(
                f'the stand-in runs the beats input with codec "plain" only, not "{codec.name}"',
                at=plugin.position,
                hint="A Beat decodes JSON itself (ndjson parser), and multiline must be done there.",
            )
        self._enrich = _enrichments(options)
        self._ecs = _ecs(options, ecs)
        self._type = options.get("type")
        self._tags = [text_of(tag) for tag in options.get("tags") or ()]
        self._fields = dict(options.get("add_field") or {})

    def decoder(self, peer: Peer) -> Callable[[bytes], Event]:
        """The function for one connection."""
        return lambda payload: self.make(payload, peer)

    def make(self, payload: bytes, peer: Peer) -> Event:
        """One event. Raises ValueError when the payload is no JSON object."""
        event = _parsed(payload)
        # An unreadable time stays for the pipeline to tag, as every event's does.
        stamp = Timestamp.coerce(event.get("@timestamp"))
        if stamp is not None:
            event["@timestamp"] = stamp
        metadata = event.get("@metadata")
        if not isinstance(metadata, dict):
            metadata = event["@metadata"] = {}
        message = event.get("message")
        if message is not None and not isinstance(message, str):
            event["message"] = text_of(message)  # what the codec is given is a text
        if "source_metadata" in self._enrich:
            self._source(metadata, peer)
        if "ssl_peer_metadata" in self._enrich and peer.protocol:
            self._certificate(metadata, peer)
        if "codec_metadata" in self._enrich:
            self._codec(event)
        if self._type or self._tags or self._fields:
            self._decorate(event)
        return event

    def _codec(self, event: Event) -> None:
        """The plain codec took the line, or there was none to take."""
        message = event.get("message")
        if message is None:
            _tag(event, "beats_input_raw_event")
            return
        if self._ecs:
            original = event.setdefault("event", {})
            if isinstance(original, dict):
                original.setdefault("original", message)
        _tag(event, "beats_input_codec_plain_applied")

    def _source(self, metadata: dict[str, Any], peer: Peer) -> None:
        if not self._ecs:
            metadata["ip_address"] = peer.address
            return
        _below(metadata, "input", "beats", "host")["ip"] = peer.address

    def _certificate(self, metadata: dict[str, Any], peer: Peer) -> None:
        verified = bool(peer.subject)
        if not self._ecs:
            details = {"subject": peer.subject, "protocol": peer.protocol, "cipher_suite": peer.cipher}
            metadata["tls_peer"] = {"status": "verified", **details} if verified else {"status": "unverified"}
            return
        _below(metadata, "tls_peer")["status"] = verified
        if verified:
            tls = _below(metadata, "input", "beats", "tls")
            tls |= {"version_protocol": peer.protocol, "cipher": peer.cipher, "client": {"subject": peer.subject}}

    def _decorate(self, event: Event) -> None:
        """The options that every input has."""
        if self._type and "type" not in event:
            event["type"] = self._type
        for tag in self._tags:
            _tag(event, tag)
        for name, value in self._fields.items():
            setter(render(name, event))(event, render(text_of(value), event))


def _enrichments(options: Mapping[str, Any]) -> frozenset[str]:
    """What `enrich` asks for; older configurations say it with two booleans."""
    given = options.get("enrich")
    if given not in (None, [], ""):
        names = [str(name) for name in (given if isinstance(given, list) else [given])]
        if names == ["none"]:
            return frozenset()
        return frozenset(_EVERYTHING if names == ["all"] else names)
    chosen = set(_DEFAULT)
    if options.get("include_codec_tag") is False:
        chosen.discard("codec_metadata")
    if options.get("ssl_peer_metadata"):
        chosen.add("ssl_peer_metadata")
    return frozenset(chosen)


def _ecs(options: Mapping[str, Any], default: bool) -> bool:
    chosen = options.get("ecs_compatibility")
    return default if chosen is None else chosen != "disabled"


def _parsed(payload: bytes) -> Event:
    try:
        event = orjson.loads(payload)
    except ValueError:
        # Lone surrogates and control characters, which other encoders let through.
        event = json.loads(payload.decode("utf-8", "replace"), strict=False)
    if not isinstance(event, dict):
        raise ValueError("an event that is no JSON object")
    return event


def _below(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """The object at a path, made where it is missing."""
    for name in names:
        if not isinstance(value.get(name), dict):
            value[name] = {}
        value = value[name]
    return value


def _tag(event: Event, tag: str) -> None:
    present = event.get("tags")
    if isinstance(present, list):
        if tag not in present:
            present.append(tag)
    elif present is None:
        event["tags"] = [tag]
    elif present != tag:
        event["tags"] = [present, tag]
