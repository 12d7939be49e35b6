"""Which services run in containers: by image, by launcher, by what Docker says; and at which level each counts."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.launchers import daemon
from harness.launchers.choice import choose
from harness.launchers.daemon import Daemon
from harness.model import Level

IMAGES = {"web": "web:1", "store": "store:2", "page": "page:3"}
BOOTABLE = {"web", "store"}


def nowhere(tag: str) -> str:
    return "it cannot be pulled: no such host"


def having(**levels: Level) -> Daemon:
    return Daemon("unix:///x", "20.10", {IMAGES[name]: level for name, level in levels.items()})


def test_a_process_is_asked_for_and_docker_is_not_asked():
    def never() -> Daemon:
        raise AssertionError

    assert not choose("process", IMAGES, BOOTABLE, never)


def test_without_docker_everything_is_a_process_and_the_reason_is_kept():
    choice = choose("auto", IMAGES, BOOTABLE, lambda: Daemon(silence="no Docker daemon"), nowhere)
    assert not choice and choice.name == "process" and choice.told() == "process"
    assert choice.reasons["web"] == "no Docker daemon"


def test_auto_takes_what_is_there_each_at_the_level_of_its_image():
    choice = choose("auto", IMAGES, BOOTABLE, lambda: having(web=Level.CONTAINER, store=Level.NATIVE), nowhere)
    assert choice.contained == {"web": Level.CONTAINER, "store": Level.NATIVE}
    assert choice.told() == "containers: web; containers of development images: store; the rest processes"
    assert choice.name == "auto"


def test_auto_pulls_what_can_be_pulled_and_says_why_not():
    asked = []

    def get(tag: str) -> str:
        asked.append(tag)
        return "" if tag == "web:1" else nowhere(tag)

    choice = choose("auto", IMAGES, BOOTABLE, lambda: having(), get)
    assert choice.contained == {"web": Level.CONTAINER}
    assert "store:2: it cannot be pulled" in choice.reasons["store"]
    assert sorted(asked) == ["store:2", "web:1"], "an image that cannot be started anyway is not pulled"


def test_an_image_that_cannot_be_started_in_a_container_is_a_process():
    assert "page" not in choose("auto", IMAGES, BOOTABLE, lambda: having(page=Level.CONTAINER), nowhere).contained


def test_container_wants_all_and_names_what_is_missing():
    with pytest.raises(UsageError) as refused:
        choose("container", IMAGES, {*IMAGES}, lambda: having(web=Level.CONTAINER), nowhere)
    assert "store:2: it cannot be pulled" in refused.value.message and "page:3" in refused.value.message
    assert "web" not in refused.value.message
    assert "docker compose pull" in refused.value.hint


def test_container_with_all_of_them():
    there = having(web=Level.CONTAINER, store=Level.CONTAINER, page=Level.NATIVE)
    assert set(choose("container", IMAGES, {*IMAGES}, lambda: there, nowhere).contained) == set(IMAGES)


def test_container_without_docker_says_why():
    with pytest.raises(UsageError, match="containers cannot be started: no Docker daemon"):
        choose("container", IMAGES, BOOTABLE, lambda: Daemon(silence="no Docker daemon"), nowhere)


class TestAsking:
    def test_no_socket(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        assert daemon.ask().silence == f"no Docker daemon: {tmp_path}/none.sock does not exist"

    def test_a_socket_that_nobody_answers(self, monkeypatch, tmp_path):
        path = Path(tmp_path, "s")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        assert f"no Docker daemon answers at {path}" in daemon.ask().silence

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
    def test_a_socket_without_permission(self, monkeypatch):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{folder}/s")
            Path(folder).chmod(0o755)
            Path(folder, "s").chmod(0o600)
            monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/s")
            os.seteuid(65534)
            try:
                silence = daemon.ask().silence
            finally:
                os.seteuid(0)
        assert silence == f"no permission to use Docker at {folder}/s; is this user in the group docker?"

    def test_a_daemon_elsewhere_sees_other_files(self, monkeypatch):
        monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
        assert "not of this machine" in daemon.ask().silence

    def test_images_are_not_looked_for_when_told_so(self, monkeypatch):
        monkeypatch.setenv(daemon.PULL, "never")
        assert daemon.pull("web:1") == "it is not looked for (HARNESS_PULL=never)"
