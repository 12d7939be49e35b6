"""The configuration language: what is legal, what it means, and where an error is."""

from __future__ import annotations

import pytest

from harness.errors import UnreadableError, UnsupportedError
from harness.languages.logstash import Pipeline
from harness.languages.logstash.ast import Array, Branch, Hash, Logical, Not, Number, PluginNode, Text
from harness.languages.logstash.grammar import parse


def _options(text: str) -> dict[str, object]:
    (plugin,) = parse("filter { plugin { " + text + " } }", "f").body("filter")
    assert isinstance(plugin, PluginNode)
    return {attribute.name: attribute.value for attribute in plugin.attributes}


def test_values_of_every_kind() -> None:
    found = _options(
        """a => "s" b => 's' c => word d => -1.5 e => ["x", 2] f => { "k" => v1 2 => "w" } g => json { }"""
    )
    assert isinstance(found["a"], Text) and found["a"].value == "s" and not found["a"].bare
    assert isinstance(found["c"], Text) and found["c"].bare
    assert isinstance(found["d"], Number) and found["d"].value == -1.5
    assert isinstance(found["e"], Array) and len(found["e"].items) == 2
    assert isinstance(found["f"], Hash) and [key.value for key, _ in found["f"].entries] == ["k", 2]
    assert isinstance(found["g"], PluginNode) and found["g"].name == "json"


def test_strings_keep_their_escapes_and_may_span_lines() -> None:
    found = _options(r'a => "say \"hi\" \n" b => "one' + "\n" + 'two"')
    assert isinstance(found["a"], Text) and found["a"].value == r"say \"hi\" \n"
    assert isinstance(found["b"], Text) and found["b"].value == "one\ntwo"


def test_every_node_knows_its_line_and_column() -> None:
    (plugin,) = parse('filter {\n  # note\n  mutate {\n    id => "x"\n  }\n}', "a.conf").body("filter")
    assert isinstance(plugin, PluginNode)
    assert str(plugin.position) == "a.conf:3:3"
    assert str(plugin.attributes[0].position) == "a.conf:4:5"
    assert str(plugin.attributes[0].value.position) == "a.conf:4:11"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment",
        "filter { } # the end, without a line break",
        "filter{mutate{}}filter{}output{}",
        "input { # c\n }\n# c\nfilter # c\n { }",
        'filter { "mutate" { "id" => "x" } }',
        "filter { mutate { add_field => { # before\n 'a' => 'b'\n 'c' => 'd' # after the last\n } } }",
        "filter { mutate { add_field => { 'a' => 'b' # between\n 'c' => 'd' } } }",
        "filter { if [a]and[b]or![c] { } else if[d] { } else { } }",
        "filter { if [a] not   in [b] { } }",
        'filter { if ([a] == "b" and ([c] or [d])) { } }',
        "filter { if \"a\" == 'b' { } }",
        "filter { if [a] in [1, 2] { } }",
    ],
)
def test_legal(text: str) -> None:
    parse(text, "f")


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("filter {", "1:9", "not closed"),
        ("filter { mutate {", "1:18", "not closed"),
        ("filters { }", "1:7", "expected `{`"),
        ("bogus { }", "1:1", "expected a section"),
        ("filter {\n  mutate { id = 'x' }\n}", "2:15", "expected `=>`"),
        ('filter {\n  mutate { id => "x }\n}', "2:18", "string is not closed"),
        ("filter { mutate { id => x } }", "1:25", "expected a value"),
        ("filter { mutate { id => 'a'id => 'b' } }", "1:28", "expected whitespace"),
        ("filter { m { h => { 'a' => 1 'a' => 2 } } }", "1:30", "duplicate key 'a'"),
        ("filter { m { h => { 'a' => 1, 'b' => 2 } } }", "1:29", "expected a key"),
        ("filter { m { h => ['a' 'b'] } }", "1:24", "expected `,`"),
        ("filter { m { h => ['a',] } }", "1:24", "expected a value"),
        ("filter { if { } }", "1:13", "expected a field"),
        ("filter { if [a] == { } }", "1:20", "expected a field"),
        ("filter { if 'a' { } }", "1:13", "a value alone"),
        ("filter { if 'a' =~ /a/ { } }", "1:13", "only a field"),
        ("filter { if [a] =~ [b] { } }", "1:20", "expected a regular expression"),
        ("filter { if ([a] { } }", "1:18", "expected `)`"),
        ("filter { if status == 1 { } }", "1:13", "expected a field"),
        ("filter { else { } }", "1:10", "is not supported"),
    ],
)
def test_illegal_is_refused_where_it_goes_wrong(text: str, at: str, says: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        Pipeline.from_text(text, "f")
    assert says in caught.value.message
    assert str(caught.value.at) == f"f:{at}"


def test_a_method_call_in_a_condition_is_not_supported() -> None:
    with pytest.raises(UnsupportedError, match="method call"):
        parse("filter { if size([a]) == 1 { } }", "f")


def test_and_binds_tighter_than_or() -> None:
    (branch,) = parse("filter { if [a] or [b] and ![c] { } }", "f").body("filter")
    assert isinstance(branch, Branch)
    condition = branch.arms[0].condition
    assert isinstance(condition, Logical) and condition.operator == "or"
    assert isinstance(condition.right, Logical) and condition.right.operator == "and"
    assert isinstance(condition.right.right, Not)


@pytest.mark.parametrize("text", ["[" * 5000, "filter { m { a => " + "[" * 5000, "filter { if " + "(" * 5000])
def test_absurd_nesting_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse(text, "f")
