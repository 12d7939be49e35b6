"""`harness logstash test`: cases hold or are told where they do not, golden expectations, coverage."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import UnreadableError
from harness.languages.logstash import tool
from harness.languages.logstash.grok_alternatives import alternatives

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((PROJECT / "fixtures" / "logstash").glob("*.yml"))

CONFIG = r"""
filter {
  if [message] == "noise" { drop {} }
  grok {
    match => { "message" => ["\A(?:GET|POST) %{URIPATH:path}(?: (?:%{INT:status:int}|-))?\z", "\Aping\z"] }
    tag_on_failure => ["odd"]
  }
  if [path] == "/two" { clone { clones => ["copy"] } }
  mutate { replace => { "env" => "${ENVIRONMENT:none}" } }
}
output {
  if "odd" in [tags] { file { id => "odd_ones" path => "/tmp/odd" } }
  else { elasticsearch { id => "store" index => "logs-%{env}" } }
}
"""

HEAD = """# cases
pipeline: a.conf
ignore: ["@version", "@timestamp"]
cases:
"""


def run(tmp_path: Path, cases: str, head: str = HEAD, **options: Any) -> tuple[int, str]:
    (tmp_path / "a.conf").write_text(CONFIG, encoding="utf-8")
    file = tmp_path / "cases.yml"
    file.write_text(head + cases, encoding="utf-8")
    out: list[str] = []
    code = tool.test(tool.Test([file], **options), write=out.append)
    return code, "".join(out)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_cases_hold_and_reach_everything(file: Path) -> None:
    out: list[str] = []
    assert tool.test(tool.Test([file], coverage=True), write=out.append) == 0, "".join(out)
    assert "not reached" not in "".join(out)


def test_there_are_shipped_cases() -> None:
    assert SHIPPED


HOLDING = r"""
  whole: {input: GET /a 200, expect: {message: GET /a 200, path: /a, status: 200, env: none}}
  dropped: {input: noise, expect: dropped}
  dropped too: {input: noise, expect: []}
  partly: {input: GET /a, contains: {path: /a, status: !absent }}
  matchers:
    input: GET /a 200
    expect: {message: !regex '^GET', path: !exists , status: !any , env: !any , x: !any , y: !absent }
  several: {input: [GET /a, noise, ping], contains: [{path: /a}, {message: ping}]}
  made two: {input: GET /two, contains: [{path: /two, type: !absent }, {path: /two, type: copy}]}
  goes to: {input: nothing known, outputs: [odd_ones]}
  with options: {input: ping, env: {ENVIRONMENT: test}, outputs: {store: {index: logs-test}}}
  each its own: {input: [odd one, ping], outputs: [[odd_ones], {store: {index: !regex 'none$'}}]}
  an event: {input: {message: ping, a: {b: 1}}, given: {a: {c: 2}}, contains: {a: {b: 1, c: 2}}}
  ignoring: {input: {message: ping, a: {b: 1}}, ignore: [env, "[a][b]"], expect: {message: ping}}
