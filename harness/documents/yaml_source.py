"""YAML with positions: PyYAML's C parser composes nodes that carry marks; the values are made here.

Values follow what Go's and Java's YAML readers do rather than YAML 1.1: `on` is text and `22:30` is not a number.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from harness.documents.positions import Span, Step, Style, Tree, existing
from harness.errors import UnreadableError
from harness.model import Position

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o?[0-7_]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)?\.?[0-9]+(?:[eE][-+]?[0-9]+)?\Z|[-+]?[0-9]+\.\Z")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STYLES: dict[str | None, Style] = {"'": "single", '"': "double", "|": "block", ">": "block"}
_STRING = "tag:yaml.org,2002:str"


def load_yaml(text: str, file: str, *, strict: bool = True) -> Tree:
    """Parse the first document of a YAML file.

    Raises UnreadableError where the syntax ends; duplicate keys are an error too, unless `strict` is off: then they
    are among the tree's complaints, so that the rest of the file can still be judged.
    """
    text = text.removeprefix("\ufeff")
    documents = compose(text, file)
    reader = _Reader(text, file)
    root = documents[0] if documents else None
    value = reader.construct(root) if root is not None else None
    tree = Tree(file, text, value, lambda: _Locator(root, reader.mappings))
    for mark, key in reader.duplicates:
        place = tree.place(mark.index, mark.index + len(key))
        tree.complain(place, f"duplicate key `{key}`", "Only one of the two would count; remove the other.")
    behind = [node for node in documents[1:] if not isinstance(node, yaml.ScalarNode) or node.value]
    if behind:
        second = behind[0].start_mark
        tree.complain(tree.place(second.index, second.index), "a second YAML document; only the first is read")
    if strict and tree.complaints:
        raise tree.complaints[0]
    return tree


def compose(text: str, file: str) -> list[Any]:
    """The nodes of every document of a YAML file. Raises UnreadableError where the syntax ends."""
    loader = _Loader(text)
    documents = []
    try:
        while loader.check_node():
            documents.append(loader.get_node())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = existing(text, file, mark.line + 1, mark.column + 1) if mark else Position(file)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise UnreadableError(f"broken YAML: {what}", at=at) from None
    except (yaml.YAMLError, ValueError) as error:
        index = getattr(error, "position", 0)
        line = text.count("\n", 0, index) + 1
        message = f"broken YAML: {getattr(error, 'reason', error)}"
        raise UnreadableError(message, at=Position(file, line)) from None
    except RecursionError:
        raise UnreadableError("broken YAML: nested too deep", at=Position(file)) from None
    finally:
        loader.dispose()
    return documents


class _Reader:
    """Makes plain values of nodes, and remembers each mapping's keys for the locator."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.mappings: dict[int, dict[Any, tuple[Any, Any]]] = {}
        self.duplicates: list[tuple[Any, str]] = []
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def construct(self, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        identity = id(node)
        if identity in self._made:
            return self._made[identity]
        if identity in self._open or len(self._open) > 200:
            why = "an alias that contains itself" if identity in self._open else "nested too deep"
            at = Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)
            raise UnreadableError(f"broken YAML: {why}", at=at)
        self._open.add(identity)
        if isinstance(node, yaml.SequenceNode):
            made: Any = [self.construct(item) for item in node.value]
        else:
            made = self._mapping(node)
        self._open.discard(identity)
        self._made[identity] = made
        return made

    def _mapping(self, node: Any) -> dict[Any, Any]:
        entries: dict[Any, tuple[Any, Any]] = {}
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                at = existing(self.text, self.file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
                hint = "A template, e.g. of Helm or Jinja, must be rendered first." if "{{" in self.text else ""
                raise UnreadableError("broken YAML: a key that is no scalar", at=at, hint=hint)
            key = _scalar(key_node)
            if key == "<<" and not key_node.style:
                merged.extend(value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node])
                continue
            if key in entries:
                self.duplicates.append((key_node.start_mark, str(key)))
            entries[key] = (key_node, value_node)
        values = {key: self.construct(value_node) for key, (_, value_node) in entries.items()}
        for source in merged:
            inherited = self.construct(source)
            for key in inherited if isinstance(inherited, dict) else ():
                if key not in entries:
                    entries[key] = self.mappings[id(source)][key]
                    values[key] = inherited[key]
        self.mappings[id(node)] = entries
        return values


def _scalar(node: Any) -> Any:
    """The value of a scalar: typed when plain, text when quoted or tagged `!!str`."""
    text: str = node.value
    if node.style or node.tag == _STRING:
        return text if node.style else _constant_spelling(text)
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    try:
        if _INTEGER.match(text):
            return _integer(text)
        if _FLOAT.match(text):
            return float(text.replace("_", ""))
    except ValueError:
        return text
    return text


def _constant_spelling(text: str) -> Any:
    """PyYAML resolves `1e3` and `0o17` to text, Go and Java to numbers."""
    if text.startswith("0o") and _INTEGER.match(text):
        return int(text, 0)
    return float(text) if text[:1].isdigit() and _FLOAT.match(text) else text


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > 1 and digits.lstrip("+-").startswith("0") and digits.lstrip("+-")[1:2].isdigit():
        return int(digits, 8)
    return int(digits, 0)


class _Locator:
    """Walks the composed nodes."""

    def __init__(self, root: Any, mappings: dict[int, dict[Any, tuple[Any, Any]]]) -> None:
        self.root = root
        self.mappings = mappings

    def _find(self, path: tuple[Step, ...]) -> tuple[Any, Any]:
        key, node = None, self.root
        for step in path:
            if isinstance(node, yaml.MappingNode):
                key, node = self.mappings.get(id(node), {}).get(step, (None, None))
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                key, node = None, node.value[step]
            else:
                return None, None
        return key, node

    def value(self, path: tuple[Step, ...]) -> Span | None:
        _, node = self._find(path)
        return None if node is None else _span(node)

    def key(self, path: tuple[Step, ...]) -> Span | None:
        key, _ = self._find(path)
        return None if key is None else _span(key)


def _span(node: Any) -> Span:
    style = _STYLES.get(node.style, "plain") if isinstance(node, yaml.ScalarNode) else "plain"
    return Span(node.start_mark.index, node.end_mark.index, style)
