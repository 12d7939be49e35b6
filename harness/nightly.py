"""`harness nightly`: a whole run, compared with the nights before; what is red is told, old runs are cleared away."""

from __future__ import annotations

import datetime
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import requests

from harness import accepted, regression
from harness.conclusion import write_reports
from harness.errors import HarnessError, UsageError
from harness.evidence import trend
from harness.model import Report, Verdict
from harness.regression import Trend
from harness.reporters import summary, trend_page
from harness.reporters.console import Console
from harness.run import Request, verify
from harness.settings import Settings

EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNKNOWN: 3}
KEPT_RECORDS = 400
_POST_SECONDS = 10.0


def main(settings: Settings, suites: Sequence[str], keep: int, notify: str) -> int:
    """Verify everything, judge the trend, tell, clear away. The exit code is that of the run, or 1 for a regression."""
    if keep < 1:
        raise UsageError("--keep must be 1 or more")
    asked = Request(settings, tuple(suites), everything=not suites)
    report = verify(asked, Console())
    write_reports(report, settings.reports / report.run)
    mark(settings.reports, report.run)
    found = judge(settings, report.run)
    code = told(settings.reports, found, report)
    removed = clear(settings.reports, keep)
    if removed:
        sys.stdout.write(f"cleared {len(removed)} old runs, their records are kept\n")
    if notify and code:
        _post(notify, settings.reports / trend_page.NOTIFICATION)
    return code


def mark(reports: Path, run: str) -> None:
    """Note in its record that a run was a nightly one."""
    record = next(one for one in trend.read(reports) if one.run == run)
    trend.keep(reports, replace(record, nightly=True))


def judge(settings: Settings, run: str = "") -> Trend:
    """The trend up to a run, or up to the newest. Raises UsageError when there is no such run."""
    records = trend.read(settings.reports)
    upto = [one for one in records if not run or one.run <= run]
    if not upto or (run and upto[-1].run != run):
        raise UsageError(f"no record of {run or 'any run'} in {settings.reports / trend.FOLDER}")
    entry = next((one for one in accepted.read(settings.fixtures) if one.machine == upto[-1].machine), None)
    return regression.trend(upto, entry.by_id() if entry else None, entry.run if entry else "")


def told(reports: Path, found: Trend, report: Report | None = None) -> int:
    """Write the trend beside the runs, print it, and return the exit code."""
    trend_page.write(found, reports)
    sys.stdout.write(trend_page.text(found))
    sys.stdout.write(f"trend   {reports / trend_page.PAGE}\n")
    verdict = report.verdict if report else _verdict(found.newest.verdict)
    if report:
        sys.stdout.write(f"{summary.headline(report)}: {summary.tally(report)}\n")
    code = EXIT[Verdict.FAIL] if found.regressed else EXIT[verdict]
    payload = reports / trend_page.NOTIFICATION
    payload.unlink(missing_ok=True)
    if code:
        payload.write_text(json.dumps(trend_page.notification(found), ensure_ascii=False, indent=1) + "\n")
    return code


def clear(reports: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the newest runs, never the one that `latest` names. Their records stay, up to `KEPT_RECORDS`."""
    runs = sorted(path.parent for path in reports.glob("*/history.ndjson") if not path.parent.is_symlink())
    latest = (reports / "latest").resolve()
    old = [path for path in runs[:-keep] if path.resolve() != latest]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(reports / "again" / path.name, ignore_errors=True)
    for record in sorted((reports / trend.FOLDER).glob("*.json"))[:-KEPT_RECORDS]:
        record.unlink()
    return tuple(path.name for path in old)


def accept(settings: Settings, run: str, who: str, why: str) -> int:
    """`harness accept`: make the figures of a run the measure of later ones on this machine."""
    records = trend.read(settings.reports)
    named = run or (settings.reports / "latest").resolve().name
    record = next((one for one in records if one.run == named), None)
    if record is None:
        known = f" The newest: {records[-1].run}." if records else ""
        raise UsageError(
            f"no record of run {named!r}", hint=f"Records are in {settings.reports / trend.FOLDER}.{known}"
        )
    path = accepted.accept(settings.fixtures, record, who, why, datetime.date.today())
    sys.stdout.write(f"accepted {len(record.figures)} figures of {record.run} by {who}: {why}\n{path}: commit it\n")
    return 0


def _post(url: str, payload: Path) -> None:
    """Send the notification. That it cannot be sent is told, and hides nothing: the exit code stays."""
    try:
        answer = requests.post(url, data=payload.read_bytes(), headers=_JSON, timeout=_POST_SECONDS)
        answer.raise_for_status()
    except (requests.RequestException, OSError) as error:
        sys.stderr.write(f"harness: the notification was not delivered: {type(error).__name__}\n")


_JSON = {"Content-Type": "application/json"}


def _verdict(label: str) -> Verdict:
    try:
        return Verdict[label.upper()]
    except KeyError as error:
        raise HarnessError(f"the record names a verdict that there is not: {label!r}") from error
