"""What every verifier of a fault asks: were its lines stored once each, and if not, which hop lost them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from harness.checks.logs import causes
from harness.contracts import Check, Context
from harness.model import Evidence, Finding, Gap, History, Outcome, Proof, Severity

SERVICES = ("filebeat", "logstash", "elasticsearch")
LIMIT = "a limit of the product that its manual documents"


class UnderFault(Check):
    """Base of the verifiers of one fault each: the fault took effect, and every line of it is accounted for."""

    subject, suite = History, "resilience"
    fault: ClassVar[str]
    ordered: ClassVar[bool] = False
    """Whether lines of one file must also arrive in their order: they need not where a hop sends them again."""
    limit_hops: ClassVar[tuple[str, ...]] = ()
    """Hops at which the product is known to lose lines under this fault: shown with the count, and no failure."""
    torn: ClassVar[bool] = False
    """Whether the product is known to ship pieces of lines under this fault, which the pipeline then sets aside."""

    @abstractmethod
    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Why the fault, as it was recorded, put nothing to the test; empty when it did."""

    def examine(self, history: History, context: Context) -> Iterable[Outcome]:
        """A finding per kind of loss, with the hop; a proof when there is none; a gap when nothing was tested."""
        fault, account = history.last("fault", self.fault), history.last("line-account", self.fault)
        if fault is None:
            yield Gap(f"{self.fault}: it was not played")
            return
        if account is None or not account.data["sent"]:
            yield Gap(f"{self.fault}: what became of its lines could not be read back")
            return
        findings = [*self._lost(fault.data, account.data, context), *self._wrong(account.data, context)]
        yield from findings
        if why := self.ineffective(fault.data):
            yield Gap(f"{self.fault}: it put nothing to the test: {why}")
        elif self.ordered and not account.data.get("hops_told", True):
            yield Gap(f"{self.fault}: in which order lines came cannot be told, because Logstash leaves no trail of it")
        elif not any(finding.severity >= self.severity for finding in findings):
            yield self._proof(fault.data, account.data)

    def _lost(self, fault: Mapping[str, Any], account: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        for hop, count in account["missing"]["hops"].items():
            known = hop in self.limit_hops
            cause, example = causes.losing(context, hop), _example(account["missing"], hop)
            text = f"{count} of {account['sent']} lines are lost (e.g. {example}): {cause.text}"
            told = f"{text}, {LIMIT}" if known else text
            yield self.finding(cause.position, told, severity=Severity.INFO if known else None)

    def _wrong(self, account: Mapping[str, Any], context: Context) -> Iterator[Finding]:
        told = {
            "duplicated": ("are stored more than once", causes.storing(context)),
            "misplaced": ("are not where they belong", None),
            "altered": ("do not say what was written", None),
            "reordered": ("arrived after lines that stand behind them in their file", None),
        }
        for name, (words, cause) in told.items():
            listed = account[name]
            pieces = self._pieces(name, listed)
            if pieces and name == "misplaced":
                text = f"{pieces} of {account['sent']} lines arrived in pieces and are dead letters: {LIMIT}"
                yield self.finding(causes.pipeline(context), text, severity=Severity.INFO)
            if listed["total"] == pieces:
                continue
            severity = None if name != "reordered" or self.ordered else Severity.INFO
            first = next((one for one in listed["lines"] if not pieces or not _piece(one["hop"])), listed["lines"][0])
            text = f"{listed['total'] - pieces} of {account['sent']} lines {words} (e.g. {first['id']}): {first['hop']}"
            position = cause.position if cause else causes.pipeline(context)
            yield self.finding(position, text, severity=severity)

    def _pieces(self, name: str, listed: Mapping[str, Any]) -> int:
        """How many of the lines that are not where they belong, or there more than once, are so as pieces of lines."""
        if not self.torn or name not in ("misplaced", "duplicated"):
            return 0
        return sum(count for hop, count in listed["hops"].items() if _piece(hop))

    def _proof(self, fault: Mapping[str, Any], account: Mapping[str, Any]) -> Proof:
        lost = account["missing"]["total"]
        twice = account["duplicated"]["total"] - self._pieces("duplicated", account["duplicated"])
        dead = account["dead_letters"]
        parts = [f"{account['stored']} of {account['sent']} lines stored once"]
        parts += [f"{dead} dead letters with a reason"] if dead else []
        parts += [f"{lost} lost to the documented limit"] if lost else []
        parts += [f"{account['resent']} sent twice and stored once"] if account["resent"] else []
        return Proof(
            f"{', '.join(parts)}; drained {fault['drain_seconds']:g} s after the last was written",
            samples=account["sent"],
            services=SERVICES,
            value=twice + (0 if self.limit_hops else lost),
            limit=0,
            unit="lines lost or duplicated" if not self.limit_hops else "lines duplicated",
            evidence=(Evidence("fault", self.fault), Evidence("line-account", self.fault)),
        )


def _piece(hop: str) -> bool:
    return hop.startswith("a piece of it is a dead letter")


def _example(listed: Mapping[str, Any], hop: str) -> str:
    return next((line["id"] for line in listed["lines"] if line["hop"] == hop), "…")
