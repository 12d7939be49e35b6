"""Stores documents in Elasticsearch: patiently, each once, and lets nobody believe they are stored before they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import orjson

from harness.languages.logstash.event import Event
from harness.services.logstash_server.counters import OutputCounters
from harness.services.logstash_server.documents import Document, body, dead_letter, requests
from harness.services.logstash_server.elasticsearch_options import Target
from harness.services.logstash_server.http_client import Connection, Response, UnreachableError
from harness.services.logstash_server.journal import Journal

_PATH = "/_bulk?filter_path=errors,items.*.error,items.*.status"
_STORED = (200, 201)
_CONFLICT = 409
_NOT_TAKEN_WHOLE = (400, 413)

Render = Callable[[str, Event], str]


class ElasticsearchOutput:
    """One elasticsearch output of the pipeline; documents may be delivered by several callers at once."""

    def __init__(
        self,
        target: Target,
        dead_letter_index: str,
        counters: OutputCounters,
        journal: Journal,
        *,
        on_lost: Callable[[Document, str], None],
        concurrent_requests: int = 2,
    ) -> None:
        self._target = target
        self._dead_letter_index = dead_letter_index
        self._counters = counters
        self._journal = journal
        self._on_lost = on_lost
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for number in range(concurrent_requests):
            host = target.hosts[number % len(target.hosts)]
            self._idle.put_nowait(Connection(host, target.tls, target.timeout_seconds))
        self._next_host = concurrent_requests

    def document(self, event: Event, source: bytes, render: Render) -> Document:
        """The bulk operation for an event."""
        target = self._target
        identity = render(target.document_id, event) if target.document_id else None
        return Document(render(target.action, event), render(target.index, event), identity, source)

    def identity(self, event: Event, render: Render) -> str | None:
        """The id an event would get, if it has what the id is made of."""
        found = render(self._target.document_id, event) if self._target.document_id else None
        return None if found is None or "%{" in found else found

    def letter_to(self, event_id: str, source: bytes, reason: str) -> Document:
        """A dead letter for an event that never became a document."""
        return Document("create", self._dead_letter_index, event_id, source, reason=reason, tries=1)

    async def deliver(self, documents: Sequence[Document]) -> None:
        """Return once every document is stored, was there already, or stands in the dead-letter index."""
        began = time.monotonic()
        self._counters.events_in += len(documents)
        await asyncio.gather(*(self._until_settled(batch) for batch in requests(documents)))
        self._counters.events_out += len(documents)
        self._counters.waiting_seconds += time.monotonic() - began

    def close(self) -> None:
        """Drop the idle connections; those in use are dropped when their request is cancelled."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    async def _until_settled(self, documents: Sequence[Document]) -> None:
        """Retry for ever what can still succeed, at growing intervals."""
        interval = self._target.retry_initial_seconds
        while documents:
            documents, waiting = await self._attempt(documents)
            if waiting:
                self._counters.retried_documents += len(documents)
                await asyncio.sleep(interval)  # the product's own schedule, cancelled on shutdown
                interval = min(interval * 2, self._target.retry_max_seconds)

    async def _attempt(self, documents: Sequence[Document]) -> tuple[list[Document], bool]:
        """Send one request; what is still to be stored, and whether to wait before trying again."""
        self._counters.requests += 1
        try:
            response = await self._post(documents)
        except UnreachableError as error:
            self._counters.failed_requests += 1
            self._journal.warn("Elasticsearch is unreachable, will retry", error=str(error), documents=len(documents))
            return list(documents), True
        if response.status in _STORED:
            again, letters = self._sort(documents, response)
            await self._until_settled(letters)
            return again, bool(again)
        self._counters.failed_requests += 1
        if response.status in _NOT_TAKEN_WHOLE:
            await self._halved(documents, response)
            return [], False
        said = response.body[:300].decode("utf-8", "replace")
        self._journal.warn("Elasticsearch refused a bulk request, will retry", status=response.status, said=said)
        return list(documents), True

    async def _post(self, documents: Sequence[Document]) -> Response:
        connection = await self._idle.get()
        try:
            return await connection.post(_PATH, body(documents), self._target.headers)
        except UnreachableError:
            connection = self._elsewhere()
            raise
        finally:
            self._idle.put_nowait(connection)

    def _elsewhere(self) -> Connection:
        """A connection to the next host of the list."""
        host = self._target.hosts[self._next_host % len(self._target.hosts)]
        self._next_host += 1
        return Connection(host, self._target.tls, self._target.timeout_seconds)

    async def _halved(self, documents: Sequence[Document], response: Response) -> None:
        """A request that is refused as a whole is taken apart until the document that spoils it stands alone."""
        said = response.body[:300].decode("utf-8", "replace")
        if len(documents) == 1:
            await self._until_settled(self._letters(documents[0], f"{response.status} {said}"))
            return
        middle = len(documents) // 2
        await asyncio.gather(self._until_settled(documents[:middle]), self._until_settled(documents[middle:]))

    def _sort(self, documents: Sequence[Document], response: Response) -> tuple[list[Document], list[Document]]:
        """Tell the stored from those to try again, and write dead letters for those that never will be."""
        try:
            answer = orjson.loads(response.body)
            statuses = [next(iter(item.values())) for item in answer.get("items", ())] if answer["errors"] else None
        except (ValueError, KeyError, AttributeError, TypeError, StopIteration):
            statuses = []
        if statuses is None:
            return [], []
        if len(statuses) != len(documents):
            self._journal.warn("Elasticsearch answered a bulk request for other documents than it got, will retry")
            return list(documents), []
        again: list[Document] = []
        letters: list[Document] = []
        for document, answer in zip(documents, statuses, strict=True):
            status, reason = answer.get("status", 0), answer.get("error")
            if status in _STORED:
                continue
            if status == _CONFLICT:
                self._counters.already_there += 1
            elif status in self._target.dead_letter_codes:
                letters += self._letters(document, f"{status} {_reason(reason)}")
            else:
                again.append(document)
                self._journal.warn(
                    "Elasticsearch refused a document, will retry", status=status, reason=_reason(reason)
                )
        return again, letters

    def _letters(self, document: Document, reason: str) -> list[Document]:
        """The dead letter for a rejected document, if one can still be written."""
        letter = dead_letter(document, self._dead_letter_index, reason)
        if document.tries == 0:
            self._counters.dead_lettered += 1
            said = "A document was rejected and goes to the dead-letter index"
            self._journal.warn(said, index=document.index, id=document.id, reason=reason)
        if letter is None:
            self._on_lost(document, reason)
            return []
        return [letter]


def _reason(error: object) -> str:
    """An error of Elasticsearch in one line, its causes behind it."""
    if not isinstance(error, dict):
        return str(error)
    text = f"{error.get('type')}: {error.get('reason')}"
    cause = error.get("caused_by")
    return f"{text}; caused by {_reason(cause)}" if isinstance(cause, dict) else text