"""


def test_cases_that_hold(tmp_path: Path) -> None:
    code, out = run(tmp_path, HOLDING)
    assert (code, out.splitlines()[0].split("  ")[0]) == (0, "12 of 12 cases hold"), out


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("{input: GET /a 200, expect: {message: GET /a 200, path: /b, status: 200, env: none}}", 'expected  "/b"'),
        ("{input: GET /a 200, expect: {message: !any , path: /a, env: none}}", "status   not expected: 200"),
        ("{input: GET /a, contains: {status: 200}}", "status   is missing, expected 200"),
        ("{input: GET /a 200, contains: {status: '200'}}", 'expected  "200"'),
        ("{input: GET /a 200, contains: {status: !absent }}", "expected  no such field"),
        ("{input: GET /a, contains: {path: !regex '^/b'}}", "expected  text that matches /^/b/"),
        ("{input: GET /a, contains: {x: !exists }}", "x   is missing"),
        ("{input: noise, contains: {x: 1}}", "1 event expected, no event came out"),
        ("{input: GET /two, expect: dropped}", "no event expected, 2 events came out"),
        ("{input: ping}", "nothing is expected of it"),
        ("{input: ping, outputs: [odd_ones]}", "goes to store, expected odd_ones"),
        ("{input: ping, outputs: {store: {index: logs-x}}}", "output store: index"),
        ("{input: ping, refused: number, contains: {}}", "should be refused, and was not"),
        ("{input: {message: ping, '[x': 1}, contains: {a: {b: [1, 2]}}}", "a   is missing"),
    ],
)
def test_a_case_that_does_not_hold_is_told_with_its_place(tmp_path: Path, case: str, told: str) -> None:
    code, out = run(tmp_path, f"  good: {{input: noise, expect: dropped}}\n  a bad one: {case}\n")
    assert code == 1
    assert f"✗ {tmp_path}/cases.yml:6:3  a bad one" in out
    assert told in out
    assert "1 of 2 cases hold" in out


def test_of_a_long_text_the_part_that_differs_is_shown(tmp_path: Path) -> None:
    long = "x" * 900
    _, out = run(tmp_path, f"  long: {{input: '{long}1{long}', contains: {{message: '{long}2{long}'}}}}\n")
    lines = out.splitlines()
    assert all(len(line) < 300 for line in lines)
    assert any("x2x" in line for line in lines) and any("x1x" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("cases: {a: {input: x}}", 1, "`pipeline:` is missing"),
        ("pipeline: a.conf\ncases: {}", 2, "cases are expected"),
        ("pipeline: none.conf\ncases: {a: {input: x}}", 1, "cannot be read"),
        ("pipeline: a.conf\ncases:\n  a: {input: x, expects: {}}", 3, "`expects` is not known"),
        ("pipeline: a.conf\ncases:\n  a: {expect: {}}", 3, "no `input`"),
        ("pipeline: a.conf\ncases:\n  a: {input: 7, expect: {}}", 3, "raw line"),
        ("pipeline: a.conf\ncases:\n  a: {input: x, expect: {a: !maybe 1}}", 3, "`!maybe` is not known"),
        ("pipeline: a.conf\ncases:\n  a: {input: x, expect: {a: !regex '('}}", 3, "invalid regular"),
        ("pipeline: a.conf\ncases:\n  a: {input: x, expect: {}, contains: {}}", 3, "either"),
        ("pipeline: a.conf\nignore: ['[a']\ncases: {a: {input: x}}", 2, "no field reference"),
        ("pipeline: a.conf\nnow: soon\ncases: {a: {input: x}}", 2, "ISO 8601"),
        ("pipeline: a.conf\ncases: [", 2, "no valid YAML"),
        ("", 1, "empty"),
    ],
)
def test_cases_that_cannot_be_read_are_refused_with_a_place(tmp_path: Path, text: str, line: int, told: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        run(tmp_path, "", head=text)
    assert told in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.at is not None and caught.value.at.line == line and caught.value.at.column >= 1


GOLDEN = """  # the first
  block:                       # kept
    input: GET /a 200
    expect:
      # about the message
      message: !regex '^GET'   # a matcher that holds
      path: /wrong             # why
      gone: 1
      env: none
  flow: {input: GET /a, expect: {path: /a, gone: {b: 1}, message: x, env: none}}   # after

  dropped before: {input: ping, expect: dropped}
  dropped now:
    input: noise
    expect: {message: noise}   # was kept once
  never written:
    input: "GET /a 7"
  two:
    input: GET /two
    expect:
      - path: /two
        message: old
        env: none
      - {path: /two, type: copy, message: GET /two, env: none}
  # the last comment
