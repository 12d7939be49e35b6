"""Grafana's dashboards as a person sees them: opened in a real browser at their own addresses, and photographed.

A page is drawn when every panel of the dashboard is there, none is loading, no query is under way, and two looks in a
row find the same. What is there when its time is up is photographed all the same, for whoever wants to see why.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from harness import wait
from harness.documents.dashboard import Dashboard
from harness.errors import DeadlineError
from harness.probes.devtools import Page, PageError
from harness.probes.grafana_server import SESSION, GrafanaServer
from harness.probes.grafana_time import BROWSER_WIDTH, TimeRange

FOLDER = "pictures"
DRAWN_SECONDS = 45.0
THUMBNAILS = ((0.45, 55), (0.35, 45), (0.25, 35))
"""How small, and of which quality, a picture is shown in the report: the first that fits."""
THUMBNAIL_BYTES = 60_000
_ROW, _GAP, _MARGIN = 30, 8, 120
_MOST_HEIGHT = 8000

_STATE = """(() => {
  const header = "data-testid Panel header ";
  const panels = [...document.querySelectorAll(`[data-testid^="${header}"]`)];
  const failing = panels.map((panel) => {
    const mark = panel.querySelector('[data-testid="data-testid Panel status error"]');
    const said = panel.querySelector('[data-testid="data-testid Panel data error message"]');
    const text = (said && said.innerText) || (mark && (mark.getAttribute("aria-label") || mark.title));
    return mark ? {title: panel.dataset.testid.slice(header.length), message: (text || "an error").trim()} : null;
  });
  return {
    ready: document.readyState === "complete",
    panels: new Set(panels).size,
    loading: document.querySelectorAll('[data-testid="data-testid Panel loading bar"]').length,
    running: window.__grafanaRunningQueryCount || 0,
    errors: failing.filter(Boolean).slice(0, 20),
    login: location.pathname.startsWith("/login"),
    title: document.title,
    size: document.body ? document.body.innerText.length : 0,
  };
})()"""


@dataclass(frozen=True, slots=True)
class Camera:
    """Photographs the dashboards of one Grafana with one browser, into the folder of a run."""

    browser: str
    grafana: GrafanaServer
    session: str
    run: Path
    drawn_seconds: float = DRAWN_SECONDS

    def take(self, dashboard: Dashboard, shown: TimeRange) -> dict[str, Any]:
        """Open one dashboard, and return what was seen; `failed` says why it is not as it should be."""
        record: dict[str, Any] = {"expected": in_sight(dashboard), "failed": "", "file": "", "console": []}
        try:
            with Page(self.browser) as page:
                page.cookie(self.grafana.url, SESSION, self.session)
                page.size(BROWSER_WIDTH, height_of(dashboard))
                page.open(address(self.grafana.url, dashboard, shown))
                record |= self._drawn(page, record["expected"])
                record |= self._kept(page, dashboard.uid)
                record["console"] = list(page.errors)
                page.command("Page.close")
        except PageError as error:
            record["failed"] = record["failed"] or str(error)
        return record

    def _drawn(self, page: Page, expected: int) -> dict[str, Any]:
        looks: list[Mapping[str, Any]] = [{}]

        def complete() -> bool:
            before = looks[-1]
            looks.append(page.evaluate(_STATE))
            now = looks[-1]
            there = now["ready"] and now["panels"] >= expected
            return bool(there and not now["loading"] and not now["running"] and now["size"] == before.get("size"))

        failed = ""
        try:
            wait.until(complete, deadline=self.drawn_seconds, saying="the page to be drawn", every=0.5)
        except DeadlineError as error:
            failed = f"{error.message}: {_lacking(looks[-1], expected)}"
        seen = looks[-1]
        return {"failed": failed, "panels": seen["panels"], "errors": seen["errors"], "title": seen["title"]}

    def _kept(self, page: Page, uid: str) -> dict[str, Any]:
        """Keep the whole picture beside the run's records, and a small one in them."""
        whole = page.picture()
        name = f"{FOLDER}/{''.join(c if c.isalnum() or c in '-_' else '-' for c in uid)}.png"
        path = self.run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(whole)
        small = b""
        for scale, quality in THUMBNAILS:
            taken = page.picture(kind="webp", quality=quality, scale=scale)
            if len(taken) <= THUMBNAIL_BYTES:
                small = taken
                break
        digest = hashlib.sha256(whole).hexdigest()
        return {"file": name, "bytes": len(whole), "sha256": digest, "small": base64.b64encode(small).decode()}


def address(url: str, dashboard: Dashboard, shown: TimeRange) -> str:
    """Where a dashboard is opened: without menus, over a time that does not move while it is looked at."""
    asked = urlencode({"from": round(shown.start * 1000), "to": round(shown.end * 1000)})
    return f"{url}/d/{dashboard.uid}?kiosk&{asked}"


def in_sight(dashboard: Dashboard) -> int:
    """How many panels a dashboard shows when it opens: those of a collapsed row are not drawn."""
    return sum(one.text("type") != "row" for one in dashboard.tree.view.mappings("panels"))


def height_of(dashboard: Dashboard) -> int:
    """A window so high that every panel is in it: Grafana draws what is in sight."""
    rows = max((panel.grid.y + panel.grid.h for panel in dashboard.panels if panel.grid), default=0)
    return min(_MOST_HEIGHT, rows * (_ROW + _GAP) + _MARGIN)


def _lacking(seen: Mapping[str, Any], expected: int) -> str:
    if seen["login"]:
        return "it shows the log-in page"
    if not seen["ready"]:
        return "it is not loaded yet"
    if seen["panels"] < expected:
        return f"{seen['panels']} of {expected} panels are there"
    if seen["loading"] or seen["running"]:
        return f"{max(seen['loading'], seen['running'])} panels are still loading"
    return "it keeps changing"
