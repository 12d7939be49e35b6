"""See Refused."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from harness.contracts import Check, Context
from harness.documents.positions import View
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Position, Severity

_RESERVED = {
    "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent", "connection",
    "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding",
    "x-prometheus-remote-write-version", "x-prometheus-remote-read-version", "x-amz-date", "x-amz-security-token",
    "x-amz-content-sha256",
}  # fmt: skip
_BINARY = re.compile(r"!!binary\s+[\"']?([^\s\"'#]*)")

Fault = tuple[Position, str]


class Refused(Check):
    """What is well formed, and yet Prometheus refuses the whole file for it.

    Why: after a reload the old configuration goes on, after a restart there is no monitoring.
    Bad: `targets: ["http://api:8080"]`, two `remote_write` of one name, `rule_files: [rules/*/a.yml]`.
    Good: `targets: ["api:8080"]`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look at targets, names, headers, patterns and limits."""
        root = prometheus.tree.view
        for faults in _ALL:
            for position, message in faults(root):
                yield self.finding(position, message)


def _items(view: View) -> list[View]:
    value = view.value
    return [view[index] for index in range(len(value))] if isinstance(value, list) else []


def _section(root: View, *names: str) -> View:
    for name in names:
        if not isinstance(root.value, dict):
            return root[name]
        root = root[name]
    return root


def _targets(root: View) -> Iterator[Fault]:
    """An address with a path or a scheme; relabelling may still make one of it."""
    for section in (*_items(root["scrape_configs"]), *_items(_section(root, "alerting", "alertmanagers"))):
        if not isinstance(section.value, dict) or _readdressed(section):
            continue
        for group in _items(section["static_configs"]):
            for target in _items(group["targets"]) if isinstance(group.value, dict) else ():
                text = str(target.value)
                if "/" in text and "$" not in text and "{{" not in text:
                    yield target.at(), f"{text} is no host:port; scheme and path are settings of their own"


def _readdressed(section: View) -> bool:
    """Whether relabelling can write the address."""
    for rule in _items(section["relabel_configs"]):
        given = rule.value if isinstance(rule.value, dict) else {}
        target = str(given.get("target_label") or "")
        if target == "__address__" or "$" in target or str(given.get("action")).lower() == "labelmap":
            return True
    return False


def _patterns(root: View) -> Iterator[Fault]:
    for name in ("rule_files", "scrape_config_files"):
        for item in _items(root[name]):
            if "*" in str(item.value).rpartition("/")[0]:
                yield item.at(), "a star may stand in the last part of the path only"


def _remotes(root: View) -> Iterator[Fault]:
    for kind in ("remote_write", "remote_read"):
        names: set[Any] = set()
        for item in _items(root[kind]):
            name = item.value.get("name") if isinstance(item.value, dict) else None
            if name and str(name) in names:
                yield item["name"].at(), f"another {kind} is called {name} already"
            names.add(str(name))


def _headers(root: View) -> Iterator[Fault]:
    holders = [*_items(root["remote_write"]), *_items(root["remote_read"]), root["tracing"]]
    for holder in holders:
        headers = holder["headers"]
        for name in headers.value if isinstance(holder.value, dict) and isinstance(headers.value, dict) else ():
            if str(name).lower() in _RESERVED:
                way = "; there are settings for it" if str(name).lower() == "authorization" else ""
                yield headers.key_at(name), f"the header {name} is reserved{way}"


def _protocols(root: View) -> Iterator[Fault]:
    whole = _section(root, "global", "metric_name_validation_scheme").value
    for holder in (root["global"], *_items(root["scrape_configs"])):
        if not isinstance(holder.value, dict):
            continue
        seen: set[str] = set()
        for item in _items(holder["scrape_protocols"]):
            if str(item.value) in seen:
                yield item.at(), f"{item.value} is in the list already"
            seen.add(str(item.value))
        scheme = holder.value.get("metric_name_validation_scheme") or whole
        if scheme == "legacy" and holder.value.get("metric_name_escaping_scheme") == "allow-utf-8":
            yield holder["metric_name_escaping_scheme"].at(), "UTF-8 names cannot be asked for and be invalid"


def _attributes(root: View) -> Iterator[Fault]:
    otlp = root["otlp"]
    if not isinstance(otlp.value, dict):
        return
    for name in ("promote_resource_attributes", "ignore_resource_attributes"):
        seen: set[str] = set()
        for item in _items(otlp[name]):
            text = str(item.value or "").strip()
            if not text or text in seen:
                yield item.at(), f"{text} is in the list already" if text else "an empty attribute"
            seen.add(text)
    if otlp.value.get("ignore_resource_attributes") and otlp.value.get("promote_all_resource_attributes") is not True:
        yield otlp.key_at("ignore_resource_attributes"), "only with promote_all_resource_attributes: true"


def _translation(root: View) -> Iterator[Fault]:
    strategy = _section(root, "otlp", "translation_strategy")
    legacy = _section(root, "global", "metric_name_validation_scheme").value == "legacy"
    if legacy and strategy.value in ("NoTranslation", "NoUTF8EscapingWithSuffixes"):
        yield strategy.at(), f"{strategy.value} makes names that the legacy scheme forbids"


def _retention(root: View) -> Iterator[Fault]:
    retention = _section(root, "storage", "tsdb", "retention")
    if not isinstance(retention.value, dict):
        return
    share = retention.value.get("percentage")
    if isinstance(share, (int, float)) and not 0 <= share <= 100:
        yield retention["percentage"].at(), f"{share} is no percentage"
    if str(retention.value.get("size", "")).startswith("-"):
        yield retention["size"].at(), "a size below zero"


def _binary(root: View) -> Iterator[Fault]:
    text = root.tree.text
    for match in _BINARY.finditer(text):
        try:
            base64.b64decode(match[1], validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            if not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].lstrip().startswith("#"):
                yield root.tree.place(match.start(), match.end()), "this is no text when it is decoded"


_ALL = (_targets, _patterns, _remotes, _headers, _protocols, _attributes, _translation, _retention, _binary)
