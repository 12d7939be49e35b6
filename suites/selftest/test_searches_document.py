"""Saved objects: every form of file, positions two layers of JSON deep, and what is wrong said with its place."""

from __future__ import annotations

import json
import random

import pytest

from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of, matches, templates_of
from harness.model import Finding
from harness.registry import discover

FILE = "config/kibana/saved-searches.json"
TEMPLATE = json.dumps({"index_patterns": ["logs-*"], "mappings": {"properties": {"level": {"type": "text"}}}})
VIEW = {
    "type": "index-pattern",
    "id": "logs",
    "attributes": {
        "title": "logs-*",
        "timeFieldName": "@timestamp",
        "runtimeFieldMap": json.dumps({"hour": {"type": "long"}}),
        "sourceFilters": json.dumps([{"value": "secret*"}]),
    },
}


def search(kql: str = "level: error", **attributes: object) -> dict[str, object]:
    source = {"query": {"query": kql, "language": "kuery"}, "filter": attributes.pop("filter", []), "indexRefName": "i"}
    return {
        "type": "search",
        "id": "errors",
        "attributes": {
            "title": "Errors",
            "columns": ["level", "message"],
            "sort": [["@timestamp", "desc"]],
            **attributes,
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
        },
        "references": [{"name": "i", "type": "index-pattern", "id": "logs"}],
    }


def read(text: str, file: str = FILE) -> Searches:
    (document,) = Configuration.of_texts({file: text}).of(Searches)
    return document


@pytest.mark.parametrize(
    ("text", "file"),
    [
        (json.dumps([VIEW, search()]), FILE),
        (json.dumps([VIEW, search()], indent=4), FILE),
        (json.dumps({"version": "8", "objects": [VIEW, search()]}), FILE),
        ("\n".join(json.dumps(o) for o in (VIEW, search(), {"exportedCount": 2})), "kibana/export.ndjson"),
    ],
    ids=["a list", "an indented list", "objects", "an export"],
)
def test_every_form_of_file_is_read(text, file):
    configuration = Configuration.of_texts({file: text})
    (document,) = configuration.of(Searches)
    (found,) = document.searches
    assert (found.title, found.kql, found.index, found.time_field) == ("Errors", "level: error", "logs-*", "@timestamp")
    assert (found.columns, found.sort) == (("level", "message"), (("@timestamp", "desc"),))
    assert document.data_views[0].source_filters == ("secret*",)
    assert (configuration.errors, configuration.complaints) == ((), ())


