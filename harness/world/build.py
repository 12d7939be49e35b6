"""Builds a world: lines through the pipeline into Elasticsearch, day by day, and beside it the metrics' block."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness import wait
from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.env import Env
from harness.errors import StackError, UnreadableError
from harness.generators.story.plan import DAY_MS, Plan
from harness.launchers.ledger import Ledger, state_folder
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import Position
from harness.services import elasticsearch, elasticsearch_access
from harness.services import logstash as logstash_service
from harness.services.room import Deployment, Room
from harness.toolchain import Toolchain
from harness.world.gate import Gate
from harness.world.indices import LogIndices, Policy
from harness.world.space import require_space

DAY_SECONDS = 600.0
PROGRAM_SECONDS = 7200.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a world is built on."""

    configuration: Configuration
    fixtures: Mapping[str, Any]
    fixtures_folder: Path
    toolchain: Toolchain
    seed: int
    scale: int

    @property
    def given(self) -> Mapping[str, Any]:
        """What Elasticsearch is given, and who may use it."""
        deployment: Mapping[str, Any] = self.fixtures["deployment"]
        return deployment

    def access(self) -> elasticsearch_access.Access:
        """The users of this machine's Elasticsearch."""
        tools = self.toolchain
        users = self.given["elasticsearch"]["users"]
        return elasticsearch_access.prepare(tools.cache, tools.elasticsearch_home, tools.java_home, users)

    def deployment(self) -> Deployment:
        """The compose file with variables that are the same for the same seed."""
        found = self.configuration.of(Compose)
        if not found:
            raise UnreadableError("the configuration has no compose file", at=Position("docker-compose.yml"))
        access = self.access()
        example = {name: value for file in self.configuration.of(Env) for name, value in file.values.items()}
        filled = {n: self._filled(n, str(v), access) for n, v in {**example, **self.given["variables"]}.items()}
        return Deployment(self.configuration.folder, found[0], filled)

    def _filled(self, name: str, text: str, access: elasticsearch_access.Access) -> str:
        word, _, argument = text.strip("{}").partition(":") if text.startswith("{") else ("", "", "")
        if word == "password":
            return access.auth(argument)[1]
        # A key that pseudonymises must be the same in every world of a seed, or no two would be alike.
        return text if text and not word else hashlib.sha256(f"{self.seed}/{name}".encode()).hexdigest()[:32]


