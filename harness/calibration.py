"""How fast the machine itself was while a run went on: a fixed piece of work, timed again and again beside it.

A shared machine is two or three times slower at one time than at another. What a run measured is compared with others
only after it is divided by this; else a neighbour's build would look like a slow search.
"""

from __future__ import annotations

import hashlib
import threading
import time

from harness.contracts import Recorder

KIND = "machine-speed"
WORK = "SHA-256 of 8 MiB"
INTERVAL_SECONDS = 1.0
_BYTES = 8 * 1024 * 1024


class Calibration:
    """Times the work once a second until it is left, then records all of it as one observation."""

    def __init__(self, recorder: Recorder, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._recorder = recorder
        self._interval = interval_seconds
        self._over = threading.Event()
        self._samples: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._measure, name="calibration", daemon=True)

    def __enter__(self) -> Calibration:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=5)
        samples = [[round(at, 3), round(seconds, 6)] for at, seconds in self._samples]
        self._recorder.record(KIND, "machine", {"work": WORK, "samples": samples})

    def _measure(self) -> None:
        # Hashing lets go of the interpreter's lock, so that the machine is measured, not this process's other threads.
        content = bytes(_BYTES)
        while not self._over.wait(self._interval):
            at, began = time.time(), time.perf_counter()
            hashlib.sha256(content).digest()
            self._samples.append((at, time.perf_counter() - began))
