"""What is compared: events with the place they come from, grouped by the pipeline that they go through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from harness.errors import UnreadableError, UsageError
from harness.generators.log_schedule import Schedule
from harness.generators.logs import Line, LogGenerator
from harness.languages.logstash.cases.document import CaseFile, load
from harness.languages.logstash.cases.values import NodeError, value_of
from harness.model import Position

READ_AT = "2026-01-01T00:00:00.000Z"
"""The time of an event that brings none: both sides must take the same for now."""

_UNTIL = 1_767_225_600.0
_REQUIRED = re.compile(r"\$\{([A-Za-z_.][\w.]*)\}")


@dataclass(frozen=True, slots=True)
class Question:
    """One event that goes in. `name` is the case it belongs to."""

    name: str
    at: Position
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """A pipeline, and what goes into it. `env` resolves `${NAME}`."""

    text: str
    file: str
    questions: tuple[Question, ...]
    env: Mapping[str, str]
    ecs_compatibility: str = "disabled"


def read(paths: Sequence[Path]) -> list[Group]:
    """The cases of files: what `harness logstash test` runs, a list of filters (`.yaml`), or specs (`.ndjson`).

    Raises UnreadableError for a file that is none of them.
    """
    return [group for path in paths for group in _read(path)]


def generated(text: str, file: str, fixtures: Mapping[str, Any], seed: int, count: int) -> Group:
    """Lines as the backend writes them and Filebeat ships them, for a pipeline; a dozen of them are broken."""
    generator = LogGenerator(seed, fixtures["catalog"], fixtures["logs"])
    schedule = Schedule.last(86_400.0, _UNTIL)
    lines = [*list(generator.lines(count, schedule))[:count], *generator.malformed(min(12, count), schedule)]
    folder = str(fixtures["deployment"]["logs"]["folder"])
    env = {name: f"made-up-{name}-0123456789abcdef" for name in _REQUIRED.findall(text)}
    asked = tuple(
        Question(
            f"line {number} of seed {seed}",
            Position(f"generated ({line.kind})", number),
            _shipped(line, folder, number),
        )
        for number, line in enumerate(lines, start=1)
    )
    return Group(text, file, asked, env)


def _shipped(line: Line, folder: str, offset: int) -> dict[str, Any]:
    """The line as Filebeat ships it."""
    return {
        "@timestamp": READ_AT,
        "@metadata": {"beat": "filebeat", "type": "_doc", "version": "9.2.0"},
        "log": {"offset": offset, "file": {"path": f"{folder}/{line.kind}.log"}},
        "input": {"type": "filestream"},
        "agent": {"type": "filebeat", "version": "9.2.0"},
        "ecs": {"version": "8.0.0"},
        "host": {"name": "node-1"},
        "message": line.text,
    }


def _read(path: Path) -> list[Group]:
    if path.suffix == ".ndjson":
        return list(_specs(path))
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        root = None  # `load` says what is wrong with it
    if isinstance(root, yaml.SequenceNode):
        return [_filter(path, node) for node in root.value]
    return _grouped(load(path))


def _grouped(cases: CaseFile) -> list[Group]:
    """One group for each environment."""
    try:
        text = cases.pipeline.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"the pipeline cannot be read: {error}", at=cases.pipeline_at) from error
    found: dict[tuple[tuple[str, str], ...], list[Question]] = {}
    for case in cases.cases:
        for number, event in enumerate(case.inputs, start=1):
            name = case.name if len(case.inputs) == 1 else f"{case.name} ({number})"
            found.setdefault(tuple(sorted(case.env.items())), []).append(Question(name, case.position, event))
    return [
        Group(text, str(cases.pipeline), tuple(asked), dict(env), cases.ecs_compatibility)
        for env, asked in found.items()
    ]


def _filter(path: Path, node: yaml.Node) -> Group:
    """`{filter: …, event: …}`: one filter and one event."""
    at = Position(str(path), node.start_mark.line + 1, node.start_mark.column + 1)
    try:
        value = value_of(node)
    except NodeError as error:
        raise UnreadableError(str(error), at=at, hint=error.hint) from error
    if not isinstance(value, dict) or not isinstance(value.get("filter"), str) or "event" not in value:
        raise UnreadableError("a filter with an event is expected: {filter: …, event: …}", at=at)
    return _single(f"filter {{ {value['filter']} }}", value["filter"][:60], at, [value["event"]])


def _specs(path: Path) -> Iterator[Group]:
    """`{"id": …, "config": …, "input": …}` a line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UnreadableError(f"the cases cannot be read: {error}", at=Position(str(path))) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        at = Position(str(path), number)
        try:
            spec = orjson.loads(line)
            given = spec["input"] if isinstance(spec["input"], list) else [spec["input"]]
            yield _single(str(spec["config"]), str(spec["id"]), at, given)
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableError(f"no case of a specification: {error!r}", at=at) from error


def _single(text: str, name: str, at: Position, events: Iterable[Any]) -> Group:
    given = [{"message": one} if isinstance(one, str) else one for one in events]
    if not all(isinstance(one, dict) for one in given):
        raise UnreadableError("an event or a raw line is expected", at=at)
    return Group(text, str(at), tuple(Question(name, at, one) for one in given), {})


def require_something(groups: Sequence[Group]) -> None:
    """Raise UsageError when there is nothing to compare."""
    if not any(group.questions for group in groups):
        raise UsageError("there is nothing to compare", hint="Name files of cases, or ask for --lines N.")
