"""The log indices of a world: made, rolled over and put to rest as the lifecycle policy under test says.

Lifecycle management itself is missing here, so its actions are taken by hand, at the world's time. An index cannot be
given a date of making other than today's (Elasticsearch 9.2 has no such setting), so an index of the world is a day old
when its day is over; whether the policy's own conditions work is tried apart from this, on the running server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from harness.documents.durations import seconds
from harness.errors import StackError
from harness.services.elasticsearch import without_lacking

ANSWER_SECONDS = 120.0
DAY_SECONDS = 86_400.0

Auth = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the lifecycle policy says of the log indices: when one is rolled over, put to rest, and deleted."""

    rollover: Mapping[str, Any]
    rest: Mapping[str, Any]
    rest_after_seconds: float
    delete_after_seconds: float | None

    @classmethod
    def read(cls, configuration: Path, install: Sequence[Mapping[str, Any]]) -> Policy:
        """The policy of the logs among what Elasticsearch is given; an empty one when there is none."""
        for entry in install:
            if entry["part"] == "lifecycle" and entry.get("logs"):
                try:
                    phases = json.loads((configuration / entry["file"]).read_text(encoding="utf-8"))["policy"]["phases"]
                except (OSError, ValueError, KeyError) as error:
                    raise StackError(f"{entry['file']} is no lifecycle policy: {error}") from error
                warm, delete = phases.get("warm", {}), phases.get("delete")
                return cls(
                    rollover=phases.get("hot", {}).get("actions", {}).get("rollover", {}),
                    rest=warm.get("actions", {}),
                    rest_after_seconds=seconds(str(warm.get("min_age", "0ms"))) or 0.0,
                    delete_after_seconds=seconds(str(delete.get("min_age", "0ms"))) if delete else None,
                )
        return cls({}, {}, 0.0, None)


class LogIndices:
    """One Elasticsearch's log indices, as its superuser."""

    def __init__(self, url: str, auth: Auth, alias: str, policy: Policy) -> None:
        self.alias = alias
        self.policy = policy
        self._url = url
        self._session = requests.Session()
        self._session.auth = auth

    def install(self, configuration: Path, install: Sequence[Mapping[str, Any]]) -> None:
        """Give a fresh Elasticsearch what the deployment's entrypoint would."""
        for entry in install:
            if entry["part"] == "lifecycle":
                continue
            text = (configuration / entry["file"]).read_text(encoding="utf-8") if "file" in entry else "{}"
            body, _ = without_lacking(json.loads(text))
            self.ask("PUT", entry["put"], body)

    def roll_over(self) -> str:
        """Roll the write index over; the new one's name."""
        return str(self.ask("POST", f"/{self.alias}/_rollover")["new_index"])

    def names(self) -> list[str]:
        """The indices behind the alias, the oldest first."""
        return sorted(self.ask("GET", f"/_alias/{self.alias}"))

    def put_to_rest(self, indices: Sequence[str]) -> None:
        """What the policy's warm phase does: merge, and refuse writes."""
        if not indices:
            return
        listed = ",".join(indices)
        if "forcemerge" in self.policy.rest:
            most = self.policy.rest["forcemerge"].get("max_num_segments", 1)
            self.ask("POST", f"/{listed}/_forcemerge?max_num_segments={most}", None)
        if "readonly" in self.policy.rest:
            self.ask("PUT", f"/{listed}/_settings", {"index.blocks.write": True})

    def flush(self) -> None:
        """Have everything in segments and nothing in the transaction log, so that a start has nothing to repeat."""
        self.ask("POST", "/_flush?force=true&wait_if_ongoing=true", None)
        self.ask("POST", "/_refresh", None)

    def sizes(self) -> dict[str, dict[str, int]]:
        """Documents and bytes of each index."""
        stats = self.ask("GET", "/_stats/docs,store?expand_wildcards=all")["indices"]
        return {
            name: {
                "documents": entry["primaries"]["docs"]["count"],
                "bytes": entry["primaries"]["store"]["size_in_bytes"],
            }
            for name, entry in sorted(stats.items())
        }

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request; its answer. Raises StackError with Elasticsearch's reason."""
        try:
            answer = self._session.request(method, self._url + path, json=body, timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            raise StackError(f"Elasticsearch does not answer {method} {path}: {type(error).__name__}") from error
        if not answer.ok:
            raise StackError(f"Elasticsearch refused {method} {path}: {answer.status_code}", hint=answer.text[:400])
        return answer.json()
