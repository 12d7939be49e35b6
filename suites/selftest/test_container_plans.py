"""What a container is started with: the compose file's entry, and every difference kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contracts import Healthcheck, Http, Mounted
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.errors import StackError
from harness.model import Level
from harness.services import contained, kibana
from harness.services.container_room import ContainerRoom
from harness.services.elasticsearch_access import FILES, Access
from harness.services.room import Deployment

Make = Callable[..., ContainerRoom]
FIRST = """
image: web:${VERSION:-3}
command: [--config=/etc/web/web.yml]
environment: {TOKEN: "${TOKEN}"}
volumes:
  - ./web.yml:/etc/web/web.yml:ro
  - data:/data
  - /var/lib/secret:/secret:ro
  - /:/host:ro
tmpfs: ["/run/x:mode=0700,size=1m"]
ports: ["127.0.0.1:80:8080"]
healthcheck: {test: ["CMD", "true", "$$HOME"], interval: 10s, timeout: 5s, retries: 6, start_period: 1m}
depends_on: {store: {condition: service_healthy}}
read_only: true
cap_drop: [ALL]
user: root
restart: always
dns_search: example
deploy: {resources: {limits: {cpus: "512", memory: 3g}}}
ulimits: {nofile: {soft: 10, hard: 20}}
"""


@pytest.fixture
def make(tmp_path) -> Make:
    """A container's room of the one service of a compose file, beside the given files."""

    def room(entry: str = FIRST, service: str = "web", files: dict[str, str] | None = None) -> ContainerRoom:
        folder = tmp_path / "config"
        for name, text in {"web.yml": "a: 1\n", **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        text = f"services:\n  {service}:\n" + "".join(f"    {line}\n" for line in entry.strip("\n").splitlines())
        text += "volumes: {data: {}}\nnetworks: {inner: {}}\n"
        (compose,) = Configuration.of_texts({"docker-compose.yml": text}).of(Compose)
        deployment = Deployment(folder, compose, {"TOKEN": "t"})
        return ContainerRoom(deployment, service, service, tmp_path / "room", tmp_path / "volumes")

    return room


def test_the_entry_is_taken_over(make, tmp_path):
    plan = contained.plan(make(), Level.CONTAINER, Http("/"), "8080/tcp", 21000)
    assert (plan.image, plan.command, plan.environment) == ("web:3", ("--config=/etc/web/web.yml",), {"TOKEN": "t"})
    assert plan.published == {"8080/tcp": 21000}
    assert plan.health == Healthcheck(("CMD", "true", "$HOME"), 10, 5, 6, 60)
    assert plan.needs == {"store": "service_healthy"} and plan.networks == ("default",) and plan.aliases == ("web",)
    assert plan.options["read_only"] is True and plan.options["cap_drop"] == ["ALL"] and plan.options["user"] == "root"
    assert plan.options["mem_limit"] == "3g"
    assert plan.options["ulimits"] == [{"Name": "nofile", "Soft": 10, "Hard": 20}]


def test_mounts_are_mounts(make, tmp_path):
    mounts = {mount.target: mount for mount in make().mounts()}
    assert mounts["/etc/web/web.yml"] == Mounted("bind", f"{tmp_path}/room/etc/web/web.yml", "/etc/web/web.yml", "ro")
    assert mounts["/data"] == Mounted("volume", "data", "/data")
    assert mounts["/run/x"] == Mounted("tmpfs", "", "/run/x", "mode=0700,size=1m")
    assert mounts["/host"].source == "/", "what machine this is, a container may see"
    assert Path(mounts["/secret"].source) == tmp_path / "room" / "secret" and not any(
        (tmp_path / "room/secret").iterdir()
    )


def test_every_difference_is_kept(make):
    plan = contained.plan(make(), Level.CONTAINER, Http("/"), "8080/tcp", 21000)
    kept = "\n".join(f"{change.diff}  # {change.why}" for change in plan.overlay)
    assert "- restart: always  # a container that ends is to be seen" in kept
    assert "- dns_search: example  # the harness does not know this setting" in kept
    assert "- cpus: 512" in kept and "- /var/lib/secret:/secret" in kept
    assert "127.0.0.1:21000:8080/tcp" in kept


def test_the_port_that_is_published_is_the_one_that_is_asked_also_when_it_is_wrong(make):
    plan = contained.plan(make(FIRST.replace("80:8080", "80:9999")), Level.CONTAINER, Http("/"), "8080/tcp", 21000)
    assert plan.published == {"9999/tcp": 21000}


def test_a_service_that_publishes_none_is_given_one_and_that_is_kept(make):
    plan = contained.plan(make("image: web:3"), Level.NATIVE, Http("/"), "8080/tcp", 21000)
    assert plan.published == {"8080/tcp": 21000} and plan.health is None and plan.level is Level.NATIVE
    assert any("so that the run can ask it" in change.why for change in plan.overlay)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("volumes: [other:/data]", "the volume other, which the file does not declare"),
        ("networks: [outer]", "the network outer, which the file does not declare"),
        ("healthcheck: {test: ['CMD', 'true'], interval: soon}", "'soon' is no duration"),
        ("environment: {TOKEN: '${NOT_SET:?the token}'}", "variable NOT_SET is required: the token"),
        ("volumes: [./missing.yml:/x.yml]", "missing.yml, which does not exist"),
    ],
)
def test_what_compose_would_refuse_is_refused(make, entry, says):
    with pytest.raises(StackError, match=says) as refused:
        contained.plan(make(f"image: web:3\n{entry}"), Level.CONTAINER, Http("/"), "8080/tcp", 21000)
    assert refused.value.at is not None and refused.value.at.file == "docker-compose.yml"


