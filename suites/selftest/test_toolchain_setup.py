"""Set-up: what is missing is made once, a person hears of it, and whatever goes wrong says what to do next."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from harness import wait
from harness.errors import SetUpError
from harness.toolchain import setup
from harness.toolchain.cache import Cache, Staging
from harness.toolchain.components import ALL
from harness.toolchain.setup import locate, missing, prepare
from harness.toolchain.work import Progress, Work


@dataclass(frozen=True)
class Script:
    """A recipe that runs a few lines of Python as its build command; `{target}` in them is the program to make."""

    name: str
    code: str = "import pathlib; pathlib.Path('{target}').write_text('program')"
    lane: str = "one"
    version: str = "1.0"
    builds: list[str] = field(default_factory=list, compare=False)

    def fingerprint(self) -> str:
        return "ab" * 32

    def elsewhere(self) -> Path | None:
        return None

    def build(self, staging: Staging, work: Work) -> None:
        self.builds.append(self.name)
        (staging.tree / "bin").mkdir()
        code = self.code.replace("{target}", str(staging.tree / "bin" / self.name))
        work.say("compiling")
        work.run(
            (sys.executable, "-c", code), staging, cwd=staging.scratch, environment=os.environ,
            on_line=lambda line: work.say("compiling", line),
            failure=f"cannot compile {self.name}", hint="Install the compiler.",
        )  # fmt: skip


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]


class TestPrepare:
    def test_what_is_missing_is_made_and_found(self, cache):
        recipes = (Script("a"), Script("b", lane="two"))
        assert missing(("a", "b"), cache=cache, recipes=recipes) == ("a", "b")
        toolchain = prepare(("a", "b"), cache=cache, recipes=recipes)
        assert toolchain.binary("a").read_text() == "program"
        assert missing(("a", "b"), cache=cache, recipes=recipes) == ()

    def test_only_what_was_asked_for_is_made(self, cache):
        recipes = (Script("a"), Script("b"))
        prepare(("b",), cache=cache, recipes=recipes)
        assert missing(("a", "b"), cache=cache, recipes=recipes) == ("a",)

    def test_a_second_run_makes_nothing_and_is_quick(self, cache):
        recipe = Script("a")
        prepare(("a",), cache=cache, recipes=(recipe,))
        began = time.monotonic()
        prepare(("a",), cache=cache, recipes=(recipe,))
        assert time.monotonic() - began < 0.2
        assert recipe.builds == ["a"]

    def test_a_truncated_program_is_made_again(self, cache):
        recipe = Script("a")
        prepare(("a",), cache=cache, recipes=(recipe,)).binary("a").write_text("prog")
        assert prepare(("a",), cache=cache, recipes=(recipe,)).binary("a").read_text() == "program"
        assert recipe.builds == ["a", "a"]

    def test_two_runs_at_once_make_it_once(self, cache):
        recipe = Script("a", "import pathlib, time; time.sleep(0.5); pathlib.Path('{target}').write_text('program')")
        runs = [threading.Thread(target=prepare, args=(("a",),), kwargs={"cache": cache, "recipes": (recipe,)})]
        runs.append(threading.Thread(target=prepare, args=(("a",),), kwargs={"cache": cache, "recipes": (recipe,)}))
        for run in runs:
            run.start()
        for run in runs:
            run.join(timeout=20)
        assert recipe.builds == ["a"]
        assert missing(("a",), cache=cache, recipes=(recipe,)) == ()

    def test_lanes_run_side_by_side(self, cache):
        meet = "import pathlib, time\nme, other = pathlib.Path('{me}'), pathlib.Path('{other}')\nme.touch()\n" \
            "end = time.time() + 10\nwhile not other.exists() and time.time() < end: time.sleep(0.02)\n" \
            "assert other.exists()\npathlib.Path('{target}').touch()"  # fmt: skip
        first, second = str(cache.root.parent / "first"), str(cache.root.parent / "second")
        recipes = (
            Script("a", meet.replace("{me}", first).replace("{other}", second), "one"),
            Script("b", meet.replace("{me}", second).replace("{other}", first), "two"),
        )
        prepare(("a", "b"), cache=cache, recipes=recipes)

    def test_an_unknown_name_is_told_apart(self, cache):
        with pytest.raises(SetUpError, match="no such component: promethus") as caught:
            prepare(("promethus",), cache=cache)
        assert "prometheus" in caught.value.hint


class TestProgress:
    def test_each_component_is_followed_from_start_to_ready(self, cache):
        told: list[Progress] = []
        prepare(("a",), cache=cache, recipes=(Script("a"),), on_progress=told.append)
        assert [progress.step for progress in told] == ["starting", "compiling", "ready"]

    def test_it_is_told_in_the_callers_thread(self, cache):
        threads = set()
        prepare(
            ("a",),
            cache=cache,
            recipes=(Script("a"),),
            on_progress=lambda _: threads.add(threading.current_thread()),
        )
        assert threads == {threading.current_thread()}

    def test_a_silent_build_is_still_heard_of(self, cache, monkeypatch):
        monkeypatch.setattr(setup, "_SILENCE_SECONDS", 0.2)
        told: list[Progress] = []
        slow = Script("a", "import pathlib, time; time.sleep(1.5); pathlib.Path('{target}').touch()")
        prepare(("a",), cache=cache, recipes=(slow,), on_progress=told.append)
        heard = [progress.seconds for progress in told if progress.step == "compiling"]
        assert len(heard) >= 3
        assert heard == sorted(heard)
        assert heard[-1] > 0.5

    def test_no_gap_is_longer_than_five_seconds(self):
        assert setup._SILENCE_SECONDS + 0.5 < 5


class TestFailure:
    def test_a_failed_command_tells_its_last_words_and_the_way_out(self, cache):
        broken = Script("a", "import sys; print('unpacking'); sys.exit('package x: not found')")
        with pytest.raises(SetUpError) as caught:
            prepare(("a",), cache=cache, recipes=(broken,))
        text = str(caught.value)
        assert "cannot compile a" in text
        assert "ended with exit code 1" in text
        assert "| package x: not found" in text
        assert text.endswith("Install the compiler.")

    def test_nothing_is_installed_by_a_failed_command(self, cache):
        broken = Script("a", "import pathlib, sys; pathlib.Path('{target}').touch(); sys.exit(1)")
        with pytest.raises(SetUpError):
            prepare(("a",), cache=cache, recipes=(broken,))
        assert locate(cache=cache, recipes=(broken,)).folders == {}

    def test_a_full_disk_is_called_so(self, cache):
        full = Script("a", "import sys; sys.exit('write /x/y.a: no space left on device')")
        with pytest.raises(SetUpError, match="HARNESS_CACHE") as caught:
            prepare(("a",), cache=cache, recipes=(full,))
        assert "The disk is full" in caught.value.hint

    def test_the_first_failure_ends_the_rest(self, cache):
        recipes = (Script("a", "raise SystemExit(3)", "one"), Script("b", "import time; time.sleep(60)", "two"))
        began = time.monotonic()
        with pytest.raises(SetUpError, match="cannot compile a"):
            prepare(("a", "b"), cache=cache, recipes=recipes)
        assert time.monotonic() - began < 10
        assert children() == []

    def test_what_was_finished_before_the_failure_stays(self, cache):
        recipes = (Script("a"), Script("b", "raise SystemExit(3)"))
        with pytest.raises(SetUpError):
            prepare(("a", "b"), cache=cache, recipes=recipes)
        assert missing(("a", "b"), cache=cache, recipes=recipes) == ("b",)

    def test_an_interrupt_ends_the_build_and_all_it_started(self, cache, tmp_path):
        noted = tmp_path / "grandchild"
        spawn = (
            "import subprocess, pathlib; child = subprocess.Popen(['sleep', '60']);"
            f"pathlib.Path('{noted}').write_text(str(child.pid)); child.wait()"
        )

        def interrupt(_: Progress) -> None:
            if noted.exists() and noted.read_text():
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
            patch.setattr(setup, "_SILENCE_SECONDS", 0.2)
            prepare(("a",), cache=cache, recipes=(Script("a", spawn),), on_progress=interrupt)
        assert children() == []
        wait.until(lambda: not running(int(noted.read_text())), deadline=5, saying="the build's own child to end")
        assert list((cache.root / "building").iterdir()) == []

    def test_a_deadline_ends_a_build_that_hangs(self, cache):
        hangs = Script("a", "import time; print('still alive', flush=True); time.sleep(60)")
        with pytest.raises(SetUpError, match="for a to be built") as caught:
            prepare(("a",), cache=cache, recipes=(hangs,), deadline_seconds=1)
        assert "| still alive" in caught.value.hint
        assert children() == []

    def test_a_command_that_ignores_the_request_is_made_to_end(self, cache):
        deaf = Script("a", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)")
        with pytest.raises(SetUpError, match="to be built"):
            prepare(("a",), cache=cache, recipes=(deaf,), deadline_seconds=1)
        assert children() == []

    def test_asking_for_what_is_not_set_up_says_how_to_set_it_up(self, cache):
        toolchain = locate(cache=cache)
        for ask in (lambda: toolchain.binary("prometheus"), lambda: toolchain.elasticsearch_home):
            with pytest.raises(SetUpError, match="is not set up") as caught:
                ask()
            assert caught.value.hint == "Set it up: harness setup"


def test_looking_at_an_empty_cache_leaves_no_trace(cache):
    assert set(missing(cache=cache)) >= set(ALL) - {"java"}
    assert not cache.root.exists()
