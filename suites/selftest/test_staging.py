"""A stack that somebody else runs: the file that names it, and the verifiers, on histories written as literals."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from harness import cli
from harness.checks.staging.footprint import Footprint
from harness.checks.staging.routes import StandingRoutes
from harness.checks.staging.rules import LoadedRules
from harness.checks.staging.searches import StandingSearches
from harness.checks.staging.targets import StandingTargets
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.errors import HarnessError
from harness.judging import judge
from harness.languages.promql import same
from harness.launchers import external
from harness.model import History, Judgement, Level, Observation, Verdict

RULES = """groups:
  - name: g
    rules:
      - {alert: Down, expr: 'up{job="web", env="p"} == 0', for: 5m, labels: {severity: critical}}
"""
PROMETHEUS = """scrape_configs:
  - {job_name: web, static_configs: [{targets: ['web:1']}]}
alerting: {alertmanagers: [{static_configs: [{targets: ['am:9093']}]}]}
"""
ALERTMANAGER = """route: {receiver: loud}
receivers:
  - {name: loud, slack_configs: [{channel: '#loud'}], pagerduty_configs: [{routing_key: x}]}
  - {name: quiet, slack_configs: [{channel: '#quiet'}]}
"""
SEARCH = {"id": "s", "type": "search", "attributes": {"title": "Errors", "columns": [], "sort": [],
    "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}})}},
    "references": []}  # fmt: skip
TEXTS = {
    "rules.yml": RULES,
    "prometheus.yml": PROMETHEUS,
    "alertmanager/config.yml": ALERTMANAGER,
    "kibana/searches.json": json.dumps({"objects": [SEARCH]}),
    "docker-compose.yml": "services: {web: {image: 'x:1'}}\n",
}
FIXTURES = {"routing": {"severities": {"critical": {"channels": ["slack #loud", "pagerduty"]}}}}
LEVELS = {"prometheus": Level.NATIVE, "alertmanager": Level.NATIVE, "elasticsearch": Level.NATIVE}


def judged(check: type[Check], *seen: Observation) -> Judgement:
    return judge(check(), History.of(*seen), Context(Configuration.of_texts(TEXTS), FIXTURES, LEVELS))


def seen(kind: str, subject: str, **data: Any) -> Observation:
    return Observation(1.0, kind, subject, data)


@pytest.mark.parametrize("check", [Footprint, LoadedRules, StandingRoutes, StandingSearches, StandingTargets])
def test_nothing_seen_is_unknown(check):
    assert judged(check).verdict is Verdict.UNKNOWN


class TestRules:
    GOOD: ClassVar[dict[str, Any]] = {
        "type": "alerting", "query": 'up{env="p",job="web"} == 0', "duration": 300, "labels": {"severity": "critical"},
        "health": "ok", "lastError": "",
    }  # fmt: skip

    def rule(self, name: str = "Down", **other: Any) -> Observation:
        return seen("loaded-rule", name, **(self.GOOD | other))

    def test_what_is_under_test_is_loaded(self):
        assert judged(LoadedRules, self.rule()).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("rule", "says"),
        [
            ({"name": "Other"}, "Down: not loaded"),
            ({"query": 'up{env="q",job="web"} == 0'}, "another expression is loaded"),
            ({"duration": 60}, "`for` is 60 s"),
            ({"labels": {"severity": "info"}}, "severity is 'info'"),
            ({"health": "err", "lastError": "too many samples"}, "does not evaluate: too many samples"),
        ],
    )
    def test_what_differs_fails(self, rule, says):
        judgement = judged(LoadedRules, self.rule(**rule))
        assert judgement.verdict is Verdict.FAIL
        assert any(says in finding.message for finding in judgement.findings)

    def test_one_too_many_fails(self):
        assert judged(LoadedRules, self.rule(), self.rule("Forgotten")).verdict is Verdict.FAIL

    def test_only_recording_rules_are_unknown(self):
        assert judged(LoadedRules, self.rule(type="recording")).verdict is Verdict.UNKNOWN

    def test_the_order_of_conditions_means_nothing_their_values_do(self):
        assert same('sum by (a) (x{b="1",a=~"{x}"}) > 0', 'sum(x{a=~"{x}", b="1"}) by (a)>0')
        assert not same('x{b="1"}', 'x{b="2"}') and not same("x", 'x{b="1"}') and not same("x == 0", "x == 1")
        assert same("not ( promql", "not  ( promql") and not same("not ( promql", "nor ( promql")


class TestTargets:
    KNOWN = seen("standing-alertmanagers", "prometheus", active=["http://am:9093"])

    def target(self, job: str = "web", health: str = "up", error: str = "") -> Observation:
        return seen("standing-target", job, health=health, error=error, url="http://web:1/metrics")

    def test_up(self):
        assert judged(StandingTargets, self.target(), self.KNOWN).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("target", "says"),
        [({"health": "down", "error": "refused"}, "refused"), ({"job": "other"}, "web has no target")],
    )
    def test_down_and_missing(self, target, says):
        judgement = judged(StandingTargets, self.target(**target), self.KNOWN)
        assert judgement.verdict is Verdict.FAIL and says in judgement.reason

    def test_a_target_that_was_never_scraped_is_neither_up_nor_down(self):
        assert judged(StandingTargets, self.target(health="unknown"), self.KNOWN).verdict is Verdict.UNKNOWN

    def test_no_alertmanager(self):
        none = seen("standing-alertmanagers", "prometheus", active=[])
        assert "knows no Alertmanager" in judged(StandingTargets, self.target(), none).reason


class TestRoutes:
    def probe(self, *receivers: str) -> Observation:
        return seen("probe-alert", "critical", receivers=list(receivers), silenced=True, state="suppressed")

    def test_right(self):
        assert judged(StandingRoutes, self.probe("loud")).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("receivers", "says"),
        [(("quiet",), "reaches slack #quiet; demanded: pagerduty, slack #loud"), (("x",), "goes to x, which is not")],
    )
    def test_wrong(self, receivers, says):
        judgement = judged(StandingRoutes, self.probe(*receivers))
        assert judgement.verdict is Verdict.FAIL and says in judgement.reason

    def test_a_probe_that_was_not_sent_for_safety_is_unknown(self):
        refused = seen("probe-refused", "alertmanager", reason="an inhibition without `equal`")
        assert judged(StandingRoutes, refused, self.probe("loud")).verdict is Verdict.UNKNOWN


class TestSearches:
    LOCKED = seen("standing-access", "anonymous read", status=401)

    def opened(self, **data: Any) -> Observation:
        return seen("standing-search", "Errors", **({"seconds": 0.1, "hits": 3, "failures": []} | data))

    def test_they_answer(self):
        assert judged(StandingSearches, self.opened(), self.LOCKED).verdict is Verdict.PASS

    def test_one_fails(self):
        failed = seen("standing-search", "Errors", error="no such index")
        judgement = judged(StandingSearches, failed, self.LOCKED)
        assert judgement.verdict is Verdict.FAIL and "no such index" in judgement.reason

    def test_everything_empty_is_unknown(self):
        assert judged(StandingSearches, self.opened(hits=0), self.LOCKED).verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(("status", "verdict"), [(200, Verdict.FAIL), (503, Verdict.UNKNOWN)])
    def test_an_open_door(self, status, verdict):
        open_door = seen("standing-access", "anonymous read", status=status)
        assert judged(StandingSearches, self.opened(), open_door).verdict is verdict


class TestFootprint:
    CLEAN = seen("footprint", "alertmanager", left=[], mark="m")

    def test_clean(self):
        probe = seen("probe-alert", "critical", receivers=["loud"], silenced=True, state="suppressed")
        stored = seen("probe-document", "elasticsearch", stored=1, found=1)
        assert judged(Footprint, probe, stored, self.CLEAN).verdict is Verdict.PASS

    def test_something_left_and_somebody_notified(self):
        assert judged(Footprint, seen("footprint", "elasticsearch", left=["the index x"])).verdict is Verdict.FAIL
        loud = seen("probe-alert", "critical", receivers=["loud"], silenced=False, state="active")
        assert judged(Footprint, loud, self.CLEAN).verdict is Verdict.FAIL

    def test_a_document_that_was_not_found_is_unknown(self):
        lost = seen("probe-document", "elasticsearch", stored=1, found=0)
        assert judged(Footprint, lost, self.CLEAN).verdict is Verdict.UNKNOWN


class TestTheFile:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("prometheus: [", "broken YAML"),
            ("[]", "a mapping of services is expected"),
            ("{}", "no service is listed"),
            ("grafana: {url: 'http://x'}", "unknown service grafana"),
            ("prometheus: {address: x}", "prometheus has no url"),
            ("prometheus: {url: 'ftp://x'}", "prometheus has no url"),
            ("elasticsearch: {url: 'http://x', passwords: {a: '${NOT_SET_ANYWHERE}'}}", "NOT_SET_ANYWHERE is not set"),
        ],
    )
    def test_what_cannot_be_used(self, tmp_path, text, says):
        file = tmp_path / "stack.yml"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(HarnessError, match=says):
            external.read(file)

    def test_what_can(self, tmp_path, monkeypatch):
        monkeypatch.setenv("READER_PASSWORD", "secret")
        file = tmp_path / "stack.yml"
        file.write_text(
            "elasticsearch: {url: 'https://logs/', passwords: {log_reader: '${READER_PASSWORD}'},"
            " marked: {user: prober, password: p}}",
            encoding="utf-8",
        )
        standing = external.read(file)
        assert standing.urls == {"elasticsearch": "https://logs"} and standing.marked == "prober"
        assert standing.passwords == {"log_reader": "secret", "prober": "p"}


class TestTheCommand:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("--launcher", "external"), "needs --stack FILE"),
            (("--stack", "x.yml"), "is for --launcher external"),
            (("--launcher", "external", "--stack", "/no/such.yml"), "/no/such.yml cannot be read"),
            (("--suite", "staging"), "is for a stack that runs already"),
        ],
    )
    def test_what_does_not_fit_together(self, arguments, says, capsys):
        assert cli.main(["verify", *arguments]) == 2
        assert says in capsys.readouterr().err

    def test_a_suite_that_boots(self, tmp_path, capsys):
        file = tmp_path / "stack.yml"
        file.write_text("prometheus: {url: 'http://127.0.0.1:9'}", encoding="utf-8")
        assert cli.main(["verify", "--launcher", "external", "--stack", str(file), "--suite", "logs"]) == 2
        assert "boots nothing" in capsys.readouterr().err

    def test_a_stack_that_does_not_answer(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
        file = tmp_path / "stack.yml"
        file.write_text("prometheus: {url: 'http://127.0.0.1:9'}", encoding="utf-8")
        assert cli.main(["verify", "--launcher", "external", "--stack", str(file)]) == 3
        assert "prometheus at http://127.0.0.1:9: ConnectionError" in capsys.readouterr().err

    def test_up_with_a_scenario_that_is_not_there(self, capsys):
        assert cli.main(["up", "--scenario", "nowhere"]) == 2
        assert "no scenario 'nowhere'" in capsys.readouterr().err
