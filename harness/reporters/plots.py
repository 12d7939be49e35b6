"""Plots as inline SVG: drawn by matplotlib, then freed of what a page has already, so that they follow its colours.

Matplotlib writes colours into each element. Here it is given stand-in colours that are replaced by the page's
variables, so that one drawing is readable on a white screen, a dark one and paper. The same values give the same bytes.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.quantiles import quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_INCHES = 8.6
MOST_DOTS = 240
"""More of one strip are thinned out evenly: the eye sees no difference, the file does."""

MOST_NAMED = 4
"""Of many lines, those that end highest are named in the plot."""

_COLOURS = {
    name: f"#0{number:x}0{number:x}0{number:x}"
    for number, name in enumerate(
        ("ink", "quiet", "rule", "ground", "proven", "failed", "unknown", "link", "track"), start=1
    )
}
_IDS = re.compile(r'(?<=\bid=")(?=[^"]+")|(?<=url\(#)|(?<=xlink:href="#)')
_PLAIN_GROUP = re.compile(r'<g id="[^"]*">')
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_FONT = re.compile(r"font: (?:(\d+) )?([\d.]+)px [^;\"]*|font-family: [^;\"]*;? ?")


@dataclass(frozen=True, slots=True)
class Dots:
    """Samples of one kind: the page's colour they are drawn in, and what they are."""

    colour: str
    legend: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of samples."""

    label: str
    dots: tuple[Dots, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a row, in seconds."""

    begins: float
    ends: float
    colour: str
    legend: str


@dataclass(frozen=True, slots=True)
class Track:
    """One row of a waterfall: stretches, and moments at which something arrived."""

    label: str
    spans: tuple[Span, ...]
    moments: tuple[float, ...]


