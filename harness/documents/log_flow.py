"""Which fields each filter of a Logstash pipeline reads, writes and removes, in the order events pass them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.documents.catalog import Catalog
from harness.languages.logstash.ast import (
    Array,
    Attribute,
    Comparison,
    Condition,
    Hash,
    Logical,
    Match,
    Membership,
    Not,
    Number,
    Operand,
    PluginNode,
    Selector,
    Statement,
    Text,
    Truth,
    Value,
)
from harness.model import Position

SPRINTF = re.compile(r"%\{(?P<field>\[[^}]+\]|[@A-Za-z_][\w.@-]*)\}")
_BRACKETS = re.compile(r"\[([^\[\]]+)\]")
_CAPTURES = re.compile(r"%\{\w+:(?P<field>(?:\[[^\]]+\])+|[\w.@-]+)(?::\w+)?\}|\(\?<(?P<named>[A-Za-z_]\w*)>")
_FAILURES = {"json": "_jsonparsefailure", "grok": "_grokparsefailure", "date": "_dateparsefailure",
             "kv": "_kv_filter_error", "csv": "_csvparsefailure", "dissect": "_dissectfailure",
             "xml": "_xmlparsefailure", "geoip": "_geoip_lookup_failure", "urldecode": "_urldecodefailure",
             "mutate": "_mutate_error", "ruby": "_rubyexception", "split": "_split_type_failure"}  # fmt: skip
_READS_FIELD = {"json", "date", "kv", "csv", "dissect", "urldecode", "xml", "geoip", "useragent", "translate"}


@dataclass(frozen=True, slots=True)
class Step:
    """A filter plugin and the conditions around it; `certain` when every event passes it."""

    plugin: PluginNode
    conditions: tuple[Condition, ...]
    certain: bool

    def attribute(self, name: str) -> Attribute | None:
        """An attribute by name."""
        return attribute_of(self.plugin, name)


def attribute_of(plugin: PluginNode, name: str) -> Attribute | None:
    """An attribute of a plugin by name; the last when it is repeated."""
    found = [attribute for attribute in plugin.attributes if attribute.name == name]
    return found[-1] if found else None


def plugins(body: tuple[Statement, ...]) -> Iterator[PluginNode]:
    """Every plugin of a section, those in branches included, in file order."""
    for statement in body:
        if isinstance(statement, PluginNode):
            yield statement
        else:
            for arm in statement.arms:
                yield from plugins(arm.body)


def steps(body: tuple[Statement, ...], around: tuple[Condition, ...] = (), certain: bool = True) -> Iterator[Step]:
    """Every filter in the order events pass them, with the conditions it is under."""
    for statement in body:
        if isinstance(statement, PluginNode):
            yield Step(statement, around, certain)
            continue
        for arm in statement.arms:
            held = (*around, arm.condition) if arm.condition is not None else around
            yield from steps(arm.body, held, False)


def conditions(body: tuple[Statement, ...]) -> Iterator[Condition]:
    """Every condition of a section, outermost first."""
    for statement in body:
        if not isinstance(statement, PluginNode):
            for arm in statement.arms:
                if arm.condition is not None:
                    yield arm.condition
                yield from conditions(arm.body)


def atoms(condition: Condition) -> Iterator[Truth | Comparison | Membership | Match]:
    """The single questions a condition is made of."""
    if isinstance(condition, Not):
        yield from atoms(condition.condition)
    elif isinstance(condition, Logical):
        yield from atoms(condition.left)
        yield from atoms(condition.right)
    else:
        yield condition


def asked(condition: Condition) -> Iterator[tuple[str, Position]]:
    """The fields a condition asks for."""
    for atom in atoms(condition):
        operands: tuple[Operand, ...] = ()
        if isinstance(atom, Truth):
            operands = (atom.operand,)
        elif isinstance(atom, Match):
            operands = (atom.left,)
        else:
            operands = (atom.left, atom.right)
        for operand in operands:
            if isinstance(operand, Selector):
                yield plain(operand.reference), operand.position


def plain(reference: str) -> str:
    """`[host][name]` as `host.name`."""
    return ".".join(_BRACKETS.findall(reference)) or reference


def texts(value: Value) -> Iterator[Text]:
    """The texts of a value, at any depth."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, Array):
        for item in value.items:
            yield from texts(item)
    elif isinstance(value, Hash):
        for key, item in value.entries:
            if isinstance(key, Text):
                yield key
            yield from texts(item)


