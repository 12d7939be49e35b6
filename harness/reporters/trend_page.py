"""The trend over the runs: a page, a test case per figure for CI, and a message for whoever must know."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from harness.evidence.trend import RunRecord
from harness.regression import Change, Flaky, Standing, Trend
from harness.reporters import plots

PAGE, JUNIT, NOTIFICATION, MARKDOWN = "trend.html", "trend-junit.xml", "notification.json", "trend.md"
SHOWN_RUNS = 60
_MOST_NAMED = 8


def write(trend: Trend, reports: Path) -> None:
    """Write `trend.html`, `trend.md` and `trend-junit.xml` beside the runs."""
    (reports / PAGE).write_text(_page(trend), encoding="utf-8", errors="replace")
    (reports / MARKDOWN).write_text(text(trend), encoding="utf-8", errors="replace")
    ElementTree(_junit(trend)).write(reports / JUNIT, encoding="utf-8", xml_declaration=True)


def text(trend: Trend) -> str:
    """The trend in lines, the bad news first."""
    ordered = sorted(trend.changes, key=lambda one: list(_ORDER).index(one.standing))
    lines = [f"{_ORDER[one.standing]} {said(one)}" for one in ordered]
    lines += [f"? {flaky_said(one)}" for one in trend.flaky]
    lines += [f"✗ {check} passed in the run before" for check in trend.broken[:_MOST_NAMED]]
    lines += [f"✓ {check} passes again" for check in trend.mended[:_MOST_NAMED]]
    lines += [f"! {line}" for line in _also_changed(trend)]
    return "".join(f"{line}\n" for line in lines)


def _also_changed(trend: Trend) -> list[str]:
    """What else is new since the run before, for whoever looks for the cause."""
    if not trend.before:
        return []
    last, newest = trend.before[-1], trend.newest
    pairs = (
        ("configuration", last.config_sha256, newest.config_sha256),
        ("harness", last.harness_sha256, newest.harness_sha256),
    )
    return [
        f"the {what} is another than in the run before ({was[:7]} → {now[:7]})"
        for what, was, now in pairs
        if was != now
    ]


def said(change: Change) -> str:
    """One figure in a sentence."""
    if change.standing is Standing.TOO_FEW:
        return f"{change.figure}: {change.runs} comparable runs before, too few to tell noise from change"
    if change.standing is Standing.NOT_MEASURED or change.ratio is None or change.noticeable is None:
        return f"{change.figure}: not measured in this run"
    by = 100 * (change.ratio - 1)
    amount = f"{abs(by):.0f} % {'slower' if by > 0 else 'faster'} than {change.against}"
    noticed = f"a slowdown of {100 * (change.noticeable - 1):.0f} % would have been noticed"
    scaled = "the machine's own speed taken out" if change.calibrated else "the machine's own speed is not known"
    named = ", ".join(f"{name} ×{ratio:.2f}" for name, ratio in change.subjects[:_MOST_NAMED])
    told = f"{change.figure}: {change.standing}: {amount} ({change.runs} runs; {noticed}; {scaled})"
    return told + (f"; by themselves: {named}" if named else "")


def flaky_said(one: Flaky) -> str:
    """A check that changes its mind."""
    return f"{one.check} is flaky: {', '.join(one.verdicts)} on the same configuration"


def notification(trend: Trend) -> dict[str, Any]:
    """The message, as Slack's incoming webhooks take it."""
    newest = trend.newest
    headline = f"Monitoring stack, run {newest.run}: {newest.verdict}"
    if trend.regressed:
        headline += f", {len(trend.regressed)} slower"
    worse = [said(change) for change in trend.regressed]
    worse += [f"{check} passed in the run before" for check in trend.broken]
    worse += [check for check, verdict in newest.checks.items() if verdict == "fail" and check not in trend.broken]
    worse += [flaky_said(one) for one in trend.flaky]
    worse += _also_changed(trend) if worse else []
    lines = worse[:_MOST_NAMED] + ([f"and {len(worse) - _MOST_NAMED} more"] if len(worse) > _MOST_NAMED else [])
    body = "\n".join(f"• {_mrkdwn(line)}" for line in lines) or "• nothing failed; not everything could be proven"
    attachment = {"color": "danger", "text": body, "footer": f"sealed {newest.root[:12]}", "mrkdwn_in": ["text"]}
    return {"text": _mrkdwn(headline), "attachments": [attachment]}


