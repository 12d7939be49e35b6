"""What `harness logstash compare` does, and what the suite `logs` does where Logstash's own image ran."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.documents.compose import Compose
from harness.documents.configuration import Configuration
from harness.documents.env import Env
from harness.documents.logstash import Logstash as Pipelines
from harness.documents.substitution import substitute
from harness.errors import StackError
from harness.launchers.ledger import Ledger
from harness.model import Verdict
from harness.pipeline_comparison import rehearsal
from harness.pipeline_comparison.answers import Answers, interpreted, written
from harness.pipeline_comparison.arranging import Places, arrange
from harness.pipeline_comparison.comparing import LISTED, Compared, Left, compared
from harness.pipeline_comparison.material import Group, generated, read, require_something
from harness.pipeline_comparison.playing import Logstash, at_hand, patience, require_ran
from harness.services.pipeline_outward import require_pipeline_stays
from harness.settings import Settings, read_fixtures

SERVICE = "logstash"
AT_ONCE = 100
"""Pipelines of one start: each has threads of its own."""

LATER_SECONDS = 1234.567
"""What depends on the clock differs when the interpreter is asked as if it were so much later."""

Write = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is compared: files of cases, and lines of the generator through the configuration's pipeline.

    `program` is an installed Logstash; without, it is the image that the compose file names. Neither files nor lines
    means the cases of `fixtures/logstash` and 1,000 lines.
    """

    settings: Settings
    files: Sequence[Path] = ()
    lines: int = 0
    seed: int = 1
    program: Path | None = None


USUAL_LINES = 1000


def main(wanted: Wanted, write: Write) -> Verdict:
    """Compare, and tell what was found; unknown where no Logstash is at hand. Raises HarnessError."""
    configuration, files, lines = Configuration.load(wanted.settings.config), list(wanted.files), wanted.lines
    if not files and not lines:
        files, lines = sorted((wanted.settings.fixtures / "logstash").glob("*.yml")), USUAL_LINES
    groups = read(files)
    if lines:
        groups += lines_of(configuration, read_fixtures(wanted.settings.fixtures), wanted.seed, lines)
    require_something(groups)
    logstash = at_hand(wanted.program, image(configuration))
    if isinstance(logstash, str):
        write(f"unknown: nothing was compared, because no Logstash is at hand: {logstash}\n")
        write("  Name one: harness logstash compare --logstash /path/to/logstash\n")
        return Verdict.UNKNOWN
    found = compare(groups, logstash)
    told(found, logstash, write)
    return verdict(found)


def lines_of(configuration: Configuration, fixtures: Mapping[str, Any], seed: int, count: int) -> list[Group]:
    """Lines of the generator for each pipeline of a configuration."""
    return [generated(found.text, found.file, fixtures, seed, count) for found in configuration.of(Pipelines)]


def image(configuration: Configuration) -> str:
    """The tag that the compose file names for Logstash; empty when it has none."""
    values = {name: value for file in configuration.of(Env) for name, value in file.values.items()}
    for compose in configuration.of(Compose)[:1]:
        if (service := compose.service(SERVICE)) and service.image:
            return substitute(service.image, values)
    return ""


def compare(groups: Sequence[Group], logstash: Logstash) -> Compared:
    """Put every question to the interpreter and to Logstash. Raises StackError when Logstash does not run."""
    found, ledger = Compared(), Ledger()
    try:
        for begin in range(0, len(groups), AT_ONCE):
            folder = ledger.new_folder("harness-compare-")
            found += _compared(groups[begin : begin + AT_ONCE], logstash, folder, ledger)
    finally:
        ledger.close()
    return found


def _compared(groups: Sequence[Group], logstash: Logstash, folder: Path, ledger: Ledger) -> Compared:
    found, asked = Compared(), []
    for group in groups:
        if why := _not_to_be_run(group):
            found += Compared(left=tuple(Left(one.at, one.name, why) for one in group.questions))
        else:
            asked.append(group)
    if not asked:
        return found
    own, theirs = folder / "interpreter", folder / "logstash"
    own_environment = arrange(asked, own)
    rehearsal.rehearse(own, own_environment)
    environment = arrange(asked, theirs)
    seconds = patience(len(asked), sum(len(group.questions) for group in asked))
    said = logstash.play(theirs, environment, ledger, seconds)
    require_ran([Places(theirs, number) for number in range(len(asked))], said)
    for number, group in enumerate(asked):
        answered = written(group, Places(theirs, number))
        if answered.refused:
            answered = Answers(refused=_why(said, Places(theirs, number).id) or answered.refused)
        ours, later = interpreted(group), interpreted(group, LATER_SECONDS)
        found += compared(group, ours, later, written(group, Places(own, number)), answered)
    return found


def _not_to_be_run(group: Group) -> str:
    """Why Logstash itself must not run a pipeline here: it would ask another system."""
    try:
        require_pipeline_stays(group.text, group.file, group.env, ends=False)
    except StackError as error:
        return error.message
    return ""


def _why(said: str, pipeline: str) -> str:
    """What Logstash said of a pipeline that it did not run."""
    named = re.compile(rf"\b{re.escape(pipeline)}\b")
    line = next((line for line in said.splitlines() if "ERROR" in line and named.search(line)), "")
    return line[:300]


def verdict(found: Compared) -> Verdict:
    """A difference fails; what was not compared is unknown, and so is nothing at all."""
    if found.differences:
        return Verdict.FAIL
    return Verdict.PASS if found.events and not found.left else Verdict.UNKNOWN


def told(found: Compared, logstash: Logstash, write: Write) -> None:
    """Write what was found, for a person."""
    for one in found.differences[:LISTED]:
        write(f"{one.at}  {one.name}\n  {one.field or 'the pipeline'}\n")
        write(f"    interpreter  {one.ours}\n    Logstash     {one.theirs}\n")
    if len(found.differences) > LISTED:
        write(f"… and {len(found.differences) - LISTED} more\n")
    for left in found.left[:LISTED]:
        write(f"{left.at}  {left.name}\n  not compared: {left.why}\n")
    if len(found.left) > LISTED:
        write(f"… and {len(found.left) - LISTED} more that were not compared\n")
    varying = f"; {found.varying} fields vary by themselves, and were compared by their type" if found.varying else ""
    counted = f"{len(found.differences)} differences, {len(found.left)} not compared{varying}"
    write(f"{found.events} events compared with {logstash} ({logstash.level.label}): {counted}\n")
