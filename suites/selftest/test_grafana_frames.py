"""Data frames of Grafana's Elasticsearch datasource, in the shapes its versions give them, read and compared."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.dashboards.differential import compared
from harness.probes.grafana_frames import reply_of
from harness.probes.grafana_msearch import Search
from harness.probes.grafana_time import TimeRange
from harness.probes.panel_answer import Line, PanelAnswer, QueryAnswer, Reply, State

SHOWN = TimeRange(1000.0, 1600.0)
COUNT = {"id": "1", "type": "count"}
BY_LEVEL = ({"id": "3", "type": "terms", "field": "level"}, {"id": "2", "type": "date_histogram"})


def search(*metrics: dict[str, Any], buckets: tuple[dict[str, Any], ...] = BY_LEVEL) -> Search:
    return Search("*", metrics or (COUNT,), buckets, SHOWN, 60.0)


def frame(*columns: tuple[dict[str, Any], list[Any]], name: str = "", **data: Any) -> dict[str, Any]:
    fields = [{"typeInfo": {"frame": "x"}, **field} for field, _ in columns]
    return {"schema": {"name": name, "fields": fields}, "data": {"values": [v for _, v in columns], **data}}


def timed(value: dict[str, Any], values: list[Any], name: str = "", **data: Any) -> dict[str, Any]:
    moments = [1_000_000 + 60_000 * number for number in range(len(values))]
    return frame(({"name": "time", "type": "time"}, moments), ({"type": "number", **value}, values), name=name, **data)


def read(asked: Search, *frames: dict[str, Any]) -> Reply:
    return reply_of(asked, {"status": 200, "frames": list(frames)})


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"name": "value", "config": {"displayNameFromDS": "error"}, "labels": {"level": "error"}}, ""),
        ({"name": "Value", "labels": {"level": "error"}}, "error"),
    ],
    ids=["named by its field", "named by its frame"],
)
def test_a_series_is_the_same_however_a_version_names_it(value: dict[str, Any], name: str) -> None:
    reply = read(search(), timed(value, [3, None], name))
    (line,) = reply.lines
    assert (line.name, dict(line.labels), line.field) == ("error", {"level": "error"}, "Value")
    assert line.points[0] == (1000.0, 3.0) and math.isnan(line.points[1][1])
    assert (reply.state, reply.series, reply.points) == (State.DATA, 1, 2)


def test_numbers_that_json_cannot_hold_are_put_back() -> None:
    reply = read(search(COUNT, {"id": "4", "type": "avg"}), timed({}, [1, 0, 0], entities=[None, {"NaN": [1]}]))
    values = [value for _, value in reply.lines[0].points]
    assert values[0] == 1 and math.isnan(values[1]) and values[2] == 0


def test_a_table_is_a_line_for_each_figure_of_each_row() -> None:
    asked = search(COUNT, {"id": "4", "type": "avg"}, buckets=({"id": "3", "type": "terms", "field": "route"},))
    columns = [("route", "string", ["/a", "/b"]), ("Count", "number", [2, 1]), ("Average", "number", [0.5, None])]
    reply = read(asked, frame(*(({"name": n, "type": kind}, values) for n, kind, values in columns)))
    found = {(line.labels["route"], line.field): line.points for line in reply.lines}
    assert found[("/a", "Count")] == ((1600.0, 2.0),) and found[("/b", "Count")] == ((1600.0, 1.0),)
    assert found[("/a", "Average")] == ((1600.0, 0.5),) and math.isnan(found[("/b", "Average")][0][1])


def test_a_table_by_numbers_spells_them_as_elasticsearch_does() -> None:
    asked = search(buckets=({"id": "3", "type": "terms", "field": "status"},))
    both = ({"name": "status", "type": "number"}, [200.0]), ({"name": "Count", "type": "number"}, [9])
    assert read(asked, frame(*both)).lines[0].labels == {"status": "200"}


def test_log_lines_are_known_by_their_ids() -> None:
    raw = search({"id": "1", "type": "raw_data"}, buckets=())
    listed = frame(({"name": "@timestamp", "type": "time"}, [1, 2]), ({"name": "_id", "type": "string"}, ["x", "y"]))
    assert read(raw, listed).documents == ("x", "y")
    whole = search({"id": "1", "type": "raw_document"}, buckets=())
    assert read(whole, frame(({"name": "A", "type": "other"}, [{"_id": "x"}, '{"_id": "y"}']))).documents == ("x", "y")


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (None, State.ERROR),
        ({"error": "boom", "status": 500}, State.ERROR),
        ({"frames": []}, State.NO_DATA),
        ({"frames": [timed({}, [0, 0])]}, State.NO_DATA),
        ({"frames": [timed({}, [])]}, State.NO_DATA),
    ],
    ids=["nothing", "error", "no frame", "only zeros", "no row"],
)
def test_what_is_no_data(result: dict[str, Any] | None, state: State) -> None:
    assert reply_of(search(), result).state is state


ONE = Line("error", {"level": "error"}, ((1.0, 2.0), (2.0, 3.0)))
DATA = Reply(State.DATA, 1, 2, lines=(ONE,))


def panel(reply: Reply, query: str = "q", ref: str = "A") -> PanelAnswer:
    return PanelAnswer("d", 1, "P", (QueryAnswer("target", ref, query, reply, 0.0),), 0.0)


def lines(*given: Line) -> Reply:
    return Reply(State.DATA, len(given), sum(len(one.points) for one in given), lines=given)


def test_the_same_is_the_same() -> None:
    (record,) = compared(panel(DATA), panel(DATA))
    assert (record["values"], record["count"], record["nothing"]) == (2, 0, False)
    (record,) = compared(panel(Reply(State.NO_DATA)), panel(Reply(State.NO_DATA)))
    assert (record["values"], record["count"], record["nothing"]) == (0, 0, True)


def test_an_error_on_both_sides_is_no_comparison() -> None:
    (record,) = compared(panel(Reply.failed("x")), panel(Reply.failed("x")))
    assert (record["values"], record["nothing"]) == (0, False)


@pytest.mark.parametrize(
    ("served", "what"),
    [
        (panel(lines(replace(ONE, points=((1.0, 2.0), (2.0, 3.1))))), 'Value{level="error"} at 2.000'),
        (panel(lines(replace(ONE, points=((1.0, 2.0),)))), 'Value{level="error"} at 2.000'),
        (panel(lines(replace(ONE, points=((1.0, 2.0), (2.0, math.nan))))), 'Value{level="error"} at 2.000'),
        (panel(lines(replace(ONE, name="Error"))), 'name of Value{level="error"}'),
        (panel(lines(replace(ONE, labels={"level": "warn"}))), 'series Value{level="error"}'),
        (panel(lines(ONE, ONE)), 'series Value (2){level="error"}'),
        (panel(Reply(State.NO_DATA)), "state"),
        (panel(Reply.failed("boom")), "state"),
        (panel(DATA, query="other"), "the query as sent"),
        (panel(DATA, ref="B"), "asked"),
    ],
)
def test_each_difference_is_told_with_both_answers(served: PanelAnswer, what: str) -> None:
    told = [difference for record in compared(panel(DATA), served) for difference in record["differences"]]
    assert what in [one["what"] for one in told]
    assert all(one["player"] != one["grafana"] for one in told)


def test_the_order_of_lines_listed_is_compared() -> None:
    one, other = (Reply(State.DATA, 1, 2, documents=ids) for ids in (("x", "y"), ("y", "x")))
    (record,) = compared(panel(one), panel(other))
    assert [(d["player"], d["grafana"]) for d in record["differences"]] == [("x", "y"), ("y", "x")]


def test_the_last_digit_is_no_difference_and_many_differences_are_counted() -> None:
    near = lines(replace(ONE, points=((1.0, 2.0 + 1e-12), (2.0, 3.0))))
    assert compared(panel(DATA), panel(near))[0]["count"] == 0
    long = [lines(Line("x", {}, tuple((float(n), float(n + more)) for n in range(30)))) for more in (0, 1)]
    record = compared(panel(long[0]), panel(long[1]))[0]
    assert record["count"] == 30 and len(record["differences"]) == 10


def test_where_series_are_not_kept_their_sums_are_compared() -> None:
    played = Reply(State.DATA, 1, 2, last={"{}": 3.0})
    assert compared(panel(played), panel(replace(DATA, last={"{}": 3.0})))[0]["count"] == 0
    assert compared(panel(played), panel(replace(DATA, series=2, last={"{}": 4.0})))[0]["count"] == 2
