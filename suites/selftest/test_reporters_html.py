"""report.html is one safe, accessible file that answers the first question and shows what was recorded, whatever it
is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from harness.model import (
    BaselineResult,
    Component,
    Evidence,
    Finding,
    Gap,
    History,
    Judgement,
    Level,
    Observation,
    OverlayChange,
    Phase,
    Position,
    Proof,
    Report,
    RequirementResult,
    Severity,
    Verdict,
)
from harness.reporters import html

HOSTILE = (
    "</pre></style></script><script>alert(1)</script><img src=x onerror=alert(1)> "
    "\" ' onload=x & {{ 7*7 }} {% x %} \x00 \ud800"
)
VOID = {"meta", "link", "br", "img", "input", "hr"}
SVG_EMPTY = {"rect", "line", "path", "use"}
AT = 1795442531.0
SECTIONS = ["sign-off", "baselines", "alerts", "dashboards", "searches", "logs", "findings", "overlay", "run", "levels"]


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, *tags: str) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    @property
    def text(self) -> str:
        return " ".join("".join(c if isinstance(c, str) else f" {c.text} " for c in self.children).split())


class _Reader(HTMLParser):
    """Builds a tree, and fails on what a browser would have to guess."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.stack = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG_EMPTY, f"<{tag}/> closes itself"
        self.stack[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].children.append(data)


def parsed(path: Path) -> Element:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert reader.stack == [reader.root]
    return reader.root


def by_id(page: Element, wanted: str) -> Element:
    (found,) = [e for e in page.all() if e.attributes.get("id") == wanted]
    return found


def section(page: Element, heading: str) -> Element:
    (found,) = [e for e in page.all("section") if e.attributes.get("aria-labelledby") == heading]
    return found


def rows(page: Element, caption: str) -> list[list[str]]:
    (table,) = [t for t in page.all("table") if next(t.all("caption")).text == caption]
    return [[cell.text for cell in row.all("td", "th")] for row in next(table.all("tbody")).all("tr")]


ROUTING = Judgement(
    "alerting/routing",
    Verdict.FAIL,
    Level.NATIVE,
    "Every alert arrives where its severity demands.",
    "routing",
    findings=(
        Finding(
            "alerting/routing",
            Severity.BUG,
            Position("config/alertmanager/config.yml", 36, 17),
            "CacheDown (severity critical) did not reach pagerduty: its route sends it to receiver 'slack'",
            (Position("config/prometheus/alert.rules.yml", 119, 9),),
        ),
    ),
    gaps=(Gap("Watchdog never fired, so nothing is known of where it goes"),),
    proofs=(Proof("2 alerts × 2 channels", 4, ("prometheus",), 1.0, 0.0, "misrouted"),),
    reason="CacheDown (severity critical) did not reach pagerduty",
)
LATENCY = Judgement(
    "alerting/latency",
    Verdict.PASS,
    Level.NATIVE,
    "Every alert is there within 5 s.",
    "alert-latency",
    proofs=(Proof("p95 0.41 s", 48, ("prometheus",), 0.41, 5.0, "s", (Evidence("notification", "lane=main"),)),),
    reason="p95 0.41 s",
)
UNKNOWN = Judgement(
    "logs/delivery",
    Verdict.UNKNOWN,
    Level.STATIC,
    "Every line arrives.",
    gaps=(Gap("no line was sent", hint="Send one."),),
)
BEYOND = Judgement(
    "retention/lifecycle", Verdict.UNKNOWN, Level.STATIC, "Old logs go.", gaps=(Gap("no ILM here", Level.CONTAINER),)
)
CLEAN = Judgement("rules/syntax", Verdict.PASS, Level.STATIC, "Rules parse.", reason="1 files")


