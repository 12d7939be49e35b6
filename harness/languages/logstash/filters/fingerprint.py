"""The fingerprint filter: hashes fields, for document ids that stay the same when an event is sent again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Callable
from typing import Any

from harness.errors import UnsupportedError
from harness.languages.logstash.event import Apply, Event, EventError
from harness.languages.logstash.field import exists
from harness.languages.logstash.murmur3 import murmur3_32
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.ruby import to_s
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

_DIGESTS = ("SHA1", "SHA256", "SHA384", "SHA512", "MD5")

OPTIONS: Options = {
    "base64encode": Option("boolean", False),
    "concatenate_all_fields": Option("boolean", False),
    "concatenate_sources": Option("boolean", False),
    "ecs_compatibility": Option(),
    "key": Option(),
    "method": Option(
        default="SHA1", choices=(*_DIGESTS, "MURMUR3", "MURMUR3_128", "IPV4_NETWORK", "UUID", "PUNCTUATION")
    ),
    "source": Option("array", ["message"]),
    "target": Option("field"),
}

Hash = Callable[[Any], Any]


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    own = settings["ecs_compatibility"]
    ecs = settings.ecs if own is None else own != "disabled"
    write = settings.writer_of("target", settings["target"] or ("[event][hash]" if ecs else "fingerprint"))
    matched = settings.matched
    fingerprint = _fingerprint(settings)

    def apply(event: Event) -> None:
        for value in fingerprint(event):
            write(event, value)
        matched(event)

    return apply


def _fingerprint(settings: Settings) -> Callable[[Event], list[Any]]:
    """A function that gives the values to write; the last one stays."""
    method, names = settings["method"], [text_of(name) for name in settings["source"]]
    if method == "UUID":
        return lambda event: [str(uuid.uuid4())]
    fields = [(name, exists(name), settings.reader_of("source", name)) for name in names]
    if method == "PUNCTUATION":
        ordered = sorted(fields)
        return lambda event: [_punctuation(to_s(read(event))) for _, has, read in ordered if has(event)]
    digest = _hash(settings, method)
    if settings["concatenate_all_fields"]:
        return lambda event: [
            digest(_joined((name, value) for name, value in sorted(event.items()) if name != "@metadata"))
        ]
    if settings["concatenate_sources"]:
        by_name = sorted(fields)
        return lambda event: [digest(_joined((name, read(event)) for name, _, read in by_name))]

    def separately(event: Event) -> list[Any]:
        values = [read(event) for _, has, read in fields if has(event)]
        return [
            [digest(_sorted(item)) for item in value] if isinstance(value, list) else digest(_sorted(value))
            for value in values
        ]

    return separately


def _joined(pairs: Any) -> str:
    return "".join(f"|{name}|{to_s(_sorted(value))}" for name, value in pairs) + "|"


def _sorted(value: Any) -> Any:
    """Objects with their keys in order, so that equal objects hash alike."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _hash(settings: Settings, method: str) -> Hash:
    key = settings["key"]
    if method == "MURMUR3":
        return murmur3_32
    if method == "MURMUR3_128":
        hint = (
            "Its seed and byte order are not documented, so an id might differ from Logstash's. Use SHA256 or MURMUR3."
        )
        message = "fingerprint: method MURMUR3_128 is not supported by the interpreter"
        raise UnsupportedError(message, at=settings.at("method"), hint=hint)
    if method == "IPV4_NETWORK":
        if key is None or not key.isdigit() or int(key) > 32:
            settings.refuse("key", "IPV4_NETWORK needs the subnet prefix length, 0 to 32, as `key`")
        return lambda value: _network(to_s(value), int(key))
    algorithm = getattr(hashlib, method.lower())
    encode: Callable[[bytes], str] = (
        (lambda data: base64.b64encode(data).decode()) if settings["base64encode"] else bytes.hex
    )
    if key is None:
        return lambda value: encode(algorithm(_bytes(value)).digest())
    secret = key.encode()
    return lambda value: encode(hmac.digest(secret, _bytes(value), method.lower()))


def _bytes(value: Any) -> bytes:
    return (value if value.__class__ is str else to_s(value)).encode("utf-8", "surrogatepass")


def _network(text: str, prefix: int) -> str:
    try:
        return str(ipaddress.ip_network(f"{text}/{prefix}", strict=False).network_address)
    except ValueError as error:
        raise EventError(f"`{text[:60]}` is no IP address") from error


def _punctuation(text: str) -> str:
    from harness.languages.logstash.onigmo import compiled

    return str(compiled(r"[^\p{P}\p{S}]").sub("", text))
