"""The lint suite: every static check, and every product's own checker, is one test on the configuration under test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness import lint
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.model import Judgement, Severity
from harness.product_checkers import CHECKERS
from harness.settings import Settings, read_fixtures

CHECKS = ["configuration/readable", *(check.id for check in lint.static_checks()), *(one.id for one in CHECKERS)]


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest) -> Mapping[str, Judgement]:
    chosen = request.config.getoption("--config-under-test", default=None)
    settings = Settings.here(Path(chosen) if chosen else None)
    configuration = Configuration.load(settings.config)
    judgements = lint.run(configuration, Context(configuration, read_fixtures(settings.fixtures)))
    return {judgement.check: judgement for judgement in judgements}


@pytest.mark.parametrize("check", CHECKS)
def test_configuration_passes(check: str, judged: Mapping[str, Judgement]) -> None:
    judgement = judged.get(check)
    if judgement is None:
        pytest.skip("no file of the kind")
    failing = [f"{f.position}: {f.message}" for f in judgement.findings if f.severity >= Severity.BUG]
    assert not failing, "\n".join(failing)
    if judgement.gaps:
        pytest.skip(f"not proven: {judgement.gaps[0].reason}")