@pytest.mark.parametrize("test", ["NONE", "[NONE]"])
def test_a_health_check_that_is_switched_off(make, test):
    assert make(f"image: web:3\nhealthcheck: {{test: {test if test != 'NONE' else '[NONE]'}}}").health() is None
    assert make("image: web:3\nhealthcheck: {disable: true}").health() is None
    assert make("image: web:3\nhealthcheck: {test: 'a | b'}").health() == Healthcheck(
        ("CMD-SHELL", "a | b"), 30, 30, 3, 0
    )


class TestElasticsearch:
    ENTRY = """
image: es:9
entrypoint: [/bin/sh, /set-up.sh]
environment: {ES_JAVA_OPTS: -Xmx4g}
volumes: ["./es.yml:/usr/share/elasticsearch/config/elasticsearch.yml:ro"]
ports: ["127.0.0.1:9200:9200"]
"""

    def plan(self, make: Make, tmp_path: Path, development: bool):
        folder = tmp_path / "access"
        folder.mkdir()
        for name in FILES:
            (folder / name).write_text(name, encoding="utf-8")
        access = Access({"elastic": "p"}, folder)
        files = {"es.yml": "cluster.name: x\nxpack.ml.enabled: false\nxpack.security.enabled: true\n"}
        room = make(self.ENTRY, "elasticsearch", files)
        return contained.elasticsearch(room, Level.NATIVE, "9200/tcp", 21000, access, development), room

    def test_the_official_image_runs_the_deployment_as_it_is(self, make, tmp_path):
        plan, room = self.plan(make, tmp_path, development=False)
        assert plan.entrypoint == ("/bin/sh", "/set-up.sh") and plan.environment == {"ES_JAVA_OPTS": "-Xmx4g"}
        assert not plan.healthy_later and len(plan.mounts) == 1
        assert "xpack.ml" in room.path("/usr/share/elasticsearch/config/elasticsearch.yml").read_text(encoding="utf-8")

    def test_a_development_image_lacks_modules_and_says_so(self, make, tmp_path):
        plan, room = self.plan(make, tmp_path, development=True)
        settings = room.path("/usr/share/elasticsearch/config/elasticsearch.yml").read_text(encoding="utf-8")
        assert "xpack.ml" not in settings and "xpack.security.enabled: true" in settings
        assert plan.entrypoint == () and plan.healthy_later and "-Xmx1g" in plan.environment["ES_JAVA_OPTS"]
        kept = json.dumps([(change.diff, change.why) for change in plan.overlay])
        assert "- entrypoint: /bin/sh /set-up.sh" in kept and "modules that this build lacks" in kept


