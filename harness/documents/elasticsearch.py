"""Elasticsearch's artifacts: node settings, index templates, lifecycle policies and roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.documents.document import Document, Source
from harness.documents.positions import View


@dataclass(frozen=True, slots=True)
class Elasticsearch(Document):
    """`elasticsearch.yml`: the node's settings, flattened to dotted names."""

    settings: Mapping[str, View] = field(default_factory=dict)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A file named elasticsearch.yml, or one with settings only a node has."""
        if source.path.suffix not in (".yml", ".yaml") or not isinstance(source.value, dict):
            return False
        return (source.named("elasticsearch*.yml") and not source.has("services", "groups")) or source.has(
            "cluster.name", "discovery.type", "discovery.seed_hosts"
        )

    @classmethod
    def read(cls, source: Source) -> Elasticsearch:
        """Read the settings, in dotted or nested spelling."""
        return cls(source.file, source.tree, dict(flattened(source.tree.view)))


@dataclass(frozen=True, slots=True)
class IndexTemplate(Document):
    """The body of a composable (or legacy) index template, or of an index: patterns, settings, mappings and aliases."""

    patterns: tuple[str, ...] = ()
    settings: Mapping[str, View] = field(default_factory=dict)
    fields: Mapping[str, View] = field(default_factory=dict)
    aliases: Mapping[str, View] = field(default_factory=dict)

    def setting(self, name: str) -> View | None:
        """A setting with or without its `index.` prefix."""
        return self.settings.get(f"index.{name}") or self.settings.get(name)

    def type_of(self, name: str) -> str:
        """The mapped type of a field; nothing when it is not mapped."""
        found = self.fields.get(name)
        return (found.text("type") or "object") if found else ""

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A JSON mapping with `index_patterns`."""
        return source.path.suffix == ".json" and source.has("index_patterns")

    @classmethod
    def read(cls, source: Source) -> IndexTemplate:
        """Read the template, whose body is under `template` when it is composable."""
        view = source.tree.view
        body = view["template"] if isinstance(view["template"].value, dict) else view
        settings = dict(flattened(body["settings"])) if body["settings"] else {}
        mappings = body["mappings"]
        fields = dict(mapped_fields(mappings)) if isinstance(mappings.value, dict) else {}
        aliases = body.entries("aliases")
        return cls(source.file, source.tree, view.texts("index_patterns"), settings, fields, aliases)


@dataclass(frozen=True, slots=True)
class LifecyclePolicy(Document):
    """An index lifecycle (ILM) policy."""

    phases: Mapping[str, View] = field(default_factory=dict)

    def action(self, phase: str, action: str) -> View | None:
        """An action of a phase, or None."""
        found = self.phases.get(phase)
        actions = found["actions"] if found else None
        return actions[action] if actions is not None and isinstance(actions[action].value, dict) else None

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A JSON mapping with `policy.phases`."""
        policy: Any = source.value.get("policy") if isinstance(source.value, dict) else None
        return source.path.suffix == ".json" and isinstance(policy, dict) and "phases" in policy

    @classmethod
    def read(cls, source: Source) -> LifecyclePolicy:
        """Read the phases."""
        phases = source.tree.view["policy"].entries("phases")
        return cls(source.file, source.tree, {n: v for n, v in phases.items() if isinstance(v.value, dict)})


@dataclass(frozen=True, slots=True)
class Roles(Document):
    """`roles.yml`: the file realm's roles."""

    roles: Mapping[str, View] = field(default_factory=dict)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A YAML mapping of roles, each with privileges."""
        if source.path.suffix not in (".yml", ".yaml") or not isinstance(source.value, dict) or not source.value:
            return False
        privileges = ("cluster", "indices", "applications", "run_as")
        return all(isinstance(r, dict) and any(p in r for p in privileges) for r in source.value.values())

    @classmethod
    def read(cls, source: Source) -> Roles:
        """Read the roles."""
        return cls(source.file, source.tree, source.tree.view.entries())


def flattened(view: View, prefix: str = "") -> Iterator[tuple[str, View]]:
    """Every leaf below a view with its dotted name."""
    for key, item in view.entries().items():
        name = f"{prefix}{key}"
        if isinstance(item.value, dict):
            yield from flattened(item, f"{name}.")
        else:
            yield name, item


def mapped_fields(view: View, prefix: str = "") -> Iterator[tuple[str, View]]:
    """Every field below a view with `properties`, with its dotted name; multi-fields too."""
    for key, item in view.entries("properties").items():
        if not isinstance(item.value, dict):
            continue
        name = f"{prefix}{key}"
        yield name, item
        for sub, field_view in item.entries("fields").items() if item["fields"] else ():
            yield f"{name}.{sub}", field_view
        if item["properties"]:
            yield from mapped_fields(item, f"{name}.")
