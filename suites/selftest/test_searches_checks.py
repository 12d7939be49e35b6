"""The verifiers of the searches suite, on histories written as literals."""

from __future__ import annotations

import json

import pytest

from harness.checks.searches.access import Access
from harness.checks.searches.hits import Hits
from harness.checks.searches.log_query import LogQuery, quantile, spread
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.judging import judge
from harness.model import History, Level, Observation, Verdict

SEARCHES = "config/kibana/saved-searches.json"
PIPELINE = "config/logstash.conf"
BASELINES = {"baselines": {"baselines": [{"id": "log-query", "limit": 5, "unit": "s"}]}}
LEVELS = {
    "elasticsearch": Level.NATIVE,
    "filebeat": Level.NATIVE,
    "logstash": Level.STAND_IN,
    "kibana": Level.STAND_IN,
    "world": Level.STAND_IN,
}


def saved(*titles: str, kql: str = "toolName: *") -> str:
    source = json.dumps({"query": {"query": kql, "language": "kuery"}})
    made = [
        {
            "type": "search",
            "id": title,
            "attributes": {"title": title, "kibanaSavedObjectMeta": {"searchSourceJSON": source}},
        }
        for title in titles
    ]
    return "[\n" + ",\n".join(json.dumps(search) for search in made) + "\n]\n"


def context(*titles: str, pipeline: str = "filter { }", **more: str) -> Context:
    texts = {SEARCHES: saved(*titles), PIPELINE: pipeline, **more}
    return Context(Configuration.of_texts(texts), BASELINES, LEVELS)


def found(
    title: str, hits: int, expected: int | None = None, missing: tuple[str, ...] = (), **more: object
) -> Observation:
    data = {"hits": hits, "index": "logs", **more}
    if expected is not None:
        unexpected = tuple(str(data.pop("unexpected", "")).split())
        data |= {"expected": expected, "missing": [*missing], "missing_count": len(missing)}
        data |= {"unexpected": [*unexpected], "unexpected_count": len(unexpected)}
    return Observation(0.0, "search", title, data)


def opened(title: str, seconds: float, hits: int = 3, **more: object) -> Observation:
    return Observation(0.0, "search-time", title, {"view": "discover", "seconds": seconds, "hits": hits, **more})


CORPUS = Observation(0.0, "search-corpus", "logs", {"documents": 20_480, "shards": 7, "days": 0.25})


# hits


def test_exact_hits_are_proven_at_the_level_of_the_weakest_service():
    judged = judge(Hits(), History.of(found("A", 3, 3), found("B", 5, 5)), context("A", "B"))
    assert (judged.verdict, judged.level) == (Verdict.PASS, Level.STAND_IN)
    assert judged.reason == "2 of 2 saved searches find exactly what they should, 8 hits in all"


def test_a_search_never_asked_is_unknown():
    judged = judge(Hits(), History.of(found("A", 3, 3)), context("A", "B"))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "`B` was never asked")


def test_no_history_and_no_search_are_unknown():
    assert judge(Hits(), History.of(), context("A")).verdict is Verdict.UNKNOWN
    assert judge(Hits(), History.of(), context()).verdict is Verdict.UNKNOWN


def test_without_ground_truth_it_is_unknown():
    judged = judge(Hits(), History.of(found("A", 3)), context("A"))
    assert judged.verdict is Verdict.UNKNOWN
    assert "nothing says what it should find" in judged.reason


def test_expecting_nothing_and_finding_nothing_proves_nothing():
    assert judge(Hits(), History.of(found("A", 0, 0)), context("A")).verdict is Verdict.UNKNOWN


def test_expecting_nothing_and_finding_something_fails():
    judged = judge(Hits(), History.of(found("A", 1, 0, unexpected="e-1")), context("A"))
    assert judged.verdict is Verdict.FAIL
    assert "finds 1 it should not, e-1" in judged.reason


def test_missing_hits_that_never_arrived_are_said_to_be_lost():
    judged = judge(Hits(), History.of(found("A", 1, 3, ("e-1", "e-2"), examined=2, present=0)), context("A"))
    assert judged.verdict is Verdict.FAIL
    assert judged.reason == (
        "`A` finds 1 of the 3 it should: e-1, e-2 missing; none of them is in the index, so they were lost on the way"
    )
    assert judged.findings[0].position.line == 2
    assert judged.findings[0].position.file == SEARCHES


