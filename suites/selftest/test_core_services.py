"""What a service is given to run on: its container's file system laid out, only endpoints and credentials laid over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from harness.contracts import Http
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.errors import StackError
from harness.model import Level, Position
from harness.services import alertmanager, elasticsearch, filebeat, logstash, node_exporter, prometheus
from harness.services.elasticsearch_access import FILES, Access
from harness.services.room import Deployment, Room, endpoints, overriding

BINARY = Path("/opt/bin/it")
Make = Callable[..., Room]


@pytest.fixture
def make(tmp_path) -> Make:
    """A room of the one service of a compose file, beside the given files."""

    def room(
        service: str, entry: str, files: dict[str, str] | None = None, variables: dict[str, str] | None = None
    ) -> Room:
        folder = tmp_path / "config"
        for name, text in (files or {}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        text = f"services:\n  {service}:\n    image: x:1\n" + "".join(
            f"    {line}\n" for line in entry.strip("\n").splitlines()
        )
        text += "volumes: {data: {}, logs: {}}\n"
        (compose,) = Configuration.of_texts({"docker-compose.yml": text}).of(Compose)
        deployment = Deployment(folder, compose, variables or {})
        return Room(deployment, service, f"{service}-1", tmp_path / "room", tmp_path / "volumes")

    return room


class TestRoom:
    ENTRY = """
command: ["--config=/etc/web/web.yml", "--data=/data", "--other=/etc/website/x", "--also=/srv/data/x"]
environment:
  DATA: /data/${SUB:-deep}
  GIVEN:
  PLAIN: "1"
volumes:
  - ./web:/etc/web:ro
  - ./one.txt:/etc/web/one.txt
  - data:/data
  - /var/lib/docker:/host/docker:ro
