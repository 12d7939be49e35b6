"""What the stand-in counts, and how `/_node/stats/pipelines` shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class OutputCounters:
    """One output: documents by what became of them, requests by how they went."""

    name: str
    id: str
    events_in: int = 0
    events_out: int = 0
    already_there: int = 0
    dead_lettered: int = 0
    retried_documents: int = 0
    requests: int = 0
    failed_requests: int = 0
    waiting_seconds: float = 0.0

    def shown(self) -> dict[str, Any]:
        """As Logstash shows an elasticsearch output."""
        return {
            "id": self.id,
            "name": self.name,
            "events": {
                "in": self.events_in,
                "out": self.events_out,
                "duration_in_millis": int(self.waiting_seconds * 1000),
            },
            "documents": {
                "successes": self.events_out - self.dead_lettered,
                "already_there": self.already_there,
                "dlq_routed": self.dead_lettered,
                "retryable_failures": self.retried_documents,
            },
            "bulk_requests": {"responses": self.requests, "failures": self.failed_requests},
        }


@dataclass(slots=True)
class Counters:
    """The whole pipeline."""

    events_in: int = 0
    filtered: int = 0
    dropped: int = 0
    out: int = 0
    acknowledged: int = 0
    refused: int = 0
    lost: int = 0
    connections: int = 0
    peak_connections: int = 0
    in_flight: int = 0
    windows: int = 0
    protocol_errors: int = 0
    processing_seconds: float = 0.0
    outputs: list[OutputCounters] = field(default_factory=list)

    def connected(self) -> None:
        """A Beat came."""
        self.connections += 1
        self.peak_connections = max(self.peak_connections, self.connections)

    def shown(self) -> dict[str, Any]:
        """As Logstash shows a pipeline, plus what only the stand-in knows."""
        return {
            "events": {
                "in": self.events_in,
                "filtered": self.filtered,
                "out": self.out,
                "duration_in_millis": int(self.processing_seconds * 1000),
            },
            "plugins": {
                "inputs": [
                    {
                        "name": "beats",
                        "events": {"out": self.events_in},
                        "current_connections": self.connections,
                        "peak_connections": self.peak_connections,
                    }
                ],
                "outputs": [output.shown() for output in self.outputs],
            },
            "queue": {"type": "memory", "events_count": self.in_flight},
            "dead_letter_queue": {"dead_letters": sum(output.dead_lettered for output in self.outputs)},
            "stand_in": {
                "acknowledged": self.acknowledged,
                "dropped_by_filters": self.dropped,
                "refused_by_filters": self.refused,
                "lost": self.lost,
                "windows": self.windows,
                "protocol_errors": self.protocol_errors,
                "retries": sum(output.retried_documents for output in self.outputs),
            },
        }
