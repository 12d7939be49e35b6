"""The logs of 30 days fit on the disk that was promised for them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof

DAY = 86400.0
GIGABYTE = 1e9
ROLLOVER_DAYS = 1.0


class Disk(Check):
    """30 days of logs at the documented volume fit into the 200 GB volume.

    Why: at its flood stage Elasticsearch refuses every write, and lines queue up until they are lost. How measured: the
    bytes that a document of the 30-day world takes in merged indices, times the lines that the deployment writes a day
    (`lines_per_second` of fixtures/story.yml), times the days they are kept and the one being written. A small world
    says nothing: its indices are mostly overhead. How to fix: a larger volume, or fewer days.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Bytes per document, per day, and in all."""
        seen, volume = subject.last("retention-disk"), context.baseline(self.baseline).get("volume_gigabytes")
        if seen is None or not seen.data["documents"]:
            yield Gap("what the logs take on disk was not measured")
            return
        if volume is None:
            yield Gap("fixtures/baselines.yml says of no volume for the logs")
            return
        data = seen.data
        each = data["bytes"] / data["documents"]
        per_day = each * data["lines_per_second"] * DAY / GIGABYTE
        days = data["kept_days"] + ROLLOVER_DAYS
        needed = per_day * days
        counted = (
            f"{each:.0f} bytes a document, {data['lines_per_second'] * DAY / 1e6:.1f} M documents and {per_day:.2f} GB"
        )
        statement = f"{counted} a day, {needed:.0f} GB in {days:g} days, of {volume:g} GB"
        if data["scale"] < data["full_scale"]:
            reason = f"{statement}: measured on {data['documents']:,} documents, too few to tell"
            yield Gap(reason, Level.NATIVE, hint="Build the full world, once: harness world")
            return
        if needed > volume:
            yield self.finding(_volume(context), f"the logs do not fit: {statement}")
        yield Proof(
            statement,
            samples=data["documents"],
            services=("world", "elasticsearch"),
            evidence=(Evidence("retention-disk", seen.subject),),
        )


def _volume(context: Context) -> Position:
    for compose in context.documents.of(Compose):
        service = compose.service("elasticsearch")
        return service.at("volumes") if service else Position(compose.file)
    return Position("docker-compose.yml")
