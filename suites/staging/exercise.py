"""What is done to a stack that already runs: it is asked what it has loaded, and given probes that bear a mark.

Nothing is written but alerts with the mark's label, a silence for that label, made before them, so that nobody is
notified, and an index whose name begins with the mark. All of it is taken away again, and ends by itself should the run
be killed. Whatever alerts agree on to inhibit one another is given the mark too, so that no real alert is muted.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from harness import wait
from harness.checks.staging.targets import UNSCRAPED
from harness.contracts import Recorder
from harness.documents.alertmanager import Alertmanager
from harness.documents.durations import seconds
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of
from harness.errors import DeadlineError, HarnessError
from harness.probes.search import Discover
from harness.probes.search_requests import TimeRange
from harness.stack import Stack

EXTERNAL = True

LABEL, PREFIX = "harness_probe", "harness-probe-"
READER = "log_reader"
SECONDS = 15.0
SILENCE_SECONDS, ALERT_SECONDS = 600.0, 120.0
SEEN_SECONDS = 20.0
SCRAPE_SECONDS = 60.0
DAY = 86_400.0


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Ask and probe whatever the stack file names."""
    mark = secrets.token_hex(6)
    if "prometheus" in stack.instances:
        stack.progress("what Prometheus has loaded")
        _prometheus(stack.url("prometheus"), recorder)
    if "alertmanager" in stack.instances:
        stack.progress("probing the routes, silenced")
        _Routes(stack, recorder, mark).probe()
    if "elasticsearch" in stack.instances:
        stack.progress("opening every saved search")
        _searches(stack, recorder)
        _index(stack, recorder, mark)


