"""The values everything else is said in: frozen, comparable, free of I/O.

A run records observations into a history; checks turn documents and histories into outcomes; the outcomes of one
check add up to a judgement; judgements add up to a verdict.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file, lines and columns counted from 1. `file` is relative to the configuration under test."""

    file: str
    line: int = 1
    column: int = 1
    length: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(enum.IntEnum):
    """How bad a finding is. Only BUG and FATAL fail a run."""

    INFO = 0
    WARNING = 1
    BUG = 2
    FATAL = 3

    @property
    def label(self) -> str:
        """The word a person and the JSON output see."""
        return self.name.lower()


class Verdict(enum.IntEnum):
    """Three values, ordered by how bad they are: `max()` of several is the verdict of them together."""

    PASS = 0
    UNKNOWN = 1
    FAIL = 2

    @property
    def label(self) -> str:
        """The word a person and the JSON output see."""
        return self.name.lower()


class Level(enum.IntEnum):
    """How something was proven, weakest first: `min()` over what took part is the level of the whole."""

    STATIC = 0
    STAND_IN = 1
    ENGINE = 2
    NATIVE = 3
    CONTAINER = 4

    @property
    def label(self) -> str:
        """The word a person and the JSON output see, e.g. `stand-in`."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def of(cls, label: str) -> Level:
        """The level a label names; raises KeyError for an unknown one."""
        return cls[label.upper().replace("-", "_")]


def itself(service: str) -> str:
    """What a product is called in a run in which it took part and was also played: `service` alone is then the player.

    A proof that rests on the product names this, so that it does not carry the level of what stood in for it elsewhere.
    """
    return f"{service} itself"


@dataclass(frozen=True, slots=True)
class Observation:
    """One dated answer to one read-only question, or one thing a sink received.

    `at` is Unix seconds. `kind` names the question (`notification`, `alert-state`, `panel`, …), `subject` what it was
    asked about, and `data` is the answer, JSON-serialisable.
    """

    at: float
    kind: str
    subject: str
    data: Mapping[str, Any]

    def to_json(self) -> str:
        """The line the history file holds."""
        record = {"at": self.at, "kind": self.kind, "subject": self.subject, "data": self.data}
        return json.dumps(record, ensure_ascii=False, sort_keys=True, default=str)

    @classmethod
    def from_json(cls, line: str) -> Observation:
        """Read back what `to_json` wrote."""
        record = json.loads(line)
        return cls(record["at"], record["kind"], record["subject"], record["data"])


@dataclass(frozen=True, slots=True)
class History:
    """The frozen record of a run: every observation in the order it was recorded. Checks ask it, nothing changes it."""

    observations: tuple[Observation, ...] = ()

    @classmethod
    def of(cls, *observations: Observation) -> History:
        """A history as a literal, for tests."""
        return cls(tuple(observations))

    def of_kind(self, kind: str, subject: str | None = None) -> tuple[Observation, ...]:
        """The observations of one kind, optionally of one subject, in recorded order."""
        return tuple(o for o in self.observations if o.kind == kind and subject in (None, o.subject))

    def last(self, kind: str, subject: str | None = None) -> Observation | None:
        """The newest observation of a kind, or None when nobody looked."""
        found = self.of_kind(kind, subject)
        return found[-1] if found else None

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.observations)


@dataclass(frozen=True, slots=True)
class Lines:
    """Which lines of `history.ndjson` a check was shown of one kind of observation; counted from 1, ascending."""

    kind: str
    lines: tuple[int, ...]

    def __str__(self) -> str:
        spans: list[list[int]] = []
        for line in self.lines:
            if spans and line == spans[-1][-1] + 1:
                spans[-1][1:] = [line]
            else:
                spans.append([line])
        return ",".join("-".join(str(end) for end in span) for span in spans)


class Asked(History):
    """A history that remembers which of its lines were given out, so that a claim can be traced to raw records."""

    __slots__ = ("_given",)
    _given: set[int]

    @classmethod
    def about(cls, history: History) -> Asked:
        """The same observations, none given out yet."""
        asked = cls(history.observations)
        object.__setattr__(asked, "_given", set())
        return asked

    def of_kind(self, kind: str, subject: str | None = None) -> tuple[Observation, ...]:
        """As `History.of_kind`."""
        pairs = enumerate(self.observations, start=1)
        found = [(line, o) for line, o in pairs if o.kind == kind and subject in (None, o.subject)]
        self._given.update(line for line, _ in found)
        return tuple(o for _, o in found)

    def __iter__(self) -> Iterator[Observation]:
        self._given.update(range(1, len(self.observations) + 1))
        return iter(self.observations)

    @property
    def given(self) -> tuple[Lines, ...]:
        """The lines that were given out, by kind."""
        kinds: dict[str, list[int]] = {}
        for line in sorted(self._given):
            kinds.setdefault(self.observations[line - 1].kind, []).append(line)
        return tuple(Lines(kind, tuple(lines)) for kind, lines in sorted(kinds.items()))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a claim can be looked up: the kind and subjects of the observations, or a file of the run."""

    kind: str
    reference: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place. A linter's finding and a run's failure are the same thing."""

    check: str
    severity: Severity
    position: Position
    message: str
    also: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a check could not decide, and why.

    `needs` names the level at which it could be decided; a gap that needs more than this machine has does not make a
    plain `verify` unknown, but keeps the sign-off from being given.
    """

    reason: str
    needs: Level | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a check saw that lets it pass: the figure, its limit and unit, how many samples, and where they are
    recorded.

    `services` are those whose behaviour was observed; the weakest of their levels is the level of the proof. `values`
    are the samples that `value` was taken of, in its unit, where there are any.
    """

    statement: str
    samples: int
    services: tuple[str, ...] = ()
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    evidence: tuple[Evidence, ...] = ()
    values: tuple[float, ...] = ()


Outcome = Finding | Gap | Proof


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check concluded from everything it was shown. `records` are the lines of the history it was shown."""

    check: str
    verdict: Verdict
    level: Level
    title: str
    baseline: str = ""
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    proofs: tuple[Proof, ...] = ()
    reason: str = ""
    records: tuple[Lines, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """A running service as the report names it: which version answered, and at which level of proof it counts."""

    service: str
    level: Level
    version: str
    note: str = ""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of several together; nothing at all is UNKNOWN, never a pass."""
    return max(verdicts, default=Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """One documented baseline as measured: the row people look for first."""

    id: str
    title: str
    source: str
    verdict: Verdict
    level: Level
    statement: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    samples: int = 0
    evidence: tuple[Evidence, ...] = ()
    checks: tuple[str, ...] = ()
    at_least: bool = False
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One line of a stakeholder's checklist. `by_person` lines carry no verdict of ours and are left to that person.

    `not_run` are the checks (ids or patterns) that were to carry it and that nobody ran.
    """

    id: str
    stakeholder: str
    title: str
    by_person: bool
    verdict: Verdict
    level: Level
    required_level: Level
    statement: str = ""
    evidence: tuple[Evidence, ...] = ()
    checks: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One line of a list of demands: where it stands, where it comes from, and what a pass does not show."""

    result: RequirementResult
    citation: str = ""
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """A list of demands besides the sign-off, e.g. what a law asks; it informs, and changes no verdict."""

    id: str
    title: str
    about: str
    lines: tuple[ChecklistLine, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding of lint that somebody accepted: of which check, where, with which words, why, and until which day."""

    check: str
    file: str
    text: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Phase:
    """One row of the table of phases: what the time went into. `verdict` is None for work that judges nothing."""

    name: str
    detail: str
    seconds: float
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class OverlayChange:
    """What differs between the configuration under test and what ran, as a unified diff of one file, and why."""

    file: str
    diff: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the reporters render; `verdict.json` is this value written out.

    `levels` are those of the services that took part; `judged_on` is the day (ISO 8601) that waivers are held against;
    `whole`: every suite was asked for; `left_out`: the suites that run on demand only and that nobody demanded.
    """

    run: str
    started: float
    seconds: float
    config_path: str
    config_sha256: str
    launcher: str
    suites: tuple[str, ...]
    components: tuple[Component, ...]
    judgements: tuple[Judgement, ...]
    baselines: tuple[BaselineResult, ...]
    requirements: tuple[RequirementResult, ...]
    phases: tuple[Phase, ...]
    overlay: tuple[OverlayChange, ...]
    verdict: Verdict
    sign_off: Verdict
    sign_off_missing: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    judged_on: str = ""
    whole: bool = True
    left_out: tuple[str, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    waivers: tuple[Accepted, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of the run, worst first, then by place."""
        found = [finding for judgement in self.judgements for finding in judgement.findings]
        return tuple(sorted(found, key=lambda f: (-f.severity, f.position, f.check)))
