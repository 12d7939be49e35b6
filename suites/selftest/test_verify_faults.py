"""The stack is broken on purpose, and the harness must turn red and say where.

Every fault is first looked for in the files alone, then on running servers, where the lint's opinion does not count.
"""

from __future__ import annotations

import pytest

ALERTMANAGER = "config/alertmanager/config.yml"
RULES = "config/prometheus/alert.rules.yml"
PIPELINE = "config/logstash.conf"
FILEBEAT = "config/filebeat.yml"
API_DASHBOARD = "config/grafana/provisioning/dashboards/caredroid/api-performance.json"

CRITICAL_TO_WARNING = (
    ALERTMANAGER,
    """matchers: ['severity="critical"']
      receiver: critical""",
    """matchers: ['severity="critical"']
      receiver: warning""",
)
NEVER_TRUE = (
    RULES,
    'max by (job) (nodejs_eventloop_lag_p99_seconds{job="caredroid-backend"}) > 0.25',
    'max by (job) (nodejs_eventloop_lag_p99_seconds{job="caredroid-backend"}) < 0',
)
WRONG_EQUAL = (
    ALERTMANAGER,
    """target_matchers: ['severity="warning"', 'component=~"api|rag|nlu|tools"']
    equal: [cluster, service]""",
    """target_matchers: ['severity="warning"', 'component=~"api|rag|nlu|tools"']
    equal: [cluster, service, component]""",
)
KEPT_LABELS = ("config/prometheus.yml", "regex: patient.*|mrn|ssn|user_?id|email", "regex: ssn|user_?id|email")
DEAD_LINK = (RULES, "https://grafana.caredroid.example/d/cache-health", "https://grafana.caredroid.example/d/cache")
UNESCAPED = (
    "config/alertmanager/notification-templates.tmpl",
    '{{ template "caredroid.slack.escaped" .Annotations.summary }}',
    "{{ .Annotations.summary }}",
)
NEVER_CLOSED = (
    ALERTMANAGER,
    """send_resolved: true
        timeout: 10s
        client: CareDroid""",
    """send_resolved: false
        timeout: 10s
        client: CareDroid""",
)
FIELD_DROPPED = (
    PIPELINE,
    'remove_field => ["host", "log", "event"]',
    'remove_field => ["host", "log", "event", "toolName"]',
)
UNKNOWN_METRIC = (API_DASHBOARD, "http_requests_total", "http_request_total")
AUDIT_DASHBOARD = "config/grafana/provisioning/dashboards/caredroid/audit-compliance.json"
DATASOURCE = "config/grafana/provisioning/datasources/elasticsearch.yml"
SECOND_DATASOURCE = (
    DATASOURCE,
    "datasources:\n",
    """datasources:
  - name: Dead letters
    uid: dead-letters
    type: elasticsearch
    access: proxy
    url: http://elasticsearch:9200
    jsonData: {index: caredroid-dead-letter, timeField: "@timestamp"}
""",
)
ANOTHER_INDEX = (
    AUDIT_DASHBOARD,
    """"type": "date_histogram"
            }
          ],
          "datasource": {
            "type": "elasticsearch",
            "uid": "elasticsearch\"""",
    """"type": "date_histogram"
            }
          ],
          "datasource": {
            "type": "elasticsearch",
            "uid": "dead-letters\"""",
)
FEWER_LINES = (
    AUDIT_DASHBOARD,
    'auditEvent:(\\"phi-read\\" OR \\"phi-write\\" OR \\"phi-export\\")',
    'auditEvent:(\\"phi-read\\" OR \\"phi-write\\")',
)
SAVED_SEARCHES = "config/kibana/saved-searches.json"
PRECEDENCE = (
    SAVED_SEARCHES,
    "authFailed: true or (statusCode >= 401 and statusCode <= 403)",
    "(authFailed: true or statusCode >= 401) and statusCode <= 403",
)
TEXT_MAPPED = (
    "config/elasticsearch/index-template.json",
    """"path": {
          "type": "keyword",
          "ignore_above": 2048
        }""",
    """"path": {
          "type": "text"
        }""",
)
OTHER_PATH = (FILEBEAT, "- /var/log/caredroid/*.log\n", "- /var/log/caredroid-app/*.log\n")
OTHER_PATH_ROTATED = (FILEBEAT, "- /var/log/caredroid/*.log.[0-9]*", "- /var/log/caredroid-app/*.log.[0-9]*")


