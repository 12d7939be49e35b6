"""Boots the parts of the stack that the chosen suites need, in parallel by dependency."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import requests

from harness.contracts import ContainerPlan, Plan, Sink
from harness.documents.env import Env
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Alert, Rules
from harness.errors import UnreadableError
from harness.generators import metrics, scenario
from harness.generators.player import Leak
from harness.lane import PREPARATION_SECONDS, Lane, Programs
from harness.launchers.forward import Forward
from harness.model import Level, OverlayChange, Position
from harness.services import (
    alertmanager,
    contained,
    contained_grafana,
    contained_logstash,
    elasticsearch,
    elasticsearch_access,
    filebeat,
    kibana,
    node_exporter,
    prometheus,
)
from harness.services import logstash as logstash_service
from harness.services.container_room import ContainerRoom
from harness.services.room import Deployment, Room
from harness.settings import read_yaml
from harness.sinks.pagerduty import PagerDutySink
from harness.sinks.slack import SlackSink
from harness.sinks.smtp import SmtpSink
from harness.stack import Stack, in_parallel
from harness.wait import until
from harness.world.build import Ground
from harness.world.running import MEMORY as WORLD_MEMORY
from harness.world.running import RunningWorld, at_hand
from harness.world.serving import prometheus_plan
from harness.world.store import BuiltWorld, Worlds

PAST_SECONDS = 7200.0
DISCOVERY_SECONDS = 30.0
FILEBEAT_PORT = 5066

WORLD, WORLD_METRICS = "elasticsearch-world", "prometheus-world"
"""The instances that hold the 30-day world; those that the pipeline writes to and the lanes scrape are others."""

ALERTMANAGERS = {"alertmanager": "", "alertmanager-storm": "storm", "alertmanager-plain": "plain"}
"""Instance → lane of its sinks. `plain` is the one without inhibition, to compare with."""

RECEIVERS = ("alertmanager-receivers", "receivers")
"""The instance, with its lane, whose receivers misbehave, so that nothing else is disturbed by them."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "elasticsearch": ("elasticsearch",),
    "world": ("world",),
    "pipeline": ("elasticsearch", "logstash", "filebeat"),
    "prometheus": ("sinks", "node-exporter", "alertmanager", "main lane"),
    "grafana": ("grafana",),
    "receivers": ("sinks", "receivers"),
    "alerting": ("sinks", "node-exporter", "alertmanager", "comparison", "main lane", "lanes"),
    "kibana": ("elasticsearch", "kibana"),
}
"""What a suite may ask for, and the steps that make it."""


BOOTABLE_IN_CONTAINERS = frozenset(
    {"prometheus", "alertmanager", "node-exporter", "elasticsearch", "filebeat", "logstash", "kibana", "grafana"}
)


