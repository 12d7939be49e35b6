"""A verification from first to last: read, lint, set up, boot, exercise, judge. What it saw is on disk as it
happens."""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from harness import judging, lint, suites
from harness.boot import Boot
from harness.calibration import Calibration
from harness.conclusion import conclude
from harness.conclusion import write_reports as write_reports
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.errors import HarnessError, UnreadableError, UsageError
from harness.events import HistoryFile, Progress
from harness.evidence import inputs
from harness.launchers.choice import Choice
from harness.launchers.ledger import Ledger, state_folder, sweep
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Component, History, Judgement, Level, OverlayChange, Phase, Report, Verdict, worst
from harness.placing import choice_for, components, levels, with_containers
from harness.registry import discover
from harness.settings import Settings, read_fixtures
from harness.stack import Stack, Watch, Workspace
from harness.suites import Suite
from harness.toolchain import Extras, Toolchain, prepare

_ELSEWHERE = "Reports may go elsewhere: HARNESS_REPORTS=/some/folder"
BACKGROUND_SECONDS = 300.0


class Console(Protocol):
    """Whoever follows a run."""

    def begins(self, config: str, sha256: str, launcher: str, run: str) -> None:
        """A run begins."""
        ...

    def progress(self, event: Progress) -> None:
        """Something happened within the phase; called from any thread."""
        ...

    def phase(self, phase: Phase) -> None:
        """A phase is over."""
        ...

    def findings(self, judgements: Sequence[Judgement], configuration: Configuration) -> None:
        """Lint has answered."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. No suites: all but those on demand, or, for `everything`, all of them."""

    settings: Settings
    suites: tuple[str, ...] = ()
    launcher: str = "auto"
    seed: int = 1
    everything: bool = False


@dataclass
class Run:
    """One run in progress."""

    request: Request
    console: Console
    id: str = field(default_factory=lambda: datetime.now().strftime("%Y-%m-%dT%H-%M-%S"))
    started: float = field(default_factory=time.time)
    phases: list[Phase] = field(default_factory=list)
    left_out: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where this run keeps its evidence."""
        return self.request.settings.reports / self.id

    @property
    def day(self) -> date:
        """The day that waivers are held against."""
        return datetime.fromtimestamp(self.started).date()

    def claim(self) -> None:
        """Make the run's folder; another run that began in the same second has one of its own."""
        moment = self.id
        for number in itertools.count(2):
            try:
                self.folder.mkdir(parents=True)
                return
            except FileExistsError:
                if not self.request.settings.reports.is_dir():
                    raise UsageError(f"{self.request.settings.reports} is not a directory") from None
                self.id = f"{moment}-{number}"
            except OSError as error:
                raise UsageError(f"{self.folder} cannot be made: {error.strerror}", hint=_ELSEWHERE) from error

    def say(self, text: str) -> None:
        """Tell the person who follows the run, before its first phase is over."""
        self.console.progress(Progress("read", text))

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[dict[str, Any]]:
        """Time what happens inside; `detail` and `verdict` may be set in what it yields."""
        told: dict[str, Any] = {"detail": "", "verdict": None}
        began = time.monotonic()
        failed = True
        try:
            yield told
            failed = False
        finally:
            done = Phase(name, told["detail"], time.monotonic() - began, told["verdict"])
            self.phases.append(done)
            if not failed:
                self.console.phase(done)


