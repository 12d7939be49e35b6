"""The component cache: keyed by the recipe, installed all at once, swept of the dead, shared by several runs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness import wait
from harness.errors import SetUpError
from harness.toolchain import cache as cache_module
from harness.toolchain import components, golang
from harness.toolchain.cache import Cache, Staging, default_root, open_to_all, sweep


def install(cache: Cache, name: str = "tool", content: str = "program") -> Path:
    with cache.staging(name) as staging:
        program = staging.tree / "bin" / name
        program.parent.mkdir()
        program.write_text(content)
        program.chmod(0o700)
        return cache.install(staging, cache.folder(name, "1.0", "f" * 64), {"component": name})


def module(folder: Path, requirement: str = "example v1.0.0") -> Path:
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(f"module m\nrequire {requirement}\n")
    (folder / "go.sum").write_text("")
    return folder


class TestKeys:
    program = golang.GoProgram("tool", "1.0", "m", "./cmd/tool", components.GO)

    @pytest.fixture
    def fingerprint(self, tmp_path, monkeypatch):
        """The fingerprint of a program in a module tree of its own, so that nothing is remembered between calls."""
        trees = iter(range(100))

        def of(program: golang.GoProgram, requirement: str = "example v1.0.0") -> str:
            tree = tmp_path / str(next(trees))
            module(tree / program.module, requirement)
            monkeypatch.setattr(golang, "MODULES", tree)
            return program.fingerprint()

        return of

    def test_the_same_recipe_has_the_same_key_wherever_the_checkout_is(self, fingerprint):
        assert fingerprint(self.program) == fingerprint(self.program)

    def test_another_pin_in_go_mod_is_another_key(self, fingerprint):
        assert fingerprint(self.program) != fingerprint(self.program, "example v1.0.1")

    @pytest.mark.parametrize("change", [{"package": "./cmd/other"}, {"tags": "netgo"}, {"version_variable": "main.v"}])
    def test_another_flag_or_package_is_another_key(self, fingerprint, change):
        assert fingerprint(self.program) != fingerprint(replace(self.program, **change))

    def test_every_component_has_its_own_folder(self):
        folders = [Cache(Path("/c")).folder(r.name, r.version, r.fingerprint()) for r in components.COMPONENTS]
        assert len(set(folders)) == len(components.COMPONENTS)


class TestPins:
    """The version a component claims is the one its go.mod pins."""

    @pytest.mark.parametrize(
        ("component", "line"),
        [
            ("prometheus", "github.com/prometheus/prometheus v0.311.0 // indirect"),
            ("promtool", "github.com/prometheus/prometheus v0.311.0 // indirect"),
            ("alertmanager", "github.com/prometheus/alertmanager v0.31.1 // indirect"),
            ("amtool", "github.com/prometheus/alertmanager v0.31.1 // indirect"),
            ("node_exporter", "github.com/prometheus/node_exporter v1.12.1 // indirect"),
            ("filebeat", "github.com/elastic/beats/v7 v7.17.29"),
        ],
    )
    def test_go_mod_pins_what_the_component_says(self, component, line):
        recipe = next(r for r in components.COMPONENTS if r.name == component)
        assert isinstance(recipe, golang.GoProgram)
        lines = (golang.MODULES / recipe.module / "go.mod").read_text().splitlines()
        pinned = [text.strip().removeprefix("require ") for text in lines]
        assert line in pinned
        # Prometheus's module is numbered 0.311.0 for the release 3.11.0.
        assert line.split()[1].removeprefix("v") in (recipe.version, f"0.{recipe.version.replace('.', '', 1)}")


class TestInstall:
    def test_an_installed_component_is_found(self, tmp_path):
        cache = Cache(tmp_path / "cache")
        folder = install(cache)
        assert cache.installed(folder) == folder
        assert (folder / "bin" / "tool").read_text() == "program"

    def test_the_manifest_records_size_and_hash(self, tmp_path):
        folder = install(Cache(tmp_path / "cache"), content="abc")
        (file,) = json.loads((folder / "manifest.json").read_text())["files"]
        assert file["path"] == "bin/tool"
        assert file["size"] == 3
        assert file["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    def test_nothing_of_the_building_folder_stays(self, tmp_path):
        cache = Cache(tmp_path / "cache")
        install(cache)
        assert list((cache.root / "building").iterdir()) == []

    def test_a_build_that_fails_installs_nothing(self, tmp_path):
        cache = Cache(tmp_path / "cache")
        with pytest.raises(RuntimeError), cache.staging("tool") as staging:
            (staging.tree / "half").write_text("half a program")
            raise RuntimeError("died")
        assert not (cache.root / "components").exists()
        assert list((cache.root / "building").iterdir()) == []

    def test_a_build_that_makes_nothing_is_an_error(self, tmp_path):
        cache = Cache(tmp_path / "cache")
        with cache.staging("tool") as staging, pytest.raises(SetUpError, match="left no file"):
            cache.install(staging, cache.folder("tool", "1", "f" * 64), {"component": "tool"})

    def test_a_broken_component_is_replaced(self, tmp_path):
        cache = Cache(tmp_path / "cache")
        folder = install(cache, content="old")
        assert install(cache, content="newer") == folder
        assert (folder / "bin" / "tool").read_text() == "newer"

    def test_every_user_may_read_it_whatever_the_umask(self, tmp_path):
        previous = os.umask(0o077)
        try:
            folder = install(Cache(tmp_path / "cache"))
        finally:
            os.umask(previous)
        assert stat.S_IMODE((folder / "bin").stat().st_mode) == 0o755
        assert stat.S_IMODE((folder / "bin" / "tool").stat().st_mode) == 0o755
        assert stat.S_IMODE((folder / "manifest.json").stat().st_mode) == 0o644

    @pytest.mark.parametrize("damage", ["truncated", "gone", "manifest cut", "manifest empty", "manifest gone"])
    def test_a_damaged_component_counts_as_missing(self, tmp_path, damage):
        cache = Cache(tmp_path / "cache")
        folder = install(cache)
        program, manifest = folder / "bin" / "tool", folder / "manifest.json"
        {
            "truncated": lambda: program.write_text("prog"),
            "gone": program.unlink,
            "manifest cut": lambda: manifest.write_text(manifest.read_text()[:-20]),
            "manifest empty": lambda: manifest.write_text("{}"),
            "manifest gone": manifest.unlink,
        }[damage]()
        assert cache.installed(folder) is None

    def test_a_cache_that_cannot_be_written_says_how_to_move_it(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(SetUpError, match="HARNESS_CACHE"), Cache(tmp_path / "file" / "cache").staging("tool"):
            pass


class TestLock:
    def hold(self, cache: Cache, name: str, seconds: float, said: list[str]):
        return cache.lock(name, deadline_seconds=seconds, waiting=said.append, stopped=lambda: False)

    def test_a_second_builder_waits_until_the_first_is_done(self, tmp_path):
        cache, said, entered = Cache(tmp_path), [], threading.Event()

        def second() -> None:
            with self.hold(cache, "tool", 10, said):
                entered.set()

        with self.hold(cache, "tool", 1, []):
            thread = threading.Thread(target=second)
            thread.start()
            wait.until(lambda: said, deadline=5, saying="the second builder to notice the first")
            assert not entered.is_set()
        thread.join(timeout=5)
        assert entered.is_set()
        assert said == [f"process {os.getpid()} is at it"]

    def test_waiting_too_long_names_the_holder_and_the_component(self, tmp_path):
        cache = Cache(tmp_path)
        with (
            self.hold(cache, "tool", 1, []),
            pytest.raises(SetUpError, match=rf"waited 0.3 s for process {os.getpid()} to finish tool"),
            self.hold(cache, "tool", 0.3, []),
        ):
            pass

    def test_other_components_are_not_held_up(self, tmp_path):
        cache, said = Cache(tmp_path), []
        with self.hold(cache, "tool", 1, said), self.hold(cache, "other", 0.1, said):
            assert said == []

    def test_the_lock_of_a_killed_builder_is_free(self, tmp_path):
        cache = Cache(tmp_path)
        (tmp_path / "locks").mkdir()
        (tmp_path / "locks" / "tool").write_text("process 999999")
        with self.hold(cache, "tool", 0.1, []):
            assert (tmp_path / "locks" / "tool").read_text() == f"process {os.getpid()}"


class TestSweep:
    @pytest.fixture
    def orphan(self):
        process = subprocess.Popen(["sleep", "60"], start_new_session=True)
        yield process
        process.kill()
        process.wait()

    def test_what_a_dead_builder_left_is_ended_and_removed(self, tmp_path, orphan):
        cache = Cache(tmp_path)
        leftover = Staging(tmp_path / "building" / "tool")
        leftover.scratch.mkdir(parents=True)
        (leftover.scratch / "half.o").write_text("x")
        leftover.remember_child(orphan.pid)
        with cache.staging("tool") as staging:
            assert list(staging.scratch.iterdir()) == []
            assert orphan.wait(timeout=5) < 0

    def test_a_stranger_with_the_same_process_id_is_left_alone(self, tmp_path, orphan):
        leftover = Staging(tmp_path / "building" / "tool")
        leftover.folder.mkdir(parents=True)
        created = psutil.Process(orphan.pid).create_time() - 1000
        (leftover.folder / "child.json").write_text(json.dumps({"pid": orphan.pid, "created": created}))
        sweep(leftover)
        assert orphan.poll() is None
        assert not leftover.folder.exists()


class TestPlace:
    def test_the_environment_chooses(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
        assert default_root() == tmp_path

    def test_a_persons_cache_is_below_their_home(self, monkeypatch, tmp_path):
        monkeypatch.delenv("HARNESS_CACHE", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(cache_module.os, "geteuid", lambda: 1000)
        assert default_root() == tmp_path / ".cache" / "monitoring-stack-harness"

    def test_roots_closed_home_is_no_place_for_what_others_must_read(self, monkeypatch, tmp_path):
        monkeypatch.delenv("HARNESS_CACHE", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(cache_module.os, "geteuid", lambda: 0)
        tmp_path.chmod(0o700)
        assert not open_to_all(tmp_path)
        assert default_root() == Path("/var/cache/monitoring-stack-harness")
