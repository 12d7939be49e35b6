"""One finding a defect, though our checks, our readers and the products' own checkers may all have seen it."""

from __future__ import annotations

import dataclasses
import re

from harness.model import Judgement, Position, Severity

_PRODUCTS = ("promtool/", "amtool/", "filebeat/config")
_WHOLE = ("promtool/config", "amtool/config")
_LINED = re.compile(r"(?:field|key|cannot unmarshal) ")


def folded(judgements: list[Judgement]) -> list[Judgement]:
    """One finding a defect: promtool's words before ours on PromQL, ours before the products' otherwise."""
    ours = {
        (f.position.file, f.position.line)
        for j in judgements
        if not j.check.startswith(_PRODUCTS)
        for f in j.findings
        if f.severity is Severity.FATAL
    }
    refused = {file for file, _ in ours}
    plain = {
        (f.position.file, f.position.line)
        for j in judgements
        if not j.check.startswith(_PRODUCTS) and not j.check.endswith("/syntax")
        for f in j.findings
        if f.severity is Severity.FATAL
    }
    unread = {f.position for j in judgements if j.check == "configuration/readable" for f in j.findings}
    spoken = {
        (f.position.file, f.position.line) for j in judgements if j.check.startswith("promtool/") for f in j.findings
    }
    seen: dict[tuple[Position, str], str] = {}
    made = []
    for judgement in judgements:
        kept = []
        for finding in judgement.findings:
            place = (finding.position.file, finding.position.line)
            key = (finding.position, finding.message)
            said_by = seen.get(key)
            seen.setdefault(key, judgement.check)
            if judgement.check.startswith(_PRODUCTS) and place in (
                plain if judgement.check == "promtool/rules" else ours
            ):
                continue
            # Of the wrong shape for our reader and for the product: said once.
            if finding.position in unread and judgement.check.endswith(("/wrong-value", "/misplaced-field")):
                continue
            # A product tells the first thing it refuses, most often without a line: of a file that we refuse
            # already, that is no news.
            if judgement.check in _WHOLE and finding.position.file in refused and not _LINED.match(finding.message):
                continue
            if said_by is not None or (judgement.check.endswith("/syntax") and place in spoken):
                continue
            kept.append(finding)
        made.append(dataclasses.replace(judgement, findings=tuple(kept)))
    return made
