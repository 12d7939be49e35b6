"""Which datasource a reference in a dashboard means: by uid, name or variable, or the default of its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.contracts import Documents
from harness.documents.dashboard import DatasourceReference
from harness.documents.grafana import Datasource, Datasources
from harness.probes.grafana_connection import Connection
from harness.probes.grafana_elasticsearch import ElasticsearchSource
from harness.probes.grafana_player import PlayedSource
from harness.probes.grafana_prometheus import PrometheusSource
from harness.probes.grafana_time import parsed
from harness.probes.grafana_variables import Chosen, fill
from harness.probes.panel_answer import Reply

Source = PrometheusSource | ElasticsearchSource


class Sources:
    """The datasources of one Grafana, as provisioned, each at the address it has in this run."""

    def __init__(self, sources: Iterable[Source], names: Mapping[str, str] | None = None, default: str = "") -> None:
        self._by_uid = {source.uid: source for source in sources}
        self._names = dict(names or {})
        self._default = default

    @classmethod
    def provisioned(
        cls, documents: Documents, connections: Mapping[str, Connection], player: Connection | None = None
    ) -> Sources:
        """The datasources the configuration provisions; `connections` says by type where each kind is in this run.

        With a `player`, Prometheus is asked through Grafana's own code, which that is.
        """
        given = [one for document in documents.of(Datasources) for one in document.datasources]
        sources = [source for one in given if (source := _source(one, connections, player)) is not None]
        default = next((one.uid for one in given if one.view["isDefault"].value is True), "")
        return cls(sources, {one.name: one.uid for one in given}, default)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The uids of the datasources of a type, which are the options of a datasource variable."""
        return tuple(uid for uid, source in self._by_uid.items() if source.kind == kind)

    def find(self, reference: DatasourceReference, chosen: Mapping[str, Chosen]) -> Source | Reply:
        """The datasource meant; a failed reply, as the panel would show, when there is none."""
        uid = fill(reference.uid, chosen, lambda variable: variable.values[0] if variable.values else "")
        found = self._by_uid.get(uid) or self._by_uid.get(self._names.get(uid, ""))
        if found is None and uid in ("", "default"):
            found = self._by_uid.get(self._default) if not reference.type else self._first(reference.type)
        if found is not None:
            return found
        return Reply.failed(f"no datasource {uid or reference.type!r} is provisioned, or it has no address in this run")

    def prometheus(self) -> PrometheusSource | None:
        """The first Prometheus datasource."""
        return next((source for source in self._by_uid.values() if isinstance(source, PrometheusSource)), None)

    def elasticsearch(self) -> ElasticsearchSource | None:
        """The first Elasticsearch datasource."""
        return next((source for source in self._by_uid.values() if isinstance(source, ElasticsearchSource)), None)

    def _first(self, kind: str) -> Source | None:
        return next((source for source in self._by_uid.values() if source.kind == kind), None)


def _source(given: Datasource, connections: Mapping[str, Connection], player: Connection | None) -> Source | None:
    connection, settings = connections.get(given.kind), given.view["jsonData"]
    if connection is None:
        return None
    if given.kind == PrometheusSource.kind and player:
        return PlayedSource(given.uid, player, parsed(settings.text("timeInterval"), 15.0))
    if given.kind == PrometheusSource.kind:
        return PrometheusSource(given.uid, connection, parsed(settings.text("timeInterval"), 15.0))
    if given.kind != ElasticsearchSource.kind:
        return None
    return ElasticsearchSource(
        given.uid,
        connection,
        settings.text("index") or given.view.text("database"),
        settings.text("timeField", "@timestamp"),
        parsed(settings.text("timeInterval"), 10.0),
        int(settings.number("maxConcurrentShardRequests") or 5),
    )
