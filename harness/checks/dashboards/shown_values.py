"""Judges what a panel was seen to show beside what it must show; what `panel-values` and its siblings have in
common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, Panel, Target
from harness.model import Level, Outcome

TOLERANCE = 0.02
"""When `fixtures/panels.yml` says none: by what share of itself a figure may be off. Scrapes are not punctual."""
_NOTHING = 1e-6
_SINGLE = 1e-6
"""Elasticsearch keeps a `float` with seven digits."""
ENGINE_SERVICE = "grafana-prometheus"
ELASTICSEARCH = "elasticsearch"

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a query's answer; `name` is the series, empty when it is about all of it."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Place:
    """A panel of the documents."""

    dashboard: Dashboard
    panel: Panel

    @property
    def name(self) -> str:
        """As people and fixtures call it."""
        return f"{self.dashboard.uid}/{self.panel.title}"

    def target(self, ref: str) -> Target | None:
        """The query of that name."""
        return next((target for target in self.panel.targets if target.ref == ref), None)


def places(context: Context, *, logs: bool | None = None) -> list[Place]:
    """Every panel that queries anything; `logs` keeps those on Elasticsearch, or leaves them out."""
    found = [Place(d, p) for d in context.documents.of(Dashboard) for p in d.panels if p.targets]
    return [one for one in found if logs is None or reads_logs(one.panel) == logs]


def reads_logs(panel: Panel) -> bool:
    """Whether a panel asks Elasticsearch."""
    return any(target.datasource.type == ELASTICSEARCH for target in panel.targets)


def tolerance(context: Context) -> float:
    """By what share of itself a figure may be off."""
    return float((context.fixtures.get("panels") or {}).get("tolerance", TOLERANCE))


def not_checked(context: Context) -> dict[tuple[str, str], str]:
    """The queries that nothing here can check, by panel and ref, with the reason."""
    entries = (context.fixtures.get("panels") or {}).get("not_checked") or ()
    return {(str(e["panel"]), str(ref)): str(e["reason"]) for e in entries for ref in e.get("targets") or ("A",)}


def metric_services(context: Context) -> tuple[str, ...]:
    """Through whom Prometheus was asked: Grafana's own datasource, or the harness in its stead."""
    engine = context.levels.get(ENGINE_SERVICE, Level.STAND_IN) > Level.STAND_IN
    return (ENGINE_SERVICE if engine else "grafana", "prometheus")


def wrongs(target: Data, share: float) -> list[Wrong]:
    """What is wrong with one query's answer: it failed, lacks series, has too many, or shows other figures."""
    if target["state"] == "error":
        return [Wrong("", f"fails: {target.get('message', '')}")]
    found = [Wrong("", f"an override hides “{name}”") for name in target.get("hidden") or ()]
    missing = [name for name in target.get("missing") or () if name not in (target.get("hidden") or ())]
    if missing:
        found.append(Wrong("", f"shows nothing for {_some(missing)}, which must be there"))
    if target.get("unexpected"):
        found.append(Wrong("", f"shows {_some(target['unexpected'])}, which must not be there"))
    allowed = _SINGLE if target.get("exact") else share
    for series in target.get("series") or ():
        off = [point for point in series["points"] if not _right(point, allowed)]
        if off:
            found.append(Wrong(series["name"], _said(off, len(series["points"]))))
    return found


def points(target: Data) -> int:
    """How many figures were compared."""
    return sum(len(series["points"]) for series in target.get("series") or ())


def _right(point: Sequence[Any], share: float) -> bool:
    _, seen, low, high = point
    if low is None or seen is None:
        return low is None and seen is None
    room = share * max(abs(low), abs(high)) + _NOTHING
    return bool(low - room <= seen <= high + room)


def _said(off: Sequence[Sequence[Any]], of: int) -> str:
    _, seen, low, high = off[-1]
    shown = "nothing" if seen is None else f"{seen:.4g}"
    must = "nothing" if low is None else f"{low:.4g}" if abs(high - low) < _NOTHING else f"{low:.4g} to {high:.4g}"
    several = f" ({len(off)} of {of} points are wrong)" if of > 1 else ""
    return f"shows {shown}, must be {must}{several}"


def _some(names: Sequence[str], most: int = 4) -> str:
    told = ", ".join(f"“{name}”" for name in names[:most])
    return f"{told} and {len(names) - most} more" if len(names) > most else told


def findings(check: Check, place: Place, target: Data, found: Iterable[Wrong], where: str = "") -> Iterator[Outcome]:
    """A finding at the query for each wrong, but one only for all series that show wrong figures."""
    asked = place.target(target["ref"])
    at = asked.at() if asked else place.panel.at()
    figures = [wrong for wrong in found if wrong.name]
    for wrong in (wrong for wrong in found if not wrong.name):
        yield check.finding(at, f"{place.name}: query {target['ref']}{where} {wrong.what}")
    if figures:
        others = f"; {len(figures) - 1} other series are wrong too" if len(figures) > 1 else ""
        worst = figures[0]
        message = f"{place.name}: “{worst.name}” (query {target['ref']}{where}) {worst.what}{others}"
        yield check.finding(at, message)
