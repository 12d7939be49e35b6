"""Lines per second through the whole chain, sustained: real Filebeat, the Logstash stand-in, real Elasticsearch.

python benchmarks/log_chain.py [SECONDS] [CONFIG]

The files are kept ahead of Filebeat all the time, so that it never waits for lines. Prints the rate over the whole span
and in its slowest tenth, what each process spent of the processors, and how many lines were lost or stored twice. The
machine should have nothing else to do: every process of the chain shares its cores with this one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from harness import wait
from harness.boot import Boot
from harness.documents.configuration import Configuration
from harness.events import HistoryFile
from harness.generators.log_files import LogFiles
from harness.generators.log_schedule import Schedule
from harness.generators.logs import LogGenerator
from harness.launchers.ledger import Ledger, state_folder
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.probes.log_trail import LogTrail
from harness.probes.stored_logs import StoredLogs
from harness.services.logstash import TRAIL
from harness.settings import Settings, read_fixtures
from harness.stack import Stack, Workspace
from harness.toolchain import prepare

AHEAD = 12_000
STEP = 4000
WARM_LINES = 20_000
WINDOWS = 10


@dataclass
class Load:
    """Writes lines ahead of what is stored, and knows their ids."""

    generator: LogGenerator
    files: LogFiles
    trail: LogTrail
    written: set[str]

    def ahead(self) -> None:
        """Write until Filebeat has enough to do."""
        while len(self.written) - len(self.trail.read().settled) < AHEAD:
            texts: dict[str, list[bytes]] = defaultdict(list)
            for line in self.generator.lines(STEP, Schedule.last(60.0, time.time() - 30.0)):
                texts[line.kind].append(line.text.encode())
                self.written.add(line.event_id)
            for kind, some in texts.items():
                self.files.append(f"{kind}.log", some)

    def stored(self) -> int:
        """How many lines are settled so far."""
        return len(self.trail.read().settled)

    def until(self, count: int) -> None:
        """Keep ahead until so many lines are stored."""

        def enough() -> bool:
            self.ahead()
            return self.stored() >= count

        wait.until(enough, deadline=120, saying=f"{count} lines to be stored", every=0.1)


def main() -> None:
    """Boot, warm up, measure, account for every line, print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    settings = Settings.here(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    scratch.chmod(0o755)
    ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
    ledger.folder(scratch)
    stack = Stack(
        Configuration.load(settings.config),
        read_fixtures(settings.fixtures),
        prepare(),
        Workspace(scratch / "run", scratch),
        ProcessLauncher(scratch / "run" / "logs", ledger),
        ports,
        HistoryFile(scratch / "run" / "history.ndjson"),
    )
    try:
        Boot(stack, settings.fixtures).run(("pipeline",))
        _measure(stack, seconds)
    finally:
        stack.stop()
        ledger.close()
        ports.release()


def _measure(stack: Stack, seconds: float) -> None:
    generator = LogGenerator(stack.seed, stack.fixtures["catalog"], stack.fixtures["logs"])
    trail = LogTrail(stack.workspace.scratch / "rooms" / "logstash" / TRAIL)
    load = Load(generator, LogFiles(stack.log_folder), trail, set())
    load.until(WARM_LINES)
    busy, before, began, counted = _busy(stack), _processors(stack), time.monotonic(), load.stored()
    windows, last = [], (began, counted)
    while time.monotonic() - began < seconds:
        mark = last[0] + seconds / WINDOWS

        def passed(mark: float = mark) -> bool:
            load.ahead()
            return time.monotonic() >= mark

        wait.until(passed, deadline=seconds, saying="the window to pass", every=0.1)
        now = (time.monotonic(), load.stored())
        windows.append((now[1] - last[1]) / (now[0] - last[0]))
        last = now
    after, busy_after = _processors(stack), _busy(stack)
    stored, took = last[1] - counted, last[0] - began
    print(f"{stored / took:8,.0f} lines/s over {took:.0f} s ({stored:,} lines), slowest tenth {min(windows):,.0f}")
    for name, spent in after.items():
        each = spent - before[name]
        print(f"{each / took:8.2f} cores, {each / stored * 1e6:6.0f} µs a line   {name}")
    for name, spent in busy_after.items():
        print(f"{(spent - busy[name]) / took:8.0%} of the time   {name}")
    _accounted(stack, load)


def _busy(stack: Stack) -> dict[str, float]:
    """Seconds that the stand-in spent filtering, and that its bulk requests took, by its own account."""
    url = f"{stack.url('logstash')}/_node/stats/pipelines"
    told = requests.get(url, timeout=5).json()["pipelines"]["main"]
    outputs = sum(output["events"]["duration_in_millis"] for output in told["plugins"]["outputs"])
    filtering = "the stand-in decodes and filters"
    return {
        filtering: told["events"]["duration_in_millis"] / 1000,
        "a bulk request is under way (100 % for each that always is)": outputs / 1000,
    }


def _accounted(stack: Stack, load: Load) -> None:
    """After draining: are all there, each once?"""
    wait.until(lambda: load.stored() >= len(load.written), deadline=120, saying="the rest to be stored", every=0.2)
    stored = StoredLogs(stack.url("elasticsearch"), stack.elasticsearch_auth("elastic"))
    stored.refresh("*")
    found = [str(document.source.get("eventId")) for document in stored.documents()]
    stored.close()
    lost, twice = len(load.written - set(found)), len(found) - len(set(found))
    print(f"{len(load.written):,} lines written: {lost} lost, {twice} stored twice, each looked for by its id")


def _processors(stack: Stack) -> dict[str, float]:
    """Processor seconds of each process of the chain, with its children, and of this one."""
    spent = {"this program: generating lines, counting": sum(psutil.Process().cpu_times()[:2])}
    for name, instance in stack.instances.items():
        leader = psutil.Process(instance.pid)  # type: ignore[attr-defined]
        family = [leader, *leader.children(recursive=True)]
        spent[name] = sum(sum(process.cpu_times()[:2]) for process in family)
    return spent


if __name__ == "__main__":
    main()
