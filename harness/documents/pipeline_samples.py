"""What a Logstash pipeline makes of the sample lines (`fixtures/samples.yml`), told without any server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.documents.logstash import Logstash

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Processed:
    """A sample line as the backend wrote it, and the events that came out at the other end."""

    line: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]

    @property
    def kind(self) -> str:
        """The line's kind."""
        return str(self.line.get("kind", ""))

    def holds(self, field: str) -> bool:
        """Whether some event has the field, given with dots."""
        return any(_get(event, field) is not None for event in self.events)


def processed(logstash: Logstash, fixtures: Mapping[str, Any]) -> Iterator[Processed]:
    """Every sample line through the pipeline's filters. Raises UnreadableError where the pipeline cannot be run."""
    from harness.languages.logstash import Pipeline

    samples = fixtures.get("samples") or {}
    lines = samples.get("lines") or ()
    if not lines or "filter" not in logstash.text:
        return
    variables = {name: default or "placeholder-for-a-check" for name, default in _VARIABLE.findall(logstash.text)}
    pipeline = Pipeline.from_text(logstash.text, logstash.file, env=variables)
    for line in lines:
        event = {**json.loads(json.dumps(samples.get("shipped") or {})), "message": json.dumps(line)}
        event["@timestamp"] = line.get("timestamp")
        yield Processed(line, tuple(pipeline.process(event)))


def _get(event: Mapping[str, Any], field: str) -> Any:
    if field in event:
        return event[field]
    value: Any = event
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
