"""See UndefinedVariable."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose
from harness.documents.env import Env
from harness.documents.substitution import references
from harness.documents.texts import texts_below
from harness.documents.unknown import nearest
from harness.model import Finding


class UndefinedVariable(Check):
    """The compose file uses a variable that the example environment does not name.

    Why: whoever sets the stack up copies `.env.example`; what is missing there is empty in production.
    Bad: `${SMTP_HOST}` without `SMTP_HOST=` in `.env.example`. Good: every variable named there, or `${X:-default}`.
    Fix: add it to the example, without a real value if it is a secret.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Look up every variable of every text."""
        known = {setting.name for env in context.documents.of(Env) for setting in env.settings}
        if not context.documents.of(Env):
            return
        told = set()
        for view, text in texts_below(compose.tree.view, "$"):
            for used in references(text):
                if used.name in known or used.name in told or used.default is not None or used.alternative:
                    continue
                told.add(used.name)
                place = view.inside((), used.offset, used.length)
                yield self.finding(place, f"no environment file names {used.name}{nearest(used.name, known)}")
