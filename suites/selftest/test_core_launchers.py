"""Ports, processes and what becomes of them: real processes, killed in every way they can be."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness import wait
from harness.contracts import Http, Listening, LogLine, Plan, Readiness
from harness.errors import StackError
from harness.launchers import ports
from harness.launchers.ledger import MARK, Ledger, kill_group, sweep
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessInstance, ProcessLauncher
from harness.model import Level

PROJECT = Path(__file__).resolve().parents[2]

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()
    def log_message(self, *_): pass
print("opening the port", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SLEEPS = "import signal; print('asleep', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    {SLEEPS}"
ORPHANING = (
    "import subprocess, sys, signal, time\n"
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}])\n"
    "print('child', child.pid, flush=True)\n"
)
PARENT = f"{ORPHANING}signal.pause()"


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(*pids: int) -> bool:
    return wait.until(lambda: not any(running(pid) for pid in pids), deadline=10, saying="them to be gone", every=0.02)


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a group of Python processes; whatever is left of it afterwards is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(code: str, **more: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], **more},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        if process.stdout:
            process.stdout.close()


def said(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout
    return process.stdout.readline().decode()


def dead_runner(folder: Path) -> Path:
    """The ledger of a runner that is gone: its pid is ours, its start time is not."""
    path = folder / "runs" / f"{os.getpid()}-12345.00.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def note(ledger: Path, **entry: object) -> None:
    with ledger.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def began(pid: int) -> float:
    return round(psutil.Process(pid).create_time(), 2)


class TestPorts:
    def test_two_runs_never_hold_the_same_port(self, tmp_path):
        one, two = PortLeases(tmp_path), PortLeases(tmp_path)
        held = [leases.lease() for leases in (one, two, one, two, one)]
        assert len(set(held)) == 5
        assert all(ports.FIRST <= port <= ports.LAST for port in held)
        one.release()
        two.release()

    def test_a_port_somebody_listens_on_is_skipped(self, tmp_path):
        taken = PortLeases(tmp_path / "a").lease()
        with socket.create_server(("127.0.0.1", taken)):
            assert PortLeases(tmp_path / "b").lease() != taken

    def test_a_port_that_another_process_locked_is_skipped(self, tmp_path, started):
        first = PortLeases(tmp_path)
        port = first.lease()
        first.release()
        code = f"import fcntl, signal; f = open({str(tmp_path / f'{port}.lock')!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX)"
        other = started(f"{code}; print('locked', flush=True); signal.pause()")
        assert said(other) == "locked\n"
        assert PortLeases(tmp_path).lease() != port
        other.kill()
        other.wait(10)
        assert PortLeases(tmp_path).lease() == port

    def test_a_released_port_is_leased_again_and_releasing_twice_is_allowed(self, tmp_path):
        one = PortLeases(tmp_path)
        port = one.lease()
        one.release()
        one.release()
        assert PortLeases(tmp_path).lease() == port

    def test_a_lock_file_that_was_removed_in_between_is_no_lease(self, tmp_path, monkeypatch):
        # Another run gives the port back between our opening its lock file and our locking it; a third may lock anew.
        flock, removed = fcntl.flock, []

        def racing(file, operation):
            if not removed:
                removed.append(Path(file.name))
                removed[0].unlink()
            return flock(file, operation)

        monkeypatch.setattr(ports.fcntl, "flock", racing)
        port = PortLeases(tmp_path).lease()
        assert (tmp_path / f"{port}.lock").exists()
        assert removed != [tmp_path / f"{port}.lock"]

    def test_no_free_port_is_an_error_with_a_way_out(self, tmp_path, monkeypatch):
        monkeypatch.setattr(ports, "FIRST", 21000)
        monkeypatch.setattr(ports, "LAST", 21001)
        one = PortLeases(tmp_path)
        with pytest.raises(StackError, match="no free port between 21000 and 21001") as error:
            for _ in range(3):
                one.lease()
        assert str(tmp_path) in error.value.hint


class TestLedger:
    def test_a_group_whose_runner_is_gone_is_killed_with_its_grandchild(self, tmp_path, started):
        parent = started(PARENT)
        child = int(said(parent).split()[1])
        note(dead_runner(tmp_path), pid=parent.pid, started=began(parent.pid))
        swept = sweep(tmp_path)
        assert swept.processes >= 2
        assert gone(parent.pid, child)
        assert list((tmp_path / "runs").iterdir()) == []

    def test_a_grandchild_is_killed_though_its_leader_ended_and_nobody_waited_for_it(self, tmp_path, started):
        leader = started(ORPHANING)
        began_at = began(leader.pid)
        child = int(said(leader).split()[1])
        wait.until(lambda: not running(leader.pid), deadline=10, saying="the leader to end", every=0.02)
        assert running(child)
        assert kill_group(leader.pid, began_at) >= 1
        assert gone(child)

    def test_a_grandchild_is_killed_though_its_leader_is_gone(self, tmp_path, started):
        leader = started(ORPHANING)
        began_at = began(leader.pid)
        child = int(said(leader).split()[1])
        leader.wait(10)
        assert kill_group(leader.pid, began_at) == 1
        assert gone(child)

    def test_processes_of_a_living_runner_are_spared(self, tmp_path, started):
        process = started(SLEEPS)
        said(process)
        ledger = Ledger(tmp_path)
        ledger.process(process.pid)
        sweep(tmp_path)
        assert running(process.pid)
        assert ledger.path.exists()
        ledger.close()
        assert gone(process.pid)
        assert not ledger.path.exists()

    def test_closing_one_ledger_takes_nothing_of_another_of_the_same_runner(self, tmp_path, started):
        process, kept = started(SLEEPS), tmp_path / "kept"
        said(process)
        kept.mkdir()
        stack, world = Ledger(tmp_path), Ledger(tmp_path)
        stack.process(process.pid)
        stack.folder(kept)
        world.close()
        assert running(process.pid) and kept.exists() and stack.path.exists()
        stack.close()
        assert gone(process.pid) and not kept.exists()

    def test_the_second_ledger_of_a_runner_that_is_gone_is_swept_too(self, tmp_path):
        left = tmp_path / "left"
        left.mkdir()
        first = dead_runner(tmp_path)
        second = first.with_name(f"{first.stem}+1.jsonl")
        note(second, folder=str(left))
        assert sweep(tmp_path).folders == 1
        assert not left.exists() and not second.exists()

    def test_a_pid_that_is_somebody_elses_by_now_is_spared(self, tmp_path, started):
        process = started(SLEEPS)
        said(process)
        note(dead_runner(tmp_path), pid=process.pid, started=began(process.pid) - 1000)
        assert sweep(tmp_path).processes == 0
        assert running(process.pid)

    def test_a_folder_of_a_runner_that_is_gone_is_removed(self, tmp_path):
        left = tmp_path / "left"
        (left / "deep").mkdir(parents=True)
        ledger = dead_runner(tmp_path)
        note(ledger, folder=str(left))
        note(ledger, folder=str(tmp_path / "removed already"))
        assert sweep(tmp_path).folders == 1
        assert not left.exists()

    def test_a_torn_line_does_not_keep_the_rest_from_being_swept(self, tmp_path):
        left = tmp_path / "left"
        left.mkdir()
        ledger = dead_runner(tmp_path)
        ledger.write_text('{"pid": 12\n[]\n{"other": 1}\n')
        note(ledger, folder=str(left))
        assert sweep(tmp_path).folders == 1
        assert not ledger.exists()

    def test_a_marked_process_is_swept_though_it_is_in_no_ledger(self, tmp_path, started):
        process = started(SLEEPS, **{MARK: f"{os.getpid()}-12345.00 {tmp_path / 'runs'}"})
        said(process)
        sweep(tmp_path)
        assert gone(process.pid)

    def test_a_process_marked_by_a_living_runner_is_spared(self, tmp_path, started):
        process = started(SLEEPS, **{MARK: Ledger(tmp_path).mark})
        said(process)
        sweep(tmp_path)
        assert running(process.pid)

    @pytest.mark.parametrize("mark", ["", "nonsense", "12", "12-", "-1-x"])
    def test_a_mark_that_is_none_of_ours_is_let_be(self, tmp_path, started, mark):
        process = started(SLEEPS, **{MARK: mark})
        said(process)
        sweep(tmp_path)
        assert running(process.pid)

    def test_a_file_in_the_ledgers_folder_that_is_no_ledger_is_let_be(self, tmp_path):
        dead_runner(tmp_path).rename(tmp_path / "runs" / "notes.jsonl")
        assert not sweep(tmp_path)

    def test_sweeping_where_nothing_ever_ran_finds_nothing(self, tmp_path):
        swept = sweep(tmp_path / "never")
        assert (swept.folders, list(tmp_path.iterdir())) == (0, [])

    def test_a_killed_runner_leaves_nothing_after_the_next_sweep(self, tmp_path):
        scratch = tmp_path / "scratch"
        runner = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(tmp_path), str(scratch), SERVER, PARENT],
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            start_new_session=True,
        )
        with runner:
            pids = [int(pid) for pid in said(runner).split()]
            children = [child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)]
            assert len(pids) == 2
            assert children
            assert all(running(pid) for pid in (*pids, *children))
            runner.kill()
            runner.wait(10)
        sweep(tmp_path)
        assert gone(*pids, *children)
        assert not scratch.exists()
        assert list((tmp_path / "runs").iterdir()) == []

    @pytest.mark.parametrize("killed", [False, True])
    def test_a_temporary_folder_goes_with_its_block_or_its_runner(self, tmp_path, killed):
        keeps = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
        runner = subprocess.Popen(
            [sys.executable, "-c", KEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT, env=keeps
        )
        with runner:
            folder = Path(said(runner).rstrip())
            assert folder.parent == tmp_path and folder.name.startswith("harness-kept-") and (folder / "a").exists()
            if killed:
                runner.kill()
        assert folder.exists() == killed
        sweep(tmp_path / "monitoring-stack-harness")
        assert not folder.exists()
        assert list((tmp_path / "monitoring-stack-harness" / "runs").iterdir()) == []


KEEPER = """
import sys
from harness.launchers.ledger import temporary_folder
with temporary_folder("harness-kept-") as folder:
    (folder / "a").write_text("a")
    print(folder, flush=True)
    sys.stdin.read()
