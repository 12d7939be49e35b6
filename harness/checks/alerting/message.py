"""A notification says what a woken person needs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.templates import Templates
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof

LARGEST_EVENT, LONGEST_SUMMARY, LONGEST_KEY = 512 * 1024, 1024, 255
SEVERITIES = ("critical", "error", "warning", "info")
_UNFINISHED = ("{{", "${", "<no value>", "%!s(", "%!v(")


class Message(Check):
    """Each notification names alert and severity in its title, and says summary, runbook and dashboard of every alert.

    Why: at night people read the first line. How measured: what each channel received is held against the labels and
    annotations that Alertmanager held: title, severity, summary and links word by word; mail with an HTML and a plain
    part, both finished; pages with a key of their group alone, a severity PagerDuty knows, and within its sizes
    (512 KB, summary of 1024 characters). How to fix: the template of the channel named in the finding.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per kind of flaw, channel and alert."""
        held = _held(history)
        received = recorded.notifications(history, recorded.MAIN)
        told = [(name, data, one) for name, data in held.items() for one in recorded.naming(received, name)]
        if not told:
            yield Gap("no notification of an alert that Alertmanager held was received")
            return
        where = next((Position(t.file) for t in context.documents.of(Templates)), Position("config/alertmanager"))
        flaws: dict[str, int] = {}
        for name, data, one in told:
            for flaw in (*flaws_of(name, data, one), *unfinished(one)):
                flaws[f"{one.subject}: {flaw}"] = flaws.get(f"{one.subject}: {flaw}", 0) + 1
        for flaw in _shared_keys(told):
            flaws[flaw] = 1
        for flaw, times in flaws.items():
            yield self.finding(where, f"{flaw} ({times} times)" if times > 1 else flaw)
        largest = max((len(json.dumps(o.data["payload"])) for o in received if o.subject == "pagerduty"), default=0)
        yield Proof(
            f"{len({name for name, _, _ in told})} alerts in {len(received)} notifications: title, severity, summary, "
            f"runbook and dashboard as the rules have them; largest page {largest / 1024:.1f} KB of 512",
            samples=len(told),
            services=("alertmanager",),
            evidence=(Evidence("notification", "lane=main"), Evidence("alert-state", "alertmanager")),
        )


def _held(history: History) -> Mapping[str, Mapping[str, Any]]:
    """Alert → labels and annotations as the Alertmanager under test held them; of several instances, all summaries."""
    found: dict[str, dict[str, Any]] = {}
    for seen in history.of_kind("alert-state"):
        if seen.data["by"] == "alertmanager" and seen.data["where"] == "alertmanager" and "annotations" in seen.data:
            own = found.setdefault(seen.subject, {"labels": seen.data["labels"], "summaries": []})
            annotations = seen.data["annotations"]
            own["summaries"].append(annotations.get("summary", ""))
            own.setdefault("links", [annotations[n] for n in ("runbook_url", "dashboard") if n in annotations])
    return found


def flaws_of(name: str, held: Mapping[str, Any], one: Observation) -> Iterator[str]:
    """What a notification of an alert does not say, or says wrongly."""
    title, text = str(one.data["title"]), str(one.data["text"])
    if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", title):
        yield f"the title does not name {name}"
    severity = held["labels"].get("severity", "")
    if severity.lower() not in f"{title}\n{text}".lower():
        yield f"{name}: its severity {severity} is not said"
    read = _plain(f"{title}\n{text}")
    # A summary speaks of a value, which may have moved between two evaluations.
    if not any(_shape(summary) in _shape(read) for summary in held["summaries"]):
        yield f"{name}: its summary is not said"
    for link in held["links"]:
        if link not in f"{text}":
            yield f"{name}: the link {link} is missing"
    if one.subject == "pagerduty":
        yield from _page(name, severity, one)
    if one.subject == "email":
        yield from _mail(one)


def _page(name: str, severity: str, one: Observation) -> Iterator[str]:
    event = one.data["payload"]
    payload = event.get("payload") or {}
    key = str(event.get("dedup_key") or "")
    if not 0 < len(key) <= LONGEST_KEY:
        yield f"{name}: a dedup_key of {len(key)} characters"
    if payload.get("severity") not in SEVERITIES:
        yield f"{name}: PagerDuty does not know the severity {payload.get('severity')!r}"
    elif severity in SEVERITIES and payload["severity"] != severity:
        yield f"{name}: the page says {payload['severity']}, the alert is {severity}"
    if len(str(payload.get("summary", ""))) > LONGEST_SUMMARY:
        yield f"{name}: a summary of more than {LONGEST_SUMMARY} characters"
    if len(json.dumps(event).encode()) > LARGEST_EVENT:
        yield f"{name}: an event of more than {LARGEST_EVENT} bytes"


def _mail(one: Observation) -> Iterator[str]:
    for part in ("html", "plain"):
        if not str(one.data.get(part) or "").strip():
            yield f"the mail has no {part} part"
    if one.data.get("html") and "</html>" not in str(one.data["html"]):
        yield "the HTML part is not finished"


def unfinished(one: Observation) -> Iterator[str]:
    """What a template left behind, also where nobody reads: headers, details, the HTML itself."""
    payload = one.data.get("payload")
    raw = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    parts = "\n".join(html.unescape(str(one.data.get(part) or "")) for part in ("html", "plain"))
    for mark in _UNFINISHED:
        if mark in raw or mark in parts:
            yield f"{mark!r} was left by a template"


def _shared_keys(told: list[tuple[str, Mapping[str, Any], Observation]]) -> Iterator[str]:
    """Pages of alerts that have nothing in common but the key: the end of one would close the other."""
    named: dict[str, set[str]] = {}
    titles: dict[str, set[str]] = {}
    for name, _, one in told:
        if one.subject == "pagerduty":
            named.setdefault(str(one.data.get("dedup_key")), set()).add(name)
            titles.setdefault(str(one.data.get("dedup_key")), set()).add(str(one.data["title"]))
    for key, names in named.items():
        if len(names) > 1 and len(titles[key]) > 1:
            yield f"pagerduty: {', '.join(sorted(names))} share the key {key[:12]}…, so one closes the other's page"


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).split())


def _shape(text: str) -> str:
    """A text without its figures."""
    return re.sub(r"\d+(?:[.,]\d+)*", "0", _plain(text))
