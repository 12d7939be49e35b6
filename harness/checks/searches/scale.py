"""Whether the searches were measured on as much as production will hold."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof


class Scale(Check):
    """The world that was searched is the full one, and every line of it is there.

    Why: 24,000 documents are found in no time whatever the query; a figure measured on them says nothing of production.
    How measured: the size that the world was built with against `scale.full` of fixtures/story.yml, the documents in it
    against the lines it was made of. A small world is judged too, but the sign-off stays open. How to fix: `harness
    world` builds the full world, once.
    """

    subject, suite, baseline = History, "searches", "log-query"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Compare sizes."""
        corpora = [o for o in subject.of_kind("search-corpus") if "scale" in o.data]
        if not corpora:
            yield Gap("no 30-day world was searched")
            return
        largest = max(corpora, key=lambda o: int(o.data["documents"]))
        lines, there = largest.data["lines"], largest.data["documents"]
        if there < lines:
            letters, lost = largest.data["dead_letters"], largest.data["lost"]
            message = f"{lines - there:,} of the world's {lines:,} lines are not in {largest.subject}"
            yield self.finding(
                Position("config/logstash.conf"), f"{message}: {letters:,} are dead letters, {lost:,} are lost"
            )
            return
        scale, full = largest.data["scale"], largest.data["full_scale"]
        if scale < full:
            reason = f"searches were measured on {scale:,} lines, not on {full:,}: `harness world` builds those, once"
            yield Gap(reason, Level.NATIVE, hint="Build the full world, once: harness world")
            return
        statement = f"{there:,} documents of {lines:,} lines, in {largest.data['shards']} shards"
        evidence = (Evidence("search-corpus", largest.subject),)
        yield Proof(statement, there, ("world", "elasticsearch"), evidence=evidence)
