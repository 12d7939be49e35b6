"""Elasticsearch accepts the templates, policies and indices it is given."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Level, Outcome, Position, Proof


class Accepted(Check):
    """Elasticsearch accepts every template, policy and index of the configuration under test.

    Why: a template that is refused leaves guessed mappings, and searches that find nothing. How measured: each is sent
    to the real server as the deployment's entrypoint sends it. A policy that this build of Elasticsearch has no module
    for is not judged here. How to fix: Elasticsearch's own words are in the finding.
    """

    subject, suite = History, "logs"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One outcome per artifact that was not accepted, one proof for those that were."""
        installs = history.of_kind("install")
        accepted = 0
        for install in installs:
            status, file = install.data["status"], install.data["file"] or "docker-compose.yml"
            if status is not None and 200 <= status < 300:
                accepted += 1
                if install.data["left_out"]:
                    names = ", ".join(install.data["left_out"])
                    yield Gap(
                        f"{file}: not known to this build of Elasticsearch, so not judged: {names}", Level.CONTAINER
                    )
            elif install.data["part"] == "lifecycle" and "no handler found" in install.data["answer"]:
                yield Gap(f"{file}: this build of Elasticsearch has no lifecycle management", Level.CONTAINER)
            else:
                answer = install.data["answer"]
                yield self.finding(
                    Position(file), f"Elasticsearch refuses it (PUT {install.subject}, {status}): {answer}"
                )
        if accepted:
            yield Proof(
                f"{accepted} of {len(installs)} artifacts accepted",
                samples=accepted,
                services=("elasticsearch",),
                evidence=(Evidence("install", "all"),),
            )
