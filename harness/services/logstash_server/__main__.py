"""The command line of the stand-in: reads its arguments, runs it until SIGTERM, and fails with one clear message."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError, UnreadableError
from harness.model import Position
from harness.services.logstash_server.journal import Journal
from harness.services.logstash_server.server import LogstashServer, Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stand-in; returns the exit code: 0 stopped, 2 a configuration it cannot run, 3 a port it cannot have."""
    try:
        settings = _settings(_parser().parse_args(arguments))
        server = LogstashServer(settings, Journal())
        asyncio.run(_run(server))
    except HarnessError as error:
        sys.stderr.write(f"harness: {error}\n")
        return error.exit_code
    return 0


async def _run(server: LogstashServer) -> None:
    # Events are trees without cycles; what was compiled stays. Looking for garbage among them costs a tenth.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.run(stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logstash_server", description="A stand-in for Logstash.")
    parser.add_argument("--config", type=Path, required=True, help="the pipeline's configuration, run as it is")
    parser.add_argument(
        "--env-file", type=Path, action="append", default=[], help="NAME=value lines, added to the environment"
    )
    parser.add_argument(
        "--listen", type=_address, action="append", default=[], help="HOST:PORT in place of the beats input's own"
    )
    parser.add_argument("--monitor", type=_address, default=("127.0.0.1", 9600), help="HOST:PORT of the monitoring API")
    parser.add_argument("--dead-letter-index", default="dead-letter", help="where rejected documents go")
    parser.add_argument(
        "--ecs-compatibility", choices=("disabled", "v1", "v8"), default="v8", help="the pipeline's setting"
    )
    parser.add_argument("--batch-events", type=_positive, default=1000, help="events filtered and stored together")
    parser.add_argument("--in-flight-events", type=_positive, default=8000, help="events under way at once, at most")
    parser.add_argument("--bulk-requests", type=_positive, default=2, help="bulk requests at once, per output")
    parser.add_argument("--name", default="logstash-stand-in", help="the node's name in the monitoring API")
    parser.add_argument("--trail", type=Path, metavar="FILE", help="where to write which lines came and were settled")
    parser.add_argument("--trail-id", metavar="REGEX", default=r"[0-9a-f]{8}-\d{9}", help="what their ids look like")
    return parser


def _settings(given: argparse.Namespace) -> Settings:
    environment = dict(os.environ)
    for file in given.env_file:
        environment |= _environment(file)
    return Settings(
        config=given.config,
        environment=environment,
        listen=tuple(given.listen),
        monitor=given.monitor,
        dead_letter_index=given.dead_letter_index,
        ecs_compatibility=given.ecs_compatibility,
        batch_events=given.batch_events,
        in_flight_events=given.in_flight_events,
        bulk_requests=given.bulk_requests,
        name=given.name,
        trail=given.trail,
        trail_id=given.trail_id,
    )


def _environment(file: Path) -> dict[str, str]:
    """NAME=value lines; empty ones and comments are passed over, quotes around a value are taken away."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot read the environment file: {error}", at=Position(str(file))) from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UnreadableError("expected NAME=value", at=Position(str(file), number))
        value = value.strip()
        quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
        found[name.strip()] = value[1:-1] if quoted else value
    return found


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"`{text}` is no HOST:PORT")
    return host.strip("[]") or "0.0.0.0", int(port)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
