"""What `harness logstash run` and `harness logstash test` do. The command line parses arguments and calls these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UnreadableError, UsageError
from harness.languages.logstash.event import Event
from harness.languages.logstash.pipeline import EventRefusedError, Pipeline
from harness.model import Position

if TYPE_CHECKING:
    from harness.languages.logstash.cases.running import Outcome, Runner
    from harness.languages.logstash.tracing.tracer import Tracer

Write = Callable[[str], object]
"""Where text goes, e.g. `sys.stdout.write`."""

PASSED, FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Run:
    """How a pipeline is run. `codec`: `json`, an event a line, or `plain`, raw lines. `trace`: ``, `text` or `json`."""

    config: Path
    codec: str = "json"
    trace: str = ""
    ecs_compatibility: str = "disabled"


def run(given: Run, lines: Iterable[str], *, env: Mapping[str, str], write: Write, complain: Write) -> int:
    """Put lines through a pipeline and write what comes out, one JSON a line, or the trace.

    Returns 0, or 1 when the pipeline could not process an event; that is told to `complain` and the next one goes on.
    Raises HarnessError for a configuration or a line that cannot be read.
    """
    text = read(given.config)
    tracer = _tracer(text) if given.trace else None
    pipeline = Pipeline.from_text(
        text, str(given.config), env=env, ecs_compatibility=given.ecs_compatibility, observer=tracer
    )
    refused = 0
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        event = _event(line, number, given.codec)
        try:
            if tracer is None:
                for one in pipeline.process(event):
                    write(_json(one) + "\n")
            else:
                _traced(pipeline, tracer, event, given.trace, write)
        except EventRefusedError as error:
            refused += 1
            complain(f"standard input, line {number}: {error}\n")
    return FAILED if refused else PASSED


def read(path: Path) -> str:
    """The text of a configuration; raises UnreadableError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"the configuration cannot be read: {error}", at=Position(str(path))) from error


def _event(line: str, number: int, codec: str) -> Event:
    if codec == "plain":
        return {"message": line}
    import orjson

    try:
        event = orjson.loads(line)
    except ValueError as error:
        at = f"standard input, line {number}"
        raise UsageError(f"{at}: not JSON: {error}", hint="Raw lines? --codec plain") from error
    if not isinstance(event, dict):
        raise UsageError(f"standard input, line {number}: an event is a JSON object")
    return event


def _json(value: Any) -> str:
    from harness.languages.logstash.sprintf import json_text

    return json_text(value)


# Traces


def _tracer(text: str) -> Tracer:
    from harness.languages.logstash.tracing.tracer import Tracer

    return Tracer(text)


def _traced(pipeline: Pipeline, tracer: Tracer, event: Event, form: str, write: Write) -> None:
    came_in = _json(event)
    tracer.begin(event)
    try:
        found = pipeline.process_with_metadata(event)
    except EventRefusedError as error:
        _write_trace(tracer, came_in, [], form, write, refused=str(error))
        raise
    ends = [(tracer.name_of(one), _bare(one), _outputs(pipeline, one)) for one in found]
    _write_trace(tracer, came_in, ends, form, write)


def _write_trace(
    tracer: Tracer,
    came_in: str,
    ends: list[tuple[str, Event, list[str]]],
    form: str,
    write: Write,
    refused: str = "",
) -> None:
    steps = tracer.take()
    if form == "json":
        from harness.languages.logstash.tracing.tracer import as_data

        data: dict[str, Any] = {"event": tracer.count, "steps": [as_data(step) for step in steps]}
        data["result"] = [{"event": name, "fields": fields, "outputs": to} for name, fields, to in ends]
        if refused:
            data["refused"] = refused
        write(_json(data) + "\n")
        return
    from harness.languages.logstash.tracing.text import lines

    write(f"event {tracer.count}   {came_in}\n")
    for line in lines(steps):
        write(line + "\n")
    for name, fields, to in ends:
        write(f"  out   event {name} → {', '.join(to) or 'no output'}\n  {_json(fields)}\n")
    if not ends:
        write("  out   refused\n" if refused else "  out   nothing: dropped\n")
    write("\n")


