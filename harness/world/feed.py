"""One of the processes that put the world's lines through the pipeline under test into Elasticsearch.

It runs the Logstash stand-in less its network: the same engine and the same output, which return when every document is
stored. A day is written only once it is open, when the index of the day before has been rolled over.

    python -m harness.world.feed REQUEST.json NUMBER
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from harness import wait
from harness.errors import HarnessError, StackError
from harness.generators.logs import Line
from harness.generators.story.draw import Story
from harness.services.logstash_server.beats_event import EventMaker, Peer
from harness.services.logstash_server.journal import Journal
from harness.services.logstash_server.server import LogstashServer, Settings
from harness.settings import read_fixtures
from harness.world.gate import Gate

BATCH = 1000
BATCHES_UNDER_WAY = 3
DAY_SECONDS = 1800.0


def main(arguments: list[str]) -> int:
    """Write this process's part of every day; the last line printed is what became of it, as JSON."""
    request, number = orjson.loads(Path(arguments[0]).read_bytes()), int(arguments[1])
    try:
        counted = asyncio.run(_feed(request, number))
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(orjson.dumps(counted).decode() + "\n")
    return 0


async def _feed(request: dict[str, Any], number: int) -> dict[str, Any]:
    story = Story.of(read_fixtures(Path(request["fixtures"])), request["seed"], request["scale"])
    settings = Settings(
        config=Path(request["pipeline"]),
        environment=request["environment"],
        dead_letter_index=request["dead_letter"],
        bulk_requests=BATCHES_UNDER_WAY,
    )
    server = LogstashServer(settings, Journal())
    _, beats = server.inputs[0]
    decode = EventMaker(beats, settings.ecs_compatibility != "disabled").decoder(Peer("127.0.0.1"))
    gate, parent = Gate(Path(request["gate"])), os.getppid()
    lines = 0

    def open_(day: int) -> bool:
        if os.getppid() != parent:
            raise StackError("whoever builds the world is gone")
        return gate.day >= day

    for day in range(story.plan.days):
        batches = [*_batches(story, day, number, request["processes"], request["folder"])]
        wait.until(lambda day=day: open_(day), deadline=DAY_SECONDS, saying=f"day {day} to be open", every=0.01)  # type: ignore[misc]
        under_way: set[asyncio.Task[None]] = set()
        for batch in batches:
            under_way.add(asyncio.create_task(server.engine.settle(batch, decode)))
            if len(under_way) == BATCHES_UNDER_WAY:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            lines += len(batch)
        await asyncio.gather(*under_way)
        gate.done(number, day)
    shown = server.counters.shown()
    return {"lines": lines, "dead_letters": shown["dead_letter_queue"]["dead_letters"], **shown["stand_in"]}


def _batches(story: Story, day: int, number: int, processes: int, folder: str) -> Iterator[list[bytes]]:
    drawn = story.day(day)
    count = len(drawn.parts)
    first, last = count * number // processes, count * (number + 1) // processes
    for begin in range(first, last, BATCH):
        lines = story.lines(day, drawn, begin, min(begin + BATCH, last))
        yield [_shipped(line, folder, begin + place) for place, line in enumerate(lines)]


def _shipped(line: Line, folder: str, offset: int) -> bytes:
    """The line as Filebeat ships it; its own time is the read time, which the pipeline replaces."""
    return orjson.dumps(
        {
            "@timestamp": "2025-01-01T00:00:00.000Z",
            "@metadata": {"beat": "filebeat", "type": "_doc", "version": "7.17.29"},
            "log": {"offset": offset, "file": {"path": f"{folder}/{line.kind}.log"}},
            "input": {"type": "filestream"},
            "agent": {"type": "filebeat", "version": "7.17.29", "hostname": "world", "name": "world"},
            "ecs": {"version": "1.12.0"},
            "host": {"name": "world"},
            "message": line.text,
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
