"""Finds checks, sinks, services, … by where they are: the id is the path, and no list is edited by hand."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules(package: str) -> Iterator[ModuleType]:
    """Import every module below `package`, in path order."""
    root = importlib.import_module(package)
    yield root
    for found in sorted(pkgutil.walk_packages(root.__path__, f"{package}."), key=lambda m: m.name):
        yield importlib.import_module(found.name)


@cache
def discover(package: str, kind: type[T]) -> tuple[type[T], ...]:
    """Every concrete class of `kind` defined below `package`, in path order."""
    found: list[type[T]] = []
    for module in modules(package):
        for value in vars(module).values():
            defined_here = inspect.isclass(value) and value.__module__ == module.__name__
            if defined_here and issubclass(value, kind) and not inspect.isabstract(value):
                found.append(value)
    return tuple(found)
