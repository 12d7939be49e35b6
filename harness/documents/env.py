"""`.env` and `.env.example` files: one setting a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.documents.document import Document, Source
from harness.model import Position

_SETTING = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=[ \t]*(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Setting:
    """`NAME=value`; `at` is where the name stands, `value_at` where the value does."""

    name: str
    value: str
    at: Position
    value_at: Position


@dataclass(frozen=True, slots=True)
class Env(Document):
    """The settings of an environment file, in file order."""

    settings: tuple[Setting, ...] = ()

    @property
    def values(self) -> Mapping[str, str]:
        """Name → value; the last one counts."""
        return {setting.name: setting.value for setting in self.settings}

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A file named `.env`, `.env.*`, `*.env` or `env.example`."""
        name = source.path.name
        return name == ".env" or name.startswith(".env.") or source.path.suffix == ".env" or name == "env.example"

    @classmethod
    def read(cls, source: Source) -> Env:
        """Read the settings; a line that is neither setting, comment nor empty is complained about."""
        settings, offset = [], 0
        for line in source.text.splitlines(keepends=True):
            match = _SETTING.match(line)
            if match:
                at = source.tree.place(offset + match.start("name"), offset + match.end("name"))
                raw = match["value"].strip()
                start = offset + match.start("value")
                settings.append(Setting(match["name"], _unquoted(raw), at, source.tree.place(start, start + len(raw))))
            elif line.strip() and not line.lstrip().startswith("#"):
                start = offset + len(line) - len(line.lstrip())
                place = source.tree.place(start, offset + len(line))
                source.tree.complain(place, "no setting: expected NAME=value", "Comments begin with #.")
            offset += len(line)
        return cls(source.file, source.tree, tuple(settings))


def _unquoted(raw: str) -> str:
    if raw[:1] in ("'", '"') and raw.endswith(raw[0]) and len(raw) > 1:
        return raw[1:-1]
    return re.split(r"\s#", raw, maxsplit=1)[0].strip()
