"""The exercise of the searches suite against a stand-in for the server: what it records, and that it ends."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.documents.configuration import Configuration
from harness.errors import StackError
from harness.probes.search import Corpus, Counted, Opened

PATH = Path(__file__).parents[1] / "searches" / "exercise.py"
TEMPLATE = json.dumps(
    {"index_patterns": ["logs"], "mappings": {"properties": {"a": {"type": "keyword"}, "b": {"type": "keyword"}}}}
)


@pytest.fixture
def suite():
    spec = importlib.util.spec_from_file_location("searches_exercise", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def saved(title: str) -> dict[str, Any]:
    view = {"id": "v", "title": "logs", "timeFieldName": "@timestamp"}
    source = {"query": {"query": "a: * and b: x", "language": "kuery"}, "index": view}
    return {
        "type": "search",
        "id": title,
        "attributes": {"title": title, "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)}},
    }


class Recording:
    """A recorder that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, Mapping[str, Any]]] = []

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        json.dumps(data)
        self.kept.append((kind, subject, data))

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [data for found, _, data in self.kept if found == kind]


class Answers:
    """A conversation with canned answers."""

    found = frozenset({"e-1", "e-9"})
    broken = False

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def corpus(self, *_: object) -> Corpus:
        return Corpus(9, 7, 0.0, 86400.0)

    def fields(self, _: str, names: Any) -> dict[str, Any]:
        return {name: {"types": ["keyword"], "searchable": True, "aggregatable": True} for name in names if name != "c"}

    def by_hour(self, *_: object) -> dict[int, int]:
        if self.broken:
            raise StackError("does not answer")
        return {0: 2, 3600: 1}

    def number(self, *_: object) -> int:
        return 2

    def samples(self, *_: object) -> list[dict[str, Any]]:
        return [{"eventId": "e-1"}]

    def trifle(self, _: str) -> float:
        return 0.002

    def ids(self, *_: object) -> frozenset[str]:
        if self.broken:
            raise StackError("does not answer")
        return self.found

    def holding(self, index: str, fields: tuple[str, ...], ids: tuple[str, ...]) -> dict[str, int]:
        return {"": len(ids), "a": 0, "b": len(ids)}

    def clear_caches(self, *_: object) -> bool:
        return True

    def ask(self, *_: object) -> Opened:
        return Opened(2, ("e-1",), 3, 0.1, 0.05)

    def count(self, *_: object) -> Counted:
        return Counted(6, (("x", 2), ("y", 4)), 0, 1, 0.1)


TABLE = {
    "type": "visualization",
    "id": "t",
    "attributes": {
        "title": "T",
        "savedSearchRefName": "r",
        "visState": json.dumps({"aggs": [{"id": "2", "type": "terms", "params": {"field": "a"}}]}),
    },
    "references": [{"name": "r", "type": "search", "id": "A"}],
}


INCIDENTS = (
    SimpleNamespace(name="too early", begins_ms=1, ends_ms=3, share=0.5),
    SimpleNamespace(name="amid a deployment", begins_ms=6, ends_ms=9, share=0.5),
    SimpleNamespace(name="told of", begins_ms=10, ends_ms=20, share=0.5),
)


class World(SimpleNamespace):
    """A world in which search A must find e-1 and e-2 in the first hour, and another in the second."""

    def __init__(self) -> None:
        truth = SimpleNamespace(
            ends=30 * 86400.0,
            multiplier=40,
            story=SimpleNamespace(plan=SimpleNamespace(incidents=INCIDENTS, deploys_ms=(7,), metrics_begin_ms=4)),
            searches={title: {} for title in "ABCDE"},
            search_by_hour=lambda *_: {0: 2, 3600: 2},
            search_ids=lambda *_: frozenset({"e-1", "e-2"}),
        )
        built = SimpleNamespace(key=SimpleNamespace(scale=9), about={"lines": 9, "dead_letters": 0, "lost": 0})
        fixtures = {
            "deployment": {"logs": {"alias": "logs"}},
            "story": {"lines_per_second": 10},
            "searches": {"same": {"failed": {"kql": "a: x", "promql": "sum(x)"}}},
        }
        super().__init__(truth=truth, built=built, full_scale=1000, folder=Path("/nonexistent"), fixtures=fixtures)


class Nobody:
    """A crowd of none."""

    def __init__(self, *_: object) -> None:
        pass

    @contextmanager
    def at_work(self, *_: object) -> Any:
        yield SimpleNamespace(searched=3, indexed=40, failed=[])


def stack(*titles: str, truth: Any = None, superuser: bool = True) -> Any:
    def auth(user: str) -> tuple[str, str]:
        if user == "elastic" and not superuser:
            raise StackError("no such user")
        return user, "secret"

    files = {"s.json": json.dumps([TABLE, *(saved(title) for title in titles)]), "t.json": TEMPLATE}
    return SimpleNamespace(
        configuration=Configuration.of_texts(files),
        url=lambda service: "http://127.0.0.1:9",
        elasticsearch_auth=auth,
        progress=lambda *_: None,
        recall={"logs-truth": truth, "world": World()}.get,
    )


