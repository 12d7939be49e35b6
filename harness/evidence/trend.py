"""reports/history/RUN.json: what is kept of each run when its folder is gone: verdicts, figures, the seal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.evidence.inputs import read_if_any
from harness.evidence.plain import from_plain, to_plain
from harness.model import History, Report
from harness.quantiles import median, quantile

FOLDER = "history"
GROUPED = {"log-query": "search-time", "dashboard-load": "dashboard-load"}
"""Baselines whose samples are observations of one kind, each about one subject, with `seconds` and whether it was cold.
Compared from run to run is the median of each subject, warm: a change of the mix is no change of speed."""
QUALIFIED = ("view", "range", "busy")
"""What else about an observation sets it apart: a search over an hour is another one than over a month."""
_EVERYTHING = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A baseline as one run measured it. `groups`: the median of each subject, in `unit`; without subjects just one.

    `machine_seconds` is what the fixed work took meanwhile, None when that was not timed; `over` is what it was
    measured on, where that differs from run to run: figures of a larger world are no comparison.
    """

    id: str
    unit: str
    samples: int
    median: float
    p95: float
    groups: Mapping[str, float]
    machine_seconds: float | None = None
    over: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in brief. Two runs are comparable when `machine` and `suites` are the same."""

    run: str
    started: float
    config_sha256: str
    harness_sha256: str
    root: str
    verdict: str
    sign_off: str
    suites: tuple[str, ...]
    machine: str
    checks: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    nightly: bool = False


def of(report: Report, history: History, root: str, harness_sha256: str = "", *, nightly: bool = False) -> RunRecord:
    """The record of a run that was judged and sealed."""
    machine = ", ".join(f"{name} {report.environment[name]}" for name in sorted(report.environment))
    return RunRecord(
        run=report.run,
        started=report.started,
        config_sha256=report.config_sha256,
        harness_sha256=harness_sha256,
        root=root,
        verdict=report.verdict.label,
        sign_off=report.sign_off.label,
        suites=report.suites,
        machine=f"{machine}, launcher {report.launcher}",
        checks={j.check: j.verdict.label for j in report.judgements},
        figures=tuple(_figures(report, history)),
        nightly=nightly,
    )


def write(report: Report, folder: Path, history: History, root: str) -> Path:
    """Keep the record of a run beside its folder, in `reports/history`."""
    made_of = read_if_any(folder)
    record = of(report, history, root, made_of.harness_sha256 if made_of else "")
    return keep(folder.parent, record)


def keep(reports: Path, record: RunRecord) -> Path:
    """Write a record, in place of an older one of the same run."""
    path = reports / FOLDER / f"{record.run}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(to_plain(record), ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")
    return path


def read(reports: Path) -> tuple[RunRecord, ...]:
    """Every record that is kept, oldest first. One that cannot be read is left out: it may be of an older harness."""
    found = []
    for path in sorted((reports / FOLDER).glob("*.json")):
        try:
            found.append(from_plain(RunRecord, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return tuple(sorted(found, key=lambda record: (record.started, record.run)))


def root_of(reports: Path, run: str) -> str:
    """The seal that a run was recorded with outside of its own folder; empty when none was."""
    try:
        data = json.loads((reports / FOLDER / f"{run}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(data.get("root", "")) if isinstance(data, dict) else ""


def _figures(report: Report, history: History) -> Iterable[Figure]:
    for baseline in report.baselines:
        groups, moments = _groups(history, GROUPED.get(baseline.id, ""))
        # Of a baseline that does not hold, no samples are told; how slow it was must be known all the same.
        values = [value for value in baseline.values if math.isfinite(value)] or [*groups.values()]
        if not values:
            continue
        yield Figure(
            id=baseline.id,
            unit=baseline.unit,
            samples=len(values),
            median=median(values),
            p95=quantile(values, 0.95),
            groups=groups or {_EVERYTHING: median(values)},
            machine_seconds=_beside(history, moments) or _machine(history, moments),
            over=_over(history) if GROUPED.get(baseline.id) == "search-time" else "",
        )


def _groups(history: History, kind: str) -> tuple[dict[str, float], tuple[float, ...]]:
    """The warm median of each subject of a kind, and when they were measured."""
    times: dict[str, list[float]] = {}
    moments = []
    for seen in history.of_kind(kind) if kind else ():
        seconds = seen.data.get("seconds")
        whole = not (seen.data.get("cold") or seen.data.get("errors") or seen.data.get("failures"))
        if isinstance(seconds, int | float) and math.isfinite(seconds) and whole:
            how = [str(seen.data[name]) for name in QUALIFIED if name in seen.data and name != "busy"]
            how += ["while others search"] if seen.data.get("busy") else []
            times.setdefault(", ".join([seen.subject, *how]), []).append(float(seconds))
            moments.append(seen.at)
    return {subject: median(values) for subject, values in times.items()}, tuple(moments)


def _over(history: History) -> str:
    """How many lines there were to be searched; empty when nobody said."""
    scales = sorted({o.data["scale"] for o in history.of_kind("search-corpus") if isinstance(o.data.get("scale"), int)})
    return ", ".join(f"{scale:,} lines" for scale in scales)


def _beside(history: History, moments: tuple[float, ...]) -> float | None:
    """What the trifle took that a suite asked between its samples, if it did: the nearest witness of the machine."""
    found = [
        float(seconds)
        for seen in (history.of_kind("calibration") if moments else ())
        if min(moments) - 1 <= seen.at <= max(moments) + 1
        and not seen.data.get("busy")
        and isinstance(seconds := seen.data.get("seconds"), int | float)
        and seconds > 0
    ]
    return median(found) if found else None


def _machine(history: History, moments: tuple[float, ...]) -> float | None:
    """What the fixed work took while the figure was measured, or during the whole run if that is not known."""
    begins, ends = (min(moments), max(moments)) if moments else (-math.inf, math.inf)
    found = [
        float(pair[1])
        for seen in history.of_kind("machine-speed")
        for pair in seen.data.get("samples", ())
        if isinstance(pair, list | tuple) and len(pair) == 2 and begins - 1 <= pair[0] <= ends + 1
    ]
    return median(found) if found else None
