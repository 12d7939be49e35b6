"""A slowdown beyond the noise is named, noise is not, a check that changes its mind is, and old runs go."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness import accepted, nightly
from harness.calibration import KIND, Calibration
from harness.errors import UnreadableError, UsageError
from harness.evidence import trend
from harness.evidence.trend import Figure, RunRecord
from harness.model import History, Observation, Report, Verdict
from harness.quantiles import median
from harness.regression import Standing, Trend, _flaky
from harness.regression import trend as judged
from harness.reporters import trend_page
from harness.settings import Settings
from suites.selftest.running import PROJECT
from suites.selftest.test_reporters_html import report

SAMPLES: dict[str, list[float]] = json.loads(
    Path(__file__).with_name("recorded_searches.json").read_text(encoding="utf-8")
)["searches"]
"""Real times of one recorded run: the noise of the tests is the noise of a machine."""
DRIFT = 0.03
"""What remains between two nights when the machine's speed is taken out."""


def night(number: int, chance: random.Random, slowdown: float = 1.0, only: str = "", **changes: Any) -> RunRecord:
    """A night: every search opened as often as in the recorded run, on a machine between half and twice as fast."""
    machine = chance.uniform(0.5, 2.0)
    drift = chance.lognormvariate(0, DRIFT) * machine
    groups = {}
    for title, times in SAMPLES.items():
        slower = slowdown if only in ("", title) else 1.0
        groups[title] = median([chance.choice(times) * drift * slower for _ in times])
    measured = 0.004 * machine * chance.lognormvariate(0, 0.02)
    values = [*groups.values()]
    figure = Figure("log-query", "s", 112, median(values), max(values), groups, measured)
    made = RunRecord(
        run=f"2026-11-{number + 1:02d}T02-00-00",
        started=float(number),
        config_sha256="c" * 64,
        harness_sha256="h",
        root="r" * 64,
        verdict="pass",
        sign_off="unknown",
        suites=("lint", "searches"),
        machine="cores 2",
        checks={"searches/hits": "pass", "searches/log-query": "pass"},
        figures=(figure,),
    )
    return replace(made, **changes)


def nights(count: int, seed: int = 1, **changes: Any) -> list[RunRecord]:
    chance = random.Random(seed)
    return [night(number, chance, **changes) for number in range(count)]


def standing(found: Trend, figure: str = "log-query") -> Standing:
    return next(change.standing for change in found.changes if change.figure == figure)


# --- slower, or only noise


@pytest.mark.parametrize("seed", range(12))
def test_twenty_runs_without_a_slowdown_name_none(seed: int) -> None:
    runs = nights(20, seed)
    assert [judged(runs[: count + 1]).regressed for count in range(20)] == [()] * 20


@pytest.mark.parametrize("seed", range(12))
def test_two_nights_with_searches_thirty_percent_slower_are_named(seed: int) -> None:
    chance = random.Random(seed)
    runs = [night(number, chance) for number in range(14)]
    runs += [night(14, chance, slowdown=1.3), night(15, chance, slowdown=1.3)]
    assert standing(judged(runs[:-1])) in (Standing.SUSPECTED, Standing.SLOWER)
    (change,) = judged(runs).regressed
    assert change.figure == "log-query" and 1.15 < (change.ratio or 0) < 1.5
    assert change.calibrated and (change.noticeable or 9) < 1.3
    assert "% slower than the runs before" in trend_page.said(change)


def test_a_single_slow_night_is_a_suspicion_and_is_forgotten() -> None:
    chance = random.Random(3)
    runs = [night(n, chance) for n in range(10)] + [night(10, chance, slowdown=1.5)]
    assert standing(judged(runs)) is Standing.SUSPECTED
    assert standing(judged([*runs, night(11, chance)])) is Standing.STEADY


