"""What is done to the running stack so that its notifying through bad receivers can be judged.

Alerts of the rules are posted to an Alertmanager of its own, on the configuration under test, each in a cluster of its
own; one of its channels misbehaves as `fixtures/receivers.yml` says. Every delivery is recorded by the sinks.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from harness import wait
from harness.boot import RECEIVERS
from harness.contracts import Recorder
from harness.documents.alertmanager import Alertmanager
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Alert, Rules
from harness.errors import DeadlineError
from harness.probes import alertmanager_metrics
from harness.sinks.misbehaviour import Answer
from harness.stack import Stack

NEEDS = ("receivers",)
BACKGROUND = True

INSTANCE, LANE = RECEIVERS
WATCHED_SECONDS = 100.0
SETTLED_SECONDS = 3.0
"""How long after the last expected delivery a second one of the same would still be seen."""
ALWAYS = 200
"""Answers ordered for a receiver that never recovers: more than there are tries."""
ALERT_SECONDS = 3600.0
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Case:
    """One misbehaviour: the alert it is tried with, the channel that misbehaves, and the others it goes to."""

    name: str
    alert: Alert
    channel: str
    others: tuple[str, ...]
    answers: tuple[int | str, ...]
    always: bool


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Order the answers, post the alerts, watch until all that can be delivered is, read Alertmanager's counters."""
    given = stack.fixtures["receivers"]
    cases, began = tuple(_cases(stack, given["cases"], recorder)), time.time()
    for case in cases:
        _order(stack, case)
        _post(stack, case, given["hostile"], ends_at=began + ALERT_SECONDS)
        data = {
            "alert": case.alert.name,
            "labels": _labels(stack, case),
            "channel": case.channel,
            "others": list(case.others),
            "answers": list(case.answers),
            "always": case.always,
        }
        recorder.record("receiver-case", case.name, data)
    watch = _Watch(stack, recorder, cases, given["hostile"])
    try:
        wait.until(watch.over, deadline=WATCHED_SECONDS, saying="every delivery", every=0.5, seen=watch.missing)
        wait.pause(SETTLED_SECONDS)
    except DeadlineError as error:
        recorder.record("receivers-deadline", "window", {"message": error.message})
    recorder.record("alertmanager-figures", INSTANCE, {"figures": alertmanager_metrics.figures(stack.url(INSTANCE))})
    seconds = time.time() - began
    recorder.record("receivers-window", "window", {"seconds": seconds})
    recorder.record("waiting", "receivers", {"seconds": seconds, "waited_seconds": seconds - watch.worked_seconds})


def _cases(stack: Stack, entries: list[Mapping[str, Any]], recorder: Recorder) -> Iterator[Case]:
    """Each case with an alert of its own, of those that go to such a channel; the soonest notified first."""
    (config,) = stack.configuration.of(Alertmanager)[:1]
    free = sorted(
        (alert for rules in stack.configuration.of(Rules) for alert in rules.alerts),
        key=lambda alert: min((r.group_interval or 0.0 for r in config.destinations(_own(alert))), default=0.0),
    )
    for entry in entries:
        for alert in free:
            channels = config.channels(_own(alert))
            bad = next((c for c in channels if c.split()[0] == entry["channel"]), None)
            if bad:
                free.remove(alert)
                others = tuple(channel for channel in channels if channel != bad)
                yield Case(entry["case"], alert, bad, others, tuple(entry["answers"]), bool(entry.get("always")))
                break
        else:
            recorder.record("receiver-case-left-out", entry["case"], {"channel": entry["channel"]})


def _own(alert: Alert) -> dict[str, str]:
    return {**alert.labels, "alertname": alert.name}


def _labels(stack: Stack, case: Case) -> dict[str, str]:
    """What Prometheus would send, from a cluster of the case's own, so that no alert inhibits or joins another's."""
    outer = {n: v for config in stack.configuration.of(Prometheus)[:1] for n, v in config.external_labels.items()}
    mark = re.sub(r"\W+", "-", case.name.lower())
    return {**{name: f"{value}-{mark}" for name, value in outer.items()}, **_own(case.alert)}


