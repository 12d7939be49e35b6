"""Whether the last runs are slower than those before, and which checks cannot make up their mind. Pure.

A figure is compared subject by subject (each search with itself) with the runs before, after dividing by what a fixed
piece of work took on the machine meanwhile. How much runs differ without a cause is taken from those runs themselves: a
change counts when two runs in a row show it, and together lie further out than three times that spread and than
`LEAST_EFFECT`. What is smaller than the noise is not called stable either: the smallest slowdown that would have been
noticed is always said.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.evidence.trend import Figure, RunRecord
from harness.quantiles import deviation, median

LEAST_EFFECT = 0.15
"""A slowdown below this is nobody's concern, however certain it is."""
LEAST_SUBJECT_EFFECT = 1.0
"""The same for a single subject: there are many, each with few samples, so it must have doubled."""
SPREADS = 3.0
SUBJECT_SPREADS = 5.0
"""With fifteen searches every night, three would cry wolf once a month."""
FEWEST_FOR_SUBJECTS = 10
FEWEST_BEFORE = 7
"""Below that, the spread of the runs is not known."""
WINDOW = 20
FLAKY_WINDOW = 10


class Standing(enum.StrEnum):
    """What became of a figure."""

    STEADY = "steady"
    SUSPECTED = "suspected"
    SLOWER = "slower"
    FASTER = "faster"
    TOO_FEW = "too few runs"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of the newest run against the runs before. Ratios: 1.3 is 30 % slower.

    `noticeable` is the smallest ratio that would have counted; `subjects` are those that are slower by themselves;
    `calibrated`: every run involved had timed the machine; `against` says what it was compared with.
    """

    figure: str
    standing: Standing
    ratio: float | None
    noticeable: float | None
    runs: int
    against: str
    subjects: tuple[tuple[str, float], ...] = ()
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class Flaky:
    """A check that changed its verdict and back, on the same configuration and harness."""

    check: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """The newest run beside the runs before. `broken` and `mended` are checks, against the run before."""

    newest: RunRecord
    before: tuple[RunRecord, ...]
    changes: tuple[Change, ...]
    flaky: tuple[Flaky, ...]
    broken: tuple[str, ...]
    mended: tuple[str, ...]

    @property
    def regressed(self) -> tuple[Change, ...]:
        """The figures that are slower, twice in a row and beyond noise."""
        return tuple(change for change in self.changes if change.standing is Standing.SLOWER)


def trend(records: Sequence[RunRecord], accepted: Mapping[str, Figure] | None = None, since: str = "") -> Trend:
    """Compare the newest record with the comparable ones before it, and with accepted figures of the same machine.

    `since` is the run whose figures were accepted; what was before it no longer counts. Raises ValueError of none.
    """
    if not records:
        raise ValueError("there is no run to compare")
    newest = records[-1]
    alike = [one for one in records[:-1] if (one.machine, one.suites) == (newest.machine, newest.suites)]
    counted = [one for one in alike if one.run >= since][-WINDOW - 1 :]
    previous = counted[-1] if counted else None
    changes = [_change(figure, counted) for figure in newest.figures]
    drifts = [_against_accepted(figure, counted, (accepted or {}).get(figure.id)) for figure in newest.figures]
    last = {figure.id for one in counted[-3:] for figure in one.figures}
    gone = sorted(last - {figure.id for figure in newest.figures})
    lost = [Change(name, Standing.NOT_MEASURED, None, None, len(counted), "the runs before") for name in gone]
    return Trend(
        newest=newest,
        before=tuple(counted),
        changes=(*changes, *(one for one in drifts if one is not None), *lost),
        flaky=_flaky([*alike[-FLAKY_WINDOW + 1 :], newest]),
        broken=_turned(previous, newest, to_pass=False),
        mended=_turned(previous, newest, to_pass=True),
    )


def _change(figure: Figure, before: Sequence[RunRecord]) -> Change:
    """Against the runs before: the newest run and the one before it, both beyond what the others vary by."""
    runs = [found for one in before if (found := _of(one, figure))]
    # The run before is under suspicion itself; it says nothing of how much sound runs vary.
    sound, previous = runs[:-1], runs[-1:]
    if len(sound) < FEWEST_BEFORE:
        return Change(figure.id, Standing.TOO_FEW, None, None, len(runs), "the runs before")
    calibrated = all(one.machine_seconds for one in (*runs, figure))
    scaled = [_scaled(one, calibrated) for one in sound]
    usual = _usual(scaled)
    spread = _spread([math.log(_ratio(one, usual)) for one in scaled])
    # Two nights together vary less than each of them.
    threshold = max(math.log1p(LEAST_EFFECT), SPREADS * spread / math.sqrt(2))
    now, then = (math.log(_ratio(_scaled(one, calibrated), usual)) for one in (figure, *previous))
    standing = _standing(now, then, threshold)
    subjects = _subjects(_scaled(figure, calibrated), _scaled(previous[0], calibrated), scaled)
    if subjects and standing in (Standing.STEADY, Standing.SUSPECTED):
        standing = Standing.SLOWER
    return Change(
        figure=figure.id,
        standing=standing,
        ratio=math.exp(now),
        noticeable=math.exp(threshold),
        runs=len(runs),
        against="the runs before",
        subjects=subjects,
        calibrated=calibrated,
    )


def _against_accepted(figure: Figure, before: Sequence[RunRecord], accepted: Figure | None) -> Change | None:
    """Against the accepted figures: what creeps, a little each night, no comparison with last week shows."""
    runs = [found for one in before if (found := _of(one, figure))]
    if accepted is None or accepted.over != figure.over or len(runs) < FEWEST_BEFORE:
        return None
    calibrated = all(one.machine_seconds for one in (*runs, figure, accepted))
    usual = _scaled(accepted, calibrated)
    logs = [math.log(_ratio(_scaled(one, calibrated), usual)) for one in (*runs, figure)]
    # From night to night, so that the creeping itself does not count as noise.
    steps = [second - first for first, second in itertools.pairwise(logs)]
    threshold = max(math.log1p(2 * LEAST_EFFECT), SPREADS * _spread(steps) / math.sqrt(2))
    recent = median(logs[-FEWEST_BEFORE:])
    standing = Standing.SLOWER if recent > threshold else Standing.STEADY
    noticeable = math.exp(threshold)
    return Change(
        figure.id, standing, math.exp(recent), noticeable, len(runs), "the accepted figures", calibrated=calibrated
    )


def _standing(now: float, then: float, threshold: float) -> Standing:
    """Slower: the last two together are beyond the noise, and neither of them alone makes it so."""
    together = (now + then) / 2
    if together > threshold and min(now, then) > 0.75 * threshold:
        return Standing.SLOWER
    if now > threshold:
        return Standing.SUSPECTED
    return Standing.FASTER if together < -threshold and max(now, then) < -0.75 * threshold else Standing.STEADY


def _subjects(
    now: Mapping[str, float], then: Mapping[str, float], before: Sequence[Mapping[str, float]]
) -> tuple[tuple[str, float], ...]:
    """The subjects that are slower by themselves, twice in a row, worst first; a figure of one subject has none."""
    if len(now) < 2:
        return ()
    found = []
    for name, value in now.items():
        logs = [math.log(one[name]) for one in before if one.get(name)]
        if len(logs) < FEWEST_FOR_SUBJECTS or not then.get(name) or not value:
            continue
        usual = median(logs)
        threshold = max(math.log1p(LEAST_SUBJECT_EFFECT), SUBJECT_SPREADS * _spread(logs))
        if math.log(value) - usual > threshold and math.log(then[name]) - usual > threshold:
            found.append((name, math.exp(math.log(value) - usual)))
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _spread(values: Sequence[float]) -> float:
    """How far values lie from their middle, as a standard deviation; more of few, which show less than there is.

    The median deviation forgives an odd night, and of few values is too small by chance; the mean deviation is not.
    """
    middle = median(values)
    mean = 1.2533 * sum(abs(value - middle) for value in values) / len(values)
    return max(deviation(values), mean) * (1 + 5 / len(values))


def _of(record: RunRecord, wanted: Figure) -> Figure | None:
    """The same figure of another run, if it was measured on as much."""
    alike = (one for one in record.figures if (one.id, one.over) == (wanted.id, wanted.over))
    return next((figure for figure in alike if any(figure.groups.values())), None)


def _scaled(figure: Figure, calibrated: bool) -> Mapping[str, float]:
    """The medians in units of what the machine needed for the fixed work, if it was timed."""
    by = figure.machine_seconds if calibrated and figure.machine_seconds else 1.0
    return {name: value / by for name, value in figure.groups.items() if value > 0}


def _usual(runs: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    names = dict.fromkeys(name for one in runs for name in one)
    return {name: median([one[name] for one in runs if name in one]) for name in names}


def _ratio(run: Mapping[str, float], usual: Mapping[str, float]) -> float:
    """How many times slower than usual: the mean over its subjects, less the extreme fifths, which do not decide."""
    logs = sorted(math.log(value / usual[name]) for name, value in run.items() if usual.get(name))
    aside = len(logs) // 5
    kept = logs[aside : len(logs) - aside] or [0.0]
    return math.exp(sum(kept) / len(kept))


def _flaky(records: Sequence[RunRecord]) -> tuple[Flaky, ...]:
    newest = records[-1]
    same = (newest.config_sha256, newest.harness_sha256)
    alike = [one for one in records if (one.config_sha256, one.harness_sha256) == same]
    found = []
    for check in newest.checks:
        verdicts = tuple(one.checks[check] for one in alike if check in one.checks)
        turns = sum(first != second for first, second in itertools.pairwise(verdicts))
        if turns >= 2:
            found.append(Flaky(check, verdicts))
    return tuple(found)


def _turned(previous: RunRecord | None, newest: RunRecord, *, to_pass: bool) -> tuple[str, ...]:
    if previous is None:
        return ()
    return tuple(
        check
        for check, verdict in newest.checks.items()
        if (before := previous.checks.get(check)) is not None
        and before != verdict
        and (verdict == "pass" if to_pass else before == "pass")
    )
