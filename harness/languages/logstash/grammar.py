"""Reads the Logstash configuration language into `ast` values, with the product's own rules and oddities.

Kept oddities: barewords have two characters or more; escapes in strings stay as written; `["x"]` in a condition is a
field reference, not an array. Comments between the entries of a hash are legal since Logstash 8.15.
"""

from __future__ import annotations

import re

from harness.languages.logstash.ast import (
    Array,
    Attribute,
    Config,
    Hash,
    Number,
    PluginNode,
    Section,
    Statement,
    Text,
    Value,
)
from harness.languages.logstash.grammar_conditions import branch
from harness.languages.logstash.literals import BAREWORD, number, string
from harness.languages.logstash.scanner import Scanner

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IF = re.compile(r"if(?=[^A-Za-z0-9_-])")
_SECTION = re.compile(r"input|filter|output")


def parse(text: str, file: str) -> Config:
    """The configuration in `text`; raises UnreadableError at the first place that is not legal."""
    scanner = Scanner(text, file)
    sections = []
    scanner.skip()
    while not scanner.done:
        sections.append(_section(scanner))
        scanner.skip()
    return Config(tuple(sections))


def _section(scanner: Scanner) -> Section:
    position = scanner.position()
    kind = scanner.take_match(_SECTION)
    if kind is None:
        scanner.fail(f"expected a section `input`, `filter` or `output`, found {scanner.here()}")
    scanner.skip()
    scanner.expect("{", f"after `{kind}`")
    return Section(kind, _block(scanner, f"the `{kind}` section"), position)  # type: ignore[arg-type]


def _block(scanner: Scanner, what: str) -> tuple[Statement, ...]:
    """Statements up to and including the closing brace."""
    statements: list[Statement] = []
    scanner.deeper()
    scanner.skip()
    while not scanner.take("}"):
        if scanner.done:
            scanner.fail(f"{what} is not closed: `}}` missing")
        statements.append(_statement(scanner))
        scanner.skip()
    scanner.shallower()
    return tuple(statements)


def _statement(scanner: Scanner) -> Statement:
    if _IF.match(scanner.text, scanner.offset):
        return branch(scanner, _block)
    position = scanner.position()
    name = _plugin_name(scanner)
    if name is None:
        scanner.fail(f"expected a plugin, `if` or `}}`, found {scanner.here()}")
    scanner.skip()
    scanner.expect("{", f"after plugin `{name}`")
    return _plugin(scanner, name, position)


def _plugin_name(scanner: Scanner) -> str | None:
    quoted = string(scanner)
    return quoted.value if quoted else scanner.take_match(_NAME)


def _plugin(scanner: Scanner, name: str, position: object) -> PluginNode:
    """The attributes of a plugin, its opening brace already taken."""
    attributes: list[Attribute] = []
    scanner.deeper()
    scanner.skip()
    while not scanner.take("}"):
        attributes.append(_attribute(scanner, name))
        before = scanner.offset
        spaced = scanner.space()
        scanner.skip()
        if not spaced and not scanner.peek("}") and not scanner.done:
            scanner.offset = before
            scanner.fail(
                f"expected whitespace or `}}` after the value of `{attributes[-1].name}`, found {scanner.here()}"
            )
    scanner.shallower()
    return PluginNode(name, tuple(attributes), position)  # type: ignore[arg-type]


def _attribute(scanner: Scanner, plugin: str) -> Attribute:
    position = scanner.position()
    if scanner.done:
        scanner.fail(f"plugin `{plugin}` is not closed: `}}` missing")
    name = _plugin_name(scanner)
    if name is None:
        scanner.fail(f"expected an option of `{plugin}` or `}}`, found {scanner.here()}")
    scanner.skip()
    scanner.expect("=>", f"after option `{name}`")
    scanner.skip()
    return Attribute(name, value(scanner), position)


def value(scanner: Scanner) -> Value:
    """Any value: string, bareword, number, array, hash, or a plugin (a codec)."""
    position = scanner.position()
    found = _codec(scanner) or _bareword(scanner) or string(scanner) or number(scanner)
    if found is not None:
        return found
    if scanner.peek("["):
        return _array(scanner)
    if scanner.peek("{"):
        return _hash(scanner)
    hint = "A bareword has at least two characters; quote the value." if scanner.here()[1:2].isalpha() else ""
    scanner.fail(f"expected a value, found {scanner.here()}", at=position, hint=hint)


def _codec(scanner: Scanner) -> PluginNode | None:
    start, position = scanner.offset, scanner.position()
    if scanner.peek("{") or scanner.peek("["):
        return None
    name = _plugin_name(scanner)
    if name is not None:
        scanner.skip()
        if scanner.take("{"):
            return _plugin(scanner, name, position)
    scanner.offset = start
    return None


def _bareword(scanner: Scanner) -> Text | None:
    position = scanner.position()
    word = scanner.take_match(BAREWORD)
    return Text(word, position, bare=True) if word is not None else None


def _array(scanner: Scanner) -> Array:
    position = scanner.position()
    scanner.expect("[", "before an array")
    scanner.deeper()
    items: list[Value] = []
    scanner.skip()
    while not scanner.take("]"):
        if items:
            scanner.expect(",", "or `]` in an array")
            scanner.skip()
        items.append(value(scanner))
        scanner.skip()
    scanner.shallower()
    return Array(tuple(items), position)


def _hash(scanner: Scanner) -> Hash:
    position = scanner.position()
    scanner.expect("{", "before a hash")
    scanner.deeper()
    entries: list[tuple[Text | Number, Value]] = []
    seen: set[str] = set()
    scanner.skip()
    while not scanner.take("}"):
        entries.append(_entry(scanner, seen))
        scanner.skip()
    scanner.shallower()
    return Hash(tuple(entries), position)


def _entry(scanner: Scanner, seen: set[str]) -> tuple[Text | Number, Value]:
    position, start = scanner.position(), scanner.offset
    key = number(scanner) or _bareword(scanner) or string(scanner)
    if key is None:
        hint = "Entries of a hash are separated by whitespace, not by commas." if scanner.peek(",") else ""
        scanner.fail(f"expected a key or `}}` in a hash, found {scanner.here()}", hint=hint)
    written = scanner.text[start : scanner.offset]
    if written in seen:
        scanner.fail(f"duplicate key {written} in a hash", at=position, hint="Logstash refuses it; keep one of them.")
    seen.add(written)
    scanner.skip()
    scanner.expect("=>", f"after key {written}")
    scanner.skip()
    return key, value(scanner)
