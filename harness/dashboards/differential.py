"""The same panel answered twice, by what plays Grafana and by Grafana: value by value, what is not the same.

Nothing is judged here. Names, labels, moments and values are compared as they are; a number may differ in its last
digits, because both write it down in decimals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.probes.panel_answer import Line, PanelAnswer, QueryAnswer, Reply, State

Record = dict[str, Any]
Named = Mapping[tuple[tuple[tuple[str, str], ...], str], Line]

KEPT = 10
"""How many differences of one query are written down; all are counted."""
_RELATIVE = 1e-9


def compared(played: PanelAnswer, served: PanelAnswer) -> list[Record]:
    """Each query of a panel: how many values were compared, and what differs, with both answers."""
    by_ref = {answer.name: answer for answer in served.queries}
    found = []
    for one in played.queries:
        other = by_ref.pop(one.name, None)
        differences = list(_of(one, other)) if other else [_told("asked", one.reply.state.value, "not asked")]
        values = _values(one.reply, other.reply) if other else 0
        found.append(_record(one, values, differences, nothing=_nothing(one, other)))
    for other in by_ref.values():
        told = [_told("asked", "not asked", other.reply.state.value)]
        found.append(_record(other, 0, told, nothing=False))
    return found


def _record(one: QueryAnswer, values: int, differences: list[Record], *, nothing: bool) -> Record:
    return {
        "ref": one.name,
        "query": one.query,
        "state": one.reply.state.value,
        "values": values,
        "nothing": nothing,
        "count": len(differences),
        "differences": differences[:KEPT],
    }


def _told(what: str, player: Any, grafana: Any) -> Record:
    return {"what": what, "player": str(player)[:300], "grafana": str(grafana)[:300]}


def _values(one: Reply, other: Reply) -> int:
    """How many values of one answer had a counterpart to be held against."""
    return min(one.points, other.points)


def _nothing(one: QueryAnswer, other: QueryAnswer | None) -> bool:
    """Whether both answer that there is nothing."""
    return other is not None and one.reply.state is other.reply.state is State.NO_DATA


def _of(one: QueryAnswer, other: QueryAnswer) -> Iterator[Record]:
    if one.query != other.query:
        yield _told("the query as sent", one.query, other.query)
    played, served = one.reply, other.reply
    if played.state is not served.state:
        yield _told("state", _state(played), _state(served))
        return
    if played.documents != served.documents:
        yield from _documents(played, served)
    elif bool(played.lines) == bool(served.lines):
        yield from _lines(_named(played), _named(served))
    else:  # what asks in the player's stead, where that cannot be had, keeps no series
        yield from _summed(played, served)


def _state(reply: Reply) -> str:
    return f"{reply.state.value}: {reply.message}" if reply.message else reply.state.value


def _documents(played: Reply, served: Reply) -> Iterator[Record]:
    if len(played.documents) != len(served.documents):
        yield _told("lines listed", len(played.documents), len(served.documents))
    for place, (one, other) in enumerate(zip(played.documents, served.documents, strict=False)):
        if one != other:
            yield _told(f"line {place + 1}", one, other)


def _summed(played: Reply, served: Reply) -> Iterator[Record]:
    if played.series != served.series:
        yield _told("series", played.series, served.series)
    if played.points != served.points:
        yield _told("points", played.points, served.points)
    for labels in sorted({*played.last, *served.last}):
        one, other = played.last.get(labels), served.last.get(labels)
        if one is None or other is None or not _same(one, other):
            yield _told(f"last value of {labels}", one, other)


def _named(reply: Reply) -> Named:
    """The lines by labels and field; a line that is there twice is told apart by its place."""
    found: dict[tuple[tuple[tuple[str, str], ...], str], Line] = {}
    for line in reply.lines:
        labels, again = tuple(sorted(line.labels.items())), 1
        while (labels, field := line.field if again == 1 else f"{line.field} ({again})") in found:
            again += 1
        found[(labels, field)] = line
    return found


def _lines(played: Named, served: Named) -> Iterator[Record]:
    for key in sorted({*played, *served}):
        one, other = played.get(key), served.get(key)
        name = _spelled(*key)
        if one is None or other is None:
            yield _told(f"series {name}", _length(one), _length(other))
            continue
        timed = len(one.points) > 1 or len(other.points) > 1
        if one.name != other.name and timed:
            yield _told(f"name of {name}", one.name, other.name)
        yield from _points(name, dict(one.points), dict(other.points))


def _length(line: Line | None) -> str:
    return f"{len(line.points)} points" if line else "none"


def _points(name: str, played: Mapping[float, float], served: Mapping[float, float]) -> Iterator[Record]:
    for moment in sorted({*played, *served}):
        one, other = played.get(moment), served.get(moment)
        if one is None or other is None or not _same(one, other):
            yield _told(f"{name} at {moment:.3f}", "no point" if one is None else one, _point(other))


def _point(value: float | None) -> str:
    return "no point" if value is None else str(value)


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12)


def _spelled(labels: tuple[tuple[str, str], ...], field: str) -> str:
    inside = ", ".join(f'{name}="{value}"' for name, value in labels)
    return f"{field}{{{inside}}}"
