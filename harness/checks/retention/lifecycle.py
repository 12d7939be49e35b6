"""Logs are deleted when they are as old as documented, by Elasticsearch's own lifecycle management."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.contracts import Check, Context
from harness.documents.durations import seconds
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof

DAY = 86400.0


class Lifecycle(Check):
    """Logs are kept 30 days, as the lifecycle policy of the running Elasticsearch says.

    Why: an audit looks back thirty days, and PHI must not stay longer than it has to. How measured: the policy that the
    write index is under is read back from the running server; of two indices that say so of themselves, one a day
    older than that must be deleted by lifecycle management, and one a day younger must stay. A build without it cannot
    be asked. How to fix: `min_age` of the policy's delete phase; what stands in the way is in the finding.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The delete phase of the policies that the server holds."""
        documented = context.baseline(self.baseline)
        days, policies = documented["limit"], history.last("retention-setting", "lifecycle")
        if policies is None:
            yield Gap("Elasticsearch was not asked for its lifecycle policies")
            return
        if policies.data["status"] != 200:
            yield Gap(
                f"this build of Elasticsearch has no lifecycle management, so deletion after {days} d is not judged",
                Level.CONTAINER,
            )
            return
        given = context.fixtures["deployment"]["elasticsearch"]["install"]
        for entry in (e for e in given if e["part"] == "lifecycle" and e.get("logs")):
            name = entry["put"].rpartition("/")[2]
            held = json.loads(policies.data["answer"]).get(name, {}).get("policy", {}).get("phases", {})
            kept = (seconds(str(held.get("delete", {}).get("min_age", ""))) or 0.0) / DAY
            if kept != days:
                yield self.finding(
                    Position(entry["file"]), f"policy {name} keeps logs {kept:g} d, documented are {days} d"
                )
            acted = history.last("lifecycle-acted", name)
            yield from self._acted(acted.data if acted else None, name, entry["file"])
            took = _told(acted.data) if acted else ""
            yield Proof(
                f"policy {name} deletes logs after {kept:g} d{took}",
                samples=1,
                services=("elasticsearch",),
                value=kept,
                limit=days,
                unit="d",
                evidence=(Evidence("retention-setting", "lifecycle"), Evidence("lifecycle-acted", name)),
            )

    def _acted(self, acted: Mapping[str, Any] | None, name: str, file: str) -> Iterator[Outcome]:
        if acted is None or "error" in acted:
            yield Gap(acted["error"] if acted else f"lifecycle management was not seen to act under policy {name}")
            return
        kept = acted["kept_seconds"] / DAY
        if acted["gone_seconds"] is None:
            stands = f"it stands at {acted['step']}{': ' if acted['why'] else ''}{acted['why']}"
            yield self.finding(Position(file), f"an index of {kept + 1:g} d is not deleted under {name}: {stands}")
        if not acted["younger_left"]:
            yield self.finding(Position(file), f"an index of {kept - 1:g} d is deleted under {name}, a day too early")


def _told(acted: Mapping[str, Any]) -> str:
    if acted.get("gone_seconds") is None:
        return ""
    return f", and deleted an index of {acted['kept_seconds'] / DAY + 1:g} d in {acted['gone_seconds']:g} s"
