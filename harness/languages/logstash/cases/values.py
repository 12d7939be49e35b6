"""The values of YAML nodes as cases mean them: plain data, with the tagged ones as matchers."""

from __future__ import annotations

from typing import Any

import yaml

from harness.languages.logstash.cases.matchers import Absent, Anything, Exists, Matching
from harness.languages.logstash.onigmo import PatternSyntaxError, compiled

_MATCHERS: dict[str, Any] = {"!exists": Exists(), "!absent": Absent(), "!any": Anything()}
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"


class NodeError(ValueError):
    """A node that means nothing here."""

    def __init__(self, node: yaml.Node, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.node = node
        self.hint = hint


def value_of(node: yaml.Node) -> Any:
    """The value; raises NodeError."""
    if node.tag in _MATCHERS:
        return _MATCHERS[node.tag]
    if node.tag == "!regex" and isinstance(node, yaml.ScalarNode):
        return _matching(node)
    if node.tag.startswith("!"):
        raise NodeError(node, f"the matcher `{node.tag}` is not known", "Known: !regex, !exists, !absent, !any.")
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): value_of(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    return _scalar(node)


def _matching(node: yaml.ScalarNode) -> Matching:
    try:
        compiled(node.value)
    except PatternSyntaxError as error:
        raise NodeError(node, str(error)) from error
    return Matching(str(node.value))


def _scalar(node: yaml.Node) -> Any:
    """Events hold no dates: what YAML would take for one is the text it is written as."""
    if node.tag == _TIMESTAMP_TAG:
        return node.value
    constructor = yaml.SafeLoader("")
    try:
        return constructor.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise NodeError(node, f"no value: {error}") from error
    finally:
        constructor.dispose()
