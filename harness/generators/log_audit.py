"""Whether every stored access to a patient's record has its audit line, told from the documents alone.

What an access is, what an audit line is, and which field joins the two is data (`audit` of `fixtures/logs.yml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.generators.log_predicate import compile_predicate

NAMED = 20


class AuditTrail:
    """`add` every stored document, then ask for the summary."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._is_access = compile_predicate(spec["access"], "fixtures/logs.yml (audit.access)")
        self._is_record = compile_predicate(spec["record"], "fixtures/logs.yml (audit.record)")
        self._joined_by = str(spec["joined_by"])
        self._says = tuple(spec["says"])
        self._accesses: dict[str, str] = {}
        self._unjoined: list[str] = []
        self._records: dict[str, tuple[str, tuple[str, ...]]] = {}

    def add(self, document: Mapping[str, Any]) -> None:
        """One document of the log index."""
        access, record = self._is_access(document), self._is_record(document)
        if not (access or record):
            return
        event_id, joined = str(document.get("eventId")), document.get(self._joined_by)
        if access and joined is None:
            self._unjoined.append(event_id)
        elif access:
            self._accesses[str(joined)] = event_id
        if record:
            silent = tuple(name for name in self._says if document.get(name) is None)
            self._records[str(joined)] = (event_id, silent)

    @property
    def summary(self) -> dict[str, Any]:
        """Accesses, how many have no audit line, and audit lines that do not say who, to what or when."""
        alone = [event for joined, event in self._accesses.items() if joined not in self._records] + self._unjoined
        silent = {event: names for event, names in self._records.values() if names}
        return {
            "accesses": len(self._accesses) + len(self._unjoined),
            "records": len(self._records),
            "without_record": {"total": len(alone), "ids": alone[:NAMED]},
            "silent": {
                "total": len(silent),
                "ids": list(silent)[:NAMED],
                "fields": sorted({name for names in silent.values() for name in names}),
            },
        }
