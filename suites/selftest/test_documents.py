"""The loaders: values, positions, and what they say about files that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.documents.alertmanager import Alertmanager
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration, kinds
from harness.documents.durations import seconds, spoken
from harness.documents.env import Env
from harness.documents.filebeat import Filebeat
from harness.documents.matchers import parse_matchers
from harness.documents.rules import Rules
from harness.documents.substitution import references, substitute
from harness.documents.tree import load_json, load_ndjson, load_yaml
from harness.errors import UnreadableError, UsageError
from harness.model import Position

YAML = """\
# a comment
top:
  plain: one two
  single: 'it''s here'
  double: "say \\"word\\" now"
  literal: |
    first line
      second line
  folded: >-
    first part
    second part
  long: plain text
    goes on here
  list: [1, 2.5, true, ~, on, 22:30, 1e3, 0x10, "7", 0o17]
"""


def test_yaml_values_are_what_go_reads() -> None:
    assert load_yaml(YAML, "f.yml").get("top", "list") == [1, 2.5, True, None, "on", "22:30", 1000.0, 16, "7", 15]


@pytest.mark.parametrize(
    ("key", "word", "line", "column"),
    [
        ("plain", "two", 3, 14),
        ("single", "here", 4, 18),
        ("double", "word", 5, 18),
        ("double", "now", 5, 25),
        ("literal", "first", 7, 5),
        ("literal", "second", 8, 7),
        ("folded", "second", 11, 5),
        ("long", "goes", 13, 5),
    ],
)
def test_yaml_places_inside_of_scalars(key: str, word: str, line: int, column: int) -> None:
    tree = load_yaml(YAML, "f.yml")
    text = tree.get("top", key)
    assert tree.inside(("top", key), text.index(word), len(word)) == Position("f.yml", line, column)


def test_yaml_places_of_keys_values_and_what_is_missing() -> None:
    tree = load_yaml("a:\n  b: 1\n", "f.yml")
    assert tree.key_at("a", "b") == Position("f.yml", 2, 3)
    assert tree.at("a", "b") == Position("f.yml", 2, 6)
    assert tree.at("a", "c", "d") == Position("f.yml", 2, 3)


def test_yaml_merge_keys_keep_the_place_they_come_from() -> None:
    tree = load_yaml("x: &d {a: 1, b: 2}\ny:\n  <<: *d\n  b: 3\n", "f.yml")
    assert tree.get("y") == {"a": 1, "b": 3}
    assert tree.at("y", "a").line == 1
    assert tree.at("y", "b").line == 4


JSON = '{"a": [1, {"b": "x \\"y\\" z"}],\n "c": {}, "d": null}'


def test_json_places() -> None:
    tree = load_json(JSON, "f.json")
    assert tree.at("a", 0) == Position("f.json", 1, 8)
    assert tree.at("a", 1, "b") == Position("f.json", 1, 17)
    assert tree.inside(("a", 1, "b"), tree.get("a", 1, "b").index("z")) == Position("f.json", 1, 26)
    assert tree.key_at("c") == Position("f.json", 2, 2)
    assert tree.at("d") == Position("f.json", 2, 16)


def test_ndjson_counts_lines() -> None:
    tree = load_ndjson('{"a": 1}\n\n{"a": [2, 3]}\n', "f.ndjson")
    assert tree.value == [{"a": 1}, {"a": [2, 3]}]
    assert tree.at(1, "a", 1) == Position("f.ndjson", 3, 11)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\na: 2\n", 2, 1, "duplicate key `a`"),
        ("a: [1\nb: 2\n", 2, 2, "did not find expected"),
        ("a: &x [*x]", 1, 7, "alias that contains itself"),
        ("a: b: c", 1, 5, "mapping values are not allowed"),
        ("{{ .Values.x }}: 1", 1, 1, "key that is no scalar"),
        ("a: \x01", 1, 1, "control characters"),
    ],
)
def test_broken_yaml_has_a_place(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(UnreadableError, match=says) as error:
        load_yaml(text, "f.yml")
    assert error.value.at is not None
    assert error.value.at.line == line


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('{"a": 1,\n "a": 2}', 2, "duplicate key `a`"),
        ('{"a":', 1, "Expecting"),
        ("[NaN]", 1, "NaN"),
        ("[" * 9999, 1, ""),
    ],
)
def test_broken_json_has_a_place(text: str, line: int, says: str) -> None:
    with pytest.raises(UnreadableError, match=says) as error:
        load_json(text, "f.json")
    assert error.value.at is not None
    assert error.value.at.line == line


def test_every_kind_is_found_and_documented() -> None:
    names = {kind.__name__ for kind in kinds()}
    assert {"Rules", "Prometheus", "Alertmanager", "Templates", "Dashboard", "Datasources", "Providers"} <= names
    assert {"Logstash", "Filebeat", "Elasticsearch", "IndexTemplate", "LifecyclePolicy", "Roles", "Kibana"} <= names
    assert {"Searches", "Compose", "Env"} <= names


def test_a_file_of_another_kind_is_not_taken() -> None:
    others = {
        "workflow.yml": "on: push\njobs: {test: {runs-on: x, services: {db: {image: postgres}}}}\n",
        "otel.yaml": "receivers: {otlp: {}}\nexporters: {debug: {}}\nservice: {pipelines: {}}\n",
        "package.json": '{"name": "x", "scripts": {}}',
        "grafana-alerts.yml": "apiVersion: 1\ngroups: [{name: g, rules: [{uid: x, title: y, data: []}]}]\n",
        "app.conf": "listen 80;\n",
        "values.yaml": "replicas: 1\n",
        "docker-compose.yml": "filebeat: {build: ., links: [a]}\na: {image: b}\n",
    }
    assert Configuration.of_texts(others).documents == ()


def test_all_errors_of_all_files_are_collected() -> None:
    configuration = Configuration.of_texts(
        {
            "alertmanager.yml": "a: [\n",
            "board.json": '{"panels": [',
            "mkdocs.yml": "nav: [\n",
            "rules.yml": "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, for: 5x}\n  - {foo: 1}\n",
        }
    )
    assert [error.at.file for error in configuration.errors if error.at] == ["alertmanager.yml", "board.json"]
    assert [error.at.file for error in configuration.unread if error.at] == ["mkdocs.yml"]
    said = [error.message for error in configuration.complaints]
    assert any("no duration" in message for message in said)
    assert any("neither `alert` nor `record`" in message for message in said)


class TestLoadingAFolder:
    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no such directory"):
            Configuration.load(tmp_path / "missing")

    def test_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "x.yml"
        file.write_text("a: 1")
        with pytest.raises(UsageError, match="is a file, not a directory"):
            Configuration.load(file)

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is empty"):
            Configuration.load(tmp_path)

    def test_nothing_recognised(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("hello")
        with pytest.raises(UsageError, match="no monitoring configuration"):
            Configuration.load(tmp_path)

    def test_encodings_and_binaries(self, tmp_path: Path) -> None:
        (tmp_path / "logo.png").write_bytes(b"\x89PNG\x00\xff")
        (tmp_path / "alerts-latin.yml").write_bytes("a: 1\nb: caf\xe9\n".encode("latin-1"))
        (tmp_path / "alerts-wide.yml").write_bytes("a: 1".encode("utf-16"))
        (tmp_path / "marked.yml").write_bytes(b"\xef\xbb\xbfgroups: [{name: g, rules: [{alert: A, expr: up}]}]\n")
        configuration = Configuration.load(tmp_path)
        said = {error.at.file: str(error) for error in configuration.errors if error.at}
        assert set(said) == {"alerts-latin.yml", "alerts-wide.yml"}
        assert said["alerts-latin.yml"].startswith("alerts-latin.yml:2:7: is not UTF-8: byte 0xe9")
        assert "UTF-16" in said["alerts-wide.yml"]
        assert configuration.of(Rules)[0].alerts[0].at("alert") == Position("marked.yml", 1, 36)

    def test_the_digest_depends_on_names_and_contents_only(self, tmp_path: Path) -> None:
        for name, content in (("one", "groups: []"), ("two", "groups: []"), ("three", "groups: [ ]")):
            (tmp_path / name).mkdir()
            (tmp_path / name / "rules.yml").write_text(content)
        one, two, three = (Configuration.load(tmp_path / name).sha256 for name in ("one", "two", "three"))
        assert one == two != three


ROUTES = """\
route:
  receiver: all
  group_wait: 10s
  routes:
    - matchers: [severity="critical"]
      receiver: page
      continue: true
      routes:
        - {match: {team: db}, receiver: dba, group_wait: 0s}
    - matchers: ['severity=~"crit.*|warning"', 'env!="dev"']
      receiver: chat
