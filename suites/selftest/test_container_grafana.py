"""What Grafana is started with: the compose entry as it is, and other addresses only for what runs as a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from harness.boot import Boot
from harness.contracts import ContainerPlan, Http
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.errors import StackError
from harness.events import HistoryFile
from harness.launchers.forward import Forward
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Level, itself
from harness.placing import levels
from harness.services import contained_grafana
from harness.services.container_room import ContainerRoom
from harness.services.room import Deployment
from harness.stack import Stack, Workspace
from harness.up import _tell
from suites.selftest.panel_world import fixtures, shipped
from suites.selftest.running import PROJECT

PROVISIONING = "/etc/grafana/provisioning"
GATEWAY = "127.0.0.2"
"""Stands in for the bridge's address: another address of this machine."""


def room(folder: Path, configuration: Configuration | None = None) -> ContainerRoom:
    under_test = configuration or shipped()
    (compose,) = under_test.of(Compose)
    variables = {"GRAFANA_ADMIN_PASSWORD": "of-the-run", "GRAFANA_READER_PASSWORD": "reads"}
    deployment = Deployment(under_test.folder, compose, variables)
    return ContainerRoom(deployment, "grafana", "grafana", folder / "room", folder / "volumes")


def plan_of(made: ContainerRoom, known: Mapping[str, str]) -> ContainerPlan:
    return contained_grafana.plan(made, Level.CONTAINER, "3000/tcp", 21000, known)


def datasources(plan: ContainerPlan) -> str:
    (mount,) = [one for one in plan.mounts if one.target == PROVISIONING]
    return "".join(path.read_text(encoding="utf-8") for path in Path(mount.source, "datasources").iterdir())


def test_the_compose_entry_is_what_is_started(tmp_path: Path) -> None:
    plan = plan_of(room(tmp_path), {"prometheus:9090": "prometheus:9090"})
    assert plan.image == "grafana/grafana:12.3.2" and plan.ready == Http("/api/health")
    assert plan.published == {"3000/tcp": 21000} and plan.networks == ("caredroid",) and plan.aliases == ("grafana",)
    assert plan.health and plan.health.test[-1].endswith("/api/health") and plan.options["cap_drop"] == ["ALL"]
    assert set(plan.needs) == {"prometheus", "elasticsearch"}
    assert plan.environment["GF_SECURITY_COOKIE_SECURE"] == "true"
    assert contained_grafana.credentials(plan.environment) == ("admin", "of-the-run")
    assert plan.environment["GRAFANA_ELASTICSEARCH_PASSWORD"] == "reads"
    mounted = {(one.kind, one.target, one.mode) for one in plan.mounts}
    assert mounted == {("bind", PROVISIONING, "ro"), ("volume", "/var/lib/grafana", "")}


def test_where_the_names_hold_nothing_of_the_datasources_is_changed(tmp_path: Path) -> None:
    plan = plan_of(room(tmp_path), {"prometheus:9090": "prometheus:9090", "elasticsearch:9200": "elasticsearch:9200"})
    assert "url: http://prometheus:9090" in datasources(plan) and "url: http://elasticsearch:9200" in datasources(plan)
    assert not [change for change in plan.overlay if "datasources" in change.file]


def test_only_the_address_of_a_process_is_laid_over(tmp_path: Path) -> None:
    plan = plan_of(room(tmp_path), {"prometheus:9090": "172.18.0.1:21007"})
    assert "url: http://172.18.0.1:21007" in datasources(plan) and "url: http://elasticsearch:9200" in datasources(plan)
    (change,) = [change for change in plan.overlay if "datasources" in change.file]
    assert change.file.startswith("config/grafana/provisioning/datasources/prometheus.yml")
    changed = [line for line in change.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.split()[-1] for line in changed] == ["http://prometheus:9090", "http://172.18.0.1:21007"]


def with_files(folder: Path, files: Mapping[str, str], environment: str = "") -> Configuration:
    source = folder / "config"
    for name, text in files.items():
        path = source / "provisioning" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (source / "provisioning").mkdir(parents=True, exist_ok=True)
    (source / "docker-compose.yml").write_text(
        f"services: {{grafana: {{image: grafana/grafana:12, environment: {{{environment}}}, "
        f"volumes: ['./provisioning:{PROVISIONING}:ro']}}}}\n",
        encoding="utf-8",
    )
    return Configuration.load(source)


@pytest.mark.parametrize(
    ("files", "environment", "says"),
    [
        ({"alerting/points.yml": "apiVersion: 1\ncontactPoints: [{name: x}]\n"}, "", "contact points would notify"),
        ({}, 'GF_SMTP_ENABLED: "true", GF_SMTP_HOST: "mail.example:25"', "would send mail through mail.example"),
    ],
)
def test_what_would_reach_a_person_is_refused(
    tmp_path: Path, files: dict[str, str], environment: str, says: str
) -> None:
    with pytest.raises(StackError, match=says) as refused:
        plan_of(room(tmp_path, with_files(tmp_path, files, environment)), {})
    assert refused.value.at is not None


def test_a_mail_server_of_the_run_and_rules_without_contact_points_are_let_be(tmp_path: Path) -> None:
    environment = 'GF_SMTP_ENABLED: "true", GF_SMTP_HOST: "127.0.0.1:25"'
    given = with_files(tmp_path, {"alerting/rules.yml": "apiVersion: 1\ngroups: []\n"}, environment)
    assert plan_of(room(tmp_path, given), {}).image == "grafana/grafana:12"


