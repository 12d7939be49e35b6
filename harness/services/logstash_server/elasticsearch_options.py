"""Reads the options of an elasticsearch output; what the stand-in cannot do is refused, never left out."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import UnreadableError, UnsupportedError
from harness.languages.logstash.registry import find
from harness.languages.logstash.settings import Plugin
from harness.services.logstash_server.http_client import Host

_ACTIONS = ("index", "create")
_RUN = frozenset(
    {
        *(
            "hosts",
            "user",
            "password",
            "api_key",
            "index",
            "action",
            "document_id",
            "custom_headers",
            "timeout",
            "path",
        ),
        *("retry_initial_interval", "retry_max_interval", "manage_template", "ilm_enabled", "data_stream"),
        *("ssl", "ssl_enabled", "ssl_certificate_authorities", "cacert", "ssl_verification_mode"),
        *("ssl_certificate_verification", "ssl_certificate", "ssl_key"),
        *("silence_errors_in_log", "id", "codec", "enable_metric", "workers", "ecs_compatibility"),
        # Which connections are kept, sniffed and compressed changes nothing of what is stored.
        *("pool_max", "pool_max_per_route", "resurrect_delay", "validate_after_inactivity", "http_compression"),
        *("compression_level", "sniffing", "sniffing_delay", "healthcheck_path", "dlq_custom_codes"),
        *("dlq_on_failed_indexname_interpolation", "failure_type_logging_whitelist"),
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where documents go, and how patiently."""

    hosts: tuple[Host, ...]
    headers: Mapping[str, str]
    tls: ssl.SSLContext | None
    action: str
    index: str
    document_id: str | None
    retry_initial_seconds: float
    retry_max_seconds: float
    timeout_seconds: float
    dead_letter_codes: frozenset[int]


def target(plugin: Plugin) -> Target:
    """The options as one value. Raises UnsupportedError or UnreadableError at the plugin."""
    options = plugin.options
    _refuse_unsupported(plugin)
    action = str(options.get("action") or "index")
    if action not in _ACTIONS and "%{" not in action:
        _refuse(plugin, f"action `{action}`", f"The stand-in runs {' and '.join(_ACTIONS)}.")
    if not options.get("index"):
        _refuse(plugin, "an elasticsearch output without `index`", "Name the index or write alias to write to.")
    hosts = _hosts(plugin)
    return Target(
        hosts=hosts,
        headers=_headers(options),
        tls=_tls(plugin) if any(host.secure for host in hosts) else None,
        action=action,
        index=str(options["index"]),
        document_id=str(options["document_id"]) if options.get("document_id") else None,
        retry_initial_seconds=float(options.get("retry_initial_interval") or 2),
        retry_max_seconds=float(options.get("retry_max_interval") or 64),
        timeout_seconds=float(options.get("timeout") or 60),
        dead_letter_codes=frozenset({400, 404, *(int(code) for code in options.get("dlq_custom_codes") or ())}),
    )


def _refuse(plugin: Plugin, what: str, hint: str) -> NoReturn:
    message = f"{what} is not supported by the Logstash stand-in"
    raise UnsupportedError(message, at=plugin.position, hint=hint)


def _refuse_unsupported(plugin: Plugin) -> None:
    known = find("output", plugin.name, plugin.position).OPTIONS
    for name, value in plugin.options.items():
        default = known[name].default if name in known else None
        if name not in _RUN and value not in (None, default):
            _refuse(plugin, f"option `{name}` of the elasticsearch output", "Verify this pipeline on a real Logstash.")
    for name, wanted in (("manage_template", "templates"), ("data_stream", "data streams"), ("ilm_enabled", "ILM")):
        value = str(plugin.options.get(name)).lower()
        if value == "true":
            hint = f"It sets up no {wanted}: say `{name} => false` and set them up in Elasticsearch."
            _refuse(plugin, f"`{name} => true` (its default, or as given) of the elasticsearch output", hint)


def _hosts(plugin: Plugin) -> tuple[Host, ...]:
    options = plugin.options
    given = options.get("hosts") or ["127.0.0.1"]
    secure = options.get("ssl_enabled") if options.get("ssl_enabled") is not None else options.get("ssl")
    user, password = options.get("user"), options.get("password")
    try:
        listed = given if isinstance(given, list) else [given]
        path = str(options.get("path") or "")
        return tuple(Host.of(str(url), user, password, secure=secure, path=path) for url in listed)
    except ValueError as error:
        raise UnreadableError(f"elasticsearch: hosts: {error}", at=plugin.position) from error


def _headers(options: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        "Content-Type": "application/x-ndjson",
        **{k: str(v) for k, v in (options.get("custom_headers") or {}).items()},
    }
    if options.get("api_key"):
        key = str(options["api_key"])
        encoded = base64.b64encode(key.encode()).decode() if ":" in key else key
        headers["Authorization"] = f"ApiKey {encoded}"
    return headers


def _tls(plugin: Plugin) -> ssl.SSLContext:
    options = plugin.options
    context = ssl.create_default_context()
    try:
        for file in _authorities(options):
            context.load_verify_locations(cafile=str(file))
        if options.get("ssl_certificate"):
            context.load_cert_chain(options["ssl_certificate"], options.get("ssl_key"))
    except (OSError, ssl.SSLError) as error:
        raise UnreadableError(f"elasticsearch: cannot read the certificates: {error}", at=plugin.position) from error
    unverified = options.get("ssl_verification_mode") == "none" or options.get("ssl_certificate_verification") is False
    if unverified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _authorities(options: Mapping[str, Any]) -> list[Path]:
    given = options.get("ssl_certificate_authorities") or options.get("cacert") or []
    return [Path(str(file)) for file in (given if isinstance(given, list) else [given])]