receivers:
  - {name: all, webhook_configs: [{url: http://x}]}
  - {name: page, pagerduty_configs: [{routing_key: x}]}
  - {name: dba, email_configs: [{to: a@b}]}
  - {name: chat, slack_configs: [{channel: '#chat'}]}
"""


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "critical"}, ["page", "chat"]),
        ({"severity": "critical", "team": "db"}, ["dba", "chat"]),
        ({"severity": "critical", "env": "dev"}, ["page"]),
        ({"severity": "warning"}, ["chat"]),
        ({"severity": "warnings"}, ["all"]),
        ({}, ["all"]),
    ],
)
def test_routes_are_walked_as_the_dispatcher_does(labels: dict[str, str], receivers: list[str]) -> None:
    document = Configuration.of_texts({"alertmanager.yml": ROUTES}).of(Alertmanager)[0]
    assert [route.receiver for route in document.destinations(labels)] == receivers


def test_routes_inherit() -> None:
    document = Configuration.of_texts({"alertmanager.yml": ROUTES}).of(Alertmanager)[0]
    page, dba = (
        document.destinations({"severity": "critical"})[0],
        document.destinations({"severity": "critical", "team": "db"})[0],
    )
    assert (page.group_wait, page.repeat_interval, dba.group_wait) == (10.0, 14400.0, 0.0)
    assert page.receiver_position == Position("alertmanager.yml", 6, 17)
    assert document.channels({"severity": "critical"}) == ("pagerduty", "slack #chat")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('severity="critical"', [("severity", "=", "critical")]),
        ("severity = critical", [("severity", "=", "critical")]),
        ('{a=~"x|y,z", b!="", c!~d}', [("a", "=~", "x|y,z"), ("b", "!=", ""), ("c", "!~", "d")]),
        ("code=~[0-9]{3}", [("code", "=~", "[0-9]{3")]),
        ('"quoted label"="a \\"b\\""', [("quoted label", "=", 'a "b"')]),
    ],
)
def test_matchers(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(m.label, m.op, m.value) for m in parse_matchers(text, Position("f"))] == expected


@pytest.mark.parametrize("text", ["severity", "=x", 'a="b"c', "a=b,c"])
def test_bad_matchers(text: str) -> None:
    with pytest.raises(UnreadableError, match="bad matcher"):
        parse_matchers(text, Position("f"))


COMPOSE = """\
x-d: &d {restart: always}
services:
  a:
    <<: *d
    image: r:5000/x/a:1
    command: --a --b="c d"
    ports: ["127.0.0.1:${P:-3000}:3000", "80", "53:53/udp", {target: 9, published: "10"}]
    volumes: ["v:/data:ro", "./x:/y", /z, {type: bind, source: ./c, target: /c, read_only: true}]
    environment: [A=b=c, D]
    depends_on: {b: {condition: service_healthy}}
  b: {image: x, environment: {E: "${F:-${G}}", H: 1}}
volumes: {v: {}}
"""


def test_compose_in_every_spelling() -> None:
    document = Configuration.of_texts({"docker-compose.yml": COMPOSE}).of(Compose)[0]
    service = document.service("a")
    assert service is not None
    assert service.command == ("--a", "--b=c d")
    assert [(p.host_ip, p.host, p.container, p.protocol) for p in service.ports] == [
        ("127.0.0.1", "${P:-3000}", "3000", "tcp"),
        ("", "", "80", "tcp"),
        ("", "53", "53", "udp"),
        ("", "10", "9", "tcp"),
    ]
    assert [(m.kind, m.source, m.target, m.read_only) for m in service.mounts] == [
        ("volume", "v", "/data", True),
        ("bind", "./x", "/y", False),
        ("anonymous", "", "/z", False),
        ("bind", "./c", "/c", True),
    ]
    assert service.environment == {"A": "b=c", "D": None}
    assert service.depends_on == {"b": "service_healthy"}
    assert document.environment("b", {"G": "g"}) == {"E": "g", "H": "1"}
    assert service.mounted("/data/logs/x.log") == service.mounts[0]
    assert [s.name for s in document.of_image("a")] == ["a"]


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("${A}-$A-$$A", {"A": "x"}, "x-x-$A"),
        ("${A:-d} ${A-d}", {"A": ""}, "d "),
        ("${A:-${B:-c}}", {}, "c"),
        ("${A:+set} ${B:+set}", {"A": "1"}, "set "),
        ("${A:?needed}", {"A": "1"}, "1"),
        ("100% $ {x}", {}, "100% $ {x}"),
    ],
)
def test_substitution(text: str, values: dict[str, str], expected: str) -> None:
    assert substitute(text, values) == expected


def test_references_tell_default_and_requirement() -> None:
    found = list(references("${A:-x} ${B:?need it} $$C ${D:-${E}}"))
    assert [(r.name, r.default, r.required) for r in found] == [
        ("A", "x", None),
        ("B", None, "need it"),
        ("D", "${E}", None),
        ("E", None, None),
    ]


def test_env_files() -> None:
    configuration = Configuration.of_texts({".env.example": "# c\nA=1\nexport B='x y' \nC=a # why\nbad line\n"})
    document = configuration.of(Env)[0]
    assert document.values == {"A": "1", "B": "x y", "C": "a"}
    assert document.settings[0].value_at == Position(".env.example", 2, 3)
    assert [str(error.at) for error in configuration.complaints] == [".env.example:5:1"]


def test_filebeat_in_both_spellings() -> None:
    for text in (
        "filebeat.inputs: [{type: log, paths: [/x]}]\noutput.logstash: {hosts: [a:1, b:2]}",
        "filebeat: {inputs: [{type: log, paths: /x}]}\noutput: {logstash: {hosts: [a:1, b:2]}}",
    ):
        document = Configuration.of_texts({"filebeat.yml": text}).of(Filebeat)[0]
        assert [path for path, _ in document.inputs[0].paths] == ["/x"]
        assert [host for host, _ in document.outputs[0].hosts] == ["a:1", "b:2"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1h30m", 5400), ("500ms", 0.5), ("0", 0), ("15d", 1296000), ("5x", None), ("", None), ("m", None)],
)
def test_durations(text: str, value: float | None) -> None:
    assert seconds(text) == value


def test_durations_are_spoken_as_they_are_written() -> None:
    assert [spoken(value) for value in (0, 0.25, 15, 90, 5400, 1296000)] == [
        "0s",
        "250ms",
        "15s",
        "1m30s",
        "1h30m",
        "15d",
    ]
