"""Reads the trail of the Logstash stand-in: which lines it was given and which it had settled, by id."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson


class LogTrail:
    """What the trail says so far; `read` takes in what was added since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self.order: dict[str, int] = {}
        """Id → how many ids had come before it, when it came first."""
        self.received: Counter[str] = Counter()
        self.settled: set[str] = set()

    def read(self) -> LogTrail:
        """Take in what is new; a line that is still being written is left for the next time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return self
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.splitlines():
            entry = orjson.loads(line)
            for one in entry.get("received", ()):
                self.order.setdefault(one, len(self.order))
                self.received[one] += 1
            self.settled.update(entry.get("settled", ()))
        return self

    def lost_at(self, event_id: str) -> str:
        """The last hop that had a line which is nowhere: Elasticsearch, the pipeline, or the shipper before it."""
        if event_id in self.settled:
            return "elasticsearch"
        return "logstash" if event_id in self.received else "filebeat"