def _bare(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "@metadata"}


def _outputs(pipeline: Pipeline, event: Event) -> list[str]:
    return [f"{one.name} {one.options.get('id') or ''}".rstrip() for one in pipeline.outputs_for(event)]


# Cases


@dataclass(frozen=True, slots=True)
class Test:
    """Which cases are run, and what is written besides: rewritten expectations, coverage as a page or as Cobertura."""

    __test__ = False

    files: Sequence[Path]
    update: bool = False
    coverage: bool = False
    coverage_html: Path | None = None
    coverage_xml: Path | None = None


def test(given: Test, *, write: Write, now: Callable[[], float] | None = None) -> int:
    """Run cases and tell what does not hold. Returns 0 when all cases hold (or were rewritten to), otherwise 1.

    Raises UnreadableError, whose exit code is 2, for cases or a pipeline that cannot be read.
    """
    import time

    from harness.languages.logstash.cases.document import load
    from harness.languages.logstash.cases.running import Runner
    from harness.languages.logstash.cases.text import lines

    clock = now or time.time
    started = clock()
    runners = [Runner.of(load(path)) for path in given.files]
    held = failed = rewritten = 0
    for runner in runners:
        outcomes = list(runner.run())
        failing = [outcome for outcome in outcomes if outcome.complaints]
        if given.update and failing:
            failing = _updated(runner, failing, write)
            rewritten += len(outcomes) - len(failing) - sum(not outcome.complaints for outcome in outcomes)
        for outcome in failing:
            write("\n".join(lines(outcome)) + "\n")
        failed += len(failing)
        held += len(outcomes) - len(failing)
    told = f"{held} of {held + failed} cases hold"
    write(f"{told}{f', {rewritten} of them rewritten' if rewritten else ''}   {clock() - started:.2f} s\n")
    _cover(given, runners, int(clock() * 1000), write)
    return FAILED if failed or not held else PASSED


test.__test__ = False  # type: ignore[attr-defined]


def _updated(runner: Runner, failing: list[Outcome], write: Write) -> list[Outcome]:
    """Rewrite what can be rewritten; what still fails then is returned."""
    from harness.languages.logstash.cases.document import load, parsed
    from harness.languages.logstash.cases.golden import updated
    from harness.languages.logstash.cases.running import Runner

    able = [outcome for outcome in failing if any(one.rewritable for one in outcome.complaints)]
    path = runner.file.file
    text = updated(runner.file.text, able)
    parsed(path, text)
    path.write_text(text, encoding="utf-8")
    again = Runner.of(load(path))
    names = {outcome.case.name for outcome in failing}
    left = [outcome for outcome in again.run() if outcome.case.name in names and outcome.complaints]
    for name in sorted(names - {outcome.case.name for outcome in left}):
        write(f"↻ {path}  {name}\n")
    return left


def _cover(given: Test, runners: Sequence[Runner], now_ms: int, write: Write) -> None:
    if not (given.coverage or given.coverage_html or given.coverage_xml):
        return
    from harness.languages.logstash.coverage import cobertura, html, summary
    from harness.languages.logstash.coverage.recorder import merged

    recorders = merged([runner.recorder for runner in runners])
    covered = [(recorder.file, recorder.text, recorder.points()) for recorder in recorders]
    if given.coverage:
        for file, _, points in covered:
            write(f"\n{file}\n" + "\n".join(summary.text(points)) + "\n")
    if given.coverage_html is not None:
        _written(given.coverage_html, html.page(covered, title="Coverage of Logstash pipelines"))
    if given.coverage_xml is not None:
        of_files = [(file, points) for file, _, points in covered]
        _written(given.coverage_xml, cobertura.xml(of_files, timestamp_ms=now_ms))


def _written(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
