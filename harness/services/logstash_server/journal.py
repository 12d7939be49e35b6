"""Structured log lines on standard error: one JSON object each, as Logstash writes with `log.format: json`."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, TextIO

_REPEATED_SECONDS = 5.0


@dataclass(slots=True)
class Journal:
    """Writes log lines; what repeats within seconds is written once, with how often it was left out."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _last: dict[str, float] = field(default_factory=dict, repr=False)
    _left_out: dict[str, int] = field(default_factory=dict, repr=False)

    def info(self, message: str, **details: Any) -> None:
        """Something went as it should."""
        self._write("INFO", message, details)

    def warn(self, message: str, **details: Any) -> None:
        """Something a person may want to know; a repetition within seconds is only counted."""
        now = time.monotonic()
        if now - self._last.get(message, -_REPEATED_SECONDS) < _REPEATED_SECONDS:
            self._left_out[message] = self._left_out.get(message, 0) + 1
            return
        self._last[message] = now
        repeated = self._left_out.pop(message, 0)
        self._write("WARN", message, {**details, **({"left_out": repeated} if repeated else {})})

    def error(self, message: str, **details: Any) -> None:
        """Something is lost or cannot go on."""
        self._write("ERROR", message, details)

    def _write(self, level: str, message: str, details: dict[str, Any]) -> None:
        line = json.dumps({"level": level, "time": _now(), "message": message, **details}, default=str)
        with self._lock:
            self.out.write(line + "\n")
            self.out.flush()


def _now() -> str:
    moment = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03}Z"
