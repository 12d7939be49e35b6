"""See Imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.kibana.presence import absent, entry, proof, told_of
from harness.contracts import Check, Context
from harness.documents.searches import Searches
from harness.model import Gap, History, Outcome, Position, Severity


class Imported(Check):
    """Kibana starts on its settings, and takes every saved object of the configuration.

    Why: an import that fails in part leaves a Kibana in which a search is missing or opens on no data view; it is seen
    when the search is needed. How measured: the deployment's own importer is run in Kibana's container and must end
    with status 0; then the objects are imported through the API, whose answer names each that was refused.
    Fix: the finding has Kibana's reason, at the object.
    """

    severity, subject, suite = Severity.BUG, History, "kibana"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Judge how Kibana came up, what the importer said, and what the API answered."""
        gap = absent(subject, context)
        status = subject.last("kibana-status")
        if gap is not None:
            yield gap
            if gap.needs is None and status is not None:
                yield self.finding(entry(context), told_of(status.data))
            return
        documents = context.documents.of(Searches)
        if not documents:
            yield Gap("the configuration holds no saved objects")
            return
        yield from self._importer(subject, documents[0].file)
        sent, clean = 0, True
        for document in documents:
            answer = subject.last("kibana-import", document.file)
            if answer is None:
                yield Gap(f"{document.file} was not imported")
                clean = False
                continue
            outcomes = [*self._refused(document, answer.data)]
            yield from outcomes
            clean, sent = clean and not outcomes, sent + answer.data["sent"]
        if clean:
            version = status.data.get("version", "") if status else ""
            yield proof(f"Kibana {version} took all {sent} saved objects", sent, ("kibana-status", "kibana-import"))

    def _importer(self, subject: History, file: str) -> Iterator[Outcome]:
        for told in subject.of_kind("kibana-importer"):
            if "error" in told.data:
                yield Gap(f"the deployment's importer could not be run: {told.data['error']}")
            elif told.data["status"] != 0:
                said = told.data["said"] or "it says nothing"
                message = f"the deployment's importer ({told.subject}) ends with status {told.data['status']}: {said}"
                yield self.finding(Position(file), message)

    def _refused(self, document: Searches, answer: Mapping[str, Any]) -> Iterator[Outcome]:
        if "error" in answer:
            yield self.finding(Position(document.file), f"the import failed: {answer['error']}")
            return
        if not answer["sent"]:
            yield Gap(f"{document.file} holds no saved objects")
            return
        places = {(view.text("type"), view.text("id")): view for view in document.objects}
        for one in answer["refused"]:
            view = places.get((one["type"], one["id"]))
            place = view.at("id") if view is not None else Position(document.file)
            yield self.finding(place, f"Kibana does not take the {one['type']} `{one['id']}`: {one['reason']}")
        if not answer["refused"] and (not answer["success"] or answer["count"] != answer["sent"]):
            message = f"Kibana took {answer['count']} of the {answer['sent']} saved objects, and does not say why"
            yield self.finding(Position(document.file), message)
