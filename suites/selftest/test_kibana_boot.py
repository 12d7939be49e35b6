"""When Kibana is booted, and from which plan: the configuration under test, started by the part `kibana`, no daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.boot import Boot
from harness.contracts import ContainerPlan
from harness.documents.configuration import Configuration
from harness.launchers.ports import PortLeases
from harness.model import Level
from harness.services.elasticsearch_access import Access
from harness.settings import read_fixtures
from harness.stack import Stack, Workspace
from suites.selftest.double_kibana import serving
from suites.selftest.running import PROJECT


class Containers:
    """A launcher that keeps the plans; everything it starts is one server that says yes."""

    def __init__(self, url: str) -> None:
        self.plans: list[ContainerPlan] = []
        self.url = url

    def gateway(self) -> str:
        return "127.0.0.1"

    def launch(self, plan: ContainerPlan) -> Any:
        self.plans.append(plan)
        return SimpleNamespace(name=plan.name, service=plan.service, level=plan.level, url=self.url, alive=lambda: True)


class Kept:
    """A recorder."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Mapping[str, Any]]] = []

    def record(self, kind: str, subject: str, data: Mapping[str, Any], at: float | None = None) -> None:
        self.kept.append((kind, data))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Any]:
    configuration = Configuration.load(PROJECT / "config-under-test")
    fixtures = read_fixtures(PROJECT / "fixtures")
    ports, recorder = PortLeases(tmp_path / "ports"), Kept()
    with serving(lambda *_: (200, {})) as url:
        nothing: Any = None
        space = Workspace(tmp_path / "run", tmp_path / "scratch")
        made = Stack(configuration, fixtures, nothing, space, nothing, ports, recorder)
        made.toolchain = SimpleNamespace()  # type: ignore[assignment]
        users = ["elastic", *fixtures["deployment"]["elasticsearch"]["users"]]
        made.access = Access({user: f"password of {user}" for user in users}, tmp_path)
        made.containers = Containers(url)  # type: ignore[assignment]
        yield made
        ports.release()


def boot(stack: Any, **contained: Level) -> list[ContainerPlan]:
    stack.contained = contained
    Boot(stack, PROJECT / "fixtures").run(["kibana"])
    plans: list[ContainerPlan] = stack.containers.plans
    return plans


def test_both_official_images_run_as_deployed_and_know_each_others_password(stack):
    store, kibana = boot(stack, kibana=Level.CONTAINER, elasticsearch=Level.CONTAINER)
    assert (store.service, kibana.service, kibana.level) == ("elasticsearch", "kibana", Level.CONTAINER)
    assert set(kibana.networks) & set(store.networks) and kibana.needs == {"elasticsearch": "service_healthy"}
    password = kibana.environment["KIBANA_SERVER_PASSWORD"]
    assert password and store.environment["KIBANA_SERVER_PASSWORD"] == password
    assert store.environment["ELASTIC_PASSWORD"] == "password of elastic"
    assert len(kibana.environment["KIBANA_ENCRYPTION_KEY"]) >= 32, "Kibana refuses a shorter one"
    targets = {mount.target: mount for mount in kibana.mounts}
    importer = stack.fixtures["deployment"]["kibana"]["importer"][-1]
    folder = next(mount for target, mount in targets.items() if importer.startswith(f"{target}/"))
    assert (Path(folder.source) / Path(importer).name).is_file(), "the importer is where the container has it"
    settings = Path(targets["/usr/share/kibana/config/kibana.yml"].source).read_text(encoding="utf-8")
    assert settings == (PROJECT / "config-under-test/config/kibana.yml").read_text(encoding="utf-8")
    laid_over = [change.diff for change in kibana.overlay if change.diff.startswith("+")]
    assert laid_over == [f"+ ports: [127.0.0.1:{kibana.port}:5601/tcp]"]


@pytest.mark.parametrize("store", [{}, {"elasticsearch": Level.NATIVE}])
def test_no_kibana_beside_an_elasticsearch_it_would_refuse_and_the_reason_is_kept(stack, store, monkeypatch):
    for step in ("_elasticsearch", "_elasticsearch_in_container"):
        monkeypatch.setattr(Boot, step, lambda *_: None)
    assert boot(stack, kibana=Level.CONTAINER, **store) == []
    told = [data["reason"] for kind, data in stack.recorder.kept if kind == "kibana-absent"]
    assert len(told) == 1 and "not the official image" in told[0]


def test_without_its_image_the_part_boots_nothing(stack):
    assert boot(stack, elasticsearch=Level.CONTAINER) == [] and not stack.booting
    assert json.dumps(stack.recorder.kept) == "[]"
