"""The log index rolls over under its alias, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import IndexTemplate
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class Rollover(Check):
    """A rollover makes a new index after the template, moves the write alias to it, and hides no document.

    Why: an index that cannot roll over grows until the disk is full; one made without the template is mapped by
    guesswork. How measured: on the running Elasticsearch, under the alias the pipeline writes to. How to fix: the first
    index must be the alias' write index and be named so that a number follows, and the template's pattern must match
    the next name.
    """

    subject, suite, baseline = History, "retention", "retention"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The state before and after."""
        rolled = history.last("rollover")
        where = next((Position(t.file) for t in context.documents.of(IndexTemplate)), Position("docker-compose.yml"))
        if rolled is None:
            yield Gap("no rollover was made to happen")
            return
        before, after, alias = rolled.data["before"], rolled.data["after"], rolled.subject
        if rolled.data["status"] != 200:
            yield self.finding(where, f"{alias} does not roll over ({rolled.data['status']}): {rolled.data['answer']}")
            return
        fresh = sorted(set(after["shards"]) - set(before["shards"]))
        if len(fresh) != 1 or after["written"] != fresh:
            yield self.finding(where, f"after the rollover {alias} writes to {after['written']}, new are {fresh}")
        for index in fresh:
            if after["shards"][index] != next(iter(before["shards"].values())):
                yield self.finding(
                    where, f"{index} has {after['shards'][index]} shards: the template does not match its name"
                )
        if after["documents"] < before["documents"]:
            yield self.finding(
                where, f"{alias} shows {after['documents']} documents after the rollover, {before['documents']} before"
            )
        yield Proof(
            f"{alias} rolled over to {', '.join(fresh)}; "
            f"{after['documents']} of {before['documents']} documents still shown",
            samples=1,
            services=("elasticsearch",),
            evidence=(Evidence("rollover", alias),),
        )
