"""Variables get the values, and queries the escapes, that Grafana's browser gives them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard, Variable
from harness.errors import UnsupportedError
from harness.probes.grafana_variables import (
    Chosen,
    choose,
    fill,
    filtered,
    fixed_options,
    for_lucene,
    for_promql,
    used,
)


def variable(**given: Any) -> Variable:
    listed = {"templating": {"list": [{"name": "v", "type": "query", **given}]}, "panels": [], "uid": "x"}
    return Configuration.of_texts({"d.json": json.dumps(listed)}).of(Dashboard)[0].variables[0]


def test_all_is_every_option_unless_the_author_wrote_its_value() -> None:
    saved = {"current": {"value": ["$__all"]}, "includeAll": True, "multi": True}
    assert choose(variable(**saved), ("a", "b")) == Chosen("v", ("a", "b"), True)
    assert choose(variable(**saved, allValue=".+"), ("a", "b")) == Chosen("v", (".+",), True, verbatim=True)


def test_a_saved_value_that_is_gone_gives_way_to_the_first() -> None:
    assert choose(variable(current={"value": "old"}), ("a", "b")).values == ("a",)
    assert choose(variable(current={"value": "b"}), ("a", "b")).values == ("b",)


def test_a_wish_overrides_what_was_saved() -> None:
    assert choose(variable(current={"value": "a"}), ("a", "b"), "b").values == ("b",)


@pytest.mark.parametrize(
    ("query", "options"),
    [("a,b", ("a", "b")), ("Everybody : *, nurse : role:nurse", ("*", "role:nurse")), (r"x\,y, z", ("x,y", "z"))],
)
def test_options_of_a_custom_variable(query: str, options: tuple[str, ...]) -> None:
    assert fixed_options(variable(type="custom", query=query)) == options


def test_a_regex_keeps_what_it_finds() -> None:
    assert filtered(("job=a", "job=b", "x"), "/job=(.*)/") == ("a", "b")
    assert filtered(("a", "a", "b"), "") == ("a", "b")


def test_one_value_of_a_variable_for_several_is_escaped_for_a_regex() -> None:
    assert for_promql(Chosen("v", ("/api/a.b",), True)) == r"/api/a\\.b"
    assert for_promql(Chosen("v", ("a", "b|c"), True)) == r"(a|b\\|c)"
    assert for_promql(Chosen("v", ('say "a.b"',))) == r"say \"a.b\""


def test_lucene_values_are_escaped_and_quoted_when_several() -> None:
    assert for_lucene(Chosen("v", ("role:a b",))) == r"role\:a\ b"
    assert for_lucene(Chosen("v", ("a-b", "c"), True)) == r'("a\-b" OR "c")'


def test_every_way_to_refer_to_a_variable() -> None:
    chosen = {"v": Chosen("v", ("x",))}
    assert fill("$v ${v} [[v]] ${v:raw} $__interval $other", chosen, for_promql) == "x x x x $__interval $other"
    assert used("$v ${w:raw} [[x]] $__range") == {"v", "w", "x", "__range"}


def test_a_value_written_by_the_author_is_not_escaped() -> None:
    assert fill('{a=~"$v"}', {"v": Chosen("v", (".+",), True, verbatim=True)}, for_promql) == '{a=~".+"}'


def test_an_unknown_spelling_is_refused_not_guessed() -> None:
    with pytest.raises(UnsupportedError, match="percentencode"):
        fill("${v:percentencode}", {"v": Chosen("v", ("x",))}, for_promql)
