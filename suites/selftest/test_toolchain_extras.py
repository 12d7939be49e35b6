"""Extras are made beside a run: whoever needs one waits for it, hears why it is not to be had, and nothing outlives."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from harness import wait
from harness.errors import DeadlineError, SetUpError
from harness.toolchain.cache import Cache, Staging
from harness.toolchain.extras import Extras
from harness.toolchain.setup import prepare
from harness.toolchain.work import Work

SLEEPS = "import time; time.sleep(60)"
MAKES = "import pathlib, time; time.sleep(0.3); pathlib.Path('{target}').write_text('program')"


@dataclass(frozen=True)
class Script:
    """A recipe whose build command is a line of Python."""

    name: str
    code: str
    lane: str = "one"
    version: str = "1.0"

    def fingerprint(self) -> str:
        return "cd" * 32

    def elsewhere(self) -> Path | None:
        return None

    def build(self, staging: Staging, work: Work) -> None:
        (staging.tree / "bin").mkdir()
        code = self.code.replace("{target}", str(staging.tree / "bin" / self.name))
        work.say("compiling", self.name)
        work.run(
            (sys.executable, "-c", code), staging, cwd=staging.scratch, environment=os.environ,
            failure=f"cannot compile {self.name}", hint="Install the compiler.",
        )  # fmt: skip


@pytest.fixture
def begin(tmp_path):
    """Begin to make some scripts in a cache of their own; whatever goes on is stopped when the test is over."""
    made: list[Extras] = []

    def begin(*recipes: Script, **given) -> Extras:
        preparing = partial(prepare, cache=Cache(tmp_path / "cache"), recipes=recipes)
        extras = Extras([recipe.name for recipe in recipes], preparing=preparing, **given)
        made.append(extras)
        extras.begin()
        return extras

    yield begin
    for extras in made:
        extras.stop()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]


def test_beginning_keeps_nobody_waiting_and_needing_does(begin):
    began = time.monotonic()
    extras = begin(Script("a", MAKES), Script("b", MAKES))
    assert time.monotonic() - began < 0.25
    assert extras.binary("b").read_text() == "program"
    assert extras.binary("a").read_text() == "program"


def test_one_that_fails_says_why_and_leaves_the_others(begin):
    heard = []
    extras = begin(
        Script("a", "raise SystemExit('no compiler')"), Script("b", MAKES), on_prepared=lambda *a: heard.append(a)
    )
    assert extras.binary("b").is_file()
    with pytest.raises(SetUpError, match="cannot compile a") as caught:
        extras.binary("a")
    assert "no compiler" in str(caught.value)
    assert [(name, bool(failed)) for name, _, failed in heard] == [("a", True), ("b", False)]


def test_one_that_takes_too_long_ends_the_wait_with_what_it_was_at(begin):
    extras = begin(Script("a", SLEEPS))
    with pytest.raises(DeadlineError, match=r"waited 0\.5 s for a to be set up; last seen: a: compiling"):
        extras.binary("a", deadline_seconds=0.5)


def test_stopping_ends_the_compiler_at_once_and_those_who_wait(begin):
    before = {child.pid for child in children()}
    extras = begin(Script("a", SLEEPS), Script("b", MAKES))
    wait.until(lambda: {c.pid for c in children()} - before, deadline=5, saying="the build command")
    began = time.monotonic()
    extras.stop()
    assert time.monotonic() - began < 5
    assert not {child.pid for child in children()} - before
    with pytest.raises(SetUpError, match="stopped"):
        extras.binary("b")


def test_progress_is_told(begin):
    heard = []
    begin(Script("a", MAKES), on_progress=heard.append).binary("a")
    assert {(p.component, p.step) for p in heard} >= {("a", "compiling"), ("a", "ready")}


def test_what_no_suite_named_is_not_made():
    with pytest.raises(SetUpError, match="nothing-such is not set up"):
        Extras().binary("nothing-such")


def test_an_unknown_name_is_a_failure_not_a_silence(begin):
    extras = Extras(["no-such-extra"])
    extras.begin()
    with pytest.raises(SetUpError, match="no such component: no-such-extra"):
        extras.binary("no-such-extra", deadline_seconds=5)
