"""Loss by identity: for every line that was written under a fault, where it is now, or which hop lost it.

Fed with the stored documents one by one, and with what the hop in the middle noted: lines it was given, lines it had
settled. A line is lost by the last hop that had it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from harness.generators.log_canaries import Detector, masked
from harness.generators.log_expectation import Expectation
from harness.generators.log_files import Place
from harness.generators.log_population import Canary
from harness.generators.logs import Line

NAMED = 20
"""How many lines of a list are named in an observation; the totals beside them are complete."""

PIECE = "a piece of it is a dead letter"
"""How what is said of a line begins of which not more than a piece was set aside."""

ROTATION, SHIPPER, PIPELINE, STORE, UNTOLD = "rotation", "filebeat", "logstash", "elasticsearch", "untold"


@dataclass(frozen=True, slots=True)
class Sent:
    """A line that was written: under which fault, and where."""

    fault: str
    line: Line
    place: Place


@dataclass
class _Found:
    """Where a line was found: indices of logs and of dead letters, how many of these hold a piece of it, differences,
    and reasons."""

    logs: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    pieces: int = 0
    differences: list[str] = field(default_factory=list)
    reason: str = ""


class Account:
    """`add` every stored document, then ask for the fate of the lines of each fault."""

    def __init__(
        self,
        sent: Iterable[Sent],
        expectation: Expectation,
        cut_off: Callable[[Place], bool],
        canaries: Iterable[Canary] = (),
    ) -> None:
        self._sent = {one.line.event_id: one for one in sent}
        self._expectation = expectation
        self._cut_off = cut_off
        self._detector = Detector(canaries)
        self._documents = 0
        self._leaks: list[dict[str, str]] = []
        self._found: dict[str, _Found] = defaultdict(_Found)
        prefixes = {re.escape(event_id.rpartition("-")[0]) for event_id in self._sent}
        self._event_id = re.compile(rf"(?:{'|'.join(sorted(prefixes))})-\d+" if prefixes else r"(?!)")

    def add(self, index: str, document: Mapping[str, Any], *, dead_letter: bool) -> None:
        """One stored document; those of other suites are searched for canaries only."""
        self._look_for_phi(index, document)
        event_id = str(document.get("eventId", ""))
        if event_id not in self._sent and dead_letter:
            match = self._event_id.search(orjson.dumps(document).decode())
            event_id = match[0] if match else ""
        sent = self._sent.get(event_id)
        if sent is None:
            return
        found = self._found[event_id]
        if not dead_letter:
            found.logs.append(index)
            differences = self._expectation.differences(sent.line, document) if sent.line.well_formed else ()
            found.differences += [f"{d.field} {d.problem}: {d.wanted} → {d.got}" for d in differences]
            return
        found.dead.append(index)
        found.reason = str(document.get("reason") or " ".join(map(str, document.get("tags") or ())))
        whole = document.get("message") == sent.line.text or bool(document.get("reason"))
        found.pieces += sent.line.well_formed and not whole
        if not sent.line.well_formed and not sent.line.phi and not whole:
            found.differences.append("the dead letter does not hold the line as it was written")

    def _look_for_phi(self, index: str, document: Mapping[str, Any]) -> None:
        self._documents += 1
        for name, value in document.items():
            text = value if isinstance(value, str) else orjson.dumps(value).decode()
            for canary in {*self._detector.found(text)}:
                where = {"index": index, "id": str(document.get("eventId", "")), "field": name}
                self._leaks.append({**where, "canary": masked(canary)})

    @property
    def phi(self) -> dict[str, Any]:
        """Canaries found in any document, none spelled out, and how many dead letters came of lines that held some."""
        dead = sum(bool(self._sent[event_id].line.phi and found.dead) for event_id, found in self._found.items())
        found = {"total": len(self._leaks), "places": self._leaks[:NAMED]}
        return {"documents": self._documents, "dead_letters_of_lines_with_canaries": dead, "found": found}

    def fate(
        self,
        fault: str,
        received: Mapping[str, int],
        order: Mapping[str, int],
        settled: Collection[str],
        *,
        told: bool = True,
    ) -> dict[str, Any]:
        """Missing, misplaced, duplicated, altered and reordered lines of a fault, each with its hop or reason.

        Of the hop in the middle: `received`, id → how often it got it; `order`, id → when first; `settled`, the ids it
        answered for. When it does not tell (`told`), neither hops nor the order are known.
        """
        sent = [one for one in self._sent.values() if one.fault == fault]
        ids = [one.line.event_id for one in sent]
        reasons = Counter(self._found[i].reason[:120] for i in ids if i in self._found and self._found[i].dead)
        gone = [one for one in sent if not self._where(one)]
        missing = {one.line.event_id: self._hop(one, received, settled) for one in gone}
        twice = {i: self._twice(i, received, told=told) for i in ids if len(self._places(i)) > 1}
        if not told:
            missing = {one.line.event_id: ROTATION if self._cut_off(one.place) else UNTOLD for one in gone}
        misplaced = {one.line.event_id: self._misplaced(one) for one in sent if self._misplaced(one)}
        altered = {i: self._found[i].differences[0] for i in ids if i in self._found and self._found[i].differences}
        return {
            "sent": len(sent),
            "hops_told": told,
            "stored": sum(bool(self._found[i].logs) for i in ids if i in self._found),
            "dead_letters": sum(bool(self._found[i].dead) for i in ids if i in self._found),
            "expected_dead_letters": sum(not one.line.well_formed for one in sent),
            "missing": _listed(missing),
            "misplaced": _listed(misplaced),
            "duplicated": _listed(twice),
            "altered": _listed(altered),
            "reordered": _listed(_reordered(sent, order)),
            "resent": sum(received.get(i, 0) > 1 for i in ids),
            "reasons": dict(reasons),
        }

    def _where(self, one: Sent) -> list[str]:
        return self._places(one.line.event_id)

    def _places(self, event_id: str) -> list[str]:
        found = self._found.get(event_id)
        return [*found.logs, *found.dead] if found else []

    def _hop(self, one: Sent, received: Mapping[str, int], settled: Collection[str]) -> str:
        event_id = one.line.event_id
        if event_id in settled:
            return STORE
        if event_id in received:
            return PIPELINE
        return ROTATION if self._cut_off(one.place) else SHIPPER

    def _twice(self, event_id: str, received: Mapping[str, int], *, told: bool) -> str:
        if len(self._places(event_id)) - self._found[event_id].pieces < 2:
            return f"{PIECE} too"
        if not told:
            return "stored under different ids"
        times = received.get(event_id, 0)
        how = f"received {times} times, stored under different ids" if times > 1 else "received once, stored twice"
        return f"{PIPELINE}: {how}"

    def _misplaced(self, one: Sent) -> str:
        found = self._found.get(one.line.event_id)
        if found is None:
            return ""
        if one.line.well_formed and found.dead:
            return f"{PIECE if found.pieces == len(found.dead) else 'a dead letter'}: {found.reason[:120]}"
        return "stored, though it is broken" if not one.line.well_formed and found.logs else ""


def _reordered(sent: Iterable[Sent], order: Mapping[str, int]) -> dict[str, str]:
    """The lines that came after a line which stands behind them in the same file."""
    late: dict[str, str] = {}
    behind: dict[tuple[str, int], int] = {}
    for one in sorted(sent, key=lambda s: (s.place.file, s.place.generation, -s.place.offset)):
        key, came = (one.place.file, one.place.generation), order.get(one.line.event_id)
        if came is None:
            continue
        earliest = behind.get(key)
        if earliest is not None and came > earliest:
            late[one.line.event_id] = SHIPPER
        behind[key] = came if earliest is None else min(came, earliest)
    return late


def _listed(found: Mapping[str, str]) -> dict[str, Any]:
    """How many, by hop or reason, and the first of them."""
    counts = Counter(found.values())
    lines = [{"id": event_id, "hop": hop} for event_id, hop in list(found.items())[:NAMED]]
    return {"total": len(found), "hops": dict(counts.most_common(NAMED)), "lines": lines}