def strips(name: str, rows: Sequence[Strip], limit: float | None, unit: str, label: str) -> str:
    """Samples as dots on a logarithmic scale, a row each, with the median and the p95, and the limit as a line."""
    every = [value for row in rows for dots in row.dots for value in dots.values if value > 0]
    if not every:
        return ""
    figure, axes = _figure(len(rows))
    _dots(axes, rows)
    _ticks(axes, rows)
    if limit:
        axes.axvline(limit, color=_COLOURS["failed"], linewidth=1.2)
        axes.annotate(
            f"limit {limit:g} {unit}", (limit, -0.62), xytext=(-4, 0), textcoords="offset points",
            ha="right", va="center", fontsize=9, color=_COLOURS["failed"],
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(min(every) / 1.3, max(*every, limit or 0) * 1.3)
    _time_axis(axes, unit)
    _rows(axes, [row.label for row in rows])
    return _svg(figure, name, label)


def waterfall(name: str, rows: Sequence[Track], begins: float, ends: float, axis: str, label: str) -> str:
    """Stretches of time under each other, on one axis in seconds."""
    if not rows:
        return ""
    figure, axes = _figure(len(rows))
    _spans(axes, rows, begins)
    axes.set_xlim(begins, ends)
    axes.set_xlabel(axis, color=_COLOURS["quiet"], fontsize=9)
    _rows(axes, [row.label for row in rows])
    return _svg(figure, name, label)


def course(name: str, values: Sequence[float | None], marked: Sequence[bool], unit: str, label: str) -> str:
    """A figure over the runs, oldest first; marked runs stand out, a run without it leaves a hole."""
    figure, axes = _figure(5)
    places = [(number, value) for number, value in enumerate(values) if value is not None]
    axes.plot([n for n, _ in places], [v for _, v in places], "-o", markersize=4, color=_COLOURS["link"], linewidth=1)
    for number, value in places:
        if marked[number]:
            axes.plot([number], [value], "X", markersize=9, color=_COLOURS["failed"])
    axes.set_ylim(0, max((value for _, value in places), default=1.0) * 1.25)
    axes.set_xlim(-0.5, max(1, len(values)) - 0.5)
    axes.set_ylabel(unit, color=_COLOURS["quiet"], fontsize=9)
    axes.set_xticks([])
    _frame(axes)
    return _svg(figure, name, label)


def curves(
    name: str, found: Sequence[tuple[str, Sequence[tuple[float, float]]]], limit: float, axis: str, label: str
) -> str:
    """Seconds over sizes, a line each; those that end highest are named. The limit is a line when it is near."""
    figure, axes = _figure(12)
    highest = max((seconds for _, points in found for _, seconds in points), default=0.0)
    ends = sorted(((points[-1][1], title) for title, points in found if points), reverse=True)
    named = {title for _, title in ends[:MOST_NAMED]}
    for title, points in found:
        colour = _COLOURS["link" if title in named else "quiet"]
        places, seconds = [at for at, _ in points], [taken for _, taken in points]
        axes.plot(places, seconds, "-o", markersize=3, linewidth=1, color=colour, alpha=0.9 if title in named else 0.4)
    told = "\n".join(f"{_seconds(taken)} {_shortened(title)}" for taken, title in ends[:MOST_NAMED])
    axes.text(0.01, 0.98, told, transform=axes.transAxes, va="top", fontsize=8, color=_COLOURS["ink"], parse_math=False)
    if limit <= 2 * highest:
        axes.axhline(limit, color=_COLOURS["failed"], linewidth=1.2)
    axes.set_ylim(0, max(highest * 1.6, limit * 1.5 if limit <= 2 * highest else 0.0))
    axes.set_xlim(0, None)
    axes.set_xlabel(axis, color=_COLOURS["quiet"], fontsize=9)
    axes.xaxis.set_major_formatter(lambda at, _: f"{at / 1e6:g} M" if at >= 1e5 else f"{at:g}")
    axes.yaxis.set_major_formatter(lambda taken, _: _seconds(taken))
    _frame(axes)
    return _svg(figure, name, label)


def _figure(rows: int) -> tuple[Figure, Axes]:
    # Imported here: it takes half a second, which the commands that draw nothing do not spend.
    from matplotlib.figure import Figure

    height = 0.75 + 0.21 * rows
    figure = Figure(figsize=(WIDTH_INCHES, height))
    axes = figure.add_axes((0.29, 0.42 / height, 0.69, 1 - 0.62 / height))
    return figure, axes


def _dots(axes: Axes, rows: Sequence[Strip]) -> None:
    # One line of each colour for all rows: what matplotlib draws costs by the piece.
    places: dict[str, tuple[list[float], list[float]]] = {}
    for number, row in enumerate(rows):
        for dots in row.dots:
            shown = _thinned([value for value in dots.values if value > 0])
            across, down = places.setdefault(dots.colour, ([], []))
            across.extend(shown)
            down.extend(number + 0.5 * ((index * 0.618) % 1 - 0.5) for index in range(len(shown)))
    for colour, (across, down) in places.items():
        axes.plot(across, down, "o", markersize=3, alpha=0.55, color=_COLOURS[colour], markeredgewidth=0)


def _ticks(axes: Axes, rows: Sequence[Strip]) -> None:
    for share, style in ((0.5, "-"), (0.95, ":")):
        across, down = [], []
        for number, row in enumerate(rows):
            values = [value for dots in row.dots for value in dots.values if value > 0]
            if values:
                at = quantile(values, share)
                across += [at, at, math.nan]  # lifts the pen
                down += [number - 0.36, number + 0.36, math.nan]
        axes.plot(across, down, style, color=_COLOURS["ink"], linewidth=1.6)


def _spans(axes: Axes, rows: Sequence[Track], begins: float) -> None:
    bars: dict[str, list[tuple[int, float, float]]] = {}
    for number, row in enumerate(rows):
        for span in row.spans:
            left = max(span.begins, begins)
            if span.ends > left:
                bars.setdefault(span.colour, []).append((number, span.ends - left, left))
    for colour, found in bars.items():
        numbers, widths, lefts = zip(*found, strict=True)
        axes.barh(numbers, widths, left=lefts, height=0.55, color=_COLOURS[colour])
    across = [at for row in rows for at in row.moments]
    down = [number for number, row in enumerate(rows) for _ in row.moments]
    axes.plot(across, down, "|", markersize=9, color=_COLOURS["ink"])


def _seconds(value: float) -> str:
    return f"{round(value * 1000):g} ms" if 0 < value < 1 else f"{value:.3g} s"


def _time_axis(axes: Axes, unit: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    def told(value: float, _: int) -> str:
        return _seconds(value) if unit == "s" else f"{value:g} {unit}"

    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(told))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    # A dollar sign is no mathematics here.
    axes.set_yticks(range(len(labels)), [_shortened(label) for label in labels], parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.85)
    _frame(axes)


def _frame(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_COLOURS["rule"])
    axes.set_facecolor("none")
    axes.tick_params(axis="x", colors=_COLOURS["quiet"], labelsize=9)
    axes.tick_params(axis="y", colors=_COLOURS["ink"], labelsize=9, length=0)
    axes.grid(axis="x", color=_COLOURS["rule"], linewidth=0.6)
    axes.set_axisbelow(True)


def _shortened(label: str) -> str:
    clean = "".join(letter if letter.isprintable() else "\ufffd" for letter in label)
    return clean if len(clean) <= 34 else clean[:33] + "…"


def _thinned(values: Sequence[float]) -> list[float]:
    if len(values) <= MOST_DOTS:
        return list(values)
    ordered = sorted(values)
    return [ordered[round(index * (len(ordered) - 1) / (MOST_DOTS - 1))] for index in range(MOST_DOTS)]


def _svg(figure: Figure, name: str, label: str) -> str:
    import matplotlib

    figure.patch.set_visible(False)
    written = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that matplotlib's own font lacks is drawn by the reader's browser
        figure.savefig(written, format="svg", metadata={"Date": None})
    return _inline(written.getvalue(), name, label)


def _inline(text: str, name: str, label: str) -> str:
    """What is between the <svg> tags, in the page's colours and fonts, with ids that no other plot of the page has."""
    from markupsafe import escape

    inner = text[text.index("</metadata>") + len("</metadata>") : text.rindex("</svg>")]
    inner = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", inner, flags=re.DOTALL)
    inner = re.sub(r"<!--.*?-->", "", inner, flags=re.DOTALL)
    inner = re.sub(r"<g[^>]*/>", "", inner)
    inner = _IDS.sub(f"{name}-", _PLAIN_GROUP.sub("<g>", inner))
    inner = _FONT.sub(lambda found: f"font-size: {found[2]}px" if found[2] else "", inner)
    inner = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}", " ".join(inner.split()))
    for word, colour in _COLOURS.items():
        inner = inner.replace(colour, f"var(--{word})")
    box = re.search(r'viewBox="([^"]+)"', text)
    return (
        f'<svg class="plot" viewBox="{box[1] if box else ""}" role="img" aria-label="{escape(label)}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{inner.strip()}</svg>'
    )
