"""Notifications as the people see them who get them: a Slack message, a mail, an incident of PagerDuty.

Nothing that was received is trusted: text is escaped, a mail's HTML is shown in a frame that can neither run nor fetch.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from harness.model import History, Observation
from harness.reporters.sections.alerts import LONGEST_PREVIEW, chosen_for_preview
from harness.reporters.sections.reading import entries, inner, text

_COLOURS = {"danger": "failed", "warning": "unknown", "good": "proven"}
_SEVERITIES = {"critical": "failed", "error": "failed", "warning": "unknown", "info": "link"}
_SLACK = re.compile(r"<(?P<url>[^|>\s]+)(?:\|(?P<text>[^>]*))?>|\*(?P<bold>[^*\n]+)\*|`(?P<code>[^`\n]+)`")
_FOLLOWED = ("http://", "https://", "mailto:")


@dataclass(frozen=True, slots=True)
class Message:
    """One notification. `tone` names a colour of the page, `mail` is the HTML of a mail, `plain` its text."""

    product: str
    channel: str
    at: float
    sender: str
    title: str
    body: Markup
    tone: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[Markup, ...] = ()
    footer: str = ""
    mail: str = ""
    plain: str = ""
    problems: tuple[str, ...] = ()


def messages(history: History) -> tuple[Message, ...]:
    """A few of what was received: of each channel the first with a problem, else the first; then more until enough."""
    return tuple(_message(seen) for seen in chosen_for_preview(history))


def _message(seen: Observation) -> Message:
    payload = seen.data.get("payload")
    if text(seen.data, "sink") == "slack" and isinstance(payload, Mapping):
        return _slack(seen, payload)
    if text(seen.data, "sink") == "pagerduty" and isinstance(payload, Mapping):
        return _pagerduty(seen, payload)
    return _other(seen)


def _slack(seen: Observation, payload: Mapping[str, Any]) -> Message:
    first = next((one for one in entries(payload, "attachments") if isinstance(one, Mapping)), {})
    said = text(first, "text") or text(payload, "text") or text(seen.data, "text")
    return Message(
        product="slack",
        channel=seen.subject,
        at=seen.at,
        sender=text(payload, "username") or "incoming webhook",
        title=text(first, "title") or text(seen.data, "title"),
        body=_mrkdwn(_cut(said.strip())),
        tone=_COLOURS.get(text(first, "color"), "quiet"),
        footer=text(first, "footer"),
        problems=_problems(seen),
    )


def _pagerduty(seen: Observation, payload: Mapping[str, Any]) -> Message:
    event = inner(payload, "payload")
    details = inner(event, "custom_details")
    named = [(name, text(event, name)) for name in ("severity", "source", "component", "group", "class")]
    told = [(str(name), _cut(str(value).strip())) for name, value in details.items()]
    return Message(
        product="pagerduty",
        channel=seen.subject,
        at=seen.at,
        sender={"trigger": "incident triggered", "resolve": "incident resolved"}.get(
            text(payload, "event_action"), text(payload, "event_action")
        ),
        title=text(event, "summary") or text(seen.data, "title"),
        body=Markup(""),
        tone=_SEVERITIES.get(text(event, "severity"), "quiet"),
        facts=tuple((name, value) for name, value in (*named, *told) if value),
        links=tuple(
            _link(text(one, "href"), text(one, "text")) for one in entries(payload, "links") if isinstance(one, Mapping)
        ),
        problems=_problems(seen),
    )


def _other(seen: Observation) -> Message:
    title = text(seen.data, "title")
    to = ", ".join(str(one) for one in entries(inner(seen.data, "envelope"), "to"))
    plain = text(seen.data, "text").removeprefix(title).lstrip("\n")
    mail = text(seen.data, "html")
    return Message(
        product="email" if text(seen.data, "sink") in ("email", "smtp") or mail else "other",
        channel=seen.subject,
        at=seen.at,
        sender=" → ".join(part for part in (text(seen.data, "from"), to) if part),
        title=title,
        body=Markup(""),
        tone="quiet",
        mail=mail,
        plain=_cut(plain),
        problems=_problems(seen),
    )


def _problems(seen: Observation) -> tuple[str, ...]:
    return tuple(str(problem) for problem in entries(seen.data, "problems"))


def _cut(said: str) -> str:
    return said if len(said) <= LONGEST_PREVIEW else said[:LONGEST_PREVIEW] + " …"


def _mrkdwn(said: str) -> Markup:
    """Slack's mrkdwn as a reader sees it: bold, code, links; everything else as text."""
    made, done = Markup(""), 0
    for found in _SLACK.finditer(said):
        made += escape(html.unescape(said[done : found.start()]))
        if found["url"]:
            made += _link(html.unescape(found["url"]), html.unescape(found["text"] or found["url"]))
        elif found["bold"]:
            made += Markup("<strong>{}</strong>").format(html.unescape(found["bold"]))
        else:
            made += Markup("<code>{}</code>").format(html.unescape(found["code"]))
        done = found.end()
    return made + escape(html.unescape(said[done:]))


def _link(url: str, said: str) -> Markup:
    if not url.startswith(_FOLLOWED):
        return escape(said or url)
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, said or url)
