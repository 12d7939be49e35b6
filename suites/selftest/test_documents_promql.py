"""PromQL: places of nodes, which labels flow through an expression, and which values it can take."""

from __future__ import annotations

import pytest

from harness.documents.expressions import filled
from harness.languages.metrics import Metric, Metrics
from harness.languages.promql import (
    Aggregate,
    Binary,
    Call,
    PromqlError,
    Selector,
    has_comparison,
    parse,
    selectors,
    walk,
)
from harness.languages.promql_labels import labels_of
from harness.languages.promql_values import impossible, interval_of

METRICS = Metrics(
    {
        "a": Metric("a", "gauge", "points", labels={"route": (), "zone": ()}),
        "b": Metric("b", "gauge", "boolean"),
        "c_total": Metric("c_total", "counter", "things", labels={"code": ("200", "500")}),
        "h": Metric("h", "histogram", "seconds", labels={"route": ()}, buckets=(0.1, 1.0, 10.0)),
    }
)
TARGET = {"job", "instance"}


def test_every_node_knows_its_place() -> None:
    text = (
        'sum by (a) (rate(a{a="a", b=~"x"}[5m] offset 1m)) / on (a) group_left (z) sum(y) without (z) > 3 '
        "and absent(z == 1)"
    )
    places = []
    for node in walk(parse(text)):
        word = {Selector: "metric", Aggregate: "operator", Call: "function", Binary: "operator"}.get(type(node))
        if word:
            name = getattr(node, word)
            places.append(text[node.offset : node.offset + len(name)] == name)
    assert places == [True] * 11


def test_selectors_are_told_with_range_and_offset() -> None:
    (found,) = selectors(parse('rate({__name__="x", a!~"b.*"}[5m] offset 1h)'))
    assert (found.metric, found.range_seconds, found.shift_seconds) == ("x", 300.0, 3600.0)
    assert [(m.label, m.op, m.value) for m in found.matchers] == [("a", "!~", "b.*")]


@pytest.mark.parametrize(
    ("text", "offset", "newer"),
    [
        ("sum(rate(x[5m])", 3, False),
        ("sum(x))", 6, False),
        ("x[5x]", 2, False),
        ("rate(x)", 0, False),
        ("x >> 1", 3, False),
        ("1 +", 2, False),
        ("nosuch(x)", 0, True),
        ("rate(x[5m + 1m])", 10, True),
        ("x smoothed", 0, True),
        ("", 0, False),
    ],
)
def test_errors_have_a_place_and_newer_syntax_is_told_apart(text: str, offset: int, newer: bool) -> None:
    with pytest.raises(PromqlError) as error:
        parse(text)
    assert (error.value.offset, error.value.newer) == (offset, newer)
    assert error.value.length >= 1


@pytest.mark.parametrize(
    ("text", "must", "may"),
    [
        ("a", {"route", "zone"} | TARGET, {"route", "zone"} | TARGET),
        ('a{route=""}', {"zone"} | TARGET, {"zone"} | TARGET),
        ("sum(a)", set(), set()),
        ("sum by (route, nothing) (a)", {"route"}, {"route"}),
        ("sum without (route) (a)", {"zone"} | TARGET, {"zone"} | TARGET),
        ("topk(3, a)", {"route", "zone"} | TARGET, {"route", "zone"} | TARGET),
        ("histogram_quantile(0.9, sum by (route, le) (rate(h_bucket[5m])))", {"route"}, {"route"}),
        ('absent(a{job="x", route=~"y"})', {"job"}, {"job"}),
        ("a * on (route) b", {"route"}, {"route"}),
        ("a * on (job) group_left (extra) b", {"route", "zone"} | TARGET, {"route", "zone"} | TARGET),
        ("sum by (route) (a) or b", set(), {"route"} | TARGET),
        ("2 * sum by (zone) (a) > 1", {"zone"}, {"zone"}),
        ('label_replace(sum(a), "new", "x", "", "")', set(), {"new"}),
        ('count_values("version", a)', {"version"}, {"version"}),
        ("vector(1)", set(), set()),
    ],
)
def test_labels_flow(text: str, must: set[str], may: set[str]) -> None:
    found = labels_of(parse(text), METRICS)
    assert (set(found.must), set(found.may), found.open) == (must, may, False)


def test_labels_of_an_unknown_metric_are_open() -> None:
    assert labels_of(parse("unknown"), METRICS).possible("anything")
    assert not labels_of(parse("sum by (x) (unknown)"), METRICS).possible("anything")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("b", 0, 1),
        ("1 - b", 0, 1),
        ("b * 100", 0, 100),
        ("-b", -1, 0),
        ("count(a)", 1, float("inf")),
        ("rate(c_total[5m])", 0, float("inf")),
        ("histogram_quantile(0.5, rate(h_bucket[5m]))", 0, 10),
        ('rate(c_total{code="500"}[5m]) / rate(c_total[5m])', 0, 1),
        ('rate(c_total{code="500"}[5m]) / rate(c_total[10m])', 0, float("inf")),
        ("a > 3", 3, float("inf")),
        ("delta(a[5m])", float("-inf"), float("inf")),
        ("hour()", 0, 23),
        ("a or vector(0)", float("-inf"), float("inf")),
        ("a > bool 3", 0, 1),
    ],
)
def test_values_are_bounded(text: str, low: float, high: float) -> None:
    found = interval_of(parse(text), METRICS)
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    "text", ["b > 1", "b < 0", "0 > b", "a > 5 < 3", "a unless a", "b == 2 and a > 1", "c_total < 0"]
)
def test_the_impossible_is_proven(text: str) -> None:
    assert impossible(parse(text), METRICS) is not None


@pytest.mark.parametrize("text", ["b >= 1", "b <= 0", "a != 3", "a > 5 or a < 3", "a and b == 1", "absent(b > 1)"])
def test_the_possible_is_left_alone(text: str) -> None:
    assert impossible(parse(text), METRICS) is None


def test_comparisons_that_only_compute_are_none() -> None:
    assert has_comparison(parse("a > 1"))
    assert not has_comparison(parse("a > bool 1"))


@pytest.mark.parametrize(
    "text",
    [
        'sum by ($group) (rate(x{route=~"$route"}[$__rate_interval]))',
        "topk($n, x[[suffix]] > ${limit:raw})".replace("[[suffix]]", ""),
        "max_over_time(rate(x[${window}])[1h:$__interval])",
    ],
)
def test_variables_are_filled_in_without_moving_anything(text: str) -> None:
    made = filled(text)
    assert len(made) == len(text)
    parse(made)