def test_one_search_that_got_three_times_slower_is_named_by_itself() -> None:
    chance, one = random.Random(4), "PHI Access Audit"
    runs = [night(n, chance) for n in range(10)]
    runs += [night(10, chance, slowdown=3.0, only=one), night(11, chance, slowdown=3.0, only=one)]
    (change,) = judged(runs).regressed
    assert [name for name, _ in change.subjects] == [one]
    assert one in trend_page.said(change)


def test_on_a_machine_nobody_timed_the_noise_hides_it_and_that_is_said() -> None:
    chance = random.Random(5)
    runs = [night(n, chance, slowdown=1.3 if n > 9 else 1.0) for n in range(12)]
    blind = [replace(r, figures=(replace(r.figures[0], machine_seconds=None),)) for r in runs]
    (change,) = judged(blind).changes
    assert not judged(blind).regressed and not change.calibrated
    assert (change.noticeable or 0) > 1.5
    assert "would have been noticed" in trend_page.said(change) and "not known" in trend_page.said(change)


def test_of_few_runs_nothing_is_said() -> None:
    found = judged(nights(5, slowdown=1.0))
    assert standing(found) is Standing.TOO_FEW and "too few" in trend_page.text(found)
    with pytest.raises(ValueError, match="no run"):
        judged([])


def test_only_runs_of_the_same_machine_and_suites_are_compared() -> None:
    chance = random.Random(6)
    others = [night(n, chance, machine="cores 64") for n in range(10)]
    assert standing(judged([*others, night(11, chance)])) is Standing.TOO_FEW
    partial = [night(n, chance, suites=("lint", "logs")) for n in range(10)]
    assert standing(judged([*partial, night(11, chance)])) is Standing.TOO_FEW


def test_searches_of_a_larger_world_are_not_compared_with_those_of_a_smaller() -> None:
    small = nights(10)
    slow = nights(12, slowdown=1.3)[10:]
    large = [replace(one, figures=(replace(one.figures[0], over="1,000,000 lines"),)) for one in slow]
    assert standing(judged([*small, *large])) is Standing.TOO_FEW
    assert not [c for c in judged(small + large, {"log-query": small[0].figures[0]}).changes if "accepted" in c.against]
    assert standing(judged([*small, *slow])) is Standing.SLOWER


def test_a_figure_that_is_no_longer_measured_is_told() -> None:
    runs = nights(8)
    found = judged([*runs, replace(runs[-1], run="2026-11-09T02-00-00", figures=())])
    assert standing(found) is Standing.NOT_MEASURED and "not measured in this run" in trend_page.text(found)


def test_what_creeps_is_seen_against_the_accepted_figures() -> None:
    chance = random.Random(7)
    runs = [night(n, chance, slowdown=1.03**n) for n in range(25)]
    found = judged(runs, {"log-query": runs[0].figures[0]})
    assert "the accepted figures" in [change.against for change in found.regressed]
    steady = nights(25, 7)
    assert not judged(steady, {"log-query": steady[0].figures[0]}).regressed


def test_since_a_run_was_accepted_what_was_before_no_longer_counts() -> None:
    chance = random.Random(8)
    runs = [night(n, chance, slowdown=2.0 if n > 9 else 1.0) for n in range(20)]
    found = judged(runs, since=runs[10].run)
    assert standing(found) is Standing.STEADY and found.changes[0].runs == 9


# --- flaky


def test_a_check_that_changes_its_mind_on_the_same_configuration_is_flaky() -> None:
    runs = nights(5)
    verdicts = ["pass", "fail", "pass", "pass", "pass"]
    runs = [replace(r, checks={**r.checks, "a/b": v}) for r, v in zip(runs, verdicts, strict=True)]
    (found,) = judged(runs).flaky
    assert (found.check, found.verdicts) == ("a/b", tuple(verdicts))
    assert "a/b is flaky" in trend_page.text(judged(runs))


