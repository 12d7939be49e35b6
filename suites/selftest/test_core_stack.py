"""Suites put in order, steps run beside each other, and a stack that stops whatever happens."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from harness import wait
from harness.contracts import Http, Plan
from harness.documents.configuration import Configuration
from harness.errors import GaveUpError, StackError, UsageError
from harness.events import HistoryFile
from harness.model import Level, OverlayChange
from harness.stack import Stack, Watch, Workspace, in_parallel
from harness.suites import Suite, choose, find

SECONDS = 10


def suite(name: str, requires: str = "", after: str = "", background: bool = False) -> Suite:
    return Suite(name, (), tuple(requires.split()), tuple(after.split()), background, (), (), _nothing)


def _nothing(stack: Any, recorder: Any) -> None:
    """An exercise that does nothing."""


def on_demand(name: str, after: str = "") -> Suite:
    return Suite(name, (), (), tuple(after.split()), False, (), (), _nothing, on_demand=True)


def known(*suites: Suite) -> dict[str, Suite]:
    return {one.name: one for one in suites}


def names(*arguments: Any) -> list[str]:
    return [one.name for one in choose(*arguments)]


class TestChoose:
    FOUND = known(
        suite("alerting", background=True),
        suite("logs"),
        suite("retention", after="logs searches"),
        suite("searches", "logs"),
    )

    def test_all_when_none_is_named(self):
        assert names(self.FOUND, ()) == ["alerting", "logs", "searches", "retention"]

    def test_what_is_required_comes_along_and_first(self):
        assert names(self.FOUND, ["searches"]) == ["logs", "searches"]

    def test_what_is_only_to_be_before_does_not_come_along(self):
        assert names(self.FOUND, ["retention"]) == ["retention"]

    def test_an_order_is_kept_whatever_the_order_of_the_names(self):
        assert names(self.FOUND, ["retention", "searches"]) == ["logs", "searches", "retention"]

    def test_one_that_came_along_is_ordered_too(self):
        found = known(suite("retention", after="logs"), suite("searches", "logs"), suite("logs"))
        assert names(found, ["retention", "searches"]) == ["logs", "retention", "searches"]

    def test_one_on_demand_runs_when_it_is_named(self):
        found = {**self.FOUND, **known(on_demand("resilience", after="logs"))}
        assert "resilience" not in names(found, ())
        assert names(found, ["resilience", "logs"]) == ["logs", "resilience"]

    def test_and_when_everything_is_demanded(self):
        found = {**self.FOUND, **known(on_demand("resilience", after="logs"))}
        everything = [one.name for one in choose(found, (), everything=True)]
        assert everything == ["alerting", "logs", "searches", "retention", "resilience"]

    def test_a_name_twice_is_one_suite(self):
        assert names(self.FOUND, ["logs", "logs"]) == ["logs"]

    def test_those_in_the_background_begin_first(self):
        assert names(self.FOUND, ["logs", "alerting"]) == ["alerting", "logs"]

    def test_an_unknown_name_is_a_usage_error_that_lists_the_known(self):
        with pytest.raises(UsageError) as error:
            choose(self.FOUND, ["logs", "serches"])
        assert error.value.message == "no suite 'serches'"
        assert error.value.hint == "There are: lint, alerting, logs, retention, searches."

    def test_a_required_suite_that_is_not_there_is_one_too(self):
        with pytest.raises(UsageError, match="no suite 'gone'"):
            choose(known(suite("a", "gone")), ["a"])

    def test_suites_that_wait_for_each_other_are_an_error(self):
        with pytest.raises(UsageError, match="a → b → a"):
            choose(known(suite("a", "b"), suite("b", after="a")), ())


class TestFind:
    def test_a_suite_is_a_folder_with_an_exercise(self, tmp_path):
        (tmp_path / "one").mkdir()
        (tmp_path / "none").mkdir()
        (tmp_path / "one" / "exercise.py").write_text(
            "NEEDS = ('prometheus',)\nREQUIRES = ['two']\nBACKGROUND = True\nSTAND_INS = ('kibana',)\n"
            "def exercise(stack, recorder):\n    recorder.append(stack)\n"
        )
        found = find(tmp_path)
        assert list(found) == ["one"]
        one = found["one"]
        assert not one.on_demand
        assert (one.needs, one.requires, one.after, one.background, one.stand_ins) == (
            ("prometheus",),
            ("two",),
            (),
            True,
            ("kibana",),
        )
        seen: list[Any] = []
        one.exercise("the stack", seen)  # type: ignore[arg-type]
        assert seen == ["the stack"]


class TestInParallel:
    def test_a_step_begins_when_those_it_needs_are_done(self):
        order: list[str] = []
        steps = {
            "c": (("a", "b"), lambda: order.append("c")),
            "b": (("a",), lambda: order.append("b")),
            "a": ((), lambda: order.append("a")),
        }
        in_parallel(steps)
        assert order == ["a", "b", "c"]

    def test_steps_that_need_nothing_run_beside_each_other(self):
        met = threading.Barrier(3, timeout=SECONDS)
        in_parallel({name: ((), met.wait) for name in "abc"})  # type: ignore[misc]

    def test_nothing_to_do_is_done(self):
        in_parallel({})

    def test_a_failure_is_raised_once_the_others_have_ended_and_what_needs_it_never_begins(self):
        begun, failing, ended = threading.Event(), threading.Event(), threading.Event()
        ran: list[str] = []

        def fail() -> None:
            assert begun.wait(SECONDS)
            failing.set()
            raise StackError("no memory left")

        def slow() -> None:
            begun.set()
            assert failing.wait(SECONDS)
            ended.set()

        with pytest.raises(StackError, match="no memory left"):
            in_parallel(
                {
                    "a": ((), fail),
                    "b": ((), slow),
                    "c": (("a",), lambda: ran.append("c")),
                    "d": (("b", "c"), lambda: ran.append("d")),
                }
            )
        assert ended.is_set()
        assert ran == []

    def test_the_first_failure_is_the_one_that_is_raised(self):
        begun, first_failed = threading.Event(), threading.Event()

        def cancelled() -> None:
            begun.set()
            first_failed.wait(SECONDS)
            raise StackError("b was stopped while it booted")

        def first() -> None:
            assert begun.wait(SECONDS)
            raise StackError("a exited with status 1")

        with pytest.raises(StackError, match="a exited with status 1"):
            in_parallel({"a": ((), first), "b": ((), cancelled)}, first_failed.set)

    def test_cancel_is_called_when_one_fails_so_that_the_others_give_up(self):
        begun, given_up, seen = threading.Event(), threading.Event(), []

        def fail() -> None:
            assert begun.wait(SECONDS)
            raise ZeroDivisionError

        def waiting() -> None:
            begun.set()
            seen.append(given_up.wait(SECONDS))

        with pytest.raises(ZeroDivisionError):
            in_parallel({"a": ((), fail), "b": ((), waiting)}, given_up.set)
        assert seen == [True]

    def test_cancel_is_not_called_when_all_goes_well(self):
        called: list[int] = []
        in_parallel({"a": ((), lambda: None)}, lambda: called.append(1))
        assert called == []

    def test_a_step_that_needs_what_nothing_makes_is_an_error_not_a_hang(self):
        with pytest.raises(StackError, match="a waits for z, which nothing makes"):
            in_parallel({"a": (("z",), lambda: None)})

    def test_steps_that_wait_for_each_other_are_an_error_not_a_hang(self):
        with pytest.raises(StackError, match="wait for each other"):
            in_parallel({"a": (("b",), lambda: None), "b": (("a",), lambda: None)})


class Launched:
    """An instance of nothing."""

    def __init__(self, plan: Plan, log: Path) -> None:
        self.name, self.service, self.level, self.log = plan.name, plan.service, plan.level, log
        self.url = f"http://{plan.host}:{plan.port}"
        self.living = True
        self.stops = 0
        self.boot_seconds = 1.5

    def alive(self) -> bool:
        return self.living

    def kill(self) -> None:
        self.living = False

    def stop(self) -> None:
        self.stops += 1
        self.living = False

    def exit_status(self) -> str:
        return "killed by SIGKILL"

    def log_tail(self) -> str:
        return "out of memory"


class Launcher:
    """Launches nothing."""

    name = "nothing"
    cancelled = False

    def launch(self, plan: Plan) -> Launched:
        return Launched(plan, Path("logs") / f"{plan.name}.log")

    def cancel(self) -> None:
        self.cancelled = True


def plan(name: str, service: str = "web", level: Level = Level.NATIVE) -> Plan:
    return Plan(name, service, (), Http("/"), level, port=7, overlay=(OverlayChange(name, "-a\n+b", "why"),))


@pytest.fixture
def stack(tmp_path) -> Stack:
    recorder = HistoryFile(tmp_path / "history.ndjson")
    compose = "services:\n  app:\n    image: x:1\n    volumes: ['logs:/var/log/app']\nvolumes: {logs: {}}\n"
    fixtures = {"deployment": {"logs": {"folder": "/var/log/app"}}}
    workspace = Workspace(tmp_path / "run", tmp_path / "scratch")
    configuration = Configuration.of_texts({"docker-compose.yml": compose})
    return Stack(configuration, fixtures, None, workspace, Launcher(), None, recorder)  # type: ignore[arg-type]


class TestStack:
    def test_what_is_launched_is_found_by_name_and_recorded(self, stack):
        stack.launch(plan("web-1"))
        assert stack.url("web-1") == "http://127.0.0.1:7"
        assert [change.file for change in stack.overlay] == ["web-1"]
        boot = stack.recorder.so_far().last("boot", "web-1")
        assert boot is not None and boot.data == {"service": "web", "seconds": 1.5, "level": "native"}

    def test_a_service_is_at_the_level_of_its_weakest_instance(self, stack):
        stack.launch(plan("web-1", level=Level.NATIVE))
        stack.launch(plan("web-2", level=Level.STAND_IN))
        stack.launch(plan("web-3", level=Level.CONTAINER))
        assert stack.levels == {"web": Level.STAND_IN}

    def test_what_was_not_booted_is_an_error_that_says_what_was(self, stack):
        stack.launch(plan("web-1"))
        with pytest.raises(StackError, match=r"db is not part of this run\n  Running: web-1\."):
            stack.url("db")
        with pytest.raises(StackError, match="Elasticsearch is not part of this run"):
            stack.elasticsearch_auth("reader")

    def test_a_death_is_noticed(self, stack):
        stack.launch(plan("web-1"))
        stack.require_alive()
        stack.instances["web-1"].kill()
        assert stack.dead() == ["web-1"]
        with pytest.raises(StackError, match="web-1 died during the run"):
            stack.require_alive()

    def test_the_watch_records_a_death_once_with_what_was_last_said(self, stack):
        stack.launch(plan("web-1"))
        with Watch(stack, interval_seconds=0.01):
            stack.instances["web-1"].kill()
            wait.until(
                lambda: stack.recorder.so_far().last("service-died"), deadline=SECONDS, saying="the watch to see it"
            )
        (died,) = stack.recorder.so_far().of_kind("service-died")
        assert died.subject == "web-1"
        assert died.data == {
            "service": "web",
            "how": "killed by SIGKILL",
            "log": "logs/web-1.log",
            "tail": "out of memory",
        }

    def test_the_watch_sees_a_death_at_the_last_moment(self, stack):
        stack.launch(plan("web-1"))
        with Watch(stack, interval_seconds=60):
            stack.instances["web-1"].kill()
        assert stack.recorder.so_far().last("service-died", "web-1")

    def test_one_that_is_killed_on_purpose_did_not_die_and_is_started_again_as_it_was(self, stack):
        stack.launch(plan("web-1"))
        before = stack.instances["web-1"]
        with Watch(stack, interval_seconds=0.01):
            stack.kill("web-1")
            assert not before.alive()
            stack.require_alive()
            again = stack.start_again("web-1")
        assert stack.instances["web-1"] is again is not before
        assert len(stack.overlay) == 1
        history = stack.recorder.so_far()
        assert history.of_kind("service-died") == ()
        assert [o.kind for o in history if o.subject == "web-1"] == ["boot", "killed", "restarted"]

    def test_one_that_dies_after_it_was_started_again_is_seen(self, stack):
        stack.launch(plan("web-1"))
        stack.kill("web-1")
        stack.start_again("web-1")
        with Watch(stack, interval_seconds=60):
            stack.instances["web-1"].kill()
        assert stack.recorder.so_far().last("service-died", "web-1")
        with pytest.raises(StackError, match="web-1 died"):
            stack.require_alive()

    def test_one_that_does_not_come_up_again_is_one_that_died(self, stack, monkeypatch):
        stack.launch(plan("web-1"))
        stack.kill("web-1")
        assert stack.dead() == []

        def fail(plan: Plan) -> None:
            raise StackError("no memory left")

        monkeypatch.setattr(stack.launcher, "launch", fail)
        with pytest.raises(StackError, match="no memory left"):
            stack.start_again("web-1")
        assert stack.dead() == ["web-1"]

    def test_nothing_is_started_again_in_a_stack_that_stops(self, stack):
        stack.launch(plan("web-1"))
        stack.kill("web-1")
        stack.stop()
        with pytest.raises(StackError, match="being stopped"):
            stack.start_again("web-1")
        assert not stack.instances["web-1"].alive()

    def test_one_that_was_stopped_did_not_die(self, stack):
        stack.launch(plan("web-1"))
        with Watch(stack, interval_seconds=0.01):
            stack.stop()
        assert stack.recorder.so_far().of_kind("service-died") == ()

    def test_stopping_stops_everything_though_some_of_it_fails(self, stack):
        stopped: list[str] = []

        def fail() -> None:
            raise OSError("cannot")

        class Sink:
            name = "slack"

            def start(self) -> None: ...

            def stop(self) -> None:
                stopped.append("sink")

        stack.on_stop(lambda: stopped.append("first"))
        stack.on_stop(fail)
        stack.sinks.append(Sink())
        for name in ("web-1", "web-2"):
            stack.launch(plan(name))
        stack.instances["web-1"].stop = fail
        stack.stop()
        stack.stop()
        assert stopped[:2] == ["first", "sink"]
        assert stack.instances["web-2"].stops == 2

    def test_nothing_is_launched_once_it_is_being_stopped(self, stack):
        stack.stop()
        with pytest.raises(StackError, match="being stopped"):
            stack.launch(plan("late"))

    def test_cancelling_reaches_the_launcher(self, stack):
        stack.cancel()
        assert stack.launcher.cancelled

    def test_what_one_suite_remembers_another_recalls(self, stack):
        assert stack.recall("truth") is None
        stack.remember("truth", {"lines": 3})
        assert stack.recall("truth") == {"lines": 3}

    def test_the_log_folder_is_the_volume_that_the_compose_file_mounts_there(self, stack, tmp_path):
        assert stack.log_folder == tmp_path / "scratch" / "volumes" / "logs" / "logs"
        assert stack.log_folder.is_dir()

    def test_a_compose_file_that_mounts_no_volume_there_is_an_error(self, stack):
        stack.configuration = Configuration.of_texts({"docker-compose.yml": "services:\n  app:\n    image: x:1\n"})
        with pytest.raises(StackError, match="no service mounts a volume at /var/log/app"):
            _ = stack.log_folder

    def test_without_a_compose_file_nothing_says_how_to_run(self, stack):
        stack.configuration = Configuration.of_texts({})
        with pytest.raises(StackError, match="no compose file"):
            _ = stack.compose


def test_what_only_followed_from_an_error_does_not_hide_it():
    failed, given_up = threading.Event(), threading.Event()

    def gives_up() -> None:
        failed.wait(10)
        given_up.set()
        raise GaveUpError("web was stopped while it booted")

    def nested() -> None:
        def fails() -> None:
            failed.set()
            given_up.wait(10)
            raise StackError("store has no room")

        in_parallel({"fails": ((), fails), "slow": ((), lambda: None)})

    with pytest.raises(StackError, match="store has no room"):
        in_parallel({"gives up": ((), gives_up), "nested": ((), nested)})