def read(plugin: PluginNode) -> Iterator[tuple[str, Position]]:
    """The fields a filter takes its input from."""
    for attribute in plugin.attributes:
        value = attribute.value
        if attribute.name == "source":
            yield from ((plain(text.value), text.position) for text in texts(value))
        elif attribute.name in ("rename", "copy") and isinstance(value, Hash):
            yield from ((plain(key.value), key.position) for key, _ in value.entries if isinstance(key, Text))
        elif attribute.name in ("convert", "gsub", "split", "join", "lowercase", "uppercase", "strip"):
            yield from ((plain(text.value), text.position) for text in _subjects(attribute))
        elif attribute.name == "match" and plugin.name in ("grok", "dissect") and isinstance(value, Hash):
            yield from ((plain(key.value), key.position) for key, _ in value.entries if isinstance(key, Text))
        elif attribute.name in ("match", "field") and plugin.name in ("date", "split"):
            yield from ((plain(text.value), text.position) for text in list(texts(value))[:1])
        elif attribute.name == "mapping" and plugin.name == "dissect" and isinstance(value, Hash):
            yield from ((plain(key.value), key.position) for key, _ in value.entries if isinstance(key, Text))


def _subjects(attribute: Attribute) -> list[Text]:
    if attribute.name == "gsub":
        return list(texts(attribute.value))[::3]
    if isinstance(attribute.value, Hash):
        return [key for key, _ in attribute.value.entries if isinstance(key, Text)]
    return list(texts(attribute.value))


def written(plugin: PluginNode) -> Iterator[tuple[str, Position]]:
    """The fields a filter sets."""
    for attribute in plugin.attributes:
        value = attribute.value
        if attribute.name == "target":
            yield from ((plain(text.value), text.position) for text in texts(value))
        elif attribute.name in ("add_field", "replace", "coerce") and isinstance(value, Hash):
            yield from ((plain(key.value), key.position) for key, _ in value.entries if isinstance(key, Text))
        elif attribute.name in ("rename", "copy") and isinstance(value, Hash):
            yield from ((plain(item.value), item.position) for _, item in value.entries if isinstance(item, Text))
        elif attribute.name in ("match", "mapping") and plugin.name in ("grok", "dissect"):
            for text in texts(value):
                found = _CAPTURES.finditer(text.value) if plugin.name == "grok" else re.finditer(
                    r"%\{[+?&]?(?P<field>[^}/]*)(?P<named>)\}", text.value
                )  # fmt: skip
                yield from ((plain(m["field"] or m["named"]), text.position) for m in found if m["field"] or m["named"])
        elif attribute.name == "columns":
            yield from ((plain(text.value), text.position) for text in texts(value))


def removed(plugin: PluginNode) -> Iterator[tuple[str, Position]]:
    """The fields a filter takes away."""
    for attribute in plugin.attributes:
        if attribute.name == "remove_field":
            yield from ((plain(text.value), text.position) for text in texts(attribute.value))
        elif attribute.name == "rename" and isinstance(attribute.value, Hash):
            entries = attribute.value.entries
            yield from ((plain(key.value), key.position) for key, _ in entries if isinstance(key, Text))


def tags(plugin: PluginNode) -> Iterator[str]:
    """The tags a filter can add, its own on failure included."""
    own = attribute_of(plugin, "tag_on_failure")
    if own is not None:
        yield from (text.value for text in texts(own.value))
    elif plugin.name in _FAILURES:
        yield _FAILURES[plugin.name]
    for attribute in plugin.attributes:
        if attribute.name == "add_tag" or (attribute.name.startswith("tag_on_") and attribute is not own):
            yield from (text.value for text in texts(attribute.value))


def opens(plugin: PluginNode) -> bool:
    """Whether a filter can set fields that the configuration does not name."""
    return plugin.name in ("json", "kv", "ruby", "xml", "geoip", "useragent", "clone", "aggregate", "elasticsearch")


def assumed(fixtures: Mapping[str, Any]) -> frozenset[str]:
    """The fields a line can bring along: the catalog's, and what shippers add. Empty without a catalog."""
    catalog = Catalog.of(fixtures)
    if catalog is None:
        return frozenset()
    own = {name for name, field in catalog.fields.items() if field.from_backend}
    shipped = {"@timestamp", "@version", "message", "timestamp", "tags", "type", "host", "log", "agent", "ecs", "input",
               "container", "docker", "event", "stream", "fields", "cloud", "kubernetes"}  # fmt: skip
    return frozenset(own | shipped)


def number(value: Value) -> float | None:
    """A number literal's value."""
    return float(value.value) if isinstance(value, Number) else None
