"""The pytest face: `pytest suites/alerting` records what its tests ask about once, and lets them judge it.

A test module in a suite's folder asks for `verification`. The first that does has every collected suite exercised on
one stack; `--recorded RUN` judges a finished run instead, without starting anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.contracts import Context
    from harness.model import History, Judgement

_SUITES = pytest.StashKey[tuple[str, ...]]()


@dataclass(frozen=True)
class Verification:
    """A recorded run, and the questions tests ask of it."""

    history: History
    context: Context
    judgements: Sequence[Judgement]

    def judgement(self, check: str) -> Judgement:
        """What a verifier concluded; fails the test when it was not part of the run."""
        for judgement in self.judgements:
            if judgement.check == check:
                return judgement
        pytest.fail(f"{check} was not judged in this run")

    def require(self, check: str) -> None:
        """Fail unless the verifier passed, or all it lacks is a level of proof that this machine does not have."""
        from harness import judging
        from harness.model import Verdict

        judgement = self.judgement(check)
        if judgement.verdict is Verdict.PASS or judging.beyond_reach(judgement):
            return
        places = "\n".join(f"  {finding.position}: {finding.message}" for finding in judgement.findings)
        pytest.fail(f"{check}: {judgement.verdict.label}: {judgement.reason}\n{places}".rstrip(), pytrace=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where a recorded run is, and which configuration is under test."""
    group = parser.getgroup("harness", "proving a monitoring stack")
    group.addoption("--recorded", metavar="RUN", help="judge this finished run (a folder) instead of making one")
    group.addoption("--config-under-test", metavar="DIR", help="the configuration (default: config-under-test)")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Remember which suites were collected, so that one stack serves them all."""
    folders = {item.path.parent for item in session.items if "verification" in getattr(item, "fixturenames", ())}
    names = sorted(folder.name for folder in folders if (folder / "exercise.py").is_file())
    session.config.stash[_SUITES] = tuple(names)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`alert`: every alert of the configuration. `verifier`: every check that judges the suite the test lies in."""
    if "alert" in metafunc.fixturenames:
        from harness.documents.rules import Rules
        from harness.errors import HarnessError

        try:
            alerts = [alert for rules in _configuration(metafunc.config).of(Rules) for alert in rules.alerts]
        except HarnessError as error:
            raise pytest.Collector.CollectError(f"harness: {error}") from error
        metafunc.parametrize("alert", alerts, ids=[alert.name for alert in alerts])
    if "verifier" in metafunc.fixturenames:
        names = _verifiers(metafunc.definition.path.parent.name)
        metafunc.parametrize("verifier", names)


@pytest.fixture(scope="session")
def verification(request: pytest.FixtureRequest) -> Iterator[Verification]:
    """The run that the tests judge: recorded before (`--recorded`), or made now for every collected suite."""
    with _one_message():
        made = _verification(request.config)
    yield made


@contextlib.contextmanager
def _one_message() -> Iterator[None]:
    """End the session with the one message of an error a person can act on, rather than repeat it for every test."""
    from harness.errors import HarnessError

    try:
        yield
    except HarnessError as error:
        pytest.exit(f"harness: {error}", returncode=error.exit_code)


def _verification(config: pytest.Config) -> Verification:
    from harness import run
    from harness.contracts import Context
    from harness.events import read_history
    from harness.settings import read_fixtures

    settings = _settings(config)
    recorded = config.getoption("--recorded")
    if recorded:
        folder = Path(recorded)
        suites: tuple[str, ...] = tuple(sorted(path.parent.name for path in settings.suites.glob("*/exercise.py")))
    else:
        suites = config.stash[_SUITES]
        report = run.verify(run.Request(settings, suites), _Quiet())
        folder = settings.reports / report.run
        run.write_reports(report, folder)
    history = read_history(folder / "history.ndjson")
    context = Context(_configuration(config), read_fixtures(settings.fixtures), _levels(history, settings))
    return Verification(history, context, run.judge_history(history, context, suites))


def _levels(history: History, settings: Any) -> dict[str, Any]:
    """The level of proof of each service of a recorded run: as it was booted, or a stand-in."""
    from harness import suites
    from harness.model import Level

    exercised = {observation.subject for observation in history.of_kind("exercise")}
    found = suites.find(settings.suites).values()
    levels = {name: Level.STAND_IN for suite in found if suite.name in exercised for name in suite.stand_ins}
    return {**levels, **{boot.data["service"]: Level.of(boot.data["level"]) for boot in history.of_kind("boot")}}


class _Quiet:
    """Whoever follows the run is pytest, which has its own output."""

    def begins(self, config: str, sha256: str, launcher: str, run: str) -> None:
        """Say nothing."""

    def progress(self, event: Any) -> None:
        """Say nothing."""

    def phase(self, phase: Any) -> None:
        """Say nothing."""

    def findings(self, judgements: Any, configuration: Any) -> None:
        """Say nothing."""


def _settings(config: pytest.Config) -> Any:
    from harness.settings import Settings

    given = config.getoption("--config-under-test")
    return Settings.here(Path(given) if given else None)


def _configuration(config: pytest.Config) -> Any:
    from harness.documents.configuration import Configuration

    return Configuration.load(_settings(config).config)


def _verifiers(suite: str) -> list[str]:
    from harness import lint, run
    from harness.contracts import Check
    from harness.registry import discover

    found = [kind() for kind in discover("harness.checks", Check) if not lint.is_static(kind)]
    return sorted(check.id for check in found if run.suite_of(check) == suite)
