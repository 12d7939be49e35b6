"""Waivers: what is accepted is not counted, and a waiver that is past its day or useless is a finding itself."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from harness import lint, waivers
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.errors import UnreadableError
from harness.model import Finding, Judgement, Level, Position, Severity, Verdict

TODAY = datetime.date(2026, 11, 23)
ENTRY = {
    "check": "rules/missing-for",
    "file": "*.yml",
    "text": "no `for:`",
    "reason": "it may",
    "expires": "2027-01-01",
}
RULES = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"


def _judgement(severity: Severity = Severity.BUG) -> Judgement:
    finding = Finding("rules/missing-for", severity, Position("a/rules.yml", 3), "no `for:`; one bad scrape pages")
    return Judgement("rules/missing-for", Verdict.FAIL, Level.STATIC, "t", findings=(finding,), reason="no for")


def _applied(*entries: object, complete: bool = True) -> tuple[list[Judgement], list[waivers.Waived]]:
    known = waivers.of({"waivers": {"waivers": list(entries)}})
    return known.applied([_judgement()], TODAY, complete=complete)


def test_a_waived_bug_passes_and_says_why_and_until_when() -> None:
    judgements, waived = _applied(ENTRY)
    assert judgements[0].verdict is Verdict.PASS
    assert judgements[0].findings == ()
    assert "waived until 2027-01-01: it may" in judgements[0].reason
    assert str(waived[0]).startswith("a/rules.yml:3:1  waived until 2027-01-01  rules/missing-for")


@pytest.mark.parametrize("change", [{"file": "b/*"}, {"text": "another"}, {"check": "rules/missing-label"}])
def test_another_finding_is_not_waived_and_the_waiver_is_useless(change: dict[str, str]) -> None:
    judgements, waived = _applied({**ENTRY, **change})
    assert judgements[0].verdict is Verdict.FAIL
    assert not waived
    assert judgements[-1].check == waivers.CHECK
    assert "nothing needs" in judgements[-1].findings[0].message
    assert judgements[-1].verdict is Verdict.PASS


def test_past_its_day_it_counts_again_and_fails() -> None:
    judgements, waived = _applied({**ENTRY, "expires": datetime.date(2026, 11, 22)})
    assert not waived
    assert [j.verdict for j in judgements] == [Verdict.FAIL, Verdict.FAIL]
    assert "ended on 2026-11-22" in judgements[-1].findings[0].message


def test_on_its_last_day_it_holds() -> None:
    assert _applied({**ENTRY, "expires": TODAY})[1]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({**ENTRY, "reason": ""}, "without reason"),
        ({"check": "a"}, "without reason and expires"),
        ({**ENTRY, "expires": "soon"}, "'soon' is no day"),
        ("x", "is a mapping"),
    ],
)
def test_what_is_no_waiver_is_a_bug(entry: object, says: str) -> None:
    judged = _applied(entry)[0][-1]
    assert judged.verdict is Verdict.FAIL
    assert says in judged.findings[0].message


def test_a_single_check_does_not_make_the_others_waivers_useless() -> None:
    judgements, _ = _applied({**ENTRY, "check": "rules/other"}, complete=False)
    assert len(judgements) == 1


def test_run_leaves_out_what_is_waived() -> None:
    configuration = Configuration.of_texts({"rules.yml": RULES})
    context = Context(configuration, {"waivers": {"waivers": [{**ENTRY, "expires": "2999-01-01"}]}})
    found = lint.findings_of(lint.run(configuration, context, products=False))
    assert "rules/missing-for" not in {finding.check for finding in found}


def test_a_file_of_waivers_keeps_places(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yml"
    path.write_text("waivers:\n  - {check: a, reason: b, expires: 2027-01-01}\n  - {check: a}\n")
    known = waivers.read(path)
    assert known.entries[0].position.line == 2
    assert known.broken[0][0].line == 3
    assert waivers.read(tmp_path / "none.yml") == waivers.Waivers()
    path.write_text("a: [\n")
    with pytest.raises(UnreadableError):
        waivers.read(path)


def test_the_text_shows_what_is_waived(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    said: list[str] = []
    known = {"waivers": {"waivers": [{**ENTRY, "expires": "2999-01-01"}]}}
    assert lint.main([tmp_path], fixtures=known, write=said.append) == 0
    assert "  waived until 2999-01-01  rules/missing-for" in "".join(said)


def test_what_is_waived_is_a_suppressed_result_of_sarif(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    accepted = waivers.of({"waivers": [{**ENTRY, "expires": "2999-01-01"}]})
    said: list[str] = []
    lint.main([tmp_path], "sarif", write=said.append, accepted=accepted)
    results = json.loads("".join(said))["runs"][0]["results"]
    suppressed = [result for result in results if "suppressions" in result]
    assert [result["ruleId"] for result in suppressed] == ["rules/missing-for"]
    assert suppressed[0]["suppressions"][0] == {"kind": "external", "status": "accepted", "justification": "it may"}


def test_a_defect_that_a_product_tells_too_is_told_once() -> None:
    own = Finding("prometheus/unknown-field", Severity.FATAL, Position("p.yml", 3, 5), "there is no setting x")
    other = Finding("prometheus/relabel-action", Severity.FATAL, Position("p.yml", 9), "drop has no use for y")
    theirs = Finding("promtool/config", Severity.FATAL, Position("p.yml", 3, 5), "field x not found")
    news = Finding("promtool/config", Severity.FATAL, Position("p.yml", 7, 5), "field z not found")
    vague = Finding("promtool/config", Severity.FATAL, Position("p.yml"), "relabel configuration requires …")
    elsewhere = Finding("promtool/config", Severity.FATAL, Position("q.yml"), "something else")
    made = [
        Judgement(findings[0].check, Verdict.FAIL, Level.STATIC, "t", findings=findings, reason="r")
        for findings in ((own,), (other,), (theirs, news, vague, elsewhere))
    ]
    assert lint.findings_of(lint.folded(made)) == [own, news, other, elsewhere]
