"""Logstash in a container: what it is started with, what is refused, and where Filebeat finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness import placing
from harness.boot import BOOTABLE_IN_CONTAINERS, Boot
from harness.contracts import ContainerPlan, Http, Plan
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.errors import StackError
from harness.events import HistoryFile
from harness.launchers.daemon import Daemon
from harness.launchers.ports import PortLeases
from harness.model import Level
from harness.services import contained_logstash
from harness.services.container_room import ContainerRoom
from harness.services.pipeline_outward import require_pipeline_stays
from harness.services.room import Deployment
from harness.settings import read_fixtures
from harness.stack import Stack, Workspace
from harness.toolchain import Toolchain
from suites.selftest.running import PROJECT

ES = "elasticsearch:9200"
Make = Callable[..., ContainerRoom]
PIPELINE = """
input { beats { port => 5044 } }
output { elasticsearch { hosts => ["${ELASTICSEARCH_URL:http://elasticsearch:9200}"] } }
"""


@pytest.fixture
def make(tmp_path) -> Make:
    """Logstash's container room, from an entry of a compose file beside some files."""

    def room(entry: str, files: dict[str, str]) -> ContainerRoom:
        folder = tmp_path / "config"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        lines = "".join(f"    {line}\n" for line in entry.strip("\n").splitlines())
        text = f"services:\n  logstash:\n    image: logstash:9\n{lines}volumes: {{data: {{}}}}\n"
        (compose,) = Configuration.of_texts({"docker-compose.yml": text}).of(Compose)
        return ContainerRoom(Deployment(folder, compose), "logstash", "logstash", tmp_path / "room", tmp_path / "v")

    return room


def planned(room: ContainerRoom, beats: dict[str, int] | None = None, to: str = "10.0.0.1:9") -> ContainerPlan:
    return contained_logstash.plan(room, Level.CONTAINER, 21000, beats or {}, {ES: to}, {"10.0.0.1", "elasticsearch"})


MOUNT = "volumes: ['./p:/usr/share/logstash/pipeline:ro']"


def test_the_shipped_entry_is_taken_over_and_only_the_endpoint_differs(tmp_path):
    configuration = Configuration.load(PROJECT / "config-under-test")
    (compose,) = configuration.of(Compose)
    given = {"PHI_FINGERPRINT_KEY": "k", "LOGSTASH_WRITER_PASSWORD": "w"}
    room = ContainerRoom(
        Deployment(configuration.folder, compose, given), "logstash", "logstash", tmp_path / "r", tmp_path
    )
    plan = planned(room, {"5044/tcp": 21001})
    assert plan.image == "docker.elastic.co/logstash/logstash:9.2.0" and plan.level is Level.CONTAINER
    assert plan.environment["QUEUE_TYPE"] == "persisted" and plan.environment["PHI_FINGERPRINT_KEY"] == "k"
    assert {mount.target for mount in plan.mounts} == {
        "/usr/share/logstash/pipeline/logstash.conf",
        "/usr/share/logstash/data",
    }
    assert plan.health is not None and plan.health.test[-1].endswith(":9600/_node/stats/pipelines/main")
    assert plan.published == {"9600/tcp": 21000, "5044/tcp": 21001} and plan.port == 21000
    assert plan.ready == Http("/_node/stats/pipelines") and plan.needs == {"elasticsearch": "service_healthy"}
    assert plan.networks == ("caredroid",) and plan.aliases == ("logstash",)
    text = room.path("/usr/share/logstash/pipeline/logstash.conf").read_text(encoding="utf-8")
    original = (PROJECT / "config-under-test/config/logstash.conf").read_text(encoding="utf-8")
    differing = [(a, b) for a, b in zip(original.splitlines(), text.splitlines(), strict=True) if a != b]
    assert len(differing) == 2 and all(ES in a and "10.0.0.1:9" in b for a, b in differing)
    kept = [(change.diff, change.why) for change in plan.overlay]
    assert any(why == "endpoint of Elasticsearch" for _, why in kept)
    assert ("+ ports: [127.0.0.1:21001:5044/tcp]", "Filebeat is a process, and ships to it here") in kept


