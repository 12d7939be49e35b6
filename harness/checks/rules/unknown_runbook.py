"""See UnknownRunbook."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.rules import Rules
from harness.documents.runbook import Runbook
from harness.documents.unknown import nearest
from harness.model import Finding


class UnknownRunbook(Check):
    """An alert links to a runbook that is not among the pages of this configuration.

    Why: it is opened when something is broken; a page that is not there costs minutes.
    Bad: `…/api-eror-rate-high` for `api-error-rate-high.md`. Good: the page's name. Fix: correct the link,
    or write the page.
    """

    subject = Rules

    def examine(self, rules: Rules, context: Context) -> Iterable[Finding]:
        """Look the last part of each runbook link up among the pages, if most links lead to them."""
        pages = {runbook.name for runbook in context.documents.of(Runbook)}
        links = [(alert, text) for alert in rules.alerts if (text := alert.annotations.get("runbook_url", ""))]
        wanted = [(alert, text, _page(text)) for alert, text in links if "{{" not in text]
        # Pages kept elsewhere are none of ours.
        if 2 * sum(page in pages for _, _, page in wanted) <= len(wanted):
            return
        for alert, text, page in wanted:
            if page not in pages:
                place = alert.inside(("annotations", "runbook_url"), max(0, text.find(page)), max(1, len(page)))
                yield self.finding(place, f"there is no runbook {page}{nearest(page, pages)}")


def _page(text: str) -> str:
    return text.partition("#")[0].rstrip("/").rpartition("/")[2].removesuffix(".md")
