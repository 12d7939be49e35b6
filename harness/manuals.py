"""The manuals of what lint reports without a check of its own: reading, waivers, and the products' checkers."""

from __future__ import annotations

from collections.abc import Mapping

from harness import waivers
from harness.product_checkers import CHECKERS


def _manual(title: str, program: str) -> str:
    return (
        f"{title}\n\nWhy: what the product refuses does not run. Bad: whatever it refuses; the message is its own.\n"
        f"Good: it says nothing. Fix: at the place shown. Where {program} is not set up (harness setup), only the\n"
        "harness's own checks have been asked."
    )


MANUALS: Mapping[str, str] = {
    "configuration/readable": (
        "Every file is what it should be.\n\nWhy: what cannot be read is not checked, and no product reads it.\n"
        "Bad: broken YAML or JSON, another encoding than UTF-8, a list where a mapping must be.\n"
        "Good: a file that its product loads. Fix: at the place shown. A template of Helm or Jinja, or Jsonnet, must\n"
        "be rendered first; that is told as info, and so is a broken file that does not look like any of ours."
    ),
    waivers.CHECK: (
        "Every waiver is complete, needed, and not past its day.\n\nWhy: an accepted finding that nobody looks at\n"
        "again is a hidden one. Bad: a waiver without reason, past `expires`, or of a finding that is gone.\n"
        "Good: check, file, reason and a day. Fix: repair what was waived, or decide anew."
    ),
    **{checker.id: _manual(checker.title, checker.binary) for checker in CHECKERS},
}
