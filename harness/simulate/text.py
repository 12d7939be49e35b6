"""A timeline as plain text: what each channel would have received, and what was kept from it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.simulate.values import Mute, Notification, Timeline

WORK = ("expressions evaluated", "results reused", "iterations skipped", "samples stored")


def render(timeline: Timeline, *, texts: bool = True) -> str:
    """What each channel would have received, in order of time; with `texts`, the whole text of each message."""
    return "\n".join(_lines(timeline, texts)) + "\n"


def _lines(timeline: Timeline, texts: bool) -> Iterator[str]:
    yield timeline.title
    yield (
        f"from {timeline.moment(-timeline.lead_seconds):%a %Y-%m-%d %H:%M} UTC, {spoken(timeline.duration_seconds)} "
        f"from the incident's beginning on; simulated in {timeline.wall_seconds:.1f} s"
    )
    yield ""
    yield "alerts"
    for transition in timeline.transitions:
        which = transition.alert + _told_apart(transition.labels)
        yield f"  {offset(timeline, transition.at)}  {transition.state:<9} {which}"
    for channel, messages in by_channel(timeline).items():
        yield ""
        yield f"{channel}: {len(messages)} {'message' if len(messages) == 1 else 'messages'}"
        for message in messages:
            yield from _message(timeline, message, texts)
    if timeline.mutes:
        yield ""
        yield "kept quiet"
        for mute in timeline.mutes:
            yield f"  {offset(timeline, mute.since)}  {mute.alert}: {why(mute)}, {_until(timeline, mute)}"
    if timeline.reported:
        yield ""
        yield "besides"
        for entry in timeline.reported:
            yield f"  {offset(timeline, entry.at)}  {entry.source}: {entry.text}"
    yield ""
    yield "work: " + ", ".join(f"{timeline.work.get(name, 0)} {name}" for name in WORK)


def _message(timeline: Timeline, message: Notification, texts: bool) -> Iterator[str]:
    marks = [message.reason, *(["cut off"] if message.truncated else [])]
    if message.error:
        marks.append(f"NOT SENT: {message.error}")
    yield f"  {offset(timeline, message.at)}  {message.title or ', '.join(message.names)}  ({'; '.join(marks)})"
    if texts:
        for line in message.text.strip().splitlines():
            yield f"  {'':>14}  | {line}".rstrip()


def by_channel(timeline: Timeline) -> dict[str, list[Notification]]:
    """The messages of each channel, channels by name."""
    found: dict[str, list[Notification]] = {}
    for message in timeline.notifications:
        found.setdefault(message.channel, []).append(message)
    return dict(sorted(found.items()))


def offset(timeline: Timeline, at: float) -> str:
    """An offset as `+1d 02:03:04`, right-aligned."""
    total = int(abs(at))
    days, rest = divmod(total, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    sign = "-" if at < 0 else "+"
    return f"{sign}{f'{days}d ' if days else ''}{clock}".rjust(14)


def spoken(seconds: float) -> str:
    """A duration as a person says it, with its largest units."""
    parts = []
    rest = int(seconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def why(mute: Mute) -> str:
    """Why an alert was muted, in a few words."""
    if mute.by == "inhibition":
        names = dict.fromkeys(source.partition('alertname="')[2].partition('"')[0] or source for source in mute.sources)
        return f"inhibited by {', '.join(names)}"
    return f"{mute.by} {', '.join(mute.sources)}"


def _until(timeline: Timeline, mute: Mute) -> str:
    return "to the end" if mute.until is None else f"until {offset(timeline, mute.until).strip()}"


def _told_apart(labels: object) -> str:
    """The labels that tell instances of one alert apart; those of the rule itself say nothing new."""
    usual = {"alertname", "severity", "team", "service", "component", "job", "cluster", "environment"}
    if not isinstance(labels, dict):
        return ""
    own = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in usual)
    return f"  {{{own}}}" if own else ""