def verify(request: Request, console: Console) -> Report:
    """Do it all and return the report. Raises HarnessError when there is nothing to judge (exit 2)."""
    run = Run(request, console)
    known = suites.find(request.settings.suites)
    only_lint = request.suites == ("lint",)
    named = tuple(name for name in request.suites if name != "lint")
    if not known and not only_lint:
        raise UsageError(f"no suite in {request.settings.suites}", hint="Run from a checkout of the project.")
    chosen = () if only_lint else suites.choose(known, named, everything=request.everything)
    if not request.suites:
        run.left_out = tuple(sorted(set(known) - {suite.name for suite in chosen}))
    if bad := sorted(suite.name for suite in chosen if suite.external):
        raise UsageError(f"the suite {', '.join(bad)} is for a stack that runs already: --launcher external")
    fixtures = read_fixtures(request.settings.fixtures)
    with run.phase("read") as told:
        configuration = read(request.settings.config)
        swept = sweep()
        told["detail"] = f"{len(configuration.files)} files{swept.told()}"
        choice = choice_for(request.launcher, configuration, fixtures, run.say) if chosen else Choice()
        run.claim()
        inputs.keep(run.folder, configuration.folder, configuration.files, request.settings.fixtures)
        console.begins(str(request.settings.config), configuration.sha256, choice.told(), run.id)
    building = _Building()
    context = Context(configuration, fixtures)
    judgements = judge_lint(run, configuration, context)
    history = HistoryFile(run.folder / "history.ndjson")
    seen = Seen()
    history.record("run", run.id, {"config": str(request.settings.config), "sha256": configuration.sha256})
    with run.phase("set-up") as told:
        toolchain = building.result(console)
        told["detail"] = building.detail
    with run.phase("checkers") as told:
        found = lint.judge_by_products(configuration, lint.find_binary)
        judgements = lint.folded([*judgements, *found])
        found = judgements[-len(found) :] if found else []
        told["detail"], told["verdict"] = f"{len(found)} products' own checkers", worst(j.verdict for j in found)
        console.findings([j for j in found if j.findings], configuration)
    if chosen:
        _on_a_stack(run, chosen, configuration, fixtures, toolchain, history, seen, choice)
    recorded = history.freeze()
    with run.phase("judge") as told:
        judgements += judge_history(recorded, Context(configuration, fixtures, seen.levels), [s.name for s in chosen])
        told["detail"], told["verdict"] = f"{len(recorded.observations)} observations", judging.overall(judgements)
    return report_of(run, chosen, configuration, fixtures, judgements, seen, choice.name)


@dataclass
class Seen:
    """What the stack was made of."""

    levels: dict[str, Level] = field(default_factory=dict)
    components: tuple[Component, ...] = ()
    overlay: tuple[OverlayChange, ...] = ()


class _Building:
    """Set-up, going on beside lint from the first moment."""

    def __init__(self) -> None:
        self.detail = ""
        self._latest: Progress | None = None
        self._result: Toolchain | None = None
        self._error: BaseException | None = None
        self._made: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._build, name="set-up", daemon=True)
        self._thread.start()

    def _build(self) -> None:
        try:
            self._result = prepare(on_progress=self._progress, stop=self._stop)
        except BaseException as error:  # handed to the thread that waits for the result
            self._error = error

    def _progress(self, step: Any) -> None:
        self._made.add(step.component)
        self._latest = Progress("set-up", f"{step.component}: {step.step} {step.detail}".rstrip())

    def result(self, console: Console) -> Toolchain:
        """Wait for it, telling the console what is being built. Raises SetUpError."""
        told = None
        try:
            while self._thread.is_alive():
                self._thread.join(0.2)
                if self._latest is not told and self._latest:
                    told = self._latest
                    console.progress(told)
        except BaseException:  # interrupted: no compiler outlives the run
            self._stop.set()
            raise
        if self._error:
            raise self._error
        assert self._result is not None
        count = len(self._result.folders)
        self.detail = f"{count} components, " + (f"{len(self._made)} built" if self._made else "cached")
        return self._result


def read(folder: Path) -> Configuration:
    """The configuration under test; raises UnreadableError that names every file with broken syntax."""
    configuration = Configuration.load(folder)
    # Whatever is broken in what is about to be booted matters, also where it does not look like any of ours.
    if broken := (*configuration.errors, *configuration.unread):
        first, *others = broken
        hint = "\n".join([*(first.hint.splitlines() if first.hint else []), *(str(error) for error in others)])
        raise UnreadableError(first.message, at=first.at, hint=hint)
    return configuration


def judge_lint(run: Run, configuration: Configuration, context: Context) -> list[Judgement]:
    """The static checks, as a phase of the run."""
    with run.phase("lint") as told:
        judgements = lint.run(configuration, context, products=False, today=run.day)
        told["detail"] = f"{len(configuration.files)} files, {len(judgements)} checks"
        told["verdict"] = worst(j.verdict for j in judgements)
        run.console.findings([j for j in judgements if j.findings], configuration)
    return judgements


