"""What refers to what across the whole configuration, as a graph that people can look at: Mermaid, DOT or JSON.

Metrics feed rules and panels, rules end at receivers, receivers use templates, alerts lead to runbooks and dashboards;
log fields go through the pipeline into indices, data views, searches and panels. An edge to something that is not there
is dangling, and drawn so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.documents.alert_labels import arriving
from harness.documents.alertmanager import Alertmanager
from harness.documents.catalog import Catalog, known_metrics
from harness.documents.configuration import Configuration
from harness.documents.dashboard import Dashboard
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.expressions import Expression, filled, of_rule
from harness.documents.filebeat import Filebeat
from harness.documents.grafana import Datasources
from harness.documents.log_flow import attribute_of, plugins, texts
from harness.documents.logstash import Logstash
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Recording, Rules
from harness.documents.runbook import Runbook
from harness.documents.searches import Searches, templates_of
from harness.documents.templates import Templates
from harness.documents.texts import texts_below
from harness.errors import HarnessError, UsageError
from harness.languages import kql
from harness.languages.promql import selectors
from harness.model import Position

FORMATS = ("mermaid", "dot", "json")
_UID = re.compile(r"/d(?:-solo)?/([A-Za-z0-9_-]+)")
_TEMPLATE = re.compile(r'\{\{-?\s*template\s+"([^"]+)"')
_LUCENE = re.compile(r"(?<![\w.:\"${-])([A-Za-z_@][\w.@-]*):(?!//)")


@dataclass(frozen=True, slots=True)
class Node:
    """Something that is referred to. `missing` when nothing of the name is there."""

    kind: str
    name: str
    position: Position | None = None
    missing: bool = False

    @property
    def id(self) -> str:
        """`kind:name`."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` is used by, or leads to, `target`: ids of nodes."""

    source: str
    target: str
    kind: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes by id and the edges, each once, in the order in which they were found."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()

    @property
    def dangling(self) -> tuple[Edge, ...]:
        """The edges with an end that is not there."""
        gone = {identity for identity, node in self.nodes.items() if node.missing}
        return tuple(edge for edge in self.edges if edge.source in gone or edge.target in gone)


_End = tuple[str, str]
_Link = tuple[_End, _End, str]


def graph(configuration: Configuration, fixtures: Mapping[str, Any] | None = None) -> Graph:
    """The reference graph of a configuration; with a catalog in the fixtures, metrics and fields nobody emits too."""
    known = fixtures or {}
    nodes = {node.id: node for node in _nodes(configuration, known)}
    edges: dict[Edge, None] = {}
    for source, target, kind in _links(configuration, known):
        for end in (source, target):
            identity = f"{end[0]}:{end[1]}"
            nodes.setdefault(identity, Node(end[0], end[1], missing=_tells(end[0], configuration, known)))
        edges[Edge(f"{source[0]}:{source[1]}", f"{target[0]}:{target[1]}", kind)] = None
    return Graph(nodes, tuple(edges))


def _tells(kind: str, configuration: Configuration, fixtures: Mapping[str, Any]) -> bool:
    """Whether something of a kind that was not found is known not to be there."""
    if kind in ("metric", "field"):
        return isinstance(fixtures.get("catalog"), dict)
    holders: dict[str, Any] = {
        "runbook": Runbook,
        "dashboard": Dashboard,
        "template": Templates,
        "index": IndexTemplate,
    }
    return bool(configuration.of(holders[kind])) if kind in holders else True


