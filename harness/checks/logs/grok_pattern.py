"""See GrokPattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.log_flow import (
    plugins,
    texts,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding


class GrokPattern(Check):
    """A grok expression uses a pattern that is not defined, or cannot be compiled: the pipeline does not start.

    Why: Logstash's configuration test does not look into expressions. Bad: `%{IPADRESS:ip}`. Good: `%{IP:ip}`.
    Fix: correct the name, or define it under `pattern_definitions`.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Compile every expression with the stock patterns and the filter's own."""
        from harness.languages.logstash.grok import UnknownPatternError, compile_expression, stock

        try:
            body = logstash.config.body("filter")
        except HarnessError:
            return  # logs/pipeline-syntax says so
        for plugin in plugins(body):
            if plugin.name != "grok" or any(a.name == "patterns_dir" for a in plugin.attributes):
                continue
            own = _definitions(plugin)
            for attribute in plugin.attributes:
                for text in _expressions(attribute):
                    try:
                        compile_expression(text.value, own, ecs=False)
                    except UnknownPatternError as error:
                        if error.name not in stock(True):
                            near = nearest(error.name, stock(False))
                            yield self.finding(text.position, f"no grok pattern is called {error.name}{near}")
                    except (ValueError, HarnessError) as error:
                        yield self.finding(text.position, f"grok cannot compile this: {error}")


def _definitions(plugin: ast.PluginNode) -> dict[str, str]:
    found = {}
    for attribute in plugin.attributes:
        if attribute.name == "pattern_definitions" and isinstance(attribute.value, ast.Hash):
            for key, value in attribute.value.entries:
                if isinstance(key, ast.Text) and isinstance(value, ast.Text):
                    found[key.value] = value.value
    return found


def _expressions(attribute: ast.Attribute) -> Iterator[ast.Text]:
    if attribute.name == "match" and isinstance(attribute.value, ast.Hash):
        for _, value in attribute.value.entries:
            yield from texts(value)
