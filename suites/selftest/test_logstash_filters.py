"""Every filter, case by case; the cases stand in the YAML file of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.languages.logstash import Pipeline
from harness.languages.logstash.registry import names

_NOW = 1_790_000_000.0  # 2026-09-21

_CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", _CASES, ids=[f"{number} {case['filter'][:60]}" for number, case in enumerate(_CASES)])
def test_filter(case: dict[str, Any]) -> None:
    given = {"message": case["event"]} if isinstance(case["event"], str) else case["event"]
    (event,) = Pipeline.from_text("filter { " + case["filter"] + " }", clock=lambda: _NOW).process(given)
    assert {name: event.get(name) for name in case["expect"]} == case["expect"]


def test_every_filter_has_a_case() -> None:
    tested = {case["filter"].split()[0] for case in _CASES} | {"split", "clone", "drop", "geoip"}
    assert tested == set(names("filter"))


def test_split_makes_an_event_of_each_part() -> None:
    pipeline = Pipeline.from_text('filter { split { field => "l" target => one add_tag => "s" } }')
    found = pipeline.process({"l": [{"a": 1}, "b", ""], "k": {"x": 1}})
    assert [event["one"] for event in found] == [{"a": 1}, "b"]
    assert all(event["tags"] == ["s"] for event in found) and found[0]["k"] is not found[1]["k"]
    assert pipeline.process({"l": 5})[0]["tags"] == ["_split_type_failure"]
    assert "tags" not in pipeline.process({"l": "single"})[0]


def test_clone_sets_the_type_or_with_ecs_a_tag() -> None:
    text = "filter { clone { clones => ['a', 'b'] add_field => { 'c' => 'd' } } }"
    first, *clones = Pipeline.from_text(text).process({"type": "t"})
    assert (first["type"], "c" in first) == ("t", False)
    assert [(event["type"], event["c"]) for event in clones] == [("a", "d"), ("b", "d")]
    assert Pipeline.from_text(text, ecs_compatibility="v8").process({})[2]["tags"] == ["b"]


def test_drop_some() -> None:
    pipeline = Pipeline.from_text("filter { drop { percentage => 40 } }")
    kept = sum(len(pipeline.process({})) for _ in range(2000))
    assert 1000 < kept < 1400
    assert Pipeline.from_text("filter { drop { } mutate { add_tag => never } }").process({}) == []


def test_csv_takes_its_columns_from_the_first_line() -> None:
    pipeline = Pipeline.from_text("filter { csv { autodetect_column_names => true skip_header => true } }")
    assert pipeline.process({"message": "a,b"}) == []
    assert pipeline.process({"message": "1,2"})[0]["b"] == "2"
    assert pipeline.process({"message": "a,b"}) == []


def test_the_year_of_a_date_without_one_is_guessed_across_new_year() -> None:
    text = 'filter { date { match => ["d", "MMM dd HH:mm:ss"] } }'
    january, december = 1_767_225_600.0 + 3600, 1_767_225_600.0 - 3600
    assert (
        Pipeline.from_text(text, clock=lambda: january).process({"d": "Dec 31 23:59:00"})[0]["@timestamp"][:4] == "2025"
    )
    assert (
        Pipeline.from_text(text, clock=lambda: december).process({"d": "Jan 01 00:01:00"})[0]["@timestamp"][:4]
        == "2026"
    )


def test_files_are_found_from_the_directory_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "patterns").mkdir()
    (tmp_path / "patterns" / "own").write_text("# ours\nQUEUE [0-9A-F]{10,11}\n", encoding="utf-8")
    (tmp_path / "codes.yml").write_text('"7": seven\n8: [eight]\n', encoding="utf-8")
    pipeline = Pipeline.from_text(
        """filter {
          grok { match => { message => '%{QUEUE:q} %{INT:n}' } patterns_dir => 'patterns' }
          translate { source => 'n' target => name dictionary_path => 'codes.yml' }
        }""",
        str(tmp_path / "p.conf"),
    )
    assert pipeline.process({"message": "BEF25A72965 8"})[0]["name"] == ["eight"]
    assert pipeline.process({"message": "BEF25A72965 7"})[0]["name"] == "seven"
