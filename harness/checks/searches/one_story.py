"""Whether logs and metrics of the 30-day world tell the same."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Position, Proof

STORY = "fixtures/story.yml"


class OneStory(Check):
    """Of every incident, logs and metrics give the same counts and the same error rate, and it is the one put in.

    Why: a dashboard that says 25 % while the search says 20 % sends people looking for the difference instead of the
    cause; and a world that contradicts itself proves nothing of either. How measured: Elasticsearch counts the lines of
    each incident, Prometheus tells by how much its counters rose meanwhile; a line stands for a known number of
    requests, and the share of failures is the incident's. How to fix: `counted` of fixtures/story.yml, or the search
    and the metric it is held against.
    """

    subject, suite = History, "searches"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Each incident that both tell of."""
        told = subject.of_kind("one-story")
        if not told:
            yield Gap("no incident of a 30-day world was asked about")
            return
        agreed = []
        for one in told:
            data = one.data
            if "error" in data:
                yield Gap(f"{one.subject}: {data['error']}")
                continue
            wrong = [
                f"{name}: {data[name]['logs']:,} lines, {data[name]['metrics']:,.0f} in the metrics, which are"
                f" {data[name]['logs'] * data['multiplier']:,}"
                for name in ("requests", "failed")
                if data[name]["metrics"] != data[name]["logs"] * data["multiplier"]
            ]
            requests, failed = data["requests"]["logs"], data["failed"]["logs"]
            if wrong:
                yield self.finding(Position(STORY), f"{one.subject}: logs and metrics differ, {'; '.join(wrong)}")
            elif failed and abs(failed - data["share"] * requests) > 1:
                rate = f"{failed} of {requests} requests failed, {data['share']:.0%} were put in"
                yield self.finding(Position(STORY), f"{one.subject}: {rate}")
            elif requests and failed:
                agreed.append(f"{failed / requests:.1%}")
        if not agreed:
            yield Gap("no incident in which requests failed was seen in both logs and metrics")
            return
        statement = f"{len(agreed)} incidents have the same error rate in logs and metrics ({', '.join(agreed)})"
        evidence = (Evidence("one-story", "each incident"),)
        yield Proof(statement, len(agreed), ("world", "elasticsearch", "prometheus"), evidence=evidence)
