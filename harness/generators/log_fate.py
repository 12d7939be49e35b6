"""What became of every line: stored once as it must be, missing, duplicated, altered, or among the dead letters.

Fed with the stored documents one by one; says at the end, in values fit for the history, what is wrong and where.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from harness.generators.log_canaries import Detector, masked
from harness.generators.log_expectation import Difference, Expectation
from harness.generators.log_truth import Truth

NAMED = 50
"""How many ids are named in an observation; the totals beside them are complete."""

_REASON_TAG = "_"


class Fate:
    """Compares stored documents with the truth. `add_document` and `add_dead_letter`, then the summaries."""

    def __init__(self, truth: Truth, expectation: Expectation) -> None:
        self._truth = truth
        self._expectation = expectation
        self._detector = Detector(truth.canaries)
        self._seen: Counter[str] = Counter()
        self._altered: dict[str, tuple[Difference, ...]] = {}
        self._strangers = 0
        self._documents: Counter[str] = Counter()
        self._leaks: list[dict[str, str]] = []
        self._leak_count = 0
        self._dead: dict[str, str] = {}
        self._dead_strangers: Counter[str] = Counter()
        ids = "|".join(
            sorted({re.escape(event_id.rpartition("-")[0]) for event_id in (*truth.lines, *truth.malformed)})
        )
        self._event_id = re.compile(rf"(?:{ids})-\d+" if ids else r"(?!)")

    def add_document(self, index: str, document: Mapping[str, Any]) -> None:
        """One document of the log index."""
        event_id = str(document.get("eventId", ""))
        line = self._truth.lines.get(event_id)
        self._look_for_phi(index, event_id, document)
        if line is None:
            self._strangers += 1
            return
        self._seen[event_id] += 1
        if differences := tuple(self._expectation.differences(line, document)):
            self._altered[event_id] = differences

    def add_dead_letter(self, index: str, document: Mapping[str, Any]) -> None:
        """One document of the dead letters, recognised by the event id it holds."""
        text = json.dumps(document, ensure_ascii=False)
        found = self._event_id.search(text)
        event_id = found[0] if found else ""
        self._look_for_phi(index, event_id or str(document.get("eventId", "")), document)
        reason = _reason(document)
        if event_id:
            self._dead[event_id] = reason
        else:
            self._dead_strangers[reason] += 1

    def _look_for_phi(self, index: str, event_id: str, document: Mapping[str, Any]) -> None:
        self._documents[index] += 1
        for name, value in document.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for canary in {*self._detector.found(text)}:
                self._leak_count += 1
                if len(self._leaks) < NAMED:
                    self._leaks.append({"index": index, "id": event_id, "field": name, "canary": masked(canary)})

    @property
    def missing(self) -> tuple[str, ...]:
        """The ids of well-formed lines that are not stored."""
        return tuple(event_id for event_id in self._truth.lines if event_id not in self._seen)

    @property
    def lines(self) -> dict[str, Any]:
        """The fate of the well-formed lines: totals, ids, and which fields differ in how many documents."""
        lines = self._truth.lines
        missing = self.missing
        duplicated = [event_id for event_id, times in self._seen.items() if times > 1]
        return {
            "sent": len(lines),
            "stored": len(self._seen),
            "strangers": self._strangers,
            "missing": _listed(missing),
            "missing_kinds": dict(Counter(lines[event_id].kind for event_id in missing)),
            "sent_kinds": dict(self._truth.per_kind()),
            "missing_dead": dict(Counter(self._dead[event_id] for event_id in missing if event_id in self._dead)),
            "duplicated": _listed(duplicated),
            "altered": _listed(self._altered),
            "fields": self._fields(),
        }

    def _fields(self) -> list[dict[str, Any]]:
        """Each field and problem: in how many documents, of how many that should have had it right, with an example."""
        counts: Counter[tuple[str, str]] = Counter()
        examples: dict[tuple[str, str], tuple[str, Difference]] = {}
        for event_id, differences in self._altered.items():
            for difference in differences:
                key = (difference.field, difference.problem)
                counts[key] += 1
                examples.setdefault(key, (event_id, difference))
        carriers = self._carriers({field for field, problem in counts if problem in ("missing", "changed")})
        return [
            {
                "field": field,
                "problem": problem,
                "documents": count,
                "of": carriers.get(field, len(self._seen)),
                "example": examples[field, problem][0],
                "wanted": examples[field, problem][1].wanted,
                "got": examples[field, problem][1].got,
            }
            for (field, problem), count in counts.most_common(NAMED)
        ]

    def _carriers(self, fields: Iterable[str]) -> dict[str, int]:
        wanted, counts = set(fields), Counter[str]()
        if wanted:
            for event_id in self._seen:
                counts.update(wanted & orjson.loads(self._truth.lines[event_id].text).keys())
        return dict(counts)

    @property
    def dead_letters(self) -> dict[str, Any]:
        """The fate of the lines broken on purpose, and what else is among the dead letters."""
        broken = self._truth.malformed
        return {
            "sent": len(broken),
            "found": sum(event_id in self._dead for event_id in broken),
            "lost": _listed([event_id for event_id in broken if event_id not in self._dead]),
            "parsed": _listed([event_id for event_id in broken if event_id in self._seen]),
            "reasons": dict(Counter(self._dead[event_id] for event_id in broken if event_id in self._dead)),
            "well_formed": _listed([event_id for event_id in self._dead if event_id in self._truth.lines]),
            "strangers": dict(self._dead_strangers),
        }

    @property
    def phi(self) -> dict[str, Any]:
        """Canaries found in any index, none of them spelled out."""
        spoken = sum(bool(line.phi) for line in (*self._truth.lines.values(), *self._truth.malformed.values()))
        return {
            "canaries": len(self._truth.canaries),
            "lines_with_canaries": spoken,
            "documents": dict(self._documents),
            "found": {"total": self._leak_count, "places": self._leaks},
        }


def _listed(ids: Iterable[str]) -> dict[str, Any]:
    every = list(ids)
    return {"total": len(every), "ids": every[:NAMED]}


def _reason(document: Mapping[str, Any]) -> str:
    """Why a line is a dead letter: what the store answered, or the pipeline's tags for failures."""
    for name in ("reason", "error"):
        if document.get(name):
            return str(document[name])[:120]
    tags = document.get("tags") or ()
    told = [str(tag) for tag in ([tags] if isinstance(tags, str) else tags) if str(tag).startswith(_REASON_TAG)]
    return " ".join(told) or "unknown"