class Boot:
    """One boot of a stack: `run(parts)`."""

    def __init__(self, stack: Stack, fixtures_folder: Path, main: str = "") -> None:
        """`main` is the scenario of the lane whose Prometheus is called `prometheus`, if not the dashboards'."""
        self.stack = stack
        self._fixtures = fixtures_folder
        self._given: Mapping[str, Any] = stack.fixtures["deployment"]
        self._main = main or str(self._given["lanes"]["dashboards"])
        self._ports: dict[str, int] = {}
        self._leasing = threading.Lock()
        self._entering = threading.Lock()
        self._secrets = {name: secrets.token_hex(16) for name in ("smtp_password", "pagerduty_key")}
        self._made_up: dict[str, str] = {}
        self._itself: dict[str, str] = {}
        host = stack.host_for("alertmanager")
        self._slack = SlackSink(stack.recorder, host=host)
        self._pagerduty = PagerDutySink(stack.recorder, host=host)
        mail: dict[str, Any] = {"user": "alertmanager", "password": self._secrets["smtp_password"], "host": host}
        self._smtp = {
            lane: SmtpSink(stack.recorder, lane=lane, hostnames=(host,), **mail)
            for lane in (*ALERTMANAGERS.values(), RECEIVERS[1])
        }

    def run(self, parts: Collection[str], then: Mapping[str, Callable[[], None]] | None = None) -> None:
        """Boot the parts. Raises StackError with the status and log tail of what did not come up.

        `then` is what to do as soon as a part is up, while others may still be booting.
        """
        # Of Kibana and Grafana there is nothing but the container: without one, their parts cost nothing.
        parts = [part for part in parts if part not in ("kibana", "grafana") or part in self.stack.contained]
        wanted = {step for part in parts for step in PARTS[part]}
        self.stack.booting |= {"prometheus" if step.endswith(("lane", "lanes")) else step for step in wanted}
        steps = {
            "elasticsearch": ((), self._elasticsearch),
            "world": ((), self._world),
            "logstash": (("elasticsearch",), self._logstash),
            "filebeat": (("logstash",), self._filebeat),
            "kibana": (("elasticsearch",), self._kibana),
            "sinks": ((), self._sinks),
            "node-exporter": ((), self._node_exporter),
            "alertmanager": (("sinks",), lambda: self._alertmanager("alertmanager")),
            "comparison": (("sinks",), self._comparison),
            "receivers": (("sinks",), lambda: self._alertmanager(RECEIVERS[0])),
            "grafana": (("elasticsearch", "main lane"), self._grafana),
            "main lane": (("alertmanager", "node-exporter"), lambda: self._lanes([self._main])),
            "lanes": (
                ("alertmanager", "comparison", "node-exporter"),
                lambda: self._lanes([*self._waves()[1:], self._given["lanes"]["storm"]]),
            ),
        }
        if "world" in wanted:
            # Before anything is timed: where there is none, building a small one takes both cores.
            self._access()
            self._built_world()
        self._live_at = time.time() + PREPARATION_SECONDS
        given = "\n".join(f"+ {name}={value}" for name, value in sorted(self._given["variables"].items()))
        self.stack.overlay.append(
            OverlayChange(".env", given, "credentials and endpoints of this run; braces are filled in")
        )
        chosen = {
            name: (tuple(need for need in needs if need in wanted), step)
            for name, (needs, step) in steps.items()
            if name in wanted
        }
        for part, step in (then or {}).items():
            chosen[f"after {part}"] = (PARTS[part], step)
        in_parallel(chosen, self.stack.cancel)

    def _waves(self) -> list[str]:
        return list(self._given["lanes"]["waves"])

    def _port(self, name: str) -> int:
        with self._leasing:
            if name not in self._ports:
                self._ports[name] = self.stack.ports.lease()
            return self._ports[name]

    def _deployment(self, lane: str = "") -> Deployment:
        filled = {}
        example = {name: value for file in self.stack.configuration.of(Env) for name, value in file.values.items()}
        for name, value in {**example, **self._given["variables"]}.items():
            filled[name] = self._fill(str(value), lane) or self._made_up.setdefault(name, secrets.token_hex(16))
        return Deployment(self.stack.configuration.folder, self.stack.compose, filled)

    def _fill(self, text: str, lane: str) -> str:
        if not text.startswith("{"):
            return text
        word, _, argument = text.strip("{}").partition(":")
        smtp = self._smtp[lane]
        if word == "password":
            return self.stack.elasticsearch_auth(argument)[1] if self.stack.access else ""
        values = {
            "slack": self._slack.url(lane),
            "smtp_host": smtp.host,
            "smtp_port": str(smtp.port),
            "smtp_user": smtp.user,
            **self._secrets,
        }
        if word not in values:
            raise UnreadableError(f"no such word: {text}", at=Position("fixtures/deployment.yml"))
        return values[word]

    def _room(self, service: str, instance: str, lane: str = "", volumes: str = "") -> Room:
        space = self.stack.workspace
        kind = ContainerRoom if service in self.stack.contained else Room
        return kind(
            self._deployment(lane),
            service,
            instance,
            space.scratch / "rooms" / instance,
            space.volumes / (volumes or instance),
        )

    def _inside(self, service: str) -> str:
        """The port a service listens on in the deployment's network, as Docker spells it."""
        return f"{str(self._given['listens'][service]).rpartition(':')[2]}/tcp"

    def _in_container(self, room: ContainerRoom, instance: str = "") -> tuple[ContainerRoom, Level, str, int]:
        """What every plan of a container begins with."""
        service = room.service
        return room, self.stack.contained[service], self._inside(service), self._port(instance or room.instance)

    def _reached(self, instance: str, service: str, by: str) -> str:
        """`host:port` at which one service reaches an instance of another, each wherever it runs."""
        if service in self.stack.contained and by in self.stack.contained:
            return f"{instance}:{self._inside(service).partition('/')[0]}"
        host = "127.0.0.1" if service in self.stack.contained else self.stack.host_for(by)
        return f"{host}:{self._port(instance)}"

    # Elasticsearch and the log pipeline

    def _elasticsearch(self) -> None:
        stack, tools = self.stack, self.stack.toolchain
        access = self._access()
        room = self._room("elasticsearch", "elasticsearch")
        if isinstance(room, ContainerRoom):
            self._elasticsearch_in_container(room, access)
            return
        scratch = stack.workspace.scratch / "elasticsearch"
        port, transport = self._port("elasticsearch"), self._port("elasticsearch-transport")
        homes = (tools.elasticsearch_home, tools.java_home)
        host = stack.host_for("logstash" if "logstash" in stack.contained else "grafana")
        plan = elasticsearch.plan(room, *homes, access, port, transport, scratch, host=host)
        stack.launch(plan)
        self._install()

    def _elasticsearch_in_container(self, room: ContainerRoom, access: elasticsearch_access.Access) -> None:
        """The deployment's own entry point sets it up, and the run looks; a development image has to be given it."""
        development = self.stack.contained[room.service] < Level.CONTAINER
        plan = contained.elasticsearch(*self._in_container(room), access, development)
        instance = self.stack.launch(plan)
        if not development:
            self._look_installed()
            return
        self._install()
        if self.stack.containers:
            self.stack.containers.require_healthy(plan, instance)

    def _kibana(self) -> None:
        """Kibana as deployed. It wants the whole product behind it, so a build of Elasticsearch's core is no store."""
        room = self._room("kibana", "kibana")
        if self.stack.contained.get("elasticsearch", Level.STATIC) < Level.CONTAINER:
            reason = "Kibana refuses an Elasticsearch that is not the official image, and this run has none"
            self.stack.recorder.record("kibana-absent", "kibana", {"reason": reason})
        elif isinstance(room, ContainerRoom):
            self.stack.launch(kibana.plan(*self._in_container(room)))

    def _look_installed(self) -> None:
        """Record whether Elasticsearch has what the deployment's entry point was to put there."""
        auth = self.stack.elasticsearch_auth(elasticsearch_access.SUPERUSER)
        for entry in self._given["elasticsearch"]["install"]:
            answer = requests.get(self.stack.url("elasticsearch") + entry["put"], auth=auth, timeout=30)
            self._installed(entry, answer.status_code, answer.text[:600])

    def _access(self) -> elasticsearch_access.Access:
        """Who may use Elasticsearch: the same for every instance, made once."""
        tools, users = self.stack.toolchain, self._given["elasticsearch"]["users"]
        with self._entering:
            if self.stack.access is None:
                made = elasticsearch_access.prepare(tools.cache, tools.elasticsearch_home, tools.java_home, users)
                self.stack.access = made
            return self.stack.access

    def _world(self) -> None:
        """Start an Elasticsearch of its own on a copy of the 30-day world: the full one if it was built, else small."""
        stack, tools, access = self.stack, self.stack.toolchain, self._access()
        built = self._built_world()
        copy = stack.workspace.scratch / "world"
        Worlds().copy(built, copy)
        scratch = stack.workspace.scratch / WORLD
        port, transport = self._port(WORLD), self._port(f"{WORLD}-transport")
        # A process, whatever the deployment's own Elasticsearch runs as: its data folder lies here. What is proven on
        # it is proven on a process, so the level of the service is that of the weaker of the two.
        space = stack.workspace
        room = Room(self._deployment(), "elasticsearch", WORLD, space.scratch / "rooms" / WORLD, space.volumes / WORLD)
        plan = elasticsearch.plan(
            room,
            tools.elasticsearch_home,
            tools.java_home,
            access,
            port,
            transport,
            scratch,
            copy / "elasticsearch",
        )
        stack.launch(plan)
        stack.launch(self._world_metrics(copy / "prometheus"))
        stack.remember(WORLD_MEMORY, RunningWorld(built, copy, stack.fixtures))

    def _built_world(self) -> BuiltWorld:
        stack = self.stack
        ground = Ground(stack.configuration, stack.fixtures, self._fixtures, stack.toolchain, stack.seed, 0)
        return at_hand(ground, lambda text: stack.progress(f"world: {text}", phase="boot"))

    def _world_metrics(self, blocks: Path) -> Plan:
        binary, scratch = self.stack.toolchain.binary("prometheus"), self.stack.workspace.scratch / WORLD_METRICS
        return prometheus_plan(binary, blocks, self._port(WORLD_METRICS), scratch, WORLD_METRICS)

    def _install(self) -> None:
        """Give the fresh Elasticsearch what the deployment's entrypoint would, and record what it accepted."""
        auth = self.stack.elasticsearch_auth(elasticsearch_access.SUPERUSER)
        for entry in self._given["elasticsearch"]["install"]:
            try:
                body = self._body(entry)
            except (OSError, ValueError) as error:
                self._installed(entry, None, f"cannot be read: {error}")
                continue
            body, left_out = elasticsearch.without_lacking(body)
            if left_out:
                why = "settings of modules that the core distribution lacks"
                diff = "\n".join(f"- {name}" for name in left_out)
                self.stack.overlay.append(OverlayChange(f"{entry['file']} (elasticsearch)", diff, why))
            answer = requests.put(self.stack.url("elasticsearch") + entry["put"], json=body, auth=auth, timeout=30)
            self._installed(entry, answer.status_code, answer.text[:600], left_out)

    def _body(self, entry: Mapping[str, Any]) -> Any:
        if "file" not in entry:
            return {}
        return json.loads((self.stack.configuration.folder / entry["file"]).read_text(encoding="utf-8"))

    def _installed(
        self, entry: Mapping[str, Any], status: int | None, text: str, left_out: Collection[str] = ()
    ) -> None:
        data = {
            "file": entry.get("file", ""),
            "part": entry["part"],
            "status": status,
            "answer": text,
            "left_out": list(left_out),
        }
        self.stack.recorder.record("install", entry["put"], data)

    def _logstash(self) -> None:
        room = self._room("logstash", "logstash")
        known = {
            self._given["listens"]["elasticsearch"]: self._reached("elasticsearch", "elasticsearch", by="logstash")
        }
        if isinstance(room, ContainerRoom):
            beats = {} if "filebeat" in self.stack.contained else {self._inside("logstash"): self._port("logstash")}
            begin = (room, self.stack.contained["logstash"], self._port("logstash-api"), beats)
            here = {self.stack.host_for("logstash"), *self.stack.contained}
            self.stack.launch(contained_logstash.plan(*begin, known, here))
            return
        dead = self._given["logs"]["dead_letter"]
        host = self.stack.host_for("filebeat")
        plan = logstash_service.plan(room, self._port("logstash"), self._port("logstash-api"), known, dead, host)
        self.stack.launch(plan)

    def _filebeat(self) -> None:
        logs = self.stack.log_folder
        room = self._room("filebeat", "filebeat", volumes="logs")
        known = {self._given["listens"]["logstash"]: self._reached("logstash", "logstash", by="filebeat")}
        if isinstance(room, ContainerRoom):
            begin = (room, self.stack.contained["filebeat"], f"{FILEBEAT_PORT}/tcp", self._port("filebeat"))
            here = {self.stack.host_for("filebeat"), *self.stack.contained}
            self.stack.launch(contained.filebeat(*begin, known, {logs.name: logs}, here))
            return
        scratch = self.stack.workspace.scratch / "filebeat"
        plan = filebeat.plan(room, self.stack.toolchain.binary("filebeat"), self._port("filebeat"), known, scratch)
        self.stack.launch(plan)

    # Alerting

    def _sinks(self) -> None:
        sinks: list[Sink] = [self._slack, self._pagerduty, *self._smtp.values()]
        for sink in sinks:
            sink.start()
            self.stack.sinks.append(sink)

    def _node_exporter(self) -> None:
        room = self._room("node-exporter", "node-exporter")
        if isinstance(room, ContainerRoom):
            self.stack.launch(contained.node_exporter(*self._in_container(room)))
            return
        binary = self.stack.toolchain.binary("node_exporter")
        self.stack.launch(node_exporter.plan(room, binary, self._port("node-exporter")))

    def _comparison(self) -> None:
        for name in list(ALERTMANAGERS)[1:]:
            self._alertmanager(name)

    def _alertmanager(self, name: str) -> None:
        lane = {**ALERTMANAGERS, RECEIVERS[0]: RECEIVERS[1]}[name]
        ca_file = self.stack.workspace.scratch / f"{name}-ca.pem"
        ca_file.write_text(self._smtp[lane].ca_pem, encoding="utf-8")
        known = {alertmanager.PAGERDUTY: self._pagerduty.url(lane)}
        room = self._room("alertmanager", name, lane)
        inhibiting, host = name != "alertmanager-plain", self.stack.host_for("alertmanager")
        plan: Plan | ContainerPlan
        if isinstance(room, ContainerRoom):
            begin = self._in_container(room)
            plan = contained.alertmanager(*begin, known, ca_file, {host}, inhibiting=inhibiting)
        else:
            binary, listens = self.stack.toolchain.binary("alertmanager"), self.stack.host_for("prometheus")
            plan = alertmanager.plan(
                room, binary, self._port(name), known, ca_file, inhibiting=inhibiting, host=listens
            )
        self.stack.launch(plan)

    # Lanes: Prometheus under a scenario

    def _lanes(self, names: Collection[str]) -> None:
        alerts = [alert for rules in self.stack.configuration.of(Rules) for alert in rules.alerts]
        world = metrics.read_world(self.stack.fixtures["world"], self.stack.fixtures["catalog"])
        in_parallel({name: ((), partial(self._lane, name, world, alerts)) for name in names}, self.stack.cancel)

    def _lane(self, name: str, world: metrics.World, alerts: list[Alert]) -> None:
        stack = self.stack
        file = self._fixtures / "scenarios" / f"{name}.yml"
        played = scenario.read(name, read_yaml(file), f"fixtures/scenarios/{name}.yml")
        main = name == self._main
        instance = "prometheus" if main else f"prometheus-{name}"
        lane = Lane(instance, played, world, alerts, stack.workspace.scratch / instance, PAST_SECONDS if main else 0.0)
        storm = name == self._given["lanes"]["storm"]
        port = self._port(instance)
        upstreams = {
            "prometheus": f"http://127.0.0.1:{port}/metrics",
            "alertmanager": f"{stack.url('alertmanager')}/metrics",
            "node-exporter": f"http://127.0.0.1:{self._port('node-exporter')}/metrics",
        }
        scraped = {job.name for file in stack.configuration.of(Prometheus) for job in file.jobs}
        jobs = [job for job in self._given["listens"] if job in scraped]
        opened = lane.open_targets(jobs, upstreams, stack.host_for("prometheus"), self._leak())
        stack.on_stop(lane.stop)
        targets = {self._given["listens"][job]: address for job, address in opened.items()}
        receiving = list(ALERTMANAGERS)[1:] if storm else ["alertmanager"]
        reached = [self._reached(receiver, "alertmanager", by="prometheus") for receiver in receiving]
        to = {self._given["listens"]["alertmanager"]: reached}
        room = self._room("prometheus", instance)
        plan: Plan | ContainerPlan
        if isinstance(room, ContainerRoom):
            here = {stack.host_for("prometheus"), *ALERTMANAGERS}
            plan = contained.prometheus(*self._in_container(room), targets, to, here)
        else:
            plan = prometheus.plan(room, stack.toolchain.binary("prometheus"), port, targets, to)
        programs = Programs(stack.toolchain.binary("prometheus"), stack.toolchain.binary("promtool"))
        lane.prepare(room, programs, stack.launcher, port, stack.recorder, self._live_at)
        lane.go_live(lambda plan: stack.launch(plan), plan)
        stack.lanes[name] = lane
        for job, real in list(self._itself.items()):
            lane.shows_itself(job, real)
        self._discovered(lane, instance)

    # Grafana

    def _grafana(self) -> None:
        """Start Grafana, on the Prometheus and the Elasticsearch of this run, each wherever it runs."""
        stack, service = self.stack, contained_grafana.SERVICE
        room = self._room(service, service)
        assert isinstance(room, ContainerRoom)
        sources = [name for name in ("prometheus", "elasticsearch") if name in stack.instances]
        known = {self._given["listens"][name]: self._reached(name, name, by=service) for name in sources}
        if "prometheus" in sources and "prometheus" not in stack.contained:  # Elasticsearch listens there itself
            stack.on_stop(Forward(stack.host_for(service), self._port("prometheus")).stop)
        plan = contained_grafana.plan(*self._in_container(room), known, {stack.host_for(service)})
        stack.remember(contained_grafana.SERVICE, contained_grafana.credentials(plan.environment))
        # Played until it is up: the target of a server that is still booting would be down.
        self._itself[service] = f"{stack.launch(plan).url}/metrics"
        for lane in list(stack.lanes.values()):
            lane.shows_itself(service, self._itself[service])

    def _leak(self) -> Leak | None:
        """What the release under test leaks into labels, as the deployment says."""
        given = self._given.get("leak")
        if not given:
            return None
        labels = tuple((name, str(value)) for name, value in given["labels"].items())
        return Leak(given["job"], frozenset(given["metrics"]), labels)

    def _discovered(self, lane: Lane, instance: str) -> None:
        """Wait until Prometheus knows its Alertmanagers: what fires earlier is sent a minute late (its resend
        delay)."""
        url = f"{self.stack.url(instance)}/api/v1/alertmanagers"

        def known() -> bool:
            self.stack.require_alive()
            return bool(requests.get(url, timeout=5).json()["data"]["activeAlertmanagers"])

        until(known, deadline=DISCOVERY_SECONDS, saying=f"{instance} to discover its Alertmanager")
        storm = lane.scenario.name == self._given["lanes"]["storm"]
        data = {"instance": instance, "live_at": lane.live_at, "wave": not storm}
        self.stack.recorder.record("live", lane.scenario.name, data)
        if storm:
            played = {"fires": sorted(lane.scenario.fires), "muted": sorted(lane.scenario.muted)}
            self.stack.recorder.record("storm", lane.scenario.name, played)
