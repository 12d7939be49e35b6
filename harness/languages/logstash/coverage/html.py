"""Coverage as one self-contained page: the configuration with what was reached and what was not."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from harness.languages.logstash.coverage.recorder import Point
from harness.languages.logstash.coverage.summary import NAMES, counts

_STYLE = """
:root { color-scheme: light dark; --yes: #1a7f37; --no: #b3261e; --part: #8a6100; --rule: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1, h2 { font-weight: 600; }
.numbers { border-collapse: collapse; }
.numbers td, .numbers th { padding: .2rem 1.2rem .2rem 0; text-align: left; font-variant-numeric: tabular-nums; }
.source { border-collapse: collapse; font: 13px/1.45 ui-monospace, monospace; width: 100%; }
.source td { padding: 0 .6rem; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
.source td:nth-child(1), .source td:nth-child(2) { text-align: right; opacity: .75; width: 1%; white-space: nowrap; }
.yes td:nth-child(2) { color: var(--yes); opacity: 1; }
.no { background: color-mix(in srgb, var(--no) 14%, transparent); }
.no td:nth-child(2) { color: var(--no); opacity: 1; font-weight: 700; }
.part { background: color-mix(in srgb, var(--part) 14%, transparent); }
.part td:nth-child(2) { color: var(--part); opacity: 1; font-weight: 700; }
.why { color: var(--no); }
"""


def page(covered: Sequence[tuple[str, str, Sequence[Point]]], *, title: str) -> str:
    """The page for files with their text and points."""
    points = [point for _, _, of_file in covered for point in of_file]
    files = "".join(_file(file, text, of_file) for file, text, of_file in covered)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}</h1>\n{_numbers(points)}\n{files}</body></html>\n"
    )


def _numbers(points: Sequence[Point]) -> str:
    rows = "".join(
        f"<tr><th>{NAMES[kind]}</th><td>{used} of {all_of}</td><td>{used / all_of:.0%}</td></tr>"
        for kind, (used, all_of) in counts(points).items()
    )
    return f'<table class="numbers">{rows}</table>'


def _file(file: str, text: str, points: Sequence[Point]) -> str:
    by_line: dict[int, list[Point]] = {}
    for point in points:
        by_line.setdefault(point.position.line, []).append(point)
    rows = "".join(_row(number, line, by_line.get(number, [])) for number, line in enumerate(text.split("\n"), start=1))
    return f'<h2>{escape(file)}</h2>\n<table class="source">{rows}</table>\n'


def _row(number: int, line: str, points: list[Point]) -> str:
    if not points:
        return f'<tr id="L{number}"><td>{number}</td><td></td><td>{escape(line)}</td></tr>\n'
    missed = [point for point in points if not point.hits]
    kind = "yes" if not missed else "no" if len(missed) == len(points) else "part"
    shown = "  ".join(str(point.hits) for point in points) if kind != "no" else "never"
    why = (
        "".join(f'\n<span class="why">never: {escape(point.what)}</span>' for point in missed)
        if len(points) > 1
        else ""
    )
    return f'<tr id="L{number}" class="{kind}"><td>{number}</td><td>{shown}</td><td>{escape(line)}{why}</td></tr>\n'
