"""What is done to the running stack so that the log pipeline can be judged: lines are written as the backend writes
them, then the pipeline is left to drain, then every stored document is read back and compared with the line it came
from.

Half of the lines are spread over the last thirty days, for the searches; half over the last half hour, for the panels.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import requests

from harness import wait
from harness.contracts import ContainerPlan, Plan, Recorder
from harness.documents.configuration import Configuration
from harness.errors import DeadlineError, HarnessError
from harness.generators.log_audit import AuditTrail
from harness.generators.log_expectation import Expectation
from harness.generators.log_fate import Fate
from harness.generators.log_schedule import Schedule
from harness.generators.log_truth import Truth
from harness.generators.logs import Line, LogGenerator
from harness.model import Level
from harness.pipeline_comparison.comparing import as_data
from harness.pipeline_comparison.material import read
from harness.pipeline_comparison.playing import Image
from harness.pipeline_comparison.tool import compare, lines_of
from harness.probes import logstash_health
from harness.probes.log_trail import LogTrail
from harness.probes.stored_logs import StoredLogs
from harness.services.logstash import TRAIL
from harness.stack import Workspace

NEEDS = ("pipeline",)
STAND_INS = ("caredroid-backend",)

LINES, COMPARED_LINES = 24_000, 1000
MALFORMED = 12
BURST = 500
"""Lines appended to the files at a time, kinds mixed, as a busy backend flushes them."""

READER, SUPERUSER = "log_reader", "elastic"
TRUTH = "logs-truth"

DAY = 86_400.0
RECENT_SECONDS = 1800.0
SAFELY_PAST_SECONDS = 15.0
"""No line may be written in the future: the last lines of a chain come seconds after its first."""

FIRST_ARRIVAL_SECONDS = 30.0
QUIET_SECONDS = 15.0
"""How long nothing more must arrive before what has not come counts as lost."""
DRAIN_SECONDS = 150.0
SETTLE_SECONDS = 3.0
"""How long a pipeline that stored as much as was written is watched for documents too many, or still on their way."""


class Stack(Protocol):
    """What this suite needs of the running stack."""

    fixtures: Mapping[str, Any]
    workspace: Workspace
    seed: int
    configuration: Configuration
    fixtures_folder: Path
    plans: Mapping[str, Plan | ContainerPlan]

    @property
    def log_folder(self) -> Path:
        """The folder of this machine that the backend writes its logs into."""
        ...

    def url(self, name: str) -> str:
        """Where a service answers."""
        ...

    def elasticsearch_auth(self, user: str) -> tuple[str, str]:
        """User and password of one of Elasticsearch's users."""
        ...

    def require_alive(self) -> None:
        """Raise StackError when a service died."""
        ...

    def remember(self, key: str, value: Any) -> None:
        """Keep something for a later suite."""
        ...

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell a person what is going on."""
        ...


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Write, drain, read back, compare; what was seen is recorded even when the pipeline never drains."""
    truth, lines = _made(stack)
    stack.remember(TRUTH, truth)
    stored = StoredLogs(stack.url("elasticsearch"), stack.elasticsearch_auth(READER))
    try:
        before = stored.count(stack.fixtures["logs"]["stored"]["index"])
        began = _write(stack, lines, truth, recorder)
        Drain(stack, stored, truth, before).wait(began, recorder)
        _compare(stack, stored, truth, recorder)
        _ask_pipelines(stack, recorder)
        _compare_implementations(stack, recorder)
    finally:
        stored.close()


def _ask_pipelines(stack: Stack, recorder: Recorder) -> None:
    """Record what Logstash's own API tells of its pipelines, or why it told nothing."""
    try:
        told: dict[str, Any] = {"pipelines": logstash_health.pipelines(stack.url("logstash"))}
    except (requests.RequestException, ValueError, HarnessError) as error:
        told = {"silence": str(error)[:300]}
    recorder.record("pipeline-health", "logstash", told)


def _compare_implementations(stack: Stack, recorder: Recorder) -> None:
    """Where Logstash's own image runs: put the cases and a thousand lines through it and through the interpreter."""
    plan = stack.plans["logstash"]
    if plan.level < Level.CONTAINER or not isinstance(plan, ContainerPlan):
        return
    cases = sorted((stack.fixtures_folder / "logstash").glob("*.yml"))
    stack.progress("comparing the interpreter with Logstash")
    try:
        groups = [*read(cases), *lines_of(stack.configuration, stack.fixtures, stack.seed, COMPARED_LINES)]
        told = as_data(compare(groups, Image(plan.image, plan.level)), str(stack.fixtures_folder.parent))
    except HarnessError as error:
        told = {"silence": str(error)[:600]}
    recorder.record("pipeline-comparison", "logstash", {"with": plan.image, **told})


