"""KQL against the recording of Kibana's own code (`kql_oracle.mjs` tells how to record it again), and what it lacks."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UnreadableError
from harness.languages import kql
from harness.languages.kql import Options, references, to_dsl

FOLDER = Path(__file__).parents[2] / "fixtures" / "kql"
MAPPINGS: dict[str, Any] = json.loads((FOLDER / "queries.json").read_text(encoding="utf-8"))["mappings"]
RECORDED: list[dict[str, Any]] = [
    json.loads(line) for line in (FOLDER / "oracle.ndjson").read_text(encoding="utf-8").split("\n") if line
]
NAMES = {
    "dateFormatTZ": "time_zone",
    "filtersInMustClause": "filters_in_must_clause",
    "caseInsensitive": "case_insensitive",
    "nestedIgnoreUnmapped": "nested_ignore_unmapped",
    "allowLeadingWildcards": "allow_leading_wildcards",
}
PROPERTIES = {"properties": {"path": {"type": "keyword"}, "at": {"type": "date"}, "n": {"type": "long"}}}


def translate(query: str, mapping: str, config: dict[str, Any]) -> dict[str, Any]:
    return to_dsl(query, MAPPINGS[mapping], Options(**{NAMES[name]: value for name, value in config.items()}))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=f"{number}-{line['mapping']}-{line['query']!r:.40}")
        for number, line in enumerate(RECORDED)
    ],
)
def test_a_query_becomes_what_kibana_makes_of_it(line):
    config = line.get("config", {})
    if "dsl" in line:
        assert translate(line["query"], line["mapping"], config) == line["dsl"]
        return
    with pytest.raises(UnreadableError) as caught:
        translate(line["query"], line["mapping"], config)
    assert caught.value.message == line["error"]
    if "offset" in line:
        units = line["query"].encode("utf-16-le")[: 2 * line["offset"]]
        before = units.decode("utf-16-le", "surrogatepass").split("\n")
        assert (caught.value.at.line, caught.value.at.column) == (len(before), len(before[-1]) + 1)


def test_the_recording_is_of_the_queries_it_says():
    given = json.loads((FOLDER / "queries.json").read_text(encoding="utf-8"))
    forms = sum(len(form["fields"]) * len(form["values"]) for form in given["forms"])
    settings = sum(len(setting["queries"]) for setting in given["settings"])
    assert len(RECORDED) == len(given["queries"]) + forms + settings
    assert len(RECORDED) >= 300


def test_kibana_9_escapes_patterns_on_keywords():
    # Kibana 8.12.1 and later (pull request 174464); semantically the same unless the pattern holds `?`, `\` or `\*`.
    query = to_dsl("path: /a?b*", PROPERTIES, Options(current=True))
    assert query["bool"]["should"] == [{"wildcard": {"path": {"value": r"\/a\?b*"}}}]


def test_kibana_9_sends_no_time_zone_with_an_epoch():
    options = Options(time_zone="UTC", current=True)
    assert to_dsl("at > 17", PROPERTIES, options)["bool"]["should"] == [{"range": {"at": {"gt": "17"}}}]
    assert to_dsl("at: 17", PROPERTIES, options)["bool"]["should"] == [{"range": {"at": {"gte": "17", "lte": "17"}}}]
    dated = to_dsl("at > 2026-11-01", PROPERTIES, options)
    assert dated["bool"]["should"] == [{"range": {"at": {"gt": "2026-11-01", "time_zone": "UTC"}}}]


@pytest.mark.parametrize(
    "mapping",
    [
        PROPERTIES,
        {"mappings": PROPERTIES},
        {"index_patterns": ["a-*"], "priority": 9, "template": {"settings": {}, "mappings": PROPERTIES}},
        {"logs-000001": {"mappings": PROPERTIES}},
        PROPERTIES["properties"],
    ],
    ids=["mapping", "index body", "index template", "answer of _mapping", "bare properties"],
)
def test_a_mapping_is_found_in_whatever_holds_it(mapping):
    assert to_dsl("path: x", mapping)["bool"]["should"] == [{"term": {"path": {"value": "x"}}}]


def test_aliases_and_runtime_fields_have_their_types():
    mapping = {
        "properties": {"path": {"type": "keyword"}, "url": {"type": "alias", "path": "path"}},
        "runtime": {"day": {"type": "date"}},
    }
    assert to_dsl("url: x", mapping)["bool"]["should"] == [{"term": {"url": {"value": "x"}}}]
    assert "range" in to_dsl("day: 2026-11-01", mapping)["bool"]["should"][0]


def test_an_error_shows_the_line_and_the_place():
    with pytest.raises(UnreadableError) as caught:
        to_dsl("level: error and\n  kind: (access or", PROPERTIES)
    assert str(caught.value).splitlines() == [
        'KQL:2:19: Expected ")", AND, OR, whitespace but end of input found.',
        "    kind: (access or",
        "                    ^",
    ]


def test_references_tell_every_field_and_what_is_asked_of_it():
    found = references("a: x and (b > 3 or not items: { c: * }) and free and log*: y")
    assert [(r.name, r.at, r.operator, r.asks_existence, r.pattern is not None) for r in found] == [
        ("a", 0, None, False, False),
        ("b", 10, "gt", False, False),
        ("items.c", 32, None, True, False),
        ("log*", 53, None, False, True),
    ]


@pytest.mark.parametrize(
    "query", ["(" * 5000, "a:{" * 5000, "a:" + "(" * 5000, "not (" * 5000, "(" * 60 + "a" + ")" * 60]
)
def test_deep_nesting_is_refused_not_crashed_on(query):
    with pytest.raises(UnreadableError, match="deep"):
        to_dsl(query, PROPERTIES)


def test_forty_parentheses_are_read_at_once():
    # Kibana's own parser reads everything twice per parenthesis; ours must not take 2^40 steps.
    begun = time.monotonic()
    to_dsl("(" * 40 + "a: b" + ")" * 40, PROPERTIES)
    assert time.monotonic() - begun < 1


def test_random_text_is_read_or_refused():
    chance = random.Random(7)
    pieces = [
        *'abc:*(){}<>="\\ \t\n',
        " and ",
        " or ",
        "not ",
        "\\u0041",
        "path",
        "items",
        ">=",
        "é",
        "null",
        "\\\\",
        "😀",
    ]
    for _ in range(3000):
        query = "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 25)))
        try:
            json.dumps(to_dsl(query, MAPPINGS["rich"]))
        except UnreadableError as error:
            assert error.at is not None


@pytest.mark.parametrize(
    "mapping",
    [
        {"properties": None},
        {"properties": []},
        {"properties": {"a": None}},
        {"properties": {"a": {"type": 3, "properties": 4}}},
        {"properties": {"path": {"type": "alias", "path": 5}}},
        {"mappings": None},
        {"template": {"mappings": []}},
        {"runtime": 3},
    ],
)
def test_a_malformed_mapping_knows_no_field(mapping):
    assert to_dsl("path: x", mapping)["bool"]["should"] == [{"match": {"path": "x"}}]


def test_the_command_prints_json(tmp_path):
    (tmp_path / "mapping.json").write_text(json.dumps(PROPERTIES))
    assert json.loads(kql.main("n > 3", tmp_path / "mapping.json")) == to_dsl("n > 3", PROPERTIES)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot read"), ("{", "not JSON"), ("[]", "JSON object"), ("[" * 100_000, "nested too deeply|not JSON")],
    ids=["missing", "broken", "a list", "deep"],
)
def test_the_command_tells_what_is_wrong_with_the_mapping(tmp_path, content, says):
    path = tmp_path / "mapping.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UnreadableError, match=says) as caught:
        kql.main("a: b", path)
    assert caught.value.exit_code == 2
