"""What is done to the running log pipeline so that its resilience can be judged: lines with ids are written while
files are rotated, services are killed and Elasticsearch refuses; then every line is looked for, and the hop that
lost it is named.

One stack, one fault after the other; before the next begins, the last one's lines have arrived or will not. A fault
that leaves no mark (nothing was under way when the service was killed) is recorded as such, and proves nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import requests

from harness import wait
from harness.contracts import Recorder
from harness.errors import DeadlineError, HarnessError, StackError
from harness.generators.log_account import Account, Sent
from harness.generators.log_expectation import Expectation
from harness.generators.log_files import LogFiles
from harness.generators.log_oddities import Oddities
from harness.generators.log_population import Canary
from harness.generators.log_schedule import Schedule
from harness.generators.logs import Line, LogGenerator
from harness.model import Level
from harness.probes.log_progress import Counted, LogProgress, Trailed, queued_letters, retries
from harness.probes.log_trail import LogTrail
from harness.probes.logstash_health import queued
from harness.probes.stored_logs import StoredLogs
from harness.services.logstash import TRAIL
from harness.stack import Stack

NEEDS = ("pipeline",)
AFTER = ("logs", "searches", "kibana", "dashboards", "retention")
STAND_INS = ("caredroid-backend",)
ON_DEMAND = True

OWN_SEED = 1_000_003
"""Added to the run's seed: ids must differ from those of the logs suite."""

ODD_KIND = "error"
STEADY_PER_SECOND = 1000
BURST_LINES = 50_000
DOWN_SECONDS = 30.0
BOOT_SECONDS = 8.0
"""Elasticsearch takes longer than this to come up, so it is started that much before its time is over."""
BLOCKED_SECONDS = 5.0
COPY_TO_CUT_SECONDS = 0.02
"""What passes between logrotate's copy and its cut on a host with other work to do."""

QUIET_SECONDS = 20.0
"""How long nothing more must arrive before what has not come counts as lost."""
DRAIN_SECONDS = 120.0
EFFECT_SECONDS = 30.0
SUPERUSER, READER = "elastic", "log_reader"


