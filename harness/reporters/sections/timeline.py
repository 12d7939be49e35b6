"""From crossing to sink: when each alert's condition became true, when it fired, and when each channel heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model import History
from harness.reporters.sections.alerts import MAIN_INSTANCE, first_heard, severity_of
from harness.reporters.sections.reading import moment, text

MOST = 60


@dataclass(frozen=True, slots=True)
class Heard:
    """A channel, and how many seconds after going live it first named the alert."""

    channel: str
    at: float


@dataclass(frozen=True, slots=True)
class Course:
    """One alert; times in seconds after going live. `pending` is None when nobody saw it pending."""

    alert: str
    severity: str
    pending: float | None
    fires: float
    heard: tuple[Heard, ...]

    @property
    def last(self) -> float:
        """When the last of its channels heard of it, or when it fired."""
        return max((one.at for one in self.heard), default=self.fires)


def courses(history: History) -> tuple[Course, ...]:
    """Every alert that Alertmanager was told of, in the order in which they fired; empty when none was."""
    waves = [o for o in history.of_kind("live") if o.data.get("wave", True)]
    lives = [at for o in waves if isinstance(at := o.data.get("live_at", o.at), int | float)]
    storms = {o.subject for o in history.of_kind("live")} - {o.subject for o in waves}
    fires: dict[str, float] = {}
    crossed: dict[str, list[float]] = {}
    for seen in history.of_kind("alert-state"):
        if text(seen.data, "by") == "alertmanager" and text(seen.data, "where") == MAIN_INSTANCE:
            at = moment(text(seen.data, "startsAt"))
            if at is not None:
                fires.setdefault(seen.subject, at)
        elif text(seen.data, "by") == "prometheus" and text(seen.data, "where") not in storms:
            active = moment(text(seen.data, "activeAt"))
            if active is not None:
                crossed.setdefault(seen.subject, []).append(active)
    if not fires:
        return ()
    zero = min([*lives, *fires.values()])
    heard, severities = first_heard(history, fires), severity_of(history)
    found = [
        Course(
            alert,
            severities.get(alert, ""),
            max((at - zero for at in crossed.get(alert, []) if at <= began), default=None),
            began - zero,
            tuple(Heard(channel, at - zero) for channel, at in sorted(heard.get(alert, {}).items())),
        )
        for alert, began in fires.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.fires, one.last, one.alert)))


def shown(found: Sequence[Course]) -> tuple[Course, ...]:
    """Those that are drawn: all, or of very many the slowest."""
    slowest = {one.alert for one in sorted(found, key=lambda one: one.fires - one.last)[:MOST]}
    return tuple(one for one in found if one.alert in slowest)
