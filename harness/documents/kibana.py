"""`kibana.yml`: Kibana's server settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.elasticsearch import flattened
from harness.documents.positions import View


@dataclass(frozen=True, slots=True)
class Kibana(Document):
    """Kibana's settings, flattened to dotted names."""

    settings: Mapping[str, View] = field(default_factory=dict)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A file named kibana*.yml, or one with settings only Kibana has."""
        if source.path.suffix not in (".yml", ".yaml") or not isinstance(source.value, dict):
            return False
        telling = ("elasticsearch.hosts", "server.publicBaseUrl", "xpack.encryptedSavedObjects.encryptionKey")
        return source.has(*telling) or (source.named("kibana*.y*ml") and not source.has("services"))

    @classmethod
    def read(cls, source: Source) -> Kibana:
        """Read the settings."""
        return cls(source.file, source.tree, dict(flattened(source.tree.view)))
