"""Data past its time goes, and nothing younger does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Outcome, Position, Proof

DAY = 86400.0


class Aging(Check):
    """Deleting as the policy says takes what is past 30 days, nothing younger, and leaves nothing older than it must.

    Why: an index is deleted whole; one that spans more than a day, or whose age counts from another moment, takes
    younger lines with it, or keeps PHI longer than it may be kept. How measured: the 30-day world is let grow one and
    three days older; its indices are deleted, by hand, when they are as old as the delete phase says, counted from
    their rollover as lifecycle management counts; times and counts of what went and what is left are compared with the
    world. That lifecycle management itself does so is for a container to show. How to fix: `min_age` of the delete
    phase, `max_age` of the rollover.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Each age in turn."""
        aged = subject.last("retention-aging")
        if aged is None:
            yield Gap("no indices were let grow old")
            return
        where, limit = _policy(context), context.baseline(self.baseline)["limit"] * DAY
        kept, steps = aged.data["kept_seconds"], aged.data["steps"]
        if kept is None:
            yield self.finding(where, "the policy deletes nothing, so logs are kept for ever")
            return
        for step in steps:
            yield from self._judged(step, where, limit, aged.data.get("rollover_seconds"))
        gone = sum(step["documents_deleted"] for step in steps)
        if not gone:
            yield Gap("nothing was old enough to go, so nothing is known of deletion")
            return
        deleted = sum(len(step["deleted"]) for step in steps)
        left = steps[-1]["documents_left"]
        statement = (
            f"{deleted} indices past {kept / DAY:g} d went with {gone:,} documents, {left:,} younger ones stayed"
        )
        evidence = (Evidence("retention-aging", aged.subject),)
        yield Proof(
            f"{statement} (deleted by hand as the policy says)", gone, ("world", "elasticsearch"), evidence=evidence
        )

    def _judged(
        self, step: Mapping[str, Any], where: Position, limit: float, rollover: float | None
    ) -> Iterator[Finding]:
        now, newest = step["now"], step["newest_deleted"]
        if newest is not None and now - newest < limit:
            early = f"{(now - newest) / DAY:.1f} d old"
            yield self.finding(
                where, f"{_day(now)}: lines that are only {early} went with {', '.join(step['deleted'])}"
            )
        allowed = limit + (rollover if rollover is not None else DAY)
        if now - step["oldest_left"] > allowed:
            late = f"{(now - step['oldest_left']) / DAY:.1f} d old"
            yield self.finding(where, f"{_day(now)}: lines are left that are {late}, {allowed / DAY:g} d are allowed")
        if step["documents_left"] != step["expected_left"]:
            there = f"{step['documents_left']:,} documents are left of the {step['expected_left']:,}"
            yield self.finding(where, f"{_day(now)}: {there} that are young enough")


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("on %Y-%m-%d")


def _policy(context: Context) -> Position:
    for entry in context.fixtures["deployment"]["elasticsearch"]["install"]:
        if entry["part"] == "lifecycle" and entry.get("logs"):
            return Position(entry["file"])
    return Position("docker-compose.yml")
