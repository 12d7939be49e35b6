"""See Provisioned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.grafana.asked import SERVICES, not_asked, place
from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.dashboard import Dashboard
from harness.documents.deployment import folder_of, inside
from harness.documents.grafana import Datasource, Datasources, Providers
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof


class Provisioned(Check):
    """Grafana has every datasource and dashboard of the configuration, as the files have them, and reaches each source.

    Why: what Grafana cannot read it skips, with a line in its log; the dashboard is missing when it is looked for.
    How measured: Grafana's API is asked for its datasources, and to try each; for its dashboards, and for each one's
    title, folder and number of panels; its log is searched for errors of provisioning. How to fix: the finding holds
    what Grafana said; mount the file where the provider looks, correct the datasource, its address or its password.
    """

    subject, suite = History, "grafana"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """What Grafana listed against what the documents hold."""
        if gap := not_asked(history):
            yield gap
            return
        sources = [one for document in context.documents.of(Datasources) for one in document.datasources]
        dashboards = context.documents.of(Dashboard)
        if not sources or not dashboards:
            yield Gap("the configuration provisions no datasource, or no dashboard")
            return
        yield from self._health(history, context)
        yield from self._datasources(history, context, sources)
        yield from self._dashboards(history, context, dashboards)
        yield from self._log(history, context)
        yield Proof(
            f"Grafana provisioned {len(sources)} datasources, which answer it, and {len(dashboards)} dashboards",
            samples=len(sources) + len(dashboards),
            services=SERVICES,
            evidence=(Evidence("grafana-datasource", "*"), Evidence("grafana-dashboard", "*")),
        )

    def _health(self, history: History, context: Context) -> Iterator[Finding]:
        seen = history.last("grafana")
        told = seen.data if seen else {}
        if told.get("failed"):
            yield self.finding(place(context), f"Grafana was asked how it is: {told['failed']}")
        elif (said := (told.get("answer") or {}).get("database")) != "ok":
            yield self.finding(place(context), f"Grafana says its database is {said}")

    def _datasources(
        self, history: History, context: Context, sources: Iterable[Datasource]
    ) -> Iterator[Finding | Gap]:
        listed = history.last("grafana-datasources")
        if listed is None:
            yield Gap("Grafana was not asked for its datasources")
            return
        if listed.data["failed"]:
            yield self.finding(place(context), f"Grafana was asked for its datasources: {listed.data['failed']}")
            return
        found = {str(one["uid"]): one for one in listed.data["found"]}
        for source in sources:
            one = found.get(source.uid)
            if one is None:
                message = f"Grafana has no datasource {source.uid}; it has {', '.join(sorted(found)) or 'none'}"
                yield self.finding(source.at("uid"), message)
                continue
            yield from self._differing(source, one)
            yield from self._tried(source, history)

    def _differing(self, source: Datasource, one: Mapping[str, Any]) -> Iterator[Finding]:
        default = source.view["isDefault"].value is True
        wanted = {"name": source.name, "type": source.kind, "isDefault": default}
        for name, value in wanted.items():
            if one.get(name) != value:
                message = f"datasource {source.uid}: Grafana has {name} {one.get(name)!r}, the file says {value!r}"
                yield self.finding(source.at("uid"), message)

    def _tried(self, source: Datasource, history: History) -> Iterator[Finding | Gap]:
        tried = history.last("grafana-datasource", source.uid)
        if tried is None:
            yield Gap(f"Grafana was not asked to try the datasource {source.uid}")
            return
        answer = tried.data["answer"] or {}
        if tried.data["failed"] or answer.get("status") != "OK":
            said = tried.data["failed"] or f"{answer.get('status')}: {answer.get('message')}"
            yield self.finding(source.at("url"), f"Grafana tried the datasource {source.uid}: {said}")

    def _dashboards(
        self, history: History, context: Context, dashboards: Iterable[Dashboard]
    ) -> Iterator[Finding | Gap]:
        listed = history.last("grafana-dashboards")
        if listed is None:
            yield Gap("Grafana was not asked for its dashboards")
            return
        if listed.data["failed"]:
            yield self.finding(place(context), f"Grafana was asked for its dashboards: {listed.data['failed']}")
            return
        found = {one["uid"] for one in listed.data["found"]}
        for dashboard in dashboards:
            if dashboard.uid not in found:
                message = f"Grafana has no dashboard {dashboard.uid}: it was not provisioned"
                yield self.finding(dashboard.tree.key_at("uid"), message)
                continue
            served = history.last("grafana-dashboard", dashboard.uid)
            if served is None:
                yield Gap(f"Grafana was not asked for the dashboard {dashboard.uid}")
            elif served.data["failed"]:
                message = f"Grafana was asked for the dashboard {dashboard.uid}: {served.data['failed']}"
                yield self.finding(dashboard.tree.key_at("uid"), message)
            else:
                yield from self._served(dashboard, served.data, _folder(dashboard, context))

    def _served(self, dashboard: Dashboard, served: Mapping[str, Any], folder: str) -> Iterator[Finding]:
        wanted = {"uid": dashboard.uid, "title": dashboard.title, "panels": len(dashboard.panels), "provisioned": True}
        if folder:
            wanted["folder"] = folder
        for name, value in wanted.items():
            if served.get(name) != value:
                message = f"{dashboard.uid}: Grafana has {name} {served.get(name)!r}, the file says {value!r}"
                key = name if name in ("title", "panels") else "uid"
                yield self.finding(dashboard.tree.key_at(key), message)

    def _log(self, history: History, context: Context) -> Iterator[Finding | Gap]:
        seen = history.last("grafana-provisioning")
        if seen is None or not seen.data["log"]:
            yield Gap("Grafana's log could not be read, so errors of provisioning would not be known")
            return
        for line in seen.data["errors"]:
            yield self.finding(place(context), f"Grafana's log: {line}")


def _folder(dashboard: Dashboard, context: Context) -> str:
    """The folder that a dashboard's provider puts it into; empty when none says so."""
    for compose in context.documents.of(Compose):
        for service in compose.of_image("grafana")[:1]:
            paths = [path for mount in service.mounts if (path := inside(mount, folder_of(compose), dashboard.file))]
            for provider in (one for document in context.documents.of(Providers) for one in document.providers):
                if any(path.startswith(provider.path.rstrip("/") + "/") for path in paths):
                    return provider.folder
    return ""
