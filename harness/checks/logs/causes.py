"""Where in the configuration the cause of a symptom in the log pipeline is to be looked for.

Every function returns a position with the sentence that explains it, or None when the configuration does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.contracts import Context
from harness.documents.compose import Compose
from harness.documents.filebeat import Filebeat
from harness.documents.logstash import Logstash
from harness.errors import UnreadableError
from harness.languages.logstash.ast import Array, Attribute, Hash, PluginNode, Statement, Text, Value
from harness.model import Position


@dataclass(frozen=True, slots=True)
class Cause:
    """A place in the configuration, and what is wrong there."""

    position: Position
    text: str


def unread(context: Context, folder: str, names: tuple[str, ...]) -> Cause | None:
    """The paths of Filebeat's inputs, if none of them reads one of the files `names` in `folder`."""
    globs = [
        path
        for document in context.documents.of(Filebeat)
        for each in document.inputs
        if each.enabled
        for path in each.paths
    ]
    files = [f"{folder.rstrip('/')}/{name}" for name in names]
    unmatched = [file for file in files if not any(_glob(glob).fullmatch(file) for glob, _ in globs)]
    if not unmatched:
        return None
    if not globs:
        document = next(iter(context.documents.of(Filebeat)), None)
        return Cause(Position(document.file), "Filebeat has no enabled input with a path") if document else None
    text, position = globs[0]
    return Cause(position, f"Filebeat reads {text}, but the backend writes {unmatched[0]}")


def pipeline(context: Context) -> Position:
    """Where to begin when nothing tells more: the pipeline's first filter section, the shipper, or what runs them."""
    for document in context.documents.of(Logstash):
        try:
            sections = document.config.sections
        except UnreadableError as error:
            return error.at or Position(document.file)
        return next((section.position for section in sections if section.kind == "filter"), Position(document.file))
    others = (*context.documents.of(Filebeat), *context.documents.of(Compose))
    return Position(others[0].file if others else "the configuration under test")


def removing(context: Context, field: str) -> Cause | None:
    """The filter that takes a field out of every event."""
    for plugin in _filters(context):
        for attribute in plugin.attributes:
            if (cause := _removes(plugin, attribute, field)) is not None:
                return cause
    return None


def writing(context: Context, field: str) -> Cause | None:
    """The last filter that sets a field."""
    found = None
    for plugin in _filters(context):
        for attribute in plugin.attributes:
            for written in _written(attribute):
                if _plain(written.value) == field:
                    found = Cause(written.position, f"{plugin.name} sets `{field}` here")
    return found


def masking(context: Context, field: str) -> Cause | None:
    """The first filter that masks text in a field: what it lacks is what got through."""
    for plugin in _filters(context):
        for attribute in plugin.attributes:
            if attribute.name == "gsub":
                for written in _written(attribute):
                    if _plain(written.value) == field:
                        return Cause(written.position, f"what {plugin.name} masks here does not cover it")
    return None


def nesting(context: Context) -> Cause | None:
    """The parsing filter that puts the line's fields below another one, where nothing looks for them."""
    for plugin in _filters(context):
        for attribute in plugin.attributes:
            if plugin.name in ("json", "kv", "csv") and attribute.name == "target":
                for text in _texts(attribute.value):
                    return Cause(
                        attribute.position, f"the {plugin.name} filter puts the line's fields below `{text.value}`"
                    )
    return None


def tagging(context: Context, tag: str) -> Cause | None:
    """The filter that adds a tag, on failure or otherwise."""
    for plugin in _filters(context):
        for attribute in plugin.attributes:
            if attribute.name in ("add_tag", "tag_on_failure"):
                for text in _texts(attribute.value):
                    if text.value == tag:
                        return Cause(plugin.position, f"the {plugin.name} filter tags them `{tag}`")
    return None


def dropping(context: Context) -> Cause | None:
    """The first filter that drops events."""
    return next((Cause(p.position, "events are dropped here") for p in _filters(context) if p.name == "drop"), None)


HOPS = {
    "rotation": "cut off by the rotation before anything could read them",
    "filebeat": "never handed on by Filebeat",
    "logstash": "received by Logstash and not stored",
    "elasticsearch": "stored, said Elasticsearch, and not there",
    "untold": "read and not stored; the hop cannot be told, because Logstash leaves no trail of what it was given",
}
"""A hop, and what became of a line that it lost: of the hops that had the line, it is the last."""