def _on_a_stack(
    run: Run,
    chosen: Sequence[Suite],
    configuration: Configuration,
    fixtures: Mapping[str, Any],
    toolchain: Toolchain,
    history: HistoryFile,
    seen: Seen,
    choice: Choice,
) -> None:
    ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
    scratch = ledger.new_folder("harness-", others_pass=True)
    launcher = ProcessLauncher(run.folder / "logs", ledger)
    workspace = Workspace(run.folder, scratch)
    extras = _extras(run, chosen, history)
    stack = Stack(
        configuration, fixtures, toolchain, workspace, launcher, ports, history, run.request.seed, run.console.progress
    )
    stack.extras, stack.fixtures_folder = extras, run.request.settings.fixtures
    stack.thorough = run.request.everything
    stack.named = bool(run.request.suites)
    try:
        extras.begin()
        with_containers(stack, choice, ledger)
        with Watch(stack), Calibration(history):
            background = _Background(chosen, stack, history)
            if _boot(run, stack, chosen, history, background):
                _exercise(run, stack, chosen, history, background)
                seen.components = components(stack, {name for suite in chosen for name in suite.stand_ins})
    finally:
        with run.phase("stop") as told:
            stack.stop()
            extras.stop()
            ledger.close()
            ports.release()
            shutil.rmtree(scratch, ignore_errors=True)
            told["detail"] = f"{len(stack.instances)} instances stopped"
        seen.overlay = tuple(stack.overlay)
        seen.levels = levels(stack, {name for suite in chosen for name in suite.stand_ins})


def _extras(run: Run, chosen: Sequence[Suite], history: HistoryFile) -> Extras:
    """What the chosen suites need beyond the base, made beside them; how that went is recorded."""

    def progress(step: Any) -> None:
        run.console.progress(Progress("set-up", f"{step.component}: {step.step} {step.detail}".rstrip()))

    def prepared(name: str, seconds: float, failed: str) -> None:
        history.record("extra", name, {"failed": failed, "seconds": round(seconds, 3)})

    names = [name for suite in chosen for name in suite.extras]
    return Extras(names, on_progress=progress, on_prepared=prepared)


class _Background:
    """The suites whose time goes by waiting: each begins as soon as what it needs is up."""

    def __init__(self, chosen: Sequence[Suite], stack: Stack, history: HistoryFile) -> None:
        self._history = history
        self._threads = {
            suite.name: threading.Thread(target=do, args=(suite, stack, history), name=suite.name, daemon=True)
            for suite in chosen
            if suite.background
        }
        waiting = [suite for suite in chosen if suite.background]
        self.starts = {suite.needs[-1]: self._threads[suite.name].start for suite in waiting if suite.needs}
        self._later = [self._threads[suite.name] for suite in waiting if not suite.needs]

    def begin(self) -> None:
        """Begin those that need nothing of the stack: once it is booted, so that they do not keep it from being."""
        for thread in self._later:
            thread.start()

    def join(self, run: Run) -> None:
        """Wait for each in turn, as a phase of its own."""
        for name, thread in self._threads.items():
            with run.phase(name) as told:
                thread.join(BACKGROUND_SECONDS)
                told["detail"] = "the rest of it; it ran beside the others"
                if waited := self._history.so_far().last("waiting", name):
                    whole, waiting = waited.data["seconds"], waited.data["waited_seconds"]
                    told["detail"] += f"; of its {whole:.0f} s, {waiting:.0f} s are waiting"
                if thread.is_alive():
                    self._history.record("exercise", name, {"failed": f"did not end within {BACKGROUND_SECONDS:g} s"})


