"""The panel player: Grafana's Prometheus datasource, its own code, as a server that answers panels and variables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from harness.contracts import Http, Plan
from harness.documents.grafana import Datasource
from harness.model import Level, OverlayChange

SERVICE = "grafana-prometheus"
"""The service whose level is that of what Grafana's own datasource code has answered."""
COMPONENT = "panelplayer"
KIND = "prometheus"


def plan(
    binary: Path,
    port: int,
    folder: Path,
    datasources: Iterable[Datasource],
    known: Mapping[str, str],
    name: str = SERVICE,
) -> Plan:
    """The player with the Prometheus datasources as provisioned; `known` maps an address of the deployment to this
    run's."""
    folder.mkdir(parents=True, exist_ok=True)
    given, changes = [], []
    for one in datasources:
        if one.kind != KIND:
            continue
        url = one.url
        here = f"http://{known.get(urlsplit(url).netloc, urlsplit(url).netloc)}"
        given.append({"uid": one.uid, "name": one.name, "url": here, "jsonData": one.view["jsonData"].value or {}})
        if here != url:
            changes.append(
                OverlayChange(f"datasource {one.name}", f"- url: {url}\n+ url: {here}", "endpoint of this run")
            )
    file = folder / "datasources.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    return Plan(
        name=name,
        service=SERVICE,
        argv=(str(binary), f"-listen=127.0.0.1:{port}", f"-datasources={file}"),
        ready=Http("/api/health"),
        level=Level.ENGINE,
        port=port,
        folder=folder,
        overlay=tuple(changes),
    )
