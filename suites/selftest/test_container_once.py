"""A program of an image is run to its end, without a network, and nothing of it is left."""

from __future__ import annotations

import pytest

from harness.errors import StackError
from harness.launchers.container_once import run_once
from harness.launchers.ledger import Ledger
from suites.selftest import docker

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def ran(tmp_path):
    """Runs busybox of a development image on a folder; whatever happened, no container may be left."""
    docker.require()
    tag, ledger = docker.images()["filebeat"], Ledger(tmp_path / "state")
    folder = tmp_path / "seen"
    folder.mkdir()
    folder.chmod(0o777)  # the image's user is not the one who runs this

    def run(script: str, seconds: float = 30):
        return run_once(tag, ["/bin/sh", "-c", script], folder, {"WORD": "told"}, ledger.mark, seconds), folder

    yield run
    ledger.close()
    assert docker.left_over(tmp_path / "state" / "runs") == []


def test_it_sees_the_folder_at_its_own_path_and_its_status_and_words_are_told(ran, tmp_path):
    (status, said), folder = ran(f"echo $WORD > {tmp_path}/seen/it; echo out; exit 1")
    assert (status, said.strip()) == (1, "out") and (folder / "it").read_text() == "told\n"


def test_it_reaches_nobody(ran):
    (_, said), _ = ran("cat /proc/net/dev")
    assert "lo:" in said and "eth0" not in said


def test_one_that_does_not_end_is_removed_and_told(ran):
    with pytest.raises(StackError, match="to end"):
        ran("echo here; sleep 60", seconds=2)
