"""What Prometheus is to scrape answers."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.prometheus import Prometheus
from harness.model import Evidence, Gap, History, Outcome, Proof

UNSCRAPED = "unknown"
"""Prometheus's word for the health of a target before its first scrape."""


class StandingTargets(Check):
    """Every job under test has a target that is up, and Prometheus knows an Alertmanager.

    Why: an alert on a target that is not scraped never fires, and one without an Alertmanager reaches nobody. How
    measured: the running Prometheus's own list of targets and Alertmanagers. How to fix: the scrape's error is in the
    finding.
    """

    subject, suite = History, "staging"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per job without a target, per target that is down, and for want of an Alertmanager."""
        targets = history.of_kind("standing-target")
        known = history.last("standing-alertmanagers")
        if not targets or known is None:
            yield Gap("Prometheus was not asked for its targets and Alertmanagers, or has none")
            return
        for document in context.documents.of(Prometheus):
            for job in document.jobs:
                found = [target for target in targets if target.subject == job.name]
                if not found:
                    yield self.finding(job.view.at("job_name"), f"{job.name} has no target in the running Prometheus")
                for target in found:
                    if target.data["health"] == UNSCRAPED:
                        yield Gap(f"{job.name}: {target.data['url']} has not been scraped yet")
                    elif target.data["health"] != "up":
                        why = target.data["error"] or target.data["health"]
                        yield self.finding(job.view.at("job_name"), f"{job.name}: {target.data['url']}: {why}")
            if not known.data["active"]:
                yield self.finding(document.tree.key_at("alerting"), "the running Prometheus knows no Alertmanager")
        yield Proof(
            f"{len(targets)} targets, {len(known.data['active'])} Alertmanagers",
            samples=len(targets),
            services=("prometheus",),
            evidence=(Evidence("standing-target", "all"),),
        )
