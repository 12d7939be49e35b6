"""Puts the stand-in together: the pipeline, its outputs, its inputs and the monitoring API, from start to stop."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import HarnessError, UnreadableError, UnsupportedError, UsageError
from harness.languages.logstash import Pipeline, Plugin
from harness.model import Position
from harness.services.logstash_server import elasticsearch_options
from harness.services.logstash_server.beats_server import BeatsServer
from harness.services.logstash_server.budget import Budget
from harness.services.logstash_server.console_output import NullOutput, StdoutOutput
from harness.services.logstash_server.counters import Counters, OutputCounters
from harness.services.logstash_server.documents import Document
from harness.services.logstash_server.elasticsearch_output import ElasticsearchOutput
from harness.services.logstash_server.engine import Engine, Output
from harness.services.logstash_server.journal import Journal
from harness.services.logstash_server.monitoring import MonitoringServer
from harness.services.logstash_server.trail import Trail

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says. `listen` takes the place of the addresses of the beats inputs, in their order."""

    config: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    listen: tuple[Address, ...] = ()
    monitor: Address = ("127.0.0.1", 9600)
    dead_letter_index: str = "dead-letter"
    ecs_compatibility: str = "v8"
    batch_events: int = 1000
    in_flight_events: int = 8000
    bulk_requests: int = 2
    grace_seconds: float = 3.0
    name: str = "logstash-stand-in"
    trail: Path | None = None
    trail_id: str = ""


class LogstashServer:
    """The stand-in, checked and ready to be started. Raises HarnessError for what it cannot run."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings, self._journal = settings, journal
        self.counters = Counters()
        self._pipeline = _pipeline(settings)
        self._outputs: dict[int, Output] = {id(plugin): self._output(plugin) for plugin in self._pipeline.outputs}
        trail = Trail(settings.trail, settings.trail_id) if settings.trail else None
        self.engine = Engine(self._pipeline, self._outputs, self.counters, journal, trail)
        budget = Budget(settings.in_flight_events)
        self.inputs = [(self._beats(plugin, self.engine, budget), plugin) for plugin in self._pipeline.inputs]
        if settings.listen and len(settings.listen) != len(self.inputs):
            raise UsageError(f"{len(settings.listen)} --listen for {len(self.inputs)} inputs")
        shown = {"id": str(uuid.uuid4()), "name": settings.name, "batch_events": settings.batch_events}
        self.monitoring = MonitoringServer(self._listening, self.counters.shown, shown)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop. Raises HarnessError when a port cannot be had."""
        try:
            await self._listen(self.monitoring, self._settings.monitor, "The monitoring API answers")
            for number, (server, plugin) in enumerate(self.inputs):
                own = str(plugin.options["host"]), int(plugin.options["port"])
                listen = self._settings.listen[number] if self._settings.listen else own
                await self._listen(server, listen, "Beats can connect")
            await stop.wait()
        finally:
            await self._stop()

    async def _stop(self) -> None:
        self._journal.info("Stopping: nothing new is taken", in_flight=self.counters.in_flight)
        await asyncio.gather(*(server.stop(self._settings.grace_seconds) for server, _ in self.inputs))
        for output in self._outputs.values():
            if isinstance(output, ElasticsearchOutput):
                output.close()
        self.monitoring.stop()
        self._journal.info("Stopped", **self.counters.shown()["stand_in"], events_in=self.counters.events_in)

    async def _listen(self, server: BeatsServer | MonitoringServer, address: Address, saying: str) -> None:
        try:
            await server.start(*address)
        except OSError as error:
            raise HarnessError(f"cannot listen on {address[0]}:{address[1]}: {error.strerror or error}") from error
        self._journal.info(saying, address="{}:{}".format(*server.address))

    def _listening(self) -> bool:
        return all(server.listening for server, _ in self.inputs)

    def _beats(self, plugin: Plugin, engine: Engine, budget: Budget) -> BeatsServer:
        if plugin.name != "beats":
            raise UnsupportedError(
                f'input plugin "{plugin.name}" is not supported by the Logstash stand-in',
                at=plugin.position,
                hint="It runs the beats input.",
            )
        ecs, batch = self._settings.ecs_compatibility != "disabled", self._settings.batch_events
        return BeatsServer(plugin, engine, budget, self.counters, self._journal, ecs=ecs, batch_events=batch)

    def _output(self, plugin: Plugin) -> Output:
        counters = OutputCounters(plugin.name, str(plugin.options.get("id") or f"{plugin.name}:{plugin.position.line}"))
        self.counters.outputs.append(counters)
        if plugin.name in ("null", "sink"):
            return NullOutput(counters)
        if plugin.name == "stdout":
            return StdoutOutput(plugin, counters)
        if plugin.name != "elasticsearch":
            raise UnsupportedError(
                f'output plugin "{plugin.name}" is not supported by the Logstash stand-in',
                at=plugin.position,
                hint="It runs elasticsearch, stdout, null and sink.",
            )
        return ElasticsearchOutput(
            elasticsearch_options.target(plugin),
            self._settings.dead_letter_index,
            counters,
            self._journal,
            on_lost=self._lost,
            concurrent_requests=self._settings.bulk_requests,
        )

    def _lost(self, document: Document, reason: str) -> None:
        self.counters.lost += 1
        original = document.stands_for or document
        said = "A document is lost: Elasticsearch rejects it and its dead letter"
        self._journal.error(said, index=original.index, id=original.id, reason=reason)


def _pipeline(settings: Settings) -> Pipeline:
    file = str(settings.config)
    try:
        text = settings.config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot read the configuration: {error}", at=Position(file)) from error
    pipeline = Pipeline.from_text(text, file, env=settings.environment, ecs_compatibility=settings.ecs_compatibility)
    if not pipeline.inputs:
        raise UnreadableError("the configuration has no input", at=Position(file))
    return pipeline