class Scene:
    """The pipeline under fault: writes lines, follows them on their way, remembers what was written where."""

    def __init__(self, stack: Stack, recorder: Recorder) -> None:
        self.stack, self.recorder = stack, recorder
        self.mix = stack.fixtures["logs"]
        self._generator = LogGenerator(stack.seed + OWN_SEED, stack.fixtures["catalog"], self.mix)
        self.files = LogFiles(stack.log_folder)
        self.progress = self._progress()
        self.sent: list[Sent] = []
        self._pool = ThreadPoolExecutor(1, "writer")

    def _progress(self) -> LogProgress:
        """The stand-in leaves a trail; what Logstash itself did is to be seen from its counters and the indices."""
        stack = self.stack
        if stack.instance("logstash").level <= Level.STAND_IN:
            return Trailed(LogTrail(stack.workspace.scratch / "rooms" / "logstash" / TRAIL))
        stored = StoredLogs(stack.url("elasticsearch"), stack.elasticsearch_auth(SUPERUSER))
        index = ",".join(map(str, self.mix["stored"].values()))

        def found(ids: Collection[str]) -> int:
            stored.refresh(index)
            return stored.count_of(index, "eventId", ids)

        return Counted(lambda: int(self.statistics()["events"]["in"]), found)

    def lines(self, count: int) -> list[Line]:
        """New lines of all kinds, of this moment."""
        return list(self._generator.lines(count, Schedule.last(30.0, time.time() - 30.0)))[:count]

    def plain_lines(self) -> Iterator[Line]:
        """New lines of one kind, without anything that would be redacted."""
        while True:
            yield from (line for line in self.lines(400) if line.kind == ODD_KIND and not line.phi)

    def telling_lines(self) -> Iterator[Line]:
        """New lines of any kind that hold a patient's identifier."""
        while True:
            yield from (line for line in self.lines(400) if line.phi)

    @property
    def canaries(self) -> Sequence[Canary]:
        """What must be found nowhere."""
        return self._generator.canaries

    def write(self, fault: str, lines: Sequence[tuple[Line, bytes]], per_second: int = 0) -> None:
        """Append lines to one file per kind, at a pace if one is given."""
        step = max(1, per_second // 10) if per_second else 2000
        for done in range(0, len(lines), step):
            began = time.monotonic()
            by_file: dict[str, list[tuple[Line, bytes]]] = defaultdict(list)
            for line, data in lines[done : done + step]:
                by_file[f"{line.kind}.log"].append((line, data))
            for file, some in by_file.items():
                places = self.files.append(file, [data for _, data in some])
                self.sent += [Sent(fault, line, place) for (line, _), place in zip(some, places, strict=True)]
            self.stack.progress(f"{fault}: writing lines", done, len(lines), "resilience")
            if per_second:
                wait.pause(0.1 - (time.monotonic() - began))

    @contextlib.contextmanager
    def writing(self, fault: str, count: int, per_second: int = 0) -> Iterator[Future[None]]:
        """Write lines in the background while something happens; returns once they are written."""
        self.progress.begin()
        lines = [(line, line.text.encode()) for line in self.lines(count)]
        future = self._pool.submit(self.write, fault, lines, per_second)
        try:
            yield future
        finally:
            future.result(timeout=DRAIN_SECONDS)

    def ids(self, fault: str) -> set[str]:
        """The ids written so far under a fault."""
        return {one.line.event_id for one in list(self.sent) if one.fault == fault}

    def reached(self, fault: str, count: int) -> None:
        """Wait until the pipeline was given so many lines of a fault."""
        wait.until(
            lambda: self.progress.came(self.ids(fault)) >= count,
            deadline=EFFECT_SECONDS,
            saying=f"{count} lines of {fault} to be on their way",
            every=0.02,
        )

    def drained(self, fault: str) -> dict[str, Any]:
        """Wait until every line of a fault is settled, or nothing more happens; how that ended, after how long."""
        began = changed = time.time()
        cut = {s.line.event_id for s in self.sent if s.fault == fault and self.files.cut_off(s.place)}
        wanted, seen, ended = self.ids(fault) - cut, -1, "deadline"

        def over() -> str:
            nonlocal changed, seen
            self.stack.require_alive()
            settled = self.progress.settled(wanted)
            if settled != seen:
                seen, changed = settled, time.time()
                self.stack.progress(f"{fault}: lines stored", settled, len(wanted), "resilience")
            if settled == len(wanted):
                return "complete"
            return "quiet" if time.time() - changed > QUIET_SECONDS else ""

        with contextlib.suppress(DeadlineError):
            ended = wait.until(over, deadline=DRAIN_SECONDS, saying=f"the lines of {fault} to be stored")
        return {"ended": ended, "drain_seconds": round(changed - began, 2), "settled": seen}

    def require_trail(self) -> None:
        """Raise StackError when the stand-in does not tell which lines it was given, as it is to."""
        trail = self.progress.trail
        if trail is not None and not trail.read().received:
            raise StackError("the stand-in leaves no trail of the lines it is given, so no loss can be laid at a hop")

    def statistics(self) -> Mapping[str, Any]:
        """What the pipeline counts; of several, the first. Raises requests.RequestException, ValueError or KeyError."""
        answer = requests.get(f"{self.stack.url('logstash')}/_node/stats/pipelines", timeout=5)
        pipelines: Mapping[str, Any] = answer.json()["pipelines"]
        found: Mapping[str, Any] = pipelines["main"] if "main" in pipelines else next(iter(pipelines.values()), {})
        return found

    def retried(self) -> int:
        """How often a document had to be sent to Elasticsearch again."""
        return retries(self.statistics())

    def letters_since(self, before: int, wanted: int) -> int:
        """How many documents Logstash put into its own dead letter queue; waits for as many as are wanted."""
        if self.progress.trail is not None:
            return 0
        with contextlib.suppress(DeadlineError):
            wait.until(
                lambda: queued_letters(self.statistics()) - before >= wanted,
                deadline=EFFECT_SECONDS,
                saying="refused documents in the dead letter queue",
            )
        return queued_letters(self.statistics()) - before

    def close(self) -> None:
        """Let go of files and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.files.close()


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Play every fault, then account for every line, also when a fault could not be played."""
    scene = Scene(stack, recorder)
    try:
        for play in FAULTS:
            play(scene)
            scene.require_trail()
    finally:
        with contextlib.suppress(DeadlineError, requests.RequestException):
            _account(scene)
        scene.close()


def _record(scene: Scene, fault: str, what: Mapping[str, Any]) -> None:
    """A fault is over: what was done, and how its lines drained."""
    data = {**what, "written": len(scene.ids(fault)), **scene.drained(fault)}
    scene.recorder.record("fault", fault, data)


def steady_load(scene: Scene) -> None:
    """Nothing goes wrong."""
    with scene.writing("steady-load", 5 * STEADY_PER_SECOND, STEADY_PER_SECOND):
        pass
    _record(scene, "steady-load", {"per_second": STEADY_PER_SECOND})


def odd_lines(scene: Scene) -> None:
    """Lines that pipelines stumble over, all at once, among others; each sort is judged apart."""
    odd, plain, telling = Oddities.of(scene.mix), scene.plain_lines(), scene.telling_lines()
    sorts = {
        "poison-document": odd.poison_documents(telling, 10),
        "large-lines": odd.large_lines(plain),
        "invalid-utf8": odd.invalid_utf8(plain, 40),
        "nul-bytes": chain(odd.nul_bytes(plain, 20), odd.nul_bytes(telling, 20)),
        "stack-traces": odd.stack_traces(plain, 20),
    }
    made = {fault: [(one.line, one.data) for one in found] for fault, found in sorts.items()}
    letters = queued_letters(scene.statistics())
    for fault, lines in made.items():
        scene.write(fault, [*lines, *((line, line.text.encode()) for line in scene.lines(100))])
    for fault, lines in made.items():
        data = {"odd": len(lines), "largest_bytes": max(len(data) for _, data in lines)}
        if fault == "poison-document":
            # Logstash itself keeps what Elasticsearch refuses in a queue on its disk, not in an index.
            data["queued_letters"] = scene.letters_since(letters, len(lines))
        _record(scene, fault, data)


def burst(scene: Scene) -> None:
    """Fifty thousand lines at once."""
    began = time.time()
    with scene.writing("burst", BURST_LINES):
        pass
    _record(scene, "burst", {"writing_seconds": round(time.time() - began, 2)})


def rename_rotation(scene: Scene) -> None:
    """The files are renamed three times while they are written."""
    _rotated(scene, "rename-rotation", lambda file: scene.files.rename(file))


def copytruncate_rotation(scene: Scene) -> None:
    """The files are copied and cut three times while they are written."""
    _rotated(scene, "copytruncate-rotation", _copy_and_cut(scene))


def _copy_and_cut(scene: Scene) -> Callable[[str], int]:
    return lambda file: scene.files.copy_and_truncate(file, lambda: wait.pause(COPY_TO_CUT_SECONDS))


def _rotated(scene: Scene, fault: str, rotate: Callable[[str], int | None]) -> None:
    rotations, lost_bytes = 0, 0
    with scene.writing(fault, 6000, 1500) as written:
        for share in (1500, 3000, 4500):
            wait.until(
                lambda share=share: written.done() or len(scene.ids(fault)) >= share,  # type: ignore[misc]
                deadline=EFFECT_SECONDS,
                saying="lines to be written",
                every=0.02,
            )
            for file in sorted({one.place.file for one in list(scene.sent) if one.fault == fault}):
                lost_bytes += rotate(file) or 0
                rotations += not written.done()
    _record(scene, fault, {"rotations": rotations, "cut_off_bytes": lost_bytes})


def filebeat_killed(scene: Scene) -> None:
    """Filebeat is killed while it reads, and starts again."""
    fault = "filebeat-killed"
    with scene.writing(fault, 5000, 1500):
        scene.reached(fault, 500)
        scene.stack.kill("filebeat")
        before = scene.progress.came(scene.ids(fault))
        scene.stack.start_again("filebeat")
    _record(scene, fault, {"received_before": before, "restarted": True})


def logstash_killed(scene: Scene) -> None:
    """The interpreter is killed with lines in its hands, and starts again."""
    fault = "logstash-killed"
    with scene.writing(fault, 10_000):
        scene.reached(fault, 1500)
        wait.until(
            lambda: (queued(scene.statistics()["queue"]) or 0) > 0,
            deadline=EFFECT_SECONDS,
            saying="lines to be under way in the pipeline",
            every=0.01,
        )
        came = scene.progress.came(scene.ids(fault))  # one that only counts forgets that when it is killed
        scene.stack.kill("logstash")
        in_hand = scene.progress.in_hand(scene.ids(fault)) if came else 0
        scene.stack.start_again("logstash")
    _record(scene, fault, {"in_hand": in_hand, "restarted": True})


def elasticsearch_read_only(scene: Scene) -> None:
    """Elasticsearch refuses every write for a while, as when its disk is nearly full."""
    fault, settings = "elasticsearch-read-only", f"{scene.stack.url('elasticsearch')}/{_alias(scene)}/_settings"

    def block(on: bool) -> None:
        auth = scene.stack.elasticsearch_auth(SUPERUSER)
        requests.put(settings, json={"index.blocks.write": on}, auth=auth, timeout=30).raise_for_status()

    retried, began = scene.retried(), time.time()
    block(True)
    try:
        with scene.writing(fault, 3000, 1500):
            wait.until(lambda: scene.retried() > retried, deadline=EFFECT_SECONDS, saying="a refused write")
            wait.pause(BLOCKED_SECONDS)
            settled = scene.progress.settled(scene.ids(fault))
    finally:
        block(False)
    seconds, again = round(time.time() - began, 1), scene.retried() - retried
    _record(scene, fault, {"blocked_seconds": seconds, "retried": again, "settled_while_blocked": settled})


def elasticsearch_down(scene: Scene) -> None:
    """Elasticsearch is killed, and is back after half a minute."""
    fault, retried = "elasticsearch-down", scene.retried()
    with scene.writing(fault, 6000, 1500):
        scene.reached(fault, 500)
        scene.stack.kill("elasticsearch")
        began = time.time()
    wait.pause(DOWN_SECONDS - BOOT_SECONDS - (time.time() - began))
    scene.stack.start_again("elasticsearch")
    down = time.time() - began
    _record(scene, fault, {"down_seconds": round(down, 1), "retried": scene.retried() - retried, "restarted": True})


FAULTS: tuple[Callable[[Scene], None], ...] = (
    steady_load,
    odd_lines,
    burst,
    rename_rotation,
    copytruncate_rotation,
    filebeat_killed,
    logstash_killed,
    elasticsearch_read_only,
    elasticsearch_down,
)


def _alias(scene: Scene) -> str:
    return str(scene.mix["stored"]["index"])


def _account(scene: Scene) -> None:
    """Read every stored document back and say of each fault what became of its lines."""
    stack, names = scene.stack, scene.mix["stored"]
    url = stack.url("elasticsearch")
    refresher = StoredLogs(url, stack.elasticsearch_auth(SUPERUSER))
    stored = StoredLogs(url, stack.elasticsearch_auth(READER))
    expectation = Expectation(stack.fixtures["catalog"], scene.mix["pipeline"])
    account = Account(scene.sent, expectation, scene.files.cut_off, scene.canaries)
    try:
        for name in names.values():
            refresher.refresh(name)
        for done, document in enumerate(stored.documents()):
            if done % 5000 == 0:
                stack.progress("documents read back", done, len(scene.sent), "resilience")
            dead = document.index.startswith(names["dead_letters"])
            account.add(document.index, document.source, dead_letter=dead)
    except HarnessError as error:
        scene.recorder.record("account-failed", "resilience", {"why": error.message})
        return
    finally:
        stored.close()
        refresher.close()
    trail, told = scene.progress.trail, scene.progress.trail is not None
    trail = trail.read() if trail is not None else LogTrail(Path())
    for fault in dict.fromkeys(one.fault for one in scene.sent):
        fate = account.fate(fault, trail.received, trail.order, trail.settled, told=told)
        scene.recorder.record("line-account", fault, fate)
    scene.recorder.record("phi-under-faults", "resilience", account.phi)
