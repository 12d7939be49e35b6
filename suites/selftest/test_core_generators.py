"""Scenarios read and played: promtool's notation, healthy operation with an incident over it, answers to scrapes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from harness.errors import UnreadableError
from harness.generators import notation, scenario
from harness.generators.metrics import Timeline, World, exposition, openmetrics, read_world, sample_name
from harness.generators.player import Player, Target, without
from harness.generators.scenario import Scenario, Track
from harness.model import Position

AT = Position("fixtures/scenarios/a.yml")


class TestNotation:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            # The meanings are those of promtool's documentation of `values`.
            ("-2+4x3", [-2, 2, 6, 10]),
            ("1-2x4", [1, -1, -3, -5, -7]),
            ("1x4", [1, 1, 1, 1, 1]),
            ("1 _x3 5-2x2", [1, None, None, None, 5, 3, 1]),
            ("0+45x2", [0, 45, 90]),
            ("5", [5]),
            ("1 2 3", [1, 2, 3]),
            ("0x0", [0]),
            ("_", [None]),
            ("1 stale", [1, None]),
            ("1.5+0.5x2", [1.5, 2, 2.5]),
            ("1e3x1", [1000, 1000]),
            ("1e-1+1e-1x1", [0.1, 0.2]),
            (".5 +1 -1", [0.5, 1, -1]),
            ("  1\n 2  ", [1, 2]),
        ],
    )
    def test_values_are_what_promtool_makes_of_them(self, text, expected):
        assert list(notation.values(text, AT)) == expected

    def test_infinity_and_not_a_number_are_values(self):
        up, down, no = notation.values("inf -Inf NaN", AT)
        assert (up, down) == (math.inf, -math.inf)
        assert no is not None and math.isnan(no)

    @pytest.mark.parametrize("text", ["1x", "x5", "1+x5", "a", "1,2", "1+2*3", "{{schema:0}}", "_x", "1x-1", "1 x 5"])
    def test_what_is_no_notation_is_named_with_its_place(self, text):
        with pytest.raises(UnreadableError) as error:
            notation.values(text, AT)
        assert error.value.at == AT
        assert "0+45x600" in error.value.hint
        assert repr(text.split()[-1] if text == "1 x 5" else text.split()[0]) in error.value.message or text == "1 x 5"

    @pytest.mark.parametrize("text", ["", "  "])
    def test_a_series_without_values_is_none(self, text):
        with pytest.raises(UnreadableError, match="without values"):
            notation.values(text, AT)

    @pytest.mark.parametrize(
        ("text", "name", "labels"),
        [
            ("up", "up", ()),
            ("up{}", "up", ()),
            ('up{job="a"}', "up", (("job", "a"),)),
            ('job:rate5m{ z = "1" , a="x,y}" }', "job:rate5m", (("a", "x,y}"), ("z", "1"))),
            ('a{b="c",}', "a", (("b", "c"),)),
            (r'a{b="say \"no\" to C:\\n"}', "a", (("b", r'say "no" to C:\n'),)),
            (r'a{b="one\ntwo"}', "a", (("b", "one\ntwo"),)),
        ],
    )
    def test_a_series_is_a_name_with_sorted_labels(self, text, name, labels):
        assert notation.series(text, AT) == (name, labels)

    @pytest.mark.parametrize("text", ["", "1up", 'up{job="a"', "up{job=a}", "up{job}", 'up{="a"}', "up{job='a'}"])
    def test_what_is_no_series_is_named_with_its_place(self, text):
        with pytest.raises(UnreadableError) as error:
            notation.series(text, AT)
        assert error.value.at == AT


def incident(*tracks: Track, begins: float = 600.0) -> Scenario:
    return Scenario("a", "An incident", begins, tracks, {}, frozenset())


class TestScenario:
    def read(self, **more: Any) -> Scenario:
        return scenario.read("a", {"scenario": "An incident", **more}, AT.file)

    def test_a_scenario_is_read_whole(self):
        read = self.read(
            begins="1h30m",
            metrics={'errors_total{code="500"}': "0+3x2", 'up{job="web"}': 0},
            expect={"alerts": {"A": {"fires": "100s"}, "B": None}, "muted": ["B"]},
        )
        assert read == Scenario(
            "a",
            "An incident",
            5400.0,
            (Track("errors_total", (("code", "500"),), (0, 3, 6)), Track("up", (("job", "web"),), (0,))),
            {"A": 100.0, "B": 0.0},
            frozenset({"B"}),
        )

    def test_what_is_left_out_is_healthy_and_thirty_minutes_long(self):
        assert self.read() == Scenario("a", "An incident", 1800.0, (), {}, frozenset())

    @pytest.mark.parametrize("data", [None, [], "text", {}, {"metrics": {}}])
    def test_what_is_no_scenario_is_named(self, data):
        with pytest.raises(UnreadableError, match="not a scenario") as error:
            scenario.read("a", data, AT.file)
        assert error.value.at == AT

    @pytest.mark.parametrize(
        "more",
        [
            {"begins": "soon"},
            {"begins": "5"},
            {"metrics": {"a": "1x"}},
            {"metrics": {"1a": "1"}},
            {"metrics": ["a"]},
            {"metrics": "a"},
            {"expect": ["A"]},
            {"expect": {"alerts": ["A"]}},
            {"expect": {"alerts": {"A": "0s"}}},
            {"expect": {"alerts": {"A": {"fires": "later"}}}},
        ],
    )
    def test_what_is_wrong_in_it_is_named_with_its_file(self, more):
        with pytest.raises(UnreadableError) as error:
            self.read(**more)
        assert error.value.at == AT

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("0", 0), ("0s", 0), ("90s", 90), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25), ("1w", 604800)],
    )
    def test_durations(self, text, seconds):
        assert scenario.duration(text, AT) == seconds

    def test_a_counter_moves_between_its_steps_and_goes_on_with_its_last_slope(self):
        track = Track("errors_total", (), (0, 30, 90))
        assert [track.at(s, counter=True) for s in (0, 5, 15, 22.5, 30, 45, 300)] == [0, 10, 30, 60, 90, 150, 1170]

    def test_a_gauge_holds_its_value_until_the_next_and_its_last_for_ever(self):
        track = Track("connections", (), (1, 5, 3))
        assert [track.at(s, counter=False) for s in (0, 14.9, 15, 30, 3000)] == [1, 1, 5, 3, 3]

    def test_a_counter_of_one_value_stands_still(self):
        assert Track("errors_total", (), (7,)).at(1000, counter=True) == 7

    def test_where_there_is_no_sample_there_is_none(self):
        track = Track("connections", (), (1, None, 3, None))
        assert [track.at(s, counter=False) for s in (0, 15, 30, 45, 1000)] == [1, None, 3, None, None]

    def test_a_counter_beside_a_gap_keeps_its_value(self):
        track = Track("errors_total", (), (None, 10, None, 20))
        assert [track.at(s, counter=True) for s in (0, 15, 20, 30, 45, 100)] == [None, 10, 10, None, 20, 20]

    def test_a_target_is_down_while_its_up_is_zero(self):
        played = incident(Track("up", (("job", "web"),), (1, 0, 0, 1)))
        assert [played.down_at("web", s) for s in (0, 15, 44, 45)] == [False, True, True, False]
        assert not played.down_at("other", 15)


CATALOG = {
    "metrics": [
        {"name": "requests_total", "type": "counter", "job": "web"},
        {"name": "connections", "type": "gauge", "job": "web"},
        {"name": "duration_seconds", "type": "histogram", "job": "web", "buckets": [0.1, 0.5, 1]},
        {"name": "other_total", "type": "counter", "job": "db"},
    ]
}
FIXTURE = {
    "series": [
        {"metric": "requests_total", "labels": {"code": ["200", "500"], "method": ["GET", "POST"]}, "rate": 2},
        {"metric": "connections", "value": 7},
        {"metric": "duration_seconds", "observations": {0.1: 4, 1: 2, "+Inf": 1}},
        {"metric": "other_total", "rate": 1},
    ]
}
WORLD: World = read_world(FIXTURE, CATALOG)
ORIGIN, LIVE = 1_000_000.0, 1_003_600.0


def values(samples: Any) -> dict[str, float]:
    return {sample_name(name, labels): value for name, labels, value in samples}


def timeline(*tracks: Track, begins: float = 600.0) -> Timeline:
    return Timeline(WORLD, incident(*tracks), ORIGIN, LIVE - begins)


class TestWorld:
    def test_lists_of_label_values_are_crossed(self):
        names = [sample_name(s.name, s.labels) for s in WORLD.series if s.name == "requests_total"]
        assert sorted(names) == [
            f'requests_total{{code="{code}",method="{method}"}}'
            for code in ("200", "500")
            for method in ("GET", "POST")
        ]

    def test_a_histogram_is_cumulative_and_its_last_bucket_is_its_count(self):
        at = values(timeline().samples("web", ORIGIN + 10))
        buckets = [at[f'duration_seconds_bucket{{le="{le}"}}'] for le in ("0.1", "0.5", "1", "+Inf")]
        assert buckets == [40, 40, 60, 70]
        assert at["duration_seconds_count"] == 70
        assert 40 * 0 + 20 * 0.5 + 10 * 1 < at["duration_seconds_sum"] < 40 * 0.1 + 20 * 1 + 10 * 2

    def test_counters_count_from_the_origin_and_gauges_stand(self):
        at = values(timeline().samples("web", ORIGIN + 100))
        assert at['requests_total{code="200",method="GET"}'] == 200
        assert at["connections"] == 7

    def test_each_target_exposes_its_own(self):
        assert values(timeline().samples("db", ORIGIN + 5)) == {"other_total": 5}
        assert values(timeline().samples("nobody", ORIGIN + 5)) == {}
        assert WORLD.job_of("duration_seconds_bucket") == "web"
        assert WORLD.job_of("unheard_of") == ""

    def test_a_metric_that_the_catalog_does_not_name_is_an_error(self):
        with pytest.raises(UnreadableError, match=r"world\.yml.*'typo_total' is not in the catalog"):
            read_world({"series": [{"metric": "typo_total", "rate": 1}]}, CATALOG)


class TestTimeline:
    ERRORS = Track("requests_total", (("code", "500"), ("method", "GET")), (0, 150, 300))
    FULL = Track("connections", (), (40,))
    NEW = Track("requests_total", (("code", "503"), ("method", "GET")), (0, 15))

    def test_before_the_incident_operation_is_healthy(self):
        assert values(timeline(self.ERRORS, self.FULL).samples("web", LIVE - 601)) == values(
            timeline().samples("web", LIVE - 601)
        )

    def test_at_the_moment_it_begins_no_counter_jumps(self):
        before = values(timeline(self.ERRORS).samples("web", LIVE - 600.001))
        after = values(timeline(self.ERRORS).samples("web", LIVE - 600))
        assert set(before) == set(after)
        for name, value in after.items():
            assert value == pytest.approx(before[name], abs=0.1)

    def test_a_counter_of_the_incident_counts_on_from_its_healthy_value(self):
        healthy = 2 * (3600 - 600)
        at = values(timeline(self.ERRORS).samples("web", LIVE - 600 + 15))
        assert at['requests_total{code="500",method="GET"}'] == healthy + 150
        assert at['requests_total{code="200",method="GET"}'] == 2 * (3600 - 585)

    def test_a_gauge_of_the_incident_is_absolute(self):
        assert values(timeline(self.FULL).samples("web", LIVE))["connections"] == 40

    def test_a_series_that_only_the_incident_has_appears_with_it(self):
        name = 'requests_total{code="503",method="GET"}'
        assert name not in values(timeline(self.NEW).samples("web", LIVE - 601))
        assert values(timeline(self.NEW).samples("web", LIVE - 585))[name] == 15

    def test_a_series_that_the_incident_takes_away_is_not_exposed(self):
        gone = Track("connections", (), (None,))
        assert "connections" not in values(timeline(gone).samples("web", LIVE))

    def test_no_series_is_exposed_twice(self):
        samples = list(timeline(self.ERRORS, self.FULL, self.NEW).samples("web", LIVE))
        assert len({(name, labels) for name, labels, _ in samples}) == len(samples)

    def test_a_target_is_down_from_the_incident_on(self):
        down = timeline(Track("up", (("job", "web"),), (0,)))
        assert [down.down("web", LIVE - 600.1), down.down("web", LIVE), down.down("db", LIVE)] == [False, True, False]

    def test_the_job_of_a_track_is_where_it_is_played_and_no_label(self):
        track = Track("connections", (("job", "db"),), (3,))
        assert values(timeline(track).samples("db", LIVE))["connections"] == 3
        assert values(timeline(track).samples("web", LIVE))["connections"] == 7
        assert timeline(track).names("db") == {"connections", "other_total"}


def past(line: Timeline, until: float, job: str = "web") -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for text in openmetrics(line, {job: f"{job}:1"}, until):
        if text != "# EOF\n":
            name, value, at = text.rsplit(" ", 2)
            found.setdefault(name, []).append((float(at), float(value)))
    return found


class TestPast:
    def test_ends_as_openmetrics_must(self):
        assert list(openmetrics(timeline(), {"web": "web:1"}, ORIGIN + 30))[-1] == "# EOF\n"

    def test_has_a_sample_every_fifteen_seconds_from_the_origin_and_none_from_the_future(self):
        series = past(timeline(), ORIGIN + 44)['connections{instance="web:1",job="web"}']
        assert [at for at, _ in series] == [ORIGIN, ORIGIN + 15, ORIGIN + 30]

    def test_a_target_that_is_down_has_only_its_up(self):
        lines = past(timeline(Track("up", (("job", "web"),), (0,)), begins=30), LIVE)
        up = dict(lines['up{instance="web:1",job="web"}'])
        assert (up[LIVE - 45], up[LIVE - 30], up[LIVE]) == (1, 0, 0)
        assert max(at for at, _ in lines['connections{instance="web:1",job="web"}']) == LIVE - 45

    def test_goes_on_live_without_a_jump_for_every_series(self):
        line = timeline(TestTimeline.ERRORS, TestTimeline.FULL, TestTimeline.NEW)
        lines, seconds = past(line, LIVE), 5.0
        live = values(line.samples("web", LIVE + seconds))
        assert len(live) > 8
        for name, value in live.items():
            target = 'instance="web:1",job="web"}'
            there = f"{name[:-1]},{target}" if name.endswith("}") else f"{name}{{{target}"
            (before_at, before), (last_at, last) = lines[there][-2:]
            slope = (last - before) / (last_at - before_at)
            assert last_at == LIVE
            assert value - last == pytest.approx(slope * seconds, rel=1e-6, abs=1e-6), name

    def test_the_text_format_escapes_label_values(self):
        text = exposition([("a", (("path", 'C:\\x "y"\nz'),), 1.5), ("b", (), 2.0)])
        assert text == 'a{path="C:\\\\x \\"y\\"\\nz"} 1.5\nb 2.0\n'


REAL = """# HELP process_cpu_seconds_total Time.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
paths{path="/a connections{}"} 4
connections_total 5 1700000000000
"""
UPSTREAM = f"""{REAL}connections 3
requests_total{{method="GET",code="500"}} 1
requests_total{{code="500",method="GET",extra="x"}} 9
"""


class TestPlayer:
    @pytest.fixture
    def upstream(self) -> Iterator[str]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/metrics" else 500)
                self.end_headers()
                self.wfile.write(UPSTREAM.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
        server.server_close()

    def now(self, *tracks: Track, job: str = "web") -> Any:
        import time

        live = time.time()
        return lambda: Timeline(WORLD, incident(*tracks), live - 3600, live - 60)

    def scrape(self, line: Any, upstream: str = "", job: str = "web") -> requests.Response:
        player = Player(line, {job: upstream} if upstream else {}, (job,))
        player.start()
        try:
            return requests.get(f"http://127.0.0.1:{player.targets[job].port}/metrics", timeout=5)
        finally:
            player.stop()

    def test_one_that_stands_in_answers_with_its_world(self):
        answer = self.scrape(self.now())
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "connections 7.0\n" in answer.text
        assert "other_total" not in answer.text

    def test_a_real_servers_metrics_pass_through_untouched(self, upstream):
        text = self.scrape(self.now(), f"{upstream}/metrics").text
        assert text.startswith(REAL)

    def test_the_world_takes_the_place_of_the_same_metrics_of_this_machine(self, upstream):
        lines = self.scrape(self.now(), f"{upstream}/metrics").text.splitlines()
        assert [line for line in lines if line.startswith("connections ")] == ["connections 7.0"]
        assert not any("extra" in line for line in lines)
        assert len([line for line in lines if line.startswith("requests_total")]) == 4

    def test_the_incident_is_laid_over_both(self, upstream):
        new = Track("paths", (("job", "web"),), (99,))
        lines = self.scrape(self.now(TestTimeline.FULL, new), f"{upstream}/metrics").text.splitlines()
        assert [line for line in lines if line.startswith("connections ")] in (["connections 40"], ["connections 40.0"])
        assert [line for line in lines if line.startswith("paths")] in (["paths 99"], ["paths 99.0"])
        assert "process_cpu_seconds_total 12.5" in lines

    def test_only_samples_of_the_named_metrics_are_left_out(self):
        assert "".join(without(UPSTREAM, frozenset({"connections", "requests_total"}))) == REAL
        assert "".join(without(UPSTREAM, frozenset({"process_cpu", "path", "connection"}))) == UPSTREAM

    def test_a_target_that_is_down_answers_503(self, upstream):
        down = self.now(Track("up", (("job", "web"),), (0,)))
        assert self.scrape(down).status_code == 503
        assert self.scrape(down, f"{upstream}/metrics").status_code == 503

    @pytest.mark.parametrize("path", ["/broken", None])
    def test_a_real_server_that_does_not_answer_is_not_stood_in_for(self, upstream, path):
        answer = self.scrape(self.now(), f"{upstream}{path}" if path else "http://127.0.0.1:9/metrics")
        assert answer.status_code == 502

    def test_scrapes_are_counted(self):
        target = Target("web", self.now())
        assert target.scrapes == 0
        target.answer()
        target.answer()
        assert target.scrapes == 2
        target.stop()

    def test_stopping_gives_the_port_back_and_may_be_repeated(self):
        player = Player(self.now(), {}, ("web",))
        player.start()
        player.stop()
        player.stop()
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{player.targets['web'].port}/", timeout=2)
