"""`harness up`: the stack for a person to look at, on synthetic metrics and log lines, until they have seen enough."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from harness import wait
from harness.boot import Boot
from harness.errors import HarnessError, UsageError
from harness.events import HistoryFile, Progress
from harness.generators.log_schedule import Schedule
from harness.generators.logs import LogGenerator
from harness.launchers.ledger import Ledger, state_folder, sweep
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.placing import choice_for, with_containers
from harness.run import read
from harness.settings import Settings, read_fixtures
from harness.stack import Stack, Workspace
from harness.toolchain import prepare

PARTS = ("prometheus", "pipeline")
SCENARIO = "healthy"
BURST_SECONDS = 5.0
LINES_PER_SECOND = 4
TOLD_SECONDS = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: which configuration, launcher and scenario, and for how long (None: until interrupted).

    `stack_file` is where the addresses go, for `verify --launcher external`.
    """

    settings: Settings
    launcher: str = "auto"
    scenario: str = SCENARIO
    seconds: float | None = None
    stack_file: Path | None = None


def up(wanted: Wanted, say: Say) -> None:
    """Boot it, say where it is, keep it busy, stop it. Raises HarnessError when it does not come up, or dies."""
    if wanted.launcher not in ("auto", "process", "container"):
        raise UsageError(f"a stack cannot be booted with the launcher {wanted.launcher!r}")
    scenario = wanted.settings.fixtures / "scenarios" / f"{wanted.scenario}.yml"
    if not scenario.is_file():
        known = ", ".join(sorted(path.stem for path in scenario.parent.glob("*.yml")))
        raise UsageError(f"no scenario {wanted.scenario!r}", hint=f"There are: {known}.")
    fixtures = read_fixtures(wanted.settings.fixtures)
    if swept := sweep():
        say(f"swept {swept} that an earlier run left behind")
    with _stack(wanted, fixtures, say) as (stack, history):
        Boot(stack, wanted.settings.fixtures, main=wanted.scenario).run(PARTS)
        _tell(stack, fixtures, say)
        if wanted.stack_file:
            _write(stack, fixtures, wanted.stack_file)
            say(
                f"addresses    {wanted.stack_file}, for: harness verify --launcher external --stack {wanted.stack_file}"
            )
        say("Ctrl-C stops everything.\n")
        _keep_busy(stack, history, fixtures, wanted.seconds, say)


@contextlib.contextmanager
def _stack(wanted: Wanted, fixtures: Mapping[str, Any], say: Say) -> Iterator[tuple[Stack, HistoryFile]]:
    """A stack that is taken down whatever happens."""
    configuration = read(wanted.settings.config)
    choice = choice_for(wanted.launcher, configuration, fixtures, say)
    say(f"harness up   {configuration.folder.name}   launcher {choice.told()}")
    toolchain = prepare(on_progress=lambda step: say(f"  … {step.component} {step.step} {step.detail}".rstrip()))
    ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
    scratch = ledger.new_folder("harness-", others_pass=True)
    history = HistoryFile(scratch / "history.ndjson")
    launcher = ProcessLauncher(scratch / "logs", ledger)

    def listen(event: Progress) -> None:
        if event.phase == "boot":
            say(f"  … {event.text} s")

    stack = Stack(
        configuration, fixtures, toolchain, Workspace(scratch, scratch), launcher, ports, history, listener=listen
    )
    try:
        with_containers(stack, choice, ledger)
        yield stack, history
    finally:
        stack.stop()
        history.freeze()
        ledger.close()
        ports.release()
        shutil.rmtree(scratch, ignore_errors=True)
        say("stopped")


def _tell(stack: Stack, fixtures: Mapping[str, Any], say: Say) -> None:
    """Where everything is, and who may enter."""
    for name in ("prometheus", "alertmanager", "elasticsearch"):
        say(f"{name:<12} {stack.url(name)}")
    if "grafana" in stack.instances:
        user, password = stack.recall("grafana")
        say(f"{'grafana':<12} {stack.url('grafana')}, user {user}, password {password}, for as long as this runs")
    users = ", ".join(fixtures["deployment"]["elasticsearch"]["users"])
    if stack.access:
        say(f"{'':<12} users {users}, elastic; passwords in {stack.access.folder / 'passwords.json'}")
    say(f"{'log files':<12} {stack.log_folder}")


def _write(stack: Stack, fixtures: Mapping[str, Any], file: Path) -> None:
    """The addresses and passwords, readable by their owner only."""
    users = [*fixtures["deployment"]["elasticsearch"]["users"]]
    marked, password = stack.elasticsearch_auth("elastic")
    known = {
        "prometheus": {"url": stack.url("prometheus")},
        "alertmanager": {"url": stack.url("alertmanager")},
        "elasticsearch": {
            "url": stack.url("elasticsearch"),
            "passwords": {user: stack.elasticsearch_auth(user)[1] for user in users},
            "marked": {"user": marked, "password": password},
        },
    }
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(yaml.safe_dump(known, sort_keys=False), encoding="utf-8")


def _keep_busy(
    stack: Stack, history: HistoryFile, fixtures: Mapping[str, Any], seconds: float | None, say: Say
) -> None:
    """Write log lines as a backend does; the metrics are answered by the targets. Ends when something died."""
    began, told, written = time.monotonic(), time.monotonic() - TOLD_SECONDS + BURST_SECONDS, 0
    for number in itertools.count(1):
        stack.require_alive()
        generator = LogGenerator(int(time.time()) + number, fixtures["catalog"], fixtures["logs"])
        texts: dict[str, list[str]] = defaultdict(list)
        schedule = Schedule.last(BURST_SECONDS, time.time() - BURST_SECONDS)
        for line in generator.lines(int(LINES_PER_SECOND * BURST_SECONDS), schedule):
            texts[line.kind].append(line.text)
            written += 1
        for kind, lines in texts.items():
            with (stack.log_folder / f"{kind}.log").open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
        if time.monotonic() - told >= TOLD_SECONDS:
            told = time.monotonic()
            heard = len(history.so_far().of_kind("notification"))
            say(f"{written} lines written, {_stored(stack, fixtures)} stored; {heard} notifications")
        if seconds is not None and time.monotonic() - began >= seconds:
            return
        wait.pause(BURST_SECONDS)


def _stored(stack: Stack, fixtures: Mapping[str, Any]) -> str:
    """How many lines a person would find now."""
    alias = fixtures["deployment"]["logs"]["alias"]
    try:
        auth = stack.elasticsearch_auth("elastic")
        answer = requests.get(f"{stack.url('elasticsearch')}/{alias}/_count", auth=auth, timeout=5)
        return str(answer.json()["count"])
    except (HarnessError, requests.RequestException, ValueError, KeyError):
        return "an unknown number"
