"""See NoInput."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from harness.contracts import Check, Context
from harness.documents.filebeat import Filebeat
from harness.documents.unknown import nearest
from harness.model import Finding

# Filebeat 9.2, the inputs of its open-source and default distributions.
_KINDS = frozenset(
    [
        "filestream", "log", "container", "docker", "stdin", "syslog", "tcp", "udp", "unix", "kafka", "mqtt", "redis",
        "journald", "winlog", "http_endpoint", "httpjson", "cel", "aws-s3", "aws-cloudwatch", "gcs", "gcp-pubsub",
        "azure-eventhub", "azure-blob-storage", "cloudfoundry", "entity-analytics", "etw", "lumberjack", "netflow",
        "o365audit", "salesforce", "streaming", "websocket", "benchmark",
    ]
)  # fmt: skip


# Inputs that come from modules, from what is running, or from files of their own.
_ELSEWHERE = re.compile(r"module|autodiscover|filebeat\.config\b|config\.(?:inputs|prospectors)")


def _settings(value: Any, above: str = "") -> Iterator[str]:
    """Every setting of the first levels in dotted spelling."""
    for key in value if isinstance(value, dict) and above.count(".") < 3 else ():
        yield f"{above}{key}"
        yield from _settings(value[key], f"{above}{key}.")


class NoInput(Check):
    """Filebeat reads nothing: no enabled input, an input of an unknown type, without paths, or with another's id.

    Why: an input that cannot be made is only logged, or takes another's state. Bad: `type: filestreams`; two filestream
    inputs of one id. Good: a known type, an id of its own, and paths. Fix: at the input shown.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Look at every input's type, paths and id."""
        modules = bool(_ELSEWHERE.search(" ".join(_settings(filebeat.tree.value))))
        if not any(source.enabled for source in filebeat.inputs) and not modules:
            yield self.finding(filebeat.tree.at(), "no input is enabled, so nothing is read")
        seen: dict[str, int] = {}
        for source in filebeat.inputs:
            if not source.enabled:
                continue
            if source.kind not in _KINDS:
                hint = nearest(source.kind, _KINDS)
                yield self.finding(
                    source.view.at("type"), f"there is no input of type {source.kind or 'nothing'}{hint}"
                )
            if source.kind in ("filestream", "log", "container") and not source.paths:
                yield self.finding(source.view.at("type"), "an input without `paths` reads nothing")
            if source.kind == "filestream" and source.id:
                if source.id in seen:
                    at = source.view.at("id")
                    yield self.finding(at, f"the id {source.id} is taken: both inputs share one state and lose lines")
                seen[source.id] = 1
