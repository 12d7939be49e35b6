"""See FieldDropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.checks.logs.causes import removing, writing
from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.logstash import Logstash
from harness.documents.pipeline_samples import Processed, processed
from harness.documents.searches import Searches
from harness.errors import HarnessError, UnsupportedError
from harness.languages.logstash.ast import PluginNode, Statement, Text
from harness.model import Gap, Level, Outcome, Position

_MANY = 5


class FieldDropped(Check):
    """A field that the catalog promises, and searches need, does not come out of the pipeline.

    Why: a search on a field that no document has finds nothing and says nothing. The sample lines of
    `fixtures/samples.yml` go through the pipeline's filters; every indexed field of the catalog must come out.
    Bad: `remove_field => ["statusCode"]`, a prune list without it, a json filter with a `target`. Good: only what is
    not indexed is removed. Fix: at the filter shown.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Outcome]:
        """Run the samples and look for each field of the catalog."""
        catalog = Catalog.of(context.fixtures)
        if catalog is None:
            return
        try:
            results = tuple(processed(logstash, context.fixtures))
        except UnsupportedError as error:
            yield Gap(f"{error.at or logstash.file}: {error.message}", Level.CONTAINER, error.hint)
            return
        except HarnessError as error:
            yield self.finding(error.at or Position(logstash.file), f"the pipeline cannot be run: {error.message}")
            return
        missing: dict[str, list[str]] = {}
        for result in results:
            if not result.events:
                yield self.finding(_begin(logstash), f"a line of kind {result.kind} is dropped")
                continue
            for name in _wanted(catalog, result):
                if not result.holds(name):
                    missing.setdefault(name, []).append(result.kind)
        yield from self._told(logstash, context, missing)

    def _told(self, logstash: Logstash, context: Context, missing: Mapping[str, list[str]]) -> Iterable[Outcome]:
        """A finding a field; one for all of them when a single place takes many, e.g. when nothing is parsed."""
        by_place: dict[Position, list[str]] = {}
        why = {}
        for name in missing:
            position, why[name] = _cause(logstash, context, name)
            by_place.setdefault(position, []).append(name)
        for position, names in by_place.items():
            if len(names) > _MANY:
                shown = f"{', '.join(names[:_MANY])} and {len(names) - _MANY} more fields"
                yield self.finding(position, f"{shown} do not come out{why[names[0]]}")
                continue
            for name in names:
                kinds, needed = ", ".join(missing[name]), _searches(context, name)
                yield self.finding(position, f"{name} does not come out for {kinds} lines{why[name]}{needed}")


def _wanted(catalog: Catalog, result: Processed) -> Iterable[str]:
    for name, field in catalog.fields.items():
        if field.phi or not field.indexed or result.kind not in field.kinds or name == "tags":
            continue
        if not field.from_backend or name in result.line:
            yield name


def _cause(logstash: Logstash, context: Context, name: str) -> tuple[Position, str]:
    cause = removing(context, name)
    if cause:
        return cause.position, f": {cause.text}"
    target = _json_target(logstash)
    if target:
        return target, ": the json filter puts the line's fields below a target"
    cause = writing(context, name)
    return (cause.position, f", although {cause.text}") if cause else (_begin(logstash), "")


def _json_target(logstash: Logstash) -> Position | None:
    for plugin in _plugins(logstash.config.body("filter")):
        if plugin.name == "json":
            for attribute in plugin.attributes:
                if attribute.name == "target" and isinstance(attribute.value, Text):
                    return attribute.position
    return None


def _plugins(body: tuple[Statement, ...]) -> Iterable[PluginNode]:
    for statement in body:
        if isinstance(statement, PluginNode):
            yield statement
        else:
            for arm in statement.arms:
                yield from _plugins(arm.body)


def _begin(logstash: Logstash) -> Position:
    return next((s.position for s in logstash.config.sections if s.kind == "filter"), Position(logstash.file))


def _searches(context: Context, name: str) -> str:
    titles = [s.title for file in context.documents.of(Searches) for s in file.searches if name in s.kql]
    return f"; needed by the search {titles[0]}" if titles else ""