"""
RUNNER = """
import signal, sys
from pathlib import Path
from harness.contracts import Http, LogLine, Plan
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Level
state, scratch = Path(sys.argv[1]), Path(sys.argv[2])
scratch.mkdir()
ledger = Ledger(state)
ledger.folder(scratch)
launcher = ProcessLauncher(scratch / "logs", ledger)
port = PortLeases(state / "ports").lease()
web = (sys.executable, "-c", sys.argv[3], str(port))
one = launcher.launch(Plan("one", "one", web, Http("/ready"), Level.NATIVE, port=port, folder=scratch))
parent = (sys.executable, "-c", sys.argv[4])
two = launcher.launch(Plan("two", "two", parent, LogLine("child"), Level.NATIVE, folder=scratch))
print(one.pid, two.pid, flush=True)
signal.pause()
"""


class TestProcess:
    @pytest.fixture
    def ledger(self, tmp_path) -> Iterator[Ledger]:
        ledger = Ledger(tmp_path / "state")
        yield ledger
        ledger.close()

    @pytest.fixture
    def launcher(self, tmp_path, ledger) -> ProcessLauncher:
        return ProcessLauncher(tmp_path / "logs", ledger)

    @pytest.fixture
    def port(self, tmp_path) -> Iterator[int]:
        leases = PortLeases(tmp_path / "ports")
        yield leases.lease()
        leases.release()

    @pytest.fixture
    def plan(self, tmp_path, port) -> Callable[..., Plan]:
        def make(code: str = SERVER, ready: Readiness | None = None, deadline: float = 20.0, **more: object) -> Plan:
            fields: dict[str, object] = {
                "argv": (sys.executable, "-c", code, str(port)),
                "environment": {},
                "folder": tmp_path,
                **more,
            }
            readiness = Http("/ready") if ready is None else ready
            return Plan(
                "web-1", "web", ready=readiness, level=Level.NATIVE, port=port, deadline_seconds=deadline, **fields
            )  # type: ignore[arg-type]

        return make

    @pytest.mark.parametrize("ready", [Http("/ready"), Http("/else", (503,)), Listening(), LogLine("opening")])
    def test_is_ready_when_its_readiness_says_so(self, launcher, plan, port, ready):
        instance = launcher.launch(plan(ready=ready))
        assert instance.alive()
        assert (instance.name, instance.service, instance.level) == ("web-1", "web", Level.NATIVE)
        assert instance.url == f"http://127.0.0.1:{port}"
        assert instance.boot_seconds > 0
        instance.stop()

    def test_one_that_exits_at_once_fails_with_status_and_the_end_of_its_log(self, launcher, plan):
        with pytest.raises(StackError) as error:
            launcher.launch(plan("import sys; print('no such flag: --x'); sys.exit(7)"))
        assert error.value.message == "web-1 exited with status 7 before it was ready"
        assert "| no such flag: --x" in error.value.hint
        assert "web-1.log" in error.value.hint

    def test_one_that_is_killed_while_it_boots_says_by_what(self, launcher, plan):
        with pytest.raises(StackError, match="web-1 killed by SIGABRT before it was ready"):
            launcher.launch(plan("import os; os.abort()"))

    def test_one_that_never_becomes_ready_fails_at_its_deadline_and_is_stopped(self, launcher, plan, port, ledger):
        with pytest.raises(StackError) as error:
            launcher.launch(plan(ready=Http("/never"), deadline=1.0))
        says = f"waited 1 s for web-1 to be ready (http://127.0.0.1:{port}/never); last seen: "
        assert error.value.message in (f"{says}HTTP 503", f"{says}ConnectionError")
        assert "opening the port" in error.value.hint
        (entry,) = [json.loads(line) for line in ledger.path.read_text().splitlines()]
        assert gone(entry["pid"])

    def test_one_that_cannot_be_started_says_so(self, launcher, plan):
        with pytest.raises(StackError, match="web-1: cannot start /no/such/binary: No such file or directory"):
            launcher.launch(plan(argv=("/no/such/binary",)))

    def test_a_working_folder_that_is_not_there_says_so(self, launcher, plan, tmp_path):
        with pytest.raises(StackError, match="web-1: cannot start"):
            launcher.launch(plan(folder=tmp_path / "absent"))

    def test_the_log_of_an_earlier_start_does_not_make_a_later_one_ready(self, launcher, plan):
        launcher.launch(plan(ready=LogLine("opening"))).stop()
        with pytest.raises(StackError, match="exited with status 3 before it was ready"):
            launcher.launch(plan("import sys; sys.stdin.read(); sys.exit(3)", ready=LogLine("opening")))

    def test_both_its_streams_are_in_its_log(self, launcher, plan, tmp_path):
        code = "import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True)\n" + SERVER
        instance = launcher.launch(plan(code))
        assert set((tmp_path / "logs" / "web-1.log").read_text().split("\n")) >= {"out", "err"}
        assert instance.log_tail(1) == "opening the port"
        instance.stop()

    def test_stopping_ends_the_whole_group_and_may_be_repeated(self, launcher, plan):
        instance = launcher.launch(plan(PARENT, ready=LogLine("child")))
        child = int(instance.log_tail(2).split()[1])
        assert running(child)
        instance.stop()
        instance.stop()
        assert gone(instance.pid, child)
        assert instance.exit_status() == "killed by SIGTERM"

    def test_the_whole_group_is_asked_to_stop_before_any_of_it_is_killed(self, launcher, plan):
        tidy = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('tidied up', flush=True)))"
        child = f"{tidy}; print('ready', flush=True); signal.pause()"
        leader = (
            "import signal, subprocess, sys; signal.signal(signal.SIGTERM, lambda *_: None)\n"
            f"subprocess.Popen([sys.executable, '-c', {child!r}]).wait()"
        )
        instance = launcher.launch(plan(leader, ready=LogLine("ready")))
        instance.stop()
        assert instance.log_tail(1) == "tidied up"
        assert instance.exit_status() == "exited with status 0"

    def test_stopping_kills_what_its_leader_left_behind(self, launcher, plan):
        instance = launcher.launch(plan(f"{ORPHANING}time.sleep(0.5)", ready=LogLine("child")))
        child = int(instance.log_tail(2).split()[1])
        wait.until(lambda: not instance.alive(), deadline=10, saying="the leader to end")
        assert running(child)
        instance.stop()
        assert gone(child)

    def test_one_that_does_not_want_to_stop_is_killed(self, launcher, plan, monkeypatch):
        monkeypatch.setattr("harness.launchers.process.STOP_SECONDS", 0.2)
        instance = launcher.launch(plan(STUBBORN, ready=LogLine("asleep")))
        instance.stop()
        assert not instance.alive()
        assert instance.exit_status() == "killed by SIGKILL"

    def test_a_fault_on_purpose_kills_at_once(self, launcher, plan):
        instance = launcher.launch(plan(PARENT, ready=LogLine("child")))
        child = int(instance.log_tail(2).split()[1])
        instance.kill()
        assert not instance.alive()
        assert gone(child)
        assert instance.exit_status() == "killed by SIGKILL"

    def test_cancelling_ends_a_boot_at_once_and_its_process_with_it(self, launcher, plan, ledger):
        failed: list[BaseException] = []

        def launch() -> None:
            try:
                launcher.launch(plan(SLEEPS, ready=Http("/never"), deadline=60))
            except StackError as error:
                failed.append(error)

        thread = threading.Thread(target=launch)
        thread.start()
        wait.until(lambda: ledger.path.exists(), deadline=10, saying="it to be started")
        launcher.cancel()
        thread.join(15)
        assert "web-1 was stopped while it booted" in str(failed[0])
        assert gone(json.loads(ledger.path.read_text().splitlines()[0])["pid"])

    def test_gets_its_settings_from_its_plan_not_from_the_runner(self, launcher, plan, ledger, monkeypatch):
        monkeypatch.setenv("SECRET_OF_THE_RUNNER", "x")
        instance = launcher.launch(plan(environment={"GIVEN": "yes"}))
        environment = psutil.Process(instance.pid).environ()
        assert environment["GIVEN"] == "yes"
        assert environment[MARK] == ledger.mark
        assert "SECRET_OF_THE_RUNNER" not in environment
        instance.stop()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up being root")
    def test_runs_unprivileged_when_asked_to_and_owns_its_folder(self, launcher, plan, tmp_path):
        for folder in (tmp_path, *tmp_path.parents[:-2]):
            folder.chmod(folder.stat().st_mode | 0o055)
        owned = tmp_path / "owned"
        (owned / "data").mkdir(parents=True)
        instance = launcher.launch(
            plan(
                SLEEPS,
                ready=LogLine("asleep"),
                unprivileged=True,
                owned=(owned,),
                argv=("/bin/sh", "-c", "id -u; touch data/made && echo asleep; exec sleep 60"),
                folder=owned,
            )
        )
        assert psutil.Process(instance.pid).uids().effective != 0
        assert (owned / "data" / "made").stat().st_uid == psutil.Process(instance.pid).uids().effective
        instance.stop()

    def test_is_in_the_ledger_before_anything_waits_for_it(self, launcher, plan, ledger):
        with pytest.raises(StackError):
            launcher.launch(plan(ready=Http("/never"), deadline=0.3))
        assert len(ledger.path.read_text().splitlines()) == 1

    def test_an_instance_says_that_it_still_runs(self, launcher, plan):
        instance: ProcessInstance = launcher.launch(plan())
        assert instance.exit_status() == "still running"
        instance.stop()