"""


def test_golden_expectations_are_rewritten_where_they_stand(tmp_path: Path) -> None:
    code, out = run(tmp_path, GOLDEN, update=True)
    assert code == 0, out
    assert out.count("↻") == 6 and "6 of 6 cases hold, 6 of them rewritten" in out
    text = (tmp_path / "cases.yml").read_text()
    for kept in (
        "# cases",
        "# the first",
        "# kept",
        "# about the message",
        "# a matcher that holds",
        "# why",
        "# after",
    ):
        assert kept in text
    assert text.endswith("  # the last comment\n")
    assert (
        "message: !regex '^GET'   # a matcher that holds\n      path: /a             # why\n      env: none\n" in text
    )
    assert "expect: {path: /a, message: GET /a, env: none}}   # after" in text
    assert "    expect: dropped   # was kept once\n" in text
    assert "gone" not in text
    code, out = run(tmp_path, text.removeprefix(HEAD))
    assert code == 0, out


def test_nothing_is_rewritten_when_all_hold(tmp_path: Path) -> None:
    code, _ = run(tmp_path, HOLDING, update=True)
    assert code == 0
    assert (tmp_path / "cases.yml").read_text() == HEAD + HOLDING


def test_what_is_about_outputs_is_not_rewritten(tmp_path: Path) -> None:
    code, out = run(tmp_path, "  a: {input: ping, outputs: [elsewhere]}\n", update=True)
    assert code == 1 and "goes to store" in out


@pytest.mark.parametrize(
    "message",
    [
        "a: b",
        "- x",
        "#",
        "'",
        '"',
        "yes",
        "1",
        "null",
        "2026-01-01",
        "ü\tx",
        "{a}",
        "[x], y",
        "two\nlines",
        "\\n",
        " ",
        "",
    ],
)
def test_whatever_the_value_it_is_written_so_that_it_is_read_back(tmp_path: Path, message: str) -> None:
    given = yaml.safe_dump({"input": {"message": message, "o": {message or "k": [message]}}, "expect": "dropped"})
    block = "".join(f"    {line}\n" for line in given.splitlines())
    code, out = run(tmp_path, f"  a:\n{block}", update=True)
    assert code == 0, out + (tmp_path / "cases.yml").read_text()
    flow = f"  a: {yaml.safe_dump(yaml.safe_load(given), default_flow_style=True, width=9999)}"
    code, out = run(tmp_path, flow, update=True)
    assert code == 0, out + (tmp_path / "cases.yml").read_text()


def test_coverage_tells_what_no_event_went_through(tmp_path: Path) -> None:
    page, xml = tmp_path / "out" / "coverage.html", tmp_path / "coverage.xml"
    cases = "  a: {input: GET /a 200, contains: {}}\n  b: {input: x, contains: {}}\n"
    code, out = run(tmp_path, cases, coverage=True, coverage_html=page, coverage_xml=xml)
    assert code == 0
    assert "filters 2 of 4   branches 2 of 4   grok alternatives 2 of 5   outputs 2 of 2" in out
    missing = [line.split("not reached: ")[1] for line in out.splitlines() if "not reached" in line]
    assert missing == [
        'branch if [message] == "noise"',
        "filter drop",
        "grok POST",
        "grok -",
        r"grok \Aping\z",
        'branch if [path] == "/two"',
        "filter clone",
    ]
    assert f"{tmp_path}/a.conf:5:40  not reached: grok POST" in out
    html = page.read_text()
    assert html.startswith("<!doctype html>") and "never: POST" in html and "http" not in html.replace("https", "")
    root = ElementTree.parse(xml).getroot()
    lines = {line.get("number"): line for line in root.iter("line")}
    assert lines["5"].get("condition-coverage") == "40% (2/5)"
    assert lines["3"].get("condition-coverage") == "50% (1/2)" and lines["9"].get("hits") == "2"
    assert root.get("branches-valid") == "9" and root.get("branches-covered") == "4"


def test_files_of_cases_for_one_pipeline_are_covered_together(tmp_path: Path) -> None:
    run(tmp_path, "  a: {input: noise, expect: dropped}\n")
    other = tmp_path / "more" / "cases.yml"
    other.parent.mkdir()
    other.write_text("pipeline: ../a.conf\ncases: {b: {input: GET /two, contains: [{}, {}]}}")
    out: list[str] = []
    files = [tmp_path / "cases.yml", other]
    assert tool.test(tool.Test(files, coverage=True), write=out.append) == 0
    assert "filters 4 of 4" in "".join(out) and "".join(out).count("coverage") == 1


def test_alternatives_of_an_expression() -> None:
    found = [(one.offset, one.text) for one in alternatives(r"(?i)a|b(?<x>c|d[|])\|(?=e|f)")]
    assert found == [(4, "a"), (6, r"b(?<x>c|d[|])\|(?=e|f)"), (12, "c"), (14, "d[|]"), (24, "e"), (26, "f")]
    assert alternatives("plain") == alternatives(r"(a)\1|b") == alternatives("%{X:x=a|b}") == ()
