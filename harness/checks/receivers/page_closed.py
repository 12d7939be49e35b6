"""A page is closed by the key it was opened with."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.receivers import recorded
from harness.contracts import Check, Context
from harness.model import Evidence, Gap, History, Outcome, Proof


class PageClosed(Check):
    """When an alert is over, the page it opened is closed under the same key, and no two alerts share one.

    Why: a page that nobody closes is looked at again and again, one closed by another alert's end is missed. How
    measured: an alert is let end; the resolving event must carry the `dedup_key` of the one that opened the page. How
    to fix: `send_resolved: true`; do not group what belongs to different pages.
    """

    subject, suite = History, "receivers"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """The keys of the page that was closed, and those of all others."""
        ended = history.last("receiver-resolved")
        if ended is None:
            yield Gap("no page was opened and let end")
            return
        cases = recorded.cases(history)
        case = next(case for case in cases if case.name == ended.subject)
        opened = recorded.taken(recorded.tries(history, case, case.channel))
        closed = recorded.taken(recorded.tries(history, case, case.channel, resolved=True))
        where = recorded.place(case, context)
        if not closed:
            yield self.finding(where, f"{case.alert} is over and its page at {case.channel} was not closed")
            return
        keys = {str(o.data.get("dedup_key")) for o in (*opened, *closed)}
        if len(keys) != 1:
            yield self.finding(where, f"{case.alert} opened and closed its page under different keys")
        others = {
            str(o.data.get("dedup_key")): other.alert
            for other in cases
            if other != case
            for o in recorded.taken(recorded.tries(history, other, case.channel))
        }
        for key in keys & set(others):
            yield self.finding(where, f"{case.alert} and {others[key]} share one page, closed by whichever ends first")
        yield Proof(
            f"the page of {case.alert} closed {closed[0].at - ended.at:.0f} s after the alert was over, under its own "
            f"key; {len(others)} others have keys of their own",
            samples=1 + len(others),
            services=("alertmanager",),
            evidence=(Evidence("notification", "lane=receivers"),),
        )