def losing(context: Context, hop: str) -> Cause:
    """Where to look when a hop lost lines: the shipper's configuration, the pipeline's, or the store's entry."""
    if hop in ("rotation", "filebeat"):
        shipper = next(iter(context.documents.of(Filebeat)), None)
        return Cause(Position(shipper.file) if shipper else pipeline(context), HOPS[hop])
    store = next((found for file in context.documents.of(Compose) if (found := file.service(hop))), None)
    return Cause(store.at() if store and hop == "elasticsearch" else pipeline(context), HOPS[hop])


def storing(context: Context) -> Cause | None:
    """How documents get their ids: the first output to Elasticsearch, at its `document_id` if it has one."""
    for plugin in _plugins(context, "output"):
        if plugin.name == "elasticsearch":
            for attribute in plugin.attributes:
                if attribute.name == "document_id":
                    return Cause(attribute.position, "this `document_id` is not the line's own id")
            return Cause(plugin.position, "without `document_id`, a line that is sent again is stored again")
    return None


def _glob(pattern: str) -> re.Pattern[str]:
    """A path pattern as Go reads it: unlike Python's fnmatch, a star stops at a slash; two stars do not."""
    translated = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]+\])", pattern)
    return re.compile("".join(translated.get(p, p if p.startswith("[") else re.escape(p)) for p in parts))


def _plugins(context: Context, kind: str) -> Iterator[PluginNode]:
    for document in context.documents.of(Logstash):
        try:
            body = document.config.body(kind)
        except UnreadableError:
            continue
        yield from _flat(body)


def _filters(context: Context) -> Iterator[PluginNode]:
    return _plugins(context, "filter")


def _flat(body: tuple[Statement, ...]) -> Iterator[PluginNode]:
    for statement in body:
        if isinstance(statement, PluginNode):
            yield statement
        else:
            for arm in statement.arms:
                yield from _flat(arm.body)


def _texts(value: Value) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, Array):
        for item in value.items:
            yield from _texts(item)


def _plain(reference: str) -> str:
    """`[host][name]` as `host.name`."""
    return ".".join(re.findall(r"\[([^\[\]]+)\]", reference)) or reference


def _removes(plugin: PluginNode, attribute: Attribute, field: str) -> Cause | None:
    parents = {field[: match.start()] for match in re.finditer(r"\.|$", field)}
    if attribute.name == "remove_field":
        for text in _texts(attribute.value):
            if _plain(text.value) in parents:
                return Cause(text.position, f"the {plugin.name} filter removes `{field}` here")
    if attribute.name == "rename" and isinstance(attribute.value, Hash):
        for key, _ in attribute.value.entries:
            if isinstance(key, Text) and _plain(key.value) in parents:
                return Cause(key.position, f"{plugin.name} renames `{field}` here")
    if plugin.name == "prune" and attribute.name in ("whitelist_names", "blacklist_names"):
        top = field.partition(".")[0]
        matching = [text for text in _texts(attribute.value) if re.search(text.value, top)]
        if attribute.name == "whitelist_names" and not matching and any(_texts(attribute.value)):
            return Cause(attribute.position, f"prune lets only these names through, and `{top}` is not among them")
        if attribute.name == "blacklist_names" and matching:
            return Cause(matching[0].position, f"prune removes `{top}` here")
    return None


_WRITES_KEY = ("add_field", "replace", "update", "convert")
_WRITES_VALUE = ("rename", "copy")


def _written(attribute: Attribute) -> Iterator[Text]:
    """The field names that an attribute makes a filter write to."""
    if attribute.name == "target":
        yield from _texts(attribute.value)
    elif isinstance(attribute.value, Hash):
        for key, value in attribute.value.entries:
            named = value if attribute.name in _WRITES_VALUE else key
            if attribute.name in (*_WRITES_KEY, *_WRITES_VALUE) and isinstance(named, Text):
                yield named
    elif attribute.name == "gsub" and isinstance(attribute.value, Array):
        yield from list(_texts(attribute.value))[::3]
