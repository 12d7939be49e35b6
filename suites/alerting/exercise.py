"""What is done to the running stack so that alerting can be judged: nothing but waiting, watching and writing down.

The lanes are live: in each, a scenario makes its alerts fire on the unmodified rules. Alert states are asked of
Prometheus and Alertmanager once a second; the sinks record every notification by themselves. The waves share one
Alertmanager on the configuration under test; the storm goes to one with `inhibit_rules` and one without.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import requests

from harness import alert_latency, wait
from harness.boot import ALERTMANAGERS
from harness.contracts import Recorder
from harness.documents.alertmanager import Alertmanager
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Rules
from harness.errors import DeadlineError
from harness.lane import Lane
from harness.model import History, Observation
from harness.probes import alert_crossing, alertmanager_metrics, prometheus_metrics
from harness.stack import Stack

NEEDS = ("alerting",)
REQUIRES = ("simulation",)
BACKGROUND = True
STAND_INS = ("caredroid-backend",)

ROUND_SECONDS = 1.0
RESTORED_SECONDS = 45.0
"""A restored alert fires at its group's third evaluation: at most three intervals of 15 s after going live."""
SLACK_SECONDS = 20.0
COUNTED_SECONDS = 5.0
"""How long the last delivery, which the sink has answered, may take to be counted by Alertmanager."""
QUIET_SECONDS = 12.0
"""How long nothing more must arrive before the storm counts as over."""


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Watch until every expected notification has arrived and the storm is over, or their time is up."""
    watcher = _Watcher(stack, recorder)
    began = time.time()
    deadline = watcher.deadline_seconds()
    recorder.record("alerting-window", "window", {"began": began, "deadline_seconds": deadline})
    recorder.record("clock", "began", {"wall": time.time(), "monotonic": time.monotonic()})
    for budget in alert_latency.budgets(stack.configuration).values():
        recorder.record("alert-budget", budget.alert, asdict(budget))
    try:
        wait.until(
            watcher.look,
            deadline=max(1.0, deadline - (time.time() - watcher.live_at)),
            saying="every expected notification",
            every=ROUND_SECONDS,
            seen=watcher.missing_text,
        )
    except DeadlineError as error:
        recorder.record("alerting-deadline", "window", {"message": error.message})
    watcher.finish()
    recorder.record("clock", "ended", {"wall": time.time(), "monotonic": time.monotonic()})
    seconds = time.time() - began
    recorder.record("waiting", "alerting", {"seconds": seconds, "waited_seconds": seconds - watcher.worked_seconds})


class _Watcher:
    """Asks every Prometheus and Alertmanager for its alerts, and writes down what changed."""

    def __init__(self, stack: Stack, recorder: Recorder) -> None:
        self._stack = stack
        self._recorder = recorder
        self._states: dict[tuple[str, str, str], str] = {}
        self._severity = {a.name: a.severity for rules in stack.configuration.of(Rules) for a in rules.alerts}
        self._routing = stack.fixtures["routing"]["severities"]
        self._waves = {
            name: lane for name, lane in stack.lanes.items() if name != stack.fixtures["deployment"]["lanes"]["storm"]
        }
        self._storm = stack.lanes.get(stack.fixtures["deployment"]["lanes"]["storm"])
        self.worked_seconds = 0.0
        self.live_at = max((lane.live_at for lane in stack.lanes.values()), default=time.time())
        self._session = requests.Session()

    def deadline_seconds(self) -> float:
        """From going live: the latest expected firing, what restoring and the longest group_wait add, and some
        slack."""
        waits = [
            route.group_wait or 0.0
            for config in self._stack.configuration.of(Alertmanager)
            if config.route
            for route in config.route.walk()
        ]
        latest = max((at for lane in self._waves.values() for at in lane.scenario.fires.values()), default=0.0)
        return latest + RESTORED_SECONDS + min(max(waits, default=0.0), 60.0) + SLACK_SECONDS

    def look(self) -> bool:
        """One round. True once everything expected has arrived and the storm has been quiet for a while."""
        self._stack.require_alive()
        began = time.monotonic()
        self._states_now()
        expected = sum(len(v) for v in self._expected().values())
        heard, elapsed = expected - len(self._missing()), round(time.time() - self.live_at)
        text = f"{heard} of {expected} notifications heard, seconds"
        self._stack.progress(
            text, elapsed, max(elapsed, round(self.deadline_seconds() - SLACK_SECONDS)), phase="alerting"
        )
        over = not self._missing() and self._storm_is_over()
        self.worked_seconds += time.monotonic() - began
        return over

    def _states_now(self) -> None:
        for name, lane in self._stack.lanes.items():
            self._prometheus(name, lane.instance.url)
        for name in ALERTMANAGERS:
            self._alertmanager(name)

    def missing_text(self) -> str:
        """What has not arrived, for the message of a deadline."""
        return ", ".join(f"{alert} at {channel}" for alert, channel in self._missing()) or "the storm still going on"

    def finish(self) -> None:
        """Write down what the products count themselves, and when the incidents that began live crossed.

        The states once more before: what fired after the last look at it may have been heard before that look's end.
        """
        self._states_now()
        for name in ALERTMANAGERS:
            self._figures(name)
        for lane in self._stack.lanes.values():
            self._recorder.record(
                "prometheus-figures", lane.name, {"figures": prometheus_metrics.figures(lane.instance.url)}
            )
        for lane in self._waves.values():
            for state in self._began_live(lane):
                self._crossing(lane, state)
            self._kept(lane)

    def _kept(self, lane: Lane) -> None:
        """Record which series hold an identifier that the release leaks into its labels."""
        leak = self._stack.fixtures["deployment"].get("leak")
        if not leak or lane.instance is None or lane.player is None:
            return
        wanted = [f'{{{name}="{value}"}}' for name, value in leak["labels"].items()]
        asked = {"match[]": wanted, "start": f"{lane.live_at:.0f}"}
        found = self._session.get(f"{lane.instance.url}/api/v1/series", params=asked, timeout=5).json()["data"]
        data = {
            "labels": leak["labels"],
            "job": leak["job"],
            "metrics": leak["metrics"],
            "scrapes": lane.player.targets[leak["job"]].scrapes,
            "series": len(found),
            "for_example": found[:1],
        }
        self._recorder.record("label-leak", lane.scenario.name, data)

    def _figures(self, name: str) -> None:
        """Record an Alertmanager's own figures once they count all that the sinks have answered."""
        figures: dict[str, Any] = {}

        def counted() -> bool:
            figures.update(alertmanager_metrics.figures(self._stack.url(name)))
            answered = self._recorder.so_far().of_kind("notification-answered")  # type: ignore[attr-defined]
            seen = Observation(time.time(), "alertmanager-figures", name, {"figures": figures})
            both = alert_latency.compare(History.of(*answered, seen))
            return all(one.alertmanager_count == one.sink_count for one in both)

        with contextlib.suppress(DeadlineError):
            wait.until(counted, deadline=COUNTED_SECONDS, saying=f"{name} to count its deliveries")
        self._recorder.record("alertmanager-figures", name, {"figures": figures})

    def _began_live(self, lane: Lane) -> list[Observation]:
        """The alerts of a lane that fire and became pending under our eyes, not in the past that was made."""
        states = self._recorder.so_far().of_kind("alert-state")  # type: ignore[attr-defined]
        return [
            o
            for o in states
            if o.data["by"] == "prometheus"
            and o.data["where"] == lane.scenario.name
            and o.data["state"] == "firing"
            and alert_latency.moment(o.data["activeAt"]) >= lane.live_at
        ]

    def _crossing(self, lane: Lane, state: Observation) -> None:
        """Record when the sample came that made the alert pending, and when the incident had turned that way."""
        (prometheus,) = self._stack.configuration.of(Prometheus)[:1]
        alert = next(
            (a for rules in self._stack.configuration.of(Rules) for a in rules.alerts if a.name == state.subject), None
        )
        if alert is None or lane.instance is None:
            return
        pending, window = alert_latency.moment(state.data["activeAt"]), 2 * prometheus.evaluation_interval
        labels = dict(state.data["labels"])
        scraped = alert_crossing.crossed(lane.instance.url, alert.expr, labels, before=pending, window_seconds=window)
        crossed = None
        if scraped is not None:
            metrics = {track.name for track in lane.scenario.tracks if re.search(rf"\b{track.name}\b", alert.expr)}
            crossed = lane.turned(metrics, before=scraped, within_seconds=2 * prometheus.scrape_interval)
        data = {"labels": labels, "pending": pending, "scraped": scraped, "crossed": crossed}
        self._recorder.record("alert-crossing", state.subject, data)

    def _expected(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for lane in self._waves.values():
            for alert in lane.scenario.fires:
                found[alert] = set(self._routing.get(self._severity.get(alert, ""), {}).get("channels", ()))
        return found

    def _missing(self) -> list[tuple[str, str]]:
        received = self._received("")
        return [
            (alert, channel)
            for alert, channels in self._expected().items()
            for channel in sorted(channels)
            if not any(seen == channel and _names(text, alert) for seen, text, _ in received)
        ]

    def _received(self, lane: str) -> list[tuple[str, str, float]]:
        history = self._recorder.so_far()  # type: ignore[attr-defined]
        return [
            (o.subject, f"{o.data['title']}\n{o.data['text']}", o.at)
            for o in history.of_kind("notification")
            if o.data["lane"] == lane
        ]

    def _storm_is_over(self) -> bool:
        if self._storm is None:
            return True
        fires = self._storm.scenario.fires
        plain = self._received("plain")
        arrived = all(any(_names(text, alert) for _, text, _ in plain) for alert in fires)
        newest = max((at for lane in ("plain", "storm") for _, _, at in self._received(lane)), default=time.time())
        return arrived and time.time() - newest > QUIET_SECONDS

    def _prometheus(self, lane: str, url: str) -> None:
        for alert in self._session.get(f"{url}/api/v1/alerts", timeout=5).json()["data"]["alerts"]:
            labels = alert["labels"]
            self._note(
                "prometheus", lane, labels, alert["state"], {"activeAt": alert["activeAt"], "value": alert["value"]}
            )

    def _alertmanager(self, name: str) -> None:
        url = self._stack.url(name)
        for alert in self._session.get(f"{url}/api/v2/alerts", timeout=5).json():
            status = alert["status"]
            data = {
                "startsAt": alert["startsAt"],
                "updatedAt": alert["updatedAt"],
                "annotations": alert["annotations"],
                "inhibitedBy": status["inhibitedBy"],
            }
            self._note("alertmanager", name, alert["labels"], status["state"], data)

    def _note(self, by: str, where: str, labels: Mapping[str, str], state: str, data: Mapping[str, Any]) -> None:
        key = (by, where, repr(sorted(labels.items())))
        if self._states.get(key) != state:
            self._states[key] = state
            recorded = {"by": by, "where": where, "labels": dict(labels), "state": state, **data}
            self._recorder.record("alert-state", labels.get("alertname", ""), recorded)


def _names(text: str, alert: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(alert)}(?!\w)", text) is not None
