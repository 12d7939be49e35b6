"""How times grow: the line through them, and what the verifiers make of histories written as literals."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from harness.checks.growth.dashboards import GrowthOfDashboards
from harness.checks.growth.searches import GrowthOfSearches
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Severity, Verdict
from harness.quantiles import line

SEARCH = {"id": "s", "type": "search", "attributes": {"title": "Errors", "columns": [], "sort": [],
    "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}})}},
    "references": []}  # fmt: skip
DASHBOARD = {"uid": "api", "title": "API", "schemaVersion": 41, "timezone": "utc", "panels": [
    {"id": 1, "title": "Rate", "type": "timeseries", "targets": [{"refId": "A", "expr": "up"}]}]}  # fmt: skip
TEXTS = {"kibana/searches.json": json.dumps({"objects": [SEARCH]}), "dashboards/api.json": json.dumps(DASHBOARD)}
FIXTURES = {"baselines": {"baselines": [{"id": "log-query", "limit": 5}, {"id": "dashboard-load", "limit": 3}]}}
LEVELS = dict.fromkeys(("world", "elasticsearch", "prometheus", "kibana", "grafana"), Level.NATIVE)
SIZES = (125_000, 250_000, 500_000, 1_000_000)


def judged(check: type[Check], *seen: Observation) -> Judgement:
    return judge(check(), History.of(*seen), Context(Configuration.of_texts(TEXTS), FIXTURES, LEVELS))


def seen(kind: str, subject: str, **data: Any) -> Observation:
    return Observation(1.0, kind, subject, data)


def sizes(scale: int = 1_000_000, production: float = 300e6) -> list[Observation]:
    about = {"full_scale": 1_000_000, "production": production}
    return [seen("growth-size", str(one), documents=one, scale=min(one, scale), **about) for one in SIZES]


def opened(per_million: float, base: float = 0.1, hits: int = 3) -> list[Observation]:
    return [
        seen("growth-search", "Errors", documents=one, seconds=base + per_million * one / 1e6, hits=hits, expected=3)
        for one in SIZES
        for _ in range(3)
    ]


def loaded(kind: str, by: str, seconds: dict[float, float], errors: int = 0) -> list[Observation]:
    return [
        seen(kind, "api", **{by: at, "seconds": taken, "errors": errors, "with_data": 1})
        for at, taken in seconds.items()
    ]


class TestLine:
    def test_through_points_on_a_line(self):
        found = line([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (4.0, 9.0)])
        assert (found.base, found.slope, found.low, found.high) == (1.0, 2.0, 2.0, 2.0)
        assert found.at(10.0) == 21.0
        assert found.reaches(21.0) == (10.0, 10.0, 10.0)

    def test_one_that_does_not_rise_reaches_nothing(self):
        assert line([(0.0, 1.0), (1.0, 1.0), (2.0, 0.5)]).reaches(5.0) is None

    def test_no_line_through_one_place(self):
        with pytest.raises(ValueError, match="one place"):
            line([(1.0, 1.0), (1.0, 2.0)])

    def test_an_outlier_does_not_bend_it(self):
        straight = [(float(at), 0.1 * at) for at in range(10)]
        assert line([*straight, (5.0, 50.0)]).slope == pytest.approx(0.1, rel=0.05)

    def test_the_interval_holds_the_slope_as_often_as_it_says(self):
        held = 0
        for seed in range(300):
            noise = random.Random(seed)
            found = line([(float(at), 2.0 + 0.5 * at + noise.gauss(0, 1)) for at in (1, 2, 4, 8) for _ in range(5)])
            held += found.low <= 0.5 <= found.high
        assert 0.91 <= held / 300 <= 0.995


class TestSearches:
    def test_what_breaks_far_beyond_is_told_and_passes(self):
        judgement = judged(GrowthOfSearches, *sizes(production=10e6), *opened(0.1))
        assert judgement.verdict is Verdict.PASS and judgement.level is Level.NATIVE
        assert "Errors would take 5 s at 49 M documents" in judgement.reason
        assert "extrapolated, 49 × the largest measured" in judgement.reason

    def test_what_breaks_below_what_production_writes_is_a_warning(self):
        judgement = judged(GrowthOfSearches, *sizes(), *opened(0.1))
        assert judgement.verdict is Verdict.PASS
        (finding,) = judgement.findings
        assert finding.severity is Severity.WARNING and "writes 300 M documents in 30 days" in finding.message

    def test_a_search_that_does_not_grow(self):
        judgement = judged(GrowthOfSearches, *sizes(), *opened(0.0))
        assert judgement.verdict is Verdict.PASS and "does not grow" in judgement.reason

    def test_too_slow_on_a_size_measured_fails(self):
        judgement = judged(GrowthOfSearches, *sizes(), *opened(6.0))
        assert judgement.verdict is Verdict.FAIL and "takes 6.10 s (p95) on 1 M documents" in judgement.reason

    def test_a_wrong_answer_fails_and_its_time_is_not_used(self):
        judgement = judged(GrowthOfSearches, *sizes(), *opened(0.1, hits=2))
        assert judgement.verdict is Verdict.FAIL and "finds 2 hits of 3" in judgement.reason

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ([], "growth was measured on 0 sizes"),
            ([seen("growth-left-out", "world", scale=24_000, full_scale=1_000_000)], "the world at hand has 24,000"),
            ([*sizes()[:3], *opened(0.1)], "measured on 3 sizes"),
            (sizes(), "`Errors` was not timed"),
            ([*sizes(scale=24_000), *opened(0.1)], "not on 1,000,000"),
        ],
    )
    def test_what_was_not_measured_is_unknown(self, given, says):
        judgement = judged(GrowthOfSearches, *given)
        assert judgement.verdict is Verdict.UNKNOWN and says in judgement.reason


class TestDashboards:
    RANGES = loaded("growth-range", "days", {1.0: 0.1, 4.0: 0.2, 8.0: 0.3, 15.0: 0.5})

    def test_fast_over_all_ranges(self):
        judgement = judged(GrowthOfDashboards, *sizes(), *self.RANGES)
        assert judgement.verdict is Verdict.PASS and "api would take 3 s at" in judgement.reason

    def test_a_long_range_that_takes_longer_is_a_warning(self):
        slow = loaded("growth-range", "days", {1.0: 0.1, 4.0: 1.0, 8.0: 2.0, 15.0: 4.0})
        judgement = judged(GrowthOfDashboards, *sizes(), *slow)
        assert judgement.verdict is Verdict.PASS
        assert [f.severity for f in judgement.findings] == [Severity.WARNING]
        assert "over 15 days takes 4.00 s" in judgement.findings[0].message

    def test_what_was_left_out_needs_a_full_world_and_nothing_else(self):
        left_out = seen("growth-left-out", "world", scale=24_000, full_scale=1_000_000)
        for check in (GrowthOfDashboards, GrowthOfSearches):
            assert [gap.needs for gap in judged(check, left_out).gaps] == [Level.NATIVE]

    def test_too_slow_on_a_size_fails(self):
        slow = loaded("growth-dashboard", "documents", {one: 4.0 for one in SIZES})
        judgement = judged(GrowthOfDashboards, *sizes(), *self.RANGES, *slow)
        assert judgement.verdict is Verdict.FAIL and "takes 4.00 s (p95) on 125 k documents" in judgement.reason

    def test_loads_that_failed_are_no_samples(self):
        broken = loaded("growth-range", "days", {1.0: 0.1, 4.0: 0.1, 8.0: 0.1, 15.0: 0.1}, errors=1)
        judgement = judged(GrowthOfDashboards, *sizes(), *broken)
        assert judgement.verdict is Verdict.UNKNOWN and "failed or showed nothing" in judgement.reason
