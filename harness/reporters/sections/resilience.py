"""The faults that the log pipeline was put through, and what became of the lines written under each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model import History
from harness.reporters.sections.reading import figure, inner, text, whole

_SAID = {
    "received_before": "{} lines delivered when Filebeat was killed",
    "in_hand": "killed with {} lines in hand",
    "down_seconds": "Elasticsearch away for {} s",
    "blocked_seconds": "writes refused for {} s",
    "rotations": "{} files rotated while written",
    "odd": "{} such lines among others",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; every count that was not recorded is None."""

    name: str
    happened: str
    sent: int | None
    stored: int | None
    dead_letters: int | None
    missing: int | None
    hops: str
    duplicated: int | None
    altered: int | None
    reordered: int | None
    resent: int | None
    drain_seconds: float | None


def faults(history: History) -> tuple[Fault, ...]:
    """Every fault that was played, in its order."""
    return tuple(_fault(seen.subject, seen.data, history) for seen in history.of_kind("fault"))


def _fault(name: str, what: Mapping[str, Any], history: History) -> Fault:
    account = history.last("line-account", name)
    became = account.data if account else {}

    def count(of: str) -> int | None:
        return whole(became, of) if of in became else None

    hops = inner(inner(became, "missing"), "hops")
    return Fault(
        name=name.replace("-", " "),
        happened=", ".join(words.format(text(what, key)) for key, words in _SAID.items() if key in what),
        sent=count("sent"),
        stored=count("stored"),
        dead_letters=count("dead_letters"),
        missing=count("missing"),
        hops=", ".join(f"{hop} {text(hops, hop)}" for hop in hops),
        duplicated=count("duplicated"),
        altered=count("altered"),
        reordered=count("reordered"),
        resent=count("resent"),
        drain_seconds=figure(what, "drain_seconds"),
    )
