"""The saved searches answer on the running Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import Elasticsearch
from harness.documents.searches import Searches
from harness.model import Evidence, Gap, History, Outcome, Position, Proof


class StandingSearches(Check):
    """Every saved search answers on the running Elasticsearch, to its reader and to nobody without a password.

    Why: a search that fails is found out in the middle of an incident. How measured: each is opened over the last day
    as Discover does; how much it finds is not judged, because what was logged is not known. How to fix: Elasticsearch's
    own error is in the finding.
    """

    subject, suite = History, "staging"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per search that fails, and one when anybody may read."""
        opened = {o.subject: o for o in history.of_kind("standing-search")}
        anonymous = history.last("standing-access", "anonymous read")
        if not opened or anonymous is None:
            yield Gap("no saved search was opened")
            return
        found = 0
        for document in context.documents.of(Searches):
            for search in document.searches:
                seen = opened.get(search.title)
                if seen is None:
                    yield Gap(f"{search.title} was not opened")
                elif why := seen.data.get("error") or "; ".join(map(str, seen.data["failures"])):
                    yield self.finding(search.view.at(), f"{search.title}: {why}")
                else:
                    found += bool(seen.data["hits"])
        if anonymous.data["status"] == 200:
            where = next((Position(c.file) for c in context.documents.of(Elasticsearch)), Position("elasticsearch.yml"))
            yield self.finding(where, "somebody without a password can read the running Elasticsearch")
        elif anonymous.data["status"] != 401:
            yield Gap(f"a request without a password was answered with {anonymous.data['status']}, neither 200 nor 401")
        if not found:
            yield Gap("no search found anything in the last day, so nothing says that logs arrive")
        slowest = max((o.data["seconds"] for o in opened.values() if "seconds" in o.data), default=0.0)
        yield Proof(
            f"{len(opened)} searches opened, {found} found something; the slowest took {slowest:.2f} s",
            samples=len(opened),
            services=("elasticsearch",),
            evidence=(Evidence("standing-search", "all"),),
        )
