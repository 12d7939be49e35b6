"""Filebeat's configuration: which files it reads, and where it sends them."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.positions import View
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Input:
    """An input; `paths` are its globs with where they stand."""

    kind: str
    id: str
    enabled: bool
    paths: tuple[tuple[str, Position], ...]
    view: View = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Output:
    """An output: logstash, elasticsearch, …, and its hosts."""

    kind: str
    hosts: tuple[tuple[str, Position], ...]
    view: View = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Filebeat(Document):
    """A Filebeat configuration."""

    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A mapping with `filebeat` or `filebeat.*` keys, or a file named filebeat*.yml."""
        if source.path.suffix not in (".yml", ".yaml") or not isinstance(source.value, dict):
            return False
        telling = any(str(key) == "filebeat" or str(key).startswith("filebeat.") for key in source.value)
        own = source.value.get("filebeat")
        # A compose file of before there were sections has services at its root, one of them perhaps of this name.
        service = isinstance(own, dict) and bool(own.keys() & {"image", "build"})
        nested = (isinstance(own, dict) and not service) or any("filebeat." in str(k) for k in source.value)
        return (telling and nested) or (source.named("filebeat*.yml") and source.has("output", "processors"))

    @classmethod
    def read(cls, source: Source) -> Filebeat:
        """Read inputs and outputs, in dotted or nested spelling."""
        view = source.tree.view
        inputs = _dotted(view, "filebeat.inputs")
        items = [item for found in inputs for item in found.mappings()]
        return cls(source.file, source.tree, tuple(_input(item) for item in items), tuple(_outputs(view)))


def _dotted(view: View, name: str) -> list[View]:
    """The views a dotted setting can be under: `a.b`, or `a:` and within it `b:`."""
    found = [view[name]] if view[name] else []
    head, _, rest = name.partition(".")
    while rest:
        if isinstance(view[head].value, dict):
            found.extend(_dotted(view[head], rest))
        more, _, rest = rest.partition(".")
        head = f"{head}.{more}"
    return found


def _input(view: View) -> Input:
    paths = tuple((text, view.at("paths", index)) for index, text in enumerate(view.texts("paths")))
    enabled = view["enabled"].value is not False
    return Input(view.text("type") or view.text("input_type", "log"), view.text("id"), enabled, paths, view)


def _outputs(view: View) -> list[Output]:
    found = []
    for key, item in view.entries().items():
        if key.startswith("output.") and isinstance(item.value, dict):
            found.append(_output(key.removeprefix("output."), item))
    for kind, item in view.entries("output").items() if isinstance(view["output"].value, dict) else ():
        if isinstance(item.value, dict):
            found.append(_output(kind, item))
    return [output for output in found if output.view["enabled"].value is not False]


def _output(kind: str, view: View) -> Output:
    hosts = view["hosts"]
    listed = isinstance(hosts.value, list)
    texts = view.texts("hosts")
    return Output(kind, tuple((t, hosts.at(i) if listed else hosts.at()) for i, t in enumerate(texts)), view)
