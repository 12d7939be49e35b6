"""verdict.json, junit.xml and summary.md say what the report says, hold what their formats allow, and hide nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import pytest

from harness.errors import HarnessError, UnreadableError
from harness.model import (
    BaselineResult,
    Component,
    Evidence,
    Finding,
    Gap,
    Judgement,
    Level,
    OverlayChange,
    Phase,
    Position,
    Proof,
    Report,
    RequirementResult,
    Severity,
    Verdict,
)
from harness.reporters import junit, markdown, summary, verdict_json

HOSTILE = "]]></failure><script>alert(1)</script> & \"quoted\" 'x' \x00\x1b[31m | `code` \ud800 end"

PROVEN = Judgement(
    "alerting/latency",
    Verdict.PASS,
    Level.NATIVE,
    "Every alert is there within 5 s.",
    "alert-latency",
    proofs=(Proof("p95 0.41 s", 48, ("prometheus",), 0.41, 5.0, "s", (Evidence("notification", "lane=main"),)),),
    reason="p95 0.41 s",
)
FAILED = Judgement(
    "alerting/routing",
    Verdict.FAIL,
    Level.NATIVE,
    "Every alert arrives where it must.",
    "routing",
    findings=(
        Finding("alerting/routing", Severity.WARNING, Position("config/b.yml", 9, 1), "of lesser weight"),
        Finding(
            "alerting/routing",
            Severity.BUG,
            Position("config/alertmanager/config.yml", 36, 5),
            "CacheHitRateLow went to nobody",
            (Position("config/prometheus/alert.rules.yml", 88, 17),),
        ),
    ),
    reason="CacheHitRateLow went to nobody",
)
UNKNOWN = Judgement(
    "logs/delivery",
    Verdict.UNKNOWN,
    Level.STATIC,
    "Every line arrives.",
    gaps=(Gap("no line was sent", hint="Run: harness verify --suite logs"),),
    reason="no line was sent",
)
CRASHED = Judgement(
    "logs/phi", Verdict.UNKNOWN, Level.STATIC, "No PHI.", reason="the check itself failed: KeyError: 'x'"
)
BEYOND = Judgement(
    "retention/lifecycle",
    Verdict.UNKNOWN,
    Level.STATIC,
    "Old logs go.",
    gaps=(Gap("this build of Elasticsearch has no ILM", Level.CONTAINER),),
    reason="this build of Elasticsearch has no ILM",
)


def line(verdict: Verdict = Verdict.PASS, level: Level = Level.NATIVE, **changes: object) -> RequirementResult:
    made = RequirementResult(
        "operations/alert-routing",
        "Operations Team",
        "Confirmed routing",
        False,
        verdict,
        level,
        Level.NATIVE,
        "6 checks",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def report(*judgements: Judgement, **changes: object) -> Report:
    made = Report(
        run="2026-11-23T14-02-11",
        started=1795442531.25,
        seconds=112.3456,
        config_path="config-under-test",
        config_sha256="3f2a" * 16,
        launcher="process",
        suites=("lint", "alerting"),
        components=(Component("prometheus", Level.NATIVE, "3.11.0"),),
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
        ),
        requirements=(line(),),
        phases=(Phase("lint", "47 files", 1.2, Verdict.PASS), Phase("alerting", "", 41.0)),
        overlay=(OverlayChange("config/prometheus.yml", "- a\n+ b", "endpoints"),),
        verdict=max((j.verdict for j in judgements), default=Verdict.UNKNOWN),
        sign_off=Verdict.UNKNOWN,
        sign_off_missing=("operations/dashboard-coverage: unknown: not run",),
        environment={"cores": "2"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


EVERYTHING = report(PROVEN, FAILED, UNKNOWN, CRASHED, BEYOND)


# --- verdict.json


def test_what_is_written_can_be_read_and_holds_the_documented_keys(tmp_path: Path) -> None:
    path = verdict_json.write(EVERYTHING, tmp_path)
    assert path == tmp_path / "verdict.json"
    document = verdict_json.read(path)
    documented = {"schema", "run", "config", "launcher", "components", "baselines", "requirements", "findings"}
    assert documented | {"counts", "verdict", "sign_off"} <= set(document)
    assert document["config"] == {"path": "config-under-test", "sha256": "3f2a" * 16}
    assert document["verdict"] == "fail"
    assert document["sign_off"] == {"verdict": "not proven", "missing": list(EVERYTHING.sign_off_missing)}
    assert document["counts"] == {"passed": 1, "unknown": 2, "failed": 1, "beyond_reach": 1}
    assert {"service": "prometheus", "level": "native", "version": "3.11.0"}.items() <= document["components"][
        0
    ].items()
    (baseline,) = document["baselines"]
    assert (baseline["value"], baseline["limit"], baseline["unit"], baseline["samples"]) == (0.41, 5.0, "s", 48)
    (requirement,) = document["requirements"]
    assert (requirement["verdict"], requirement["level"], requirement["required_level"]) == ("pass", "native", "native")


def test_findings_come_worst_first_with_their_places(tmp_path: Path) -> None:
    document = verdict_json.read(verdict_json.write(EVERYTHING, tmp_path))
    assert [f["severity"] for f in document["findings"]] == ["bug", "warning"]
    assert document["findings"][0]["file"] == "config/alertmanager/config.yml"
    assert document["findings"][0]["line"] == 36
    assert document["findings"][0]["also"] == [{"file": "config/prometheus/alert.rules.yml", "line": 88, "column": 17}]


def test_a_gap_names_the_level_it_needs(tmp_path: Path) -> None:
    document = verdict_json.read(verdict_json.write(EVERYTHING, tmp_path))
    by_id = {check["id"]: check for check in document["checks"]}
    assert by_id["retention/lifecycle"]["gaps"][0]["needs"] == "container"
    assert by_id["logs/delivery"]["gaps"][0]["needs"] is None
    assert by_id["logs/phi"]["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("verdict", "word"), [(Verdict.PASS, "proven"), (Verdict.UNKNOWN, "not proven"), (Verdict.FAIL, "failed")]
)
def test_the_words_of_the_sign_off(tmp_path: Path, verdict: Verdict, word: str) -> None:
    assert (
        verdict_json.read(verdict_json.write(report(PROVEN, sign_off=verdict), tmp_path))["sign_off"]["verdict"] == word
    )


def test_an_empty_run_is_a_valid_document_and_no_pass(tmp_path: Path) -> None:
    empty = report(components=(), baselines=(), requirements=(), phases=(), overlay=(), environment={})
    document = verdict_json.read(verdict_json.write(empty, tmp_path))
    assert document["verdict"] == "unknown"
    assert document["counts"] == {"passed": 0, "unknown": 0, "failed": 0, "beyond_reach": 0}


def test_a_figure_that_is_no_number_is_null(tmp_path: Path) -> None:
    broken = replace(EVERYTHING.baselines[0], value=float("nan"), limit=float("inf"))
    document = verdict_json.read(verdict_json.write(report(PROVEN, baselines=(broken,)), tmp_path))
    assert (document["baselines"][0]["value"], document["baselines"][0]["limit"]) == (None, None)


def test_hostile_text_comes_back_as_it_was(tmp_path: Path) -> None:
    finding = Finding("alerting/routing", Severity.BUG, Position("a.yml", 1), HOSTILE)
    document = verdict_json.read(verdict_json.write(report(replace(FAILED, findings=(finding,))), tmp_path))
    assert document["findings"][0]["message"] == HOSTILE


def test_a_report_that_breaks_the_schema_is_an_error_and_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"config\.sha256"):
        verdict_json.write(report(PROVEN, config_sha256="unknown"), tmp_path)
    assert not (tmp_path / "verdict.json").exists()


@pytest.mark.parametrize(
    ("path", "value"),
    [(("verdict",), "maybe"), (("counts", "passed"), -1), (("schema",), "0"), (("sign_off", "verdict"), "pass")],
)
def test_an_edited_document_is_refused(tmp_path: Path, path: tuple[str, ...], value: object) -> None:
    file = verdict_json.write(EVERYTHING, tmp_path)
    document = json.loads(file.read_text())
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    file.write_text(json.dumps(document))
    with pytest.raises(UnreadableError, match=path[-1]):
        verdict_json.read(file)


@pytest.mark.parametrize("text", ["", "{", "[]", "\ud800".encode("utf-8", "surrogatepass")])
def test_what_is_no_verdict_is_refused(tmp_path: Path, text: str | bytes) -> None:
    file = tmp_path / "verdict.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnreadableError):
        verdict_json.read(file)
    with pytest.raises(UnreadableError):
        verdict_json.read(tmp_path / "nothing.json")


# --- junit.xml


def cases(path: Path) -> dict[str, Element]:
    return {case.get("name", ""): case for case in parse(path).iter("testcase")}


def test_every_check_is_a_case_with_at_most_one_result(tmp_path: Path) -> None:
    path = junit.write(EVERYTHING, tmp_path)
    assert path == tmp_path / "junit.xml"
    found = cases(path)
    assert set(found) == {j.check for j in EVERYTHING.judgements}
    results = {name: [e.tag for e in case if e.tag != "system-out"] for name, case in found.items()}
    assert results == {
        "alerting/latency": [],
        "alerting/routing": ["failure"],
        "logs/delivery": ["error"],
        "logs/phi": ["error"],
        "retention/lifecycle": ["skipped"],
    }


def test_the_totals_agree_with_the_cases(tmp_path: Path) -> None:
    root = parse(junit.write(EVERYTHING, tmp_path)).getroot()
    for one in (root, *root.iter("testsuite")):
        assert int(one.get("tests", "")) == len([*one.iter("testcase")])
        for attribute, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(one.get(attribute, "")) == len([*one.iter(tag)])
    assert [suite.get("name") for suite in root] == ["alerting", "logs", "retention"]
    assert root.get("time") == "112.346"
    assert root[0].get("time") == "41.000"


def test_a_failure_says_what_and_where(tmp_path: Path) -> None:
    case = cases(junit.write(EVERYTHING, tmp_path))["alerting/routing"]
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "config/alertmanager/config.yml:36:5: CacheHitRateLow went to nobody"
    assert "config/prometheus/alert.rules.yml:88:17" in (failure.text or "")
    assert (case.get("file"), case.get("line")) == ("config/alertmanager/config.yml", "36")
    assert case.get("classname") == "harness.alerting"
    assert "of lesser weight" in (case.findtext("system-out") or "")


def test_unknown_is_an_error_and_says_what_to_do(tmp_path: Path) -> None:
    found = cases(junit.write(EVERYTHING, tmp_path))
    error = found["logs/delivery"].find("error")
    assert error is not None
    assert error.get("type") == "unknown"
    assert "no line was sent" in error.get("message", "")
    assert "harness verify --suite logs" in (error.text or "")
    crashed = found["logs/phi"].find("error")
    assert crashed is not None and "KeyError" in crashed.get("message", "")


def test_beyond_reach_names_the_level(tmp_path: Path) -> None:
    skipped = cases(junit.write(EVERYTHING, tmp_path))["retention/lifecycle"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "needs level container: this build of Elasticsearch has no ILM"


def test_a_pass_beside_what_is_beyond_reach_stays_a_pass_that_tells(tmp_path: Path) -> None:
    both = replace(PROVEN, gaps=BEYOND.gaps)
    case = cases(junit.write(report(both), tmp_path))["alerting/latency"]
    assert [e.tag for e in case] == ["system-out"]
    assert "needs level container" in (case.findtext("system-out") or "")


def test_each_suite_names_run_and_configuration(tmp_path: Path) -> None:
    for suite in parse(junit.write(EVERYTHING, tmp_path)).iter("testsuite"):
        properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert properties["run"] == EVERYTHING.run
        assert properties["config.sha256"] == EVERYTHING.config_sha256


def test_text_that_xml_cannot_hold_still_gives_xml(tmp_path: Path) -> None:
    finding = Finding("alerting/routing", Severity.BUG, Position("a\x00b.yml", 1), HOSTILE)
    hostile = replace(FAILED, findings=(finding,), reason=HOSTILE)
    failure = cases(junit.write(report(hostile), tmp_path))["alerting/routing"].find("failure")
    assert failure is not None
    assert ']]></failure><script>alert(1)</script> & "quoted"' in (failure.text or "")


# --- the first answer


def test_ready_needs_both_the_verdict_and_the_sign_off() -> None:
    assert summary.headline(report(PROVEN, sign_off=Verdict.PASS)) == "READY FOR SIGN-OFF"
    for one in (
        report(PROVEN),
        report(FAILED, sign_off=Verdict.PASS),
        report(UNKNOWN, sign_off=Verdict.PASS),
        report(),
    ):
        assert summary.headline(one) == "NOT READY FOR SIGN-OFF"
        assert summary.answer(one).startswith("No")


def test_a_run_of_a_few_suites_does_not_claim_to_have_proven_everything() -> None:
    not_run = line(Verdict.UNKNOWN, Level.STATIC, statement="not run: logs/*")
    person = line(Verdict.UNKNOWN, by_person=True)
    partial = report(PROVEN, requirements=(line(), line(level=Level.STAND_IN), not_run, person))
    assert "2 of 3 lines of the sign-off are not proven at the level that production asks for" in summary.answer(
        partial
    )
    assert summary.tally(partial) == "1 proven; 2 of 3 lines of the sign-off are not proven"


def test_the_tally_counts_each_check_once() -> None:
    assert summary.tally(EVERYTHING) == "1 failed, 2 not proven, 1 beyond this machine's reach, 1 proven"
    assert summary.tally(report(PROVEN)) == "1 proven"
    assert summary.tally(report()) == "0 proven"


def test_a_line_proven_at_too_low_a_level_is_not_proven() -> None:
    assert summary.line_standing(line(level=Level.STAND_IN)) is summary.Standing.UNKNOWN
    assert summary.line_standing(line()) is summary.Standing.PROVEN
    assert summary.line_standing(line(Verdict.FAIL)) is summary.Standing.FAILED


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (5.0, "5"),
        (0.41237, "0.412"),
        (41.239, "41.2"),
        (1234.56, "1235"),
        (1690.1, "1690"),
        (99.96, "100"),
        (0.0000012, "0.000001"),
        (-3.5, "-3.5"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_figures_have_the_digits_a_person_needs(value: float | None, text: str) -> None:
    assert summary.number(value) == text


# --- summary.md


def test_the_summary_begins_with_the_answer_and_names_what_failed(tmp_path: Path) -> None:
    text = markdown.write(EVERYTHING, tmp_path).read_text()
    assert text.startswith("## NOT READY FOR SIGN-OFF: 1 failed, 2 not proven")
    assert "`config/alertmanager/config.yml:36:5` CacheHitRateLow went to nobody" in text
    assert "harness verify" in text and "needs level container" in text
    assert "| ✓ Alert latency | 0.41 s | 5 s | 48 | native |" in text


def test_the_summary_stays_short_and_says_what_it_left_out(tmp_path: Path) -> None:
    many = tuple(
        replace(FAILED, check=f"lint/{n}", findings=(Finding(f"lint/{n}", Severity.BUG, Position("a", n + 1), "bad"),))
        for n in range(90)
    )
    text = markdown.write(report(*many), tmp_path).read_text()
    assert "and 70 more" in text
    assert len(text.splitlines()) < 60


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    finding = Finding("alerting/routing", Severity.BUG, Position("a`b|c.yml", 1), f"{HOSTILE}\n\n# heading\n@everyone")
    text = markdown.write(report(replace(FAILED, findings=(finding,))), tmp_path).read_text()
    assert "<script>" not in text
    assert "\n# heading" not in text
    assert "\\@everyone" in text
    assert "`a'b¦c.yml:1:1`" in text
