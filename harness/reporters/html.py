"""report.html: the sign-off report as one self-contained file that a person can read, print, sign and archive.

It shows what the checks concluded and what was recorded; it makes no verdict of its own. Nothing in it is fetched from
anywhere, and the same report and history give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.evidence.inputs import Inputs
from harness.growth import size
from harness.model import Checklist, ChecklistLine, History, Report, Severity
from harness.reporters import summary
from harness.reporters.sections import (
    alerts,
    bars,
    checks,
    dashboards,
    diagnosed,
    evidence,
    figures,
    first,
    growth,
    latency,
    logs,
    messages,
    pictures,
    receivers,
    resilience,
    searches,
    timeline,
    virtual,
)

NAME = "report.html"
FIRST = 6
"""How many entries of a list the first screen writes out; the rest is folded below them."""

T = TypeVar("T")


def write(report: Report, folder: Path, history: History | None = None, made_of: Inputs | None = None) -> Path:
    """Write `report.html` and return its path. Without a history, or inputs, the page says what it cannot show."""
    page = _environment().get_template("report.html").render(_view(report, history or History(), made_of))
    path = folder / NAME
    # A log line may well hold NUL, which HTML does not, or half a surrogate pair, which is no UTF-8.
    path.write_text(page.replace("\0", "\ufffd"), encoding="utf-8", errors="replace")
    return path


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"FIRST": FIRST, "WIDTH": bars.WIDTH, "standing_of": summary.standing_of}
    environment.filters |= {
        "number": summary.number,
        "quantity": summary.quantity,
        "seconds": _seconds,
        "count": _count,
        "signed": _signed,
        "moment": _moment,
        "plural": _plural,
        "edits": _edits,
        "size": size,
        "anchor": evidence.anchor,
    }
    return environment


def _view(report: Report, history: History, made_of: Inputs | None) -> dict[str, Any]:
    open_now = checks.undecided(report.judgements)
    courses = _shown(lambda: timeline.courses(history))
    limits = {baseline.id: baseline.limit for baseline in report.baselines}
    grown = _shown(lambda: growth.growth(history, limits))
    return {
        "report": report,
        "ready": summary.ready(report),
        "word": summary.word(report),
        "steps": first.steps(report),
        "shares": first.shares(report.judgements),
        "claims": evidence.claims(report.judgements, history),
        "traced": frozenset(judgement.check for judgement in report.judgements if judgement.records),
        "headline": summary.headline(report),
        "answer": summary.answer(report),
        "counts": summary.counts(report.judgements),
        "sign_off": summary.sign_off_word(report.sign_off),
        "failed": checks.failed(report.judgements),
        "undecided": [*(one for one in open_now if not one.beside_a_verdict), *checks.promised(report)],
        "beside": [one for one in open_now if one.beside_a_verdict],
        "proven": checks.proven(report.judgements),
        "clean": checks.clean(report.judgements),
        "remarks": [finding for finding in report.findings if finding.severity < Severity.BUG],
        "stakeholders": checks.stakeholders(report.requirements),
        "baselines": [
            (b, summary.standing_of(b.verdict), bars.against_limit(b), figures.spread(b)) for b in report.baselines
        ],
        "lists": [
            (one, checks.stakeholders(line.result for line in one.lines), _cited(one)) for one in report.checklists
        ],
        "phases": list(zip(report.phases, bars.shares(report.phases), strict=True)),
        "again": _again(report),
        "observations": len(history.observations),
        "made_of": made_of,
        "matrix": _shown(lambda: alerts.matrix(history, report.judgements)),
        "storm": _shown(lambda: alerts.storm(history)),
        "courses": courses,
        "latency": _shown(lambda: latency.latency(history)),
        "diagnosed": _shown(lambda: diagnosed.diagnosed(history)),
        "receivers": _shown(lambda: receivers.receivers(history)),
        "virtual": _shown(lambda: virtual.virtual(history)),
        "messages": _shown(lambda: messages.messages(history)),
        "plots": _plots(report, history, courses[0] or (), grown[0] or ()),
        "dashboards": _shown(lambda: dashboards.dashboards(history)),
        "pictures": _shown(lambda: pictures.pictures(history)),
        "crowds": _shown(lambda: dashboards.crowds(history)),
        "searched": _shown(lambda: searches.searched(history)),
        "fate": _shown(lambda: logs.fate(history)),
        "faults": _shown(lambda: resilience.faults(history)),
        "growth": grown,
    }


def _shown(read: Callable[[], T]) -> tuple[T | None, str]:
    """What was recorded on a subject, or why it cannot be shown: a broken record must not hide the verdicts."""
    try:
        found = read()
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return None, f"what was recorded is not in a form that can be shown here: {type(error).__name__}: {error}"
    return (found, "") if found else (None, "not recorded in this run")


def _plots(
    report: Report, history: History, courses: Sequence[timeline.Course], grown: Sequence[growth.Growth]
) -> dict[str, Markup]:
    """The plots by name; one that cannot be drawn is left out, the figures are in the tables too."""
    limits = {baseline.id: baseline.limit for baseline in report.baselines}
    drawn = {
        "baselines": _shown(lambda: figures.baselines(report)),
        "loads": _shown(lambda: figures.loads(history, limits.get("dashboard-load"))),
        "searches": _shown(lambda: figures.searches(history, limits.get("log-query"))),
        "waterfall": _shown(lambda: figures.waterfall(timeline.shown(courses))),
    }
    for number, one in enumerate(grown, start=1):
        drawn[f"growth-{number}"] = _shown(partial(figures.growth, f"growth-{number}", one))
    return {name: Markup(svg or "") for name, (svg, _) in drawn.items()}


def _cited(checklist: Checklist) -> dict[str, ChecklistLine]:
    return {line.result.id: line for line in checklist.lines}


def _again(report: Report) -> str:
    """The command that does this run again."""
    named: Sequence[str] = [suite for suite in report.suites if suite != "lint"] or report.suites
    words = ["harness", "verify", "--config", report.config_path, "--launcher", report.launcher]
    for suite in named:
        words += ["--suite", suite]
    return " ".join(quote(word) for word in words)


def _seconds(value: float | None) -> str:
    """A duration with as many digits as its neighbours in a column, so that they compare at a glance."""
    if value is None or not math.isfinite(value):
        return "–"
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 120:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    return f"{value / 60:.1f} min"


def _signed(value: float | None) -> str:
    """A moment in seconds on a run's own axis; it may lie before its zero."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.1f} s"


def _count(value: int | None) -> str:
    """A count with narrow spaces between thousands, as it reads in any language; `–` when it was not counted."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _plural(count: int, word: str, several: str = "") -> str:
    return f"{_count(count)} {word if count == 1 else several or word + 's'}"


def _edits(diff: str) -> list[tuple[str, str]]:
    """The lines of a diff with what they are: `in`, `out`, `at`, or nothing."""
    kinds = {"+": "in", "-": "out", "@": "at"}
    return [(kinds.get(line[:1], ""), line) for line in diff.splitlines()]
