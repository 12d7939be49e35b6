"""One piece of set-up work as its recipe sees it: say how far it is, run a program, and stop when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.errors import DeadlineError, SetUpError
from harness.toolchain.cache import Cache, Staging
from harness.toolchain.child import Child


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one component is: the step it is at, a detail that changes, and the seconds since its work began."""

    component: str
    step: str
    detail: str
    seconds: float


class StoppedError(Exception):
    """The work was told to stop: the person interrupted it, or another component failed."""


class Recipe(Protocol):
    """How one component is obtained. Everything that changes the result is in its fingerprint."""

    @property
    def name(self) -> str:
        """What the component is called everywhere."""
        ...

    @property
    def version(self) -> str:
        """The version the component reports when asked."""
        ...

    @property
    def lane(self) -> str:
        """Recipes of one lane are made one after the other, because they share work; lanes run side by side."""
        ...

    def fingerprint(self) -> str:
        """A hash over every input of the recipe."""
        ...

    def elsewhere(self) -> Path | None:
        """The component's folder when the machine already has it outside the cache."""
        ...

    def build(self, staging: Staging, work: Work) -> None:
        """Fill `staging.tree`; raises SetUpError with a way out."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a recipe may use while it builds: progress, child processes that end with it, and other components."""

    component: str
    cache: Cache
    stop: threading.Event
    ends_at: float
    tell: Callable[[Progress], None]
    began_at: float

    def say(self, step: str, detail: str = "") -> None:
        """Tell the person following how far this component is."""
        self.tell(Progress(self.component, step, detail, time.monotonic() - self.began_at))

    def check(self) -> None:
        """Raise when the work has to stop or has run out of time; call it in every long loop."""
        if self.stop.is_set():
            raise StoppedError
        if self.remaining() <= 0:
            raise SetUpError(f"{self.component} was not ready in time", hint=_AGAIN)

    def remaining(self) -> float:
        """The seconds left until the deadline of the whole set-up."""
        return max(0.0, self.ends_at - time.monotonic())

    def ensure(self, recipe: Recipe) -> Path:
        """Another component that this one needs, obtained first when it is missing."""
        return obtain(recipe, self)

    def run(
        self,
        argv: Sequence[str],
        staging: Staging,
        *,
        cwd: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None] = lambda _: None,
        failure: str,
        hint: str = "",
    ) -> None:
        """Run a program to its end; raises SetUpError that says `failure`, its last lines, and `hint`."""
        self.check()
        child = Child(argv, cwd=cwd, environment=environment, on_line=on_line)
        try:
            child.start(staging.remember_child)
            child.follow(self.stop.is_set, self.remaining(), f"{self.component} to be built")
        except OSError as error:
            raise SetUpError(f"{failure}: cannot run {argv[0]}: {error.strerror}", hint=hint) from error
        except DeadlineError as error:
            raise SetUpError(error.message, hint=_told(child.tail, _AGAIN)) from error
        finally:
            child.end()
        self.check()
        if child.ended != _WELL:
            raise SetUpError(f"{failure}: {Path(argv[0]).name} {child.ended}", hint=_told(child.tail, hint))


_WELL = "ended with exit code 0"
_AGAIN = "Run it again: it goes on where it stopped."


def obtain(recipe: Recipe, work: Work) -> Path:
    """The folder of a component, made first when it is missing; only one run makes it at a time."""
    cache = work.cache
    folder = cache.folder(recipe.name, recipe.version, recipe.fingerprint())
    present = recipe.elsewhere() or cache.installed(folder)
    if present:
        return present
    work.check()
    with cache.lock(
        recipe.name,
        deadline_seconds=work.remaining(),
        waiting=lambda who: work.say("waiting", who),
        stopped=work.stop.is_set,
    ):
        work.check()
        present = cache.installed(folder)
        return present or _make(recipe, folder, work)


def _make(recipe: Recipe, folder: Path, work: Work) -> Path:
    began = time.monotonic()
    try:
        with work.cache.staging(recipe.name) as staging:
            recipe.build(staging, work)
            seconds = round(time.monotonic() - began, 1)
            about: dict[str, str | float] = {
                "component": recipe.name, "version": recipe.version, "key": recipe.fingerprint(), "seconds": seconds,
            }  # fmt: skip
            return work.cache.install(staging, folder, about)
    except OSError as error:
        hint = f"The cache is {work.cache.root}; choose another place with the environment variable HARNESS_CACHE."
        raise SetUpError(f"cannot set up {recipe.name}: {error}", hint=hint) from error


def _told(tail: Sequence[str], hint: str) -> str:
    """The program's last words and then the way out."""
    said = [f"| {line}" for line in tail if line.strip()]
    if any("no space left on device" in line.lower() for line in tail):
        hint = "The disk is full. Free some space, or move the cache with the environment variable HARNESS_CACHE."
    return "\n".join([*said, hint] if hint else said)
