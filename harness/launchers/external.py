"""A stack that somebody else runs: its addresses come from a file, nothing of it is started or stopped here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.contracts import Instance
from harness.documents.substitution import references, substitute
from harness.errors import UnreadableError, UsageError
from harness.model import Level, Position

SERVICES = ("prometheus", "alertmanager", "elasticsearch")


@dataclass(slots=True)
class ExternalInstance:
    """A service of that stack. What is asked of it is asked at `url`; it cannot be stopped from here."""

    name: str
    service: str
    url: str
    level: Level = Level.NATIVE
    host: str = ""
    port: int = 0
    log: Path = Path()

    def alive(self) -> bool:
        """It is not ours to watch."""
        return True

    def kill(self) -> None:
        """Nothing: it is not ours."""

    def stop(self) -> None:
        """Nothing: it is not ours."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the file says: the services with their addresses, passwords by user, and who may write marked indices."""

    urls: Mapping[str, str]
    passwords: Mapping[str, str] = field(default_factory=dict)
    marked: str = ""

    def instances(self) -> dict[str, Instance]:
        """The services as instances, by name."""
        return {name: ExternalInstance(name, name, url) for name, url in self.urls.items()}


def read(path: Path) -> Standing:
    """Read a stack file; `${VARIABLE}` is taken from the environment. Raises UsageError and UnreadableError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="See `harness up --stack FILE`.") from error
    for reference in references(text):
        if reference.default is None and reference.name not in os.environ:
            raise UsageError(f"{path}: {reference.name} is not set", hint=f"export {reference.name}=…")
    try:
        told = yaml.safe_load(substitute(text, os.environ))
    except yaml.YAMLError as error:
        raise UnreadableError(f"broken YAML: {error}", at=Position(str(path))) from error
    if not isinstance(told, dict):
        raise UnreadableError("a mapping of services is expected", at=Position(str(path)))
    return _standing(told, path)


def _standing(told: Mapping[str, Any], path: Path) -> Standing:
    unknown = sorted(set(told) - set(SERVICES))
    if unknown:
        raise UnreadableError(f"unknown service {', '.join(unknown)}", at=Position(str(path)), hint=_known())
    urls = {}
    for name, entry in told.items():
        url = str((entry or {}).get("url", "")) if isinstance(entry, dict) else ""
        if not url.startswith(("http://", "https://")):
            raise UnreadableError(f"{name} has no url", at=Position(str(path)), hint="url: https://…")
        urls[name] = url.rstrip("/")
    if not urls:
        raise UnreadableError("no service is listed", at=Position(str(path)), hint=_known())
    store = told.get("elasticsearch") or {}
    passwords = {str(user): str(word) for user, word in (store.get("passwords") or {}).items()}
    marked = store.get("marked") or {}
    if marked:
        passwords[str(marked["user"])] = str(marked["password"])
    return Standing(urls, passwords, str(marked.get("user", "")))


def _known() -> str:
    return f"It may have: {', '.join(SERVICES)}."
