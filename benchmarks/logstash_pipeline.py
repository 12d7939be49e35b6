"""Events per second of the interpreter on the shipped pipeline, with the generator's mix, on one core.

python benchmarks/logstash_pipeline.py [EVENTS] [ROUNDS] [CONF]

Rates are of processor time, so that another load on the machine does not count. Prints the median of the rounds, their
spread, and the share of each filter.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from harness.generators.log_schedule import Schedule
from harness.generators.logs import LogGenerator
from harness.languages.logstash import Pipeline
from harness.languages.logstash.ast import Arm, Branch, PluginNode, Text
from harness.languages.logstash.event import copied

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {"PHI_FINGERPRINT_KEY": "benchmark", "LOGSTASH_WRITER_PASSWORD": "benchmark"}
BEGINS_MS = 1_795_440_000_000


def events(count: int) -> list[dict[str, Any]]:
    """The generator's lines as Filebeat delivers them, one in a thousand malformed."""
    fixtures = {
        name: yaml.safe_load((PROJECT / "fixtures" / f"{name}.yml").read_text("utf-8")) for name in ("catalog", "logs")
    }
    generator = LogGenerator(7, fixtures["catalog"], fixtures["logs"])
    span = Schedule(BEGINS_MS, BEGINS_MS + count * 2)
    lines = [*generator.lines(count, span), *generator.malformed(max(1, count // 1000), span)]
    return [_shipped(line.kind, line.text, offset) for offset, line in enumerate(lines)]


def _shipped(kind: str, text: str, offset: int) -> dict[str, Any]:
    return {
        "@timestamp": "2026-11-23T14:00:00.000Z",
        "@metadata": {"beat": "filebeat", "type": "_doc", "version": "9.2.0"},
        "message": text,
        "log": {"file": {"path": f"/var/log/caredroid/{kind}.log"}, "offset": offset * 300},
        "input": {"type": "filestream"},
        "agent": {"type": "filebeat", "version": "9.2.0", "name": "a1b2c3", "id": "5f1e", "ephemeral_id": "7c2d"},
        "ecs": {"version": "8.0.0"},
        "host": {"name": "a1b2c3"},
    }


class Shares:
    """Processor time per filter; what is between the filters (conditions) is the rest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.events: dict[str, int] = defaultdict(int)
        self._since = 0.0

    def entered(self, arm: Arm, event: dict[str, Any]) -> None:
        """Branches are not timed."""

    def tried(self, plugin: PluginNode, field: str, expression: int, took: tuple[int, ...] | None) -> None:
        """Expressions are not timed apart."""

    def passed(self, branch: Branch, event: dict[str, Any]) -> None:
        """Branches are not timed."""

    def filtering(self, plugin: PluginNode, event: dict[str, Any]) -> None:
        """A filter begins."""
        self._since = time.perf_counter()

    def filtered(self, plugin: PluginNode, event: dict[str, Any], replaced_by: list[dict[str, Any]] | None) -> None:
        """A filter is done."""
        name = f"{plugin.name} {_id(plugin)}"
        self.seconds[name] += time.perf_counter() - self._since
        self.events[name] += 1


def _id(plugin: PluginNode) -> str:
    given = [one.value.value for one in plugin.attributes if one.name == "id" and isinstance(one.value, Text)]
    return given[0] if given else str(plugin.position)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    conf = Path(sys.argv[3]) if len(sys.argv) > 3 else PROJECT / "config-under-test/config/logstash.conf"
    text, given = conf.read_text("utf-8"), events(count)
    pipeline = Pipeline.from_text(text, str(conf), env=ENVIRONMENT)
    alone = [_rate(pipeline, given, outputs=False) for _ in range(rounds)]
    whole = [_rate(pipeline, given, outputs=True) for _ in range(rounds)]
    for name, rates in (("filters", alone), ("with the outputs' conditions and templates", whole)):
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        print(f"{statistics.median(rates):10,.0f} events/s   {spread:20}   {name}, {len(given)} events × {rounds}")
    _print_shares(text, str(conf), given)


def _rate(pipeline: Pipeline, given: list[dict[str, Any]], *, outputs: bool) -> float:
    batch = [copied(event) for event in given]
    started = time.process_time()
    for event in batch:
        for one in pipeline.process_with_metadata(event):
            if outputs:
                for output in pipeline.outputs_for(one):
                    pipeline.render(output.options["index"], one)
                    pipeline.render(output.options["document_id"], one)
    return len(batch) / (time.process_time() - started)


def _print_shares(text: str, file: str, given: list[dict[str, Any]]) -> None:
    shares = Shares()
    watched = Pipeline.from_text(text, file, env=ENVIRONMENT, observer=shares)
    started = time.perf_counter()
    for event in given:
        watched.process_with_metadata(copied(event))
    whole = time.perf_counter() - started
    print("\nshare of the filters (of the run that is timed, which is slower)")
    for name, seconds in sorted(shares.seconds.items(), key=lambda item: -item[1]):
        each = seconds / shares.events[name] * 1e6
        print(f"{seconds / whole:6.1%}  {each:6.1f} µs × {shares.events[name]:<8} {name}")
    print(f"{1 - sum(shares.seconds.values()) / whole:6.1%}  conditions, copying and the timing itself")


if __name__ == "__main__":
    main()
