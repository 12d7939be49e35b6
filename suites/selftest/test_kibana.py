"""The suite `kibana` against a double: what it asks, what its verifiers make of it, and faults that must be red."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.checks.kibana.data_views import DataViews
from harness.checks.kibana.export import Export
from harness.checks.kibana.imported import Imported
from harness.checks.kibana.query_language import QueryLanguage
from harness.checks.kibana.searches import SearchesInKibana
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.errors import StackError
from harness.judging import beyond_reach, judge
from harness.languages.kql import Options, to_dsl
from harness.model import History, Judgement, Level, Observation, Verdict
from harness.probes import kibana_discover, kibana_export
from harness.probes.kibana import Kibana
from harness.probes.kibana_export import rison
from harness.probes.search_requests import TimeRange, iso
from suites.selftest.double_kibana import PASSWORD, USER, DoubleKibana, Store, elasticsearch, serving

PATH = Path(__file__).parents[1] / "kibana" / "exercise.py"
SEARCHES = "config/kibana/saved-searches.json"
CHECKS: tuple[type[Check], ...] = (Imported, DataViews, SearchesInKibana, QueryLanguage)
LEVELS = {"kibana itself": Level.CONTAINER, "elasticsearch": Level.CONTAINER}
NOW = time.time()
MAPPING = {
    "properties": {
        "@timestamp": {"type": "date"},
        "level": {"type": "keyword"},
        "path": {"type": "keyword"},
        "status": {"type": "short"},
    }
}
DOCUMENTS = {
    f"e-{n}": {
        "@timestamp": iso(NOW - 60 * n - 60),
        "level": "error" if n % 3 == 0 else "info",
        "path": f"/api/{n}",
        "status": 500 + n,
    }
    for n in range(9)
}
ERRORS = frozenset({"e-0", "e-3", "e-6"})
ALL = frozenset(DOCUMENTS)


def view(name: str = "v", title: str = "logs") -> dict[str, Any]:
    attributes = {"title": title, "timeFieldName": "@timestamp"}
    return {"type": "index-pattern", "id": name, "attributes": attributes, "references": []}


def saved(title: str, kql: str, of: str = "v", columns: tuple[str, ...] = ("level",)) -> dict[str, Any]:
    query = {"query": kql, "language": "kuery"}
    source = {"query": query, "filter": [], "indexRefName": "index"}
    attributes = {"title": title, "columns": [*columns], "sort": [["@timestamp", "desc"]]}
    attributes["kibanaSavedObjectMeta"] = {"searchSourceJSON": json.dumps(source)}
    reference = {"name": "index", "type": "index-pattern", "id": of}
    return {"type": "search", "id": title.lower(), "attributes": attributes, "references": [reference]}


OBJECTS = (view(), saved("Errors", "level: error"), saved("Paths", "path: /api/*", columns=("path", "level")))


class World:
    """A run against the double: the configuration, the stack as the exercise sees it, and what was recorded."""

    def __init__(self, folder: Path, objects: tuple[dict[str, Any], ...] = OBJECTS) -> None:
        texts = {
            SEARCHES: "[\n" + ",\n".join(json.dumps(one) for one in objects) + "\n]\n",
            "docker-compose.yml": "services:\n  kibana:\n    image: kibana:9\n",
            "config/elasticsearch/index-template.json": json.dumps(
                {"index_patterns": ["logs"], "template": {"mappings": MAPPING}}
            ),
            "docs/runbooks/a.md": "# A\n\n```kql\nstatus >= 505\n```\n",
        }
        self.configuration = Configuration.of_texts(texts)
        self.double = DoubleKibana(Store(DOCUMENTS), MAPPING)
        self.importer = lambda: (0, "3 objects imported")
        self.truth: Any = SimpleNamespace(searches={"Errors": ERRORS, "Paths": ALL})
        self.kept: list[Observation] = []
        self.fixtures_folder, self.thorough = folder, True
        kibana = {"user": USER, "importer": ["sh", "import.sh"], "environment": {"P": "{password:elastic}"}}
        self.fixtures: dict[str, Any] = {"deployment": {"kibana": kibana, "logs": {"alias": "logs"}}, "searches": {}}
        cases = {"queries": ["status > 502 and not level: info", "level:("], "forms": []}
        (folder / "kql").mkdir()
        (folder / "kql" / "queries.json").write_text(json.dumps(cases), encoding="utf-8")
        self.urls: dict[str, str] = {}
        self.given: Mapping[str, str] = {}

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        self.kept.append(Observation.from_json(Observation(NOW, kind, subject, data).to_json()))

    def instance(self, name: str) -> Any:
        if name not in self.urls:
            raise StackError(f"{name} is not part of this run")

        def execute(words: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
            self.given = environment
            return self.importer()

        return SimpleNamespace(url=self.urls[name], execute=execute)

    def url(self, name: str) -> str:
        return self.urls[name]

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        return user, PASSWORD

    def recall(self, name: str) -> Any:
        return self.truth

    def progress(self, *_: Any) -> None:
        pass

    def run(self, suite: ModuleType, *, kibana: str = "") -> World:
        """Put the exercise to the double, or to another address."""
        with ExitStack() as open_servers:
            self.urls["elasticsearch"] = open_servers.enter_context(serving(elasticsearch(self.double.store)))
            self.urls["kibana"] = kibana or open_servers.enter_context(serving(self.double.answer))
            suite.exercise(self, self)
        return self

    def judged(self, check: type[Check], **levels: Level) -> Judgement:
        """What a verifier concludes of the recording."""
        context = Context(self.configuration, {"searches": self.fixtures["searches"]}, {**LEVELS, **levels})
        return judge(check(), History(tuple(self.kept)), context)

    def verdicts(self) -> list[Verdict]:
        """Of all four: imported, data views, searches, query language."""
        return [self.judged(check).verdict for check in CHECKS]


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("kibana_exercise", PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "AVAILABLE_SECONDS", 0.0)
    yield module


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def messages(judgement: Judgement) -> str:
    return "\n".join(f"{one.position} {one.message}" for one in judgement.findings)


def test_a_kibana_that_is_right_is_proven_on_its_container(suite, world):
    world.run(suite)
    assert world.verdicts() == [Verdict.PASS] * 4, [messages(world.judged(c)) or world.judged(c).reason for c in CHECKS]
    assert all(world.judged(check).level is Level.CONTAINER for check in CHECKS)
    assert world.judged(Imported).reason == "Kibana 9.2.0 took all 3 saved objects"
    assert world.given == {"P": PASSWORD}
    searches = world.judged(SearchesInKibana).proofs[0]
    assert "2 of 2 saved searches" in searches.statement and "12 hits" in searches.statement
    assert len(searches.values) == 6 and searches.value is not None and 0 < searches.value < 5
    compared = world.judged(QueryLanguage).reason
    assert "2 of cases, 1 of runbooks, 2 of saved searches" in compared
    assert "none differs" in compared and "4 find something, 1 are refused by both" in compared


def test_nothing_counts_but_the_official_image(suite, world):
    world.run(suite)
    for check in (*CHECKS, Export):
        for level in (Level.STAND_IN, Level.NATIVE):
            judgement = world.judged(check, **{"kibana itself": level})
            assert beyond_reach(judgement) and judgement.gaps[0].needs is Level.CONTAINER and not judgement.proofs


@pytest.mark.parametrize("check", (*CHECKS, Export))
def test_an_absent_kibana_costs_nothing_and_is_beyond_this_machine(suite, world, check):
    suite.exercise(world, world)
    assert [one.kind for one in world.kept] == ["kibana-absent"]
    judgement = judge(check(), History(tuple(world.kept)), Context(world.configuration, {}, {"kibana": Level.STAND_IN}))
    assert beyond_reach(judgement) and "in a container of its official image only" in judgement.reason


@pytest.mark.parametrize("check", (*CHECKS, Export))
def test_nothing_recorded_is_unknown_not_pass(world, check):
    judgement = world.judged(check)
    assert judgement.verdict is Verdict.UNKNOWN and not beyond_reach(judgement)


@pytest.mark.parametrize(
    ("level", "says"), [("degraded", "Kibana is degraded, not available"), ("critical", "Kibana is critical")]
)
def test_a_kibana_that_never_becomes_available_is_red_and_nothing_is_taken_for_proven(suite, world, level, says):
    world.double.level = level
    world.run(suite)
    assert world.verdicts() == [Verdict.FAIL, *[Verdict.UNKNOWN] * 3]
    assert says in messages(world.judged(Imported)) and "docker-compose.yml:2" in messages(world.judged(Imported))
    assert not beyond_reach(world.judged(SearchesInKibana))


def test_one_that_becomes_available_in_time_is_waited_for(suite, world, monkeypatch):
    monkeypatch.setattr(suite, "AVAILABLE_SECONDS", 10.0)
    answer, looks = world.double.answer, iter(["degraded", "available"])

    def settling(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if path == "/api/status":
            world.double.level = next(looks)
        return answer(method, path, headers, body)

    monkeypatch.setattr(world.double, "answer", settling)
    assert world.run(suite).verdicts() == [Verdict.PASS] * 4


def test_a_dead_server_says_so(suite, world):
    world.run(suite, kibana="http://127.0.0.1:9")
    assert "Kibana does not answer /api/status" in messages(world.judged(Imported))
    assert world.verdicts() == [Verdict.FAIL, *[Verdict.UNKNOWN] * 3]


def test_a_user_that_kibana_does_not_know_is_named(suite, world):
    world.double.password = "another"
    world.run(suite)
    assert "Kibana does not know the user 'elastic'" in messages(world.judged(Imported))
    assert world.verdicts() == [Verdict.FAIL, Verdict.FAIL, Verdict.FAIL, Verdict.UNKNOWN]
    assert (
        "2 queries" not in world.judged(QueryLanguage).reason and "not answered" in world.judged(QueryLanguage).reason
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/saved_objects", [Verdict.FAIL, Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN]),
        ("/api/data_views", [Verdict.PASS, Verdict.FAIL, Verdict.PASS, Verdict.PASS]),
        ("/api/data_views/data_view", [Verdict.PASS, Verdict.FAIL, Verdict.PASS, Verdict.PASS]),
        ("/internal/search", [Verdict.PASS, Verdict.FAIL, Verdict.FAIL, Verdict.PASS]),
        ("/internal/metrics", [Verdict.PASS, Verdict.PASS, Verdict.PASS, Verdict.UNKNOWN]),
    ],
)
def test_a_page_in_place_of_an_answer_is_told(suite, world, path, expected):
    world.double.html = path
    world.run(suite)
    told = [world.judged(check) for check in CHECKS]
    assert [judgement.verdict for judgement in told] == expected
    bad = next(judgement for judgement in told if judgement.verdict is not Verdict.PASS)
    assert "is not JSON" in bad.reason and "<!DOCTYPE" in bad.reason


class TestImport:
    def test_a_reference_to_nothing_is_told_at_the_object(self, suite, tmp_path):
        world = World(tmp_path, (*OBJECTS, saved("Lost", "level: error", of="gone")))
        judgement = world.run(suite).judged(Imported)
        assert judgement.verdict is Verdict.FAIL
        assert f"{SEARCHES}:5:" in messages(judgement)
        assert "the search `lost`: it refers to index-pattern `gone`, which Kibana does not have" in messages(judgement)

    def test_an_object_that_is_refused_is_told_with_kibanas_reason(self, suite, world):
        world.double.refused = ("paths",)
        judgement = world.run(suite).judged(Imported)
        assert judgement.verdict is Verdict.FAIL and f"{SEARCHES}:4:" in messages(judgement)
        assert "does not take the search `paths`: unsupported type" in messages(judgement)

    def test_the_deployments_importer_is_what_is_tested(self, suite, world):
        world.importer = lambda: (1, "import-saved-searches: no Node.js")
        judgement = world.run(suite).judged(Imported)
        assert judgement.verdict is Verdict.FAIL
        assert "importer (sh import.sh) ends with status 1: import-saved-searches: no Node.js" in messages(judgement)

    def test_an_importer_that_cannot_be_run_leaves_it_open(self, suite, world):
        def importer() -> tuple[int, str]:
            raise StackError("sh could not be run in kibana")

        world.importer = importer
        judgement = world.run(suite).judged(Imported)
        assert judgement.verdict is Verdict.UNKNOWN and "could not be run" in judgement.reason

    def test_fewer_than_were_sent_without_a_reason(self, world):
        world.record("kibana-status", "kibana", {"level": "available", "summary": "", "version": "9"})
        answer = {"sent": 3, "count": 2, "success": True, "refused": []}
        world.record("kibana-import", SEARCHES, answer)
        assert "took 2 of the 3 saved objects" in messages(world.judged(Imported))


class TestDataViews:
    def test_one_that_matches_no_index(self, suite, tmp_path):
        world = World(tmp_path, (*OBJECTS, view("w", "elsewhere-*")))
        judgement = world.run(suite).judged(DataViews)
        assert judgement.verdict is Verdict.FAIL and f"{SEARCHES}:5:" in messages(judgement)
        assert "`elsewhere-*` matches no index" in messages(judgement)

    def test_fields_that_searches_name_and_no_index_has(self, suite, world, tmp_path):
        properties = {name: kind for name, kind in MAPPING["properties"].items() if name != "path"}
        world.double.mapping = {"properties": properties}
        judgement = world.run(suite).judged(DataViews)
        assert judgement.verdict is Verdict.FAIL
        assert "`Paths`: the column `path` is no field of `logs`" in messages(judgement)
        assert "`Paths`: `path` is no field of `logs` in Kibana" in messages(judgement)

    def test_one_that_kibana_does_not_have(self, suite, world):
        world.double.refused = ("v",)
        assert "no data view `v` after the import" in messages(world.run(suite).judged(DataViews))


class TestSearches:
    def test_one_hit_fewer(self, suite, world):
        def spoil(answer: dict[str, Any]) -> dict[str, Any]:
            hits = [hit for hit in answer["hits"]["hits"] if hit["_id"] != "e-3"]
            total = answer["hits"]["total"]["value"] - (answer["hits"]["total"]["value"] in (3, 9))
            return {**answer, "hits": {"total": {"value": total}, "hits": hits}}

        world.double.spoil = spoil
        judgement = world.run(suite).judged(SearchesInKibana)
        assert judgement.verdict is Verdict.FAIL
        assert "`Errors` finds through Kibana 2 of the 3 it should: e-3 missing" in messages(judgement)
        assert re.search(rf"{SEARCHES}:3:\d+ `Errors`", messages(judgement))

    def test_hits_too_many(self, suite, world):
        world.truth.searches["Errors"] = ERRORS - {"e-0"}
        assert "finds through Kibana 1 it should not, e-0" in messages(world.run(suite).judged(SearchesInKibana))

    def test_a_shard_that_fails_makes_half_a_list_and_half_a_list_is_no_answer(self, suite, world):
        reason = {"reason": {"reason": "disk gone"}}
        world.double.spoil = lambda answer: {**answer, "_shards": {"total": 2, "failed": 1, "failures": [reason]}}
        judgement = world.run(suite).judged(SearchesInKibana)
        assert judgement.verdict is Verdict.FAIL and "answered in part only: disk gone" in messages(judgement)

    def test_without_a_truth_nothing_is_proven(self, suite, world):
        world.truth = None
        judgement = world.run(suite).judged(SearchesInKibana)
        assert judgement.verdict is Verdict.UNKNOWN and "nothing says what it should find" in judgement.reason

    def test_a_search_that_is_still_running_is_asked_after(self, suite, world):
        world.double.slow_answers = 2
        with serving(world.double.answer) as url, Kibana(url, (USER, PASSWORD)) as kibana:
            assert len(kibana.search("logs", {"query": {"match_all": {}}})["hits"]["hits"]) == 9
        assert world.double.asked[-1] == "DELETE /internal/search/ese/one"

    def test_more_hits_than_an_answer_holds_are_listed_all_the_same(self, world, monkeypatch):
        monkeypatch.setattr(kibana_discover, "PAGE", 2)
        (document,) = (d for d in world.configuration.documents if d.file == SEARCHES)
        search = next(one for one in document.searches if one.title == "Paths")
        span = TimeRange(NOW - 86400, NOW)
        with serving(world.double.answer) as url, Kibana(url, (USER, PASSWORD)) as kibana:
            assert kibana_discover.ids(kibana, search, MAPPING, span) == ALL
            with pytest.raises(StackError, match="no time to divide them by"):
                timeless = replace(search, data_view=replace(search.data_view, time_field=""))
                kibana_discover.ids(kibana, timeless, MAPPING, span)


class TestExport:
    @pytest.fixture(autouse=True)
    def named(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        monkeypatch.setattr(kibana_export, "LOOK_SECONDS", 0.01)
        world.fixtures["searches"] = {"export": "Errors"}

    def test_a_report_is_waited_for_and_holds_every_hit_once(self, suite, world):
        judgement = world.run(suite).judged(Export)
        assert judgement.verdict is Verdict.PASS, messages(judgement)
        assert "3 rows" in judgement.reason and judgement.level is Level.CONTAINER
        assert "'index':'v'" in world.double.jobs[0] and "'version':'9.2.0'" in world.double.jobs[0]

    @pytest.mark.parametrize(
        ("report", "says"),
        [
            (lambda rows: (200, "\n".join(["@timestamp,_id", *rows[1:]])), "lacks 1 of its hits, e-0"),
            (lambda rows: (200, "\n".join(["@timestamp,_id", *rows, rows[0]])), "1 rows are there more than once"),
            (lambda rows: (200, "\n".join(["@timestamp,_id", *rows, "x,e-1"])), "1 rows that are none, e-1"),
            (lambda rows: (500, '{"message": "Reporting generation failed: no"}'), "Kibana answered 500"),
            (lambda rows: (200, "<!DOCTYPE html>"), "has no column `_id`"),
            (lambda rows: (200, "_id,x\ne-0,1"), "lacks 2 of its hits"),
        ],
    )
    def test_a_report_that_is_not_whole_is_red(self, suite, world, report, says):
        world.double.report = report
        judgement = world.run(suite).judged(Export)
        assert judgement.verdict is Verdict.FAIL and says in messages(judgement)

    def test_one_that_kibana_cut_off(self, world):
        world.record("kibana-status", "kibana", {"level": "available", "summary": "", "version": "9"})
        data = {"rows": 3, "repeated": 0, "cut_off": True, "seconds": 1.0, "missing_count": 0, "unexpected_count": 0}
        world.record("kibana-export", "Errors", data)
        assert "cut off after 3 rows" in messages(world.judged(Export))

    def test_without_a_truth_or_a_report_it_is_open(self, suite, world):
        world.truth = None
        assert world.run(suite).judged(Export).verdict is Verdict.UNKNOWN
        world.fixtures["searches"] = {"export": "Gone"}
        world.kept.clear()
        assert "no saved search is named" in world.run(suite).judged(Export).reason

    def test_rison_is_written_as_kibana_reads_it(self):
        assert rison({"a": [1, True, None, False], "@b": "it's!"}) == "('a':!(1,!t,!n,!f),'@b':'it!'s!!')"


class TestQueryLanguage:
    def differing(self, world: World, kql: str, other: str) -> None:
        def translate(asked: str, mapping: dict[str, Any]) -> dict[str, Any]:
            return to_dsl(other if asked == kql else asked, mapping, Options(time_zone="UTC", current=True))

        world.double.translate = translate

    def test_other_hits_are_told_with_both_answers(self, suite, world):
        self.differing(world, "status >= 505", "status > 505")
        judgement = world.run(suite).judged(QueryLanguage)
        assert judgement.verdict is Verdict.FAIL and len(judgement.findings) == 1
        told = messages(judgement)
        assert "docs/runbooks/a.md:4:1 KQL `status >= 505` finds 3 through Kibana and 4 by ours, only ours e-5" in told
        assert '"gt": "505"' in told and '"gte": "505"' in told

    def test_as_many_but_others_are_a_difference_too(self, suite, world):
        self.differing(world, "level: error", "status <= 502")
        told = messages(world.run(suite).judged(QueryLanguage))
        assert "finds 3 through Kibana and 3 by ours, only Kibana e-1, e-2, only ours e-3, e-6" in told

    def test_another_request_that_finds_the_same_is_a_warning(self, suite, world):
        self.differing(world, "level: error", "level: error and level: *")
        judgement = world.run(suite).judged(QueryLanguage)
        assert judgement.verdict is Verdict.PASS and "1 differ" in judgement.reason
        assert "finds the same 3, but is asked otherwise; Kibana asks" in messages(judgement)

    def test_a_query_that_only_one_side_refuses(self, suite, world):
        self.differing(world, "level: error", "level: (")
        told = messages(world.run(suite).judged(QueryLanguage))
        assert "KQL `level: error`: Kibana refuses it (" in told and "we find 3" in told
        self.differing(world, "level:(", "level: error")
        world.kept.clear()
        told = messages(world.run(suite).judged(QueryLanguage))
        assert "KQL `level:(`: Kibana finds 3, we refuse it (" in told

    def test_empty_indices_prove_nothing(self, suite, world):
        world.double.store.documents = {}
        judgement = world.run(suite).judged(QueryLanguage)
        assert judgement.verdict is Verdict.UNKNOWN and "no query found anything" in judgement.reason

    def test_what_is_left_out_is_counted(self, suite, world):
        world.thorough = False
        assert "1 of the cases left out" in world.run(suite).judged(QueryLanguage).reason


def test_the_double_is_as_strict_as_kibana_about_who_asks_and_whence(world):
    import requests

    with serving(world.double.answer) as url:
        auth = (USER, PASSWORD)
        assert requests.post(f"{url}/api/saved_objects/_import", auth=auth, timeout=5).status_code == 400
        headers = {"kbn-xsrf": "x"}
        assert requests.post(f"{url}/internal/search/ese", auth=auth, headers=headers, timeout=5).status_code == 400
        assert requests.get(f"{url}/api/data_views", timeout=5).status_code == 401