"""
    FILES: ClassVar = {"web/web.yml": "a: 1\n", "web/deep/more.yml": "b: 2\n", "one.txt": "one\n"}

    def test_what_is_mounted_is_where_the_container_would_see_it(self, make):
        room = make("web", self.ENTRY, self.FILES)
        assert room.path("/etc/web/web.yml").read_text() == "a: 1\n"
        assert room.path("/etc/web/deep/more.yml").read_text() == "b: 2\n"
        assert room.path("/etc/web/one.txt").read_text() == "one\n"
        assert room.changes == []

    def test_a_named_volume_is_shared_between_rooms(self, make, tmp_path):
        room = make("web", self.ENTRY, self.FILES)
        (room.path("/data") / "written").write_text("x")
        assert (tmp_path / "volumes" / "data" / "written").read_text() == "x"

    def test_the_configuration_under_test_is_copied_never_written_to(self, make, tmp_path):
        room = make("web", self.ENTRY, self.FILES)
        room.rewrite(room.path("/etc/web/web.yml"), "a: 2\n", "because")
        assert (tmp_path / "config/web/web.yml").read_text() == "a: 1\n"

    def test_a_path_of_the_host_is_empty(self, make):
        room = make("web", self.ENTRY, self.FILES)
        assert list(room.path("/host/docker").iterdir()) == []

    def test_paths_below_a_mount_are_localised_and_no_others(self, make, tmp_path):
        room = make("web", self.ENTRY, self.FILES)
        root = tmp_path / "room"
        assert room.command() == (
            f"--config={root}/etc/web/web.yml",
            f"--data={root}/data",
            "--other=/etc/website/x",
            "--also=/srv/data/x",
        )

    def test_variables_are_filled_in_and_localised(self, make, tmp_path):
        room = make("web", self.ENTRY, self.FILES, {"GIVEN": "yes"})
        assert room.environment() == {"DATA": f"{tmp_path}/room/data/deep", "GIVEN": "yes", "PLAIN": "1"}

    def test_a_required_variable_that_is_not_set_is_an_error(self, make):
        room = make("web", 'environment: {PASSWORD: "${WEB_PASSWORD:?set a password}"}')
        with pytest.raises(StackError) as error:
            room.environment()
        assert error.value.message == "variable WEB_PASSWORD is required: set a password"
        assert error.value.at == Position("docker-compose.yml")

    def test_a_required_variable_that_is_set_is_filled_in(self, make):
        room = make(
            "web", 'environment: {PASSWORD: "${WEB_PASSWORD:?set a password}"}', variables={"WEB_PASSWORD": "x$y"}
        )
        assert room.environment() == {"PASSWORD": "x$y"}

    def test_a_mount_of_what_is_not_there_is_an_error_at_the_volume(self, make):
        with pytest.raises(StackError) as error:
            make("web", "volumes:\n  - ./web:/etc/web\n  - ./typo.yml:/etc/typo.yml\n", {"web/a": ""})
        assert error.value.message == "web mounts ./typo.yml, which does not exist"
        assert error.value.at == Position("docker-compose.yml", 6, 9)
        assert "Docker would make an empty directory of it" in error.value.hint

    def test_a_service_that_is_not_in_the_compose_file_is_an_error(self, make):
        room = make("web", "")
        with pytest.raises(StackError, match=r"docker-compose\.yml.*there is no service 'db'\n  It has: web\."):
            room.deployment.service("db")

    def test_a_rewritten_file_is_kept_as_a_difference_of_what_is_mounted(self, make):
        room = make("web", self.ENTRY, {**self.FILES, "web/web.yml": "a: 1\nb: 2\nc: 3\n"})
        path = room.path("/etc/web/web.yml")
        room.rewrite(path, f"a: 1\nb: {room.root}/x\nc: 3\n", "endpoints")
        (change,) = room.changes
        assert (change.file, change.why) == ("web/web.yml (web-1)", "endpoints")
        assert [line for line in change.diff.splitlines() if line[0] in "+-"] == [
            "--- under test", "+++ as run", "-b: 2", "+b: …/x"
        ]  # fmt: skip

    def test_rewriting_to_the_same_is_no_difference(self, make):
        room = make("web", self.ENTRY, self.FILES)
        room.rewrite(room.path("/etc/web/web.yml"), "a: 1\n", "endpoints")
        assert room.changes == []

    def test_added_flags_are_a_difference_too(self, make):
        room = make("web", self.ENTRY, self.FILES)
        assert room.flags({"--port": "1"}, "its own port") == ("--port=1",)
        assert [(c.file, c.diff, c.why) for c in room.changes] == [
            ("docker-compose.yml web command (web-1)", "+ --port=1", "its own port")
        ]
        assert room.flags({}, "nothing") == ()
        assert len(room.changes) == 1

    def test_a_flag_takes_the_place_of_the_same_flag_only(self):
        command = ("--web.listen-address=:9090", "--web.listen-address-x=1", "--flag", "--storage=x")
        flags = ("--web.listen-address=127.0.0.1:1",)
        assert overriding(command, flags) == ("--web.listen-address-x=1", "--flag", "--storage=x", *flags)


class TestEndpoints:
    KNOWN: ClassVar = {"elasticsearch:9200": "127.0.0.1:1"}

    @pytest.mark.parametrize(
        "text",
        [
            "hosts: elasticsearch:92001",
            "hosts: my-elasticsearch:9200",
            "hosts: db.elasticsearch:9200",
            "hosts: elasticsearch",
            "# hosts: elasticsearch:9200",
            "   # elasticsearch:9200",
        ],
    )
    def test_comments_and_longer_names_are_let_be(self, text):
        assert endpoints(text, self.KNOWN) == text

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("hosts: elasticsearch:9200", "hosts: 127.0.0.1:1"),
            ('hosts: ["http://elasticsearch:9200/"]\r\n', 'hosts: ["http://127.0.0.1:1/"]\r\n'),
            (
                "a: elasticsearch:9200,elasticsearch:9200\n# elasticsearch:9200\n",
                "a: 127.0.0.1:1,127.0.0.1:1\n# elasticsearch:9200\n",
            ),
            ("http://user:x@elasticsearch:9200", "http://user:x@127.0.0.1:1"),
        ],
    )
    def test_an_endpoint_is_replaced_wherever_it_stands(self, text, expected):
        assert endpoints(text, self.KNOWN) == expected

    def test_what_is_known_is_text_not_a_pattern(self):
        assert endpoints("a.b:1 axb:1", {"a.b:1": r"\1"}) == r"\1 axb:1"


class TestPrometheus:
    ENTRY = """
command:
  - --config.file=/etc/prometheus/prometheus.yml
  - --storage.tsdb.path=/prometheus
  - --storage.tsdb.retention.time=15d
volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml:ro", "./rules:/etc/prometheus/rules", "data:/prometheus"]
"""
    TEXT = """global: {scrape_interval: 15s}
