"""`harness verify --launcher external`: judges a stack that somebody else runs, and boots nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import requests

from harness import judging, suites
from harness.contracts import Context
from harness.errors import StackError, UsageError
from harness.events import HistoryFile
from harness.evidence import inputs
from harness.launchers import external
from harness.launchers.external import Standing
from harness.launchers.ledger import Ledger, state_folder
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Component, Report
from harness.probes.version import versions
from harness.run import Console, Request, Run, Seen, do, judge_history, judge_lint, read, report_of
from harness.services.elasticsearch_access import Access
from harness.settings import read_fixtures
from harness.stack import Stack, Workspace
from harness.suites import Suite
from harness.toolchain import locate

ANSWER_SECONDS = 10
NAME = "external"
_ALIVE = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "elasticsearch": "/"}


def verify(request: Request, console: Console, stack_file: Path) -> Report:
    """Lint, then the suites for such a stack. Raises HarnessError when it cannot be reached at all."""
    run = Run(request, console)
    standing = external.read(stack_file)
    known = suites.find(request.settings.suites)
    chosen = tuple(suite for suite in known.values() if suite.external)
    if unfit := sorted(set(request.suites) - {suite.name for suite in chosen} - {"lint"}):
        raise UsageError(
            f"the suite {', '.join(unfit)} boots what it needs, and --launcher external boots nothing",
            hint=f"There are: {', '.join(suite.name for suite in chosen)}.",
        )
    fixtures = read_fixtures(request.settings.fixtures)
    with run.phase("read") as told:
        configuration = read(request.settings.config)
        told["detail"] = f"{len(configuration.files)} files"
        run.claim()
        inputs.keep(run.folder, configuration.folder, configuration.files, request.settings.fixtures)
        console.begins(str(request.settings.config), configuration.sha256, NAME, run.id)
    context = Context(configuration, fixtures)
    judgements = judge_lint(run, configuration, context)
    history = HistoryFile(run.folder / "history.ndjson")
    history.record("run", run.id, {"config": str(request.settings.config), "sha256": configuration.sha256})
    history.record("external", "stack", {"services": sorted(standing.urls)})
    with run.phase("reach") as told:
        told["detail"] = "  ".join(_reach(standing))
    ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
    scratch = ledger.new_folder("harness-")
    launcher = ProcessLauncher(scratch / "logs", ledger)
    workspace = Workspace(run.folder, scratch)
    stack = Stack(configuration, fixtures, locate(), workspace, launcher, ports, history, listener=console.progress)
    try:
        seen = _exercised(run, stack, standing, chosen, history)
    finally:
        ledger.close()
        ports.release()
        shutil.rmtree(scratch, ignore_errors=True)
    recorded = history.freeze()
    with run.phase("judge") as told:
        judged = Context(configuration, fixtures, seen.levels)
        judgements += judge_history(recorded, judged, [suite.name for suite in chosen])
        told["detail"], told["verdict"] = f"{len(recorded.observations)} observations", judging.overall(judgements)
    return report_of(run, chosen, configuration, fixtures, judgements, seen, NAME)


def _exercised(run: Run, stack: Stack, standing: Standing, chosen: tuple[Suite, ...], history: HistoryFile) -> Seen:
    stack.instances |= standing.instances()
    stack.levels.update({name: instance.level for name, instance in standing.instances().items()})
    stack.access = Access(standing.passwords, Path())
    stack.remember("marked-user", standing.marked)
    for suite in chosen:
        with run.phase(suite.name) as told:
            told["detail"] = do(suite, stack, history)
    answered = versions(stack)
    components = tuple(
        Component(name, level, answered.get(name, ""), f"runs elsewhere, at {standing.urls[name]}")
        for name, level in sorted(stack.levels.items())
    )
    return Seen(dict(stack.levels), components)


def _reach(standing: Standing) -> list[str]:
    """That each service answers at all, with whatever; raises StackError naming those that do not."""
    silent, reached = [], []
    for name, url in standing.urls.items():
        try:
            status = requests.get(url + _ALIVE[name], timeout=ANSWER_SECONDS).status_code
        except requests.RequestException as error:
            silent.append(f"{name} at {url}: {type(error).__name__}")
            continue
        reached.append(f"{name} {status}")
        if status >= 500:
            silent.append(f"{name} at {url}: HTTP {status}")
    if silent:
        raise StackError("the stack does not answer: " + "; ".join(silent), hint="Are the addresses still right?")
    return reached
