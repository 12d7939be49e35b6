"""Others at work on the same Elasticsearch while searches are timed: people who search, and lines that come in.

Nothing is judged here. What comes in is what is there already, under new ids and later than the world's end, so that no
search over the world finds it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import requests

from harness import wait
from harness.documents.searches import SavedSearch
from harness.errors import HarnessError, StackError
from harness.probes.search import ANSWER_SECONDS, Auth, Discover
from harness.probes.search_requests import TimeRange, iso

BATCHES_PER_SECOND = 2


@dataclass
class Load:
    """What was done meanwhile."""

    searched: int = 0
    indexed: int = 0
    failed: list[str] = field(default_factory=list)


class Crowd:
    """`viewers` who open one search after the other, and lines that come in at a rate, until it is left."""

    def __init__(self, url: str, reader: Auth, writer: Auth, alias: str, viewers: int, lines_per_second: float) -> None:
        self.load = Load()
        self._url, self._reader, self._writer, self._alias = url, reader, writer, alias
        self._viewers, self._rate = viewers, lines_per_second
        self._over = threading.Event()

    @contextlib.contextmanager
    def at_work(
        self, searches: Sequence[tuple[SavedSearch, dict[str, Any]]], span: TimeRange, samples: Sequence[dict[str, Any]]
    ) -> Iterator[Load]:
        """Begin; `samples` are documents to write again and again. All threads have ended when it is left."""
        threads = [
            threading.Thread(target=self._guarded, args=(lambda n=n: self._view(searches, span, n),), daemon=True)
            for n in range(self._viewers)
        ]
        threads.append(
            threading.Thread(target=self._guarded, args=(lambda: self._index(samples, span.end),), daemon=True)
        )
        for thread in threads:
            thread.start()
        try:
            yield self.load
        finally:
            self._over.set()
            for thread in threads:
                thread.join(ANSWER_SECONDS)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (HarnessError, requests.RequestException) as error:
            self.load.failed.append(str(error))

    def _view(self, searches: Sequence[tuple[SavedSearch, dict[str, Any]]], span: TimeRange, first: int) -> None:
        with Discover(self._url, self._reader) as discover:
            for number in itertools.count(first * 5):
                if self._over.is_set():
                    return
                search, mapping = searches[number % len(searches)]
                discover.ask(search, mapping, span)
                self.load.searched += 1

    def _index(self, samples: Sequence[dict[str, Any]], after: float) -> None:
        session = requests.Session()
        session.auth = self._writer
        size = max(1, round(self._rate / BATCHES_PER_SECOND))
        for number in itertools.count():
            if self._over.is_set():
                return
            lines = []
            for place in range(size):
                own = f"live-{number:06d}-{place:05d}"
                moment = iso(after + 60 + number / BATCHES_PER_SECOND)
                document = {**samples[(number * size + place) % len(samples)], "@timestamp": moment, "eventId": own}
                lines += [orjson.dumps({"create": {"_id": own}}), orjson.dumps(document)]
            headers = {"Content-Type": "application/x-ndjson"}
            body = b"\n".join(lines) + b"\n"
            url = f"{self._url}/{self._alias}/_bulk?filter_path=errors"
            answer = session.post(url, data=body, headers=headers, timeout=ANSWER_SECONDS)
            if not answer.ok or answer.json().get("errors"):
                raise StackError(f"live lines were refused: {answer.status_code} {answer.text[:200]}")
            self.load.indexed += size
            wait.pause(1 / BATCHES_PER_SECOND)


def forget_pages(files: Sequence[Path]) -> int:
    """Have the operating system forget what it read of some files; of how many it did. (Dirty pages stay.)"""
    if not hasattr(os, "posix_fadvise"):
        return 0
    forgotten = 0
    for path in files:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                forgotten += 1
            finally:
                os.close(descriptor)
    return forgotten
