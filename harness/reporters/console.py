"""What a person sees who follows a run: one line a phase, one live line in between, and the answer at the end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import TextIO

from harness import judging
from harness.documents.configuration import Configuration
from harness.events import Progress
from harness.model import BaselineResult, Finding, Judgement, Phase, Report, Verdict
from harness.reporters import findings as findings_text
from harness.reporters import summary

MARKS = {Verdict.PASS: "✓", Verdict.UNKNOWN: "?", Verdict.FAIL: "✗"}
COLOURS = {Verdict.PASS: "32", Verdict.UNKNOWN: "33", Verdict.FAIL: "31"}
BAR = 14
QUIET_SECONDS = 10.0
"""How often a log that is no terminal hears of progress."""


class Console:
    """Prints to a terminal, with a live line, or to a log, with plain lines."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._terminal = self._out.isatty()
        self._lock = threading.Lock()
        self._live = ""
        self._spoken = 0.0
        self._told: set[str] = set()
        self._began: dict[str, float] = {}

    def begins(self, config: str, sha256: str, launcher: str, run: str) -> None:
        """A run begins."""
        name = config.rstrip("/").rpartition("/")[2]
        self.line(f"harness verify   {name} {sha256[:7]}   launcher {launcher}   run {run}\n")

    def progress(self, event: Progress) -> None:
        """Something happened within a phase; called from any thread."""
        text = f"{event.phase or '':<11}{event.text}"
        if event.total:
            text += self._bar(event)
        with self._lock:
            if self._terminal:
                self._live = text[:118]
                self._out.write(f"\r\x1b[2K{self._live}")
                self._out.flush()
            elif time.monotonic() - self._spoken > QUIET_SECONDS:
                self._spoken = time.monotonic()
                self._out.write(f"  … {text}\n")
                self._out.flush()

    def _bar(self, event: Progress) -> str:
        done, total = event.done or 0.0, event.total or 1.0
        began = self._began.setdefault(f"{event.phase} {event.text.lstrip('0123456789 ')[:12]}", time.monotonic())
        filled = min(BAR, round(BAR * done / total))
        left = (time.monotonic() - began) / done * (total - done) if done else 0.0
        about = f", about {left:.0f} s left" if done and left >= 1 else ""
        return f"   {'█' * filled}{'░' * (BAR - filled)}  {done:g}/{total:g}{about}"

    def phase(self, phase: Phase) -> None:
        """A phase is over."""
        mark = self._mark(phase.verdict) if phase.verdict is not None else " "
        detail = phase.detail if len(phase.detail) <= 88 else phase.detail[:87] + "…"
        self.line(f"{phase.name:<11}{detail:<88} {mark} {phase.seconds:7.1f} s")

    def findings(self, judgements: Sequence[Judgement], configuration: Configuration) -> None:
        """Lint has answered: its findings, with the lines they are about."""
        found = [finding for judgement in judgements for finding in judgement.findings]
        if found:
            self.line(findings_text.text(found, configuration.text).rstrip() + "\n")

    def answer(self, report: Report, folder: str, again: str, whole_seconds: float, writing_seconds: float) -> None:
        """The end: the answer first, then what failed, what is not proven, what is.

        `whole_seconds` is the time since the program was started, `writing_seconds` what writing the report took.
        """
        self.line("")
        self.line(_headline(report))
        self.line("")
        for judgement in sorted(report.judgements, key=lambda j: -j.verdict):
            if judgement.verdict is not Verdict.PASS and not judging.beyond_reach(judgement):
                self._explain(judgement)
        self._beyond(report)
        for baseline in report.baselines:
            measured = bool(baseline.checks) or not baseline.statement.startswith("not measured in this run")
            if baseline.verdict is Verdict.UNKNOWN and measured and len(report.suites) > 1:
                self.line(f"{self._mark(baseline.verdict)} {baseline.id:<16} {baseline.statement}")
        for baseline in report.baselines:
            if baseline.verdict is Verdict.PASS:
                self.line(f"{self._mark(baseline.verdict)} {baseline.id:<16} {_figure(baseline)}")
        self.line("")
        self._table(report, whole_seconds, writing_seconds)
        self.line(f"report  {folder}/report.html        again: {again}")

    def _explain(self, judgement: Judgement) -> None:
        worth = [f for f in judgement.findings if f.severity.label in ("bug", "fatal")]
        for finding in worth[:6] or [None]:  # type: ignore[list-item]
            text = finding.message if finding else judgement.reason
            self.line(f"{self._mark(judgement.verdict)} {judgement.check:<24} {_indented(text)}")
            if finding:
                self.line(f"  {'':<24} {_places(finding)}")
        if len(worth) > 6:
            self.line(f"  {'':<24} and {len(worth) - 6} more, see the report")

    def _beyond(self, report: Report) -> None:
        seen: dict[str, int] = {}
        for judgement in report.judgements:
            for gap in judgement.gaps:
                if gap.needs is not None:
                    seen[gap.reason] = seen.get(gap.reason, 0) + 1
        for reason in seen:
            self.line(f"{self._mark(Verdict.UNKNOWN)} {'beyond this machine':<24} {_indented(reason)}")
        for name in report.left_out:
            told = f"not run, it takes minutes: harness verify --suite {name}, or --sign-off"
            self.line(f"{self._mark(Verdict.UNKNOWN)} {name:<24} {told}")
        weak = [c.service for c in report.components if c.level.label == "stand-in"]
        if weak:
            self.line(f"{self._mark(Verdict.UNKNOWN)} {'stand-ins':<24} {', '.join(weak)}: proven on a stand-in only")

    def _table(self, report: Report, whole_seconds: float, writing_seconds: float) -> None:
        rows = [(phase.name, phase.seconds) for phase in report.phases] + [("report", writing_seconds)]
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in rows if seconds >= 0.05)
        elsewhere = max(0.0, whole_seconds - sum(seconds for _, seconds in rows))
        self.line(f"time    {whole_seconds:.1f} s: {parts}; elsewhere {elsewhere:.1f}")

    def line(self, text: str) -> None:
        """Print a line above the live one."""
        with self._lock:
            if self._terminal and self._live:
                self._out.write("\r\x1b[2K")
                self._live = ""
            self._out.write(text + "\n")
            self._out.flush()

    def _mark(self, verdict: Verdict) -> str:
        mark = MARKS[verdict]
        return f"\x1b[{COLOURS[verdict]}m{mark}\x1b[0m" if self._terminal else mark


def _headline(report: Report) -> str:
    return f"{summary.headline(report)}: {summary.tally(report)}\n{summary.answer(report)}"


def _figure(baseline: BaselineResult) -> str:
    value = ""
    if baseline.value is not None and baseline.limit is not None:
        bound = "at least" if baseline.at_least else "limit"
        value = f"{baseline.value:.3g} {baseline.unit}, {bound} {baseline.limit:g} {baseline.unit}   "
    return f"{value}{baseline.statement}   ({baseline.samples} samples, {baseline.level.label})"


def _places(finding: Finding) -> str:
    return ", ".join(str(position) for position in (finding.position, *finding.also))


def _indented(text: str) -> str:
    return text.replace("\n", "\n" + " " * 27)
