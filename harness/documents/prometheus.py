"""Prometheus's own configuration: what it scrapes, how often, which rules it evaluates, whom it alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.durations import seconds
from harness.documents.positions import View
from harness.model import Position

_SECTIONS = (
    "global", "scrape_configs", "scrape_config_files", "rule_files", "alerting", "remote_write", "remote_read",
    "storage", "tracing", "otlp", "runtime",
)  # fmt: skip


# What no other program has in sections of these names.
_TELLING = {
    "global": {"scrape_interval", "evaluation_interval", "external_labels", "scrape_timeout"},
    "alerting": {"alertmanagers", "alert_relabel_configs"},
    "otlp": {"promote_resource_attributes", "promote_all_resource_attributes", "ignore_resource_attributes",
             "translation_strategy", "keep_identifying_resource_attributes"},
    "storage": {"tsdb", "exemplars"},
    "tracing": {"sampling_fraction", "client_type"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A static target, `host:port`, and the labels of its group."""

    address: str
    position: Position
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host without the port."""
        return self.address.rpartition(":")[0] or self.address

    @property
    def port(self) -> int | None:
        """The port, or None when there is none."""
        _, colon, port = self.address.rpartition(":")
        return int(port) if colon and port.isdigit() else None


@dataclass(frozen=True, slots=True)
class ScrapeJob:
    """A scrape job; interval and timeout are the effective ones, in seconds."""

    name: str
    interval: float
    timeout: float
    metrics_path: str
    scheme: str
    targets: tuple[Target, ...]
    view: View = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Prometheus(Document):
    """A Prometheus configuration. `rule_files` are patterns as written, with where they stand."""

    scrape_interval: float = 60.0
    evaluation_interval: float = 60.0
    external_labels: Mapping[str, str] = field(default_factory=dict)
    jobs: tuple[ScrapeJob, ...] = ()
    rule_files: tuple[tuple[str, Position], ...] = ()
    alertmanagers: tuple[Target, ...] = ()

    def job(self, name: str) -> ScrapeJob | None:
        """The scrape job of that name."""
        return next((job for job in self.jobs if job.name == name), None)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A mapping with `scrape_configs`, or named prometheus with another of its sections."""
        if source.path.suffix not in (".yml", ".yaml") or not isinstance(source.value, dict):
            return False
        if isinstance(source.value.get("scrape_configs"), list):
            return not source.has("clients", "server", "positions")  # promtail's file has the section too
        if set(source.value) <= set(_SECTIONS) and _tells(source.value):
            return True
        named = source.named("prometheus*.y*ml")
        return named and source.has(*_SECTIONS) and not source.has("groups", "services", "tests", "apiVersion")

    @classmethod
    def read(cls, source: Source) -> Prometheus:
        """Read jobs, rule files and alerting."""
        view = source.tree.view
        glob = view["global"]
        interval = _seconds(glob, "scrape_interval", 60.0)
        timeout = _seconds(glob, "scrape_timeout", 10.0)
        rule_files = view.texts("rule_files")
        return cls(
            source.file,
            source.tree,
            interval,
            _seconds(glob, "evaluation_interval", 60.0),
            glob.labels("external_labels") if isinstance(glob.value, dict) else {},
            tuple(_job(item, interval, timeout) for item in view.mappings("scrape_configs")),
            tuple((pattern, view.at("rule_files", index)) for index, pattern in enumerate(rule_files)),
            tuple(target for item in view["alerting"].mappings("alertmanagers") for target in _targets(item))
            if isinstance(view["alerting"].value, dict)
            else (),
        )


def _tells(value: dict[str, object]) -> bool:
    """Whether a mapping of nothing but such sections is Prometheus's, and not another program's that has one too."""
    for name, telling in _TELLING.items():
        section = value.get(name)
        if isinstance(section, dict) and section.keys() & telling:
            return True
    lists = ("remote_write", "remote_read", "scrape_config_files", "rule_files", "scrape_configs")
    return any(isinstance(value.get(name), list) for name in lists)


def _job(view: View, interval: float, timeout: float) -> ScrapeJob:
    own = _seconds(view, "scrape_interval", interval)
    return ScrapeJob(
        view.text("job_name"),
        own,
        _seconds(view, "scrape_timeout", min(timeout, own)),
        view.text("metrics_path", "/metrics"),
        view.text("scheme", "http"),
        _targets(view),
        view,
    )


def _targets(view: View) -> tuple[Target, ...]:
    found = []
    for group in view.mappings("static_configs"):
        labels = group.labels("labels")
        for index, address in enumerate(group.texts("targets")):
            found.append(Target(address, group.at("targets", index), labels))
    return tuple(found)


def _seconds(view: View, step: str, default: float) -> float:
    if not isinstance(view.value, dict):
        return default
    text = view.text(step)
    value = seconds(text) if text else default
    if value is None:
        view.tree.complain(view.at(step), f"`{step}` is no duration: {text!r}", "Write it like 15s or 1m.")
        return default
    return value
