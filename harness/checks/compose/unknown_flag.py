"""See UnknownFlag."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.unknown import nearest
from harness.model import Finding, Severity

# prometheus 3.11 --help and alertmanager 0.31 --help, without the hidden ones.
_FLAGS = {
    "prometheus": """
        config.file config.auto-reload-interval web.listen-address web.config.file web.read-timeout
        web.max-connections web.max-notifications-subscribers web.external-url web.route-prefix web.user-assets
        web.enable-lifecycle web.enable-admin-api web.enable-remote-write-receiver
        web.remote-write-receiver.accepted-protobuf-messages web.enable-otlp-receiver web.console.templates
        web.console.libraries web.page-title web.cors.origin storage.tsdb.path storage.tsdb.retention
        storage.tsdb.retention.time storage.tsdb.retention.size storage.tsdb.retention.percentage
        storage.tsdb.no-lockfile storage.tsdb.head-chunks-write-queue-size storage.tsdb.wal-compression
        storage.tsdb.wal-segment-size storage.tsdb.min-block-duration storage.tsdb.max-block-duration
        storage.tsdb.wal-compression-type storage.tsdb.delayed-compaction.max-percent
        storage.tsdb.delay-compact-file.path storage.tsdb.allow-overlapping-blocks
        storage.tsdb.max-block-chunk-segment-size storage.tsdb.block-reload-interval
        storage.tsdb.samples-per-chunk storage.agent.path storage.agent.wal-compression
        storage.agent.retention.min-time storage.agent.retention.max-time storage.agent.no-lockfile
        storage.remote.flush-deadline storage.remote.read-sample-limit storage.remote.read-concurrent-limit
        storage.remote.read-max-bytes-in-frame rules.alert.for-outage-tolerance rules.alert.for-grace-period
        rules.alert.resend-delay rules.max-concurrent-evals alertmanager.notification-queue-capacity
        alertmanager.notification-batch-size alertmanager.drain-notification-queue-on-shutdown
        scrape.timestamp-tolerance scrape.adjust-timestamps scrape.discovery-reload-interval
        scrape.name-escaping-scheme query.lookback-delta query.timeout query.max-concurrency query.max-samples
        enable-feature agent log.level log.format auto-gomemlimit auto-gomaxprocs auto-gomemlimit.ratio version
        help write-documentation
    """,
    "alertmanager": """
        config.file config.expand-env storage.path data.retention data.maintenance-interval alerts.gc-interval
        alerts.per-alertname-limit silences.max-silences silences.max-silence-size-bytes
        silences.max-per-matcher-size web.systemd-socket web.listen-address web.config.file web.external-url
        web.route-prefix web.get-concurrency web.timeout cluster.listen-address cluster.advertise-address
        cluster.peer cluster.peer-timeout cluster.peers-resolve-timeout cluster.gossip-interval
        cluster.pushpull-interval cluster.tcp-timeout cluster.probe-timeout cluster.probe-interval
        cluster.settle-timeout cluster.reconnect-interval cluster.reconnect-timeout cluster.tls-config
        cluster.allow-insecure-public-advertise-address-discovery cluster.label cluster.peer-name
        dispatch.maintenance-interval dispatch.start-delay enable-feature log.level log.format
        auto-gomemlimit.ratio version help
    """,
}


class UnknownFlag(Check):
    """A flag that the product does not have: it prints its usage and exits, again and again.

    Why: a container that exits is restarted for ever. Bad: `--storage.tsdb.retention-time=15d`.
    Good: `--storage.tsdb.retention.time=15d`. Fix: correct the name.
    """

    severity, subject = Severity.WARNING, Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look up every flag of Prometheus and Alertmanager, of their current images."""
        for service in compose.services:
            product = service.image.partition("@")[0].partition(":")[0].rpartition("/")[2]
            known = _FLAGS.get(product, "").split()
            for index, word in enumerate(service.command) if known else ():
                match = re.match(r"--(no-)?([a-z0-9.-]+)", word)
                if match and match[2] not in known and word.startswith("--"):
                    listed = isinstance(service.view["command"].value, list)
                    at = service.at("command", index) if listed else service.at("command")
                    yield self.finding(at, f"{product} has no flag --{match[2]}{nearest(match[2], known)}")
