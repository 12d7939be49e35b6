"""Mutated configurations and events: whatever is wrong must be an error with a position, never a crash or a hang.

python benchmarks/logstash_fuzz.py [--tries N] [--seconds S] [--seed SEED] [--round N]

A try is one mutated configuration, or one mutated event put through a configuration that could be read. What breaks a
rule is printed, with the seed to repeat it, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from harness.errors import HarnessError
from harness.languages.logstash import Pipeline

PROJECT = Path(__file__).resolve().parents[1]
EVENTS_PER_CONFIG = 5
HANG_SECONDS = 35
ENVIRONMENT = {"PHI_FINGERPRINT_KEY": "k", "LOGSTASH_WRITER_PASSWORD": "k", "NAME": "value"}

# Between blanks, with `\\n`, `\\x00` and the like written out.
WORDS = r"""
{ } [ ] ( ) " ' / => =~ !~ == != < >= , # \n \\ ! %{ %{a} %{[a][b]} %{+YYYY} %{+%s} ${NAME} ${NO} ${NO:x} [a][b] [[a]]
@metadata @timestamp tags 0 -1 1e9 99999999999999999999 1.5 true null \x00 \xe9 \U0001f4a5 \ufffe
(a+)+$ (?<x> \\p{L} \\k<x> %{GREEDYDATA:a} %{X:y=.*} a{1,99999} (?= [[:alpha:]] (?i)
"""
STATEMENTS = """
 if
 else
 else if
 and
 or
 xor
 nand
 in
 not in
filter {
output {
mutate { gsub => ['a', '(', 'b'] }
grok { match => { a => '%{DATA:b}' } }
split { field => a }
drop {}
kv {}
ruby { code => 'x' }
clone { clones => [a, b] }
date { match => [a, 'ISO8601', 'yyyy'] }
json { source => a }
useragent { source => a }
add_field => { '%{a}' => '%{b}' }
remove_field => ['%{a}', '[a', '@metadata']
"""
PIECES = [word.encode("latin-1").decode("unicode_escape") for word in WORDS.split()]
PIECES += [f"{one} " for one in STATEMENTS.strip("\n").split("\n")]
FIELDS = "message a b tags @timestamp @metadata @version list [a] [a][b] \xe9 host s n k d log timestamp [ ] %{a} type"
NAMES = [*FIELDS.split(), "", "a b"]
TEXTS = [
    *("", " ", "a", "a=b c=d", "1,2,3", '{"a": [1, {"b": null}]}', '{"@timestamp": 1}', '{"[": 1}', "[1]"),
    *(
        "2026-11-23T14:00:00Z",
        "23/Nov/2026:14:00:00 +0000",
        "1.2.3.4 - - x",
        "%{a}",
        "%{",
        "\xe9\x00",
        "\U0001f4a5" * 40,
    ),
    *("\ud800", "a" * 3000, "\\", '"', "<13>x", "https://e.org/?q=%C3%A9%ZZ", "-1", "1e400", "NaN", "0x1F"),
    *("99999999999999999999999999", "true", "null", "\n\n", "\t"),
]


class HangError(BaseException):
    """Something takes too long. No Exception, so that nothing swallows it."""


def _alarm(_: int, __: FrameType | None) -> None:
    raise HangError


def corpus() -> list[tuple[str, list[Any]]]:
    """Configurations, each with events that suit it."""
    cases = yaml.safe_load((PROJECT / "suites/selftest/test_logstash_filters.yaml").read_text("utf-8"))
    found = [("filter { " + case["filter"] + " }", [case["event"]]) for case in cases]
    whole = (PROJECT / "config-under-test/config/logstash.conf").read_text("utf-8")
    sections = whole.split("filter {")
    found += [
        ("filter {" + section, ["x", {"message": '{"eventId": "12345678", "path": "/a"}'}]) for section in sections
    ]
    return [*found, (whole, [{"message": '{"kind": "access", "timestamp": "2026-11-23T14:00:00Z"}'}])]


def mutated(source: random.Random, text: str, others: list[tuple[str, list[Any]]]) -> str:
    """A text with a few pieces taken out, put in, repeated, replaced, or joined with another text."""
    for _ in range(source.choice((0, 0, 1, 1, 1, 2, 3))):
        at = source.randrange(len(text) + 1)
        match source.randrange(7):
            case 0:
                text = text[:at] + text[at + source.randint(1, 12) :]
            case 1 | 2:
                text = text[:at] + source.choice(PIECES) + text[at:]
            case 3:
                start = source.randrange(len(text) + 1)
                text = text[:at] + text[start : start + source.randint(1, 60)] + text[at:]
            case 4:
                text = (
                    text[:at]
                    + chr(source.choice((0, 9, 10, 13, 34, 92, 123, 125, 233, 0x2028, 0xFEFF, 0x1F4A5)))
                    + text[at + 1 :]
                )
            case 5:
                text = text + "\n" + source.choice(others)[0]
            case _:
                text = (
                    text[:at]
                    if source.random() < 0.2
                    else text[:at] + source.choice("([{<") * source.randint(1, 200) + text[at:]
                )
    return text


def value(source: random.Random, depth: int = 0) -> Any:
    """Something an event may hold."""
    match source.randrange(9 if depth < 4 else 6):
        case 0 | 1 | 2:
            return source.choice(TEXTS)
        case 3:
            return source.choice((0, 1, -1, 2**31, 2**63, -(2**70), 17))
        case 4:
            return source.choice((0.0, -1.5, 1e308, 1e-320, 3.0))
        case 5:
            return source.choice((True, False, None))
        case 6:
            return [value(source, depth + 1) for _ in range(source.randint(0, 4))]
        case _:
            return {source.choice(NAMES): value(source, depth + 1) for _ in range(source.randint(0, 4))}


def event(source: random.Random, given: list[Any]) -> dict[str, Any]:
    """A given event with other values in it, or one of chance alone."""
    base = source.choice(given)
    found = {"message": base} if not isinstance(base, dict) else dict(base)
    if source.random() < 0.3:
        found = {}
    for _ in range(source.randint(0, 5)):
        found[source.choice([*NAMES, *found])] = value(source)
    if source.random() < 0.01:
        deep: Any = "x"
        for _ in range(source.choice((50, 900, 3000))):
            deep = {"a": deep} if source.random() < 0.5 else [deep]
        found[source.choice(NAMES)] = deep
    return found


class Fuzzer:
    """Makes tries and notes what broke a rule."""

    def __init__(self, seed: int) -> None:
        self.corpus = corpus()
        self.seed = seed
        self.counts: Counter[str] = Counter()
        self.broken: list[str] = []
        self.slowest = (0.0, "")

    def round(self, number: int) -> None:
        """One configuration and its events."""
        source = random.Random(f"{self.seed}/{number}")
        base, given = source.choice(self.corpus)
        text = mutated(source, base, self.corpus)
        self.counts["configurations"] += 1
        pipeline = self._watched(number, lambda: Pipeline.from_text(text, "fuzz.conf", env=ENVIRONMENT), text)
        if not isinstance(pipeline, Pipeline):
            return
        self.counts["configurations that run"] += 1
        for _ in range(EVENTS_PER_CONFIG):
            one = event(source, given)
            self.counts["events"] += 1
            self._watched(number, lambda one=one: self._process(pipeline, one), text, one)

    def _process(self, pipeline: Pipeline, one: dict[str, Any]) -> None:
        for found in pipeline.process(one):
            self.counts["events that came out"] += 1
            for output in pipeline.outputs_for(found):
                pipeline.render(str(output.options.get("index")), found)

    def _watched(self, number: int, act: Any, text: str, one: Any = None) -> Any:
        """Do it under a deadline; note whatever is no error with a position in the file."""
        started = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
        try:
            return act()
        except HarnessError as error:
            self.counts["refusals"] += 1
            at = error.at
            lines = text.split("\n")
            if at is None or at.file != "fuzz.conf" or not (1 <= at.line <= len(lines)) or at.column < 1:
                self._note(number, f"a refusal without a place: {error}", text, one)
            elif at.column > len(lines[at.line - 1]) + 1:
                self._note(number, f"a place beyond its line: {error}", text, one)
        except HangError:
            self._note(number, f"took longer than {HANG_SECONDS} s", text, one)
        except BaseException as error:  # whatever it is, it is a finding
            if isinstance(error, KeyboardInterrupt):
                raise
            self._note(number, "".join(traceback.format_exception(error)[-4:]), text, one)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            taken = time.perf_counter() - started
            if taken > self.slowest[0]:
                self.slowest = (taken, f"round {number}")
        return None

    def _note(self, number: int, message: str, text: str, one: Any) -> None:
        shown = (
            ""
            if one is None
            else f"\nevent: {json.dumps(one, default=str)[:600]}"
            if not _deep(one)
            else "\nevent: deep"
        )
        self.broken.append(f"--- seed {self.seed} round {number}: {message}\nconfiguration: {text[:1500]!r}{shown}")


def _deep(one: Any) -> bool:
    try:
        json.dumps(one, default=str)
    except RecursionError:
        return True
    return False


def main() -> int:
    """Fuzz until the tries or the time are used up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--round", type=int, help="repeat this one")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, _alarm)
    fuzzer, started, number = Fuzzer(given.seed), time.monotonic(), 0
    if given.round is not None:
        fuzzer.round(given.round)
    while given.round is None and fuzzer.counts["configurations"] + fuzzer.counts["events"] < given.tries:
        if time.monotonic() - started > given.seconds or len(fuzzer.broken) >= 20:
            break
        fuzzer.round(number)
        number += 1
    print("\n".join(fuzzer.broken))
    tries = fuzzer.counts["configurations"] + fuzzer.counts["events"]
    print(f"{tries:,} tries in {time.monotonic() - started:.0f} s, {len(fuzzer.broken)} broke a rule")
    print("\n".join(f"  {count:10,} {name}" for name, count in fuzzer.counts.items()))
    print(f"  slowest {fuzzer.slowest[0]:.2f} s ({fuzzer.slowest[1]})")
    return 1 if fuzzer.broken else 0


if __name__ == "__main__":
    sys.exit(main())
