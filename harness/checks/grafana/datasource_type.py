"""See DatasourceType."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.deployment import (
    services,
)
from harness.documents.grafana import Datasources
from harness.model import Finding

_PRODUCTS = {"prometheus": "prometheus", "elasticsearch": "elasticsearch", "loki": "loki",
             "alertmanager": "alertmanager", "tempo": "tempo", "influxdb": "influxdb"}  # fmt: skip


class DatasourceType(Check):
    """A datasource of one product's type points to another product.

    Why: every panel on it shows an error. Bad: `type: prometheus` with `url: http://elasticsearch:9200`.
    Good: the address of a service of the type. Fix: correct type or address.
    """

    subject = Datasources

    def examine(self, datasources: Datasources, context: Context) -> Iterable[Finding]:
        """Follow each address to a service of the compose file."""
        known = services(context.documents)
        for source in datasources.datasources:
            host = source.url.partition("://")[2].partition("/")[0].partition(":")[0]
            service = known.get(host)
            image = service.image.partition("@")[0].partition(":")[0].rpartition("/")[2] if service else ""
            if source.kind in _PRODUCTS and image in _PRODUCTS and image != source.kind:
                yield self.finding(source.at("url"), f"{host} is {image}, and the datasource's type {source.kind}")