@pytest.mark.parametrize(
    ("edits", "file"),
    [
        pytest.param([CRITICAL_TO_WARNING], ALERTMANAGER, id="critical route points at the warnings receiver"),
        pytest.param([FIELD_DROPPED], PIPELINE, id="pipeline drops a field that a search needs"),
        pytest.param([UNKNOWN_METRIC], API_DASHBOARD, id="panel queries a metric nobody emits"),
        pytest.param([OTHER_PATH, OTHER_PATH_ROTATED], FILEBEAT, id="Filebeat reads another path"),
    ],
)
def test_fault_is_found_in_the_files_alone(broken, verify, edits, file):
    ran = verify("--config", str(broken(*edits)), "--suite", "lint")
    assert ran.code == 1, ran.output
    assert any(f["file"] == file and f["severity"] in ("bug", "fatal") for f in ran.verdict["findings"]), ran.output
    assert file in ran.output


@pytest.mark.stack
@pytest.mark.slow
def test_faults_of_alerting_are_seen_on_running_servers(broken, verify):
    copy = broken(CRITICAL_TO_WARNING, NEVER_TRUE, WRONG_EQUAL, KEPT_LABELS, DEAD_LINK)
    ran = verify("--config", str(copy), "--suite", "alerting")
    assert ran.code == 1, ran.output
    assert ran.names("alerting/routing", ALERTMANAGER, "DatabasePoolExhausted", "pagerduty", "'warning'"), ran.output
    assert ran.names("alerting/fires", RULES, "EventLoopLagHigh", "returned nothing"), ran.output
    assert ran.names("alerting/inhibition", ALERTMANAGER, "symptom"), ran.output
    assert ran.names("alerting/phi", "config/prometheus.yml", "keeps", "mrn, patient_name"), ran.output
    assert any("there is no dashboard cache" in f["message"] for f in ran.failed("alerting/links")), ran.output


@pytest.mark.stack
@pytest.mark.slow
def test_faults_of_receivers_are_seen_on_running_servers(broken, verify):
    ran = verify("--config", str(broken(UNESCAPED, NEVER_CLOSED)), "--suite", "receivers")
    assert ran.code == 1, ran.output
    assert any("taken for markup" in f["message"] for f in ran.failed("receivers/markup")), ran.output
    assert ran.names("receivers/page-closed", ALERTMANAGER, "was not closed"), ran.output
    assert not ran.failed("receivers/delivered"), ran.output


@pytest.mark.stack
@pytest.mark.slow
def test_dropped_field_and_unknown_metric_are_seen_on_running_servers(broken, verify):
    copy = broken(FIELD_DROPPED, UNKNOWN_METRIC, SECOND_DATASOURCE, ANOTHER_INDEX, FEWER_LINES, PRECEDENCE, TEXT_MAPPED)
    ran = verify("--config", str(copy), "--suite", "searches", "--suite", "dashboards")
    assert ran.code == 1, ran.output
    assert ran.names("searches/hits", SAVED_SEARCHES, "Authentication Failures"), ran.output
    assert ran.names("searches/hits", SAVED_SEARCHES, "RAG Retrieval Performance"), ran.output
    assert ran.names("searches/hits", "config/kibana/saved-searches.json", "toolName") or ran.names(
        "searches/hits", PIPELINE, "toolName"
    ), ran.output
    assert PIPELINE in ran.output and "toolName" in ran.output
    assert ran.names("dashboards/panel-data", API_DASHBOARD, "http_request_total"), ran.output
    assert ran.names("dashboards/log-panel-values", AUDIT_DASHBOARD, "High-severity errors", "“error”"), ran.output
    assert ran.names("dashboards/log-panel-values", AUDIT_DASHBOARD, "PHI access by action", "“phi-export”"), ran.output
    trustworthy = ("Slow requests", "Sign-in failures")
    assert not any(word in f["message"] for f in ran.failed("dashboards/log-panel-values") for word in trustworthy)


@pytest.mark.stack
@pytest.mark.slow
def test_another_path_of_filebeat_is_seen_on_running_servers(broken, verify):
    ran = verify("--config", str(broken(OTHER_PATH, OTHER_PATH_ROTATED)), "--suite", "logs")
    assert ran.code == 1, ran.output
    assert ran.names("logs/delivery", FILEBEAT, "/var/log/caredroid-app"), ran.output
