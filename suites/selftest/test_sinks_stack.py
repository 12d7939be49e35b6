"""The real Alertmanager notifies all three sinks: what it sends is what they take."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from harness import wait
from harness.errors import HarnessError
from harness.events import HistoryFile
from harness.sinks.misbehaviour import Answer
from harness.sinks.pagerduty import PagerDutySink
from harness.sinks.slack import SlackSink
from harness.sinks.smtp import SmtpSink
from harness.toolchain import locate

pytestmark = [pytest.mark.stack, pytest.mark.timeout(90)]

CONFIG = """
global:
  slack_api_url: {slack}
  pagerduty_url: {pagerduty}
  smtp_smarthost: {smtp}
  smtp_from: alertmanager@example.test
  smtp_auth_username: {user}
  smtp_auth_password: {password}
route: {{receiver: all, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: all
    slack_configs:
      - channel: '#alerts-critical'
        title: '{{{{ .CommonLabels.alertname }}}}'
        text: '{{{{ .CommonAnnotations.summary }}}}'
        fallback: '{{{{ .CommonLabels.alertname }}}}'
    pagerduty_configs: [{{routing_key: 0123456789abcdef0123456789abcdef, severity: critical}}]
    email_configs: [{{to: ops@example.test}}]
"""


@dataclass(frozen=True, slots=True)
class Notified:
    """A running Alertmanager and its three sinks."""

    url: str
    slack: SlackSink
    history: HistoryFile

    def fire(self, name: str) -> None:
        alert = {"labels": {"alertname": name, "severity": "critical"}, "annotations": {"summary": f"{name} is down"}}
        requests.post(f"{self.url}/api/v2/alerts", json=[alert], timeout=5).raise_for_status()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=1).ok
    except requests.RequestException:
        return False


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[Notified]:
    try:
        binary = locate().binary("alertmanager")
    except HarnessError as error:
        pytest.skip(f"no Alertmanager here: {error.message}")
    history = HistoryFile(tmp_path / "history")
    slack, pagerduty = SlackSink(history, channels=["#alerts-critical"]), PagerDutySink(history)
    smtp = SmtpSink(history, user="alerts", password="s3cret", lane="storm")
    sinks = (slack, pagerduty, smtp)
    for sink in sinks:
        sink.start()
    authority, config = tmp_path / "ca.pem", tmp_path / "alertmanager.yml"
    authority.write_text(smtp.ca_pem)
    urls = {"slack": slack.url("storm"), "pagerduty": pagerduty.url("storm"), "smtp": smtp.address}
    config.write_text(CONFIG.format(**urls, user=smtp.user, password=smtp.password))
    port = free_port()
    argv = [str(binary), f"--config.file={config}", f"--storage.path={tmp_path / 'data'}", "--cluster.listen-address="]
    argv.append(f"--web.listen-address=127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, "SSL_CERT_FILE": str(authority)})
    try:
        wait.until(lambda: ready(url), deadline=20, saying="Alertmanager", seen=(tmp_path / "log").read_text)
        yield Notified(url, slack, history)
    finally:
        running.kill()
        running.wait(10)
        for sink in sinks:
            sink.stop()


def test_one_alert_reaches_all_three(notified: Notified) -> None:
    notified.fire("ApiDown")
    wait.until(
        lambda: len(notified.history.so_far().of_kind("notification")) >= 3, deadline=20, saying="three notifications"
    )
    seen = {o.subject: o.data for o in notified.history.so_far().of_kind("notification")}
    assert set(seen) == {"slack #alerts-critical", "pagerduty", "email"}
    for channel, data in seen.items():
        assert (data["lane"], data["delivered"], data["problems"]) == ("storm", True, []), channel
        assert "ApiDown" in data["title"], channel
    assert seen["slack #alerts-critical"]["text"].startswith("ApiDown")
    assert "ApiDown is down" in seen["email"]["text"]
    assert len(seen["pagerduty"]["dedup_key"]) <= 255


def test_alertmanager_tries_again_after_a_refusal(notified: Notified) -> None:
    notified.slack.next_answers([Answer.refused(500), Answer.rate_limited()])
    notified.fire("ApiSlow")

    def delivered() -> bool:
        return any(
            o.data["delivered"] for o in notified.history.so_far().of_kind("notification", "slack #alerts-critical")
        )

    wait.until(delivered, deadline=30, saying="the retried notification")
    statuses = [o.data["status"] for o in notified.history.so_far().of_kind("notification", "slack #alerts-critical")]
    assert statuses == [500, 429, 200]
