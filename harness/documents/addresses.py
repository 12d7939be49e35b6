"""Where an address in a message leads: to a page, panel or search of the configuration, or to a product's own page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.contracts import Documents
from harness.documents.dashboard import Dashboard
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.documents.searches import Searches
from harness.documents.unknown import nearest

_ADDRESS = re.compile(r"https?://[^\s<>\"|]+")
_TARGET = re.compile(r"""\b(?:href|src)\s*=\s*["']([^"']*)""")
_PARTS = re.compile(r"https?://(?P<host>[^/:?#]+)[^/?#]*(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<anchor>#.*)?")
_DASHBOARD = re.compile(r"/d(?:-solo)?/([A-Za-z0-9_-]+)")
_PANEL = re.compile(r"viewPanel=(?:panel-)?(\d+)")
_SEARCH = re.compile(r"/app/discover(?:.*#)?/view/([\w-]+)")
_HEADING = re.compile(r"^#+\s+(.+?)\s*#*$", re.MULTILINE)
_LOCAL = re.compile(r"localhost|127\.|0\.0\.0\.0|\[?::1")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an address was found to be (`runbook`, `dashboard`, `search`, `product`, or nothing known), and its flaw."""

    kind: str
    problem: str = ""


def addresses(text: str) -> tuple[str, ...]:
    """Every web address in a text, each once, in its order."""
    return tuple(dict.fromkeys(address.rstrip(".,;)") for address in _ADDRESS.findall(text)))


def linked(document: str) -> tuple[str, ...]:
    """Every web address that an HTML document links to or shows, each once; namespaces and the like are none."""
    targets = (html.unescape(target) for target in _TARGET.findall(document))
    return tuple(dict.fromkeys(target for target in targets if target.startswith(("http://", "https://"))))


def resolve(address: str, documents: Documents) -> Resolved:
    """Where it leads, by what the configuration holds."""
    parts = _PARTS.fullmatch(address)
    if parts is None:
        return Resolved("", f"{address} is no address")
    if _LOCAL.match(parts["host"]) or "." not in parts["host"]:
        return Resolved("", f"{address} leads to {parts['host']}, which the reader's machine does not know")
    path, rest = parts["path"], f"{parts['query'] or ''}{parts['anchor'] or ''}"
    if found := _DASHBOARD.search(path):
        return _dashboard(found[1], rest, documents)
    if found := _SEARCH.search(path + rest):
        return _search(found[1], documents)
    if "g0.expr=" in rest or rest.startswith(("#/alerts", "#/silences")):
        return Resolved("product")
    if address.partition("#")[0].rpartition("/")[0] in _bases(documents):
        return _runbook(path.rstrip("/").rpartition("/")[2].removesuffix(".md"), parts["anchor"] or "", documents)
    return Resolved("")


def _bases(documents: Documents) -> set[str]:
    """Under which addresses the runbooks of the configuration stand: those most `runbook_url`s of its pages share."""
    pages = {page.name for page in documents.of(Runbook)}
    links = (a.annotations.get("runbook_url", "") for file in documents.of(Rules) for a in file.alerts)
    split = (link.partition("#")[0].rpartition("/") for link in links)
    return {base for base, _, page in split if page.removesuffix(".md") in pages}


def _dashboard(uid: str, rest: str, documents: Documents) -> Resolved:
    boards = {board.uid: board for board in documents.of(Dashboard)}
    if uid not in boards:
        return Resolved("dashboard", f"there is no dashboard {uid}{nearest(uid, boards)}")
    panel = _PANEL.search(rest)
    if panel and int(panel[1]) not in {one.id for one in boards[uid].panels}:
        return Resolved("dashboard", f"the dashboard {uid} has no panel {panel[1]}")
    return Resolved("dashboard")


def _search(identity: str, documents: Documents) -> Resolved:
    known = {search.id for file in documents.of(Searches) for search in file.searches}
    return Resolved(
        "search", "" if identity in known else f"there is no saved search {identity}{nearest(identity, known)}"
    )


def _runbook(name: str, anchor: str, documents: Documents) -> Resolved:
    pages = {page.name: page for page in documents.of(Runbook)}
    if name not in pages:
        return Resolved("runbook", f"there is no runbook {name}{nearest(name, pages)}")
    headings = {slug(heading) for heading in _HEADING.findall(pages[name].text)}
    if anchor and anchor.lstrip("#") not in headings:
        return Resolved("runbook", f"the runbook {name} has no heading {anchor}{nearest(anchor.lstrip('#'), headings)}")
    return Resolved("runbook")


def slug(heading: str) -> str:
    """The anchor that a heading has where Markdown is published: lower case, words joined by hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def kinds(found: Iterable[Resolved]) -> dict[str, int]:
    """How many addresses of each kind."""
    counted: dict[str, int] = {}
    for one in found:
        counted[one.kind] = counted.get(one.kind, 0) + 1
    return counted
