"""Lays what a panel shows beside what it must show. Nothing is judged here: both are recorded, point by point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.dashboards.compared_logs import compared_lines
from harness.dashboards.facts import Facts
from harness.documents.dashboard import Dashboard, Panel, Target
from harness.generators.panel_log_truth import LogShows
from harness.generators.panel_truth import SCRAPE_SECONDS, Asked, Band, Group, Shows, largest
from harness.probes.grafana_prometheus import PrometheusSource, Question
from harness.probes.panel import Shown, question_of
from harness.probes.panel_answer import PanelAnswer
from harness.probes.panel_display import REDUCED, SEPARATOR, TABLE, Drawn, drawn, repeated

Record = dict[str, Any]
Bands = Mapping[float, Mapping[Group, Band]]


class Truths:
    """What `fixtures/panels.yml` says of every query. Raises UnreadableError for an entry that makes no sense."""

    def __init__(self, fixture: Mapping[str, Any]) -> None:
        choices = fixture.get("log_choices") or {}
        self.metrics: dict[tuple[str, str], Shows] = {}
        self.logs: dict[tuple[str, str], LogShows] = {}
        for panel, entries in (fixture.get("shows") or {}).items():
            for ref, spec in entries.items():
                where = f"{panel} {ref}"
                if "lines" in spec:
                    self.logs[(panel, ref)] = LogShows(spec, choices, where)
                else:
                    self.metrics[(panel, ref)] = Shows(spec, where)

    def alerting(self, dashboard: str) -> bool:
        """Whether a dashboard shows what a running stack does, such as alerts."""
        return any(shows.only_live for (panel, _), shows in self.metrics.items() if panel.startswith(f"{dashboard}/"))


class Comparison:
    """Compares panels with the facts of a run."""

    def __init__(self, truths: Truths, facts: Facts, source: PrometheusSource | None) -> None:
        self._truths = truths
        self._facts = facts
        self._source = source

    def of(self, shown: Shown, panel: Panel, answer: PanelAnswer, samples: int) -> Record:
        """What the panel shows and must show, at up to `samples` moments of each series."""
        series = drawn(panel, answer)
        names = () if panel.type == TABLE else repeated(series)
        targets = [self._target(shown, panel, target, answer, series, samples) for target in panel.targets]
        return {
            "dashboard": shown.dashboard.uid,
            "title": panel.title,
            "type": panel.type,
            "range": [round(shown.time.start, 3), round(shown.time.end, 3)],
            "choices": {name: list(values) for name, values in _choices(shown).items()},
            "repeated": list(names),
            "targets": [target for target in targets if target is not None],
        }

    def _target(
        self,
        shown: Shown,
        panel: Panel,
        target: Target,
        answer: PanelAnswer,
        series: Sequence[Drawn],
        samples: int,
    ) -> Record | None:
        key = (f"{shown.dashboard.uid}/{panel.title}", target.ref)
        reply = next((q.reply for q in answer.queries if q.name == target.ref), None)
        record: Record = {"ref": target.ref, "state": reply.state.value if reply else "not-asked"}
        own = [one for one in series if one.ref == target.ref]
        if reply is not None and reply.message:
            record["message"] = reply.message
        if key in self._truths.logs and self._facts.lines is not None and reply is not None:
            return record | compared_lines(self._truths.logs[key], self._facts.lines, shown, reply, own)
        shows = self._truths.metrics.get(key)
        if shows and self._facts.alerts is None and shows.only_live:
            return record | {"unchecked": "only a running stack tells this"}
        if shows and self._facts.ground is not None and self._source is not None:
            question = question_of(target, shown, panel)
            return record | self._metrics(shows, question, shown, panel, own, samples)
        return record | {"unchecked": _why(key, self._truths, self._facts)}

    def _metrics(
        self, shows: Shows, question: Question, shown: Shown, panel: Panel, series: Sequence[Drawn], samples: int
    ) -> Record:
        assert self._source is not None and self._facts.ground is not None
        asked = Asked(self._source.rate_window(question), shown.time.seconds, _choices(shown), self._facts.alerts or ())
        moments = self._moments(shows, question, asked, panel, samples)
        now = shows.spec.get("only") == "now" and moments
        held = [one for one in series if not now or _value(one, moments[-1], panel) is not None]
        if shows.within:
            bands: Bands = {moment: {(): shows.within} for moment in moments}
            entries = [_entry(one, panel, {m: shows.within for m in moments}) for one in held if not one.hidden]
            if shows.spec.get("or_nothing"):
                entries = [{**one, "points": [p for p in one["points"] if p[1] is not None]} for one in entries]
            return {"moments": len(moments), "series": entries, "missing": [], "unexpected": []}
        bands = {moment: shows.bands(self._facts.ground, asked, moment) for moment in moments}
        required, allowed = _names(shows, bands)
        seen = {one.name for one in held if not one.hidden}
        there = {one.name for one in held if any(_value(one, m, panel) is not None for m in moments)}
        entries = [
            _entry(one, panel, {m: b for m in moments if (b := _band_of(shows, bands[m], one.name)) is not None})
            for one in held
            if one.name in allowed and not one.hidden
        ]
        extra = (seen & there) - allowed if moments else set()
        return {
            "moments": len(moments),
            "series": entries,
            "missing": sorted(required - seen),
            "unexpected": sorted(extra),
            "hidden": sorted({one.name for one in held if one.hidden}),
        }

    def _moments(self, shows: Shows, question: Question, asked: Asked, panel: Panel, samples: int) -> list[float]:
        """The moments to compare at: of what can be known the last, the first, and some between them."""
        assert self._source is not None
        prepared = self._source.prepared(question)
        grid = [question.shown.end]
        if not question.instant:
            steps = math.floor((prepared.end - prepared.start) / prepared.step + 1e-9)
            grid = [prepared.start + prepared.step * step for step in range(steps + 1)]
        if "alerts" in shows.spec:
            # What is held now says nothing of a step that was some time ago.
            return [moment for moment in grid[-1:] if question.shown.end - moment <= SCRAPE_SECONDS]
        if panel.type in REDUCED:
            grid = grid[-1:]
        window = shows.window(asked)
        if shows.spec.get("each_bucket"):
            grid = [moment for moment in grid if not self._restarted(moment, window)]
        known = [m for m in grid if self._facts.comparable(m, window, whole=shows.whole_range, counts=shows.counts)]
        return _spread(known, samples)

    def _restarted(self, moment: float, window: float) -> bool:
        """Whether counters began anew in a window. Prometheus does not extrapolate below zero, so for a while each
        bucket of a histogram is extrapolated otherwise, and the difference of two says nothing."""
        ground = self._facts.ground
        return ground is not None and any(moment - window - SCRAPE_SECONDS < at <= moment for at in ground.restarts)


def _spread(moments: Sequence[float], samples: int) -> list[float]:
    if len(moments) <= samples or samples < 2:
        return list(moments[-samples:])
    places = {round(n * (len(moments) - 1) / (samples - 1)) for n in range(samples)}
    return [moments[place] for place in sorted(places)]


def _names(shows: Shows, bands: Bands) -> tuple[set[str], set[str]]:
    """The names of the series that must be there, and of those that may."""
    above, most = shows.spec.get("above"), shows.spec.get("most")
    required, allowed = set(), set()
    for found in bands.values():
        must, may = largest(int(most), found) if most else (set(found), set(found))
        allowed |= {_called(shows, group) for group in may}
        for group in must:
            band = found[group]
            if not band.maybe_nothing and (above is None or band.low > above):
                required.add(_called(shows, group))
    return required, allowed


def _called(shows: Shows, group: Group) -> str:
    if shows.spec.get("row"):
        return SEPARATOR.join(value for _, value in group if value)
    return shows.name(group)


def _band_of(shows: Shows, bands: Mapping[Group, Band], name: str) -> Band | None:
    return next((band for group, band in bands.items() if _called(shows, group) == name), None)


def _entry(one: Drawn, panel: Panel, bands: Mapping[float, Band]) -> Record:
    """A series with its points: when, what is seen, and between what it must lie; null stands for no number."""
    points: list[list[float | None]] = []
    for moment, band in bands.items():
        seen = _plain(_value(one, moment, panel))
        if panel.type in REDUCED and seen is not None and math.isnan(band.low) and len(one.line.points) > 1:
            continue  # the last that was a number is shown, and that was earlier
        nothing = seen is None and band.maybe_nothing
        points.append([moment, seen, *((None, None) if nothing else (_plain(band.low), _plain(band.high)))])
    return {"name": one.name, "colour": one.colour, "points": points}


def _value(one: Drawn, moment: float, panel: Panel) -> float | None:
    """What is seen of a series at a moment; of a panel of single values, its value."""
    if panel.type in REDUCED:
        return one.value
    return next((value for at, value in one.line.points if abs(at - moment) < 0.01), None)


def _plain(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{value:.9g}")


def _choices(shown: Shown) -> dict[str, tuple[str, ...]]:
    """The variables that are narrowed to some of their values; All, where its author wrote it, narrows nothing."""
    return {name: chosen.values for name, chosen in shown.chosen.items() if not chosen.verbatim}


def _why(key: tuple[str, str], truths: Truths, facts: Facts) -> str:
    if key not in truths.metrics and key not in truths.logs:
        return "fixtures/panels.yml does not say what it must show"
    return "the truth of the logs is not known in this run" if key in truths.logs else "the metrics' truth is not known"


def queried(dashboards: Iterable[Dashboard]) -> list[tuple[Dashboard, Panel]]:
    """Every panel that asks anything."""
    return [(dashboard, panel) for dashboard in dashboards for panel in dashboard.panels if panel.targets]
