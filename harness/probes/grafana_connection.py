"""HTTP as Grafana's proxy speaks it to a datasource: kept-alive HTTP/1.1 connections, one pool per worker."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from copy import copy
from typing import Any

import requests

DEADLINE_SECONDS = 30.0


class RefusedError(Exception):
    """The datasource answered with an error, or not at all; the text is what Grafana would show."""


class Connection:
    """One datasource's address and credentials. Each thread has its own session, since sessions are not shared."""

    def __init__(
        self, url: str, auth: tuple[str, str] | None = None, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self.url = url.rstrip("/")
        self._auth = auth
        self._deadline = deadline_seconds
        self._local = threading.local()

    def get(self, path: str, parameters: Mapping[str, Any]) -> Any:
        """The JSON a GET answers with. Raises RefusedError."""
        return self._ask("GET", path, params=parameters)

    def post_form(self, path: str, form: Mapping[str, Any]) -> Any:
        """The JSON a POSTed form answers with. Raises RefusedError."""
        return self._ask("POST", path, data=form)

    def post_json(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that POSTed JSON answers with, also when some of several queries failed (400 with `results`).

        Raises RefusedError.
        """
        return self._ask("POST", path, json=body)

    def below(self, path: str) -> Connection:
        """The same connections, with a path before every path."""
        found = copy(self)
        found.url = self.url + path
        return found

    def post_lines(self, path: str, parameters: Mapping[str, Any], lines: str) -> Any:
        """The JSON that POSTed lines of JSON answer with. Raises RefusedError."""
        headers = {"Content-Type": "application/x-ndjson"}
        return self._ask("POST", path, params=parameters, data=lines.encode(), headers=headers)

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        try:
            answer = self._session().request(method, self.url + path, timeout=self._deadline, **request)
            body = answer.json()
        except requests.exceptions.JSONDecodeError as error:
            raise RefusedError(f"HTTP {answer.status_code}, and no JSON") from error
        except requests.Timeout as error:
            raise RefusedError(f"no answer within {self._deadline:g} s") from error
        except requests.RequestException as error:
            raise RefusedError(f"no connection to {self.url}: {type(error).__name__}") from error
        if answer.status_code >= 400 and not (isinstance(body, dict) and "results" in body):
            raise RefusedError(f"HTTP {answer.status_code}: {_said(body)}")
        return body

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.auth = self._auth
            self._local.session = session
        return session


def _said(body: Any) -> str:
    """The message in an error body: Prometheus says `error`, Elasticsearch `error.reason`, Grafana `message`."""
    error = body.get("error") or body.get("message") if isinstance(body, dict) else None
    if isinstance(error, dict):
        causes = error.get("root_cause") or [error]
        return f"{causes[0].get('type', '')}: {causes[0].get('reason', '')}"
    return str(error or body)[:300]
