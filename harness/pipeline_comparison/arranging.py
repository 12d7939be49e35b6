"""Rearranges pipelines so that Logstash reads them from files, writes what comes out to files, and ends.

The filters stay as they are written, and so do the conditions of the outputs. Around them: a file of events goes in;
each event carries the number of its question in `@metadata`, where a filter that removes fields does not come by; the
metadata is copied into the event at the end, because no codec writes it; each output becomes a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.errors import UnreadableError
from harness.languages.logstash.ast import PluginNode, Text
from harness.languages.logstash.grammar import parse
from harness.languages.logstash.source import id_of, plugins
from harness.pipeline_comparison.material import READ_AT, Group

MARK, OWN, LINE = "harness_question", "__harness", "harness_line"
_VARIABLE = re.compile(r"\$\{([A-Za-z_.][\w.]*)")
_TOKEN = re.compile(r"""(?s)"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\#[^\n]*|[{}]""")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a group's files are, below one folder. Paths are the same in a container."""

    folder: Path
    number: int

    @property
    def id(self) -> str:
        """The id of the pipeline."""
        return f"group-{self.number}"

    @property
    def config(self) -> Path:
        """The rearranged pipeline."""
        return self.folder / f"{self.id}.conf"

    @property
    def events(self) -> Path:
        """What goes in, an event a line."""
        return self.folder / f"{self.id}.in"

    @property
    def done(self) -> Path:
        """Written by Logstash when it has read what goes in."""
        return self.folder / "out" / f"{self.id}.read"

    @property
    def all(self) -> Path:
        """Every event that came out of the filters."""
        return self.folder / "out" / f"{self.id}.all"

    def output(self, number: int) -> Path:
        """What an output got; counted in the order of the configuration, from 0."""
        return self.folder / "out" / f"{self.id}.{number}"


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the pipeline under comparison: what it is called, and its options that depend on the event."""

    name: str
    templates: Mapping[str, str]


def outputs(text: str, file: str) -> list[Output]:
    """The outputs of a pipeline, in the order of the file. Raises UnreadableError."""
    found = []
    for number, node in enumerate(plugins(parse(text, file).body("output"))):
        told = {a.name: a.value.value for a in node.attributes if isinstance(a.value, Text) and "%{" in a.value.value}
        found.append(Output(id_of(node) or f"{node.name} #{number + 1}", told))
    return found


def arrange(groups: Sequence[Group], folder: Path) -> Mapping[str, str]:
    """Write everything that Logstash needs below a folder; returns the environment that it is to run with.

    A group whose pipeline cannot be parsed is left out: there is nothing to rearrange.
    """
    settings = folder / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    environment: dict[str, str] = {}
    entries = []
    for number, group in enumerate(groups):
        places = Places(folder, number)
        try:
            places.config.write_text(_arranged(group, places), encoding="utf-8")
        except UnreadableError:
            continue
        places.events.write_text("".join(line + "\n" for line in _lines(group)), encoding="utf-8")
        environment |= {_renamed(name, number): value for name, value in group.env.items()}
        entries.append(_entry(group, places))
    (settings / "pipelines.yml").write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    return environment


def _entry(group: Group, places: Places) -> dict[str, Any]:
    return {
        "pipeline.id": places.id,
        "path.config": str(places.config),
        "pipeline.workers": 1,
        "pipeline.ordered": True,
        "pipeline.ecs_compatibility": group.ecs_compatibility,
        "queue.type": "memory",
    }


def _lines(group: Group) -> Iterator[str]:
    for number, question in enumerate(group.questions):
        event = {"@timestamp": READ_AT, **question.event}
        event["@metadata"] = {**(event.get("@metadata") or {}), MARK: str(number)}
        yield json.dumps(event, ensure_ascii=False)


def _renamed(name: str, number: int) -> str:
    """A variable under a name of its group's own: one process runs all groups, each with its own values."""
    return f"HARNESS_{number}_{name}"


def _arranged(group: Group, places: Places) -> str:
    kept, sent = [], []
    for kind, text in sections(group.text, group.file):
        if kind == "filter":
            kept.append(text)
        elif kind == "output":
            sent.append(text)
    told = outputs(group.text, group.file)
    replaced = _outputs_replaced("".join(sent), places)
    whole = "".join([_head(places), *kept, _tail(places, told), replaced])
    return _VARIABLE.sub(lambda found: "${" + _renamed(found[1], places.number), whole)


def sections(text: str, file: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each section, with what follows it up to the next one. Raises UnreadableError."""
    starts = _line_starts(text)
    found = [(s.kind, starts[s.position.line - 1] + s.position.column - 1) for s in parse(text, file).sections]
    ends = [start for _, start in found[1:]] + [len(text)]
    for (kind, start), end in zip(found, ends, strict=True):
        yield kind, text[start:end].rstrip() + "\n"


def _outputs_replaced(text: str, places: Places) -> str:
    """The output sections with a file in place of each plugin."""
    if not text:
        return ""
    starts = _line_starts(text)
    nodes: list[PluginNode] = list(plugins(parse(text, "outputs").body("output")))
    made, done = [], 0
    for number, node in enumerate(nodes):
        begins = starts[node.position.line - 1] + node.position.column - 1
        made += [text[done:begins], _file(places.output(number))]
        done = _closed(text, begins)
    return "".join([*made, text[done:]])


def _closed(text: str, begins: int) -> int:
    """Where the braces that open at or after a place are closed; strings and comments hold none that count."""
    depth = 0
    for token in _TOKEN.finditer(text, begins):
        if token.group() == "{":
            depth += 1
        elif token.group() == "}":
            depth -= 1
            if not depth:
                return token.end()
    return len(text)


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _file(path: Path) -> str:
    return f'file {{ path => "{path}" codec => json_lines {{ }} flush_interval => 0 }}'


def _head(places: Places) -> str:
    """Read the file, drop what the input adds, and make the line the event that it describes."""
    return f"""\
input {{
  file {{
    path => "{places.events}"
    mode => "read"
    exit_after_read => true
    sincedb_path => "/dev/null"
    file_completed_action => "log"
    file_completed_log_path => "{places.done}"
    codec => plain {{ charset => "UTF-8" }}
    ecs_compatibility => "disabled"
  }}
}}
filter {{
  mutate {{ rename => {{ "message" => "[@metadata][{LINE}]" }} }}
  mutate {{ remove_field => ["host", "path", "log", "event", "[@metadata][host]", "[@metadata][path]"] }}
  json {{ source => "[@metadata][{LINE}]" ecs_compatibility => "disabled" }}
  mutate {{ remove_field => ["[@metadata][{LINE}]"] }}
}}
"""


def _tail(places: Places, told: Sequence[Output]) -> str:
    """Copy what no codec writes into the event, and write every event."""
    rendered = [
        f'  mutate {{ add_field => {{ "[{OWN}][outputs][{number}][{name}]" => {_quoted(template)} }} }}\n'
        for number, output in enumerate(told)
        for name, template in output.templates.items()
        if _quoted(template)
    ]
    copy = f'  mutate {{ copy => {{ "[@metadata]" => "[{OWN}][metadata]" }} }}\n'
    return "".join(["filter {\n", copy, *rendered, "}\noutput { ", _file(places.all), " }\n"])


def _quoted(template: str) -> str:
    """A template as a string of the configuration language; empty when it holds both kinds of quotes."""
    return next((f"{quote}{template}{quote}" for quote in "\"'" if quote not in template), "")