@pytest.mark.parametrize(
    "kql", ["level: error", 'path: "a b" or level: x', "a: \\(b\\) and c: é", 'm: "\\"x\\"" and n: y']
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_place_in_the_query_is_a_place_in_the_file(kql, indent):
    text = json.dumps([VIEW, search(kql)], indent=indent, ensure_ascii=False)
    (found,) = read(text).searches
    lines = text.split("\n")
    for offset, character in enumerate(kql):
        if character.isalpha() and character.isascii():
            place = found.in_query(offset, 1)
            assert lines[place.line - 1][place.column - 1] == character, (offset, character)
    first = found.in_query()
    assert lines[first.line - 1][first.column - 1] == kql[0]


def test_positions_of_attributes():
    text = json.dumps([VIEW, search()], indent=2)
    (found,) = read(text).searches
    lines = text.split("\n")
    assert lines[found.at().line - 1].strip() == '"title": "Errors",'
    assert lines[found.at("columns", 1).line - 1].strip() == '"message"'


def test_filter_pills_that_are_on():
    pills = [
        {"meta": {"key": "a"}, "query": {"match_phrase": {"a": 1}}},
        {"meta": {"key": "b", "negate": True}, "query": {"exists": {"field": "b"}}},
        {"meta": {"key": "c", "disabled": True}, "query": {"exists": {"field": "c"}}},
        {"meta": {"key": "d"}, "range": {"d": {"gt": 3}}},
        "not a pill",
    ]
    (found,) = read(json.dumps([VIEW, search(filter=pills)])).searches
    assert [(pill.field, pill.negated, dict(pill.query)) for pill in found.filters] == [
        ("a", False, {"match_phrase": {"a": 1}}),
        ("b", True, {"exists": {"field": "b"}}),
        ("d", False, {"range": {"d": {"gt": 3}}}),
    ]


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        ([VIEW, {"type": "search"}], "needs a `type` and `attributes`"),
        ([VIEW, 3], "needs a `type` and `attributes`"),
        (
            [VIEW, {"type": "search", "id": "x", "attributes": {"title": "X"}}],
            "no `kibanaSavedObjectMeta.searchSourceJSON`",
        ),
        ([VIEW, {**search(), "attributes": {**search()["attributes"], "title": ""}}], "has no title"),
        ([VIEW, {"type": "index-pattern", "id": "v", "attributes": {}}], "data view `v` has no title"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(objects, says):
    configuration = Configuration.of_texts({FILE: "[\n" + ",\n".join(json.dumps(o) for o in objects) + "\n]"})
    (error,) = configuration.complaints
    assert says in error.message
    assert error.at is not None
    assert (error.at.file, error.at.line) == (FILE, 3)


def test_broken_json_within_json_is_placed():
    broken = search()
    broken["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"] = '{"query": {"query": "a: b",}'
    text = "[\n" + json.dumps(VIEW) + ",\n" + json.dumps(broken) + "\n]"
    (error,) = Configuration.of_texts({FILE: text}).complaints
    assert "`searchSourceJSON` holds broken JSON" in error.message
    assert error.at is not None
    assert error.at.line == 3
    assert text.split("\n")[2][: error.at.column].count("a: b") == 1


@pytest.mark.parametrize(
    ("title", "names", "expected"),
    [
        ("logs", ["logs"], True),
        ("logs-*", ["logs"], False),
        ("logs-*", ["logs-0*"], True),
        ("*-2026", ["logs-*"], True),
        ("logs-a*", ["logs-b*"], False),
        ("a,logs", ["logs"], True),
        ("logs*,-logs-x", ["logs-x"], False),
        ("", ["logs"], False),
    ],
)
def test_what_a_title_means(title, names, expected):
    assert matches(title, names) is expected


def test_a_title_of_many_asterisks_is_no_endless_task():
    assert matches("*a" * 40 + "*", ["*b" * 40 + "*"]) is True
    assert matches("*a" * 40 + "c", ["*b" * 40 + "d"]) is False


def test_the_mapping_is_that_of_the_matching_templates_and_the_data_view():
    def template(pattern: str, field: str) -> str:
        body = {"mappings": {"properties": {field: {"type": "keyword"}}}}
        return json.dumps({"index_patterns": [pattern], "template": body})

    files = {"a.json": template("logs-0*", "a"), "b.json": template("other-*", "b"), FILE: json.dumps([VIEW, search()])}
    configuration = Configuration.of_texts(files)
    (document,) = configuration.of(Searches)
    templates = configuration.of(IndexTemplate)
    assert [t.file for t in templates_of("logs-*", templates)] == ["a.json"]
    expected = {"properties": {"a": {"type": "keyword"}}, "runtime": {"hour": {"type": "long"}}}
    assert mapping_of(document.searches[0], templates) == expected


def test_random_shapes_are_read_or_complained_about():
    chance = random.Random(5)
    strange = [None, 3, "x", [], {}, True, [[]], {"a": {}}]
    for _ in range(400):
        mangled = json.loads(json.dumps([VIEW, search()]))
        for _ in range(3):
            holder = chance.choice([*mangled, *(o.get("attributes", {}) for o in mangled if isinstance(o, dict))])
            if isinstance(holder, dict) and holder:
                holder[chance.choice([*holder])] = chance.choice(strange)
        configuration = Configuration.of_texts({FILE: json.dumps(mangled), "template.json": TEMPLATE})
        for check in discover("harness.checks.searches", Check):
            for document in configuration.of(Searches) if check.subject is Searches else ():
                for outcome in check().examine(document, Context(configuration)):
                    assert isinstance(outcome, Finding)
