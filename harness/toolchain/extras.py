"""Components that only some suites need, made beside a run that has already begun.

A first run is not kept waiting for them: they are compiled, at a low priority, from the moment the base is set up, and
whoever needs one waits for that one, with a deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from harness import wait
from harness.errors import HarnessError, SetUpError
from harness.toolchain.setup import Toolchain, locate, prepare
from harness.toolchain.work import Progress

EXTRA_SECONDS = 600.0
"""How long whoever needs an extra waits for it at most. Compiled beside a run on two cores, one takes two minutes."""

STOP_SECONDS = 15.0

Prepared = Callable[[str, float, str], None]
"""Told of each extra when it is there, or is not to be had: its name, the seconds it took, and what failed or ""."""


class Extras:
    """Some extras, made one after the other in a thread: `begin()`, `binary(name)` for whoever needs one, `stop()`."""

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        on_progress: Callable[[Progress], None] = lambda _: None,
        on_prepared: Prepared = lambda *_: None,
        preparing: Callable[..., Toolchain] = prepare,
    ) -> None:
        self.names = tuple(dict.fromkeys(names))
        self._tell = on_progress
        self._prepared = on_prepared
        self._prepare = preparing
        self._stop = threading.Event()
        self._ends = {name: threading.Event() for name in self.names}
        self._done: dict[str, Toolchain | HarnessError] = {}
        self._latest = ""
        self._thread = threading.Thread(target=self._make_all, name="extras", daemon=True)

    def begin(self) -> None:
        """Begin to make what is missing, and return at once."""
        if self.names:
            self._thread.start()

    def binary(self, name: str, *, deadline_seconds: float = EXTRA_SECONDS) -> Path:
        """The program of an extra, waited for. Raises SetUpError when it cannot be made, DeadlineError when it is not
        there in time.
        """
        if name not in self.names:
            return locate().binary(name)
        wait.until(
            lambda: name in self._done or self._stop.is_set(),
            deadline=deadline_seconds,
            saying=f"{name} to be set up",
            seen=lambda: self._latest,
        )
        made = self._done.get(name) or SetUpError(f"the set-up of {name} was stopped")
        if isinstance(made, HarnessError):
            raise made
        return made.binary(name)

    def stop(self) -> None:
        """End what is still being made; what is compiled is kept, and the next run goes on from there."""
        self._stop.set()
        for end in self._ends.values():
            end.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _make_all(self) -> None:
        for name in self.names:
            if self._stop.is_set():
                return
            began = time.monotonic()
            made = self._make(name)
            self._done[name] = made
            if not self._stop.is_set():
                self._prepared(name, time.monotonic() - began, str(made) if isinstance(made, HarnessError) else "")

    def _make(self, name: str) -> Toolchain | HarnessError:
        try:
            return self._prepare((name,), on_progress=self._hear, stop=self._ends[name])
        except HarnessError as error:
            return error
        except Exception as error:  # whoever needs it must hear of it, and nobody else can tell them
            return SetUpError(f"{name} cannot be set up: {type(error).__name__}: {error}")

    def _hear(self, step: Progress) -> None:
        self._latest = f"{step.component}: {step.step} {step.detail}".rstrip()
        self._tell(step)