@pytest.fixture
def exercised(suite, monkeypatch):
    monkeypatch.setattr(suite, "Discover", Answers)
    monkeypatch.setattr(suite, "Crowd", Nobody)
    monkeypatch.setattr(suite, "risen", lambda *_: 80.0)
    monkeypatch.setattr(suite, "refusals", lambda *_: {"anonymous read": 401})

    def run(given: Any) -> Recording:
        recording = Recording()
        suite.exercise(given, recording)
        return recording

    return run


def of_corpus(recording: Recording, corpus: str) -> list[Mapping[str, Any]]:
    return [data for data in recording.of("search") if data["corpus"] == corpus]


def test_hits_of_the_live_lines_are_compared_with_the_truth(exercised):
    truth = SimpleNamespace(searches={"A": frozenset({"e-1", "e-2", "e-3"})}, grouped_by={})
    (data,) = of_corpus(exercised(stack("A", truth=truth)), "live")
    assert data == {
        "corpus": "live",
        "hits": 2,
        "index": "logs",
        "expected": 3,
        "missing": ["e-2", "e-3"],
        "missing_count": 2,
        "unexpected": ["e-9"],
        "unexpected_count": 1,
        "examined": 2,
        "present": 2,
        "lacking": ["a"],
    }


def test_rows_further_off_than_elasticsearch_says_are_wrong(exercised):
    truth = SimpleNamespace(searches={"A": frozenset()}, grouped_by={"A": "a"}, groups=lambda _: {"x": 3, "y": 2})
    (data,) = exercised(stack("A", truth=truth)).of("search-table")
    wrong = [{"row": "y", "counted": 4, "expected": 2}]
    assert data == {"rows": 2, "error": 1, "wrong_count": 1, "wrong": wrong}


def test_without_the_logs_suite_only_the_world_is_searched(exercised):
    recording = exercised(stack("A"))
    assert of_corpus(recording, "live") == []
    assert [data["range"] for data in of_corpus(recording, "world")] == ["1 h", "7 d", "30 d"]


def test_hits_in_the_world_are_compared_by_the_hour_and_by_id(exercised):
    data = of_corpus(exercised(stack("A")), "world")[-1]
    assert (data["hits"], data["expected"], data["listed"]) == (3, 4, 2)
    assert (data["missing"], data["unexpected"]) == (["e-2"], ["e-9"])
    assert data["wrong_hours"] == [{"hour": 3600, "counted": 1, "expected": 2}]
    assert data["lacking"] == ["a"]


def test_a_search_that_nothing_is_known_of_expects_nothing(exercised):
    assert all("expected" not in data for data in of_corpus(exercised(stack("Z")), "world"))


def test_thirty_days_are_opened_seven_times_the_first_two_cold_and_then_under_load(exercised):
    timed = exercised(stack("A")).of("search-time")
    grids = [data for data in timed if data["view"] == "discover" and data["range"] == "30 d"]
    assert [data["cold"] for data in grids] == [True, True] + [False] * 7
    assert [data["busy"] for data in grids] == [False] * 7 + [True] * 2
    assert {data["range"] for data in timed} == {"1 h", "7 d", "30 d"}


def test_a_query_with_nothing_to_do_is_asked_before_each_opening(exercised):
    recording = exercised(stack("A"))
    grids = [data for data in recording.of("search-time") if data["view"] == "discover"]
    assert len(recording.of("calibration")) == len(grids)


def test_without_a_superuser_nothing_is_called_cold(exercised):
    assert not any(data["cold"] for data in exercised(stack("A", superuser=False)).of("search-time"))


def test_what_the_indices_say_of_the_fields_is_recorded(exercised):
    (data,) = exercised(stack("A")).of("search-fields")
    assert data["queried"] == ["a", "b"]
    assert set(data["known"]) >= {"a", "b"}


def test_logs_and_metrics_are_asked_the_same_of_incidents_that_both_tell_of(exercised):
    recording = exercised(stack("A"))
    told = [(subject, data) for kind, subject, data in recording.kept if kind == "one-story"]
    assert told == [("told of", {"share": 0.5, "multiplier": 40, "failed": {"logs": 2, "metrics": 80.0}})]


def test_corpus_and_access_are_recorded(exercised):
    recording = exercised(stack("A"))
    made = {"scale": 9, "full_scale": 1000, "lines": 9, "dead_letters": 0, "lost": 0}
    assert recording.of("search-corpus") == [{"documents": 9, "shards": 7, "days": 1.0, **made}]
    assert recording.of("access") == [{"anonymous read": 401}]
    assert recording.of("search-load")[0]["indexed"] == 40


def test_a_server_that_does_not_answer_is_given_up_on(exercised, monkeypatch):
    monkeypatch.setattr(Answers, "broken", True)
    recording = exercised(stack("A", "B", "C", "D", "E"))
    assert [subject for kind, subject, _ in recording.kept if kind == "search"] == ["A", "A", "A"]
    assert recording.of("search-time") == []
