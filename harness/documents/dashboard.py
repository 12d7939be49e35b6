"""Grafana dashboards: panels with their queries, variables and annotations, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.positions import Step, View
from harness.model import Position

_PARTS = {"panels", "templating", "annotations", "schemaVersion", "uid", "timepicker"}


@dataclass(frozen=True, slots=True)
class DatasourceReference:
    """A reference to a datasource: plugin type and uid, either of them empty when the dashboard does not say."""

    type: str = ""
    uid: str = ""

    @property
    def given(self) -> bool:
        """Whether the reference names anything."""
        return bool(self.type or self.uid)


@dataclass(frozen=True, slots=True)
class GridPosition:
    """Where a panel lies on the grid of 24 columns, in grid units."""

    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: GridPosition) -> bool:
        """Whether the two share a cell."""
        beside = self.x + self.w <= other.x or other.x + other.w <= self.x
        above = self.y + self.h <= other.y or other.y + other.h <= self.y
        return not beside and not above


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel: `expr` is PromQL or, for Elasticsearch, the Lucene query."""

    ref: str
    datasource: DatasourceReference
    expr: str
    view: View = field(repr=False, compare=False)
    stored_as: str = "expr"

    @property
    def hidden(self) -> bool:
        """Whether it is switched off and so never asked."""
        return self.view["hide"].value is True

    @property
    def instant(self) -> bool:
        """Whether it asks for one moment only. Grafana runs a query that says neither as a range query."""
        return self.view["instant"].value is True

    @property
    def format(self) -> str:
        """`time_series`, `table` or `heatmap`."""
        return self.view.text("format", "time_series")

    @property
    def interval(self) -> str:
        """The query's own minimum step, e.g. `1m`; empty when it has none."""
        return self.view.text("interval")

    @property
    def legend(self) -> str:
        """The legend's template."""
        return self.view.text("legendFormat")

    def at(self, *path: Step) -> Position:
        """Where a field stands; without a path, the query itself."""
        return self.view.at(*(path or (self.stored_as,)))

    def inside(self, offset: int, length: int = 1) -> Position:
        """Where characters of the query stand."""
        return self.view.inside((self.stored_as,), offset, length)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; rows are none."""

    id: int | None
    title: str
    type: str
    datasource: DatasourceReference
    targets: tuple[Target, ...]
    grid: GridPosition | None
    view: View = field(repr=False, compare=False)

    @property
    def unit(self) -> str:
        """The unit of the values, as Grafana names it."""
        return self._defaults.text("unit")

    @property
    def description(self) -> str:
        """What the panel tells its reader."""
        return self.view.text("description")

    @property
    def thresholds(self) -> tuple[View, ...]:
        """The threshold steps, the base step included."""
        return self._defaults["thresholds"].mappings("steps")

    @property
    def max_data_points(self) -> int | None:
        """The panel's own limit of points per series; None when its width decides."""
        number = self.view.number("maxDataPoints")
        return int(number) if number else None

    @property
    def interval(self) -> str:
        """The panel's minimum interval, e.g. `5m`; empty when it has none."""
        return self.view.text("interval")

    @property
    def _defaults(self) -> View:
        return self.view["fieldConfig"]["defaults"]

    def at(self, *path: Step) -> Position:
        """Where a field stands; without a path, the panel's title."""
        return self.view.at(*(path or ("title",)))


@dataclass(frozen=True, slots=True)
class Variable:
    """A template variable. `query` is what a query variable asks, whatever way it is stored."""

    name: str
    type: str
    datasource: DatasourceReference
    query: str
    multi: bool
    include_all: bool
    all_value: str
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field stands; without a path, the name."""
        return self.view.at(*(path or ("name",)))


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation query. Grafana's own, which needs no datasource of ours, has no `expr`."""

    name: str
    datasource: DatasourceReference
    expr: str
    enabled: bool
    step: str
    view: View = field(repr=False, compare=False)

    def at(self, *path: Step) -> Position:
        """Where a field stands; without a path, the name."""
        return self.view.at(*(path or ("name",)))


@dataclass(frozen=True, slots=True)
class Dashboard(Document):
    """A Grafana dashboard as provisioned from a file."""

    uid: str = ""
    title: str = ""
    panels: tuple[Panel, ...] = ()
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()

    @property
    def refresh(self) -> str:
        """How often it refreshes by itself, e.g. `10s`."""
        return self.tree.view.text("refresh")

    @property
    def from_to(self) -> tuple[str, str]:
        """The time range it opens with, e.g. `now-1h` and `now`; Grafana's default when the file has none."""
        time = self.tree.view["time"]
        return time.text("from", "now-6h"), time.text("to", "now")

    def variable(self, name: str) -> Variable | None:
        """The variable of that name."""
        return next((variable for variable in self.variables if variable.name == name), None)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A JSON object with `panels`, and something else only dashboards have."""
        if source.path.suffix != ".json" or not isinstance(source.value, dict):
            return False
        return "panels" in source.value and len(_PARTS & source.value.keys()) >= 2

    @classmethod
    def read(cls, source: Source) -> Dashboard:
        """Read panels, those inside of collapsed rows included, variables and annotations."""
        view = source.tree.view
        return cls(
            source.file,
            source.tree,
            view.text("uid"),
            view.text("title"),
            tuple(_panel(panel) for panel in _panels(view)),
            tuple(_variable(variable) for variable in view["templating"].mappings("list")),
            tuple(_annotation(annotation) for annotation in view["annotations"].mappings("list")),
        )


def _panels(view: View) -> Iterator[View]:
    for panel in view.mappings("panels"):
        if panel.text("type") == "row":
            yield from _panels(panel)
        else:
            yield panel


def _panel(view: View) -> Panel:
    datasource = _datasource(view)
    targets = tuple(_target(target, datasource) for target in view.mappings("targets"))
    number = view.number("id")
    identifier = None if number is None else int(number)
    return Panel(identifier, view.text("title"), view.text("type"), datasource, targets, _grid(view), view)


def _target(view: View, inherited: DatasourceReference) -> Target:
    own = _datasource(view)
    datasource = own if own.given else inherited
    name = "query" if "expr" not in view.value and "query" in view.value else "expr"
    return Target(view.text("refId"), datasource, view.text(name), view, name)


def _grid(view: View) -> GridPosition | None:
    numbers = [view["gridPos"].number(name) for name in ("x", "y", "w", "h")]
    x, y, w, h = (-1 if number is None else int(number) for number in numbers)
    return None if None in numbers else GridPosition(x, y, w, h)


def _datasource(view: View) -> DatasourceReference:
    """A reference is an object since Grafana 8; before, and in old files, it is the name or uid alone."""
    value = view["datasource"].value
    if isinstance(value, dict):
        return DatasourceReference(view["datasource"].text("type"), view["datasource"].text("uid"))
    return DatasourceReference(uid=value) if isinstance(value, str) else DatasourceReference()


def _variable(view: View) -> Variable:
    query = view["query"].value
    asked = view["query"].text("query") if isinstance(query, dict) else view.text("query")
    flags = view["multi"].value is True, view["includeAll"].value is True
    return Variable(view.text("name"), view.text("type"), _datasource(view), asked, *flags, view.text("allValue"), view)


def _annotation(view: View) -> Annotation:
    target = view["target"]
    expr = view.text("expr") or view.text("query") or target.text("expr") or target.text("query")
    built_in = bool(view["builtIn"].value)
    enabled = view["enable"].value is not False
    return Annotation(
        view.text("name"),
        _datasource(view),
        "" if built_in else expr,
        enabled,
        target.text("interval") or view.text("step", "60s"),
        view,
    )
