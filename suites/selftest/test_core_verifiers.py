"""The verifiers of the stack itself and of retention, on histories written as literals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.checks.retention.lifecycle import DAY, Lifecycle
from harness.checks.retention.rollover import Rollover
from harness.checks.retention.settings import Settings
from harness.checks.stack.accepted import Accepted
from harness.checks.stack.alive import Alive
from harness.checks.stack.booted import Booted
from harness.checks.stack.completed import Completed
from harness.checks.stack.setup_time import SetupTime
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.judging import beyond_reach, judge
from harness.model import History, Judgement, Level, Observation, Position, Verdict

COMPOSE = """services:
  prometheus:
    image: prom/prometheus:v3
    command: [--storage.tsdb.retention.time=15d]
  prometheus-node:
    image: x:1
  elasticsearch:
    image: x:1
"""
TEMPLATE = json.dumps({"index_patterns": ["logs-*"], "template": {"settings": {"number_of_shards": 7}}})
FIXTURES = {
    "baselines": {
        "baselines": [
            {"id": "setup", "limit": 30},
            {"id": "retention", "limit": 30, "metrics_days": 15, "shards": 7},
        ]
    },
    "deployment": {
        "elasticsearch": {
            "install": [{"put": "/_ilm/policy/logs", "file": "ilm.json", "part": "lifecycle", "logs": True}]
        }
    },
}
TEXTS = {"docker-compose.yml": COMPOSE, "config/template.json": TEMPLATE}


def judged(check: type[Check], *seen: Observation, texts: dict[str, str] | None = None) -> Judgement:
    documents = Configuration.of_texts(TEXTS if texts is None else texts)
    levels = {"prometheus": Level.NATIVE, "elasticsearch": Level.NATIVE}
    return judge(check(), History.of(*seen), Context(documents, FIXTURES, levels))


def seen(kind: str, subject: str, **data: Any) -> Observation:
    return Observation(1.0, kind, subject, data)


def messages(judgement: Judgement) -> list[str]:
    return [finding.message for finding in judgement.findings]


@pytest.mark.parametrize("check", [Alive, Booted, Completed, SetupTime, Accepted, Settings, Lifecycle, Rollover])
def test_without_a_recording_nothing_is_proven(check):
    judgement = judged(check)
    assert judgement.verdict is Verdict.UNKNOWN
    assert not beyond_reach(judgement)


@pytest.mark.parametrize("check", [Alive, Booted, Completed, SetupTime, Accepted, Settings, Rollover])
def test_without_a_configuration_nothing_crashes(check):
    for observation in HEALTHY:
        assert not judged(check, observation, texts={}).reason.startswith("the check itself failed")


BOOT = (seen("boot", "prometheus", service="prometheus"), seen("boot", "elasticsearch", service="elasticsearch"))
HEALTHY = (*BOOT, seen("healthy", "stack", seconds=90.0, instances=["elasticsearch", "prometheus"]))


class TestAlive:
    def test_all_lived(self):
        judgement = judged(Alive, *BOOT)
        assert (judgement.verdict, judgement.reason) == (Verdict.PASS, "2 of 2 instances lived to the end")

    def test_a_death_is_found_at_its_service_with_its_log(self):
        died = seen(
            "service-died", "prometheus", service="prometheus", how="killed by SIGKILL", log="logs/p.log", tail=""
        )
        judgement = judged(Alive, *BOOT, died)
        assert (judgement.verdict, judgement.proofs[0].statement) == (Verdict.FAIL, "1 of 2 instances lived to the end")
        assert messages(judgement) == ["prometheus killed by SIGKILL during the run; its log: logs/p.log"]
        assert judgement.findings[0].position == Position("docker-compose.yml", 2, 3, 10)


class TestBooted:
    def failed(self, message: str, at: str = "") -> Judgement:
        return judged(Booted, *BOOT, seen("boot-failed", "stack", message=message, hint="| the log", at=at))

    def test_a_healthy_stack_passes(self):
        assert judged(Booted, *HEALTHY).reason == "2 instances ready 90.0 s after the start of the run"

    def test_what_did_not_come_up_is_found_where_the_error_says(self):
        judgement = self.failed("web mounts ./x, which does not exist", "docker-compose.yml:7:9")
        assert judgement.verdict is Verdict.FAIL
        assert judgement.findings[0].position == Position("docker-compose.yml", 7, 9)
        assert judgement.reason == "web mounts ./x, which does not exist: | the log"

    @pytest.mark.parametrize(
        ("message", "line"),
        [
            ("prometheus exited with status 2 before it was ready", 2),
            ("prometheus-wave-1 exited with status 2 before it was ready", 2),
            ("prometheus-node killed by SIGKILL before it was ready", 5),
            ("waited 120 s for elasticsearch to be ready (http://127.0.0.1:1/); last seen: HTTP 503", 7),
            ("waited 30 s for prometheus to discover its Alertmanager", 2),
            ("the machine has no memory left", 1),
        ],
    )
    def test_otherwise_at_the_service_it_names_not_at_one_that_came_up(self, message, line):
        assert self.failed(message).findings[0].position.line == line

    def test_booted_but_never_healthy_is_unknown(self):
        assert judged(Booted, *BOOT).verdict is Verdict.UNKNOWN


class TestCompleted:
    def test_every_exercise_ended(self):
        assert (
            judged(Completed, seen("exercise", "logs", failed=""), seen("exercise", "searches", failed="")).verdict
            is Verdict.PASS
        )

    def test_one_that_broke_off_is_unknown_and_says_why(self):
        judgement = judged(
            Completed, seen("exercise", "logs", failed=""), seen("exercise", "searches", failed="no answer")
        )
        assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, "searches broke off: no answer")


class TestSetupTime:
    @pytest.mark.parametrize(("minutes", "verdict"), [(0.1, Verdict.PASS), (30, Verdict.PASS), (30.1, Verdict.FAIL)])
    def test_thirty_minutes_are_the_limit(self, minutes, verdict):
        judgement = judged(SetupTime, *BOOT, seen("healthy", "stack", seconds=minutes * 60, instances=["a"]))
        assert judgement.verdict is verdict
        assert (judgement.proofs[0].value, judgement.proofs[0].limit) == (pytest.approx(minutes), 30)
        assert judgement.level is Level.NATIVE


class TestAccepted:
    def put(
        self, status: int | None, answer: str = "", part: str = "template", left_out: tuple[str, ...] = ()
    ) -> Observation:
        return seen(
            "install", "/_x", file="config/template.json", part=part, status=status, answer=answer, left_out=left_out
        )

    def test_everything_accepted(self):
        judgement = judged(Accepted, self.put(200), self.put(201))
        assert (judgement.verdict, judgement.reason) == (Verdict.PASS, "2 of 2 artifacts accepted")

    @pytest.mark.parametrize("status", [400, 500, None, 301])
    def test_a_refusal_is_found_at_the_file_in_elasticsearchs_words(self, status):
        judgement = judged(Accepted, self.put(200), self.put(status, "unknown setting [index.x]"))
        assert judgement.verdict is Verdict.FAIL
        assert judgement.findings[0].position.file == "config/template.json"
        assert "unknown setting [index.x]" in judgement.reason

    def test_what_was_left_out_needs_a_container(self):
        judgement = judged(Accepted, self.put(200, left_out=("index.lifecycle.name = p",)))
        assert judgement.gaps[0].needs is Level.CONTAINER
        assert "index.lifecycle.name = p" in judgement.gaps[0].reason

    def test_a_module_that_is_missing_is_no_refusal(self):
        judgement = judged(Accepted, self.put(400, "no handler found for uri [/_ilm]", "lifecycle"))
        assert judgement.findings == ()
        assert beyond_reach(judgement)

    def test_no_handler_for_anything_else_is_a_refusal(self):
        assert judged(Accepted, self.put(400, "no handler found for uri [/x]")).verdict is Verdict.FAIL


def kept(retention: str = "15d", **shards: int) -> tuple[Observation, ...]:
    there = shards or {"logs-1": 7}
    return (
        seen("retention-setting", "prometheus", retention=retention),
        seen("retention-setting", "elasticsearch", shards=there),
    )


class TestSettings:
    @pytest.mark.parametrize("retention", ["15d", "360h", "2w1d"])
    def test_as_documented(self, retention):
        assert judged(Settings, *kept(retention)).verdict is Verdict.PASS

    @pytest.mark.parametrize(("retention", "days"), [("7d", "7"), ("30d", "30"), ("0s", "0"), ("", "0")])
    def test_metrics_kept_otherwise_are_found_at_the_command(self, retention, days):
        judgement = judged(Settings, *kept(retention))
        assert messages(judgement) == [f"Prometheus keeps metrics {days} d, documented are 15 d"]
        assert judgement.findings[0].position.file == "docker-compose.yml"
        assert judgement.findings[0].position.line == 4

    def test_an_index_with_other_shards_is_found_at_the_template(self):
        judgement = judged(Settings, *kept(a=7, b=1))
        assert messages(judgement) == ["b has 1 shards, documented are 7"]
        assert judgement.findings[0].position.file == "config/template.json"

    @pytest.mark.parametrize("half", [0, 1])
    def test_half_of_it_asked_is_unknown(self, half):
        assert judged(Settings, kept()[half]).verdict is Verdict.UNKNOWN


class TestLifecycle:
    def policies(self, answer: Any, status: int = 200, **acted: Any) -> Judgement:
        asked = seen("retention-setting", "lifecycle", status=status, answer=json.dumps(answer))
        return judged(Lifecycle, asked, *((seen("lifecycle-acted", "logs", **acted),) if acted else ()))

    def acted(self, **changed: Any) -> dict[str, Any]:
        as_documented = {"kept_seconds": 30 * DAY, "gone_seconds": 3.0, "younger_left": True, "step": "", "why": ""}
        return {**as_documented, **changed}

    def held(self, age: str) -> dict[str, Any]:
        return {"logs": {"policy": {"phases": {"delete": {"min_age": age}}}}, "other": {"policy": {"phases": {}}}}

    @pytest.mark.parametrize("age", ["30d", "720h"])
    def test_thirty_days(self, age):
        judgement = self.policies(self.held(age), **self.acted())
        assert (judgement.verdict, judgement.proofs[0].value) == (Verdict.PASS, 30)
        assert judgement.reason == "policy logs deletes logs after 30 d, and deleted an index of 31 d in 3 s"

    @pytest.mark.parametrize(
        ("acted", "says"),
        [
            ({}, "lifecycle management was not seen to act under policy logs"),
            ({"error": "an index could not be made: 403"}, "an index could not be made: 403"),
        ],
    )
    def test_a_policy_that_was_not_seen_to_act_is_unknown(self, acted, says):
        judgement = self.policies(self.held("30d"), **acted)
        assert (judgement.verdict, [gap.reason for gap in judgement.gaps]) == (Verdict.UNKNOWN, [says])

    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            (
                {"gone_seconds": None, "step": "wait-for-shard-history-leases", "why": "a follower reads"},
                "an index of 31 d is not deleted under logs: it stands at wait-for-shard-history-leases: "
                "a follower reads",
            ),
            ({"younger_left": False}, "an index of 29 d is deleted under logs, a day too early"),
        ],
    )
    def test_a_policy_that_acts_otherwise_is_found_at_the_file(self, changed, says):
        judgement = self.policies(self.held("30d"), **self.acted(**changed))
        assert messages(judgement) == [says]
        assert judgement.findings[0].position.file == "ilm.json"

    @pytest.mark.parametrize(
        "answer",
        [{}, {"logs": {"policy": {"phases": {}}}}, {"logs": {"policy": {"phases": {"delete": {"min_age": "7d"}}}}}],
    )
    def test_any_other_is_found_at_the_file(self, answer):
        judgement = self.policies(answer)
        assert judgement.verdict is Verdict.FAIL
        assert judgement.findings[0].position.file == "ilm.json"

    def test_a_build_without_lifecycle_management_needs_a_container(self):
        judgement = self.policies({}, 400)
        assert judgement.gaps[0].needs is Level.CONTAINER
        assert beyond_reach(judgement)


class TestRollover:
    def rolled(self, status: int = 200, **changed: Any) -> Judgement:
        before = {"shards": {"logs-1": 7}, "written": ["logs-1"], "documents": 10}
        after = {"shards": {"logs-1": 7, "logs-2": 7}, "written": ["logs-2"], "documents": 10, **changed}
        return judged(Rollover, seen("rollover", "logs", status=status, answer="why", before=before, after=after))

    def test_a_new_index_after_the_template_and_nothing_lost(self):
        judgement = self.rolled()
        assert (judgement.verdict, judgement.reason) == (
            Verdict.PASS,
            "logs rolled over to logs-2; 10 of 10 documents still shown",
        )

    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            ({"status": 400}, "logs does not roll over (400): why"),
            ({"shards": {"logs-1": 7}}, "new are []"),
            ({"written": ["logs-1"]}, "writes to ['logs-1'], new are ['logs-2']"),
            ({"written": ["logs-1", "logs-2"]}, "writes to ['logs-1', 'logs-2']"),
            ({"written": []}, "writes to []"),
            ({"shards": {"logs-1": 7, "logs-2": 1}}, "logs-2 has 1 shards: the template does not match its name"),
            ({"documents": 9}, "logs shows 9 documents after the rollover, 10 before"),
        ],
    )
    def test_anything_else_is_found_at_the_template(self, changed, says):
        judgement = self.rolled(**changed)
        assert judgement.verdict is Verdict.FAIL
        assert says in judgement.reason
        assert judgement.findings[0].position.file == "config/template.json"
