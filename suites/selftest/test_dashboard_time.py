"""Steps and windows come out as Grafana computes them; the figures are worked out by hand from its sources."""

from __future__ import annotations

import pytest

from harness.errors import UnsupportedError
from harness.probes.grafana_time import (
    TimeRange,
    aligned,
    go_duration,
    interval,
    points_of_width,
    prometheus_step,
    rate_interval,
    rounded,
    short,
)

HOUR = TimeRange(0, 3600)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0.009, 0.001),
        (0.01, 0.01),
        (1.4, 1),
        (1.5, 2),
        (17.4, 15),
        (17.5, 20),
        (89, 60),
        (90, 120),
        (3600 * 24 * 15, 604800),
    ],
)
def test_intervals_are_rounded_on_grafanas_ladder(given: float, expected: float) -> None:
    assert rounded(given) == expected


def test_an_hour_on_half_a_screen_is_asked_at_the_scrape_interval() -> None:
    assert interval(HOUR, points_of_width(12), 15) == 15


def test_fifteen_days_are_asked_in_coarser_steps() -> None:
    assert prometheus_step(TimeRange(0, 15 * 86400), 700, 15) == 1800


def test_a_step_never_asks_for_more_points_than_prometheus_answers() -> None:
    assert prometheus_step(TimeRange(0, 30 * 86400), 1_000_000, 15) == 300


@pytest.mark.parametrize(("step", "expected"), [(15, 60), (30, 60), (45, 60), (60, 75), (300, 315)])
def test_a_rate_window_holds_four_scrapes_or_one_step_more(step: float, expected: float) -> None:
    assert rate_interval(step, 15) == expected


def test_durations_as_go_and_as_grafana_spell_them() -> None:
    assert [go_duration(s) for s in (0.5, 15, 60, 75, 315, 3600, 5400)] == [
        "500ms", "15s", "1m0s", "1m15s", "5m15s", "1h0m0s", "1h30m0s",
    ]  # fmt: skip
    assert [short(s) for s in (0.5, 15, 60, 90, 7200, 86400)] == ["500ms", "15s", "1m", "1m", "2h", "1d"]


def test_ends_are_aligned_downwards() -> None:
    assert aligned(1009.9, 15) == 1005


def test_a_wider_panel_asks_for_more_points_and_none_for_more_than_the_window() -> None:
    assert 0 < points_of_width(6) < points_of_width(12) < points_of_width(24) < 1440


def test_ranges_are_relative_or_absolute_and_nothing_else() -> None:
    assert TimeRange.opened("now-15d", "now", 2_000_000).seconds == 15 * 86400
    assert TimeRange.opened("2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+00:00", 0).seconds == 3600
    with pytest.raises(UnsupportedError, match="now/fy"):
        TimeRange.opened("now/fy", "now", 0)