def _prometheus(url: str, recorder: Recorder) -> None:
    groups = _json("GET", f"{url}/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    for rule in rules:
        data = {key: rule.get(key) for key in ("query", "duration", "labels", "type", "health", "lastError")}
        recorder.record("loaded-rule", rule["name"], data)
    for target in _scraped(url):
        data = {"health": target["health"], "error": target["lastError"], "url": target["scrapeUrl"]}
        recorder.record("standing-target", target["labels"]["job"], data)
    active = _json("GET", f"{url}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    recorder.record("standing-alertmanagers", "prometheus", {"active": [manager["url"] for manager in active]})


def _scraped(url: str) -> list[dict[str, Any]]:
    """The targets, once each was scraped or had the time to be: before, Prometheus calls their health unknown."""
    found: list[dict[str, Any]] = []

    def scraped() -> bool:
        found[:] = _json("GET", f"{url}/api/v1/targets?state=active")["data"]["activeTargets"]
        return all(target["health"] != UNSCRAPED for target in found)

    if not scraped():
        asked = (seconds(target.get(key, "")) for target in found for key in ("scrapeInterval", "scrapeTimeout"))
        longest = 2 * max((one for one in asked if one), default=SCRAPE_SECONDS)
        with contextlib.suppress(DeadlineError):  # what was never scraped is recorded as that
            wait.until(scraped, deadline=min(longest, 4 * SCRAPE_SECONDS), saying="each target's scrape", every=0.5)
    return found


class _Routes:
    """One marked alert per severity, silenced before it is sent; Alertmanager says where it would go."""

    def __init__(self, stack: Stack, recorder: Recorder, mark: str) -> None:
        self._api = f"{stack.url('alertmanager')}/api/v2"
        self._recorder = recorder
        self._mark = mark
        self._severities = sorted(stack.fixtures["routing"]["severities"])
        configs = stack.configuration.of(Alertmanager)
        rules = [rule for config in configs for rule in config.inhibit_rules]
        self._agreed = {label for rule in rules for label in rule.equal} - {"severity", "alertname"}
        self._unguarded = [str(rule.at()) for rule in rules if not set(rule.equal) & self._agreed]

    def probe(self) -> None:
        """Silence, send, look, resolve, lift the silence; the last two whatever happens."""
        if self._unguarded:
            data = {"reason": f"an inhibition without `equal` could mute real alerts: {', '.join(self._unguarded)}"}
            self._recorder.record("probe-refused", "alertmanager", data)
            return
        silence = self._silence()
        try:
            self._require_silenced(silence)
            self._send(ALERT_SECONDS)
            self._look(silence)
        finally:
            self._take_away(silence)

    def _silence(self) -> str:
        body = {
            "matchers": [{"name": LABEL, "value": self._mark, "isRegex": False, "isEqual": True}],
            "startsAt": _stamp(time.time()),
            "endsAt": _stamp(time.time() + SILENCE_SECONDS),
            "createdBy": "monitoring-stack-harness",
            "comment": "probes of a verification; ends by itself",
        }
        return str(_json("POST", f"{self._api}/silences", body)["silenceID"])

    def _require_silenced(self, silence: str) -> None:
        wait.until(
            lambda: _json("GET", f"{self._api}/silence/{silence}")["status"]["state"] == "active",
            deadline=SECONDS,
            saying="the silence to be in force, before which no probe is sent",
        )

    def _send(self, seconds: float) -> None:
        now = time.time()
        agreed = dict.fromkeys(sorted(self._agreed), f"{PREFIX}{self._mark}")
        alerts = [
            {
                "labels": {**agreed, "alertname": "HarnessProbe", "severity": severity, LABEL: self._mark},
                "annotations": {"summary": "a probe of a verification, silenced"},
                "startsAt": _stamp(now - 1),
                "endsAt": _stamp(now + seconds),
            }
            for severity in self._severities
        ]
        _json("POST", f"{self._api}/alerts", alerts)

    def _seen(self) -> list[dict[str, Any]]:
        parameters = {"filter": f'{LABEL}="{self._mark}"'}
        found: list[dict[str, Any]] = _json("GET", f"{self._api}/alerts", parameters=parameters)
        return found

    def _look(self, silence: str) -> None:
        try:
            wait.until(
                lambda: len(self._seen()) == len(self._severities),
                deadline=SEEN_SECONDS,
                saying="the probes",
                every=0.5,
            )
        except DeadlineError as error:
            self._recorder.record("probe-deadline", "alertmanager", {"message": error.message})
        for alert in self._seen():
            data = {
                "labels": alert["labels"],
                "receivers": sorted(receiver["name"] for receiver in alert["receivers"]),
                "silenced": silence in alert["status"]["silencedBy"],
                "state": alert["status"]["state"],
            }
            self._recorder.record("probe-alert", alert["labels"]["severity"], data)

    def _take_away(self, silence: str) -> None:
        left: list[str] = []
        try:
            self._send(0.0)
            wait.until(lambda: not self._seen(), deadline=SEEN_SECONDS, saying="the probes to be resolved", every=0.5)
        except (HarnessError, requests.RequestException) as error:
            left.append(f"alerts with {LABEL}={self._mark}, which end by themselves: {error}")
        try:
            requests.delete(f"{self._api}/silence/{silence}", timeout=SECONDS).raise_for_status()
        except requests.RequestException as error:
            left.append(f"the silence {silence}, which ends by itself: {error}")
        self._recorder.record("footprint", "alertmanager", {"left": left, "mark": self._mark})


def _searches(stack: Stack, recorder: Recorder) -> None:
    """Open each saved search over the last day, as its reader; what it finds is the stack's own affair."""
    templates = stack.configuration.of(IndexTemplate)
    url, now = stack.url("elasticsearch"), time.time()
    anonymous = requests.get(f"{url}/_search?size=0", timeout=SECONDS)
    recorder.record("standing-access", "anonymous read", {"status": anonymous.status_code})
    with Discover(url, stack.elasticsearch_auth(READER)) as discover:
        for search in [search for document in stack.configuration.of(Searches) for search in document.searches]:
            try:
                opened = discover.ask(search, mapping_of(search, templates), TimeRange(now - DAY, now))
                data: dict[str, Any] = {"seconds": opened.seconds, "hits": opened.total}
                data["failures"] = list(opened.failures)
            except HarnessError as error:
                data = {"error": str(error)}
            recorder.record("standing-search", search.title, data)


def _index(stack: Stack, recorder: Recorder, mark: str) -> None:
    """Store, find and remove one document under the mark, as the user that the stack file gives for it."""
    user = stack.recall("marked-user")
    if not user:
        recorder.record("probe-refused", "elasticsearch", {"reason": "the stack file names no user for marked indices"})
        return
    url, auth = f"{stack.url('elasticsearch')}/{PREFIX}{mark}", stack.elasticsearch_auth(user)
    left: list[str] = []
    try:
        _json("PUT", url, {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}, auth=auth)
        _json("PUT", f"{url}/_doc/1?refresh=true", {"mark": mark}, auth=auth)
        found = _json("GET", f"{url}/_count", auth=auth)["count"]
        recorder.record("probe-document", "elasticsearch", {"stored": 1, "found": found})
    except (requests.RequestException, KeyError) as error:
        recorder.record("probe-document", "elasticsearch", {"error": str(error)})
    finally:
        gone = requests.delete(url, auth=auth, timeout=SECONDS)
        if gone.status_code not in (200, 404):
            left.append(f"the index {PREFIX}{mark}: {gone.text[:200]}")
        recorder.record("footprint", "elasticsearch", {"left": left, "mark": mark})


def _json(
    method: str,
    url: str,
    body: Any = None,
    *,
    auth: tuple[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Any:
    answer = requests.request(method, url, json=body, auth=auth, params=parameters, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
