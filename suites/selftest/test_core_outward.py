"""A rehearsal reaches nobody: every way a configuration can name somebody abroad is refused, with its place."""

from __future__ import annotations

import pytest

from harness.documents.tree import load_yaml
from harness.errors import StackError
from harness.model import Position
from harness.services.outward import require_alerts_stay, require_here, require_hosts_here, require_outputs_stay

HERE = {"SLACK": "http://127.0.0.1:5000/services/x", "SMTP": "127.0.0.1:2525"}


def refused(text: str, values: dict[str, str] | None = None) -> StackError:
    with pytest.raises(StackError) as raised:
        require_here(load_yaml(text, "config/alertmanager/config.yml"), HERE if values is None else values)
    return raised.value


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("global:\n  slack_api_url: https://hooks.slack.com/services/T/B/x\n", 2, "hooks.slack.com"),
        ("global:\n  smtp_smarthost: mail.hospital.example:587\n", 2, "mail.hospital.example"),
        ("global:\n  slack_api_url_file: /run/secrets/slack\n", 2, "from a file"),
        ("receivers:\n- name: a\n  slack_configs:\n  - api_url: https://hooks.slack.com/x\n", 4, "hooks.slack.com"),
        ("receivers:\n- name: a\n  webhook_configs:\n  - url: https://hub.hospital.example/x\n", 4, "hub.hospital"),
        ("receivers:\n- name: a\n  pagerduty_configs:\n  - url: https://events.pagerduty.com/v2\n", 4, "pagerduty.com"),
        ("receivers:\n- name: a\n  opsgenie_configs:\n  - api_key: k\n", 3, "opsgenie_configs"),
        ("receivers:\n- name: a\n  email_configs:\n  - smarthost: mail.example:25\n", 4, "mail.example"),
        ("receivers:\n- name: a\n  telegram_configs:\n  - chat_id: 7\n", 3, "telegram_configs"),
    ],
)
def test_an_address_abroad_is_refused_where_it_stands(text, line, says):
    error = refused(text)
    assert says in error.message and error.at is not None
    assert (error.at.file, error.at.line) == ("config/alertmanager/config.yml", line)


def test_a_variable_that_is_not_set_to_a_sink_is_refused():
    assert "${SLACK}" in refused("global:\n  slack_api_url: '${SLACK}'\n", {}).message


def test_sinks_and_links_in_messages_are_left_alone():
    text = """
global: {slack_api_url: '${SLACK}', smtp_smarthost: '${SMTP}', pagerduty_url: 'http://127.0.0.1:9/v2/enqueue'}
receivers:
- name: a
  slack_configs:
  - channel: '#a'
    icon_url: https://caredroid.example/icon.png
    title_link: https://grafana.caredroid.example/d/x
    actions: [{type: button, text: Runbook, url: 'https://runbooks.caredroid.example/x'}]
  pagerduty_configs: [{routing_key: k, client_url: 'https://x.example', links: [{href: 'https://y.example'}]}]
  webhook_configs: [{url: 'http://localhost:9000/'}]
  email_configs: [{to: 'a@caredroid.example'}]
"""
    require_here(load_yaml(text, "config.yml"), HERE)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("remote_write:\n- url: https://metrics.hospital.example/push\n", 1, "remote_write"),
        (
            "alerting:\n  alertmanagers:\n  - static_configs:\n    - targets: [alerts.hospital.example:9093]\n",
            4,
            "alerts.hosp",
        ),
        ("alerting:\n  alertmanagers:\n  - dns_sd_configs: [{names: [alerts.example]}]\n", 3, "dns_sd_configs"),
    ],
)
def test_alerts_and_samples_of_prometheus_stay(text, line, says):
    with pytest.raises(StackError, match=says) as raised:
        require_alerts_stay(load_yaml(text, "prometheus.yml"))
    assert raised.value.at is not None and raised.value.at.line == line


def test_alerts_to_this_run_and_scrapes_anywhere_are_left_alone():
    scrapes = "scrape_configs: [{job_name: a, static_configs: [{targets: ['elsewhere.example:1']}]}]"
    text = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:9093']}}]}}]}}\n{scrapes}\n"
    require_alerts_stay(load_yaml(text, "prometheus.yml"))


def test_outputs_of_filebeat_stay():
    with pytest.raises(StackError, match=r"output\.logstash.*logs\.hospital\.example"):
        require_outputs_stay(load_yaml("output.logstash:\n  hosts: ['logs.hospital.example:5044']\n", "filebeat.yml"))
    require_outputs_stay(load_yaml("output.logstash:\n  hosts: ['127.0.0.1:5044']\nname: a.example\n", "filebeat.yml"))


def test_outputs_of_logstash_stay():
    with pytest.raises(StackError, match=r"es\.hospital\.example"):
        require_hosts_here(["http://127.0.0.1:9200", "https://es.hospital.example:9200"], Position("logstash.conf", 9))
    require_hosts_here(["127.0.0.1", "localhost:9200"], Position("logstash.conf"))