def test_a_verdict_that_follows_the_configuration_is_not_flaky() -> None:
    runs = nights(5)
    runs = [replace(r, config_sha256=str(n), checks={"a/b": "pass" if n % 2 else "fail"}) for n, r in enumerate(runs)]
    assert _flaky(runs) == ()
    assert judged(nights(5)).flaky == ()


def test_what_broke_since_the_run_before_is_named_and_what_mended_too() -> None:
    first, second = nights(2)
    first = replace(first, checks={"a/b": "pass", "c/d": "fail"})
    found = judged([first, replace(second, checks={"a/b": "unknown", "c/d": "pass"})])
    assert (found.broken, found.mended) == (("a/b",), ("c/d",))


def test_what_else_changed_is_told_to_whoever_looks_for_the_cause() -> None:
    runs = nights(3)
    assert "another" not in trend_page.text(judged(runs))
    told = trend_page.text(judged([*runs[:2], replace(runs[2], config_sha256="f" * 64)]))
    assert "the configuration is another than in the run before (ccccccc → fffffff)" in told


# --- what is kept of a run


def recorded(slowdown: float = 1.0) -> tuple[Report, History]:
    observations = [
        Observation(100.0 + n, "search-time", title, {"seconds": seconds * slowdown, "cold": False})
        for title, times in SAMPLES.items()
        for n, seconds in enumerate(times)
    ]
    machine = {"work": "w", "samples": [[90.0, 9.0], [101.0, 0.004], [103.0, 0.005], [999.0, 9.0]]}
    values = tuple(float(o.data["seconds"]) for o in observations)
    cold = Observation(99.0, "search-time", "PHI Access Audit", {"seconds": 50.0, "cold": True})
    history = History((*observations, cold, Observation(104.0, KIND, "machine", machine)))
    base = replace(report().baselines[0], id="log-query", values=values)
    return report(baselines=(base,), environment={"cores": "2"}), history


def test_a_record_holds_each_search_warm_and_the_machine_meanwhile(tmp_path: Path) -> None:
    record = trend.of(*recorded(), "root")
    (figure,) = record.figures
    assert figure.groups["PHI Access Audit"] == median(SAMPLES["PHI Access Audit"])
    assert figure.machine_seconds == pytest.approx(0.0045) and figure.samples == sum(map(len, SAMPLES.values()))
    trend.keep(tmp_path, record)
    assert trend.read(tmp_path) == (record,)
    assert trend.root_of(tmp_path, record.run) == "root"


def test_the_size_of_the_world_that_was_searched_is_kept() -> None:
    report, history = recorded()
    assert trend.of(report, history, "root").figures[0].over == ""
    corpus = Observation(98.0, "search-corpus", "logs", {"scale": 24000, "documents": 24168})
    assert trend.of(report, History((corpus, *history.observations)), "root").figures[0].over == "24,000 lines"


def test_how_slow_it_was_is_kept_of_a_baseline_that_does_not_hold() -> None:
    report, history = recorded()
    failed = replace(report, baselines=(replace(report.baselines[0], values=(), value=None, verdict=Verdict.FAIL),))
    (figure,) = trend.of(failed, history, "root").figures
    assert figure.groups == trend.of(report, history, "root").figures[0].groups and figure.samples == len(SAMPLES)
    assert trend.of(failed, History(), "root").figures == ()


def test_a_trifle_asked_between_the_samples_is_the_nearer_witness() -> None:
    report, history = recorded()
    trifles = [
        Observation(at, "calibration", "searches", {"seconds": seconds, "busy": busy})
        for at, seconds, busy in (
            (101.0, 0.002, False),
            (102.0, 0.003, False),
            (103.0, 0.9, True),
            (5000.0, 7.0, False),
        )
    ]
    (figure,) = trend.of(report, History((*history.observations, *trifles)), "root").figures
    assert figure.machine_seconds == pytest.approx(0.0025)


