"""The chains of lines that the world is drawn from, each line with all that is known of it.

A chain is what one request writes. There is a limited number of different ones; each is classified once, and then
repeated with new ids and times. So what holds for a million lines is known from a few thousand.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from harness.errors import UnreadableError
from harness.generators.log_journeys import Chain, Journey, Part, read_journeys
from harness.generators.log_population import Population, populate
from harness.generators.log_predicate import Predicate, compile_predicate
from harness.generators.log_routes import Routes
from harness.generators.story.plan import AT, FILE, Plan

POOL = 8192
INCIDENT_POOL = 256


@dataclass(frozen=True, slots=True)
class Chains:
    """Every chain there is. `chains` holds the numbers of their parts; `records` what each part says.

    The first `ordinary` chains are everyday traffic; `of_incident` are those of each incident by name; `deploy` is what
    a deployment writes. `requests` and `failures` tell of each chain whether it holds a request, and one that fails.
    """

    parts: tuple[Part, ...]
    records: tuple[Mapping[str, Any], ...]
    chains: tuple[tuple[int, ...], ...]
    ordinary: int
    of_incident: Mapping[str, range]
    deploy: int | None
    requests: tuple[bool, ...]
    failures: tuple[bool, ...]

    @property
    def lines_per_chain(self) -> float:
        """How many lines a chain of everyday traffic has on average."""
        return sum(map(len, self.chains[: self.ordinary])) / self.ordinary

    def matching(self, holds: Predicate) -> tuple[bool, ...]:
        """Of each part, whether a condition holds for what it says."""
        return tuple(bool(holds(record)) for record in self.records)

    @classmethod
    def draw(cls, plan: Plan, seed: int, fixtures: Mapping[str, Any]) -> Chains:
        """Draw them all from `logs.yml`, seeded. Raises UnreadableError for a journey that nobody knows."""
        mix, catalog, story = fixtures["logs"], fixtures["catalog"], fixtures["story"]
        makers = random.Random(f"{seed}/population")
        populations = {name: populate(name, spec, makers) for name, spec in mix["population"].items()}
        journeys = {j.name: j for j in read_journeys(mix["journeys"], mix, catalog, populations)}
        weights = list(itertools.accumulate(journey.weight for journey in journeys.values()))
        source = random.Random(f"{seed}/chains")
        drawn = [source.choices([*journeys.values()], cum_weights=weights)[0].draw(source) for _ in range(POOL)]
        of_incident: dict[str, range] = {}
        for incident in plan.incidents:
            if incident.journey not in journeys:
                raise UnreadableError(f"{incident.name}: logs.yml has no journey {incident.journey!r}", at=AT)
            of_incident[incident.name] = range(len(drawn), len(drawn) + INCIDENT_POOL)
            drawn += [journeys[incident.journey].draw(source) for _ in range(INCIDENT_POOL)]
        deploy = _deploy(story, mix, catalog, populations)
        drawn += [deploy.draw(source)] if deploy else []
        return cls._of(drawn, of_incident, len(drawn) - 1 if deploy else None, fixtures)

    @classmethod
    def _of(
        cls, drawn: Sequence[Chain], of_incident: Mapping[str, range], deploy: int | None, fixtures: Mapping[str, Any]
    ) -> Chains:
        parts: list[Part] = []
        chains: list[tuple[int, ...]] = []
        for chain in drawn:
            chains.append(tuple(range(len(parts), len(parts) + len(chain.parts))))
            parts += chain.parts
        records = tuple(_records(parts, fixtures))
        story = fixtures["story"]
        request, failed = (compile_predicate(story[name], f"{FILE} ({name})") for name in ("request", "failed"))
        asked = [[records[p] for p in chain if request(records[p])] for chain in chains]
        if any(len(found) > 1 for found in asked):
            raise UnreadableError("a journey of logs.yml writes two requests, so no share of requests is exact", at=AT)
        return cls(
            parts=tuple(parts),
            records=records,
            chains=tuple(chains),
            ordinary=POOL,
            of_incident=of_incident,
            deploy=deploy,
            requests=tuple(bool(found) for found in asked),
            failures=tuple(any(map(failed, found)) for found in asked),
        )


def _deploy(
    story: Mapping[str, Any],
    mix: Mapping[str, Any],
    catalog: Mapping[str, Any],
    populations: Mapping[str, Population],
) -> Journey | None:
    spec = (story.get("deploys") or {}).get("journey")
    return read_journeys([spec], mix, catalog, populations)[0] if spec else None


def _records(parts: Iterable[Part], fixtures: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """What each line says, and what the pipeline is specified to add to it: route, severity and tags.

    Told by the fixtures' own vocabulary; neither the pipeline under test nor Elasticsearch has a part in it.
    """
    pipeline, routes = fixtures["logs"]["pipeline"], Routes.of(fixtures["catalog"])
    tags = {tag: compile_predicate(spec, "fixtures/logs.yml (pipeline.tags)") for tag, spec in pipeline["tags"].items()}
    for part in parts:
        record: dict[str, Any] = {"eventId": "", "timestamp": "", **orjson.loads("{" + part.body)}
        if part.chained:
            record["requestId"] = ""
        record["severity"] = pipeline["severity"].get(record.get("level"))
        if "path" in record:
            record["route"] = routes.route(record["path"])
        record["tags"] = [tag for tag, holds in tags.items() if holds(record)]
        yield record
