"""The plots of the page, each made of what its section tells in numbers; empty where nothing was recorded."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import BaselineResult, History, Report
from harness.quantiles import interval, quantile
from harness.reporters import plots
from harness.reporters.plots import Dots, Span, Strip, Track
from harness.reporters.sections import timeline
from harness.reporters.sections.growth import Growth
from harness.reporters.sections.reading import figure
from harness.reporters.sections.searches import judged_range
from harness.reporters.summary import finite, quantity

FEWEST = 5
"""Below that, dots on a line tell no more than the numbers do."""
_SEVERITIES = {"critical": "failed", "warning": "unknown", "info": "link"}


def baselines(report: Report) -> str:
    """The samples of every baseline in seconds, each against its limit, on one axis in percent of the limit."""
    rows = []
    for baseline in report.baselines:
        limit = finite(baseline.limit)
        if len(baseline.values) >= FEWEST and limit and not baseline.at_least:
            share = tuple(100.0 * value / limit for value in baseline.values)
            label = f"{baseline.title}, {quantity(limit, baseline.unit)}"
            rows.append(Strip(label, (Dots("link", "samples", share),)))
    told = "Samples of the baselines in percent of their limits, with median and 95th percentile"
    return plots.strips("baselines", rows, 100.0, "%", told)


def spread(baseline: BaselineResult) -> str:
    """How sure the 95th percentile is, in words; empty without samples."""
    if len(baseline.values) < FEWEST:
        return ""
    low, high = interval(baseline.values, 0.95)
    told = f"95th percentile {quantity(quantile(baseline.values, 0.95), baseline.unit)}"
    upper = quantity(high, baseline.unit) if high is not None else "an upper end that so few samples cannot show"
    return f"{told}, with 95 % confidence between {quantity(low, baseline.unit)} and {upper}"


def loads(history: History, limit: float | None) -> str:
    """Load times of each dashboard, cold and warm."""
    names = dict.fromkeys(o.subject for o in history.of_kind("dashboard-load"))
    rows = [Strip(name, _cold_and_warm(history, "dashboard-load", name)) for name in sorted(names)]
    return plots.strips("loads", rows, limit, "s", "Load times of each dashboard, cold and warm, against the limit")


def searches(history: History, limit: float | None) -> str:
    """Times of each saved search, cold and warm."""
    names = dict.fromkeys(o.subject for o in history.of_kind("search-time"))
    judged = judged_range(history)
    rows = [Strip(name, _cold_and_warm(history, "search-time", name, judged)) for name in sorted(names)]
    return plots.strips("searches", rows, limit, "s", "Times of each saved search, cold and warm, against the limit")


def waterfall(found: Sequence[timeline.Course]) -> str:
    """Pending, waiting, heard: one row an alert."""
    if not found:
        return ""
    rows = []
    for one in found:
        spans = [Span(one.fires, one.last, _SEVERITIES.get(one.severity, "quiet"), "waiting")]
        if one.pending is not None:
            spans.insert(0, Span(one.pending, one.fires, "track", "pending"))
        rows.append(Track(one.alert, tuple(spans), tuple(heard.at for heard in one.heard)))
    ends = max(one.last for one in found)
    begins = min([0.0, *(one.fires for one in found)]) - 0.12 * ends - 1
    told = "Each alert from the crossing of its threshold to the channels; the table below has the same figures"
    return plots.waterfall("waterfall", rows, begins, 1.03 * ends + 1, "seconds after going live", told)


def growth(name: str, found: Growth) -> str:
    """A line for each search or dashboard: the medians over the sizes, and the limit."""
    curves = [(one.subject, one.medians) for one in found.grown]
    told = f"{found.what}: medians of the times over {found.unit}, the table below has the same figures"
    return plots.curves(name, curves, found.limit, found.unit, told)


def _cold_and_warm(history: History, kind: str, subject: str, judged: str | None = None) -> tuple[Dots, ...]:
    found: dict[str, list[float]] = {"cold": [], "warm": [], "while others ask": []}
    for seen in history.of_kind(kind, subject):
        seconds = figure(seen.data, "seconds")
        if seconds is not None and seen.data.get("range") == judged:
            alone = "cold" if seen.data.get("cold") else "warm"
            found["while others ask" if seen.data.get("busy") else alone].append(seconds)
    colours = ("unknown", "link", "quiet")
    return tuple(Dots(c, name, tuple(values)) for c, (name, values) in zip(colours, found.items(), strict=True))