# web:3000 is the application
rule_files: [/etc/prometheus/rules/*.yml]
alerting:
  alertmanagers:
    - static_configs:
        - targets:
            - alertmanager:9093
scrape_configs:
  - job_name: web   # web:3000
    static_configs:
      - targets: ["web:3000", 'db:1', web:30001]
  - job_name: other
    static_configs:
      - targets:
          - "web:3000"
          - unknown:1
        labels: {of: "web:3000"}
"""

    def plan(self, make: Make, to: tuple[str, ...] = ("127.0.0.1:7",), text: str = TEXT, entry: str = ENTRY):
        room = make("prometheus", entry, {"prometheus.yml": text, "rules/a.yml": "groups: []\n"})
        targets = {"web:3000": "127.0.0.1:5", "db:1": "127.0.0.1:6"}
        plan = prometheus.plan(room, BINARY, 9, targets, {"alertmanager:9093": to})
        return room, plan, yaml.safe_load(room.path("/etc/prometheus/prometheus.yml").read_text())

    def test_known_endpoints_are_replaced_in_lists_of_both_styles(self, make):
        _, _, ran = self.plan(make)
        web, other = ran["scrape_configs"]
        assert web["static_configs"] == [{"targets": ["127.0.0.1:5", "127.0.0.1:6", "web:30001"]}]
        assert other["static_configs"] == [{"targets": ["127.0.0.1:5", "unknown:1"], "labels": {"of": "web:3000"}}]
        assert ran["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:7"]}]}]

    @pytest.mark.parametrize(
        "text", [TEXT, TEXT.replace("targets:\n            - alertmanager:9093", "targets: [alertmanager:9093]")]
    )
    def test_one_alertmanager_may_become_several(self, make, text):
        _, _, ran = self.plan(make, ("127.0.0.1:7", "127.0.0.1:8"), text)
        assert ran["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:7", "127.0.0.1:8"]}]}]

    def test_everything_else_is_kept_to_the_letter(self, make):
        room, _, ran = self.plan(make)
        text = room.path("/etc/prometheus/prometheus.yml").read_text()
        assert "# web:3000 is the application\n" in text
        assert "  - job_name: web   # web:3000\n" in text
        assert ran["global"] == {"scrape_interval": "15s"}
        assert ran["rule_files"] == [f"{room.root}/etc/prometheus/rules/*.yml"]

    def test_the_difference_shows_endpoints_and_paths_only(self, make):
        _, plan, _ = self.plan(make)
        removed = [
            line for line in plan.overlay[0].diff.splitlines() if line.startswith("-") and not line.startswith("---")
        ]
        assert [line.strip("- ").strip('"') for line in removed] == [
            "rule_files: [/etc/prometheus/rules/*.yml]",
            "alertmanager:9093",
            "targets: [\"web:3000\", 'db:1', web:30001]",
            "web:3000",
        ]

    def test_runs_with_the_deployments_flags_and_its_own_port(self, make):
        room, plan, _ = self.plan(make)
        assert plan.argv[0] == str(BINARY)
        assert "--storage.tsdb.retention.time=15d" in plan.argv
        assert f"--config.file={room.root}/etc/prometheus/prometheus.yml" in plan.argv
        assert "--web.listen-address=127.0.0.1:9" in plan.argv
        assert (plan.port, plan.level, plan.ready) == (9, Level.NATIVE, Http("/-/ready"))
        assert prometheus.data_folder(room) == room.root / "prometheus"

    def test_a_command_without_a_data_folder_is_an_error(self, make):
        room = make("prometheus", "command: [--config.file=/etc/prometheus.yml]")
        with pytest.raises(StackError, match=r"does not set --storage\.tsdb\.path"):
            prometheus.data_folder(room)

    @pytest.mark.parametrize("text", ["scrape_configs: [\n", "scrape_configs: text\n", "", "[1]\n"])
    def test_a_broken_configuration_runs_as_it_is_written(self, make, text):
        room = make("prometheus", self.ENTRY, {"prometheus.yml": text, "rules/a.yml": ""})
        prometheus.plan(room, BINARY, 9, {"web:3000": "x:1"}, {})
        assert room.path("/etc/prometheus/prometheus.yml").read_text() == text


class TestAlertmanager:
    ENTRY = """
command: ["--config.file=/etc/alertmanager/config.yml", "--storage.path=/data"]
environment: {SLACK: "${SLACK}"}
volumes: ["./am:/etc/alertmanager:ro", "data:/data"]
"""
    TEXT = """global:
  resolve_timeout: 5m
route:
  receiver: all
# what is muted
inhibit_rules:
  - source_matchers: [a="b"]

    equal: [c]
# the end
- not: here
receivers:
  - name: all
"""
    SINK: ClassVar = {alertmanager.PAGERDUTY: "http://127.0.0.1:4/v2/enqueue"}

    def config(self, make: Make, text: str, **more: bool) -> tuple[Room, str]:
        room = make("alertmanager", self.ENTRY, {"am/config.yml": text, "am/x.tmpl": "{{ . }}"}, {"SLACK": "http://s"})
        alertmanager.plan(room, BINARY, 9, self.SINK, Path("/ca.pem"), **more)
        return room, room.path("/etc/alertmanager/config.yml").read_text()

    TEXT = TEXT.replace("- not: here\n", "")

    def test_a_section_is_taken_out_and_the_rest_is_as_it_was(self):
        without = alertmanager.without_section(self.TEXT, "inhibit_rules")
        assert "inhibit_rules" not in without
        assert yaml.safe_load(without) == {k: v for k, v in yaml.safe_load(self.TEXT).items() if k != "inhibit_rules"}
        assert without.startswith("global:\n  resolve_timeout: 5m\nroute:\n  receiver: all\n")

    @pytest.mark.parametrize("section", ["templates", "receiver", "equal"])
    def test_a_section_that_is_not_there_is_not_taken_out(self, section):
        assert alertmanager.without_section(self.TEXT, section) == self.TEXT

    def test_the_last_section_is_taken_out_to_the_end(self):
        assert yaml.safe_load(alertmanager.without_section(self.TEXT, "receivers")).keys() == {
            "global",
            "route",
            "inhibit_rules",
        }

    def test_a_section_in_one_line_is_taken_out(self):
        assert alertmanager.without_section("a: 1\ninhibit_rules: [{b: c}]\nd: 2\n", "inhibit_rules") == "a: 1\nd: 2\n"

    @pytest.mark.parametrize(
        "text",
        [
            TEXT,
            TEXT.replace("global:\n", "global:  # for all\n"),
            TEXT.replace("global:\n  resolve_timeout: 5m\n", ""),
            TEXT.replace("global:\n  resolve_timeout: 5m\n", "global: {resolve_timeout: 5m}\n"),
            TEXT.replace("global:\n", f"global:\n  pagerduty_url: {alertmanager.PAGERDUTY}\n"),
            TEXT.replace("global:\n", "global:\n  pagerduty_url: 'https://events.eu.example/v2/enqueue'\n"),
            TEXT.replace("global:\n  resolve_timeout: 5m\n", "global:\n"),
        ],
    )
    def test_pages_go_to_the_sink_however_global_is_written(self, make, text):
        _, ran = self.config(make, text)
        written = yaml.compose(ran)
        assert written is not None
        assert [key.value for key, _ in written.value].count("global") == 1
        assert ran.count("pagerduty_url") == 1
        assert yaml.safe_load(ran)["global"]["pagerduty_url"] == "http://127.0.0.1:4/v2/enqueue"
        assert yaml.safe_load(ran)["route"] == {"receiver": "all"}
        before = yaml.safe_load(text).get("global") or {}
        assert {k: v for k, v in yaml.safe_load(ran)["global"].items() if k != "pagerduty_url"} == {
            k: v for k, v in before.items() if k != "pagerduty_url"
        }

    def test_inhibition_stays_unless_it_is_to_be_compared_with(self, make):
        assert "inhibit_rules" in self.config(make, self.TEXT)[1]

    def test_without_inhibition_the_difference_says_so(self, make):
        room, ran = self.config(make, self.TEXT, inhibiting=False)
        assert "inhibit_rules" not in ran
        assert [change.why for change in room.changes][:2] == [
            "endpoints of the receivers",
            "inhibit_rules taken out, to compare with",
        ]

    def test_runs_the_binary_alone_trusting_the_sinks(self, make):
        room = make("alertmanager", self.ENTRY, {"am/config.yml": self.TEXT}, {"SLACK": "http://s"})
        plan = alertmanager.plan(room, BINARY, 9, self.SINK, Path("/ca.pem"))
        assert plan.argv[:2] == (str(BINARY), f"--config.file={room.root}/etc/alertmanager/config.yml")
        assert plan.argv[-2:] == ("--web.listen-address=127.0.0.1:9", "--cluster.listen-address=")
        assert plan.environment == {"SLACK": "http://s", "SSL_CERT_FILE": "/ca.pem"}

    def test_runs_the_deployments_own_entrypoint_script(self, make):
        entry = self.ENTRY + 'entrypoint: ["/bin/sh", "/etc/alertmanager/render.sh"]\n'
        files = {"am/config.yml": self.TEXT, "am/render.sh": "#!/bin/sh\n"}
        room = make("alertmanager", entry, files, {"SLACK": "http://s"})
        plan = alertmanager.plan(room, BINARY, 9, self.SINK, Path("/ca.pem"))
        assert plan.argv[:2] == ("/bin/sh", f"{room.root}/etc/alertmanager/render.sh")
        assert not any(word.startswith("--config.file") for word in plan.argv)
        assert plan.environment["ALERTMANAGER_CONFIG_SOURCE"] == f"{room.root}/etc/alertmanager/config.yml"
        assert plan.environment["ALERTMANAGER_BINARY"] == str(BINARY)

    def test_a_deployment_that_mounts_no_configuration_is_an_error_at_its_volumes(self, make):
        room = make("alertmanager", "volumes: [data:/data]")
        with pytest.raises(StackError, match="no Alertmanager configuration is mounted") as error:
            alertmanager.plan(room, BINARY, 9, {}, Path("/ca.pem"))
        assert error.value.at is not None and error.value.at.line == 4


class TestElasticsearch:
    ENTRY = """
environment: {discovery.type: single-node, cluster.name: of-the-image, ES_JAVA_OPTS: -Xmx4g}
volumes: [
  "./elasticsearch.yml:/usr/share/elasticsearch/config/elasticsearch.yml:ro", "data:/usr/share/elasticsearch/data"]
"""

    @pytest.fixture
    def ran(self, make, tmp_path):
        home = tmp_path / "home"
        (home / "config").mkdir(parents=True)
        (home / "config/log4j2.properties").write_text("status = error\n")
        (home / "config/roles.yml").write_text("of_the_build: {}\n")
        (home / "config/jvm.options").write_text(
            "-Xms1g\n--add-modules=jdk.incubator.vector\n-Xlog:gc*\n-XX:ErrorFile=hs_err_pid%p.log\n"
        )
        access = tmp_path / "access"
        access.mkdir()
        for name in FILES:
            (access / name).write_text(name)

        def run(text: str, entry: str = self.ENTRY, files: dict[str, str] | None = None):
            room = make("elasticsearch", entry, {"elasticsearch.yml": text, **(files or {})})
            users = Access({"elastic": "secret"}, access)
            plan = elasticsearch.plan(room, home, Path("/java"), users, 7, 8, tmp_path / "scratch")
            return room, plan, yaml.safe_load((tmp_path / "scratch/config/elasticsearch.yml").read_text())

        return run

    def test_endpoints_are_laid_over_and_the_rest_is_kept(self, ran):
        _, plan, settings = ran(
            "cluster.name: ours\nhttp.port: 9200\nnetwork.host: 0.0.0.0\naction.auto_create_index: false\n"
        )
        assert settings["action.auto_create_index"] is False
        assert (settings["http.port"], settings["http.host"], settings["network.host"]) == (7, "127.0.0.1", "127.0.0.1")
        assert settings["transport.port"] == 8
        assert settings["path.data"] == str(plan.folder / "data")

    def test_an_image_takes_settings_from_its_environment_over_those_of_the_file(self, ran):
        assert ran("cluster.name: ours\n")[2]["cluster.name"] == "of-the-image"

    def test_variables_that_are_no_settings_are_none(self, ran):
        assert "ES_JAVA_OPTS" not in ran("")[2]

    def test_settings_of_modules_the_build_lacks_are_left_out_and_shown(self, ran):
        _, plan, settings = ran(
            "xpack.security.enabled: true\nxpack.ml.enabled: false\ningest.geoip.downloader.enabled: false\n"
            "xpack.watcher:\n  enabled: false\nstack.templates.enabled: false\nkept: 1\n"
        )
        assert settings["xpack.security.enabled"] is True
        assert settings["kept"] == 1
        assert not [key for key in settings if key.startswith(("xpack.ml", "xpack.watcher", "ingest", "stack"))]
        (change,) = [change for change in plan.overlay if "elasticsearch.yml" in change.file]
        assert "-xpack.ml.enabled: false" in change.diff
        assert "lacks" in change.why

    @pytest.mark.parametrize(
        "text",
        [
            "http:\n  port: 9200\n  max_content_length: 50mb\nkept: 1\n",
            "http.port: 9200\nhttp: {max_content_length: 50mb}\nkept: 1\n",
        ],
    )
    def test_nested_settings_are_laid_over_too(self, ran, text):
        settings = ran(text)[2]
        assert settings["http.port"] == 7
        assert "port" not in (settings.get("http") or {})
        flat = settings.get("http.max_content_length") or settings["http"]["max_content_length"]
        assert (flat, settings["kept"]) == ("50mb", 1)

    def test_nested_settings_of_modules_the_build_lacks_are_left_out(self, ran):
        settings = ran("xpack:\n  ml.enabled: false\n  security:\n    enabled: true\n")[2]
        assert "ml" not in json.dumps(settings)
        nested = settings.get(
            "xpack.security.enabled", (settings.get("xpack") or {}).get("security", {}).get("enabled")
        )
        assert nested is True

    def test_runs_unprivileged_on_its_own_folder_and_asks_with_authority(self, ran, tmp_path):
        _, plan, _ = ran("")
        assert plan.unprivileged and plan.owned == (tmp_path / "scratch",)
        assert plan.ready.authorization == "Basic ZWxhc3RpYzpzZWNyZXQ="
        assert plan.environment["ES_JAVA_HOME"] == "/java"

    def test_the_options_of_its_java_are_those_of_the_build_less_what_this_java_lacks(self, ran, tmp_path):
        ran("")
        assert (tmp_path / "scratch/config/jvm.options").read_text().splitlines() == [
            "-Xms1g",
            f"-XX:ErrorFile={tmp_path}/scratch/logs/hs_err_pid%p.log",
        ]

    def test_roles_are_the_deployments_when_it_mounts_some(self, ran, tmp_path):
        ran("")
        assert (tmp_path / "scratch/config/roles.yml").read_text() == "of_the_build: {}\n"

    def test_mounted_roles_are_taken(self, ran, tmp_path):
        entry = self.ENTRY.replace("volumes: [", 'volumes: ["./roles.yml:/usr/share/elasticsearch/config/roles.yml", ')
        ran("", entry, {"roles.yml": "reader: {}\n"})
        assert (tmp_path / "scratch/config/roles.yml").read_text() == "reader: {}\n"

    @pytest.mark.parametrize(
        ("body", "kept", "names"),
        [
            (
                {"template": {"settings": {"index.lifecycle.name": "p", "number_of_shards": 7}}},
                {"template": {"settings": {"number_of_shards": 7}}},
                ("template.settings.index.lifecycle.name = p",),
            ),
            (
                {"settings": {"index": {"lifecycle": {"name": "p"}, "refresh_interval": "5s"}}},
                {"settings": {"index": {"refresh_interval": "5s"}}},
                ("settings.index.lifecycle = {'name': 'p'}",),
            ),
            (
                {
                    "settings": {"lifecycle": {"name": "p"}},
                    "mappings": {"properties": {"lifecycle": {"type": "keyword"}}},
                },
                {"settings": {}, "mappings": {"properties": {"lifecycle": {"type": "keyword"}}}},
                ("settings.lifecycle = {'name': 'p'}",),
            ),
            ({"aliases": {"a": {"is_write_index": True}}}, {"aliases": {"a": {"is_write_index": True}}}, ()),
            ([{"a": 1}], [{"a": 1}], ()),
        ],
    )
    def test_what_a_body_says_of_modules_the_build_lacks_is_left_out_and_named(self, body, kept, names):
        before = json.dumps(body)
        assert elasticsearch.without_lacking(body) == (kept, names)
        assert json.dumps(body) == before

    def test_a_user_nobody_made_is_an_error(self):
        with pytest.raises(StackError, match=r"no user 'nobody'\n  It has a, b\."):
            Access({"b": "1", "a": "2"}, Path()).auth("nobody")


class TestFilebeat:
    ENTRY = 'volumes: ["./filebeat.yml:/usr/share/filebeat/filebeat.yml:ro", "logs:/var/log/web"]'

    def ran(self, make: Make, text: str) -> tuple[Room, str]:
        room = make("filebeat", self.ENTRY, {"filebeat.yml": text})
        filebeat.plan(room, BINARY, 9, {"logstash:5044": "127.0.0.1:3"}, room.root / "scratch")
        return room, room.path("/usr/share/filebeat/filebeat.yml").read_text()

    @pytest.mark.parametrize(
        "text",
        [
            "paths:\n  - /var/log/web/*.log\n  - /var/log/other/x.log\n",
            "paths:\n  - '/var/log/web/*.log'\n  - \"/var/log/other/x.log\"  # a file\n",
            "paths: [/var/log/web/*.log, /var/log/other/x.log]\n",
            'paths: ["/var/log/web/*.log","/var/log/other/x.log"]\n',
        ],
    )
    def test_every_absolute_path_is_looked_up_in_the_room(self, make, text):
        room, ran = self.ran(make, text)
        assert yaml.safe_load(ran)["paths"] == [f"{room.root}/var/log/web/*.log", f"{room.root}/var/log/other/x.log"]

    def test_a_mounted_path_that_is_a_value_is_looked_up_too(self, make):
        room, ran = self.ran(make, "certificate: /var/log/web/a.pem\n")
        assert yaml.safe_load(ran) == {"certificate": f"{room.root}/var/log/web/a.pem"}

    @pytest.mark.parametrize(
        "text",
        [
            "host: http://elsewhere/x\n",
            "host: https://elsewhere:1/x, http://y/z\n",
            "# paths: [/var/log/web/*.log]\n#  - /var/log/web\n",
            "pattern: '^[0-9]{4}/[0-9]{2}'\n",
            "ratio: 1/2\n",
            "drop_event.when.equals.path: /health\n",
            "path: ${path.data}/x\n",
        ],
    )
    def test_what_is_no_path_is_let_be(self, make, text):
        assert self.ran(make, text)[1] == text

    def test_the_endpoint_of_logstash_is_replaced(self, make):
        assert (
            self.ran(make, 'output.logstash.hosts: ["logstash:5044"]\n')[1]
            == 'output.logstash.hosts: ["127.0.0.1:3"]\n'
        )

    def test_its_configuration_is_not_writable_by_others_as_filebeat_demands(self, make):
        room, _ = self.ran(make, "a: 1\n")
        assert room.path("/usr/share/filebeat/filebeat.yml").stat().st_mode & 0o777 == 0o600

    def test_a_deployment_that_mounts_no_configuration_is_an_error(self, make):
        with pytest.raises(StackError, match=r"no filebeat\.yml is mounted"):
            filebeat.plan(make("filebeat", "volumes: [logs:/var/log]"), BINARY, 9, {}, Path())


class TestOthers:
    def test_node_exporter_reads_this_machine(self, make):
        room = make(
            "node-exporter", 'command: ["--path.rootfs=/host", "--path.procfs=/host/proc", "--no-collector.wifi"]'
        )
        plan = node_exporter.plan(room, BINARY, 9)
        assert plan.argv == (str(BINARY), "--no-collector.wifi", "--web.listen-address=127.0.0.1:9")
        assert plan.level is Level.NATIVE

    @pytest.mark.parametrize(
        ("mount", "file"),
        [("./p:/usr/share/logstash/pipeline", "p/main.conf"), ("./main.conf:/p/main.conf", "main.conf")],
    )
    def test_logstash_runs_the_mounted_pipeline(self, make, mount, file):
        room = make("logstash", f"volumes: ['{mount}']", {file: 'output { elasticsearch { hosts => "es:9200" } }\n'})
        plan = logstash.plan(room, 5, 6, {"es:9200": "127.0.0.1:7"}, "dead")
        config = Path(next(word for word in plan.argv if word.startswith("--config=")).removeprefix("--config="))
        assert config.read_text() == 'output { elasticsearch { hosts => "127.0.0.1:7" } }\n'
        assert (plan.level, plan.port) == (Level.STAND_IN, 6)
        assert "--listen=127.0.0.1:5" in plan.argv

    def test_logstash_stores_as_many_documents_at_once_as_the_image_would(self, make):
        text = "volumes: ['./p:/p']\nenvironment: {PIPELINE_BATCH_SIZE: '250'}"
        plan = logstash.plan(make("logstash", text, {"p/main.conf": "output { }\n"}), 5, 6, {}, "dead")
        assert "--batch-events=250" in plan.argv

    def test_logstash_without_a_pipeline_is_an_error(self, make):
        with pytest.raises(StackError, match="no pipeline is mounted"):
            logstash.plan(make("logstash", "volumes: [./x:/x]", {"x/a.yml": ""}), 5, 6, {}, "dead")
