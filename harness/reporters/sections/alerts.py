"""Alerts as the run saw them: which reached which channel how fast, what inhibition spared, what people were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.model import History, Judgement, Observation, Verdict
from harness.reporters.sections.reading import entries, inner, moment, text
from harness.reporters.summary import Standing

MAIN = ""
"""The lane of the Alertmanager that routes the waves."""
MAIN_INSTANCE = "alertmanager"
WITH_INHIBITION, WITHOUT = "storm", "plain"
ROUTING = "alerting/routing"
PREVIEWS = 6
LONGEST_PREVIEW = 1500

_WORD = re.compile(r"\w+")
_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Cell:
    """Whether a channel named an alert, and how long after it began to fire; None when that is not known."""

    received: bool
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One alert of the routing matrix."""

    alert: str
    severity: str
    fired: bool
    cells: tuple[Cell, ...]
    standing: Standing
    remark: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Alerts against the channels that received anything."""

    channels: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Spared:
    """One alert of the storm: how many notifications named it with the inhibition rules, and how many without."""

    alert: str
    with_rules: int
    without: int


@dataclass(frozen=True, slots=True)
class Storm:
    """The same outage through two Alertmanagers."""

    with_rules: int
    without: int
    alerts: tuple[Spared, ...]


@dataclass(frozen=True, slots=True)
class _Message:
    """A received notification with the words in it, so that many alerts can be looked for quickly."""

    channel: str
    at: float
    read: str
    words: frozenset[str]

    def names(self, alert: str) -> bool:
        """Whether it names an alert, as a word of its own."""
        if _WORD.fullmatch(alert):
            return alert in self.words
        return re.search(rf"(?<!\w){re.escape(alert)}(?!\w)", self.read) is not None


def matrix(history: History, judgements: Iterable[Judgement]) -> Matrix | None:
    """Every alert that was seen or expected against every channel; None when no alert was watched."""
    severities = _severities(history)
    names = sorted({*severities, *_fired(history), *(o.subject for o in history.of_kind("expectation"))} - {""})
    if not names:
        return None
    received = _messages(history, MAIN)
    channels = tuple(sorted({message.channel for message in received}))
    fired, begun, judged = _fired(history), _begun(history), [j for j in judgements if j.check == ROUTING]
    rows, naming = [], _naming(received, names)
    for name in names:
        first: dict[str, float] = {}
        for message in naming[name]:
            first.setdefault(message.channel, message.at)
        cells = tuple(_cell(first.get(channel), begun.get(name)) for channel in channels)
        standing, remark = _judged(name, judged)
        rows.append(Row(name, severities.get(name, ""), name in fired, cells, standing, remark))
    return Matrix(channels, tuple(sorted(rows, key=_rank)))


def _rank(row: Row) -> tuple[int, str]:
    known = row.severity in _SEVERITIES
    return (_SEVERITIES.index(row.severity) if known else len(_SEVERITIES), row.alert)


def _cell(at: float | None, begun: float | None) -> Cell:
    return Cell(at is not None, max(0.0, at - begun) if at is not None and begun is not None else None)


def _judged(alert: str, judged: Iterable[Judgement]) -> tuple[Standing, str]:
    """What the routing check said of one alert: the report shows its verdict and makes none."""
    begins = re.compile(rf"{re.escape(alert)}(?!\w)")
    for judgement in judged:
        for finding in judgement.findings:
            if begins.match(finding.message):
                return Standing.FAILED, f"{finding.message} ({finding.position})"
        for gap in judgement.gaps:
            if begins.match(gap.reason):
                return Standing.UNKNOWN, gap.reason
        if judgement.proofs and judgement.verdict is not Verdict.UNKNOWN:
            return Standing.PROVEN, ""
        return Standing.UNKNOWN, judgement.reason
    return Standing.UNKNOWN, f"{ROUTING} was not judged"


def storm(history: History) -> Storm | None:
    """What inhibition spared people; None when no storm was played."""
    without, with_rules = _messages(history, WITHOUT), _messages(history, WITH_INHIBITION)
    played = history.last("storm")
    if played is None:
        return None
    names = sorted(str(name) for name in entries(played.data, "fires"))
    counted = [
        Spared(name, sum(m.names(name) for m in with_rules), sum(m.names(name) for m in without)) for name in names
    ]
    return Storm(len(with_rules), len(without), tuple(counted))


def chosen_for_preview(history: History) -> tuple[Observation, ...]:
    """A few notifications: of each channel the first with a problem, else the first; then more until enough."""
    received = [o for o in history.of_kind("notification") if text(o.data, "title") or text(o.data, "text")]
    ordered = sorted(received, key=lambda o: (not entries(o.data, "problems"), text(o.data, "lane") != MAIN, o.at))
    of_channel: dict[str, Observation] = {}
    for seen in ordered:
        of_channel.setdefault(seen.subject, seen)
    taken = {id(seen) for seen in of_channel.values()}
    more = [seen for seen in ordered if id(seen) not in taken][: max(0, PREVIEWS - len(of_channel))]
    chosen = [*of_channel.values(), *more][: 2 * PREVIEWS]
    return tuple(sorted(chosen, key=lambda o: (o.subject, o.at)))


def first_heard(history: History, begun: Mapping[str, float]) -> Mapping[str, Mapping[str, float]]:
    """Alert → channel → when it first named the alert since it began to fire, on the main Alertmanager."""
    heard: dict[str, dict[str, float]] = {alert: {} for alert in begun}
    for alert, naming in _naming(_messages(history, MAIN), begun).items():
        for message in naming:
            if message.at >= begun[alert]:
                heard[alert].setdefault(message.channel, message.at)
    return heard


def _naming(messages: Iterable[_Message], alerts: Iterable[str]) -> Mapping[str, list[_Message]]:
    """Alert → the messages that name it, in their order; looked up by word, because there may be hundreds of both."""
    found: dict[str, list[_Message]] = {alert: [] for alert in alerts}
    odd = [alert for alert in found if not _WORD.fullmatch(alert)]
    for message in messages:
        for word in message.words & found.keys():
            found[word].append(message)
        for alert in odd:
            if message.names(alert):
                found[alert].append(message)
    return found


def severity_of(history: History) -> Mapping[str, str]:
    """Alert → severity, as its labels say."""
    return _severities(history)


def _messages(history: History, lane: str) -> tuple[_Message, ...]:
    found = []
    for seen in history.of_kind("notification"):
        if text(seen.data, "lane") == lane and seen.data.get("delivered", True):
            read = f"{text(seen.data, 'title')}\n{text(seen.data, 'text')}"
            found.append(_Message(seen.subject, seen.at, read, frozenset(_WORD.findall(read))))
    return tuple(sorted(found, key=lambda message: message.at))


def _fired(history: History) -> set[str]:
    states = history.of_kind("alert-state")
    return {o.subject for o in states if text(o.data, "by") == "prometheus" and text(o.data, "state") == "firing"}


def _severities(history: History) -> dict[str, str]:
    return {o.subject: text(inner(o.data, "labels"), "severity") for o in history.of_kind("alert-state")}


def _begun(history: History) -> dict[str, float]:
    """Since when each alert fires, as the main Alertmanager was told first."""
    begun: dict[str, float] = {}
    for seen in history.of_kind("alert-state"):
        if text(seen.data, "by") == "alertmanager" and text(seen.data, "where") == MAIN_INSTANCE:
            at = moment(text(seen.data, "startsAt"))
            if at is not None:
                begun.setdefault(seen.subject, at)
    return begun
