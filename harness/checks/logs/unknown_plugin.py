"""See UnknownPlugin."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    plugins,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.model import Finding, Severity

# What Logstash 9.2 ships, from its plugin reference.
_SHIPPED = {
    "input": """
        azure_event_hubs beats couchdb_changes dead_letter_queue elastic_agent elastic_serverless_forwarder
        elasticsearch exec file ganglia gelf generator graphite heartbeat http http_poller imap jdbc jms kafka
        logstash pipe pipeline rabbitmq redis s3 snmp snmptrap sqs stdin syslog tcp twitter udp unix websocket
        google_pubsub kinesis
    """,
    "filter": """
        aggregate anonymize cidr clone csv date de_dot dissect dns drop elapsed elastic_integration
        elasticsearch fingerprint geoip grok http jdbc_static jdbc_streaming json json_encode kv memcached
        metrics mutate prune ruby sleep split syslog_pri throttle translate truncate urldecode useragent uuid
        xml age alter bytes cipher
    """,
    "output": """
        cloudwatch csv elastic_app_search elastic_workplace_search elasticsearch email file graphite http kafka
        logstash lumberjack nagios null pipe pipeline rabbitmq redis s3 sns sqs stdout tcp udp webhdfs datadog
        loki opensearch google_cloud_storage syslog statsd zabbix
    """,
}  # fmt: skip


class UnknownPlugin(Check):
    """A plugin that Logstash does not ship: the pipeline does not start unless somebody installs it.

    Why: images are built without it. Bad: `filter { muatte { … } }`. Good: a shipped plugin. Fix: correct the name, or
    install it in the image and waive this.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look up every plugin of every section."""
        try:
            sections = logstash.config.sections
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for section in sections:
            known = _SHIPPED[section.kind].split()
            for plugin in plugins(section.body):
                if plugin.name not in known:
                    near = nearest(plugin.name, known)
                    message = f"Logstash ships no {section.kind} plugin called {plugin.name}{near}"
                    # Far from every shipped name it is an extra plugin, which somebody may well have installed.
                    yield self.finding(plugin.position, message, severity=None if near else Severity.WARNING)
