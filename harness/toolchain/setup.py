"""Makes what is missing, side by side where that helps, and says where everything is."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import SetUpError
from harness.toolchain.cache import Cache
from harness.toolchain.components import ALL, JAVA, KNOWN
from harness.toolchain.work import Progress, Recipe, StoppedError, Work, obtain

_SILENCE_SECONDS = 4.0
"""A person who hears nothing for longer than this wonders whether it hangs."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Where the components are. Asking for one that is missing raises SetUpError with a way out."""

    folders: Mapping[str, Path]
    cache: Path

    def binary(self, name: str) -> Path:
        """The program of that name, e.g. prometheus, promtool, alertmanager, amtool, node_exporter or filebeat."""
        return self._folder(name) / "bin" / name

    @property
    def elasticsearch_home(self) -> Path:
        """The unpacked Elasticsearch. Read-only for its user: give it an ES_PATH_CONF of its own."""
        return self._folder("elasticsearch")

    @property
    def java_home(self) -> Path:
        """The Java home Elasticsearch runs on (`ES_JAVA_HOME`)."""
        return JAVA.home(self._folder("java"))

    def _folder(self, name: str) -> Path:
        try:
            return self.folders[name]
        except KeyError:
            raise SetUpError(f"{name} is not set up in {self.cache}", hint="Set it up: harness setup") from None


def locate(*, cache: Cache | None = None, recipes: Sequence[Recipe] = KNOWN) -> Toolchain:
    """What this machine has now, without making anything or starting a program."""
    cache = cache or Cache()
    found = ((recipe.name, present(recipe, cache)) for recipe in recipes)
    return Toolchain({name: folder for name, folder in found if folder}, cache.root)


def missing(
    names: Iterable[str] = ALL, *, cache: Cache | None = None, recipes: Sequence[Recipe] = KNOWN
) -> tuple[str, ...]:
    """The components among `names` that `prepare` would have to make."""
    there = locate(cache=cache, recipes=recipes).folders
    return tuple(name for name in names if name not in there)


def present(recipe: Recipe, cache: Cache) -> Path | None:
    """The component's folder when the machine or the cache has it."""
    return recipe.elsewhere() or cache.installed(cache.folder(recipe.name, recipe.version, recipe.fingerprint()))


def prepare(
    names: Collection[str] = ALL,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    deadline_seconds: float = 1800,
    cache: Cache | None = None,
    recipes: Sequence[Recipe] = KNOWN,
    stop: threading.Event | None = None,
) -> Toolchain:
    """Make what is missing among `names` and return where everything is.

    `on_progress` is called in the caller's thread, at least every five seconds. The first failure ends the rest; what
    is finished by then stays. Interrupting it, or setting `stop` from another thread, ends every program it started;
    such an event is good for one call, which leaves it set.
    """
    cache = cache or Cache()
    unknown = sorted(set(names) - {recipe.name for recipe in recipes})
    if unknown:
        raise SetUpError(
            f"no such component: {', '.join(unknown)}", hint=f"There are: {', '.join(r.name for r in recipes)}"
        )
    wanted = [recipe for recipe in recipes if recipe.name in names and not present(recipe, cache)]
    if wanted:
        _make(wanted, cache, on_progress, deadline_seconds, stop or threading.Event())
    return locate(cache=cache, recipes=recipes)


def _make(
    wanted: Sequence[Recipe],
    cache: Cache,
    tell: Callable[[Progress], None],
    deadline_seconds: float,
    stop: threading.Event,
) -> None:
    news: queue.Queue[Progress] = queue.Queue()
    ends_at = time.monotonic() + deadline_seconds
    lanes: dict[str, list[Recipe]] = {}
    for recipe in wanted:
        lanes.setdefault(recipe.lane, []).append(recipe)

    def drive(lane: Sequence[Recipe]) -> None:
        for recipe in lane:
            work = Work(recipe.name, cache, stop, ends_at, news.put, time.monotonic())
            work.say("starting", recipe.version)
            obtain(recipe, work)
            work.say("ready", recipe.version)

    with ThreadPoolExecutor(len(lanes), thread_name_prefix="set-up") as pool:
        try:
            futures = [pool.submit(drive, lane) for lane in lanes.values()]
            _Relay(news, tell).follow(futures)
        finally:
            stop.set()
    for future in futures:
        future.result()


class _Relay:
    """Hands news on, and repeats the last of each component when there has been none for a while."""

    def __init__(self, news: queue.Queue[Progress], tell: Callable[[Progress], None]) -> None:
        self._news = news
        self._tell = tell
        self._last: dict[str, tuple[Progress, float]] = {}

    def follow(self, futures: Sequence[Future[None]]) -> None:
        """Until every lane is done; the first that failed raises its error."""
        while not all(future.done() for future in futures):
            with contextlib.suppress(queue.Empty):
                self._hand_on(self._news.get(timeout=0.2))
            self._repeat()
            self._raise_first(futures)
        while not self._news.empty():
            self._hand_on(self._news.get())

    def _hand_on(self, progress: Progress) -> None:
        """News of the same step come by the hundred; a person reads a few of them in a second."""
        previous, told_at = self._last.get(progress.component, (None, 0.0))
        now = time.monotonic()
        if previous and previous.step == progress.step and now - told_at < 0.5:
            return
        self._last[progress.component] = (progress, now)
        self._tell(progress)

    def _repeat(self) -> None:
        now = time.monotonic()
        for component, (last, told_at) in list(self._last.items()):
            if last.step != "ready" and now - told_at >= _SILENCE_SECONDS:
                again = replace(last, seconds=last.seconds + now - told_at)
                self._last[component] = (again, now)
                self._tell(again)

    @staticmethod
    def _raise_first(futures: Sequence[Future[None]]) -> None:
        for future in futures:
            error = future.exception() if future.done() else None
            if error and not isinstance(error, StoppedError):
                raise error
