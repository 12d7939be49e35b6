"""The verification itself left no trace, and woke nobody."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Footprint(Check):
    """Every probe was silenced before it could notify anybody, and everything that was written was taken away.

    Why: who verifies a staging stack must not disturb the people who use it. How measured: each probe's own state in
    Alertmanager names the silence; the index is asked for after it was deleted. How to fix: remove what the finding
    names; alerts and silences end by themselves within ten minutes.
    """

    subject, suite = History, "staging"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per probe that was not silenced, and per thing that is left."""
        place = next((Position(c.file) for c in context.documents.of(Compose)), Position("docker-compose.yml"))
        footprints = history.of_kind("footprint")
        probes = history.of_kind("probe-alert")
        if not footprints:
            yield Gap("nothing was written to the stack, so there was nothing to take away")
            return
        for probe in probes:
            if not probe.data["silenced"]:
                yield self.finding(place, f"the probe of severity {probe.subject} was not silenced")
        for footprint in footprints:
            for left in footprint.data["left"]:
                yield self.finding(place, f"{footprint.subject} keeps {left}")
        document = history.last("probe-document")
        if document and document.data.get("found") != 1:
            yield Gap(f"a marked document could not be stored and found: {document.data.get('error', 'not found')}")
        yield Proof(
            f"{len(probes)} probes, all silenced; {len(footprints)} services as they were before",
            samples=len(footprints),
            services=tuple(sorted(footprint.subject for footprint in footprints)),
            evidence=(Evidence("footprint", "all"),),
        )