def _made(stack: Stack) -> tuple[Truth, list[Line]]:
    mix, searches = stack.fixtures["logs"], stack.fixtures["searches"]
    generator = LogGenerator(stack.seed, stack.fixtures["catalog"], mix)
    until = time.time() - SAFELY_PAST_SECONDS
    month = Schedule.last(30 * DAY - RECENT_SECONDS - DAY, until - RECENT_SECONDS, tuple(mix["rhythm"]))
    recent = Schedule.last(RECENT_SECONDS, until)
    lines = [
        *generator.lines(LINES // 2, month),
        *generator.lines(LINES // 2, recent),
        *generator.malformed(MALFORMED, recent),
    ]
    return Truth.of(lines, generator.canaries, searches, stack.fixtures["catalog"]), lines


def _write(stack: Stack, lines: list[Line], truth: Truth, recorder: Recorder) -> float:
    """Append the lines to one file per kind. Returns when writing began, Unix seconds."""
    folder, began = stack.log_folder, time.time()
    for done in range(0, len(lines), BURST):
        texts: dict[str, list[str]] = defaultdict(list)
        for line in lines[done : done + BURST]:
            texts[line.kind].append(line.text)
        for kind, burst in texts.items():
            with (folder / f"{kind}.log").open("a", encoding="utf-8") as file:
                file.write("\n".join(burst) + "\n")
        stack.progress("writing lines", done, len(lines))
    data = {
        "count": len(truth.lines),
        "malformed": len(truth.malformed),
        "per_kind": dict(truth.per_kind()),
        "levels": dict(Counter(record["level"] for record in truth.records())),
        "folder": str(folder),
        "seed": stack.seed,
        "seconds": time.time() - began,
    }
    recorder.record("log-sent", "logs", data)
    return began


class Drain:
    """Waits until everything has arrived, or nothing more does: stop the load, sent > 0, received == sent."""

    def __init__(self, stack: Stack, stored: StoredLogs, truth: Truth, before: int) -> None:
        self._stack = stack
        self._stored = stored
        self._names = stack.fixtures["logs"]["stored"]
        self._wanted = (before + len(truth.lines), len(truth.malformed))
        self._before = before
        self._counts = (before, 0)
        self._changed = time.time()
        self._refresher = self._superuser()

    def wait(self, began: float, recorder: Recorder) -> None:
        """Look until it is over; record how long it took and how it ended."""
        try:
            wait.until(self._look, deadline=DRAIN_SECONDS, saying="the pipeline to drain", every=0.5, seen=self._text)
            ended = "complete" if self._complete() else "quiet"
        except DeadlineError:
            ended = "deadline"
        except HarnessError as error:
            ended = str(error)
        seconds, stored = max(self._changed - began, 0.001), self._counts[0] - self._before
        data = {"ended": ended, "seconds": seconds, "stored": stored, "lines_per_second": stored / seconds}
        recorder.record("log-drain", "logs", data)
        if ended == "complete":
            wait.pause(SETTLE_SECONDS)
        if self._refresher:
            self._refresher.refresh(self._names["index"])
            self._refresher.close()

    def _superuser(self) -> StoredLogs | None:
        """Who may refresh; without, what is stored is seen only at the index's own refresh interval."""
        try:
            return StoredLogs(self._stack.url("elasticsearch"), self._stack.elasticsearch_auth(SUPERUSER))
        except HarnessError:
            return None

    def _look(self) -> bool:
        self._stack.require_alive()
        for name in self._names.values():
            if self._refresher:
                self._refresher.refresh(name)
        counts = (self._stored.count(self._names["index"]), self._stored.count(self._names["dead_letters"]))
        if counts != self._counts:
            self._counts, self._changed = counts, time.time()
            self._stack.progress("lines stored", counts[0] - self._before, self._wanted[0] - self._before)
        patience = QUIET_SECONDS if self._counts != (self._before, 0) else FIRST_ARRIVAL_SECONDS
        return self._complete() or time.time() - self._changed > patience

    def _complete(self) -> bool:
        if all(have >= wanted for have, wanted in zip(self._counts, self._wanted, strict=True)):
            return True
        # Well-formed lines among the dead letters, or broken ones stored: nothing more can come.
        return sum(self._counts) >= sum(self._wanted) and time.time() - self._changed > SETTLE_SECONDS

    def _text(self) -> str:
        return f"{self._counts[0] - self._before} of {self._wanted[0] - self._before} lines"


def _compare(stack: Stack, stored: StoredLogs, truth: Truth, recorder: Recorder) -> None:
    mix = stack.fixtures["logs"]
    fate = Fate(truth, Expectation(stack.fixtures["catalog"], mix["pipeline"]))
    audit, dead_letters = AuditTrail(mix["audit"]), mix["stored"]["dead_letters"]
    for done, document in enumerate(stored.documents()):
        if done % 2000 == 0:
            stack.progress("comparing documents", done, len(truth.lines))
        if document.index.startswith(dead_letters):
            fate.add_dead_letter(document.index, document.source)
        else:
            fate.add_document(document.index, document.source)
            audit.add(document.source)
    trail = LogTrail(stack.workspace.scratch / "rooms" / "logstash" / TRAIL).read()
    hops = Counter(trail.lost_at(event_id) for event_id in fate.missing) if trail.received else Counter()
    # Logstash itself leaves no trail: then the hop that lost a line cannot be told.
    told = {"missing_hops": dict(hops), "hops_told": bool(trail.received)}
    recorder.record("log-line-fate", "logs", {**fate.lines, **told})
    recorder.record("log-dead-letters", "logs", fate.dead_letters)
    recorder.record("phi-canaries", "logs", fate.phi)
    recorder.record("audit-trail", "logs", audit.summary)
