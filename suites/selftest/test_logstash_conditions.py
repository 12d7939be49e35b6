"""Conditions: every operator over every kind of value."""

from __future__ import annotations

from typing import Any

import pytest

from harness.languages.logstash import EventRefusedError, Pipeline

_EVENT: dict[str, Any] = {
    "text": "sample",
    "number": 5,
    "float": 2.5,
    "yes": True,
    "no": False,
    "empty": "",
    "null": None,
    "list": ["one", "two", 3],
    "nested": {"inner field": "x", "list": [{"a": 1}]},
    "same": "sample",
    "[literal": 1,
}


def _holds(condition: str, event: dict[str, Any] | None = None) -> bool:
    pipeline = Pipeline.from_text(
        "filter { if " + condition + " { mutate { add_tag => hit } } else { mutate { add_tag => miss } } }"
    )
    (found,) = pipeline.process(dict(_EVENT) if event is None else event)
    assert found["tags"] in (["hit"], ["miss"])
    return bool(found["tags"] == ["hit"])


@pytest.mark.parametrize(
    "condition",
    [
        "[text]",
        "[empty]",  # an empty string is not nil and not false
        "![no]",
        "![null]",
        "![missing]",
        "[nested][inner field] == 'x'",
        "[nested][list][0][a] == 1",
        "[list][-1] == 3",
        "[text] == 'sample'",
        "'sample' == [text]",
        "[text] == [same]",
        "[number] == 5",
        "[float] == 2.5",
        "[number] != '5'",  # types are not converted
        "[yes] != 1",
        "[missing] != 'x'",
        "[number] > 4 and [number] >= 5 and [number] < 6 and [number] <= 5",
        "[float] < [number]",
        "[text] > 'apple' and [text] < 'zebra'",
        "[text] =~ /^s.*e$/",
        "[text] =~ 'amp'",
        "[text] !~ /x/",
        "[number] !~ /5/",  # only strings match
        "[missing] !~ /x/",
        "'one' in [list]",
        "3 in [list]",
        "'amp' in [text]",
        "[text] in 'a sample'",
        "[text] in ['x', 'sample']",
        "[number] in [4, 5]",
        "[number] in ['4', '5']",  # a list of constants compares as text
        "[list][0] in [list]",
        "'x' not in [list]",
        "'x' not in [missing]",
        "[missing] not in ['a', 'b']",
        "!([missing] in [alsomissing])",
        "[text] xor [missing]",
        "[text] nand [missing]",
        "!([text] nand [text])",
        "([missing] or [text]) and [number]",
        "[missing] and [text] or [number]",
        "[number] or [missing] and [missing]",
    ],
)
def test_holds(condition: str) -> None:
    assert _holds(condition)
    assert not _holds(f"!({condition})")


@pytest.mark.parametrize("condition", ["[missing] > 5", "[text] > 5", "[number] < 'a'", "[list] >= 1", "[yes] > 0"])
def test_a_comparison_without_an_answer_refuses_the_event(condition: str) -> None:
    with pytest.raises(EventRefusedError, match="cannot compare") as caught:
        _holds(condition)
    assert str(caught.value.at) == "logstash.conf:1:13"
    assert "dead letter queue" in caught.value.hint


def test_regular_expressions_match_lines() -> None:
    assert _holds("[m] =~ /^two$/", {"m": "one\ntwo"})


def test_the_first_arm_that_holds_is_taken() -> None:
    pipeline = Pipeline.from_text(
        """
        filter {
          if [n] > 10 { mutate { add_tag => "big" } }
          else if [n] > 5 { mutate { add_tag => "middle" } }
          else if [n] > 6 { mutate { add_tag => "never" } }
          else { mutate { add_tag => "small" } }
        }
        """
    )
    assert [pipeline.process({"n": n})[0]["tags"] for n in (11, 7, 1)] == [["big"], ["middle"], ["small"]]


def test_a_clone_made_in_a_branch_goes_on_after_it() -> None:
    pipeline = Pipeline.from_text(
        """filter { if [a] { clone { clones => ["copy"] } drop { percentage => 0 } } mutate { add_tag => "after" } }"""
    )
    assert [(event.get("type"), event["tags"]) for event in pipeline.process({"a": 1})] == [
        (None, ["after"]),
        ("copy", ["after"]),
    ]


def test_environment_variables_in_conditions() -> None:
    pipeline = Pipeline.from_text('filter { if [stage] == "${STAGE:test}" { drop { } } }', env={"STAGE": "production"})
    assert pipeline.process({"stage": "production"}) == []
    assert len(pipeline.process({"stage": "test"})) == 1
