"""What the sections of the report make of a history: plots, timelines, messages, lists of demands, and evidence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from harness.model import (
    Accepted,
    BaselineResult,
    Checklist,
    ChecklistLine,
    Gap,
    History,
    Judgement,
    Level,
    Lines,
    Observation,
    RequirementResult,
    Verdict,
)
from harness.quantiles import deviation, interval, median, quantile
from harness.reporters import html, plots
from harness.reporters.sections import evidence, figures, first, messages, receivers, searches, timeline, virtual
from suites.selftest.test_reporters_html import (
    AT,
    BEYOND,
    EVERYTHING,
    LATENCY,
    RECORDED,
    ROUTING,
    UNKNOWN,
    by_id,
    parsed,
    report,
    rows,
    section,
    sent,
    state,
)

# --- plots


def drawn(values: tuple[float, ...] = (0.1, 0.2, 0.4), label: str = "api") -> str:
    return plots.strips("loads", [plots.Strip(label, (plots.Dots("link", "warm", values),))], 3.0, "s", "Load times")


def test_a_plot_is_wellformed_says_what_it_is_and_takes_its_colours_from_the_page() -> None:
    svg = drawn()
    root = fromstring(svg)
    assert root.get("role") == "img" and root.get("aria-label") == "Load times"
    assert "var(--link)" in svg and "var(--failed)" in svg and "limit 3 s" in svg
    assert not re.search(r"(?:fill|stroke): #", svg), "a colour of its own would not follow the dark page"
    assert "font-family" not in svg and "<style" not in svg


def test_the_same_values_give_the_same_plot_and_two_plots_share_no_id() -> None:
    assert drawn() == drawn()
    other = drawn().replace("loads-", "") and plots.strips(
        "searches", [plots.Strip("api", (plots.Dots("link", "warm", (0.1, 0.2)),))], 3.0, "s", ""
    )
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (drawn(), other)]
    assert ids[0] and not ids[0] & ids[1]
    assert set(re.findall(r'href="#([^"]+)"', drawn())) <= ids[0]


@pytest.mark.parametrize("label", ["$route", "a $x$ b", "</text><script>", "nul \x00 and \ud800", "日本語", "x" * 200])
def test_a_label_is_text_whatever_it_is(label: str) -> None:
    svg = drawn(label=label)
    fromstring(svg)
    assert "<script" not in svg


@pytest.mark.parametrize("values", [(), (0.0,), (-1.0, 0.0)])
def test_nothing_to_draw_draws_nothing(values: tuple[float, ...]) -> None:
    assert drawn(values) == ""


def test_a_thousand_samples_are_thinned_and_keep_their_ends() -> None:
    assert len(drawn(tuple(0.1 + i / 1000 for i in range(5000)))) < 60_000


def test_baselines_are_drawn_in_percent_of_their_limits_and_only_with_samples() -> None:
    values = tuple(0.1 + i / 100 for i in range(20))
    base = replace(EVERYTHING.baselines[0], values=values)
    assert "limit 100 %" in figures.baselines(report(baselines=(base,)))
    assert figures.baselines(report(baselines=(replace(base, values=values[:2]),))) == ""
    assert figures.baselines(report(baselines=(replace(base, limit=None),))) == ""


# --- order statistics


def test_an_interval_of_few_samples_has_no_upper_end() -> None:
    values = [float(i) for i in range(1, 51)]
    assert interval(values, 0.95) == (44.0, None)
    low, high = interval([float(i) for i in range(1, 201)], 0.95)
    assert (low, high) == (184.0, 197.0)
    assert interval([1.0], 0.5) == (1.0, None)


def test_quantile_median_and_deviation() -> None:
    assert (quantile([3, 1, 2], 0.95), median([4, 1, 2, 3]), median([3, 1, 2])) == (3, 2.5, 2)
    assert deviation([1, 1, 1, 9]) == 0
    with pytest.raises(ValueError, match="no values"):
        median([])


def test_the_spread_is_said_in_words() -> None:
    few = replace(EVERYTHING.baselines[0], values=tuple(0.1 * i for i in range(1, 21)))
    assert "so few samples cannot show" in figures.spread(few)
    assert figures.spread(replace(few, values=())) == ""


# --- what to fix first


def test_failures_come_first_then_what_this_machine_could_decide_then_levels() -> None:
    steps = first.steps(EVERYTHING)
    assert [one.standing.name for one in steps] == sorted(
        (one.standing.name for one in steps), key=["FAILED", "UNKNOWN", "BEYOND_REACH"].index
    )
    assert steps[0].what.startswith("CacheDown (severity critical) did not reach pagerduty")
    assert steps[0].where == "config/alertmanager/config.yml:36:17"
    assert steps[1].what == "No line was sent" and steps[1].how == "Send one."
    assert "level container" in steps[-1].what and "1 check and 1 line of the sign-off" in steps[-1].what


def test_a_level_that_is_missing_is_one_step_however_many_wait_for_it() -> None:
    many = [replace(BEYOND, check=f"retention/{i}", gaps=(Gap(f"no {i}", Level.CONTAINER),)) for i in range(9)]
    assert sum("level container" in one.what for one in first.steps(report(*many))) == 1


def test_a_level_is_reached_as_those_who_wait_for_it_say() -> None:
    gaps = (Gap("too few lines", Level.NATIVE, hint="Build them."), Gap("no disk", Level.NATIVE, hint="Build them."))
    waiting = [replace(BEYOND, check=f"searches/{number}", gaps=(gap,)) for number, gap in enumerate(gaps)]
    assert [one.how for one in first.steps(report(*waiting)) if "level native" in one.what] == ["Build them."]


def test_what_only_another_suite_can_tell_is_one_step() -> None:
    lines = tuple(
        replace(EVERYTHING.requirements[1], id=f"a/{n}", verdict=Verdict.UNKNOWN, statement=f"not run: logs/{n}")
        for n in range(4)
    )
    steps = [one for one in first.steps(report(LATENCY, requirements=lines)) if "harness verify" in one.how]
    assert [one.what for one in steps] == ["4 lines and baselines rest on suites that did not run"]


def test_proven_checks_are_counted_by_level_strongest_first() -> None:
    shares = {one.level: one.count for one in first.shares(EVERYTHING.judgements)}
    assert shares == {Level.CONTAINER: 0, Level.NATIVE: 1, Level.ENGINE: 0, Level.STAND_IN: 0, Level.STATIC: 1}


# --- from crossing to channel


def test_a_course_goes_from_pending_to_each_channel() -> None:
    pending = Observation(
        AT - 9,
        "alert-state",
        "CacheDown",
        {"by": "prometheus", "where": "wave-1", "state": "pending", "activeAt": "2026-11-23T14:02:01Z"},
    )
    live = Observation(AT, "live", "wave-1", {"live_at": AT, "wave": True})
    history = History.of(live, pending, *RECORDED)
    by_name = {one.alert: one for one in timeline.courses(history)}
    api, cache = by_name["ApiErrors"], by_name["CacheDown"]
    assert [(heard.channel, round(heard.at, 2)) for heard in api.heard] == [
        ("pagerduty", 0.75),
        ("slack #alerts-critical", 0.25),
    ]
    assert (api.pending, api.fires) == (None, 0.0)
    assert cache.pending == -10.0
    assert timeline.courses(History.of()) == ()


def test_of_very_many_alerts_the_slowest_are_drawn() -> None:
    observations = [o for i in range(100) for o in (*state(f"A{i}", "info"), sent("email", f"A{i}", AT + i))]
    found = timeline.courses(History(tuple(observations)))
    assert len(found) == 100 and len(timeline.shown(found)) == timeline.MOST
    assert max(timeline.shown(found), key=lambda one: one.last).alert == "A99"


# --- messages


def test_slack_is_shown_as_slack_shows_it() -> None:
    payload = {
        "username": "Alerts",
        "attachments": [
            {
                "color": "danger",
                "title": "[CRITICAL] A",
                "text": "*A* is &lt;down&gt; `now`\n<https://r.example/a|Runbook> <javascript:x|bad>",
                "footer": "CareDroid",
            }
        ],
    }
    (shown,) = messages.messages(History.of(sent("slack #a", "[CRITICAL] A", AT, sink="slack", payload=payload)))
    assert (shown.product, shown.sender, shown.tone, shown.footer) == ("slack", "Alerts", "failed", "CareDroid")
    assert str(shown.body).startswith("<strong>A</strong> is &lt;down&gt; <code>now</code>")
    assert '<a href="https://r.example/a" rel="noreferrer">Runbook</a> bad' in shown.body


def test_pagerduty_is_an_incident_with_its_details() -> None:
    event = {"severity": "critical", "summary": "A: down", "custom_details": {"firing": "1 <b>"}}
    links = [{"href": "https://r.example/a", "text": "Runbook"}]
    payload = {"event_action": "trigger", "payload": event, "links": links}
    (shown,) = messages.messages(History.of(sent("pagerduty", "A: down", AT, sink="pagerduty", payload=payload)))
    assert (shown.title, shown.sender, shown.tone) == ("A: down", "incident triggered", "failed")
    assert ("firing", "1 <b>") in shown.facts and "Runbook</a>" in shown.links[0]


def test_a_mail_is_shown_in_a_frame_that_can_do_nothing(tmp_path: Path) -> None:
    body = '<p>Hello</p><img src="https://tracker.example/x.png"><script>alert(1)</script>"onload="'
    mail = sent("email", "[WARNING] A", AT, sink="email", html=body, envelope={"to": ["on-call@x.example"]})
    page = parsed(html.write(EVERYTHING, tmp_path, History.of(mail)))
    (frame,) = page.all("iframe")
    assert frame.attributes["srcdoc"] == body
    assert frame.attributes["sandbox"] == "" and frame.attributes["title"]
    assert len([*page.all("script")]) == 1 and not [*page.all("img")]


@pytest.mark.parametrize("payload", [None, [], "text", {"attachments": "x"}, {"payload": 3, "links": [None]}])
def test_a_payload_of_another_shape_is_shown_as_text(payload: object) -> None:
    for sink in ("slack", "pagerduty", "email", "webhook"):
        (shown,) = messages.messages(History.of(sent("somewhere", "A", AT, sink=sink, payload=payload)))
        assert shown.title == "A"


# --- what fails on purpose, and what takes weeks


def test_a_failing_receiver_is_told_with_tries_and_time() -> None:
    case = {"alert": "CacheDown", "channel": "pagerduty", "answers": [500, 503], "always": False}
    refused = [sent("pagerduty", "CacheDown: x", AT + n, lane="receivers", delivered=False) for n in (0, 1)]
    history = History.of(
        Observation(AT, "receiver-case", "PagerDuty fails twice", case),
        *refused,
        sent("pagerduty", "CacheDown: x", AT + 4, lane="receivers"),
        sent("pagerduty", "CacheDown: x", AT + 9),
        sent("pagerduty", "NotCacheDown", AT + 1, lane="receivers"),
    )
    (found,) = receivers.receivers(history)
    assert (found.tries, found.delivered, found.seconds, found.answers) == (3, 1, 4.0, ("500", "503"))
    assert receivers.receivers(History.of()) == ()


def test_what_was_played_in_virtual_time_is_counted(tmp_path: Path) -> None:
    told = [
        {"channel": "email", "reason": "firing", "alerts": [["A", "firing", 0]]},
        {"channel": "email", "reason": "repeat", "alerts": [["A", "firing", 0]]},
        {"channel": "slack", "reason": "resolved", "alerts": [["A", "resolved", 0]]},
    ]
    scenario = {"name": "storm", "live_at": 100.0, "lasts": 7200.0, "inhibiting": True, "muted": [{}]}
    scenario |= {"expected": {"A": 0.0, "B": 60.0}, "fired": {"A": 102.0}, "messages": told}
    stretch = {"days": 30.0, "inhibiting": False, "incidents": [["x", 0, 1]], "per_channel": {"email": 40, "slack": 2}}
    history = History.of(
        Observation(AT, "virtual", "storm", scenario),
        Observation(AT, "stretch", "30 d", stretch),
        Observation(AT, "derived", "A", {}),
        Observation(AT, "underivable", "B", {"reason": "too odd"}),
    )
    found = virtual.virtual(history)
    assert found is not None
    (played,) = found.played
    assert (played.fired, played.hours) == (1, 2.0)
    assert (played.messages, played.repeats, played.resolved, played.muted) == (3, 1, 1, 1)
    assert found.stretches[0].messages == 42 and found.underivable == (("B", "too odd"),)
    page = parsed(html.write(report(LATENCY), tmp_path, history))
    assert rows(page, "Scenarios in virtual time")[0][0].startswith("storm")
    assert virtual.virtual(History.of()) is None


def test_a_search_that_missed_in_one_range_is_not_covered_by_another() -> None:
    wide = {"range": "30 d", "hits": 10, "expected": 10, "missing_count": 0, "unexpected_count": 0}
    short = {"range": "1 h", "hits": 1, "expected": 2, "missing_count": 1, "unexpected_count": 0}
    times = [
        Observation(AT, "search-time", "S", {"range": r, "busy": b, "seconds": s, "cold": False})
        for r, b, s in (("30 d", False, 0.2), ("30 d", False, 0.3), ("30 d", True, 9.0), ("1 h", False, 0.01))
    ]
    for order in ((wide, short), (short, wide)):
        history = History.of(*(Observation(AT, "search", "S", one) for one in order), *times)
        found = searches.searched(history)
        assert found is not None
        (one,) = found.searches
        assert (one.standing.name, one.hits, one.expected, one.missing) == ("FAILED", 10, 10, 1)
        assert (one.opened, one.warm_p95_seconds) == (2, 0.3)


# --- lists of demands, waivers, evidence


def line(verdict: Verdict, name: str = "law/a", by_person: bool = False) -> ChecklistLine:
    result = RequirementResult(
        name, "Law", "Access is logged", by_person, verdict, Level.STAND_IN, Level.CONTAINER, "2 checks passed"
    )
    return ChecklistLine(result, "§ 1 audit controls", "nobody reads it")


def test_a_list_of_demands_cites_and_says_what_a_pass_does_not_show(tmp_path: Path) -> None:
    law = Checklist("law", "Compliance", "what it asks", (line(Verdict.PASS), line(Verdict.UNKNOWN, "law/b", True)))
    page = parsed(html.write(report(LATENCY, checklists=(law,)), tmp_path))
    proven, person = rows(page, "Compliance: Law")
    assert proven[0] == "? not proven", "proven at too low a level is not proven"
    assert "§ 1 audit controls" in proven[1] and "Not shown by it: nobody reads it" in proven[4]
    assert person[0] == "☐ for a person"


def test_a_waiver_is_shown_with_its_expiry_and_told_when_it_is_past(tmp_path: Path) -> None:
    waivers = (
        Accepted("a/b", "x.yml", "words", "on purpose", "2027-05-31"),
        Accepted("a/c", "y.yml", "", "not now", "2026-01-31"),
    )
    page = parsed(html.write(report(LATENCY, waivers=waivers, judged_on="2026-11-23"), tmp_path))
    current, past = rows(page, "Waivers and their expiry")
    assert current[0] == "2027-05-31" and past[0] == "2026-01-31 ✗ past"
    assert "on purpose" in current[3]


def test_each_claim_links_to_the_lines_it_rests_on(tmp_path: Path) -> None:
    seen = replace(LATENCY, records=(Lines("notification", (4, 5, 6)), Lines("alert-state", (1, 2))))
    page = parsed(html.write(report(seen, UNKNOWN), tmp_path, RECORDED))
    row = by_id(page, evidence.anchor("alerting/latency")).text
    assert "notification 4-6" in row and "alert-state 1-2" in row
    told = section(page, "evidence").text
    assert "5 lines of 2 kinds" in told and "1: ApiErrors" in told
    links = [e.attributes["href"] for e in page.all("a") if e.text == "alerting/latency"]
    assert links and set(links) == {"#check-alerting-latency"}


def test_a_record_of_a_line_that_is_not_there_is_no_crash() -> None:
    lost = replace(LATENCY, records=(Lines("notification", (99,)),))
    assert evidence.claims([lost], RECORDED)[0].seen[0].excerpt == ""


def test_without_inputs_the_page_says_so(tmp_path: Path) -> None:
    assert "not recorded in this run" in section(parsed(html.write(report(ROUTING), tmp_path)), "evidence").text


def test_a_baseline_of_another_unit_keeps_its_words() -> None:
    base = BaselineResult("setup", "Setup", "30 minutes", Verdict.PASS, Level.STATIC, "", 1.0, 30.0, "min")
    assert figures.spread(base) == ""
    assert isinstance(Judgement("a/b", Verdict.PASS, Level.STATIC, "t").records, tuple)