def test_searches_over_another_range_and_under_load_are_compared_with_themselves() -> None:
    report, _ = recorded()
    seen = [
        Observation(100.0, "search-time", "S", {"seconds": s, "cold": False, "view": "discover", "range": r, "busy": b})
        for s, r, b in ((0.1, "1 h", False), (0.3, "30 d", False), (0.9, "30 d", True))
    ]
    (figure,) = trend.of(report, History(tuple(seen)), "root").figures
    assert figure.groups == {
        "S, discover, 1 h": 0.1,
        "S, discover, 30 d": 0.3,
        "S, discover, 30 d, while others search": 0.9,
    }


def test_a_record_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    trend.keep(tmp_path, nights(1)[0])
    (tmp_path / trend.FOLDER / "broken.json").write_text('{"run": 3')
    assert len(trend.read(tmp_path)) == 1
    assert trend.root_of(tmp_path, "nothing") == ""


def test_the_machine_is_timed_while_the_run_goes_on() -> None:
    class Kept:
        def __init__(self) -> None:
            self.data: list[tuple[str, dict[str, Any]]] = []

        def record(self, kind: str, subject: str, data: Any, at: float | None = None) -> None:
            self.data.append((kind, dict(data)))

    kept = Kept()
    from harness import wait

    with Calibration(kept, interval_seconds=0.01) as timing:
        wait.until(lambda: len(timing._samples) >= 3, deadline=10, saying="three samples")
    ((kind, data),) = kept.data
    assert kind == KIND and len(data["samples"]) >= 3
    assert all(0 < seconds < 5 for _, seconds in data["samples"])


# --- accepted figures


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    fixtures = tmp_path / "fixtures"
    fixtures.mkdir()
    reports = tmp_path / "reports"
    reports.mkdir()
    return Settings(tmp_path, PROJECT / "config-under-test", fixtures, tmp_path / "suites", reports)


def test_accepting_says_who_and_why_and_is_read_back(settings: Settings, capsys: Any) -> None:
    (run,) = nights(1)
    trend.keep(settings.reports, run)
    assert nightly.accept(settings, run.run, "M. Curie", "new disks") == 0
    (entry,) = accepted.read(settings.fixtures)
    assert (entry.who, entry.why, entry.run, entry.root) == ("M. Curie", "new disks", run.run, run.root)
    assert entry.figures == run.figures
    assert "commit it" in capsys.readouterr().out
    other = replace(run, machine="cores 64", run="2026-11-30T02-00-00")
    accepted.accept(settings.fixtures, other, "A", "b", datetime.date(2026, 11, 30))
    accepted.accept(settings.fixtures, replace(run, root="new"), "A", "b", datetime.date(2026, 11, 30))
    assert {entry.machine: entry.root for entry in accepted.read(settings.fixtures)} == {
        "cores 2": "new",
        "cores 64": run.root,
    }


