"""Finds the suites: a folder with an `exercise.py` each, what is done to a running stack so that it can be judged."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Recorder
from harness.errors import UsageError
from harness.stack import Stack


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite: the parts of the stack it `needs`, the suites that must run before it, and its exercise.

    `requires` are run whenever this one is, before it, or beside it in the background; `after` only orders.
    `background`: its time goes by waiting, so it runs beside the others. `stand_ins` are services it plays a stand-in
    of, which boot nothing. `extras` are components it asks for with `stack.extra(name)`, which are made beside the run.
    `on_demand`: too long for every run, so it runs when it is named, and for a sign-off.
    `external`: for a stack that somebody else runs.
    """

    name: str
    needs: tuple[str, ...]
    requires: tuple[str, ...]
    after: tuple[str, ...]
    background: bool
    stand_ins: tuple[str, ...]
    extras: tuple[str, ...]
    exercise: Callable[[Stack, Recorder], None]
    on_demand: bool = False
    external: bool = False


def find(folder: Path) -> Mapping[str, Suite]:
    """Every suite below `folder`, by name."""
    return {path.parent.name: _load(path) for path in sorted(folder.glob("*/exercise.py"))}


def _load(path: Path) -> Suite:
    name = path.parent.name
    module_name = f"harness_suite_{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return Suite(
        name=name,
        needs=tuple(getattr(module, "NEEDS", ())),
        requires=tuple(getattr(module, "REQUIRES", ())),
        after=tuple(getattr(module, "AFTER", ())),
        background=bool(getattr(module, "BACKGROUND", False)),
        stand_ins=tuple(getattr(module, "STAND_INS", ())),
        extras=tuple(getattr(module, "EXTRAS", ())),
        exercise=module.exercise,
        on_demand=bool(getattr(module, "ON_DEMAND", False)),
        external=bool(getattr(module, "EXTERNAL", False)),
    )


def choose(found: Mapping[str, Suite], names: Iterable[str], *, everything: bool = False) -> tuple[Suite, ...]:
    """The named suites and those they require, in an order that respects both.

    When none is named: all but those on demand, or, for `everything`, all.
    Raises UsageError for a name nobody knows, and for suites that wait for each other.
    """
    named = list(names) or [
        name for name, suite in found.items() if (everything or not suite.on_demand) and not suite.external
    ]
    wanted = _with_required(found, named)
    ordered: list[Suite] = []

    def add(name: str, before: tuple[str, ...] = ()) -> None:
        if name in before:
            raise UsageError(f"suites wait for each other: {' → '.join((*before, name))}")
        suite = found[name]
        for earlier in (*suite.requires, *suite.after):
            if earlier in wanted:
                add(earlier, (*before, name))
        if suite not in ordered:
            ordered.append(suite)

    for name in named:
        add(name)
    return tuple(sorted(ordered, key=lambda suite: not suite.background))


def _with_required(found: Mapping[str, Suite], names: Iterable[str]) -> set[str]:
    wanted: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in found:
            raise UsageError(f"no suite {name!r}", hint=f"There are: lint, {', '.join(found)}.")
        if name not in wanted:
            wanted.add(name)
            open_names.extend(found[name].requires)
    return wanted
