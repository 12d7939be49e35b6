"""Lets Elasticsearch's own lifecycle management delete, under the policy as it is.

Two empty-handed indices are made that say they are older than they are (`index.lifecycle.origination_date`, and
`indexing_complete`, so that no rollover is waited for): one a day past the age at which the policy deletes, one a day
short of it. Management looks every ten minutes unless told otherwise, so it is told to look every second meanwhile.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import Any

import requests

from harness import wait
from harness.errors import DeadlineError

PREFIX = "harness-lifecycle-"
DAY = 86400.0
ANSWER_SECONDS = 30.0
ACTS_SECONDS = 90.0
"""The phases before deletion come first, each step of them at one look."""
POLL = "indices.lifecycle.poll_interval"

Auth = tuple[str, str]


def acted(
    url: str, auth: Auth, policy: str, kept_seconds: float, deadline_seconds: float = ACTS_SECONDS
) -> dict[str, Any]:
    """What became of both indices.

    `gone_seconds` is how long the older one took to go, None when it did not; `younger_left` whether the other is still
    there; `step` and `why` what management says of the one that did not go. `error` when it could not be tried.
    """
    mark = f"{PREFIX}{secrets.token_hex(4)}"
    older, younger = f"{mark}-older", f"{mark}-younger"
    with requests.Session() as session:
        session.auth = auth
        try:
            before = _poll(session, url)
            _told(session, url, "1s")
            try:
                for name, age in ((older, kept_seconds + DAY), (younger, kept_seconds - DAY)):
                    _made(session, url, name, policy, age)
                return _watched(session, url, older, younger, deadline_seconds)
            finally:
                _told(session, url, before)
                for name in (older, younger):
                    with contextlib.suppress(requests.RequestException):
                        session.delete(f"{url}/{name}", timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            answer = error.response.text[:400] if error.response is not None else type(error).__name__
            return {"error": f"lifecycle management could not be tried: {answer}"}


def _poll(session: requests.Session, url: str) -> str | None:
    answer = session.get(f"{url}/_cluster/settings?flat_settings=true", timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    found: str | None = answer.json()["persistent"].get(POLL)
    return found


def _told(session: requests.Session, url: str, interval: str | None) -> None:
    body = {"persistent": {POLL: interval}}
    session.put(f"{url}/_cluster/settings", json=body, timeout=ANSWER_SECONDS).raise_for_status()


def _made(session: requests.Session, url: str, name: str, policy: str, age_seconds: float) -> None:
    settings = {
        "index.number_of_shards": 1,
        "index.number_of_replicas": 0,
        "index.lifecycle.name": policy,
        "index.lifecycle.origination_date": int((time.time() - age_seconds) * 1000),
        "index.lifecycle.indexing_complete": True,
    }
    session.put(f"{url}/{name}", json={"settings": settings}, timeout=ANSWER_SECONDS).raise_for_status()


def _watched(session: requests.Session, url: str, older: str, younger: str, deadline: float) -> dict[str, Any]:
    began = time.monotonic()
    gone: float | None = None
    with contextlib.suppress(DeadlineError):
        wait.until(lambda: not _there(session, url, older), deadline=deadline, saying=f"{older} to go", every=0.5)
        gone = round(time.monotonic() - began, 1)
    step, why = ("", "") if gone is not None else _explained(session, url, older)
    return {"gone_seconds": gone, "younger_left": _there(session, url, younger), "step": step, "why": why}


def _there(session: requests.Session, url: str, name: str) -> bool:
    answer = session.head(f"{url}/{name}", timeout=ANSWER_SECONDS)
    if answer.status_code not in (200, 404):
        answer.raise_for_status()
    return answer.status_code == 200


def _explained(session: requests.Session, url: str, name: str) -> tuple[str, str]:
    """At which step management stands, and what it says of it."""
    answer = session.get(f"{url}/{name}/_ilm/explain", timeout=ANSWER_SECONDS)
    about: dict[str, Any] = answer.json().get("indices", {}).get(name, {}) if answer.ok else {}
    where = "/".join(str(about.get(key, "?")) for key in ("phase", "action", "step"))
    return where, str((about.get("step_info") or {}).get("reason", ""))
