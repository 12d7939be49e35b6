"""What people are sent, on literal histories: links that lead somewhere, and messages that say what is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.checks.alerting.links import Links
from harness.checks.alerting.message import Message
from harness.checks.alerting.phi import Phi
from harness.contracts import Check, Context
from harness.documents.addresses import addresses, resolve, slug
from harness.documents.configuration import Configuration
from harness.generators.player import Leak
from harness.judging import judge
from harness.model import History, Judgement, Level, Observation, Verdict

RUNBOOK, BOARD = "https://runbooks.example.org/api-down", "https://grafana.example.org/d/api"
RULES = f"""groups:
  - name: g
    rules:
      - alert: ApiDown
        expr: up == 0
        annotations: {{summary: "gone", runbook_url: "{RUNBOOK}", dashboard: "{BOARD}"}}
"""
FILES = {
    "config/rules.yml": RULES,
    "config/templates.tmpl": '{{ define "x" }}{{ end }}',
    "docs/runbooks/api-down.md": "# ApiDown\n\n## Find the cause\n",
    "dashboards/api.json": json.dumps(
        {"uid": "api", "title": "API", "schemaVersion": 41, "panels": [{"id": 4, "type": "stat", "title": "t"}]}
    ),
    "kibana/saved-searches.json": json.dumps(
        {"type": "search", "id": "slow", "attributes": {"title": "Slow", "columns": []}, "references": []}
    ),
}
DOCUMENTS = Configuration.of_texts(FILES)
SLACK = "slack #critical"
TEXT = f"[CRITICAL] ApiDown\n12.5 % of requests fail\nRunbook <{RUNBOOK}> · Dashboard <{BOARD}>"


def judged(check: type[Check], *seen: Observation) -> Judgement:
    return judge(check(), History.of(*seen), Context(DOCUMENTS, {}, {"alertmanager": Level.NATIVE}))


def held(alert: str = "ApiDown", summary: str = "12.5 % of requests fail", severity: str = "critical") -> Observation:
    data = {"by": "alertmanager", "where": "alertmanager", "labels": {"alertname": alert, "severity": severity}}
    annotations = {"summary": summary, "runbook_url": RUNBOOK, "dashboard": BOARD}
    return Observation(1.0, "alert-state", alert, data | {"annotations": annotations})


def came(channel: str = SLACK, title: str = "[CRITICAL] ApiDown", text: str = TEXT, **more: Any) -> Observation:
    data = {"lane": "", "title": title, "text": text, "payload": {}, "delivered": True}
    return Observation(2.0, "notification", channel, data | more)


def page(key: str = "k", severity: str = "critical", summary: str = "ApiDown: gone", **more: Any) -> Observation:
    event = {"dedup_key": key, "payload": {"severity": severity, "summary": summary}}
    return came("pagerduty", payload=event, dedup_key=key, **more)


class TestAddresses:
    def test_they_are_found_in_text_and_markup(self):
        text = 'see https://a.example/x. <https://b.example/y|here> and <a href="https://c.example/z?q=1">'
        assert addresses(text) == ("https://a.example/x", "https://b.example/y", "https://c.example/z?q=1")

    @pytest.mark.parametrize(
        ("address", "kind", "problem"),
        [
            (RUNBOOK, "runbook", ""),
            (f"{RUNBOOK}.md#find-the-cause", "runbook", ""),
            (f"{RUNBOOK}#find-cause", "runbook", "has no heading #find-cause; did you mean find-the-cause?"),
            ("https://runbooks.example.org/api-dwn", "runbook", "no runbook api-dwn; did you mean api-down?"),
            (BOARD, "dashboard", ""),
            (f"{BOARD}/slug?viewPanel=panel-4", "dashboard", ""),
            (f"{BOARD}?viewPanel=5", "dashboard", "has no panel 5"),
            ("https://grafana.example.org/d/apo", "dashboard", "no dashboard apo; did you mean api?"),
            ("https://kibana.example.org/app/discover#/view/slow", "search", ""),
            ("https://kibana.example.org/app/discover#/view/fast", "search", "no saved search fast"),
            ("https://prometheus.example.org/graph?g0.expr=up&g0.tab=1", "product", ""),
            ("https://alerts.example.org/#/alerts?receiver=x", "product", ""),
            ("http://localhost:9093/#/alerts", "", "leads to localhost"),
            ("http://3f2a1b:9090/graph?g0.expr=up", "", "leads to 3f2a1b"),
            ("https://elsewhere.example.org/page", "", ""),
        ],
    )
    def test_where_they_lead(self, address, kind, problem):
        found = resolve(address, DOCUMENTS)
        assert found.kind == kind
        assert problem in found.problem and bool(problem) == bool(found.problem)

    def test_the_anchor_of_a_heading(self):
        assert slug("Find the cause, quickly (p95)") == "find-the-cause-quickly-p95"


class TestLinks:
    def test_all_lead_somewhere(self):
        judgement = judged(Links, came())
        assert (judgement.verdict, judgement.reason) == (
            Verdict.PASS,
            "2 different links in 1 notifications: 1 dashboard, 1 runbook",
        )

    def test_nothing_received_or_no_link_is_unknown(self):
        assert judged(Links).verdict is Verdict.UNKNOWN
        assert judged(Links, came(text="ApiDown")).verdict is Verdict.UNKNOWN

    def test_a_dead_link_fails(self):
        judgement = judged(Links, came(text=TEXT.replace("/d/api", "/d/apo")))
        assert "slack #critical: there is no dashboard apo" in judgement.reason
        assert judgement.findings[0].position.file == "config/templates.tmpl"

    def test_a_dead_link_in_the_html_only_fails(self):
        page = '<html xmlns="http://www.w3.org/1999/xhtml"><a href="http://localhost:9093/#/alerts">x</a></html>'
        judgement = judged(Links, came("email", html=page))
        assert not judgement.gaps
        assert "leads to localhost" in judgement.reason

    def test_a_link_nobody_knows_is_unknown(self):
        assert judged(Links, came(text=f"{TEXT} https://elsewhere.example.org/page")).verdict is Verdict.UNKNOWN


class TestMessage:
    MAIL = came("email", html="<html>ApiDown</html>", plain="ApiDown", payload="Subject: ApiDown")

    def test_all_is_said(self):
        judgement = judged(Message, held(), came(), page(), self.MAIL)
        assert judgement.verdict is Verdict.PASS, judgement.reason

    def test_a_summary_whose_value_has_moved_is_said_all_the_same(self):
        assert judged(Message, held(summary="9 % of requests fail"), came()).verdict is Verdict.PASS

    def test_nothing_received_is_unknown(self):
        assert judged(Message, held()).verdict is Verdict.UNKNOWN
        assert judged(Message, came()).verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(
        ("flawed", "said"),
        [
            (came(title="[CRITICAL] alert"), "the title does not name ApiDown"),
            (came(title="ApiDown", text=TEXT.replace("CRITICAL", "")), "its severity critical is not said"),
            (came(text=TEXT.replace("requests fail", "")), "its summary is not said"),
            (came(text=TEXT.replace(RUNBOOK, "")), f"the link {RUNBOOK} is missing"),
            (came(payload={"text": "{{ .Labels.alertname }}"}), "'{{' was left by a template"),
            (came(payload={"text": "${SLACK_CHANNEL}"}), "'${' was left by a template"),
            (came("email", html="<html>&lt;no value&gt;</html>", plain="x"), "'<no value>' was left by a template"),
            (came("email", plain="ApiDown"), "the mail has no html part"),
            (came("email", html="<html>ApiDown", plain="ApiDown"), "the HTML part is not finished"),
            (page(key=""), "a dedup_key of 0 characters"),
            (page(key="k" * 256), "a dedup_key of 256 characters"),
            (page(severity="urgent"), "PagerDuty does not know the severity 'urgent'"),
            (page(severity="warning"), "the page says warning, the alert is critical"),
            (page(summary="x" * 1025), "a summary of more than 1024 characters"),
        ],
    )
    def test_each_flaw_is_named(self, flawed, said):
        judgement = judged(Message, held(), flawed)
        assert judgement.verdict is Verdict.FAIL
        assert any(said in finding.message for finding in judgement.findings), judgement.findings

    def test_pages_that_share_a_key(self):
        other = page(title="[CRITICAL] DiskFull", text=TEXT.replace("ApiDown", "DiskFull"))
        judgement = judged(Message, held(), held("DiskFull"), page(), other)
        assert "share the key k…" in judgement.reason


class TestPhi:
    def leak(self, series: int = 0, scrapes: int = 9) -> Observation:
        data = {"labels": {"mrn": "MRN-7"}, "job": "api", "metrics": ["up_to"], "scrapes": scrapes}
        return Observation(1.0, "label-leak", "wave-1", data | {"series": series, "for_example": [{"mrn": "MRN-7"}]})

    def test_kept_nowhere_and_sent_to_nobody(self):
        judgement = judged(Phi, self.leak(), came())
        assert (judgement.verdict, "in none of 1 notifications" in judgement.reason) == (Verdict.PASS, True)

    def test_nothing_leaked_nothing_scraped_or_nothing_received_is_unknown(self):
        assert judged(Phi, came()).verdict is Verdict.UNKNOWN
        assert judged(Phi, self.leak(scrapes=0), came()).verdict is Verdict.UNKNOWN
        assert judged(Phi, self.leak()).verdict is Verdict.UNKNOWN

    def test_a_series_that_keeps_it(self):
        assert "wave-1: Prometheus keeps 3 series with mrn" in judged(Phi, self.leak(series=3), came()).reason

    @pytest.mark.parametrize("part", ["text", "html", "payload", "title"])
    def test_a_notification_that_shows_it(self, part):
        judgement = judged(Phi, self.leak(), came(**{part: "of MRN-7"}))
        assert "1 notifications show 'MRN-7'" in judgement.reason


def test_a_leak_is_on_its_metrics_alone_and_only_of_its_job():
    leak = Leak("api", frozenset({"a"}), (("mrn", "7"),))
    samples = [("a", (("x", "1"),), 1.0), ("b", (), 2.0)]
    assert list(leak.on(samples)) == [("a", (("x", "1"), ("mrn", "7")), 1.0), ("b", (), 2.0)]
