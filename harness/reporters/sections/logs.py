"""Log lines as the run saw them: what was written, what arrived, and what became of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model import History
from harness.reporters.sections.reading import entries, figure, inner, text, whole


@dataclass(frozen=True, slots=True)
class Kind:
    """The lines of one kind."""

    kind: str
    sent: int
    missing: int


@dataclass(frozen=True, slots=True)
class Alteration:
    """A field that is not stored as it was written."""

    field: str
    problem: str
    documents: int
    of: int
    example: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the lines; every count that was not recorded is None."""

    sent: int
    stored: int | None
    missing: int | None
    duplicated: int | None
    altered: int | None
    strangers: int | None
    kinds: tuple[Kind, ...]
    alterations: tuple[Alteration, ...]
    malformed: int
    dead_letters: int | None
    canaries: int | None
    leaks: int | None
    drained: str
    lines_per_second: float | None


def fate(history: History) -> Fate | None:
    """What became of the lines that were written; None when none were."""
    sent, seen = history.last("log-sent"), history.last("log-line-fate")
    if sent is None and seen is None:
        return None
    written: Mapping[str, Any] = sent.data if sent else {}
    became: Mapping[str, Any] = seen.data if seen else {}
    dead, phi, drain = (_last(history, kind) for kind in ("log-dead-letters", "phi-canaries", "log-drain"))
    return Fate(
        sent=whole(written, "count") or whole(became, "sent"),
        stored=_counted(became, "stored"),
        missing=_counted(became, "missing"),
        duplicated=_counted(became, "duplicated"),
        altered=_counted(became, "altered"),
        strangers=_counted(became, "strangers"),
        kinds=_kinds(written, became),
        alterations=tuple(_alteration(entry) for entry in entries(became, "fields") if isinstance(entry, Mapping)),
        malformed=whole(written, "malformed") or whole(dead, "sent"),
        dead_letters=_counted(dead, "found"),
        canaries=_counted(phi, "canaries"),
        leaks=_counted(phi, "found"),
        drained=text(drain, "ended"),
        lines_per_second=figure(drain, "lines_per_second"),
    )


def _last(history: History, kind: str) -> Mapping[str, Any]:
    seen = history.last(kind)
    return seen.data if seen else {}


def _counted(data: Mapping[str, Any], name: str) -> int | None:
    return whole(data, name) if name in data else None


def _kinds(written: Mapping[str, Any], became: Mapping[str, Any]) -> tuple[Kind, ...]:
    sent = inner(became, "sent_kinds") or inner(written, "per_kind")
    missing = inner(became, "missing_kinds")
    return tuple(Kind(str(kind), whole(sent, kind), whole(missing, kind)) for kind in sorted(sent))


def _alteration(entry: Mapping[str, Any]) -> Alteration:
    example = text(entry, "example")
    if "wanted" in entry or "got" in entry:
        example += f": wanted {entry.get('wanted')!r}, got {entry.get('got')!r}"
    return Alteration(
        text(entry, "field"), text(entry, "problem"), whole(entry, "documents"), whole(entry, "of"), example
    )