class Says(BaseHTTPRequestHandler):
    """Answers everything with one word."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[PortLeases]:
    made = PortLeases(tmp_path / "ports")
    yield made
    made.release()


def serving(port: int) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), Says)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def refused(port: int) -> bool:
    try:
        requests.get(f"http://{GATEWAY}:{port}/", timeout=3)
    except requests.ConnectionError:
        return True
    return False


def test_what_listens_on_loopback_is_passed_on_until_it_is_stopped(leases: PortLeases) -> None:
    port = leases.lease()
    server, forward = serving(port), Forward(GATEWAY, port)
    try:
        assert requests.get(f"http://{GATEWAY}:{port}/", timeout=3).text == "here"
        with pytest.raises(StackError, match=f"{GATEWAY}:{port} cannot be opened"):
            Forward(GATEWAY, port)
    finally:
        forward.stop()
        forward.stop()
        server.shutdown()
        server.server_close()
    assert refused(port)


def test_a_server_that_is_down_closes_the_connection(leases: PortLeases) -> None:
    forward = Forward(GATEWAY, port := leases.lease())
    try:
        assert refused(port)
    finally:
        forward.stop()


class Containers:
    """Takes plans for containers and starts none."""

    def __init__(self) -> None:
        self.plans: list[ContainerPlan] = []

    def gateway(self) -> str:
        return GATEWAY

    def launch(self, plan: ContainerPlan) -> Any:
        self.plans.append(plan)
        return SimpleNamespace(name=plan.name, service=plan.service, url=f"http://127.0.0.1:{plan.port}")


class Lane:
    """Remembers which of its targets show real servers."""

    def __init__(self) -> None:
        self.real: dict[str, str] = {}

    def shows_itself(self, job: str, upstream: str) -> None:
        self.real[job] = upstream


def booted(tmp_path: Path, leases: PortLeases, *contained: str) -> tuple[Boot, Stack, Containers, Lane]:
    workspace = Workspace(tmp_path / "run", tmp_path / "scratch")
    workspace.run.mkdir()
    launcher = ProcessLauncher(tmp_path / "logs", Ledger(tmp_path / "ledger"))
    history = HistoryFile(tmp_path / "history.ndjson")
    stack = Stack(shipped(), fixtures(), cast(Any, None), workspace, launcher, leases, history)
    stack.containers = cast(Any, containers := Containers())
    stack.contained = dict.fromkeys(contained, Level.CONTAINER)
    lane = Lane()
    stack.lanes["wave-1"] = lane
    for name in ("prometheus", "elasticsearch"):
        stack.instances[name] = cast(Any, SimpleNamespace(name=name, service=name))
    return Boot(stack, PROJECT / "fixtures"), stack, containers, lane


def test_beside_processes_grafana_is_given_their_addresses_and_a_way_there(tmp_path: Path, leases: PortLeases) -> None:
    boot, stack, containers, lane = booted(tmp_path, leases, "grafana")
    boot._grafana()
    (plan,) = containers.plans
    ports = {name: boot._port(name) for name in ("prometheus", "elasticsearch")}
    for port in ports.values():
        assert f"url: http://{GATEWAY}:{port}" in datasources(plan)
    server = serving(ports["prometheus"])
    try:
        assert requests.get(f"http://{GATEWAY}:{ports['prometheus']}/", timeout=3).text == "here"
    finally:
        server.shutdown()
        server.server_close()
    assert stack.recall("grafana")[0] == "admin" and len(stack.recall("grafana")[1]) == 32
    assert lane.real == {"grafana": f"http://127.0.0.1:{plan.port}/metrics"}, "Prometheus scrapes Grafana itself"
    for stop in stack._stops:
        stop()


def test_among_containers_it_is_given_nothing(tmp_path: Path, leases: PortLeases) -> None:
    boot, stack, containers, _ = booted(tmp_path, leases, "grafana", "prometheus", "elasticsearch")
    boot._grafana()
    assert "url: http://prometheus:9090" in datasources(containers.plans[0]) and not stack._stops
    assert levels(stack, ()) == {"grafana": Level.CONTAINER, itself("grafana"): Level.CONTAINER}
    beside = levels(stack, {"grafana"})
    assert beside == {"grafana": Level.STAND_IN, itself("grafana"): Level.CONTAINER}, "who plays it is not it"


def test_whoever_looks_at_the_stack_is_told_who_may_log_in(tmp_path: Path, leases: PortLeases) -> None:
    boot, stack, containers, _ = booted(tmp_path, leases, "grafana", "prometheus", "elasticsearch")
    boot._grafana()
    for name in ("alertmanager", "prometheus", "elasticsearch"):
        stack.instances[name] = cast(Any, SimpleNamespace(name=name, url=f"http://{name}"))
    said: list[str] = []
    _tell(stack, stack.fixtures, said.append)
    (line,) = [one for one in said if one.startswith("grafana")]
    assert stack.url("grafana") in line and "user admin" in line
    assert containers.plans[0].environment["GF_SECURITY_ADMIN_PASSWORD"] in line


def test_grafana_among_containers_needs_no_way_to_elasticsearch_of_its_own(tmp_path: Path, leases: PortLeases) -> None:
    boot, stack, _, _ = booted(tmp_path, leases, "grafana", "prometheus")
    boot._grafana()
    assert not stack._stops, "an Elasticsearch that runs as a process listens on the bridge itself"


def test_without_its_image_nothing_is_booted(tmp_path: Path, leases: PortLeases) -> None:
    boot, stack, containers, _ = booted(tmp_path, leases)
    boot.run(("grafana",))
    assert not containers.plans and "grafana" not in stack.booting
