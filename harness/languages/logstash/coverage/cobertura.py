"""Coverage as Cobertura XML, which build servers and code hosts read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from harness.languages.logstash.coverage.recorder import Point


def xml(covered: Sequence[tuple[str, Sequence[Point]]], *, timestamp_ms: int) -> str:
    """The document for the points of each file; `branch` lines carry how many of their ways were taken."""
    points = [point for _, of_file in covered for point in of_file]
    lines = [line for _, of_file in covered for line in _lines(of_file)]
    files = "".join(_class(file, of_file) for file, of_file in covered)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">\n'
        f'<coverage version="1" timestamp="{timestamp_ms}" complexity="0"{_rates(points, lines)}'
        f"{_counts(points, lines)}>\n"
        "  <sources><source>.</source></sources>\n"
        f'  <packages>\n    <package name="logstash" complexity="0"{_rates(points, lines)}>\n      <classes>\n'
        f"{files}      </classes>\n    </package>\n  </packages>\n</coverage>\n"
    )


def _lines(points: Sequence[Point]) -> list[tuple[int, list[Point]]]:
    """The points of each line; the ways of a branch stand where it begins."""
    found: dict[int, list[Point]] = {}
    for point in points:
        found.setdefault(_place(point), []).append(point)
    return sorted(found.items())


def _place(point: Point) -> int:
    return point.group.line if point.kind in ("branch", "grok") else point.position.line


def _ways(points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.kind in ("branch", "grok")]


def _rates(points: Sequence[Point], lines: Sequence[tuple[int, list[Point]]]) -> str:
    ways = _ways(points)
    used_lines = sum(any(point.hits for point in on_line) for _, on_line in lines)
    used_ways = sum(point.hits > 0 for point in ways)
    line_rate = used_lines / len(lines) if lines else 1.0
    way_rate = used_ways / len(ways) if ways else 1.0
    return f' line-rate="{line_rate:.4f}" branch-rate="{way_rate:.4f}"'


def _counts(points: Sequence[Point], lines: Sequence[tuple[int, list[Point]]]) -> str:
    ways = _ways(points)
    used_lines = sum(any(point.hits for point in on_line) for _, on_line in lines)
    return (
        f' lines-covered="{used_lines}" lines-valid="{len(lines)}"'
        f' branches-covered="{sum(point.hits > 0 for point in ways)}" branches-valid="{len(ways)}"'
    )


def _class(file: str, points: Sequence[Point]) -> str:
    lines = _lines(points)
    written = "".join(_line(number, on_line) for number, on_line in lines)
    return (
        f'        <class name={quoteattr(file)} filename={quoteattr(file)} complexity="0"{_rates(points, lines)}>\n'
        f"          <methods/>\n          <lines>\n{written}          </lines>\n        </class>\n"
    )


def _line(number: int, points: Sequence[Point]) -> str:
    ways = _ways(points)
    hits = sum(point.hits for point in ways) or max(point.hits for point in points)
    if not ways:
        return f'            <line number="{number}" hits="{hits}" branch="false"/>\n'
    used = sum(point.hits > 0 for point in ways)
    condition = f"{100 * used // len(ways)}% ({used}/{len(ways)})"
    return f'            <line number="{number}" hits="{hits}" branch="true" condition-coverage="{condition}"/>\n'
