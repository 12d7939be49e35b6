"""Plays rearranged pipelines by the interpreter, as Logstash would: from the files that go in to those it writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.errors import UnreadableError
from harness.languages.logstash.event import Event
from harness.languages.logstash.pipeline import EventRefusedError, Pipeline
from harness.languages.logstash.sprintf import json_text
from harness.pipeline_comparison.arranging import Places, sections

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""What is done to an event before it is written; a test seeds differences with it."""


def rehearse(folder: Path, environment: Mapping[str, str], change: Change = lambda event: event) -> None:
    """Play every pipeline of `settings/pipelines.yml` below a folder; one that is not valid leaves nothing."""
    for entry in yaml.safe_load((folder / "settings" / "pipelines.yml").read_text(encoding="utf-8")) or ():
        places = Places(folder, int(entry["pipeline.id"].rpartition("-")[2]))
        text = places.config.read_text(encoding="utf-8")
        try:
            pipeline = Pipeline.from_text(
                # The interpreter has no file input; what that one adds to an event is added below.
                "".join(section for kind, section in sections(text, str(places.config)) if kind != "input"),
                str(places.config),
                env=environment,
                ecs_compatibility=entry["pipeline.ecs_compatibility"],
                clock=time.time,
            )
        except UnreadableError:
            continue
        _play(pipeline, places.events, change)
        places.done.write_text(f"{places.events}\n", encoding="utf-8")


def _play(pipeline: Pipeline, events: Path, change: Change) -> None:
    for line in events.read_text(encoding="utf-8").split("\n"):
        if line:
            # What the file input adds to an event, without ECS compatibility.
            added = {"path": str(events), "host": "rehearsal"}
            event: Event = {**added, "message": line, "@metadata": dict(added)}
            try:
                for one in pipeline.process_with_metadata(event):
                    sent = pipeline.outputs_for(one)
                    _write(one, [Path(str(plugin.options["path"])) for plugin in sent], change)
            except EventRefusedError:
                continue


def _write(event: Event, to: list[Path], change: Change) -> None:
    plain = json.loads(json_text(event))
    plain.pop("@metadata", None)
    text = json_text(change(plain)) + "\n"
    for path in to:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
