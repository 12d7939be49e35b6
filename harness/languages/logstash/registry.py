"""Finds plugins by their path: a module `filters/<name>.py`, `inputs/<name>.py` or `outputs/<name>.py` is a plugin."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Protocol, cast

from harness.errors import UnsupportedError
from harness.languages.logstash.event import Apply
from harness.languages.logstash.options import Options
from harness.languages.logstash.settings import Settings
from harness.model import Position

_PACKAGES = {"input": "inputs", "filter": "filters", "output": "outputs"}
_HINTS = {
    "ruby": "Its code cannot be run here. Verify this pipeline on a real Logstash: harness verify --launcher container",
}


class Described(Protocol):
    """A plugin module: it declares its options."""

    OPTIONS: Options


class FilterModule(Described, Protocol):
    """A filter module: it also builds the function that is applied to events."""

    def build(self, settings: Settings) -> Apply:
        """Compile one filter of a configuration."""


@cache
def names(kind: str) -> tuple[str, ...]:
    """All supported plugins of a kind, sorted."""
    package = importlib.import_module(f"{__package__}.{_PACKAGES[kind]}")
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def find(kind: str, name: str, position: Position) -> Described:
    """The module of a plugin; raises UnsupportedError for one that is not there."""
    if name not in names(kind):
        raise UnsupportedError(
            f'{kind} plugin "{name}" is not supported by the interpreter', at=position, hint=_hint(kind, name)
        )
    module = importlib.import_module(f"{__package__}.{_PACKAGES[kind]}.{name}")
    return cast(Described, module)


def _hint(kind: str, name: str) -> str:
    if name in _HINTS:
        return _HINTS[name]
    return f"{suggestion(name, names(kind))}Supported {kind} plugins: {', '.join(names(kind))}."


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """`Did you mean "x"? ` when a known name is close, else nothing."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f'Did you mean "{close[0]}"? ' if close else ""
