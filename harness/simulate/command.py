"""`harness simulate SCENARIO`: a scenario of the project by its name, with everything it needs."""

from __future__ import annotations

from collections.abc import Callable

from harness.documents.configuration import Configuration
from harness.errors import UsageError
from harness.generators import scenario as scenarios
from harness.generators.metrics import read_world
from harness.launchers.ledger import temporary_folder
from harness.settings import Settings, read_fixtures, read_yaml
from harness.simulate.engine import COMPONENT, simulate
from harness.simulate.events import read_events
from harness.simulate.segments import Incident
from harness.simulate.values import Timeline
from harness.toolchain import Progress, prepare

SETTLED_SECONDS = 600.0
"""How long an incident goes on after its last alert is due."""

AFTERWARDS_SECONDS = 3600.0
"""How long is simulated after it is over, so that what resolves is seen to."""

DAY_SECONDS = 86_400.0


def simulate_scenario(
    settings: Settings,
    name: str,
    *,
    days: float | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    skip: bool = True,
) -> Timeline:
    """A scenario of `fixtures/scenarios` on the configuration under test; compiles the virtual clock if it is missing.

    The incident goes on until ten minutes after its last alert is due; then all is well again, for an hour or as many
    days as are asked for in all. Raises UsageError for a name that is no scenario.
    """
    path = settings.fixtures / "scenarios" / f"{name}.yml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yml"))) or "none"
        raise UsageError(f"no scenario {name!r} in {path.parent}", hint=f"There are: {known}")
    if days is not None and not 0 < days <= 366:
        raise UsageError(f"{days:g} days cannot be simulated", hint="Ask for more than 0 and at most 366.")
    data = read_yaml(path)
    scenario = scenarios.read(name, data, str(path))
    fixtures = read_fixtures(settings.fixtures)
    lasts = scenario.begins_seconds + max(scenario.fires.values(), default=0.0) + SETTLED_SECONDS
    toolchain = prepare((COMPONENT,), on_progress=on_progress)
    with temporary_folder("harness-simulate-") as folder:
        return simulate(
            Configuration.load(settings.config),
            [Incident(scenario, 0.0, lasts)],
            world=read_world(fixtures["world"], fixtures["catalog"]),
            variables=fixtures["deployment"]["variables"],
            toolchain=toolchain,
            workspace=folder,
            duration_seconds=lasts + AFTERWARDS_SECONDS if days is None else days * DAY_SECONDS,
            events=read_events(data, str(path)),
            skip=skip,
        )
