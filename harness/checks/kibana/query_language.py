"""See QueryLanguage."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.checks.kibana.presence import absent, proof
from harness.contracts import Check, Context
from harness.model import Gap, History, Observation, Outcome, Position, Severity

_SHOWN = 400


class QueryLanguage(Check):
    """KQL means to us what it means to Kibana.

    Why: what the searches find is elsewhere judged with our own translation of KQL; a difference to Kibana's would make
    green what a person in Discover sees otherwise. How measured: the KQL of every saved search and runbook, and a
    collection of odd queries, is put to Kibana, which tells the request it makes of it, and to Elasticsearch as we
    translate it, over the same indices. Different hits, and queries that one side refuses, fail; a different request
    that finds the same is a warning. Fix: `harness/languages/kql`, and the recorded cases beside it.
    """

    severity, subject, suite = Severity.BUG, History, "kibana"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """List every difference with both answers."""
        if (gap := absent(subject, context)) is not None:
            yield gap
            return
        asked, answers = subject.last("kibana-kql-asked"), subject.of_kind("kibana-kql")
        if asked is None or not asked.data["queries"]:
            yield Gap("no KQL was put to Kibana")
            return
        failed = [answer for answer in answers if "error" in answer.data]
        if failed:
            yield Gap(f"{len(failed)} queries were not answered, e.g. `{failed[0].subject}`: {failed[0].data['error']}")
        if missing := asked.data["queries"] - len(answers):
            yield Gap(f"{missing} of {asked.data['queries']} queries were not asked")
        differing = 0
        compared = [answer for answer in answers if "error" not in answer.data]
        for answer in compared:
            outcomes = [*self._difference(answer)]
            yield from outcomes
            differing += bool(outcomes)
        finding = [answer for answer in compared if answer.data.get("our_hits")]
        if not finding:
            yield Gap("no query found anything, so that nothing was compared")
        else:
            yield proof(_statement(compared, differing, asked.data["left_out"]), len(compared), ("kibana-kql",))

    def _difference(self, answer: Observation) -> Iterator[Outcome]:
        data, place = answer.data, Position(**answer.data["at"])
        query = f"KQL `{answer.subject}`"
        if "our_refused" in data:
            if bool(data["kibana_refused"]) != bool(data["our_refused"]):
                yield self.finding(place, f"{query}: Kibana {_refusal(data, 'kibana')}, we {_refusal(data, 'our')}")
            return
        if data["kibana_hits"] != data["our_hits"] or data.get("only_kibana") or data.get("only_ours"):
            yield self.finding(place, f"{query} finds {_hits(data)}; {_both(data)}")
        elif not data["same_query"]:
            message = f"{query} finds the same {data['our_hits']:,}, but is asked otherwise; {_both(data)}"
            yield self.finding(place, message, severity=Severity.WARNING)


def _statement(compared: list[Observation], differing: int, left_out: int) -> str:
    sources = Counter(answer.data["source"] for answer in compared)
    named = ", ".join(f"{count} of {source}" for source, count in sorted(sources.items()))
    both = sum("our_refused" in answer.data for answer in compared) - sum(
        bool(answer.data.get("our_refused")) != bool(answer.data.get("kibana_refused")) for answer in compared
    )
    finding = sum(bool(answer.data.get("our_hits")) for answer in compared)
    difference = f"{differing} differ" if differing else "none differs"
    rest = f"; {left_out:,} of the cases left out" if left_out else ""
    return (
        f"{len(compared):,} KQL queries by Kibana and by us ({named}): {difference}, "
        f"{finding:,} find something, {both:,} are refused by both{rest}"
    )


def _refusal(data: Mapping[str, Any], whose: str) -> str:
    if reason := data[f"{whose}_refused"]:
        return f"refuse{'s' * (whose == 'kibana')} it ({reason})"
    return f"find{'s' * (whose == 'kibana')} {data.get(f'{whose}_hits', 0):,}"


def _hits(data: Mapping[str, Any]) -> str:
    words = f"{data['kibana_hits']:,} through Kibana and {data['our_hits']:,} by ours"
    for whose, name in (("kibana", "Kibana"), ("ours", "ours")):
        if ids := data.get(f"only_{whose}_ids"):
            words += f", only {name} {', '.join(ids[:3])}"
    return words


def _both(data: Mapping[str, Any]) -> str:
    """Both requests, as far as they fit."""
    words = []
    for name, whose in (("Kibana asks", "kibana"), ("we ask", "ours")):
        text = json.dumps(data.get(whose), ensure_ascii=False, sort_keys=True)
        words.append(f"{name} {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}")
    return ", ".join(words)