def _nodes(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[Node]:
    catalog = Catalog.of(fixtures)
    if catalog:
        yield from (Node("metric", name) for name in catalog.metrics)
        yield from (Node("field", name) for name in catalog.fields)
    yield from _alerting_nodes(configuration)
    yield from _log_nodes(configuration)
    for dashboard in configuration.of(Dashboard):
        yield Node("dashboard", dashboard.uid, dashboard.tree.at("uid"))
        yield from (Node("panel", f"{dashboard.uid}/{panel.title}", panel.at()) for panel in dashboard.panels)
    for sources in configuration.of(Datasources):
        yield from (Node("datasource", one.uid or one.name, one.at("uid")) for one in sources.datasources)


def _alerting_nodes(configuration: Configuration) -> Iterator[Node]:
    for prometheus in configuration.of(Prometheus):
        yield from (Node("job", job.name, job.view.at("job_name")) for job in prometheus.jobs)
    for rules in configuration.of(Rules):
        for rule in rules.rules:
            recorded = isinstance(rule, Recording)
            yield Node("metric" if recorded else "alert", rule.name, rule.at("record" if recorded else "alert"))
    for alertmanager in configuration.of(Alertmanager):
        yield from (Node("receiver", one.name, one.view.at("name")) for one in alertmanager.receivers)
    for templates in configuration.of(Templates):
        yield from (Node("template", one.name, one.position) for one in templates.definitions)
    yield from (Node("runbook", page.name, page.tree.at()) for page in configuration.of(Runbook))


def _log_nodes(configuration: Configuration) -> Iterator[Node]:
    for filebeat in configuration.of(Filebeat):
        yield from (Node("input", one.id or one.kind, one.view.at()) for one in filebeat.inputs)
    for logstash in configuration.of(Logstash):
        yield Node("pipeline", "logstash", logstash.tree.at())
    for template in configuration.of(IndexTemplate):
        rollover = template.setting("lifecycle.rollover_alias")
        names = [*template.patterns, *template.aliases, *([str(rollover.value)] if rollover else [])]
        yield from (Node("index", name, template.tree.at()) for name in names)
    for searches in configuration.of(Searches):
        yield from (Node("data view", view.title, view.at()) for view in searches.data_views)
        yield from (Node("search", search.title, search.at()) for search in searches.searches)


def _links(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[_Link]:
    yield from _of_rules(configuration, fixtures)
    yield from _of_notifications(configuration, fixtures)
    yield from _of_dashboards(configuration, fixtures)
    yield from _of_logs(configuration)
    yield from _of_searches(configuration)


def _metrics(expression: Expression, user: _End, names: Callable[[str], str]) -> Iterator[_Link]:
    node = expression.node()
    for selector in selectors(node) if node else ():
        if selector.metric:
            yield ("metric", names(selector.metric)), user, "feeds"


def _naming(configuration: Configuration, fixtures: Mapping[str, Any]) -> Callable[[str], str]:
    """A histogram's parts under the histogram's name."""
    known = known_metrics(configuration, fixtures)

    def name(metric: str) -> str:
        for suffix in ("_bucket", "_sum", "_count"):
            if metric not in known.by_name and metric.removesuffix(suffix) in known.by_name:
                return metric.removesuffix(suffix)
        return metric

    return name


def _of_rules(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[_Link]:
    names = _naming(configuration, fixtures)
    catalog = Catalog.of(fixtures)
    scraped = [job.name for prometheus in configuration.of(Prometheus) for job in prometheus.jobs]
    for metric in catalog.metrics.values() if catalog else ():
        jobs = scraped if metric.job == "*" else [metric.job]
        for job in jobs:
            yield ("job", job), ("metric", metric.name), "exposes"
    for rules in configuration.of(Rules):
        for rule in rules.rules:
            end = ("metric" if isinstance(rule, Recording) else "alert", rule.name)
            yield from _metrics(of_rule(rule), end, names)


def _of_notifications(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[_Link]:
    for alert in arriving(configuration, fixtures):
        end = ("alert", alert.rule.name)
        for alertmanager in configuration.of(Alertmanager):
            for route in alertmanager.destinations(dict(alert.fixed)):
                yield end, ("receiver", route.receiver), "notifies"
        for name, text in alert.rule.annotations.items():
            if "runbook" in name and "{{" not in text:
                page = text.partition("#")[0].rstrip("/").rpartition("/")[2].removesuffix(".md")
                yield end, ("runbook", page), "explained by"
            for link in _UID.finditer(text):
                yield end, ("dashboard", link[1]), "seen on"
    for alertmanager in configuration.of(Alertmanager):
        for receiver in alertmanager.receivers:
            for _, text in texts_below(receiver.view, "{{"):
                yield from (
                    (("receiver", receiver.name), ("template", used), "uses")
                    for used in _TEMPLATE.findall(text)
                    if ".default." not in used and not used.startswith("__")
                )


def _of_dashboards(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[_Link]:
    names = _naming(configuration, fixtures)
    for dashboard in configuration.of(Dashboard):
        for panel in dashboard.panels:
            end = ("panel", f"{dashboard.uid}/{panel.title}")
            yield ("dashboard", dashboard.uid), end, "shows"
            for target in panel.targets:
                uid = target.datasource.uid
                if uid and not uid.startswith(("$", "-")):
                    yield ("datasource", uid), end, "answers"
                if target.datasource.type == "elasticsearch":
                    yield from ((("field", name), end, "feeds") for name in _log_fields(target.expr, target.view))
                elif target.stored_as == "expr":
                    yield from _metrics(Expression(target.expr, filled(target.expr), target.inside), end, names)


def _log_fields(query: str, view: Any) -> Iterator[str]:
    yield from _LUCENE.findall(query)
    for step in ("metrics", "bucketAggs"):
        for item in view.mappings(step):
            name = item.text("field")
            if name and not name.isdigit():
                yield name


def _of_logs(configuration: Configuration) -> Iterator[_Link]:
    for filebeat in configuration.of(Filebeat):
        for each in filebeat.inputs:
            for output in filebeat.outputs if each.enabled else ():
                yield ("input", each.id or each.kind), ("pipeline", output.kind), "ships to"
    for logstash in configuration.of(Logstash):
        try:
            outputs = list(plugins(logstash.config.body("output")))
        except HarnessError:
            continue
        for plugin in outputs:
            index = attribute_of(plugin, "index") if plugin.name == "elasticsearch" else None
            for text in texts(index.value) if index else ():
                yield ("pipeline", "logstash"), ("index", text.value), "writes"


def _of_searches(configuration: Configuration) -> Iterator[_Link]:
    templates = configuration.of(IndexTemplate)
    for searches in configuration.of(Searches):
        for view in searches.data_views:
            if templates_of(view.title, templates):
                yield from ((("index", part), ("data view", view.title), "read by") for part in view.patterns)
        for search in searches.searches:
            end = ("search", search.title)
            yield ("data view", search.index or search.data_view_id), end, "searched by"
            if search.language == "kuery":
                used = kql.references(search.kql, strict=False)
                yield from ((("field", one.name), end, "feeds") for one in used if one.name and one.pattern is None)


def render(drawn: Graph, output_format: str) -> str:
    """The graph in one of FORMATS. Raises UsageError for another."""
    renderers: dict[str, Callable[[Graph], str]] = {"mermaid": mermaid, "dot": dot, "json": as_json}
    if output_format not in renderers:
        raise UsageError(f"unknown format {output_format!r}", hint=f"There are: {', '.join(FORMATS)}")
    return renderers[output_format](drawn)


def mermaid(drawn: Graph) -> str:
    """A Mermaid flowchart, one box per kind; what is missing is dashed and red."""
    numbers = {identity: f"n{index}" for index, identity in enumerate(_used(drawn))}
    lines = ["flowchart LR"]
    for kind, members in _by_kind(drawn, numbers).items():
        lines.append(f'  subgraph {kind.replace(" ", "_")}["{kind}"]')
        lines.extend(
            f'    {numbers[node.id]}["{_escaped(node.name)}"]{":::missing" * node.missing}' for node in members
        )
        lines.append("  end")
    for edge in drawn.edges:
        lines.append(f"  {numbers[edge.source]} -->|{edge.kind}| {numbers[edge.target]}")
    lines.append("  classDef missing stroke:#b42318,stroke-dasharray:4 3,color:#b42318")
    return "\n".join(lines) + "\n"


def dot(drawn: Graph) -> str:
    """A Graphviz digraph."""
    numbers = {identity: f"n{index}" for index, identity in enumerate(_used(drawn))}
    lines = ["digraph configuration {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for index, (kind, members) in enumerate(_by_kind(drawn, numbers).items()):
        lines.append(f'  subgraph cluster_{index} {{ label="{kind}";')
        for node in members:
            style = ', style=dashed, color="#b42318"' if node.missing else ""
            lines.append(f'    {numbers[node.id]} [label="{_escaped(node.name)}"{style}];')
        lines.append("  }")
    lines.extend(f'  {numbers[e.source]} -> {numbers[e.target]} [label="{e.kind}"];' for e in drawn.edges)
    return "\n".join([*lines, "}"]) + "\n"


def as_json(drawn: Graph) -> str:
    """`{nodes: [{id, kind, name, file, line, missing}], edges: [{source, target, kind}]}`."""
    nodes = [
        {
            "id": node.id,
            "kind": node.kind,
            "name": node.name,
            "file": node.position.file if node.position else None,
            "line": node.position.line if node.position else None,
            "missing": node.missing,
        }
        for node in drawn.nodes.values()
    ]
    edges = [{"source": e.source, "target": e.target, "kind": e.kind} for e in drawn.edges]
    return json.dumps({"nodes": nodes, "edges": edges}, ensure_ascii=False, indent=2) + "\n"


def _used(drawn: Graph) -> Iterable[str]:
    return dict.fromkeys(end for edge in drawn.edges for end in (edge.source, edge.target))


def _by_kind(drawn: Graph, numbers: Mapping[str, str]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for identity in numbers:
        node = drawn.nodes[identity]
        found.setdefault(node.kind, []).append(node)
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'").replace("\n", " ")