def test_between_containers_only_the_api_is_published(make):
    assert planned(make(MOUNT, {"p/a.conf": PIPELINE})).published == {"9600/tcp": 21000}


def test_every_mounted_pipeline_is_laid_over(make):
    room = make(MOUNT, {"p/a.conf": PIPELINE, "p/b.conf": PIPELINE, "p/patterns/x": "A B"})
    planned(room)
    for name in ("a.conf", "b.conf"):
        assert "10.0.0.1:9" in room.path(f"/usr/share/logstash/pipeline/{name}").read_text(encoding="utf-8")


def test_an_endpoint_in_the_environment_is_laid_over_too_and_kept(make):
    plan = planned(make(f"environment: {{ELASTICSEARCH_URL: 'http://{ES}'}}\n{MOUNT}", {"p/a.conf": PIPELINE}))
    assert plan.environment == {"ELASTICSEARCH_URL": "http://10.0.0.1:9"}
    assert any("+ ELASTICSEARCH_URL=http://10.0.0.1:9" in change.diff for change in plan.overlay)


def test_a_service_without_a_pipeline_is_an_error(make):
    with pytest.raises(StackError, match="no pipeline is mounted"):
        planned(make("volumes: ['./p:/p']", {"p/a.txt": ""}))


ABROAD = {
    "an output to another machine": 'output { elasticsearch { hosts => "https://es.hospital.example" } }',
    "an output whose address comes from the environment": 'output { elasticsearch { hosts => "${WHERE}" } }',
    "an output that no run has a counterpart for": 'output { email { to => "a@b.example" } }',
    "an output of the second branch": 'output { if [a] { stdout { } } else { http { url => "https://x.example" } } }',
    "an input that would consume production's": 'input { kafka { topics => ["logs"] } }',
    "a filter that asks another machine": 'filter { elasticsearch { hosts => ["es.hospital.example:9200"] } }',
    "a filter that calls a service": 'filter { http { url => "https://x.example/%{id}" } }',
    "a proxy": 'output { elasticsearch { hosts => "127.0.0.1" proxy => "http://proxy.example:3128" } }',
}  # fmt: skip


@pytest.mark.parametrize("text", ABROAD.values(), ids=ABROAD)
def test_a_rehearsal_reaches_nobody(text):
    with pytest.raises(StackError, match="a rehearsal must reach nobody") as refused:
        require_pipeline_stays(text, "p.conf", {"WHERE": "https://es.hospital.example:9200"})
    assert refused.value.at is not None and refused.value.at.line == 1


def test_what_stays_is_let_through():
    text = 'input { beats { host => "0.0.0.0" port => 5044 } } filter { mutate { } } output { file { path => "/x" } '
    require_pipeline_stays(text + 'elasticsearch { hosts => ["http://127.0.0.1:9200"] } }', "p.conf", {})


def test_without_its_ends_only_the_filters_are_looked_at():
    require_pipeline_stays('output { email { to => "a@b.example" } }', "p.conf", {}, ends=False)
    with pytest.raises(StackError, match="filter http"):
        require_pipeline_stays('filter { http { url => "https://x.example" } }', "p.conf", {}, ends=False)


def test_a_pipeline_that_cannot_be_read_is_refused_because_nobody_knows_where_it_sends():
    with pytest.raises(StackError, match="cannot be told"):
        require_pipeline_stays("output { email { ", "p.conf", {})


@pytest.mark.parametrize(
    ("entry", "files"),
    [
        ("environment: {XPACK_MONITORING_ELASTICSEARCH_HOSTS: 'https://m.example'}", {}),
        ("", {"p/logstash.yml": "xpack.management.elasticsearch.hosts: ['https://m.example']\n"}),
        ("", {"p/logstash.yml": "xpack: {monitoring: {elasticsearch: {hosts: 'https://m.example'}}}\n"}),
        ("", {"p/pipelines.yml": "- {pipeline.id: x, config.string: 'output { email { } }'}\n"}),
    ],
)
def test_neither_do_logstashs_own_settings(make, entry, files):
    with pytest.raises(StackError, match="a rehearsal must reach nobody"):
        planned(make(f"{entry}\n{MOUNT}".strip(), {"p/a.conf": PIPELINE, **files}))