def report(*judgements: Judgement, **changes: object) -> Report:
    made = Report(
        run="2026-11-23T14-02-11",
        started=AT,
        seconds=112.3,
        config_path="config-under-test",
        config_sha256="3f2a" * 16,
        launcher="process",
        suites=("lint", "alerting", "logs"),
        components=(Component("prometheus", Level.NATIVE, "3.11.0"), Component("kibana", Level.STAND_IN, "")),
        judgements=judgements,
        baselines=(
            BaselineResult(
                "alert-latency",
                "Alert latency",
                "<5 seconds",
                Verdict.PASS,
                Level.NATIVE,
                "p95 0.41 s",
                0.41,
                5.0,
                "s",
                48,
            ),
            BaselineResult(
                "mttr", "Root cause", "<5 min", Verdict.UNKNOWN, Level.STATIC, "not measured", None, 5.0, "min"
            ),
        ),
        requirements=(
            RequirementResult("a/b", "Operations Team", "Reviewed", True, Verdict.UNKNOWN, Level.STATIC, Level.STATIC),
            RequirementResult(
                "a/c",
                "Operations Team",
                "Confirmed routing",
                False,
                Verdict.PASS,
                Level.STAND_IN,
                Level.CONTAINER,
                "2 checks passed",
                (Evidence("check", "alerting/latency", "p95 0.41 s"),),
                ("alerting/latency",),
            ),
            RequirementResult(
                "d/e", "Compliance Officer", "Audit", False, Verdict.FAIL, Level.NATIVE, Level.NATIVE, "lost"
            ),
        ),
        phases=(Phase("lint", "47 files", 1.2, Verdict.PASS), Phase("alerting", "", 41.0)),
        overlay=(OverlayChange("config/prometheus.yml", "@@ -1 +1 @@\n- a\n+ b", "endpoints"),),
        verdict=max((j.verdict for j in judgements), default=Verdict.UNKNOWN),
        sign_off=Verdict.UNKNOWN,
        sign_off_missing=("a/c: proven at level stand-in only, production needs container",),
        environment={"cores": "2"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


EVERYTHING = report(ROUTING, LATENCY, UNKNOWN, BEYOND, CLEAN)


def state(alert: str, severity: str, at: float = AT) -> tuple[Observation, Observation]:
    labels = {"alertname": alert, "severity": severity}
    stamp = f"2026-11-23T14:02:{at - AT + 11:012.9f}Z"
    fired = {"by": "prometheus", "where": "wave-1", "labels": labels, "state": "firing"}
    held = {"by": "alertmanager", "where": "alertmanager", "labels": labels, "state": "active", "startsAt": stamp}
    return Observation(at, "alert-state", alert, fired), Observation(at, "alert-state", alert, held)


def sent(channel: str, title: str, at: float, lane: str = "", **more: object) -> Observation:
    data = {"lane": lane, "title": title, "text": f"{title}\nRunbook: https://runbooks.example/x", "delivered": True}
    return Observation(at, "notification", channel, {**data, **more})


def search(title: str, **data: object) -> Observation:
    return Observation(AT, "search", title, data)


RECORDED = History.of(
    *state("ApiErrors", "critical"),
    *state("CacheDown", "critical"),
    Observation(AT, "expectation", "Watchdog", {"lane": "wave-1", "fires": 0}),
    sent("slack #alerts-critical", "[FIRING] ApiErrors", AT + 0.25),
    sent("slack #alerts-critical", "[FIRING] CacheDown", AT + 0.5),
    sent("pagerduty", "ApiErrors", AT + 0.75),
    sent("pagerduty", "NotCacheDown", AT + 0.8),
    sent("pagerduty", "CacheDown", AT + 0.8, delivered=False),
    sent("email", "CacheDown", AT + 0.9, lane="plain", problems=["the text holds '<no value>', left by a template"]),
    sent("email", "ApiErrors", AT + 0.9, lane="plain"),
    sent("email", "ApiErrors", AT + 0.9, lane="storm"),
    Observation(AT, "storm", "storm", {"fires": ["ApiErrors", "CacheDown"], "muted": ["CacheDown"]}),
    Observation(
        AT, "dashboard-load", "api", {"seconds": 0.5, "errors": 0, "slowest": "api/Rate", "slowest_seconds": 0.2}
    ),
    Observation(
        AT, "dashboard-load", "api", {"seconds": 0.7, "errors": 1, "slowest": "api/Rate", "slowest_seconds": 0.1}
    ),
    Observation(
        AT, "panel", "api/Rate", {"dashboard": "api", "panel": 1, "title": "Rate", "state": "data", "series": 3}
    ),
    Observation(
        AT, "panel", "api/p99", {"dashboard": "api", "panel": 2, "title": "p99", "state": "error", "message": "no"}
    ),
    Observation(AT, "search-corpus", "logs*", {"documents": 24000, "shards": 7, "days": 30.0}),
    search("Slow Requests", hits=10, expected=10, missing_count=0, unexpected_count=0),
    search("PHI Access Audit", hits=8, expected=10, missing_count=2, unexpected_count=0, lacking=["path"]),
    search("Nothing to find", hits=0, expected=0, missing_count=0, unexpected_count=0),
    Observation(AT, "search-time", "Slow Requests", {"view": "discover", "seconds": 0.4, "cold": True}),
    Observation(AT, "search-time", "Slow Requests", {"view": "discover", "seconds": 0.1, "cold": False}),
    Observation(
        AT, "log-sent", "logs", {"count": 24000, "malformed": 12, "per_kind": {"access": 20000, "error": 4000}}
    ),
    Observation(
        AT,
        "log-line-fate",
        "logs",
        {
            "sent": 24000,
            "stored": 23990,
            "missing": {"total": 10, "ids": []},
            "missing_kinds": {"error": 10},
            "sent_kinds": {"access": 20000, "error": 4000},
            "duplicated": {"total": 0, "ids": []},
            "altered": {"total": 4, "ids": []},
            "fields": [{"field": "ip", "problem": "missing", "documents": 4, "of": 9, "example": "a-1", "wanted": "x"}],
        },
    ),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Element:
    return parsed(html.write(EVERYTHING, tmp_path_factory.mktemp("report"), RECORDED))


# --- one file


def test_it_is_one_file_that_fetches_nothing(tmp_path: Path) -> None:
    path = html.write(EVERYTHING, tmp_path, RECORDED)
    assert [path] == [*tmp_path.iterdir()]
    assert path.name == "report.html"
    page = parsed(path)
    for element in page.all():
        for name in ("src", "srcset", "action", "data", "poster"):
            assert name not in element.attributes
        assert not element.attributes.get("href", "#").startswith(("http", "//"))
    assert [e.attributes["href"] for e in page.all("link")] == ["data:,"]
    (style,) = page.all("style")
    assert "url(" not in style.text and "@import" not in style.text
    assert any("default-src 'none'" in e.attributes.get("content", "") for e in page.all("meta"))


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    first = html.write(EVERYTHING, tmp_path, RECORDED).read_bytes()
    assert html.write(EVERYTHING, tmp_path, RECORDED).read_bytes() == first


# --- the first screen


def test_the_first_heading_answers_the_question(page: Element) -> None:
    assert [h.text for h in page.all("h1")] == ["May this monitoring stack go live? ✗ No"]
    assert "NOT READY FOR SIGN-OFF" in by_id(page, "answer").text
    assert "No: something that was tested does not hold." in by_id(page, "answer").text
    tiles = {t.text: d.text for t, d in zip(page.all("dt"), page.all("dd"), strict=True)}
    words = ("✗ checks failed", "? checks not proven", "? checks beyond this machine’s reach", "✓ checks proven")
    assert [tiles[name] for name in words] == ["1", "1", "1", "2"]


def test_ready_says_so_and_that_people_decide(tmp_path: Path) -> None:
    page = parsed(html.write(report(LATENCY, sign_off=Verdict.PASS, sign_off_missing=()), tmp_path))
    assert next(page.all("h1")).text == "May this monitoring stack go live? ✓ Yes"
    assert by_id(page, "answer").text.count("READY FOR SIGN-OFF") == 1 and "NOT READY" not in page.text
    assert "people named below decide" in by_id(page, "answer").text


def test_a_run_without_failures_is_not_ready_either_while_something_is_open(tmp_path: Path) -> None:
    page = parsed(html.write(report(LATENCY, UNKNOWN), tmp_path))
    assert next(page.all("h1")).text == "May this monitoring stack go live? ? Not proven"


def test_what_failed_comes_with_file_line_and_cause(page: Element) -> None:
    failed = section(page, "what-failed").text
    assert "config/alertmanager/config.yml:36:17 CacheDown (severity critical) did not reach pagerduty" in failed
    assert "config/prometheus/alert.rules.yml:119:9" in failed
    assert "alerting/routing native" in failed


def test_what_is_open_comes_with_the_way_to_close_it(page: Element) -> None:
    undecided = section(page, "not-proven").text
    assert "no line was sent logs/delivery Send one." in undecided
    assert (
        "no ILM here needs level container retention/lifecycle It takes the official images in containers" in undecided
    )
    assert "1 thing left open" in undecided and "Watchdog never fired" in undecided


def test_what_no_check_left_open_is_open_all_the_same(page: Element, tmp_path: Path) -> None:
    undecided = section(page, "not-proven").text
    assert (
        "at a lower level than production asks for needs level container a/c It takes the official images in containers"
        in undecided
    )
    assert "baseline: not measured mttr" in undecided
    waiting = replace(EVERYTHING.requirements[1], verdict=Verdict.UNKNOWN, statement="not run: logs/*")
    page = parsed(html.write(report(LATENCY, requirements=(waiting,)), tmp_path))
    assert "sign-off: not run: logs/* a/c Run every suite: harness verify" in section(page, "not-proven").text


def test_what_is_proven_names_level_and_samples(page: Element) -> None:
    proven = section(page, "what-is-proven").text
    assert "Every alert is there within 5 s. native p95 0.41 s (48 samples)" in proven
    assert "1 check read the configuration and found nothing wrong (level static)" in proven


def test_a_crashed_check_is_told_with_its_reason(tmp_path: Path) -> None:
    crashed = Judgement("logs/phi", Verdict.UNKNOWN, Level.STATIC, "", reason="the check itself failed: KeyError: 'x'")
    page = parsed(html.write(report(crashed), tmp_path))
    assert "the check itself failed: KeyError" in section(page, "not-proven").text


# --- the sections


def test_the_checklists_leave_people_what_is_theirs(page: Element) -> None:
    (reviewed, routing) = rows(page, "Checklist of Operations Team")
    assert reviewed[:2] == ["☐ for a person", "Reviewed"]
    assert routing[:4] == ["? not proven", "Confirmed routing", "stand-in", "container"]
    assert "at level stand-in only" in routing[4] and "alerting/latency p95 0.41 s" in routing[4]
    assert rows(page, "Checklist of Compliance Officer")[0][0] == "✗ failed"
    approvals = [e.text for e in page.all("p") if "approval" in e.attributes.get("class", "")]
    assert approvals == ["Approved by Date"] * 2
    assert "proven at level stand-in only" in section(page, "sign-off").text


def test_a_baseline_shows_value_limit_unit_samples_and_source(page: Element) -> None:
    latency, mttr = rows(page, "Documented baselines and their measured values")
    assert latency[0] == "✓ proven"
    assert latency[1] == "Alert latency p95 0.41 s <5 seconds"
    assert [latency[2], latency[3], latency[5], latency[6]] == ["0.41 s", "5 s", "48", "native"]
    assert mttr[2:6] == ["–", "5 min", "no figure", "0"]
    plots = [e.attributes["aria-label"] for e in page.all("svg") if e.attributes.get("class", "").startswith("bar ")]
    assert plots == ["0.41 s measured, limit 5 s"]


def test_the_bar_ends_before_the_limit_only_when_the_value_is_below_it(page: Element) -> None:
    plot = next(e for e in page.all("svg") if e.attributes.get("class", "").startswith("bar "))
    _, value = plot.all("rect")
    limit = float(next(plot.all("line")).attributes["x1"])
    assert float(value.attributes["width"]) == pytest.approx(limit * 0.41 / 5, abs=0.1)
    assert limit < html.bars.WIDTH


def test_the_matrix_shows_what_each_channel_received_and_when(page: Element) -> None:
    headers = [h.text for h in section(page, "alerts").all("th") if h.attributes.get("scope") == "col"]
    assert headers[:6] == ["Routing", "Alert", "Severity", "Fired", "pagerduty", "slack #alerts-critical"]
    matrix = {row[1].split()[0]: row for row in rows(page, "Alerts against channels")}
    assert matrix["ApiErrors"] == ["✓ proven", "ApiErrors", "critical", "✓ yes", "● 0.75 s", "● 0.25 s"]
    failed = matrix["CacheDown"]
    assert (failed[0], failed[4], failed[5]) == ("✗ failed", "· none", "● 0.50 s")
    assert "config/alertmanager/config.yml:36:17" in failed[1]
    assert matrix["Watchdog"][0] == "? not proven"
    assert matrix["Watchdog"][3] == "? not seen"


def test_without_the_routing_check_no_alert_counts_as_routed(tmp_path: Path) -> None:
    page = parsed(html.write(report(LATENCY), tmp_path, RECORDED))
    assert {row[0] for row in rows(page, "Alerts against channels")} == {"? not proven"}


def test_the_storm_counts_notifications_with_and_without_inhibition(page: Element) -> None:
    assert rows(page, "Notifications per alert of the outage") == [["ApiErrors", "1", "1"], ["CacheDown", "0", "1"]]


def test_notifications_are_shown_as_read_with_their_problems(page: Element) -> None:
    cards = {c.attributes["aria-label"]: c.text for c in page.all("article") if "aria-label" in c.attributes}
    assert "✗ the text holds '<no value>'" in cards["Notification to email"]
    assert "Runbook: https://runbooks.example/x" in cards["Notification to pagerduty"]
    assert set(cards) >= {"Notification to slack #alerts-critical"}


def test_dashboards_show_load_times_and_every_panel(page: Element) -> None:
    (api,) = rows(page, "Dashboards: load time and panels")
    assert api == ["api", "1 of 2", "2", "–", "0.60 s", "0.70 s", "0.70 s", "1", "api/Rate"]
    rate, p99 = rows(page, "Panels of api")
    assert rate[:3] == ["✓ data", "Rate", "3"]
    assert (p99[0], p99[7]) == ("✗ error", "no")


def test_searches_show_hits_against_the_truth(page: Element) -> None:
    found = {row[1]: row for row in rows(page, "Saved searches: hits and times")}
    assert found["Slow Requests"][:6] == ["✓ proven", "Slow Requests", "10", "10", "0", "0"]
    assert found["Slow Requests"][6:9] == ["0.40 s", "0.10 s", "2"]
    assert (found["PHI Access Audit"][0], found["PHI Access Audit"][4]) == ("✗ failed", "2")
    assert found["Nothing to find"][0] == "? not proven"


def test_logs_show_what_became_of_every_line(page: Element) -> None:
    (fate,) = rows(page, "What became of the lines")
    assert fate[:5] == ["24 000", "23 990", "10", "0", "4"]
    assert fate[7] == "–"
    assert rows(page, "Lines sent and missing by kind") == [
        ["access", "20 000", "0"],
        ["error", "4 000", "10"],
    ]
    assert rows(page, "Altered fields")[0][:3] == ["ip", "missing", "4 of 9"]


def test_overlay_components_phases_and_the_command_are_there(page: Element) -> None:
    diff = next(e for e in page.all("pre") if e.attributes.get("class") == "diff")
    assert [(e.attributes.get("class"), e.text) for e in diff.all("span")] == [
        ("at", "@@ -1 +1 @@"),
        ("out", "- a"),
        ("in", "+ b"),
    ]
    run = section(page, "run")
    assert rows(run, "Components that took part")[1][:2] == ["kibana", "did not answer"]
    assert "alerting 41.0 s" in run.text
    again = "harness verify --config config-under-test --launcher process --suite alerting --suite logs"
    assert again in [e.text for e in run.all("pre")]


# --- what is not there


def test_without_a_history_each_section_says_so(tmp_path: Path) -> None:
    page = parsed(html.write(EVERYTHING, tmp_path))
    for heading in ("alerts", "dashboards", "searches", "logs"):
        assert "not recorded in this run" in section(page, heading).text


def test_an_empty_report_is_a_page(tmp_path: Path) -> None:
    empty = report(
        components=(),
        baselines=(),
        requirements=(),
        phases=(),
        overlay=(),
        environment={},
        sign_off_missing=(),
        suites=(),
    )
    page = parsed(html.write(empty, tmp_path, History()))
    assert next(page.all("h1")).text == "May this monitoring stack go live? ? Not proven"
    assert "no service took part" in section(page, "run").text


KINDS = sorted({o.kind for o in RECORDED})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "data",
    [
        {},
        dict.fromkeys([*{k for o in RECORDED for k in o.data}, "startsAt"]),
        dict.fromkeys({k for o in RECORDED for k in o.data}, "x"),
    ]
    + [
        dict.fromkeys({k for o in RECORDED for k in o.data}, value)
        for value in (float("nan"), [None], {"total": "x"}, -1)
    ],
    ids=["empty", "null", "text", "nan", "list", "mapping", "negative"],
)
def test_a_record_of_another_shape_never_breaks_the_report(tmp_path: Path, kind: str, data: dict[str, object]) -> None:
    odd = Observation(AT, kind, "odd", data)
    page = parsed(html.write(EVERYTHING, tmp_path, History((*RECORDED, odd))))
    assert next(page.all("h1")).text == "May this monitoring stack go live? ✗ No"


# --- hostile text


def test_hostile_text_stays_text_everywhere(tmp_path: Path) -> None:
    finding = Finding(HOSTILE, Severity.BUG, Position(HOSTILE, 1), HOSTILE, (Position(HOSTILE, 2),))
    judgement = Judgement(
        HOSTILE,
        Verdict.FAIL,
        Level.NATIVE,
        HOSTILE,
        HOSTILE,
        (finding,),
        (Gap(HOSTILE, None, HOSTILE),),
        (Proof(HOSTILE, 1, (HOSTILE,), 1.0, 2.0, HOSTILE, (Evidence(HOSTILE, HOSTILE, HOSTILE),)),),
        HOSTILE,
    )
    evil = report(
        judgement,
        replace(judgement, verdict=Verdict.UNKNOWN, findings=()),
        replace(judgement, verdict=Verdict.PASS, findings=(), gaps=()),
        run=HOSTILE,
        config_path=HOSTILE,
        launcher=HOSTILE,
        suites=(HOSTILE,),
        components=(Component(HOSTILE, Level.NATIVE, HOSTILE, HOSTILE),),
        baselines=(
            BaselineResult(HOSTILE, HOSTILE, HOSTILE, Verdict.PASS, Level.NATIVE, HOSTILE, 1.0, 2.0, HOSTILE, 1),
            BaselineResult(
                HOSTILE, HOSTILE, HOSTILE, Verdict.FAIL, Level.NATIVE, HOSTILE, evidence=judgement.proofs[0].evidence
            ),
        ),
        requirements=tuple(
            RequirementResult(HOSTILE, HOSTILE, HOSTILE, person, Verdict.FAIL, Level.NATIVE, Level.NATIVE, HOSTILE)
            for person in (True, False)
        ),
        phases=(Phase(HOSTILE, HOSTILE, 1.0, Verdict.FAIL),),
        overlay=(OverlayChange(HOSTILE, f"{HOSTILE}\n+{HOSTILE}", HOSTILE),),
        sign_off_missing=(HOSTILE,),
        environment={HOSTILE: HOSTILE},
    )
    texts: dict[str, object] = {
        key: HOSTILE for o in RECORDED for key, value in o.data.items() if isinstance(value, str)
    }
    history = History(tuple(Observation(o.at, o.kind, HOSTILE, {**o.data, **texts, "lane": ""}) for o in RECORDED))
    page = parsed(html.write(evil, tmp_path, history))
    assert len([*page.all("script")]) == 1
    assert "\x00" not in (tmp_path / "report.html").read_text()
    assert not [*page.all("img")]
    for element in page.all():
        assert not [name for name in element.attributes if name.startswith("on")]
    assert "49" not in section(page, "what-failed").text


# --- for everybody


def test_headings_descend_one_level_at_a_time(page: Element) -> None:
    levels = [int(h.tag[1]) for h in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_reference_inside_the_page_leads_somewhere(page: Element) -> None:
    ids = Counter(e.attributes["id"] for e in page.all() if "id" in e.attributes)
    assert max(ids.values()) == 1
    assert set(SECTIONS) <= set(ids)
    for element in page.all():
        if element.attributes.get("href", "").startswith("#"):
            assert element.attributes["href"][1:] in ids
        if "aria-labelledby" in element.attributes:
            assert element.attributes["aria-labelledby"] in ids


def test_tables_have_captions_scopes_and_room_to_scroll(page: Element) -> None:
    scrolled = [t for e in page.all("div") if e.attributes.get("class") == "scroll" for t in e.all("table")]
    tables = [*page.all("table")]
    assert len(scrolled) == len(tables) > 8
    for table in tables:
        assert next(table.all("caption")).text
        assert all(head.attributes.get("scope") in ("col", "row") for head in table.all("th"))
        width = len([*next(table.all("thead")).all("th")])
        assert all(len([*row.all("td", "th")]) == width for row in next(table.all("tbody")).all("tr"))
    assert all(e.attributes["tabindex"] == "0" for e in page.all("div") if e.attributes.get("class") == "scroll")


def test_no_verdict_is_told_by_colour_alone(page: Element) -> None:
    badges = [e for e in page.all("span") if e.attributes.get("class", "").startswith("badge ")]
    assert len(badges) > 10
    for badge in badges:
        symbol, *words = badge.text.split()
        assert symbol in "✓✗?☐!" and words


def test_language_title_viewport_and_skip_link_are_set(page: Element) -> None:
    assert next(page.all("html")).attributes["lang"] == "en"
    assert next(page.all("title")).text.startswith("NOT READY FOR SIGN-OFF")
    assert next(page.all("a")).attributes["href"] == "#answer"
    assert any(e.attributes.get("name") == "viewport" for e in page.all("meta"))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_is_readable_in_light_dark_and_print(page: Element) -> None:
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r":root \{(.*?)\}", next(page.all("style")).text)
    ]
    assert len(themes) == 3
    pairs = [(text, ground) for text in ("ink", "quiet") for ground in ("ground", "raised")]
    pairs += [("link", "ground"), *((v, g) for v in ("proven", "failed", "unknown") for g in ("ground", f"{v}-ground"))]
    pairs += [("ink", f"{v}-ground") for v in ("proven", "failed", "unknown")]
    for theme in themes:
        for text, ground in pairs:
            lighter, darker = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground, theme)


def test_five_hundred_alerts_stay_below_three_megabytes(tmp_path: Path) -> None:
    observations = []
    for number in range(500):
        alert = f"Alert{number}"
        observations += state(alert, "warning", AT + number * 0.01)
        observations += [sent(channel, f"{alert} " + "word " * 200, AT + number) for channel in ("email", "slack #a")]
    path = html.write(EVERYTHING, tmp_path, History(tuple(observations)))
    assert path.stat().st_size < 3_000_000
    assert len(rows(parsed(path), "Alerts against channels")) == 500