_ORDER = {
    Standing.SLOWER: "✗",
    Standing.SUSPECTED: "?",
    Standing.NOT_MEASURED: "?",
    Standing.TOO_FEW: "?",
    Standing.FASTER: "✓",
    Standing.STEADY: "✓",
}


def _mrkdwn(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _junit(trend: Trend) -> Element:
    root = Element("testsuites", name="harness nightly")
    suite = SubElement(root, "testsuite", name="trend", id="0", package="harness")
    for change in trend.changes:
        name = f"{change.figure} against {change.against}"
        case = SubElement(suite, "testcase", classname="harness.trend", name=name, time="0")
        if change.standing is Standing.SLOWER:
            SubElement(case, "failure", type="regression", message=said(change))
        elif change.standing in (Standing.NOT_MEASURED, Standing.TOO_FEW):
            SubElement(case, "skipped", message=said(change))
        else:
            SubElement(case, "system-out").text = said(change)
    for one in trend.flaky:
        case = SubElement(suite, "testcase", classname="harness.flaky", name=one.check, time="0")
        SubElement(case, "failure", type="flaky", message=flaky_said(one))
    for element in (root, suite):
        for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            element.set(attribute, str(len([*suite.iter(tag)])))
        element.set("errors", "0")
    indent(root)
    return root


def _page(trend: Trend) -> str:
    runs = [*trend.before, trend.newest][-SHOWN_RUNS:]
    style = (Path(__file__).with_name("templates") / "style.html").read_text(encoding="utf-8")
    figures = "".join(_drawn(change, runs) for change in trend.changes)
    checks = "".join(f"<li>{escape(flaky_said(one))}</li>" for one in trend.flaky)
    checks += "".join(f"<li>✗ {escape(check)} passed in the run before</li>" for check in trend.broken)
    checks += "".join(f"<li>✓ {escape(check)} passes again</li>" for check in trend.mended)
    rows = "".join(_row(run) for run in reversed(runs))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'\"><title>Trend up to {escape(trend.newest.run)}</title>{style}</head><body>"
        f'<main class="page"><h1>Trend up to {escape(trend.newest.run)}</h1>'
        f"<p>{len(runs)} comparable runs: the same machine and suites ({escape(trend.newest.machine)}).</p>"
        f"<h2>Figures</h2>{figures or '<p>No figure was measured.</p>'}"
        f'<h2>Checks that changed</h2><ul class="plain">{checks or "<li>none</li>"}</ul>'
        '<h2>Runs</h2><div class="scroll" tabindex="0" role="region" aria-label="Runs"><table>'
        '<thead><tr><th scope="col">Run</th><th scope="col">Verdict</th><th scope="col">Configuration</th>'
        f'<th scope="col">Sealed</th></tr></thead><tbody>{rows}</tbody></table></div></main></body></html>\n'
    )


def _drawn(change: Change, runs: list[RunRecord]) -> str:
    found = [next((one for one in run.figures if one.id == change.figure), None) for run in runs]
    marked = [run is runs[-1] and change.standing is Standing.SLOWER for run in runs]
    unit = next((one.unit for one in found if one), "")
    name = "".join(letter if letter.isalnum() else "-" for letter in f"{change.figure}-{change.against}")
    label = f"Median of {change.figure} over {len(runs)} runs, oldest first"
    svg = plots.course(name, [one.median if one else None for one in found], marked, unit, label)
    plot = f'<div class="scroll plotted" role="group" tabindex="0" aria-label="Plot">{svg}</div>'
    return f"<h3>{escape(said(change))}</h3>{plot}"


def _row(run: RunRecord) -> str:
    cells = (run.verdict, run.config_sha256[:7], run.root[:12])
    return f'<tr><th scope="row">{escape(run.run)}</th>' + "".join(f"<td>{escape(one)}</td>" for one in cells) + "</tr>"