@pytest.mark.parametrize(
    ("pipeline", "line"),
    [
        ('filter {\n  mutate { remove_field => ["x", "toolName"] }\n}', 2),
        ('filter {\n  mutate { remove_field => "toolName" }\n}', 2),
        ('filter {\n  json {\n    source => "message"\n    remove_field => [ "[a][b]",\n      "toolName" ]\n  }\n}', 5),
        ("filter {\n  prune { blacklist_names => ['toolName'] }\n}", 2),
        ('filter {\n  mutate { rename => { "toolName" => "tool" } }\n}', 2),
        ('filter {\n  mutate { remove_field => ["[toolName]"] }\n}', 2),
    ],
)
def test_a_field_the_pipeline_takes_away_is_placed_there(pipeline, line):
    lost = found("A", 0, 1, ("e-1",), examined=1, present=1, lacking=["toolName"])
    judged = judge(Hits(), History.of(lost), context("A", pipeline=pipeline))
    assert [(place.file, place.line) for place in judged.findings[0].also] == [(PIPELINE, line)]
    assert f"the pipeline takes it away at {PIPELINE}:{line}:" in judged.reason


def test_a_field_lost_without_being_named_points_to_where_lines_are_parsed():
    lost = found("A", 0, 1, ("e-1",), examined=1, present=1, lacking=["toolName"])
    pipeline = 'filter {\n  mutate { remove_field => ["toolNames"] }\n  json { source => "message" target => "doc" }\n}'
    judged = judge(Hits(), History.of(lost), context("A", pipeline=pipeline))
    assert f"lines are parsed at {PIPELINE}:3:3" in judged.reason


def test_documents_that_have_the_fields_are_the_querys_fault():
    lost = found("A", 2, 3, ("e-1",), examined=1, present=1, lacking=[])
    assert "so it is the query" in judge(Hits(), History.of(lost), context("A")).reason


def test_a_count_that_is_not_the_hits_fails():
    history = History.of(found("A", 3, 3), opened("A", 0.1, hits=4))
    judged = judge(Hits(), history, context("A"))
    assert judged.verdict is Verdict.FAIL
    assert "has 3 hits, but the discover view counts 4" in judged.reason


def test_a_search_that_could_not_be_asked_fails():
    broken = Observation(0.0, "search", "A", {"error": "Elasticsearch answered 400"})
    assert "could not be asked" in judge(Hits(), History.of(broken), context("A")).reason


def test_a_table_with_wrong_rows_fails():
    wrong = [{"row": "/a", "counted": 3, "expected": 4}]
    table = Observation(0.0, "search-table", "A", {"rows": 2, "error": 0, "wrong_count": 1, "wrong": wrong})
    judged = judge(Hits(), History.of(found("A", 3, 3), table), context("A"))
    assert judged.reason == "the table of `A` is wrong in 1 of 2 rows: `/a` shows 3 and should show 4"


def test_a_table_with_right_rows_passes_and_a_broken_one_fails():
    table = Observation(0.0, "search-table", "A", {"rows": 2, "error": 0, "wrong_count": 0, "wrong": []})
    assert judge(Hits(), History.of(found("A", 3, 3), table), context("A")).verdict is Verdict.PASS
    broken = Observation(0.0, "search-table", "A", {"error": "Elasticsearch answered 400"})
    assert judge(Hits(), History.of(found("A", 3, 3), broken), context("A")).verdict is Verdict.FAIL


# log-query


def test_fast_openings_pass_and_say_over_what():
    history = History.of(CORPUS, *(opened("A", 0.01 * n, cold=n == 1) for n in range(1, 101)))
    judged = judge(LogQuery(), history, context("A"))
    assert (judged.verdict, judged.baseline, judged.level) == (Verdict.PASS, "log-query", Level.STAND_IN)
    proof = judged.proofs[0]
    assert (proof.value, proof.limit, proof.unit, proof.samples) == (pytest.approx(0.95), 5.0, "s", 100)
    assert "over 20,480 documents in 7 shards that span 0.2 days" in proof.statement
    assert "cold p95 0.01 s of 1; warm p95 0.96 s of 99" in proof.statement


