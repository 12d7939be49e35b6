"""Grafana's provisioning: datasources, and the providers that load dashboards from folders."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.positions import Step, View
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Datasource:
    """One datasource: `kind` is prometheus, elasticsearch, …"""

    name: str
    uid: str
    kind: str
    url: str
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field's value stands."""
        return self.view.at(*path)


@dataclass(frozen=True, slots=True)
class Datasources(Document):
    """A provisioning file of datasources."""

    datasources: tuple[Datasource, ...] = ()

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A YAML mapping with a list of `datasources`."""
        return (
            source.path.suffix in (".yml", ".yaml")
            and source.has("datasources")
            and (source.has("apiVersion") or source.named("datasources/*", "*datasource*"))
        )

    @classmethod
    def read(cls, source: Source) -> Datasources:
        """Read the datasources."""
        items = source.tree.view.mappings("datasources")
        found = (Datasource(i.text("name"), i.text("uid"), i.text("type"), i.text("url"), i) for i in items)
        return cls(source.file, source.tree, tuple(found))


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider of dashboards; `path` is the folder in Grafana's container."""

    name: str
    folder: str
    path: str
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field's value stands."""
        return self.view.at(*path)


@dataclass(frozen=True, slots=True)
class Providers(Document):
    """A provisioning file of dashboard providers."""

    providers: tuple[Provider, ...] = ()

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A YAML mapping with a list of `providers`."""
        return (
            source.path.suffix in (".yml", ".yaml")
            and source.has("providers")
            and (source.has("apiVersion") or source.named("dashboards/*"))
        )

    @classmethod
    def read(cls, source: Source) -> Providers:
        """Read the providers."""
        items = source.tree.view.mappings("providers")
        found = (Provider(i.text("name"), i.text("folder"), i["options"].text("path"), i) for i in items)
        return cls(source.file, source.tree, tuple(found))
