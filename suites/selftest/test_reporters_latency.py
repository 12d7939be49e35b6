"""The report's tables of where the time goes and of diagnosed incidents, from literal histories and broken ones."""

from __future__ import annotations

import pytest

from harness.model import History, Observation
from harness.reporters.html import _environment
from harness.reporters.sections.diagnosed import diagnosed
from harness.reporters.sections.latency import latency
from suites.selftest.test_alert_latency import TestLatencyAgreement as Sides
from suites.selftest.test_alert_latency import journey

BUDGET = {"alert": "ApiDown", "scrape": 15, "evaluation": 15, "hold": 60, "group_wait": 0, "group_interval": 60}
ANSWERS = [
    {"language": "promql", "query": "topk(1, x)", "first": {"route": "<b>"}, "seconds": 0.01, "error": ""},
    {"language": "kql", "query": "level: error", "first": {}, "seconds": 0.02, "error": "timed out"},
]


def rendered(template: str, **given: object) -> str:
    return _environment().get_template(template).render(**given)


class TestLatency:
    HISTORY = History.of(*journey(), *Sides().seen(), Observation(0.0, "alert-budget", "ApiDown", BUDGET))

    def test_steps_ways_and_both_sides(self):
        found = latency(self.HISTORY)
        assert found is not None
        assert [(step.samples, step.predicted) for step in found.steps] == [
            (1, 15), (1, 15), (1, 60), (1, None), (1, 0), (1, None),
        ]  # fmt: skip
        (way,) = found.ways
        assert (way.alert, round(way.total, 1), way.predicted) == ("ApiDown", 80.3, 90)
        assert [side.apart_seconds for side in found.sides] == [pytest.approx(0.002)]
        page = rendered("latency.html", latency=(found, ""))
        assert "crossed → scraped" in page and "10.0 ms" in page and "8.0 ms" in page

    def test_nothing_recorded_is_said(self):
        assert latency(History.of()) is None
        assert "not recorded" in rendered("latency.html", latency=(None, "not recorded in this run"))

    def test_a_run_of_before_shows_what_it_has(self):
        old = [o for o in journey() if o.kind != "alert-crossing"]
        found = latency(History.of(*old))
        assert found is not None and not found.ways and not found.sides
        assert "At Alertmanager" not in rendered("latency.html", latency=(found, "")).partition("</thead>")[0]


class TestDiagnosed:
    PLAYED = Observation(0.0, "incident", "it is slow", {"alert": "Slow", "culprit": "/x", "injected": 10.0})
    LAST = Observation(
        95.0,
        "diagnosis",
        "it is slow",
        {"page": "runbooks/slow.md", "firing": 60.0, "received": 90.0, "began": 91.0, "named": ["kql"], "rounds": 4}
        | {"answers": ANSWERS},
    )
    FIGURES = Observation(96.0, "incident-figures", "it is slow", {"metric": 60.2, "logged": 58.0})

    def test_times_queries_and_figures(self):
        (one,) = diagnosed(History.of(self.PLAYED, self.LAST, self.FIGURES))
        assert (one.fired, one.received, one.diagnosed, one.rounds) == (50, 30, 4, 4)
        assert [query.first for query in one.queries] == ["route=<b>", ""]
        page = rendered("diagnosed.html", diagnosed=((one,), ""))
        assert "route=&lt;b&gt;" in page and "timed out" in page and ">60<" in page and ">58<" in page

    def test_an_incident_nobody_looked_into_is_no_row(self):
        assert diagnosed(History.of(self.PLAYED)) == ()

    def test_what_is_missing_is_a_dash(self):
        bare = Observation(95.0, "diagnosis", "it is slow", {"named": [], "answers": []})
        (one,) = diagnosed(History.of(self.PLAYED, bare))
        assert (one.fired, one.received, one.metric) == (None, None, None)
        assert "nothing" in rendered("diagnosed.html", diagnosed=((one,), ""))
