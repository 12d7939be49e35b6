"""What Kubernetes manifests carry: rules in a PrometheusRule, files in a ConfigMap or Secret, a dashboard.

Each becomes a source of its own whose text is the manifest's, blank outside of what it carries. So every place in it
is a place in the manifest, and nobody who reads it has to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from harness.documents.document import Source
from harness.documents.yaml_source import compose
from harness.errors import UnreadableError

_KIND = re.compile(
    r"^\s*(?:- )?[\"']?kind[\"']?:\s*[\"']?(?:PrometheusRule|ConfigMap|Secret|GrafanaDashboard)\b", re.MULTILINE
)
_NOT_BLANK = re.compile(r"[^\n]")


def carried(source: Source) -> tuple[Source, ...]:
    """The sources inside a manifest; none when the file is no manifest that carries any."""
    if source.path.suffix not in (".yml", ".yaml") or not _KIND.search(source.text):
        return ()
    try:
        roots = compose(source.text, source.file)
    except UnreadableError:
        return ()
    return tuple(found for root in roots for found in _of_resource(root, source))


def _of_resource(node: Any, source: Source) -> Iterator[Source]:
    fields = _fields(node)
    kind = fields["kind"].value if "kind" in fields and isinstance(fields["kind"], yaml.ScalarNode) else ""
    if kind == "List" or kind.endswith("List"):
        items = fields.get("items")
        for item in items.value if isinstance(items, yaml.SequenceNode) else ():
            yield from _of_resource(item, source)
    elif kind == "PrometheusRule" and isinstance(fields.get("spec"), yaml.MappingNode):
        spec = fields["spec"]
        yield _inside(source, spec.start_mark.index, spec.end_mark.index, "prometheus-rule.yaml")
    elif kind in ("ConfigMap", "Secret", "GrafanaDashboard"):
        for part in ("data", "stringData", "spec"):
            for name, value in _fields(fields.get(part)).items():
                named = "dashboard.json" if kind == "GrafanaDashboard" and name == "json" else name
                if isinstance(value, yaml.ScalarNode) and value.style == "|" and "." in named:
                    start = source.text.find("\n", value.start_mark.index) + 1
                    yield _inside(source, start, value.end_mark.index, named)


def _fields(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _inside(source: Source, start: int, end: int, name: str) -> Source:
    """A source of the same text, blank but for a part of it."""
    # A nested document mark is indented, which is none to a YAML reader; it separates nothing here.
    part = re.sub(r"\A(\s*)---(?=[ \t]*$)", r"\1   ", source.text[start:end], count=1, flags=re.MULTILINE)
    return Source(source.file, _NOT_BLANK.sub(" ", source.text[:start]) + part, named=name)