@pytest.mark.parametrize(
    ("changes", "who", "why", "says"),
    [
        ({}, " ", "why", "who accepts"),
        ({}, "who", "", "who accepts"),
        ({"verdict": "fail"}, "who", "why", "no measure"),
        ({"figures": ()}, "who", "why", "measured nothing"),
    ],
)
def test_what_is_no_measure_is_refused(settings: Settings, changes: Any, who: str, why: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        accepted.accept(settings.fixtures, replace(nights(1)[0], **changes), who, why, datetime.date(2026, 11, 23))
    assert accepted.read(settings.fixtures) == ()


def test_a_broken_file_of_accepted_figures_is_no_silent_nothing(settings: Settings) -> None:
    (settings.fixtures / accepted.NAME).write_text("accepted: [1]")
    with pytest.raises(UnreadableError, match="accepted figures"):
        accepted.read(settings.fixtures)


# --- what a night tells


def kept(settings: Settings, runs: Sequence[RunRecord]) -> None:
    for run in runs:
        trend.keep(settings.reports, run)


def test_a_slowdown_is_red_in_every_format(settings: Settings, capsys: Any) -> None:
    chance = random.Random(9)
    kept(settings, [night(n, chance, slowdown=1.3 if n > 13 else 1.0) for n in range(16)])
    assert nightly.told(settings.reports, nightly.judge(settings)) == 1
    assert "✗ log-query: slower" in capsys.readouterr().out
    junit = ElementTree.parse(settings.reports / trend_page.JUNIT).getroot()
    assert [case.get("name") for case in junit.iter("testcase") if case.find("failure") is not None] == [
        "log-query against the runs before"
    ]
    message = json.loads((settings.reports / trend_page.NOTIFICATION).read_text())
    assert "1 slower" in message["text"] and "log-query: slower" in message["attachments"][0]["text"]
    page = (settings.reports / trend_page.PAGE).read_text()
    assert (
        "<svg" in page
        and "log-query: slower" in page
        and "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    )


def test_a_quiet_night_is_green_and_sends_nothing(settings: Settings) -> None:
    (settings.reports / trend_page.NOTIFICATION).write_text("{}")
    kept(settings, nights(12))
    assert nightly.told(settings.reports, nightly.judge(settings)) == 0
    assert not (settings.reports / trend_page.NOTIFICATION).exists()


@pytest.mark.parametrize(("verdict", "code"), [("fail", 1), ("unknown", 3), ("pass", 0)])
def test_the_exit_code_is_that_of_the_run(settings: Settings, verdict: str, code: int) -> None:
    kept(settings, [*nights(3), replace(nights(4)[-1], verdict=verdict, checks={"a/b": verdict})])
    assert nightly.told(settings.reports, nightly.judge(settings)) == code


def test_a_hostile_name_stays_text(settings: Settings) -> None:
    evil = "</script><b>&"
    runs = [replace(run, checks={evil: verdict}) for run, verdict in zip(nights(3), "abc", strict=True)]
    kept(settings, runs)
    nightly.told(settings.reports, nightly.judge(settings))
    assert "<b>" not in (settings.reports / trend_page.PAGE).read_text()


def test_the_message_goes_to_the_address_that_was_given(settings: Settings, capsys: Any) -> None:
    with listening() as (url, received):
        payload = settings.reports / "n.json"
        payload.write_text('{"text": "red"}')
        nightly._post(url, payload)
    assert received == [b'{"text": "red"}']
    nightly._post("http://127.0.0.1:9/nobody", payload)
    assert "not delivered" in capsys.readouterr().err


def listening() -> Any:
    import contextlib
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    @contextlib.contextmanager
    def serve() -> Iterator[tuple[str, list[bytes]]]:
        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", received
        finally:
            server.shutdown()
            server.server_close()

    return serve()


# --- old runs


def test_old_runs_go_their_records_and_the_latest_stay(settings: Settings) -> None:
    runs = nights(6)
    kept(settings, runs)
    for run in runs:
        (settings.reports / run.run).mkdir()
        (settings.reports / run.run / "history.ndjson").write_text("")
    (settings.reports / "latest").symlink_to(runs[0].run)
    (settings.reports / "README.md").write_text("keep")
    assert nightly.clear(settings.reports, 2) == tuple(run.run for run in runs[1:4])
    left = {path.name for path in settings.reports.iterdir()}
    assert left == {"latest", "README.md", trend.FOLDER, runs[0].run, runs[4].run, runs[5].run}
    assert len(trend.read(settings.reports)) == 6


def test_no_run_and_an_unknown_run_are_usage_errors(settings: Settings) -> None:
    with pytest.raises(UsageError, match="no record"):
        nightly.judge(settings)
    kept(settings, nights(2))
    with pytest.raises(UsageError, match="no record"):
        nightly.judge(settings, "2026-11-01T99")
    with pytest.raises(UsageError, match="--keep"):
        nightly.main(settings, (), 0, "")
