"""Every fault of `fixtures/checks/seeded-faults.yml`, put into the configuration under test, is found by lint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import lint
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.model import Severity
from harness.settings import read_fixtures

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = PROJECT / "config-under-test"
TABLE = yaml.safe_load((PROJECT / "fixtures" / "checks" / "seeded-faults.yml").read_text(encoding="utf-8"))
CHECKS = {check.id: check for check in lint.static_checks()}


def _texts() -> dict[str, str]:
    paths = [path for path in sorted(SHIPPED.rglob("*")) if path.is_file()]
    return {path.relative_to(SHIPPED).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return _texts()


@pytest.fixture(scope="module")
def fixtures() -> Mapping[str, Any]:
    return read_fixtures(PROJECT / "fixtures")


def _cases() -> list[Any]:
    return [
        pytest.param(TABLE["files"][name], before, after, check, id=f"{name}: {check}: {after[:30]!r}")
        for name, before, after, check in TABLE["faults"]
    ]


@pytest.mark.parametrize(("file", "before", "after", "check"), _cases())
def test_a_single_fault_is_found(
    texts: dict[str, str], fixtures: Mapping[str, Any], file: str, before: str, after: str, check: str
) -> None:
    assert before in texts[file], f"{file} no longer holds {before!r}: choose another place"
    configuration = Configuration.of_texts({**texts, file: texts[file].replace(before, after, 1)})
    chosen = [CHECKS[check]] if check in CHECKS else []
    judgements = lint.run(configuration, Context(configuration, fixtures), chosen, products=False)
    found = [f for judgement in judgements for f in judgement.findings if f.check == check]
    assert found, f"{check} says nothing about {before!r} → {after!r}"
    assert all(finding.message and finding.position.line >= 1 for finding in found)


def test_without_a_fault_nothing_is_found(texts: dict[str, str], fixtures: Mapping[str, Any]) -> None:
    configuration = Configuration.of_texts(texts)
    judgements = lint.run(configuration, Context(configuration, fixtures), products=False)
    failing = [str(f) for judgement in judgements for f in judgement.findings if f.severity >= Severity.BUG]
    assert failing == []
    # A check that speaks anyway would make the table above prove nothing.
    seeded = {check for _, _, _, check in TABLE["faults"]}
    spoken = {f.check for judgement in judgements for f in judgement.findings}
    assert seeded & spoken == set()


def test_the_table_is_long_enough_and_says_what_it_lacks() -> None:
    assert len(TABLE["faults"]) >= 150
    assert len({(file, before, after) for file, before, after, _ in TABLE["faults"]}) >= 150
    for entry in TABLE["not_visible"]:
        assert entry.keys() == {"fault", "why", "found_by"}
