"""Makes sure that what a rehearsal sends reaches nobody: nothing may be sent anywhere but to this machine.

A configuration can name a real webhook or a real mail server in so many ways that the overlay may miss one. Then the
run is refused, before a person is woken by a storm that never was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from harness.documents.positions import Step, Tree, View
from harness.documents.substitution import substitute
from harness.documents.texts import texts_below
from harness.errors import StackError
from harness.model import Position

HERE = frozenset({"127.0.0.1", "localhost", "::1"})
"""This machine. A run with containers adds the names and addresses of its own network."""

SPOKEN = ("slack_configs", "email_configs", "pagerduty_configs", "webhook_configs")
"""The kinds of receiver that a sink speaks with, or whose address can be checked; every other has a default abroad."""

_ADDRESS = re.compile(r"(^|_)(api_url|smarthost)$|^(pagerduty_url|webhook_url|proxy_url)$")
_FROM_FILE = re.compile(r"(^|_)(api_url|url|smarthost)_file$")


def require_here(tree: Tree, values: Mapping[str, str], here: Collection[str] = HERE) -> None:
    """Refuse an Alertmanager configuration with a receiver abroad. `values` fill `${NAME}` in. Raises StackError."""
    _refuse(
        _abroad(tree, values, here),
        "Take the address from a variable that .env sets, so that the run can set it to a sink.",
    )


def require_alerts_stay(tree: Tree, here: Collection[str] = HERE) -> None:
    """Refuse a Prometheus configuration that would send alerts or samples to another machine. Raises StackError."""
    _refuse(
        _leaving(tree, here),
        "A run replaces `host:port` of the services it boots, as fixtures/deployment.yml lists them.",
    )


def require_outputs_stay(tree: Tree, here: Collection[str] = HERE) -> None:
    """Refuse a Filebeat configuration with an output abroad. Raises StackError."""
    found = (
        (tree.at(*path), f"{'.'.join(map(str, path[:-1]))} points at {text}")
        for path, _, text in _scalars(tree, ())
        if str(path[0]).startswith("output") and "hosts" in str(path) and host_of(text) not in here
    )
    _refuse(found, "A run replaces `host:port` of the services it boots, as fixtures/deployment.yml lists them.")


def require_hosts_here(hosts: Iterable[str], at: Position) -> None:
    """Refuse addresses of another machine, e.g. those of a Logstash output. Raises StackError."""
    found = ((at, f"an output points at {host}") for host in hosts if host_of(host) not in HERE)
    _refuse(found, "A run replaces `host:port` of the services it boots, as fixtures/deployment.yml lists them.")


def require_store_here(settings: Iterable[tuple[Position, str]], here: Collection[str]) -> None:
    """Refuse a Kibana that would keep its objects in an Elasticsearch abroad. `settings` are its hosts, each with its
    place. Raises StackError."""
    found = ((at, f"elasticsearch.hosts points at {host}") for at, host in settings if host_of(host) not in here)
    _refuse(found, "In the deployment's network Elasticsearch is reached by its name in the compose file.")


def _refuse(found: Iterable[tuple[Position, str]], hint: str) -> None:
    for at, why in found:
        raise StackError(f"a rehearsal must reach nobody: {why}", at=at, hint=hint)


def _leaving(tree: Tree, here: Collection[str]) -> Iterator[tuple[Position, str]]:
    for key in ("remote_write", "remote_read"):
        if tree.get(key):
            yield tree.key_at(key), f"{key} would send to another system"
    managers = tree.get("alerting", "alertmanagers")
    for index, manager in enumerate(managers if isinstance(managers, list) else ()):
        path = ("alerting", "alertmanagers", index)
        for key in manager if isinstance(manager, dict) else ():
            if str(key).endswith("_sd_configs"):
                yield tree.key_at(*path, key), f"{key} would find Alertmanagers of another system"
        for where, _, text in _scalars(tree, (*path, "static_configs")):
            if "targets" in where and host_of(text) not in here:
                yield tree.at(*where), f"alerts would be sent to {text}"


def _abroad(tree: Tree, values: Mapping[str, str], here: Collection[str]) -> Iterator[tuple[Position, str]]:
    receivers = tree.get("receivers")
    for index, receiver in enumerate(receivers if isinstance(receivers, list) else ()):
        for kind in receiver if isinstance(receiver, dict) else ():
            if str(kind).endswith("_configs") and kind not in SPOKEN:
                yield (
                    tree.key_at("receivers", index, kind),
                    f"no sink speaks with {kind}, it would go to the real service",
                )
    for path, key, text in (*_scalars(tree, ("global",)), *_scalars(tree, ("receivers",))):
        if _FROM_FILE.search(key):
            yield tree.at(*path), f"{key} takes an address from a file that is not laid over"
        elif _is_address(path, key) and (host := host_of(substitute(text, values))) not in here:
            yield tree.at(*path), f"{key} points at {host or text}"


def _is_address(path: tuple[Step, ...], key: str) -> bool:
    """Whether a setting says where to send: `url` does so of a receiver only, elsewhere it is a link in the message."""
    of_receiver = len(path) == 5 and path[0] == "receivers" and key == "url"
    return bool(of_receiver or _ADDRESS.search(key))


def _scalars(tree: Tree, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str, str]]:
    """Every text below a path, with its own path and key."""
    for view, text in texts_below(View(tree, path)):
        if text:
            yield view.path, next((step for step in reversed(view.path) if isinstance(step, str)), ""), text


def host_of(address: str) -> str:
    """The host of a URL or of `host:port`."""
    return urlsplit(address if "://" in address else f"//{address}").hostname or ""
