"""Hostile text arrives as text."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.documents.templates import Templates
from harness.model import Evidence, Gap, History, Observation, Outcome, Position, Proof

LANE = "receivers"


class Markup(Check):
    """Whatever stands in a summary or a description arrives as text: no markup, link or script is made of it.

    Why: label values come from outside; unescaped, they put links and scripts into what people trust. How measured:
    every alert of the suite carries the `hostile` text of `fixtures/receivers.yml`; it must be readable unchanged in
    each channel, and must not stand in an HTML body as it is. How to fix: `html` for mail, an escaping template for
    Slack (& < >).
    """

    subject, suite = History, "receivers"

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """One finding per channel that alters the text or takes it for markup."""
        hostile = str(context.fixtures.get("receivers", {}).get("hostile", ""))
        seen = [o for o in history.of_kind("notification") if o.data["lane"] == LANE and o.data["delivered"]]
        if not seen or not hostile:
            yield Gap("no hostile text was sent through a receiver")
            return
        where = next((Position(t.file) for t in context.documents.of(Templates)), None) or _config(context)
        wrong: dict[tuple[str, str], int] = {}
        for one in seen:
            for problem in problems(one, hostile):
                wrong[one.subject, problem] = wrong.get((one.subject, problem), 0) + 1
        for (channel, problem), times in wrong.items():
            yield self.finding(where, f"{channel}: {problem} ({times} notifications)")
        yield Proof(
            f"hostile text is text in {len(seen)} notifications over {len({o.subject for o in seen})} channels",
            samples=len(seen),
            services=("alertmanager",),
            evidence=(Evidence("notification", "lane=receivers"),),
        )


def problems(seen: Observation, hostile: str) -> Iterable[str]:
    """What a notification makes of the hostile text. One that leaves it out, e.g. of an alert that is over, is fine."""
    read = " ".join(f"{seen.data['title']} {seen.data['text']}".split())
    html = str(seen.data.get("html") or "")
    script = hostile[hostile.find("<script") : hostile.find("</script>")]
    if script and script in html:
        yield "the HTML holds a script that came in a summary"
    first = hostile.split("<", 1)[0].strip()
    if first in read and " ".join(hostile.split()) not in read:
        yield "what a person reads differs from the text that was sent: it was taken for markup"


def _config(context: Context) -> Position:
    return next(
        (Position(c.file) for c in context.documents.of(Alertmanager)), Position("config/alertmanager/config.yml")
    )
