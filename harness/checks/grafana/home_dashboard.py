"""See HomeDashboard."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.dashboard import Dashboard
from harness.documents.deployment import (
    folder_of,
    inside,
)
from harness.documents.unknown import nearest
from harness.model import Finding, Severity


class HomeDashboard(Check):
    """Grafana's home dashboard is a file that is not mounted: people start on an error.

    Why: the path is the container's. Bad: a path below a folder that nothing is mounted at. Good: where a dashboard is.
    Fix: correct the path.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Follow the volumes of every Grafana."""
        name = "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
        files = [dashboard.file for dashboard in context.documents.of(Dashboard)]
        for service in compose.of_image("grafana") if files else ():
            wanted = service.environment.get(name)
            found = {path for f in files for m in service.mounts if (path := inside(m, folder_of(compose), f))}
            if wanted and "$" not in wanted and found and wanted not in found:
                yield self.finding(
                    service.view.at("environment", name), f"no dashboard is at {wanted}{nearest(wanted, found)}"
                )
