"""Lays what a log panel shows beside what the lines as written say: counts by series and by bucket, tables, listed
lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.generators.panel_log_truth import LogShows, Written, WrittenLines, measured
from harness.probes.panel import Shown
from harness.probes.panel_answer import Line, Reply
from harness.probes.panel_display import Drawn

BUCKETS = 5
"""Buckets of time looked at one by one; the sum over all of them is always."""


def compared_lines(
    shows: LogShows, lines: WrittenLines, shown: Shown, reply: Reply, series: Sequence[Drawn]
) -> dict[str, Any]:
    """The record of one log query. Points are as of metrics; a sum over the range stands at its end."""
    chosen = {name: chosen.values for name, chosen in shown.chosen.items()}
    meant = shows.matching(lines, chosen, shown.time.start, shown.time.end)
    if "newest" in shows.spec:
        return _listed(shows, meant, reply)
    groups = shows.groups(meant)
    seen = {one.name: one for one in series if not one.hidden}
    if "measures" in shows.spec:
        return _table(shows, groups, seen, shown.time.end)
    entries = [_entry(seen[name], of, shown.time.end) for name, of in groups.items() if name in seen]
    extra = [name for name, one in seen.items() if name not in groups and _total(one.line)]
    return _record(entries, set(groups) - set(seen), extra)


def _record(entries: list[dict[str, Any]], missing: set[str], extra: Sequence[str]) -> dict[str, Any]:
    return {"moments": 1, "exact": True, "series": entries, "missing": sorted(missing), "unexpected": sorted(extra)}


def _entry(one: Drawn, meant: Sequence[Written], end: float) -> dict[str, Any]:
    points = [[end, _total(one.line), len(meant), len(meant)]]
    moments = [moment for moment, _ in one.line.points]
    if len(moments) > 1:
        width = moments[1] - moments[0]
        busiest = sorted(one.line.points, key=lambda point: -point[1])[:BUCKETS]
        for moment, value in busiest:
            inside = sum(moment <= line.at < moment + width for line in meant)
            points.append([moment, value, inside, inside])
    return {"name": one.name, "colour": one.colour, "points": points}


def _table(
    shows: LogShows, groups: Mapping[str, Sequence[Written]], seen: Mapping[str, Drawn], end: float
) -> dict[str, Any]:
    """A table's cells, each a series of its own: `group: measure`."""
    wanted = {
        f"{name}: {column}": measured(way, of)
        for name, of in groups.items()
        for column, way in shows.spec["measures"].items()
    }
    entries = [
        {"name": name, "colour": "", "points": [[end, _plain(seen[name].value), _plain(value), _plain(value)]]}
        for name, value in wanted.items()
        if name in seen
    ]
    return _record(entries, set(wanted) - set(seen), [name for name in seen if name not in wanted])


def _listed(shows: LogShows, meant: Sequence[Written], reply: Reply) -> dict[str, Any]:
    must, may = shows.newest(meant)
    listed = set(reply.documents)
    wanted = min(len(meant), int(shows.spec["newest"]))
    entry = {"name": "lines listed", "colour": "", "points": [[0.0, len(reply.documents), wanted, wanted]]}
    return _record([entry], must - listed, sorted(listed - may))


def _total(line: Line) -> float:
    return sum(value for _, value in line.points if not math.isnan(value))


def _plain(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{value:.9g}")
