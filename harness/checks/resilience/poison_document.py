"""See PoisonDocument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.logs import causes
from harness.checks.resilience.under_fault import UnderFault
from harness.contracts import Context
from harness.documents.compose import Compose
from harness.model import Finding, History, Outcome, Severity

PRODUCT = "logstash"
SETTING = "DEAD_LETTER_QUEUE_ENABLE"


class PoisonDocument(UnderFault):
    """A document that Elasticsearch refuses becomes a dead letter with its reason, and holds up nothing else.

    Why: one line of the wrong shape must neither vanish nor stop the lines behind it. Logstash itself drops such a
    document and only logs it, unless its dead letter queue is on. How measured: lines whose field has a shape the
    mapping refuses stand among good ones; each must be among the dead letters with a reason, and every good one
    stored. The compose file must turn the queue on, because what stands in for Logstash always keeps dead letters. How
    to fix: `DEAD_LETTER_QUEUE_ENABLE: "true"` in the environment of Logstash.
    """

    fault = "poison-document"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether poison was written."""
        return "" if what["odd"] else "no such line was written"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """What became of the lines, and whether Logstash itself would have kept them."""
        yield from super().examine(history, context)
        yield from self._dropped_by_the_product(context)

    def _lost(self, fault: Mapping[str, Any], account: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        """Logstash itself keeps refused documents in its queue: as many as it says are not lost, and shown."""
        missing = account["missing"]["total"]
        if account.get("hops_told", True) or not 0 < missing <= min(fault.get("queued_letters", 0), fault["odd"]):
            yield from super()._lost(fault, account, context)
            return
        text = f"{missing} refused documents are in Logstash's dead letter queue, on its disk: no search finds them"
        yield self.finding(causes.pipeline(context), text, severity=Severity.INFO)

    def _dropped_by_the_product(self, context: Context) -> Iterator[Finding]:
        for compose in context.documents.of(Compose):
            service = compose.service(PRODUCT)
            if service is not None and str(service.environment.get(SETTING, "")).lower() != "true":
                text = f"{SETTING} is not on: Logstash drops a document that Elasticsearch refuses, and only logs it"
                yield self.finding(service.at("environment"), text)
