"""What a stored document must look like, given the line that was written: everything as it was, but for what the
pipeline is specified to do (`pipeline` of `fixtures/logs.yml`): fields it adds, fields it takes out, text it masks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from harness.generators.log_predicate import Predicate, compile_predicate
from harness.generators.log_routes import Routes
from harness.generators.logs import Line

_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one document that is not as it must be. Texts are fit for a report: canaries are blanked out."""

    field: str
    problem: str
    wanted: str
    got: str


def flattened(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The document with dotted names instead of nested objects, as Elasticsearch sees it."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


class Expectation:
    """Compares documents with lines. Keep one for a run: it remembers which reference each identifier got."""

    def __init__(self, catalog: Mapping[str, Any], pipeline: Mapping[str, Any]) -> None:
        fields = catalog["fields"]
        self._taken_out = {field["name"] for field in fields if field.get("phi")} | {"timestamp"}
        self._added = {field["name"] for field in fields if field["from"] == "pipeline"}
        self._always = tuple(pipeline["always"])
        self._severity = pipeline["severity"]
        self._routes = Routes.of(catalog)
        self._reference = pipeline["reference"]["field"]
        self._sources = [(s["field"], s.get("kinds"), s.get("pattern")) for s in pipeline["reference"]["sources"]]
        self._tags: dict[str, Predicate] = {
            tag: compile_predicate(spec, "fixtures/logs.yml (pipeline.tags)") for tag, spec in pipeline["tags"].items()
        }
        self._reference_of: dict[str, str] = {}
        self._identifier_of: dict[str, str] = {}

    def differences(self, line: Line, document: Mapping[str, Any]) -> Iterator[Difference]:
        """Everything that is not as it must be."""
        record, flat = orjson.loads(line.text), flattened(document)
        yield from self._carried(record, flat, line.phi)
        yield from self._set(record, flat)
        yield from self._referred(record, flat)
        for name, value in flat.items():
            if name in self._taken_out and name != "timestamp":
                yield Difference(name, "not removed", "absent", "present")
            elif name not in record and name not in self._added and name not in self._taken_out:
                yield Difference(name, "unexpected", "absent", _shown(value, line.phi))

    def _carried(
        self, record: Mapping[str, Any], flat: Mapping[str, Any], phi: tuple[str, ...]
    ) -> Iterator[Difference]:
        for name, wanted in record.items():
            if name in self._taken_out:
                continue
            got = flat.get(name)
            if got is None:
                yield Difference(name, "missing", _shown(wanted, phi), "absent")
            elif not _same(wanted, got, phi):
                yield Difference(name, "changed", _shown(wanted, phi), _shown(got, phi))

    def _set(self, record: Mapping[str, Any], flat: Mapping[str, Any]) -> Iterator[Difference]:
        for name in self._always:
            if flat.get(name) is None:
                yield Difference(name, "not set", "a value", "absent")
        exact = {"severity": self._severity.get(record.get("level")), "@timestamp": record.get("timestamp")}
        if "path" in record and (route := self._routes.route(record["path"])) is not None:
            exact["route"] = route
        for name, wanted in exact.items():
            got = flat.get(name)
            if got != wanted and not (got is None and name in self._always):
                yield Difference(name, "wrong" if got is not None else "not set", str(wanted), str(got))
        tags = flat.get("tags") or ()
        for tag, holds in self._tags.items():
            if holds(record) != (tag in tags):
                yield Difference("tags", "wrong", f"{'with' if holds(record) else 'without'} {tag}", ", ".join(tags))

    def _identifier(self, record: Mapping[str, Any]) -> str | None:
        for field, kinds, pattern in self._sources:
            if field not in record or (kinds and record["kind"] not in kinds):
                continue
            if pattern is None:
                return str(record[field])
            if match := re.match(pattern, record[field]):
                return str(match[1])
        return None

    def _referred(self, record: Mapping[str, Any], flat: Mapping[str, Any]) -> Iterator[Difference]:
        identifier, reference = self._identifier(record), flat.get(self._reference)
        if identifier is None:
            if reference is not None:
                yield Difference(self._reference, "unexpected", "absent", _shown(reference, ()))
            return
        if reference is None:
            yield Difference(self._reference, "not set", "a fingerprint", "absent")
            return
        known = self._reference_of.setdefault(identifier, reference)
        if known != reference:
            yield Difference(self._reference, "wrong", "the same fingerprint for the same identifier", "another")
        elif self._identifier_of.setdefault(reference, identifier) != identifier or identifier in str(reference):
            yield Difference(self._reference, "wrong", "a fingerprint of its own", "another identifier's, or none")


def _same(wanted: Any, got: Any, phi: tuple[str, ...]) -> bool:
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    if not phi or not isinstance(wanted, str) or not any(canary in wanted for canary in phi):
        return bool(wanted == got)
    # Where a canary stood anything short may stand now; all around it must be as it was.
    pieces = re.split("|".join(map(re.escape, sorted(phi, key=len, reverse=True))), wanted)
    masked = ".{0,40}?".join(map(re.escape, pieces))
    return isinstance(got, str) and re.fullmatch(masked, got, re.DOTALL) is not None


def _shown(value: Any, phi: tuple[str, ...]) -> str:
    text = str(value)
    for canary in phi:
        text = text.replace(canary, "…")
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
