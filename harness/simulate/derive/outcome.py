"""What came of each phase that was played for an alert, read off the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.simulate.derive.derivation import Derived
from harness.simulate.values import Notification, Timeline

CASES = ("below", "brief", "missing", "fires", "recovers", "vanishes")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an alert did in one case; moments are seconds since the case began, None for what did not happen."""

    case: str
    lasts: float
    pending_at: float | None
    firing_at: float | None
    resolved_at: float | None
    firing_at_end: bool
    messages: tuple[Notification, ...] = ()

    @property
    def what(self) -> str:
        """In a word: quiet, pending, fires, resolves."""
        if self.resolved_at is not None and not self.firing_at_end:
            return "resolves"
        if self.firing_at is not None or self.firing_at_end:
            return "fires"
        return "pending" if self.pending_at is not None else "quiet"

    def plain(self) -> dict[str, Any]:
        """As it is recorded; of the messages, what tells where they went and when."""
        return {
            "case": self.case,
            "lasts": self.lasts,
            "what": self.what,
            "pending_at": self.pending_at,
            "firing_at": self.firing_at,
            "resolved_at": self.resolved_at,
            "messages": [
                {
                    "at": round(n.at, 3), "channel": n.channel, "receiver": n.receiver, "group": n.group,
                    "reason": n.reason, "status": n.status, "error": n.error,
                }
                for n in self.messages
            ],
        }  # fmt: skip


def outcomes(derived: Derived, timeline: Timeline) -> tuple[Outcome, ...]:
    """What came of each case, in the order in which they were played."""
    spans: list[tuple[str, float, float]] = []
    for phase in derived.phases:
        if spans and spans[-1][0] == phase.case:
            spans[-1] = (phase.case, spans[-1][1], phase.ends)
        else:
            spans.append((phase.case, phase.at, phase.ends))
    if derived.always:
        spans = [("fires", -timeline.lead_seconds, derived.ends)]
    return tuple(_outcome(derived.alert.name, *span, timeline) for span in spans if span[0])


def _outcome(alert: str, case: str, at: float, ends: float, timeline: Timeline) -> Outcome:
    mine = [t for t in timeline.transitions if t.alert == alert and t.at < ends]
    inside = [t for t in mine if t.at >= at]
    messages = tuple(n for n in timeline.notifications if at <= n.at < ends and alert in n.names)
    last: dict[str, str] = {}
    for transition in mine:
        last[repr(sorted(transition.labels.items()))] = transition.state
    return Outcome(
        case, ends - at, _first(inside, "pending", at), _first(inside, "firing", at),
        max((t.at - at for t in inside if t.state in ("resolved", "inactive") and t.was == "firing"), default=None),
        "firing" in last.values(), messages,
    )  # fmt: skip


def _first(transitions: Sequence[Any], state: str, at: float) -> float | None:
    return next((t.at - at for t in transitions if t.state == state), None)
