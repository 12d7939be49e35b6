"""The doctor: what a machine can run and at which level, without ever failing for what is missing."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from harness import wait
from harness.model import Level
from harness.toolchain import diagnosis as diagnosis_module
from harness.toolchain import golang, java, machine
from harness.toolchain.cache import Cache
from harness.toolchain.components import COMPONENTS
from harness.toolchain.diagnosis import ENGINES, SERVICES, doctor, render
from harness.toolchain.machine import Docker
from harness.toolchain.setup import Toolchain

NO_DOCKER = Docker(silence="nothing answers at /var/run/docker.sock")


@pytest.fixture
def empty(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def complete(monkeypatch, tmp_path):
    """A machine on which everything is set up."""
    folders = {recipe.name: tmp_path for recipe in COMPONENTS}
    monkeypatch.setattr(diagnosis_module, "locate", lambda cache: Toolchain(folders, cache.root))


class TestLevels:
    def test_an_empty_machine_cannot_run_the_servers_yet_and_says_how(self, empty):
        diagnosis = doctor(cache=empty, daemon=NO_DOCKER)
        for service in ("prometheus", "alertmanager", "elasticsearch", "filebeat", "node-exporter"):
            assert diagnosis.level_of(service) is None
        report = next(report for report in diagnosis.services if report.service == "prometheus")
        assert report.missing == ("prometheus", "promtool")
        assert report.higher == "native: harness setup"

    @pytest.mark.usefixtures("complete")
    def test_without_docker_servers_are_native_and_the_rest_stood_in_for(self, empty):
        levels = {report.service: report.level for report in doctor(cache=empty, daemon=NO_DOCKER).services}
        native = {"prometheus", "alertmanager", "elasticsearch", "filebeat", "node-exporter"}
        assert {service for service, level in levels.items() if level is Level.NATIVE} == native
        stood_in = {"grafana", "logstash", "kibana", "backend"}
        assert {service for service, level in levels.items() if level is Level.STAND_IN} - set(ENGINES) == stood_in
        assert set(levels) - set(ENGINES) == native | stood_in == set(SERVICES)

    def test_a_products_own_code_is_engine_where_it_is_compiled_and_stood_in_for_where_not(self, empty, monkeypatch):
        monkeypatch.setattr(diagnosis_module, "locate", lambda **_: Toolchain({}, Path("/")))
        without = doctor(cache=empty, daemon=NO_DOCKER)
        assert without.level_of("grafana-prometheus") is Level.STAND_IN
        report = next(r for r in without.services if r.service == "grafana-prometheus")
        assert (report.missing, report.higher) == (("panelplayer",), "engine: harness setup")
        made = Toolchain({"panelplayer": Path("/somewhere")}, Path("/"))
        monkeypatch.setattr(diagnosis_module, "locate", lambda **_: made)
        assert doctor(cache=empty, daemon=NO_DOCKER).level_of("grafana-prometheus") is Level.ENGINE

    @pytest.mark.usefixtures("complete")
    def test_an_image_that_is_here_makes_it_a_container(self, empty):
        daemon = Docker("28.1", frozenset({"grafana/grafana:12.2.0"}))
        images = {"grafana": "grafana/grafana:12.2.0", "kibana": "kibana:9.2.0"}
        diagnosis = doctor(images=images, cache=empty, daemon=daemon)
        assert diagnosis.level_of("grafana") is Level.CONTAINER
        assert next(r for r in diagnosis.services if r.service == "grafana").version == "12.2.0"
        assert diagnosis.level_of("kibana") is Level.STAND_IN
        kibana = next(r for r in diagnosis.services if r.service == "kibana")
        assert kibana.higher == "container: docker pull kibana:9.2.0"

    def test_every_part_of_a_service_is_a_component(self):
        parts = {part for parts in SERVICES.values() for part in parts}
        assert parts == {recipe.name for recipe in COMPONENTS}


class TestMachine:
    def test_no_docker_is_told_within_three_seconds(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
        began = time.monotonic()
        answer = machine.docker()
        assert time.monotonic() - began < 3
        assert not answer.answers
        assert answer.silence == f"nothing answers at unix://{tmp_path}/docker.sock"

    def test_a_daemon_that_hangs_is_told_within_five_seconds(self, monkeypatch):
        with Daemon.serving(lambda: wait.pause(6)) as port:
            monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
            began = time.monotonic()
            answer = machine.docker()
            assert time.monotonic() - began < 5
        assert answer.silence == f"no answer within 2 s at tcp://127.0.0.1:{port}"

    def test_a_daemon_that_answers_tells_its_version_and_images(self, monkeypatch):
        with Daemon.serving(lambda: None) as port:
            monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
            assert machine.docker() == Docker("28.1.0", frozenset({"prom/prometheus:v3.11.0"}))

    def test_a_machine_with_nothing_is_described_all_the_same(self, monkeypatch, empty):
        monkeypatch.setattr(golang, "system_go", lambda: None)
        monkeypatch.setattr(java, "homes", lambda: iter(()))
        monkeypatch.setattr(machine.shutil, "which", lambda _: None)
        facts = {fact.name: fact for fact in machine.facts(empty, NO_DOCKER)}
        for name in ("Go", "Java", "Docker", "Chromium"):
            assert not facts[name].enough, name
            assert facts[name].note, name
        assert facts["Go"].value == facts["Java"].value == "none"

    def test_too_little_memory_and_disk_are_told(self, monkeypatch, empty):
        memory = psutil.virtual_memory()._replace(total=2e9, available=1e9)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
        usage = machine.shutil.disk_usage("/")._replace(free=int(2e9))
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
        facts = {fact.name: fact for fact in machine.facts(empty, NO_DOCKER)}
        assert not facts["memory"].enough
        assert "HARNESS_CACHE" in facts["cache"].note


class TestTable:
    @pytest.mark.usefixtures("complete")
    def test_it_names_every_service_with_its_level(self, empty):
        text = render(doctor(cache=empty, daemon=NO_DOCKER))
        rows = {line.split()[0]: line.split()[1:3] for line in text.splitlines() if line and line[0].islower()}
        assert rows["prometheus"] == ["native", "3.11.0"]
        assert rows["logstash"] == ["stand-in", "-"]
        assert set(rows) - {"service"} == {*SERVICES, *ENGINES}
        assert "? Docker    no daemon answers  (nothing answers at /var/run/docker.sock)" in text

    def test_no_line_ends_in_blanks(self, empty):
        text = render(doctor(cache=empty, daemon=NO_DOCKER))
        assert all(line == line.rstrip() for line in text.splitlines())


class Daemon(BaseHTTPRequestHandler):
    """As much of the Docker Engine API as the doctor asks for."""

    def do_GET(self) -> None:
        self.server.before()  # type: ignore[attr-defined]
        images = [{"RepoTags": ["prom/prometheus:v3.11.0"]}, {"RepoTags": None}]
        answer = {"Version": "28.1.0", "ApiVersion": "1.49", "MinAPIVersion": "1.24"}
        body = json.dumps(images if self.path.endswith("/images/json") or "/images/json?" in self.path else answer)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""

    @classmethod
    def serving(cls, before):
        return _Serving(cls, before)


class _Serving:
    """A daemon for the length of a `with`; yields its port."""

    def __init__(self, handler, before) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.before = before  # type: ignore[attr-defined]
        self.server.daemon_threads = True
        self.server.block_on_close = False

    def __enter__(self) -> int:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self.server.server_port

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
