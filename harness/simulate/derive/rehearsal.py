"""Plays what was derived for every alert: each alert in a world of its own, several side by side."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.documents.alertmanager import Alertmanager, Route
from harness.documents.catalog import known_metrics
from harness.documents.configuration import Configuration
from harness.documents.prometheus import Prometheus
from harness.documents.rules import Alert, Rules
from harness.errors import HarnessError
from harness.simulate.derive.derivation import Derived, Underivable, derive
from harness.simulate.derive.outcome import Outcome, outcomes
from harness.simulate.derive.phases import Times, staged
from harness.simulate.derive.universe import Surroundings
from harness.simulate.engine import BEGINS, Runner, play
from harness.simulate.staged import instances
from harness.simulate.values import Timeline

LONGEST_WAIT_SECONDS = 900.0
"""A route that waits longer than this is not waited for; its messages are then missing, which shows."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One derived scenario, played: what came of each case."""

    derived: Derived
    outcomes: tuple[Outcome, ...]
    timeline: Timeline


def rehearse(
    configuration: Configuration,
    fixtures: Mapping[str, Any],
    program: Path,
    *,
    run: Runner | None = None,
    workers: int | None = None,
    workspace: Path | None = None,
    only: Iterable[str] = (),
    on_done: Callable[[str], None] = lambda _: None,
) -> Iterator[Rehearsed | Underivable]:
    """Everything that can be derived, played with the virtual clock at `program`, in the order of the rule files.

    `workspace` is where folders are made and removed, the system's own place for such by default.

    What cannot be played (the configuration does not load, say) raises; what cannot be derived is told as such.
    """
    wanted = frozenset(only)
    made = [d for d in derivations(configuration, fixtures) if not wanted or d.alert.name in wanted]

    def one(derived: Derived | Underivable, folder: Path) -> Rehearsed | Underivable:
        if isinstance(derived, Underivable):
            return derived
        timeline = play(
            configuration, staged(derived.alert.name, derived.phases, derived.keys, BEGINS.timestamp()),
            variables=fixtures["deployment"]["variables"], program=program, workspace=folder,
            duration_seconds=derived.ends, run=run,
        )  # fmt: skip
        on_done(derived.alert.name)
        return Rehearsed(derived, outcomes(derived, timeline), timeline)

    with (
        tempfile.TemporaryDirectory(prefix="harness-derived-", dir=workspace) as folder,
        ThreadPoolExecutor(workers or os.cpu_count() or 1, thread_name_prefix="rehearsal") as pool,
    ):
        futures = [pool.submit(one, derived, Path(folder, str(number))) for number, derived in enumerate(made)]
        try:
            for future in futures:
                yield future.result()
        except HarnessError:
            pool.shutdown(cancel_futures=True)
            raise


def derivations(configuration: Configuration, fixtures: Mapping[str, Any]) -> Iterator[Derived | Underivable]:
    """What is to be played for every alert of every rule file."""
    documents = configuration.of(Prometheus)
    around = Surroundings(
        known_metrics(configuration, fixtures), {j: i for document in documents for j, i in instances(document).items()}
    )
    scraped = max((job.interval for document in documents for job in document.jobs), default=60.0)
    evaluated = max((document.evaluation_interval for document in documents), default=60.0)
    root = next((config.route for config in configuration.of(Alertmanager) if config.route), None)
    recordings = [recording for rules in configuration.of(Rules) for recording in rules.recordings]
    for rules in configuration.of(Rules):
        for group in rules.groups:
            interval = max(scraped, group.interval or evaluated)
            for alert in group.rules:
                if isinstance(alert, Alert):
                    yield from derive(alert, around, _times(alert, interval, root), recordings)


def _times(alert: Alert, interval: float, root: Route | None) -> Times:
    ends = root.destinations({**alert.labels, "alertname": alert.name}) if root else ()
    told = max((route.group_wait or 0.0 for route in ends), default=0.0)
    retold = max((route.group_interval or 0.0 for route in ends), default=0.0)
    return Times(
        0.0, alert.duration or 0.0, alert.keep_firing or 0.0, interval,
        min(told, LONGEST_WAIT_SECONDS) + 2 * interval, min(retold, 4 * LONGEST_WAIT_SECONDS) + 2 * interval,
    )  # fmt: skip
