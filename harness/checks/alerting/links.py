"""Every link in a notification leads somewhere."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks.alerting import recorded
from harness.contracts import Check, Context
from harness.documents.addresses import addresses, kinds, linked, resolve
from harness.documents.templates import Templates
from harness.model import Evidence, Gap, History, Outcome, Position, Proof

LANES = (recorded.MAIN, "storm", "plain")


class Links(Check):
    """Every link that people are sent leads to a runbook, dashboard, panel or search that exists, by a public address.

    Why: the link is what a woken person clicks first. How measured: the addresses in what each channel received, as
    Alertmanager rendered them, are looked up: page and heading of a runbook, uid and panel of a dashboard, id of a
    saved search; `localhost` and container names lead nowhere for a reader. How to fix: the annotation, the template,
    or `--web.external-url`.
    """

    subject, suite = History, "alerting"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per address that leads nowhere, with the channel it was seen in."""
        found: dict[str, str] = {}
        received = [o for lane in LANES for o in recorded.notifications(history, lane)]
        for notification in received:
            read = f"{notification.data['text']}\n{notification.data.get('plain') or ''}"
            for address in (*addresses(read), *linked(str(notification.data.get("html") or ""))):
                found.setdefault(address, notification.subject)
        if not found:
            yield Gap("no notification with a link was received")
            return
        resolved = {address: resolve(address, context.documents) for address in found}
        where = next((Position(t.file) for t in context.documents.of(Templates)), Position("config/alertmanager"))
        for address, one in resolved.items():
            if one.problem:
                yield self.finding(where, f"{found[address]}: {one.problem}")
            elif not one.kind:
                yield Gap(f"{found[address]}: nothing here tells where {address} leads")
        told = ", ".join(f"{count} {kind or 'unknown'}" for kind, count in sorted(kinds(resolved.values()).items()))
        yield Proof(
            f"{len(found)} different links in {len(received)} notifications: {told}",
            samples=len(found),
            services=("alertmanager",),
            evidence=(Evidence("notification", "lane=main"),),
        )