class TestKibana:
    ENTRY = """
image: kibana:9
environment: {KIBANA_SERVER_PASSWORD: "${TOKEN}"}
volumes: ["./kibana.yml:/usr/share/kibana/config/kibana.yml:ro", "./objects:/etc/objects:ro"]
ports: ["127.0.0.1:5601:5601"]
depends_on: {elasticsearch: {condition: service_healthy}}
healthcheck: {test: [CMD-SHELL, "curl http://localhost:5601/api/status | grep available"], retries: 30}
"""
    SETTINGS = "server.name: k\nelasticsearch.hosts: ['http://elasticsearch:9200']\n"

    def room(self, make: Make, settings: str = SETTINGS, entry: str = ENTRY) -> ContainerRoom:
        return make(entry, "kibana", {"kibana.yml": settings, "objects/a.json": "[]"})

    def test_it_runs_as_deployed_and_nothing_but_the_port_is_laid_over(self, make):
        room = self.room(make)
        plan = kibana.plan(room, Level.CONTAINER, "5601/tcp", 21000)
        assert (plan.image, plan.published, plan.port) == ("kibana:9", {"5601/tcp": 21000}, 21000)
        assert plan.ready == Http("/api/status") and plan.health is not None and plan.health.retries == 30
        assert plan.needs == {"elasticsearch": "service_healthy"} and plan.aliases == ("kibana",)
        assert plan.environment == {"KIBANA_SERVER_PASSWORD": "t"} and not plan.command and not plan.entrypoint
        assert [mount.target for mount in plan.mounts] == ["/usr/share/kibana/config/kibana.yml", "/etc/objects"]
        assert room.path("/usr/share/kibana/config/kibana.yml").read_text(encoding="utf-8") == self.SETTINGS
        assert [change.why for change in plan.overlay] == ["a port of its own on this machine"]

    @pytest.mark.parametrize(
        ("settings", "line"),
        [
            ("elasticsearch.hosts: ['http://elasticsearch:9200', 'https://logs.example:9200']\n", 1),
            ("server.name: k\nelasticsearch: {hosts: 'http://elasticsaerch:9200'}\n", 2),
        ],
    )
    def test_objects_are_kept_in_the_elasticsearch_of_the_run_or_nowhere(self, make, settings, line):
        with pytest.raises(
            StackError, match=r"a rehearsal must reach nobody: elasticsearch.hosts points at"
        ) as refused:
            kibana.plan(self.room(make, settings), Level.CONTAINER, "5601/tcp", 21000)
        assert refused.value.at is not None
        assert (refused.value.at.file, refused.value.at.line) == ("kibana.yml", line)

    def test_a_host_that_the_environment_gives_is_looked_at_too(self, make):
        entry = self.ENTRY.replace(
            "environment: {", "environment: {ELASTICSEARCH_HOSTS: '[\"http://x.example:9200\"]', "
        )
        with pytest.raises(StackError, match=r"points at http://x.example:9200"):
            kibana.plan(self.room(make, entry=entry), Level.CONTAINER, "5601/tcp", 21000)
        filled = "elasticsearch.hosts: ['http://${WHERE}:9200']\n"
        inside = self.ENTRY.replace("environment: {", "environment: {WHERE: elasticsearch, ")
        assert kibana.plan(self.room(make, filled, inside), Level.CONTAINER, "5601/tcp", 21000).port == 21000
