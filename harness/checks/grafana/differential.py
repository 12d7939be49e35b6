"""See Differential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.dashboards.dashboard_load import FEWEST_FILLED
from harness.checks.grafana.asked import SERVICES, not_asked
from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard, Target
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof

SHOWN = 5
"""How many differences of one query are findings of their own; the rest are counted."""


class Differential(Check):
    """What plays Grafana elsewhere answers every panel exactly as Grafana itself does.

    Why: where no Grafana runs, panels are judged by its datasource's code and by our own for Elasticsearch; this tells
    whether those judgements would be Grafana's. How measured: every query of every panel over two ranges goes to both
    within seconds, and series, labels, names, moments and values are compared. A dashboard that differs is asked again,
    twice at most, because logs and metrics may be written meanwhile. How to fix: the finding holds both answers; if
    Grafana is right, correct `harness/probes/`.
    """

    subject, suite = History, "grafana"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """Every query of the documents against the comparisons recorded."""
        if gap := not_asked(history):
            yield gap
            return
        targets = {
            f"{d.uid}/{p.title}/{t.ref}": t
            for d in context.documents.of(Dashboard)
            for p in d.panels
            for t in p.targets
            if not t.hidden
        }
        seen: dict[str, list[Mapping[str, Any]]] = {}
        for one in history.of_kind("grafana-difference"):
            seen.setdefault(one.subject, []).append(one.data)
        if not targets:
            yield Gap("the configuration has no query that could be compared")
            return
        values = filled = 0
        for name, target in targets.items():
            records = seen.get(name, [])
            held = sum(int(record["values"]) for record in records)
            values, filled = values + held, filled + bool(held)
            if not held and not any(record["count"] or record["nothing"] for record in records):
                yield Gap(f"{name} was not compared with what plays Grafana")
            for record in records:
                yield from self._differing(name, target, record)
        if filled < FEWEST_FILLED * len(targets):
            yield Gap(f"only {filled} of {len(targets)} queries had values to compare: nothing is easily the same")
        player = history.last("grafana-player")
        if player is None or player.data["failed"]:
            said = player.data["failed"] if player else "it was not asked for"
            yield Gap(f"Grafana's own datasource code could not be compared with Grafana: {said}")
        if values:
            yield Proof(
                f"{values} values of {filled} queries are the same from Grafana itself; "
                f"{len(targets) - filled} queries answer nothing on both sides",
                samples=values,
                services=SERVICES,
                evidence=(Evidence("grafana-difference", "*"),),
            )

    def _differing(self, name: str, target: Target, one: Mapping[str, Any]) -> Iterator[Finding]:
        where = f"{name} over {one['range']}" if one["range"] != "as it opens" else name
        for difference in one["differences"][:SHOWN]:
            message = (
                f"{where}: {difference['what']}: played {difference['player']}, Grafana itself {difference['grafana']}"
            )
            yield self.finding(target.at(), message)
        if one["count"] > SHOWN:
            yield self.finding(target.at(), f"{where}: {one['count'] - SHOWN} more differences")