def _boot(run: Run, stack: Stack, chosen: Sequence[Suite], history: HistoryFile, background: _Background) -> bool:
    with run.phase("boot") as told:
        try:
            parts = [part for suite in chosen for part in suite.needs]
            Boot(stack, run.request.settings.fixtures).run(parts, background.starts)
        except HarnessError as error:
            where = str(error.at) if error.at else ""
            history.record("boot-failed", "stack", {"message": error.message, "hint": error.hint, "at": where})
            told["detail"], told["verdict"] = error.message, Verdict.FAIL
            return False
        told["detail"] = "  ".join(
            f"{name} {getattr(instance, 'boot_seconds', 0):.1f}" for name, instance in stack.instances.items()
        )
    history.record("healthy", "stack", {"seconds": time.time() - run.started, "instances": sorted(stack.instances)})
    return True


def _exercise(run: Run, stack: Stack, chosen: Sequence[Suite], history: HistoryFile, background: _Background) -> None:
    background.begin()
    for suite in chosen:
        if not suite.background:
            with run.phase(suite.name) as told:
                told["detail"] = do(suite, stack, history)
    background.join(run)


def do(suite: Suite, stack: Stack, history: HistoryFile) -> str:
    """Run one exercise. What goes wrong in it is recorded, and its suite is judged on what was seen until then."""
    began = time.time()
    try:
        suite.exercise(stack, history)
    except HarnessError as error:
        history.record("exercise", suite.name, {"failed": str(error), "seconds": time.time() - began})
        return error.message
    except Exception as error:  # a server that died shows as whatever its client raises
        dead = stack.dead()
        message = f"{', '.join(dead)} died; " if dead else ""
        failed = f"{message}{type(error).__name__}: {error}"[:600]
        history.record("exercise", suite.name, {"failed": failed, "seconds": time.time() - began})
        return failed.splitlines()[0]
    history.record("exercise", suite.name, {"failed": "", "seconds": time.time() - began})
    return ""


def judge_history(history: History, context: Context, chosen: Sequence[str]) -> list[Judgement]:
    """Judge what was recorded: every verifier of the chosen suites, and those of the stack itself."""
    verifiers = [kind() for kind in discover("harness.checks", Check) if not lint.is_static(kind)]
    wanted = [check for check in verifiers if suite_of(check) in (*chosen, "stack")]
    healthy = history.last("healthy")
    booted = not history.last("external") and not (healthy and not healthy.data["instances"])
    if not booted:  # no suite needed a stack, or somebody else runs it: nothing can be said of how it comes up
        wanted = [check for check in wanted if suite_of(check) != "stack" or check.id == "stack/completed"]
    judged = [judging.judge(check, history, context) for check in sorted(wanted, key=lambda c: c.id)] if chosen else []
    return [*judged, *_unjudged(chosen, wanted)]


def _unjudged(chosen: Sequence[str], verifiers: Sequence[Check]) -> Iterator[Judgement]:
    """A suite that nothing judges proves nothing, however smoothly it ran."""
    for name in sorted(set(chosen) - {suite_of(check) for check in verifiers}):
        reason = f"no verifier in harness/checks/ judges what {name} recorded"
        yield Judgement(f"{name}/none", Verdict.UNKNOWN, Level.STATIC, "The suite is judged.", reason=reason)


def suite_of(check: Check) -> str:
    """The suite whose recording a verifier reads."""
    return check.suite or check.id.split("/")[0]


def report_of(
    run: Run,
    chosen: Sequence[Suite],
    configuration: Configuration,
    fixtures: Mapping[str, Any],
    judgements: Sequence[Judgement],
    seen: Seen,
    launcher: str,
) -> Report:
    """The report of a run whose verifiers have judged."""
    told = Report(
        run=run.id,
        started=run.started,
        seconds=time.time() - run.started,
        config_path=str(configuration.folder),
        config_sha256=configuration.sha256,
        launcher=launcher,
        suites=("lint", *(suite.name for suite in chosen)),
        components=seen.components,
        judgements=(),
        baselines=(),
        requirements=(),
        phases=tuple(run.phases),
        overlay=seen.overlay,
        verdict=Verdict.UNKNOWN,
        sign_off=Verdict.UNKNOWN,
        sign_off_missing=(),
        environment=_environment(),
        levels=seen.levels,
        judged_on=run.day.isoformat(),
        whole=not run.request.suites,
        left_out=run.left_out,
    )
    return conclude(told, fixtures, judgements)


def _environment() -> Mapping[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
    }
