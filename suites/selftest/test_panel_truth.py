"""The truth of panels by hand: quantiles, phases of the sampling, what must be among the largest, and what is drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.dashboards.facts import Facts, Hole, holes
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard, Panel
from harness.errors import UnreadableError
from harness.generators.ground import Course
from harness.generators.panel_truth import Asked, Band, Shows, largest, quantile_of
from harness.probes.panel_answer import Line, PanelAnswer, QueryAnswer, Reply, State
from harness.probes.panel_display import drawn, repeated

HOUR = Asked(window=60, shown=3600)
NOW = 10_000.0


class Handmade:
    """A ground of a few series."""

    begins = 0.0
    restarts = ()

    def __init__(self, **series: Sequence[tuple[Mapping[str, str], Any]]) -> None:
        self._series = series

    def courses(self, metric: str) -> Sequence[Course]:
        return [Course(labels, at) for labels, at in self._series.get(metric, ())]


def counter(rate: float, after: float | None = None) -> Any:
    """Counts evenly; with `after`, at that rate for the last 30 seconds before NOW."""
    return lambda t: rate * t if after is None or t < NOW - 30 else rate * (NOW - 30) + after * (t - NOW + 30)


REQUESTS = Handmade(
    requests=[
        ({"route": "/a", "code": "200"}, counter(9)),
        ({"route": "/a", "code": "500"}, counter(1)),
        ({"route": "/b", "code": "200"}, counter(4)),
    ],
    users=[({"role": "nurse"}, lambda t: 7.0), ({"role": "admin"}, lambda t: 3.0)],
    most=[({}, lambda t: 40.0)],
)


def figures(spec: Mapping[str, Any], asked: Asked = HOUR, ground: Any = REQUESTS) -> dict[str, Band]:
    shows = Shows(spec, "P A")
    return {shows.name(group): band for group, band in shows.bands(ground, asked, NOW).items()}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"rate": "requests", "by": ["route"]}, {"/a": 10, "/b": 4}),
        ({"rate": "requests", "times": 60, "name": "all"}, {"all": 840}),
        ({"increase": "requests", "name": "hour"}, {"hour": 14 * 3600}),
        ({"increase": "requests", "per_interval": True, "name": "minute"}, {"minute": 14 * 60}),
        ({"level": "users", "by": ["role"]}, {"nurse": 7, "admin": 3}),
        ({"level": "users", "where": {"role": "nurse"}, "name": "n"}, {"n": 7}),
        ({"part": {"code": {"starts": ["5"]}}, "of": "requests", "by": ["route"]}, {"/a": 0.1, "/b": 0.0}),
        ({"part": {"code": "500"}, "of": "requests", "rest": True, "where": {"route": "/a"}, "name": ""}, {"": 0.9}),
        ({"part": "users", "over": "most", "name": "share"}, {"share": 0.25}),
        ({"mean": "requests", "name": "mean"}, {"mean": 14 / 3}),
        ({"rate": "requests", "by": ["code"], "above": 5}, {"200": 13}),
        ({"is": 0, "name": "none"}, {"none": 0}),
    ],
)  # fmt: skip
def test_figures_by_hand(spec: Mapping[str, Any], expected: Mapping[str, float]) -> None:
    found = figures(spec)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].low == pytest.approx(value) and found[name].high == pytest.approx(value)


def test_a_choice_narrows_and_a_choice_it_is_not_about_does_not() -> None:
    spec = {"rate": "requests", "by": ["route"], "choice": ["route"]}
    assert figures(spec, Asked(60, 3600, {"route": ("/b",), "code": ("500",)})).keys() == {"/b"}


def test_while_a_rate_changes_it_may_be_anything_that_some_phase_of_the_sampling_sees() -> None:
    band = figures({"rate": "r", "name": "r"}, ground=Handmade(r=[({}, counter(1, after=10))]))["r"]
    # From 45 s before to 15 s before: half a window of 1 and a half of 10 at the least, mostly 10 at the most.
    assert band.low == pytest.approx(4.0) and band.high == pytest.approx(7.0)


def test_a_ratio_of_nothing_is_no_number() -> None:
    band = figures({"part": {"code": "500"}, "of": "r", "name": "x"}, ground=Handmade(r=[({"code": "1"}, counter(0))]))[
        "x"
    ]
    assert math.isnan(band.low)


@pytest.mark.parametrize(
    ("q", "expected"), [(0.5, 0.1), (0.25, 0.05), (0.725, 0.55), (0.95, 1.0), (0.995, 1.0), (0.0, 0.0)]
)  # fmt: skip
def test_quantiles_by_hand(q: float, expected: float) -> None:
    assert quantile_of(q, [(0.1, 50), (1.0, 95), (math.inf, 100)]) == pytest.approx(expected)


def test_the_quantile_of_nothing_is_no_number() -> None:
    assert math.isnan(quantile_of(0.95, [(0.1, 0), (math.inf, 0)])) and math.isnan(quantile_of(0.95, []))


def test_among_the_largest_ties_may_go_either_way() -> None:
    bands = {(("n", str(n)),): Band(float(v), float(v)) for n, v in enumerate([9, 5, 4.9, 1])}
    must, may = largest(2, bands)
    assert must == {(("n", "0"),)} and len(may) == 3
    assert largest(4, bands) == (set(bands), set(bands))


@pytest.mark.parametrize("spec", [{}, {"rate": "a", "level": "b"}, {"sum": "a"}])
def test_an_entry_that_makes_no_sense_is_refused(spec: Mapping[str, Any]) -> None:
    with pytest.raises(UnreadableError, match="P A"):
        Shows(spec, "P A")


def test_where_nobody_scraped_nothing_is_compared() -> None:
    hole = holes([[0, 15, 30, 90, 105]], 112)
    assert hole == (Hole(30, 90),)
    facts = Facts(Handmade(), holes=hole)
    assert not facts.comparable(100, 60) and facts.comparable(1000, 60)
    assert facts.comparable(500, 490) and not facts.stale  # in the middle of a long window it does no harm
    assert Facts(Handmade(), holes=holes([[0, 15]], 60)).stale
    assert not facts.comparable(60, 0, counts=False) and facts.comparable(200, 0, counts=False)
    assert not facts.comparable(50, 60)  # before there was a whole window of samples
    assert facts.comparable(3000, 3600, whole=True)


def panel(**given: Any) -> Panel:
    written = {"id": 1, "title": "P", "type": "timeseries", "targets": [{"refId": "A", "expr": "x"}], **given}
    text = json.dumps({"uid": "d", "schemaVersion": 41, "panels": [written]})
    return Configuration.of_texts({"d.json": text}).of(Dashboard)[0].panels[0]


def answer(*lines: Line) -> PanelAnswer:
    return PanelAnswer("d", 1, "P", (QueryAnswer("target", "A", "x", Reply(State.DATA, lines=lines), 0.0),), 0.0)


def line(name: str, *values: float, **labels: str) -> Line:
    return Line(name, labels, tuple((float(n), value) for n, value in enumerate(values)))


def test_two_series_of_one_name_are_told() -> None:
    assert repeated(drawn(panel(), answer(line("a", 1), line("b", 1), line("a", 2)))) == ("a",)


@pytest.mark.parametrize(
    ("matcher", "hidden"),
    [
        ({"id": "byName", "options": "a"}, ["a"]),
        ({"id": "byRegexp", "options": "/^b/"}, ["b"]),
        ({"id": "byFrameRefID", "options": "A"}, ["a", "b"]),
        ({"id": "byNames", "options": {"mode": "exclude", "names": ["a"]}}, ["b"]),
        ({"id": "byName", "options": "c"}, []),
    ],
)
def test_an_override_hides_what_it_matches(matcher: Mapping[str, Any], hidden: list[str]) -> None:
    override = {"matcher": matcher, "properties": [{"id": "custom.hideFrom", "value": {"viz": True}}]}
    shown = drawn(panel(fieldConfig={"overrides": [override]}), answer(line("a", 1), line("b", 1)))
    assert [one.name for one in shown if one.hidden] == hidden


@pytest.mark.parametrize(("calc", "value"), [("lastNotNull", 4), ("max", 6), ("mean", 4), ("min", 2), ("first", 2)])
def test_a_stat_shows_one_value(calc: str, value: float) -> None:
    given = panel(type="stat", options={"reduceOptions": {"calcs": [calc]}})
    assert drawn(given, answer(line("a", 2, 6, 4, math.nan)))[0].value == value


def test_thresholds_colour_and_mappings_name_a_value() -> None:
    steps = [{"value": None, "color": "green"}, {"value": 0.05, "color": "red"}]
    mapping = {"type": "value", "options": {"1": {"text": "firing"}}}
    config = {"defaults": {"thresholds": {"mode": "absolute", "steps": steps}, "mappings": [mapping]}}
    shown = drawn(panel(fieldConfig=config), answer(line("low", 0.01), line("high", 1)))
    assert [(one.colour, one.text) for one in shown] == [("green", ""), ("red", "firing")]


def test_a_heatmap_draws_what_fell_into_each_bucket() -> None:
    given = panel(type="heatmap", targets=[{"refId": "A", "expr": "x", "format": "heatmap"}])
    shown = drawn(given, answer(line("+Inf", 9, le="+Inf"), line("1", 4, le="1"), line("2", 7, le="2")))
    assert {one.name: one.value for one in shown} == {"1": 4, "2": 3, "+Inf": 2}