def _order(stack: Stack, case: Case) -> None:
    answers = [_answer(word) for word in case.answers] * (ALWAYS if case.always else 1)
    kind = case.channel.split()[0]
    for sink in stack.sinks:
        if sink.name == "smtp" and kind == "email" and getattr(sink, "lane", None) == LANE:
            sink.next_answers(answers, naming=case.alert.name)  # type: ignore[attr-defined]
        elif sink.name == kind:
            sink.next_answers(answers, lane=LANE, naming=case.alert.name)  # type: ignore[attr-defined]


def _answer(word: int | str) -> Answer:
    named = {"silence": Answer.timeout(), "reset": Answer.torn(), 429: Answer.rate_limited()}
    return named.get(word) or Answer.refused(int(word))


def _post(stack: Stack, case: Case, hostile: str, *, ends_at: float) -> None:
    annotations = {name: _PLACEHOLDER.sub("7", text) for name, text in case.alert.annotations.items()}
    for name in ("summary", "description"):
        annotations[name] = f"{annotations.get(name, '')} {hostile}"
    body = {"labels": _labels(stack, case), "annotations": annotations, "endsAt": _moment(ends_at)}
    answer = requests.post(f"{stack.url(INSTANCE)}/api/v2/alerts", json=[body], timeout=5)
    answer.raise_for_status()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


class _Watch:
    """Looks at what the sinks received, and has the first page that was delivered resolved."""

    def __init__(self, stack: Stack, recorder: Recorder, cases: tuple[Case, ...], hostile: str) -> None:
        self._stack, self._recorder, self._cases, self._hostile = stack, recorder, cases, hostile
        self._resolved: Case | None = None
        self.worked_seconds = 0.0

    def over(self) -> bool:
        """One look. True once every channel that can be reached was, and the resolved page is closed."""
        self._stack.require_alive()
        began = time.monotonic()
        self._resolve()
        missing = self._missing()
        self.worked_seconds += time.monotonic() - began
        return not missing

    def missing(self) -> str:
        """What has not arrived."""
        return ", ".join(self._missing())

    def _missing(self) -> list[str]:
        waited = [(c, channel) for c in self._cases for channel in (*c.others, *(() if c.always else (c.channel,)))]
        missing = [f"{case.name}: {channel}" for case, channel in waited if not self._delivered(case, channel)]
        unheard = [f"{case.name}: a first try" for case in self._cases if case.always and not self._tried(case)]
        closing = self._resolved and not self._delivered(self._resolved, self._resolved.channel, "resolve")
        return [*missing, *unheard, *(["the page that is to be closed"] if closing else [])]

    def _received(self, case: Case, channel: str) -> list[Mapping[str, Any]]:
        seen = self._recorder.so_far().of_kind("notification", channel)  # type: ignore[attr-defined]
        return [
            o.data for o in seen if o.data["lane"] == LANE and case.alert.name in f"{o.data['title']}{o.data['text']}"
        ]

    def _tried(self, case: Case) -> bool:
        return bool(self._received(case, case.channel))

    def _delivered(self, case: Case, channel: str, action: str = "trigger") -> bool:
        return any(d["delivered"] and d.get("action", action) == action for d in self._received(case, channel))

    def _resolve(self) -> None:
        """Let the alert of the first page that went through end, so that its page must be closed."""
        if self._resolved:
            return
        for case in self._cases:
            if case.channel == "pagerduty" and not case.always and self._delivered(case, case.channel):
                self._resolved = case
                _post(self._stack, case, self._hostile, ends_at=time.time())
                self._recorder.record(
                    "receiver-resolved", case.name, {"alert": case.alert.name, "channel": case.channel}
                )
                return