@dataclass
class Builder:
    """One building site: `tree` becomes the world, `scratch` is thrown away."""

    ground: Ground
    tree: Path
    scratch: Path
    tell: Tell

    def build(self) -> dict[str, Any]:
        """Build; what came of it: lines, documents, dead letters, bytes and seconds. Raises StackError."""
        began = time.monotonic()
        require_space(self.tree, self.ground.scale)
        ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
        self.launcher = ProcessLauncher(self.scratch / "logs", ledger)
        try:
            with ThreadPoolExecutor(3 + self.processes) as pool:
                metrics = pool.submit(self._metrics)
                try:
                    about = self._logs(pool, ports)
                    metrics.result()
                except BaseException:
                    # Whatever still waits for its turn would be waited for.
                    self.launcher.cancel()
                    ledger.close()
                    raise
        finally:
            ledger.close()
            ports.release()
        return {**about, "seconds": round(time.monotonic() - began, 1)}

    @property
    def processes(self) -> int:
        """How many feed: one for each core, Elasticsearch being quicker than the pipeline."""
        return max(2, os.cpu_count() or 2)

    def _metrics(self) -> None:
        blocks = self.tree / "prometheus"
        blocks.mkdir()
        program = str(self.ground.toolchain.binary("blockwriter"))
        file = self._request("blocks", {"blockwriter": program, "blocks": str(blocks)})
        self.launcher.run((sys.executable, "-m", "harness.world.blocks", str(file)), PROGRAM_SECONDS)
        self.tell("metrics written")

    def _request(self, name: str, more: Mapping[str, Any]) -> Path:
        ground = self.ground
        common = {"fixtures": str(ground.fixtures_folder), "seed": ground.seed, "scale": ground.scale}
        file = self.scratch / f"{name}.json"
        file.touch(mode=0o600)  # it holds passwords
        file.write_bytes(orjson.dumps({**common, **more}))
        return file

    def _logs(self, pool: ThreadPoolExecutor, ports: PortLeases) -> dict[str, Any]:
        ground, given = self.ground, self.ground.given
        deployment, access, tools = ground.deployment(), ground.access(), ground.toolchain
        port = ports.lease()
        gate = Gate(self.scratch / "gate")
        gate.folder.mkdir()
        feeding = self._feed(pool, deployment, port, gate)
        room = Room(deployment, "elasticsearch", "world", self.scratch / "room", self.scratch / "volumes")
        data = self.tree / "elasticsearch"
        data.mkdir()
        plan = elasticsearch.plan(
            room, tools.elasticsearch_home, tools.java_home, access, port, ports.lease(), self.scratch / "es", data
        )
        instance = self.launcher.launch(plan)
        self.tell(f"Elasticsearch up after {instance.boot_seconds:.1f} s")
        try:
            policy = Policy.read(ground.configuration.folder, given["elasticsearch"]["install"])
            superuser = access.auth(elasticsearch_access.SUPERUSER)
            return self._filled(LogIndices(instance.url, superuser, given["logs"]["alias"], policy), gate, feeding)
        finally:
            instance.stop()

    def _filled(self, indices: LogIndices, gate: Gate, feeding: list[Future[str]]) -> dict[str, Any]:
        """Fill a fresh Elasticsearch, and count."""
        ground = self.ground
        story = Plan.read(ground.fixtures["story"], ground.fixtures["logs"].get("rhythm") or ())
        indices.install(ground.configuration.folder, ground.given["elasticsearch"]["install"])
        rolled = self._days(indices, story, gate, feeding)
        counted = [orjson.loads(fed.result().splitlines()[-1]) for fed in feeding]
        self.tell("everything stored")
        self._rest(indices, story)
        self.tell("old indices merged")
        total = {name: sum(one[name] for one in counted) for name in counted[0]}
        return {**total, "rolled_over": rolled, "indices": indices.sizes()}

    def _feed(self, pool: ThreadPoolExecutor, deployment: Deployment, port: int, gate: Gate) -> list[Future[str]]:
        given = self.ground.given
        room = Room(deployment, "logstash", "logstash", self.scratch / "logstash", self.scratch / "volumes")
        config = logstash_service.prepared(room, {given["listens"]["elasticsearch"]: f"127.0.0.1:{port}"})
        request = self._request(
            "feed",
            {
                "pipeline": str(config),
                "environment": room.environment(),
                "dead_letter": given["logs"]["dead_letter"],
                "gate": str(gate.folder),
                "processes": self.processes,
                "folder": given["logs"]["folder"],
            },
        )
        command = (sys.executable, "-m", "harness.world.feed", str(request))
        return [
            pool.submit(self.launcher.run, (*command, str(number)), PROGRAM_SECONDS) for number in range(self.processes)
        ]

    def _days(self, indices: LogIndices, story: Plan, gate: Gate, feeding: list[Future[str]]) -> int:
        """Open the days one after the other; each ends as the policy says of a write index that is a day old."""
        rolled = 0
        for day in range(story.days):
            gate.open(day)
            self._day_done(day, gate, feeding)
            # The index of the world's last day is left to be written to.
            if day < story.days - 1:
                indices.roll_over()
                rolled += 1
            self.tell(f"day {day + 1} of {story.days} stored")
        return rolled

    def _day_done(self, day: int, gate: Gate, feeding: list[Future[str]]) -> None:
        def over() -> bool:
            for fed in feeding:
                if fed.done() and fed.exception():
                    raise fed.exception() or StackError("a process that feeds ended")
            require_space(self.tree)
            return all(gate.finished(number) >= day for number in range(self.processes))

        wait.until(over, deadline=DAY_SECONDS, saying=f"day {day + 1} of the world to be stored", every=0.02)

    def _rest(self, indices: LogIndices, story: Plan) -> None:
        """Put to rest what the policy would have by now: an index counts its age from its rollover."""
        names = indices.names()
        rested = [
            name
            for number, name in enumerate(names[:-1])
            if story.ends_ms - (story.begins_ms + (number + 1) * DAY_MS) >= indices.policy.rest_after_seconds * 1000
        ]
        indices.put_to_rest(rested)
        indices.flush()
