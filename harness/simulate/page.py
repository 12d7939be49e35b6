"""A timeline as one self-contained HTML page: each alert's states as a bar, each channel's messages as they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.simulate import text
from harness.simulate.values import Timeline, Transition


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state of an alert from one moment to another, in percent of the timeline's length."""

    state: str
    left: float
    width: float
    says: str


def write_page(timeline: Timeline, path: Path) -> Path:
    """Write the page and return its path. It fetches nothing; the same timeline gives the same bytes."""
    page = (
        _environment()
        .get_template("page.html")
        .render(
            timeline=timeline,
            alerts=_bars(timeline),
            channels=text.by_channel(timeline),
            offset=lambda at: text.offset(timeline, at).strip(),
            length=text.spoken(timeline.duration_seconds),
            why=text.why,
        )
    )
    path.write_text(page.replace("\0", "\ufffd"), encoding="utf-8", errors="replace")
    return path


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _bars(timeline: Timeline) -> dict[str, tuple[Stretch, ...]]:
    """For each alert the stretches in which it, in any instance, was pending or firing."""
    of: dict[str, dict[str, list[Transition]]] = {}
    for transition in timeline.transitions:
        instance = repr(sorted(transition.labels.items()))
        of.setdefault(transition.alert, {}).setdefault(instance, []).append(transition)
    return {
        alert: tuple(s for changes in instances.values() for s in _stretches(timeline, changes))
        for alert, instances in sorted(of.items())
    }


def _stretches(timeline: Timeline, changes: Sequence[Transition]) -> list[Stretch]:
    total = timeline.lead_seconds + timeline.duration_seconds
    found = []
    for index, change in enumerate(changes):
        until = changes[index + 1].at if index + 1 < len(changes) else timeline.duration_seconds
        if change.state in ("pending", "firing"):
            left = 100 * (change.at + timeline.lead_seconds) / total
            says = (
                f"{change.state} from {text.offset(timeline, change.at).strip()} for {text.spoken(until - change.at)}"
            )
            found.append(
                Stretch(change.state, round(left, 3), round(max(100 * (until - change.at) / total, 0.15), 3), says)
            )
    return found
