"""Takes events through the pipeline to its outputs, and answers only when they are where they belong."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from harness.errors import HarnessError
from harness.languages.logstash import Pipeline
from harness.languages.logstash.event import Event, Timestamp
from harness.services.logstash_server.console_output import NullOutput
from harness.services.logstash_server.counters import Counters
from harness.services.logstash_server.documents import Document, encoded
from harness.services.logstash_server.elasticsearch_output import ElasticsearchOutput
from harness.services.logstash_server.journal import Journal
from harness.services.logstash_server.trail import Trail

Output = ElasticsearchOutput | NullOutput
_EVENTS_BETWEEN_BREATHS = 64  # about 3 ms of work, after which connections and clocks have their turn


class Engine:
    """The pipeline with its outputs, shared by all connections. `outputs` is keyed by the identity of the plugin."""

    def __init__(
        self,
        pipeline: Pipeline,
        outputs: Mapping[int, Output],
        counters: Counters,
        journal: Journal,
        trail: Trail | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._trail = trail
        self._outputs = outputs
        self._counters = counters
        self._journal = journal
        # One batch is filtered at a time, in order; its bulk request is under way while the next one is filtered.
        self._turn = asyncio.Lock()

    async def settle(self, payloads: Sequence[bytes], decode: Callable[[bytes], Event]) -> None:
        """Return once everything these events amount to is stored (or known to be refused for good).

        Raises ValueError when a payload is no event.
        """
        async with self._turn:
            if self._trail:
                self._trail.received(payloads)
            documents = await self._process(payloads, decode)
        await asyncio.gather(*(output.deliver(batch) for output, batch in documents.items()))
        if self._trail:
            self._trail.settled(document for batch in documents.values() for document in batch)

    async def _process(
        self, payloads: Sequence[bytes], decode: Callable[[bytes], Event]
    ) -> dict[ElasticsearchOutput, list[Document]]:
        documents: dict[ElasticsearchOutput, list[Document]] = {}
        for start in range(0, len(payloads), _EVENTS_BETWEEN_BREATHS):
            began = time.perf_counter()
            for payload in payloads[start : start + _EVENTS_BETWEEN_BREATHS]:
                self._one(decode(payload), documents)
            self._counters.processing_seconds += time.perf_counter() - began
            await asyncio.sleep(0)
        return documents

    def _one(self, event: Event, documents: dict[ElasticsearchOutput, list[Document]]) -> None:
        """Filter one event and add what comes out to the documents of its outputs."""
        self._counters.events_in += 1
        try:
            produced = self._pipeline.process_with_metadata(event)
            routed = [(one, self._pipeline.outputs_for(one)) for one in produced]
        except Exception as error:  # whatever a filter trips over, the line must not vanish, nor the others with it
            self._refuse(event, error, documents)
            return
        self._counters.filtered += len(produced)
        self._counters.dropped += not produced
        for one, plugins in routed:
            try:
                self._hand_over(one, [self._outputs[id(plugin)] for plugin in plugins], documents)
            except HarnessError as error:
                self._refuse(one, error, documents)

    def _hand_over(
        self, event: Event, outputs: Sequence[Output], documents: dict[ElasticsearchOutput, list[Document]]
    ) -> None:
        source: bytes | None = None
        self._counters.out += bool(outputs)
        for output in outputs:
            if isinstance(output, NullOutput):
                output.write(event, self._pipeline.render)
                continue
            if source is None:
                source = encoded(event)
            documents.setdefault(output, []).append(output.document(event, source, self._pipeline.render))

    def _refuse(self, event: Event, error: Exception, documents: dict[ElasticsearchOutput, list[Document]]) -> None:
        """An event that a filter or condition cannot take: Logstash drops it, here it leaves a dead letter.

        The letter says why and which event, but not what the event held: it may not have come to its redaction.
        """
        self._counters.refused += 1
        reason = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__} in a filter: {error}"
        self._journal.warn("An event was refused by the pipeline", reason=reason)
        raw = encoded(event)
        digest = hashlib.sha256(raw).hexdigest()
        letter: dict[str, Any] = {
            "@timestamp": event.get("@timestamp") or Timestamp.of_millis(int(time.time() * 1000)),
            "message": f"withheld, it may not be redacted yet ({len(raw)} bytes, sha256 {digest})",
            "reason": reason,
            "tags": ["_dead_letter", "_refused_by_pipeline"],
        }
        for output in self._outputs.values():
            if isinstance(output, ElasticsearchOutput):
                identity = self._identity(output, event) or digest
                documents.setdefault(output, []).append(output.letter_to(identity, orjson.dumps(letter), reason))
                return
        self._counters.lost += 1
        self._journal.error(
            "An event is lost: it was refused, and the pipeline has no elasticsearch output", reason=reason
        )

    def _identity(self, output: ElasticsearchOutput, event: Event) -> str | None:
        try:
            return output.identity(event, self._pipeline.render)
        except HarnessError:
            return None