@pytest.fixture
def fake_stack(tmp_path) -> Iterator[Stack]:
    """The shipped configuration on a stack that launches nothing."""
    ports = PortLeases(tmp_path / "ports")
    configuration, fixtures = Configuration.load(PROJECT / "config-under-test"), read_fixtures(PROJECT / "fixtures")
    recorder, tools = HistoryFile(tmp_path / "history.ndjson"), Toolchain({"filebeat": tmp_path}, tmp_path)
    workspace = Workspace(tmp_path / "run", tmp_path / "scratch")
    yield Stack(configuration, fixtures, tools, workspace, None, ports, recorder)  # type: ignore[arg-type]
    ports.release()


class _Containers:
    """Answers with the address at which containers reach this machine."""

    def gateway(self, network: str = "default") -> str:
        return "172.18.0.1"


def booted(stack, contained: dict[str, Level]) -> dict[str, Plan | ContainerPlan]:
    """What a boot launches for the pipeline's two middle hops."""
    launched: dict[str, Plan | ContainerPlan] = {}
    stack.contained, stack.containers = contained, _Containers() if contained else None
    stack.launch = lambda plan: launched.setdefault(plan.name, plan)
    boot = Boot(stack, PROJECT / "fixtures")
    boot._logstash()
    boot._filebeat()
    return launched


def where(plan: Plan | ContainerPlan) -> str:
    """Where Filebeat's overlay leads."""
    return "\n".join(change.diff for change in plan.overlay if "endpoint" in change.why)


@pytest.mark.parametrize(
    ("contained", "beats", "leads"),
    [
        ({"logstash", "filebeat", "elasticsearch"}, False, "logstash:5044"),
        ({"logstash", "elasticsearch"}, True, "127.0.0.1:{port}"),
        ({"logstash", "filebeat"}, False, "logstash:5044"),
    ],
)
def test_filebeat_is_led_to_the_container_from_wherever_it_runs(fake_stack, contained, beats, leads):
    found = booted(fake_stack, dict.fromkeys(contained, Level.CONTAINER))
    logstash, filebeat = found["logstash"], found["filebeat"]
    assert isinstance(logstash, ContainerPlan) and logstash.level is Level.CONTAINER
    assert ("5044/tcp" in logstash.published) is beats
    port = logstash.published.get("5044/tcp", 0)
    text = where(filebeat)
    if leads == "logstash:5044":
        assert "5044" not in text, "between containers the name of the deployment holds"
    else:
        assert leads.format(port=port) in text
    stored = "\n".join(change.diff for change in logstash.overlay)
    assert ("172.18.0.1:" in stored) is ("elasticsearch" not in contained), "a process is reached at the bridge"


def test_as_a_process_it_is_the_stand_in_as_before(fake_stack):
    found = booted(fake_stack, {})
    assert isinstance(found["logstash"], Plan) and found["logstash"].level is Level.STAND_IN
    assert any(word.startswith("--trail=") for word in found["logstash"].argv)


@pytest.mark.parametrize(
    ("elasticsearch", "runs"), [(Level.CONTAINER, True), (Level.NATIVE, False), (None, False)], ids=str
)
def test_it_runs_only_with_an_elasticsearch_that_its_output_takes(elasticsearch, runs, monkeypatch):
    configuration = Configuration.load(PROJECT / "config-under-test")
    tags = {service.name: service.image for service in configuration.of(Compose)[0].services}
    images = {tags["logstash"]: Level.CONTAINER} | ({tags["elasticsearch"]: elasticsearch} if elasticsearch else {})
    monkeypatch.setattr(placing.daemon, "ask", lambda: Daemon("unix:///x", "27", images))
    monkeypatch.setenv("HARNESS_PULL", "never")
    choice = placing.choice_for("auto", configuration, read_fixtures(PROJECT / "fixtures"), lambda _: None)
    assert ("logstash" in choice.contained) is runs and "logstash" in BOOTABLE_IN_CONTAINERS
    assert ("refuses an Elasticsearch" in choice.reasons.get("logstash", "")) is not runs
