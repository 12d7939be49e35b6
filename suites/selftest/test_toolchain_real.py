"""The real components: each is set up if it must be, started, and asked for its version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.toolchain import Toolchain, prepare
from harness.toolchain.components import COMPONENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

VERSIONS = {recipe.name: recipe.version for recipe in COMPONENTS}


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return prepare()


def answer(*argv: str | Path, **settings: str) -> str:
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=60, check=False, cwd="/", env={**os.environ, **settings}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["prometheus", "promtool", "alertmanager", "amtool", "node_exporter"])
def test_a_server_reports_its_products_version(toolchain, name):
    assert answer(toolchain.binary(name), "--version").startswith(f"{name}, version {VERSIONS[name]} ")


def test_filebeat_reports_its_version_and_checks_a_configuration(toolchain, tmp_path):
    assert f"filebeat version {VERSIONS['filebeat']} " in answer(toolchain.binary("filebeat"), "version")
    config = tmp_path / "filebeat.yml"
    config.write_text("filebeat.inputs:\n- {type: filestream, id: x, paths: [/x/*.log]}\noutput.console: {}\n")
    config.chmod(0o600)
    paths = ("--path.data", tmp_path, "--path.logs", tmp_path)
    assert "Config OK" in answer(toolchain.binary("filebeat"), "test", "config", "-c", config, *paths)


def test_java_is_one_that_elasticsearch_takes(toolchain):
    major = re.search(r'version "(\d+)', answer(toolchain.java_home / "bin" / "java", "-version"))
    assert major
    assert 21 <= int(major[1]) <= 25


def test_elasticsearch_reports_its_version_and_its_tools_work(toolchain, tmp_path):
    home = toolchain.elasticsearch_home
    config = shutil.copytree(home / "config", tmp_path / "config")
    options = (config / "jvm.options").read_text()
    (config / "jvm.options").write_text(options.replace("20-:--add-modules=jdk.incubator.vector", ""))
    settings = {"ES_PATH_CONF": str(config), "ES_JAVA_HOME": str(toolchain.java_home)}
    assert f"Version: {VERSIONS['elasticsearch']}," in answer(home / "bin" / "elasticsearch", "--version", **settings)
    keystore = home / "bin" / "elasticsearch-keystore"
    answer(keystore, "create", **settings)
    assert "keystore.seed" in answer(keystore, "list", **settings)
    answer(home / "bin" / "elasticsearch-users", "useradd", "reader", "-p", "secret-1", "-r", "viewer", **settings)
    assert (config / "users").read_text().startswith("reader:$2a$")


def test_any_user_can_reach_the_server_and_its_java(toolchain):
    for path in (toolchain.elasticsearch_home / "bin" / "elasticsearch", toolchain.java_home / "bin" / "java"):
        assert path.stat().st_mode & 0o005 == 0o005
        assert all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
