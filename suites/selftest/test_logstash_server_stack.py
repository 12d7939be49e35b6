"""The whole chain on real products: Filebeat ships a file through the stand-in into Elasticsearch, faults included."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from harness import wait
from harness.contracts import Http, Plan
from harness.errors import HarnessError
from harness.launchers.ledger import Ledger
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessInstance, ProcessLauncher
from harness.model import Level
from harness.toolchain import Toolchain, locate

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(180)]

PIPELINE = """
input { beats { port => 5044 } }
filter { json { source => "message" remove_field => ["message"] } }
output {
  elasticsearch {
    hosts => ["${ELASTICSEARCH}"]
    index => "logs"
    action => "create"
    document_id => "%{id}"
    manage_template => false
    data_stream => false
    retry_initial_interval => 0.2
    retry_max_interval => 1
  }
}
"""

FILEBEAT = """
filebeat.inputs:
  - type: filestream
    id: lines
    paths: ["{folder}/*.log"]
    prospector.scanner.check_interval: 1s
output.logstash: {{hosts: ["127.0.0.1:{port}"], bulk_max_size: 512, backoff.init: 200ms, backoff.max: 1s}}
filebeat.registry.flush: 100ms
"""

ELASTICSEARCH = """
http.port: {port}
http.host: 127.0.0.1
network.host: 127.0.0.1
transport.port: {transport}
path.data: {folder}/data
path.logs: {folder}/logs
discovery.type: single-node
xpack.security.enabled: false
node.store.allow_mmap: false
"""


@dataclass
class Chain:
    """Elasticsearch, the stand-in and Filebeat, each of which can be killed and started again."""

    folder: Path
    plans: dict[str, Plan]
    launcher: ProcessLauncher
    running: dict[str, ProcessInstance]

    def start(self, name: str) -> None:
        self.running[name] = self.launcher.launch(self.plans[name])

    def kill(self, name: str) -> None:
        self.running.pop(name).kill()

    @property
    def elasticsearch(self) -> str:
        return f"http://127.0.0.1:{self.plans['elasticsearch'].port}"

    def statistics(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.plans['logstash'].port}/_node/stats/pipelines"
        return dict(requests.get(url, timeout=5).json()["pipelines"]["main"])

    def count(self, index: str) -> int:
        requests.post(f"{self.elasticsearch}/{index}/_refresh", timeout=10)
        answer = requests.get(f"{self.elasticsearch}/{index}/_count", timeout=10)
        return int(answer.json()["count"]) if answer.ok else 0

    def documents(self, index: str) -> dict[str, dict[str, Any]]:
        body = {"size": 10_000, "query": {"match_all": {}}, "sort": ["_doc"]}
        hits = requests.post(f"{self.elasticsearch}/{index}/_search", json=body, timeout=30).json()["hits"]["hits"]
        assert len(hits) == len({hit["_id"] for hit in hits})
        return {hit["_id"]: hit["_source"] for hit in hits}

    def write(self, lines: list[dict[str, Any]]) -> None:
        with (self.folder / "lines" / "app.log").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def elasticsearch(folder: Path, tools: Toolchain, port: int, transport: int) -> Plan:
    home = tools.elasticsearch_home
    for name in ("config", "data", "logs", "tmp"):
        (folder / name).mkdir(parents=True)
    settings = ELASTICSEARCH.format(port=port, transport=transport, folder=folder)
    (folder / "config" / "elasticsearch.yml").write_text(settings)
    shutil.copyfile(home / "config" / "log4j2.properties", folder / "config" / "log4j2.properties")
    options = (home / "config" / "jvm.options").read_text().splitlines()
    kept = [option for option in options if "add-modules" not in option and not option.startswith("-Xlog:gc")]
    (folder / "config" / "jvm.options").write_text("\n".join(kept))
    environment = {
        "ES_PATH_CONF": str(folder / "config"),
        "ES_JAVA_HOME": str(tools.java_home),
        "ES_TMPDIR": str(folder / "tmp"),
        "ES_JAVA_OPTS": "-Xms512m -Xmx512m",
    }
    argv = (str(home / "bin" / "elasticsearch"),)
    ready = Http("/_cluster/health?wait_for_status=yellow&timeout=1s")
    return Plan(
        "elasticsearch", "elasticsearch", argv, ready, Level.NATIVE, port=port, environment=environment,
        folder=folder, owned=(folder,), unprivileged=True, deadline_seconds=90,
    )  # fmt: skip


@pytest.fixture
def chain() -> Iterator[Chain]:
    try:
        tools = locate()
    except HarnessError as error:
        pytest.skip(f"no toolchain here: {error.message}")
    folder = Path(tempfile.mkdtemp(prefix="logstash-chain-"))
    folder.chmod(0o755)  # Elasticsearch is another user
    (folder / "lines").mkdir()
    ports, ledger = PortLeases(folder / "ports"), Ledger(folder)
    es, transport, beats, monitor, filebeat = (ports.lease() for _ in range(5))
    config, pipeline = folder / "filebeat.yml", folder / "logstash.conf"
    config.write_text(FILEBEAT.format(folder=folder / "lines", port=beats))
    config.chmod(0o600)
    pipeline.write_text(PIPELINE)
    stand_in = (sys.executable, "-m", "harness.services.logstash_server", f"--config={pipeline}")
    stand_in += (
        f"--listen=127.0.0.1:{beats}",
        f"--monitor=127.0.0.1:{monitor}",
        "--dead-letter-index=dead",
        "--batch-events=128",
    )
    ship = (str(tools.binary("filebeat")), "-e", "-c", str(config), "--path.home", str(folder / "filebeat"))
    ship += ("-E", "http.enabled=true", "-E", "http.host=127.0.0.1", "-E", f"http.port={filebeat}")
    address = {"ELASTICSEARCH": f"http://127.0.0.1:{es}"}
    plans = {
        "elasticsearch": elasticsearch(folder / "elasticsearch", tools, es, transport),
        "logstash": Plan(
            "logstash",
            "logstash",
            stand_in,
            Http("/"),
            Level.STAND_IN,
            port=monitor,
            environment=address,
            folder=Path.cwd(),
        ),
        "filebeat": Plan("filebeat", "filebeat", ship, Http("/stats"), Level.NATIVE, port=filebeat, folder=folder),
    }
    world = Chain(folder, plans, ProcessLauncher(folder / "logs", ledger), {})
    try:
        for name in plans:
            world.start(name)
        yield world
    finally:
        ledger.close()
        ports.release()
        shutil.rmtree(folder, ignore_errors=True)


def lines(start: int, count: int) -> list[dict[str, Any]]:
    return [{"id": f"line-{n:06}", "n": n, "text": f"ünï {n} " * (n % 40)} for n in range(start, start + count)]


def all_stored(chain: Chain, count: int) -> Callable[[], bool]:
    return lambda: chain.count("logs") >= count


def test_every_line_once_through_faults(chain: Chain) -> None:
    """Steady, with poison and large lines; the stand-in killed in the middle; Elasticsearch killed and back."""
    sent = lines(0, 2000)
    sent[50]["text"] = "x" * 200_000
    poison = {"id": "poison", "n": "no number", "text": "t"}
    chain.write([*sent, poison])
    wait.until(all_stored(chain, 2000), deadline=30, saying="2,000 documents")
    wait.until(lambda: chain.count("dead") == 1, deadline=10, saying="the dead letter")
    assert "document_parsing_exception" in chain.documents("dead")["poison"]["reason"]

    sent += lines(2000, 3000)
    chain.write(sent[2000:])
    wait.until(lambda: chain.statistics()["events"]["in"] > 2500, deadline=20, saying="the middle", every=0.01)
    chain.kill("logstash")
    chain.start("logstash")
    wait.until(all_stored(chain, 5000), deadline=40, saying="5,000 documents")

    chain.kill("elasticsearch")
    sent += lines(5000, 2000)
    chain.write(sent[5000:])
    wait.until(lambda: chain.statistics()["stand_in"]["retries"] > 0, deadline=20, saying="a retry")
    chain.start("elasticsearch")
    wait.until(all_stored(chain, 7000), deadline=60, saying="7,000 documents")

    stored = chain.documents("logs")
    expected = {line["id"]: line for line in sent}
    assert stored.keys() == expected.keys()
    altered = [i for i, line in expected.items() if {name: stored[i][name] for name in line} != line]
    assert not altered
    wait.until(lambda: chain.statistics()["queue"]["events_count"] == 0, deadline=10, saying="nothing in flight")
    assert chain.statistics()["stand_in"]["lost"] == 0
