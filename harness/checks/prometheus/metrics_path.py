"""See MetricsPath."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Service
from harness.documents.deployment import (
    services,
)
from harness.documents.prometheus import Prometheus
from harness.model import Finding

_FIXED = {"prometheus": "/metrics", "alertmanager": "/metrics", "node-exporter": "/metrics", "grafana": "/metrics"}


class MetricsPath(Check):
    """A product is scraped at a path where it exposes nothing.

    Why: the target is down for ever. Bad: `metrics_path: /metric` for Alertmanager. Good: `/metrics`. Fix: correct it.
    """

    subject = Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look at the jobs whose targets are known products of the compose file."""
        known = services(context.documents)
        for job in prometheus.jobs:
            for target in job.targets:
                service = known.get(target.host)
                image = service.image.partition(":")[0].rpartition("/")[2] if service else ""
                wanted = _FIXED.get(image)
                if wanted and service and job.metrics_path != wanted and not _prefixed(service):
                    message = f"{image} exposes its metrics at {wanted}, not at {job.metrics_path}"
                    yield self.finding(job.view.at("metrics_path"), message)
                    break


def _prefixed(service: Service) -> bool:
    flags = [word for word in service.command if word.startswith(("--web.route-prefix", "--web.telemetry-path"))]
    return bool(flags) or "GF_SERVER_SERVE_FROM_SUB_PATH" in service.environment
