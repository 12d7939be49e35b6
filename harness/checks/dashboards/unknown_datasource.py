"""See UnknownDatasource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, DatasourceReference
from harness.documents.grafana import Datasources
from harness.documents.unknown import nearest
from harness.model import Finding, Position

_BUILT_IN = {"grafana", "-- Grafana --", "-- Mixed --", "-- Dashboard --", "__expr__", ""}


class UnknownDatasource(Check):
    """A panel asks a datasource that is not provisioned: it shows an error in place of data.

    Why: uids are compared exactly. Bad: `uid: prom` where `uid: prometheus` is provisioned. Good: a provisioned uid, or
    a datasource variable. Fix: use the provisioned uid.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look up the datasource of every panel, query, variable and annotation."""
        files = context.documents.of(Datasources)
        known = {source.uid or source.name: source for file in files for source in file.datasources}
        names = {source.name for source in known.values()}
        if not known:
            return
        told = set()
        for reference, position in _references(dashboard):
            if position in told or reference.uid in _BUILT_IN or "$" in reference.uid or reference.uid in names:
                continue
            told.add(position)
            source = known.get(reference.uid)
            if source is None:
                hint = nearest(reference.uid, known)
                yield self.finding(position, f"no datasource has the uid {reference.uid}{hint}")
            elif reference.type and source.kind and reference.type != source.kind:
                message = f"{reference.uid} is a datasource of type {source.kind}, not {reference.type}"
                yield self.finding(position, message)


def _references(dashboard: Dashboard) -> Iterator[tuple[DatasourceReference, Position]]:
    for panel in dashboard.panels:
        yield panel.datasource, panel.view.at("datasource", "uid")
        for target in panel.targets:
            if target.view["datasource"]:
                yield target.datasource, target.view.at("datasource", "uid")
    for variable in dashboard.variables:
        yield variable.datasource, variable.view.at("datasource", "uid")
    for annotation in dashboard.annotations:
        yield annotation.datasource, annotation.view.at("datasource", "uid")
