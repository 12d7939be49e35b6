"""Which version answers: asked of the running services, not of what they were meant to be."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Protocol

import requests

from harness.contracts import Instance

_BUILD_INFO = re.compile(r'_build_info\{(?:[^}]*,)?version="([^"]+)"')


class Running(Protocol):
    """What this probe needs of a stack."""

    instances: dict[str, Instance]

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        """User and password of an Elasticsearch user."""
        ...


def versions(stack: Running) -> Mapping[str, str]:
    """Service → the version that its running instance tells; a service that does not answer is left out."""
    asked: Mapping[str, Callable[[str], str]] = {
        "prometheus": lambda url: _get(f"{url}/api/v1/status/buildinfo").json()["data"]["version"],
        "alertmanager": lambda url: _get(f"{url}/api/v2/status").json()["versionInfo"]["version"],
        "node-exporter": lambda url: _found(_BUILD_INFO, _get(f"{url}/metrics").text),
        "filebeat": lambda url: _get(url).json()["version"],
        "elasticsearch": lambda url: _elasticsearch(stack, url),
        "grafana": lambda url: _get(f"{url}/api/health").json()["version"],
        "grafana-prometheus": lambda url: _get(f"{url}/api/health").json()["promlib"].removeprefix("v"),
        "logstash": lambda url: _get(url).json()["version"],
        "kibana": lambda url: _get(f"{url}/api/status", stack.elasticsearch_auth("elastic")).json()["version"][
            "number"
        ],
    }
    found: dict[str, str] = {}
    for instance in stack.instances.values():
        ask = asked.get(instance.service)
        if ask and instance.service not in found:
            with contextlib.suppress(requests.RequestException, ValueError, KeyError, LookupError):
                found[instance.service] = str(ask(instance.url))
    return found


def _get(url: str, auth: tuple[str, str] | None = None) -> requests.Response:
    response = requests.get(url, timeout=5, auth=auth)
    response.raise_for_status()
    return response


def _elasticsearch(stack: Running, url: str) -> str:
    nodes = _get(f"{url}/_nodes/_local?filter_path=nodes.*.version", stack.elasticsearch_auth("elastic")).json()[
        "nodes"
    ]
    return str(next(iter(nodes.values()))["version"])


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    if not match:
        raise LookupError("no version")
    return match.group(1)
