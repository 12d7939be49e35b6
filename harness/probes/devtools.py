"""A page in a Chromium, by way of its DevTools protocol: opened, asked, and photographed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import requests
import websocket

_ANSWER_SECONDS = 20.0
_SAYINGS_KEPT = 10


class PageError(Exception):
    """The browser did not do as told; the text says what it answered."""


class Page(AbstractContextManager["Page"]):
    """One tab of a browser. Every method raises PageError."""

    def __init__(self, browser: str) -> None:
        """Open a tab in the browser at that address, e.g. `http://127.0.0.1:9222`."""
        self._browser = browser
        self._asked = 0
        self._errors: list[str] = []
        try:
            with requests.Session() as asking:
                asking.trust_env = False
                self._tab = asking.put(f"{browser}/json/new?about:blank", timeout=_ANSWER_SECONDS).json()
            address = self._tab["webSocketDebuggerUrl"]
            # A page of the web may not talk to the browser so; we are none, and say so by naming no origin.
            self._socket = websocket.create_connection(
                address, timeout=_ANSWER_SECONDS, suppress_origin=True, http_no_proxy=["*"]
            )
        except (requests.RequestException, websocket.WebSocketException, OSError, ValueError, KeyError) as error:
            raise PageError(f"the browser opens no page: {type(error).__name__}: {error}") from error
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def errors(self) -> tuple[str, ...]:
        """What the page's console told as errors, each once, the first ones only."""
        return tuple(dict.fromkeys(self._errors))[:_SAYINGS_KEPT]

    def command(self, method: str, deadline: float = _ANSWER_SECONDS, **parameters: Any) -> Mapping[str, Any]:
        """Have the browser do one thing, and return its answer."""
        self._asked += 1
        end = time.monotonic() + deadline
        try:
            self._socket.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
            while (left := end - time.monotonic()) > 0:
                self._socket.settimeout(left)
                said = json.loads(self._socket.recv())
                if said.get("id") == self._asked:
                    return _result(method, said)
                self._note(said)
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise PageError(f"{method}: {type(error).__name__}: {error}") from error
        raise PageError(f"{method}: no answer within {deadline:g} s")

    def size(self, width: int, height: int) -> None:
        """How large the window is, in CSS pixels."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def cookie(self, url: str, name: str, value: str) -> None:
        """Have the browser send a cookie to a server."""
        self.command("Network.setCookie", url=url, name=name, value=value, httpOnly=True)

    def open(self, url: str) -> None:
        """Go to an address; returns before the page is complete."""
        answer = self.command("Page.navigate", url=url)
        if answer.get("errorText"):
            raise PageError(f"{url}: {answer['errorText']}")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON has it."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise PageError(f"the page answers: {_exception(answer['exceptionDetails'])}")
        return answer["result"].get("value")

    def picture(self, *, kind: str = "png", quality: int | None = None, scale: float = 1.0) -> bytes:
        """The window as an image: `png`, or `jpeg` and `webp` with a quality; smaller by `scale`."""
        bounds = self.evaluate("[window.innerWidth, window.innerHeight]")
        clip = {"x": 0, "y": 0, "width": bounds[0], "height": bounds[1], "scale": scale}
        lossy = {} if quality is None else {"quality": quality}
        answer = self.command("Page.captureScreenshot", format=kind, clip=clip, **lossy)
        return base64.b64decode(answer["data"])

    def _note(self, said: Mapping[str, Any]) -> None:
        given = said.get("params") or {}
        match said.get("method"):
            case "Runtime.consoleAPICalled" if given.get("type") in ("error", "assert"):
                words = [str(one.get("value", one.get("description", ""))) for one in given.get("args") or ()]
                self._errors.append(" ".join(words)[:300])
            case "Runtime.exceptionThrown":
                self._errors.append(_exception(given.get("exceptionDetails") or {}))
            case "Log.entryAdded" if given.get("entry", {}).get("level") == "error":
                entry = given["entry"]
                self._errors.append(f"{entry.get('text', '')} {entry.get('url', '')}".strip()[:300])


def _result(method: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
    if "error" in said:
        raise PageError(f"{method}: {said['error'].get('message', said['error'])}")
    found: Mapping[str, Any] = said.get("result") or {}
    return found


def _exception(details: Mapping[str, Any]) -> str:
    told = (details.get("exception") or {}).get("description") or details.get("text") or "an exception"
    return str(told)[:300]
