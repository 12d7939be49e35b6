"""How fast the virtual clock is: derived scenarios, the waves, a week, a month of incidents, a day without skipping.

Prints the wall time of each and the work that was done. Usage: python benchmarks/virtual_clock.py [--days-unskipped N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from harness.documents.configuration import Configuration
from harness.generators import scenario as scenarios
from harness.generators.metrics import read_world
from harness.settings import Settings, read_fixtures, read_yaml
from harness.simulate import Incident, Timeline, simulate
from harness.simulate.derive import Rehearsed, rehearse
from harness.simulate.engine import play as play_staged
from harness.simulate.staged import stage
from harness.simulate.stretch import read_kinds, stretch
from harness.toolchain import prepare

HOUR, DAY = 3600.0, 86_400.0
ALL = ("healthy", "wave-1", "wave-2", "wave-3", "storm")
SEED = 1


def main() -> None:
    """Run everything once and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days-unskipped", type=float, default=1.0, help="how much to run with nothing skipped (1)")
    unskipped = parser.parse_args().days_unskipped
    settings = Settings.here()
    fixtures = read_fixtures(settings.fixtures)
    files = {path.stem: path for path in (settings.fixtures / "scenarios").glob("*.yml")}
    known = {name: scenarios.read(name, read_yaml(path), str(path)) for name, path in files.items()}
    with tempfile.TemporaryDirectory(prefix="virtual-clock-") as folder:
        play = partial(
            _play,
            Path(folder),
            configuration=Configuration.load(settings.config),
            world=read_world(fixtures["world"], fixtures["catalog"]),
            variables=fixtures["deployment"]["variables"],
            toolchain=prepare(("virtualclock",)),
            deadline_seconds=3600.0,
        )
        _derived(Configuration.load(settings.config), fixtures)
        began = time.monotonic()
        for name in ALL:
            _print(name, play([Incident(known[name])], duration_seconds=known[name].begins_seconds + 150))
        print(f"{'all scenarios, with Python':<34} {time.monotonic() - began:6.1f} s")
        storm = Incident(known["storm"], 0.0, 2 * HOUR)
        _print("a healthy week", play([Incident(known["healthy"])], duration_seconds=7 * DAY))
        _print("a week with the storm for 2 h", play([storm], duration_seconds=7 * DAY))
        _print("a week with the storm for all of it", play([Incident(known["storm"])], duration_seconds=7 * DAY))
        _month(Path(folder), fixtures, known, Configuration.load(settings.config))
        _print(f"{unskipped:g} d with the storm for 2 h, skipping", play([storm], duration_seconds=unskipped * DAY))
        _print(
            f"{unskipped:g} d with the storm for 2 h, not", play([storm], duration_seconds=unskipped * DAY, skip=False)
        )


def _derived(configuration: Configuration, fixtures: Mapping[str, Any]) -> None:
    """Every alert as derived from its own expression, two at a time, as `harness verify` plays them."""
    began = time.monotonic()
    program = prepare(("virtualclock",)).binary("virtualclock")
    played = [one for one in rehearse(configuration, fixtures, program, workers=2) if isinstance(one, Rehearsed)]
    cases = sum(len(one.outcomes) for one in played)
    hours = sum(one.derived.ends for one in played) / HOUR
    text = f"{len(played)} alerts, {cases} cases, {hours:.0f} h of virtual time"
    print(f"{'all derived scenarios':<34} {time.monotonic() - began:6.1f} s   {text}", flush=True)


def _month(
    folder: Path, fixtures: Mapping[str, Any], known: Mapping[str, scenarios.Scenario], configuration: Configuration
) -> None:
    """The month that a sign-off is judged by, with and without `inhibit_rules`."""
    incidents = stretch(read_kinds(fixtures["month"], known), 30, SEED)
    staged = stage(read_world(fixtures["world"], fixtures["catalog"]), incidents)
    for inhibiting in (True, False):
        timeline = play_staged(
            configuration, staged, variables=fixtures["deployment"]["variables"], inhibiting=inhibiting,
            program=prepare(("virtualclock",)).binary("virtualclock"), workspace=Path(tempfile.mkdtemp(dir=folder)),
            duration_seconds=30 * DAY,
        )  # fmt: skip
        _print(f"a month of {len(incidents)} incidents{'' if inhibiting else ', no inhibition'}", timeline)


def _play(folder: Path, incidents: list[Incident], **given: object) -> Timeline:
    run: Callable[..., Timeline] = simulate
    return run(incidents=incidents, workspace=Path(tempfile.mkdtemp(dir=folder)), **given)


def _print(name: str, timeline: Timeline) -> None:
    work = ", ".join(f"{count:,} {what}" for what, count in sorted(timeline.work.items()))
    told = f"{len(timeline.notifications)} messages"
    print(f"{name:<34} {timeline.wall_seconds:6.1f} s   {told:>14}   {work}", flush=True)


if __name__ == "__main__":
    main()