def test_slow_openings_fail_at_the_slowest_search():
    history = History.of(CORPUS, *(opened("A", 0.1) for _ in range(60)), *(opened("B", 6.0) for _ in range(60)))
    judged = judge(LogQuery(), history, context("A", "B"))
    assert judged.verdict is Verdict.FAIL
    assert (judged.findings[0].position.line, "slowest is `B`" in judged.reason) == (3, True)


def test_a_few_openings_are_no_p95():
    assert judge(LogQuery(), History.of(CORPUS, opened("A", 0.1)), context("A")).verdict is Verdict.UNKNOWN


def test_a_search_never_opened_is_unknown():
    judged = judge(LogQuery(), History.of(CORPUS, *(opened("A", 0.1) for _ in range(120))), context("A", "B"))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "`B` was never opened")


@pytest.mark.parametrize(
    "failed", [{"error": "no answer"}, {"seconds": 0.1, "hits": 3, "failures": ["shard 2 is gone"]}]
)
def test_an_opening_that_fails_is_no_fast_one(failed):
    broken = Observation(0.0, "search-time", "A", failed)
    judged = judge(LogQuery(), History.of(CORPUS, *(opened("A", 0.1) for _ in range(120)), broken), context("A"))
    assert judged.verdict is Verdict.FAIL
    assert "did not open 1 of 121 times" in judged.reason


def test_quantiles_are_values_that_were_seen():
    values = [float(n) for n in range(1, 101)]
    assert quantile(values, 0.95) == 95.0
    assert quantile([7.0], 0.95) == 7.0
    low, high = spread(values, 0.95)
    assert low <= 95.0 <= high
    assert low == 90.0


# access

REFUSED = {
    "anonymous read": 401,
    "anonymous write": 401,
    "wrong password": 401,
    "reader read": 200,
    "reader write": 403,
    "reader delete": 403,
    "reader administration": 403,
}


def tried(**changed: int) -> History:
    return History.of(
        Observation(
            0.0, "access", "logs", {**REFUSED, **{name.replace("_", " "): got for name, got in changed.items()}}
        )
    )


def test_refusals_are_proven_natively():
    judged = judge(Access(), tried(), context("A"))
    assert (judged.verdict, judged.level, judged.proofs[0].samples) == (Verdict.PASS, Level.NATIVE, 6)


def test_nobody_trying_is_unknown():
    assert judge(Access(), History.of(), context("A")).verdict is Verdict.UNKNOWN


def test_a_server_that_refuses_everybody_proves_nothing():
    judged = judge(Access(), tried(reader_read=401), context("A"))
    assert judged.verdict is Verdict.UNKNOWN
    assert "not let in (HTTP 401)" in judged.reason


@pytest.mark.parametrize(
    ("changed", "says", "place"),
    [
        ({"anonymous_read": 200}, "without a password can read", ("config/elasticsearch.yml", 2)),
        ({"reader_write": 409}, "a reader of the logs can write", ("config/elasticsearch/roles.yml", 3)),
        ({"reader_delete": 409}, "can delete", ("config/elasticsearch/roles.yml", 3)),
        ({"reader_administration": 200}, "can administer", ("config/elasticsearch/roles.yml", 3)),
    ],
)
def test_what_is_let_in_fails_where_it_should_have_been_refused(changed, says, place):
    files = {
        "config/elasticsearch.yml": "cluster.name: a\nxpack.security.enabled: false\n",
        "config/elasticsearch/roles.yml": "writer:\n  cluster: [monitor]\nlog_reader:\n  cluster: [all]\n",
    }
    judged = judge(Access(), tried(**changed), context("A", **files))
    assert judged.verdict is Verdict.FAIL
    assert says in judged.reason
    assert (judged.findings[0].position.file, judged.findings[0].position.line) == place


def test_an_answer_that_tells_nothing_is_unknown():
    assert judge(Access(), tried(reader_write=503), context("A")).verdict is Verdict.UNKNOWN
