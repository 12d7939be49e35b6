"""Makes sure that a pipeline which Logstash itself runs in a rehearsal reaches nobody, and takes nothing from anybody.

The stand-in refuses every plugin it does not know; the product runs them all. So a plugin that sends, fetches or
consumes is let through only if its address is one of the run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from harness.documents.positions import Tree, View
from harness.documents.texts import texts_below
from harness.errors import StackError, UnreadableError
from harness.languages.logstash.ast import Array, Hash, Number, PluginNode, Text, Value
from harness.languages.logstash.grammar import parse
from harness.languages.logstash.source import plugins
from harness.model import Position
from harness.services.outward import HERE, host_of

_LISTENING = {"beats", "elastic_agent", "tcp", "udp", "http", "syslog", "unix", "stdin", "pipeline"}
_READING = {"generator", "java_generator", "heartbeat", "file", "dead_letter_queue"}
STAYS = {
    "input": frozenset(_LISTENING | _READING),
    "output": frozenset({"elasticsearch", "stdout", "null", "sink", "file", "pipeline"}),
}
"""Inputs that listen or read what lies here: the others would consume what production is to get. Outputs that stay."""

FETCHING = frozenset({"elasticsearch", "http", "jdbc_streaming", "jdbc_static", "memcached"})
"""Filters that ask other systems; `http` may also change them. Without an address they ask their own machine."""

_HOSTS = re.compile(r"^(hosts?|urls?|uri|cloud_id|proxy|jdbc_connection_string)$")
_VARIABLE = re.compile(r"\$\{([A-Za-z_.][\w.]*)(?::([^}]*))?\}")
_SETTING = re.compile(r"(?i)^(xpack[._](monitoring|management)[._]elasticsearch[._](hosts|cloud_id)|cloud[._]id)$")
_HINT = "A run replaces `host:port` of the services it boots, as fixtures/deployment.yml lists them."


def require_pipeline_stays(
    text: str, file: str, environment: Mapping[str, str], here: Collection[str] = HERE, *, ends: bool = True
) -> None:
    """Raise StackError at the first plugin that would reach another machine. `environment` fills `${NAME}` in.

    Without `ends` only the filters are looked at: inputs and outputs are not going to run. A configuration that cannot
    be read is refused as well: nobody could say where it sends.
    """
    try:
        config = parse(text, file)
    except UnreadableError as error:
        why = f"a rehearsal must reach nobody, and where this pipeline sends cannot be told: {error.message}"
        raise StackError(why, at=error.at) from error
    for kind in ("input", "filter", "output") if ends else ("filter",):
        for node in plugins(config.body(kind)):
            if kind in STAYS and node.name not in STAYS[kind]:
                raise StackError(
                    f"a rehearsal must reach nobody: the {kind} {node.name} has no counterpart in a run, it would "
                    "reach the real service",
                    at=node.position,
                    hint=f"{kind.capitalize()}s that stay: {', '.join(sorted(STAYS[kind]))}.",
                )
            if kind == "output" or node.name in FETCHING:
                _require_here(kind, node, environment, here)


def _require_here(kind: str, node: PluginNode, environment: Mapping[str, str], here: Collection[str]) -> None:
    for address in _addresses(node, environment):
        if host_of(address) not in here:
            raise StackError(
                f"a rehearsal must reach nobody: the {kind} {node.name} points at {address}",
                at=node.position,
                hint=_HINT,
            )


def require_settings_stay(environment: Mapping[str, str], settings: Tree | None, here: Collection[str] = HERE) -> None:
    """Raise StackError when Logstash's own settings would ship its metrics, or take its pipelines from, elsewhere."""
    view = View(settings, ()) if settings is not None else None
    told: list[tuple[str, str, Position | None]] = [(name, value, None) for name, value in environment.items()]
    for one, text in texts_below(view) if view else ():
        name = ".".join(step for step in one.path if isinstance(step, str))
        told.append((name, text, one.at()))
    for name, value, at in told:
        if _SETTING.match(name) and host_of(_filled(value, environment)) not in here:
            raise StackError(f"a rehearsal must reach nobody: {name} points at {value}", at=at, hint=_HINT)


def _addresses(node: PluginNode, environment: Mapping[str, str]) -> Iterator[str]:
    for attribute in node.attributes:
        if _HOSTS.match(attribute.name):
            for text in _texts(attribute.value):
                yield _filled(text, environment)


def _texts(value: Value) -> Iterator[str]:
    match value:
        case Text(text):
            yield text
        case Number(number):
            yield str(number)
        case Array(items):
            for item in items:
                yield from _texts(item)
        case Hash(entries):
            for _, item in entries:
                yield from _texts(item)


def _filled(text: str, environment: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: environment.get(found[1], found[2] or ""), text)
