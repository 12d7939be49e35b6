"""Whether the logs are read only by those who may."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.elasticsearch import Elasticsearch, Roles
from harness.model import Evidence, Gap, History, Outcome, Position, Proof, Severity

_REFUSED: dict[str, tuple[int, str]] = {
    "anonymous read": (401, "somebody without a password can read the logs"),
    "anonymous write": (401, "somebody without a password can write logs"),
    "wrong password": (401, "a wrong password is accepted"),
    "reader write": (403, "a reader of the logs can write them"),
    "reader delete": (403, "a reader of the logs can delete them"),
    "reader administration": (403, "a reader of the logs can administer the cluster"),
}
_ALLOWED = "reader read"
_UNAVAILABLE = frozenset({404, 405, 429, 500, 502, 503, 504})


class Access(Check):
    """Nobody reads the logs without a password, and nobody who may read them can change them.

    Why: the logs say who looked at which patient's record. An audit trail that a reader can change is none, and
    one that anybody can read is a breach.
    How measured: on the running Elasticsearch, attempts that must be refused are made: without a password, with a
    wrong one, and as the reader to write, to delete and to administer. None of them changes anything where it is
    allowed. The reader must be let in to read, for a server that refuses everybody proves nothing.
    Fix: `xpack.security.enabled: true` in elasticsearch.yml, and only `read` and `view_index_metadata` in the
    reader's role.
    """

    severity, subject, suite = Severity.BUG, History, "searches"

    def examine(self, subject: History, context: Context) -> Iterable[Outcome]:
        """Compare the status of each attempt with the refusal it demands."""
        recorded = subject.of_kind("access")
        if not recorded:
            yield Gap("nobody tried to read or write without leave")
        refused = 0
        for observation in recorded:
            if observation.data.get(_ALLOWED) != 200:
                yield Gap(
                    f"the reader was not let in (HTTP {observation.data.get(_ALLOWED)}), so refusals prove nothing"
                )
                continue
            for attempt, (status, danger) in _REFUSED.items():
                got = observation.data.get(attempt)
                if got == status:
                    refused += 1
                elif got is None or got in _UNAVAILABLE:
                    yield Gap(f"{attempt}: no telling, the answer was HTTP {got}" if got else f"{attempt}: not tried")
                else:
                    place = _place(attempt, context)
                    yield self.finding(place, f"{danger}: {attempt} got HTTP {got}, not {status}")
        if refused:
            statement = f"{refused} attempts that must be refused were, the anonymous with 401, the reader's with 403"
            yield Proof(statement, refused, ("elasticsearch",), evidence=(Evidence("access", "each attempt"),))


def _place(attempt: str, context: Context) -> Position:
    """The setting or the role that should have refused."""
    if attempt.startswith("reader"):
        for document in context.documents.of(Roles):
            for name, role in document.roles.items():
                if "reader" in name:
                    return role.key_at()
    for node in context.documents.of(Elasticsearch):
        setting = node.settings.get("xpack.security.enabled")
        return setting.at() if setting else Position(node.file)
    return Position("config/elasticsearch.yml")
