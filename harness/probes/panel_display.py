"""What a person sees of an answer: Grafana's browser names, hides, reduces, maps and colours before it draws.

This is a stand-in for that part of Grafana: legends and display names, overrides, `organize`, reduction to one value,
value mappings, and the colour of a threshold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.documents.dashboard import Panel
from harness.probes.panel_answer import Line, PanelAnswer

REDUCED = ("stat", "gauge", "bargauge", "piechart")
"""Panels that show one value a series."""
TABLE = "table"
SEPARATOR = " · "
"""Between the cells of a table's row, which together are its name."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One series as it is drawn: its name, whether an override hides it, and for one value what is written, in which
    colour."""

    ref: str
    name: str
    line: Line
    hidden: bool = False
    value: float | None = None
    text: str = ""
    colour: str = ""


def drawn(panel: Panel, answer: PanelAnswer) -> tuple[Drawn, ...]:
    """Every series of a panel's answer, as it is drawn."""
    formats = {target.ref: target.format for target in panel.targets}
    found: list[Drawn] = []
    for query in answer.queries:
        lines = query.reply.lines
        if formats.get(query.name) == "heatmap":
            lines = _each_bucket(lines)
        found.extend(Drawn(query.name, _name(panel, line), line) for line in lines)
    return tuple(_configured(panel, one) for one in found)


def repeated(series: Iterable[Drawn]) -> tuple[str, ...]:
    """The names that more than one series bears, so that a reader cannot tell them apart."""
    names = [one.name for one in series if not one.hidden]
    return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def _name(panel: Panel, line: Line) -> str:
    if panel.type == TABLE:
        row = SEPARATOR.join(_cells(panel, line))
        return row if line.field == "Value" else f"{row}: {line.field}"
    return _defaults(panel).get("displayName") or line.name or _of_labels(line)


def _of_labels(line: Line) -> str:
    """As Grafana names a field that nothing names: the value of its only label, else all of them."""
    if len(line.labels) == 1:
        return next(iter(line.labels.values()))
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(line.labels.items()))
    return f"{{{inside}}}" if inside else line.field


def _cells(panel: Panel, line: Line) -> Iterator[str]:
    """The cells of the row that a line is in a table, those left out by `organize` excepted, in its order."""
    options = _organize(panel)
    left_out = {name for name, out in (options.get("excludeByName") or {}).items() if out}
    places: Mapping[str, int] = options.get("indexByName") or {}
    columns = [name for name in line.labels if name not in left_out]
    for name in sorted(columns, key=lambda column: (places.get(column, len(places)), column)):
        yield line.labels[name]


def _organize(panel: Panel) -> Mapping[str, Any]:
    for step in panel.view["transformations"].value or ():
        if step.get("id") == "organize" and not step.get("disabled"):
            options: Mapping[str, Any] = step.get("options") or {}
            return options
    return {}


def _each_bucket(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Grafana's browser takes each bucket of a heatmap less the one below it, since Prometheus's are cumulative."""
    ordered = sorted(lines, key=lambda line: float(line.labels.get("le", "nan").replace("+Inf", "inf")))
    found, below = [], dict[float, float]()
    for line in ordered:
        points = tuple((moment, value - below.get(moment, 0.0)) for moment, value in line.points)
        below = dict(line.points)
        found.append(replace(line, points=points))
    return tuple(found)


def _configured(panel: Panel, one: Drawn) -> Drawn:
    """A series with the panel's defaults and overrides applied, in their order."""
    config, name = dict(_defaults(panel)), one.name
    hidden = panel.type == TABLE and bool((_organize(panel).get("excludeByName") or {}).get(one.line.field))
    hidden = hidden and one.line.field != "Value"  # of an instant vector the row is what counts, not its value
    for override in panel.view["fieldConfig"]["overrides"].value or ():
        if not _matches(override.get("matcher") or {}, name, one):
            continue
        for given in override.get("properties") or ():
            config[given["id"]] = given.get("value")
            if given["id"] == "displayName":
                name = str(given.get("value"))
            if given["id"] == "custom.hideFrom":
                hidden = bool((given.get("value") or {}).get("viz"))
    value = _reduced(panel, one.line)
    text, colour = _mapped(config.get("mappings") or (), value)
    return replace(one, name=name, hidden=hidden, value=value, text=text, colour=colour or _colour(config, value))


def _defaults(panel: Panel) -> Mapping[str, Any]:
    defaults: Mapping[str, Any] = panel.view["fieldConfig"]["defaults"].value or {}
    return defaults


def _matches(matcher: Mapping[str, Any], name: str, one: Drawn) -> bool:
    kind, options = matcher.get("id"), matcher.get("options")
    if kind == "byName":
        return name == options
    if kind == "byRegexp":
        return re.search(str(options).strip("/"), name) is not None
    if kind == "byFrameRefID":
        return one.ref == options
    if kind == "byType":
        return options == "number"
    if kind == "byNames" and isinstance(options, dict):
        return (name in options.get("names", ())) != (options.get("mode") == "exclude")
    return False


def _reduced(panel: Panel, line: Line) -> float | None:
    """The one value a panel shows of a series; a panel that draws all of them shows the last in its legend."""
    calcs = panel.view["options"]["reduceOptions"]["calcs"].value or ["lastNotNull"]
    values = [value for _, value in line.points]
    numbers = [value for value in values if not math.isnan(value)]
    if panel.type not in REDUCED or calcs[0] == "lastNotNull":
        return line.last_not_null
    if calcs[0] in ("last", "first"):
        return (values[-1] if calcs[0] == "last" else values[0]) if values else None
    if not numbers:
        return math.nan if values else None
    ways = {"mean": sum(numbers) / len(numbers), "sum": sum(numbers), "max": max(numbers), "min": min(numbers)}
    return ways.get(calcs[0], math.nan)


def _mapped(mappings: Iterable[Mapping[str, Any]], value: float | None) -> tuple[str, str]:
    """The text and colour that a value mapping gives a value."""
    for mapping in mappings:
        options = mapping.get("options") or {}
        if mapping.get("type") == "value" and value is not None:
            found = options.get(f"{value:g}")
            if found:
                return str(found.get("text", "")), str(found.get("color", ""))
    return "", ""


def _colour(config: Mapping[str, Any], value: float | None) -> str:
    """The colour of the highest threshold that a value reaches; none while the thresholds are percentages of a
    range."""
    thresholds = config.get("thresholds") or {}
    if value is None or math.isnan(value) or thresholds.get("mode") == "percentage":
        return ""
    colour = ""
    for step in thresholds.get("steps") or ():
        if step.get("value") is None or value >= float(step["value"]):
            colour = str(step.get("color", ""))
    return colour
