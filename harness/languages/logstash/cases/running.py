"""Runs cases and tells how each came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import HarnessError, UnreadableError
from harness.languages.logstash.cases.document import Case, CaseFile
from harness.languages.logstash.cases.matchers import MISSING, Difference, differences
from harness.languages.logstash.coverage.recorder import Recorder
from harness.languages.logstash.event import Event, copied
from harness.languages.logstash.field import getter, remover
from harness.languages.logstash.onigmo import compiled
from harness.languages.logstash.pipeline import EventRefusedError, Pipeline
from harness.languages.logstash.settings import Plugin


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something about a case that is not as expected; `event` counts from one, 0 is the case as a whole."""

    message: str
    event: int = 0
    difference: Difference | None = None
    rewritable: bool = False
    """Whether it is about what `expect` or `contains` says, which can be rewritten."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case that was run. `actual` is what came out, as far as it is compared."""

    case: Case
    actual: tuple[Event, ...]
    complaints: tuple[Complaint, ...]


@dataclass(slots=True)
class Runner:
    """Runs the cases of one file; pipelines are compiled once for each environment."""

    file: CaseFile
    recorder: Recorder
    _pipelines: dict[tuple[tuple[str, str], ...], Pipeline] = field(default_factory=dict)

    @classmethod
    def of(cls, file: CaseFile) -> Runner:
        """For a file of cases; raises UnreadableError when its pipeline cannot be read."""
        try:
            text = file.pipeline.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"the pipeline cannot be read: {error}", at=file.pipeline_at) from error
        return cls(file, Recorder(text, str(file.pipeline)))

    def run(self) -> Iterator[Outcome]:
        """Every case, in the order of the file."""
        for case in self.file.cases:
            yield self._run(case)

    def _pipeline(self, env: Mapping[str, str]) -> Pipeline:
        key = tuple(sorted(env.items()))
        if key not in self._pipelines:
            self._pipelines[key] = Pipeline.from_text(
                self.recorder.text,
                self.recorder.file,
                env=env,
                ecs_compatibility=self.file.ecs_compatibility,
                clock=lambda: self.file.now,
                observer=self.recorder,
            )
            self.recorder.config = self._pipelines[key].config
        return self._pipelines[key]

    def _run(self, case: Case) -> Outcome:
        pipeline = self._pipeline(case.env)
        try:
            events = [one for given in case.inputs for one in pipeline.process_with_metadata(copied(dict(given)))]
            sent = [self._sent(pipeline, one) for one in events]
        except EventRefusedError as error:
            return Outcome(case, (), tuple(_refused(case, error)))
        actual = tuple(_compared(case, one) for one in events)
        complaints = [*_unlike(case, actual), *_misdirected(case, pipeline, events, sent)]
        if case.refused is not None:
            complaints.append(Complaint("should be refused, and was not"))
        return Outcome(case, actual, tuple(complaints))

    def _sent(self, pipeline: Pipeline, event: Event) -> list[Plugin]:
        outputs = pipeline.outputs_for(event)
        for output in outputs:
            self.recorder.sent(output)
        return outputs


def _refused(case: Case, error: HarnessError) -> Iterator[Complaint]:
    if case.refused is None:
        yield Complaint(str(error))
    elif not compiled(case.refused).search(str(error)):
        yield Complaint(f"is refused for another reason: {error}")


def _compared(case: Case, event: Event) -> Event:
    """The event without what is ignored; metadata only if it is asked for."""
    plain: Event = copied(event)
    stamp = plain.get("@timestamp")
    if stamp is not None:
        plain["@timestamp"] = str(stamp)
    if not any("@metadata" in one for one in case.expect or () if isinstance(one, dict)):
        plain.pop("@metadata", None)
    for name in case.ignore:
        remover(name)(plain)
        parent = name.rpartition("[")[0]
        if parent and getter(parent)(plain) == {}:
            remover(parent)(plain)
    return plain


def _unlike(case: Case, actual: tuple[Event, ...]) -> Iterator[Complaint]:
    if case.expect is None:
        if case.refused is None and case.outputs is None:
            yield Complaint("nothing is expected of it: write `expect`, or let --update write it", rewritable=True)
        return
    if len(actual) != len(case.expect):
        yield Complaint(f"{_events(len(case.expect))} expected, {_events(len(actual))} came out", rewritable=True)
    for number, event in enumerate(actual, start=1):
        if number > len(case.expect):
            yield Complaint("not expected", number, Difference((), MISSING, event), rewritable=True)
            continue
        for difference in differences(case.expect[number - 1], event, partial=case.partial):
            yield Complaint("", number, difference, rewritable=True)


def _events(count: int) -> str:
    return "no event" if not count else f"{count} event{'s' if count > 1 else ''}"


def _misdirected(case: Case, pipeline: Pipeline, events: list[Event], sent: list[list[Plugin]]) -> Iterator[Complaint]:
    if case.outputs is None:
        return
    for number, (event, outputs) in enumerate(zip(events, sent, strict=True), start=1):
        expected = case.outputs
        if isinstance(expected, list) and expected and isinstance(expected[0], list | dict):
            expected = expected[number - 1] if number <= len(expected) else []
        actual: dict[str, Any] = {str(one.options.get("id") or one.name): one for one in outputs}
        if sorted(expected) != sorted(actual):
            went, should = ", ".join(sorted(actual)) or "no output", ", ".join(sorted(expected)) or "no output"
            yield Complaint(f"goes to {went}, expected {should}", number)
        elif isinstance(expected, dict):
            for name, options in expected.items():
                yield from _unlike_options(number, name, options, _rendered(pipeline, actual[name], event))


def _rendered(pipeline: Pipeline, output: Plugin, event: Event) -> dict[str, Any]:
    return {
        name: pipeline.render(value, event) if isinstance(value, str) else value
        for name, value in output.options.items()
    }


def _unlike_options(number: int, output: str, expected: Any, actual: dict[str, Any]) -> Iterator[Complaint]:
    for difference in differences(expected or {}, actual, partial=True):
        yield Complaint(f"output {output}", number, difference)
