"""What became of each event: asked of the interpreter, and read from the files that a rearranged pipeline left."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UnreadableError, UnsupportedError
from harness.languages.logstash.event import copied
from harness.languages.logstash.pipeline import EventRefusedError, Pipeline
from harness.languages.logstash.sprintf import json_text
from harness.pipeline_comparison.arranging import MARK, OWN, Output, Places, outputs
from harness.pipeline_comparison.material import READ_AT, Group


@dataclass(frozen=True, slots=True)
class Came:
    """An event that came out: its fields, its metadata, and the outputs it went to with their rendered options."""

    fields: Mapping[str, Any]
    metadata: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, str]]

    def as_data(self) -> dict[str, Any]:
        """All of it as one value, to be compared."""
        return {**self.fields, "@metadata": dict(self.metadata), "(outputs)": dict(self.outputs)}


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the questions of a group, in their order.

    `refused` says why the pipeline was not run at all: it is not valid. `unknown` says why nobody can tell.
    """

    events: tuple[tuple[Came, ...], ...] = ()
    refused: str = ""
    unknown: str = ""


def interpreted(group: Group, later_seconds: float = 0.0) -> Answers:
    """What the interpreter makes of the pipeline as it is written, were it so much later than it is."""
    try:
        pipeline = Pipeline.from_text(
            group.text,
            group.file,
            env=group.env,
            ecs_compatibility=group.ecs_compatibility,
            clock=lambda: time.time() + later_seconds,
        )
        named = outputs(group.text, group.file)
    except UnsupportedError as error:
        return Answers(unknown=f"the interpreter does not run it: {error.message}")
    except UnreadableError as error:
        return Answers(refused=error.message)
    return Answers(tuple(tuple(_played(pipeline, named, question.event)) for question in group.questions))


def _played(pipeline: Pipeline, named: Sequence[Output], event: Mapping[str, Any]) -> Iterator[Came]:
    whole = copied({"@timestamp": READ_AT, **event})
    whole["@metadata"] = {**(whole.get("@metadata") or {}), MARK: "0"}
    try:
        found = pipeline.process_with_metadata(whole)
        sent = [pipeline.outputs_for(one) for one in found]
    except EventRefusedError:
        return  # Logstash drops such an event
    numbers = {plugin.position: number for number, plugin in enumerate(pipeline.outputs)}
    for one, to in zip(found, sent, strict=True):
        reached = {}
        for plugin in to:
            output = named[numbers[plugin.position]]
            rendered = {name: str(plugin.options[name]) for name in output.templates if name in plugin.options}
            reached[output.name] = {name: pipeline.render(text, one) for name, text in rendered.items()}
        plain = json.loads(json_text(one))
        yield _came(plain, plain.pop("@metadata", {}), reached)


def written(group: Group, places: Places) -> Answers:
    """What a rearranged pipeline left; `refused` when it did not read its events, while others did."""
    try:
        named = outputs(group.text, group.file)
    except UnreadableError as error:
        return Answers(unknown=f"it cannot be rearranged, because it cannot be parsed: {error.message}")
    if not places.done.exists():
        return Answers(refused="Logstash did not run this pipeline")
    reached = [Counter(_key(one) for one in _records(places.output(number))) for number in range(len(named))]
    found: list[list[Came]] = [[] for _ in group.questions]
    for record in _records(places.all):
        own = record.get(OWN)
        metadata = dict(own["metadata"]) if isinstance(own, dict) and isinstance(own.get("metadata"), dict) else {}
        mark = str(metadata.get(MARK, ""))
        if not mark.isdigit() or int(mark) >= len(found):
            return Answers(
                unknown="an event came out without the number of its question: the pipeline removes @metadata"
            )
        rendered = own.get("outputs", {}) if isinstance(own, dict) else {}
        key = _key(record)
        to = {
            output.name: dict(rendered.get(str(number), {}))
            for number, output in enumerate(named)
            if reached[number][key] > 0
        }
        fields = {name: value for name, value in record.items() if name != OWN}
        found[int(mark)].append(_came(fields, metadata, to))
    return Answers(tuple(map(tuple, found)))


def _came(fields: Mapping[str, Any], metadata: Mapping[str, Any], to: Mapping[str, Mapping[str, str]]) -> Came:
    """Without what says nothing: the version every event has, and the number that it was given."""
    plain = {name: value for name, value in fields.items() if (name, value) != ("@version", "1")}
    return Came(plain, {name: value for name, value in metadata.items() if name != MARK}, to)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a file; a file that was never opened holds none."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    yield json.loads(line)


def _key(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)
