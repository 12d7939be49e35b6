"""What is done to the running stack so that retention can be judged: settings are read back, a rollover is made to
happen, and the 30-day world is let grow older.

The settings come from the running services, not from the files. The rollover is asked for under the write alias, as the
lifecycle policy asks for it in production; what was stored before must still be found through the alias after it.
Where there is lifecycle management, it is let delete an index that says it is old. The core build has none, so on a
copy of the world its deletions are made by hand, at the world's time: an index goes when it is as old as the policy
says, counted from its rollover.
"""

from __future__ import annotations

from typing import Any

import requests

from harness.contracts import Recorder
from harness.documents.durations import seconds
from harness.probes import lifecycle
from harness.stack import Stack
from harness.world.indices import LogIndices, Policy
from harness.world.running import MEMORY as WORLD
from harness.world.running import RunningWorld

NEEDS = ("prometheus", "elasticsearch", "world")
STAND_INS = ("world",)
AFTER = ("logs", "searches", "dashboards")

SUPERUSER = "elastic"
SECONDS = 30.0
INSTANCE = "elasticsearch-world"
AGES_DAYS = (0, 1, 3)
"""How long after the world's end its indices are looked at again, one after the other."""
DAY = 86400.0


def exercise(stack: Stack, recorder: Recorder) -> None:
    """Read the settings back, roll the write index over, and look at what there is before and after."""
    flags = _get(f"{stack.url('prometheus')}/api/v1/status/flags").json()["data"]
    recorder.record("retention-setting", "prometheus", {"retention": flags["storage.tsdb.retention.time"]})
    given = stack.fixtures["deployment"]["logs"]
    url, auth = stack.url("elasticsearch"), stack.elasticsearch_auth(SUPERUSER)
    alias = given["alias"]
    before = _state(url, auth, alias)
    recorder.record("retention-setting", "elasticsearch", before)
    policies = requests.get(f"{url}/_ilm/policy", auth=auth, timeout=SECONDS)
    recorder.record("retention-setting", "lifecycle", {"status": policies.status_code, "answer": policies.text})
    _manage(stack, policies, recorder)
    policy = Policy.read(stack.configuration.folder, stack.fixtures["deployment"]["elasticsearch"]["install"])
    recorder.record("rollover-conditions", alias, _conditions(url, auth, alias, policy))
    stack.progress(f"rolling {alias} over")
    answer = requests.post(f"{url}/{alias}/_rollover", auth=auth, timeout=SECONDS)
    after = _state(url, auth, alias)
    recorder.record(
        "rollover", alias, {"status": answer.status_code, "answer": answer.text[:600], "before": before, "after": after}
    )

    world: RunningWorld = stack.recall(WORLD)
    old = LogIndices(stack.url(INSTANCE), auth, alias, policy)
    recorder.record("retention-disk", alias, _disk(old, world))
    stack.progress("letting the world grow older")
    recorder.record("retention-aging", alias, _aged(old, world))


def _manage(stack: Stack, policies: requests.Response, recorder: Recorder) -> None:
    """Where there is lifecycle management, let it delete under each policy of the logs."""
    if not policies.ok:
        return
    for entry in stack.fixtures["deployment"]["elasticsearch"]["install"]:
        name = entry["put"].rpartition("/")[2]
        if entry["part"] != "lifecycle" or not entry.get("logs"):
            continue
        phases = policies.json().get(name, {}).get("policy", {}).get("phases", {})
        kept = seconds(str(phases.get("delete", {}).get("min_age", "")))
        if kept:
            stack.progress(f"letting lifecycle management delete under {name}")
            told = lifecycle.acted(stack.url("elasticsearch"), stack.elasticsearch_auth(SUPERUSER), name, kept)
            recorder.record("lifecycle-acted", name, {"kept_seconds": kept, **told})


def _conditions(url: str, auth: tuple[str, str], alias: str, policy: Policy) -> dict[str, Any]:
    """What the running server makes of the policy's conditions: as they are, and with an age that has come."""
    asked = {"as they are": dict(policy.rollover), "of age": {**policy.rollover, "max_age": "1ms"}}
    told: dict[str, Any] = {"conditions": dict(policy.rollover)}
    for name, conditions in asked.items():
        body = {"conditions": conditions}
        answer = requests.post(f"{url}/{alias}/_rollover?dry_run=true", json=body, auth=auth, timeout=SECONDS)
        found = answer.json().get("conditions", {}) if answer.ok else {}
        told[name] = {"status": answer.status_code, "holds": found, "answer": answer.text[:400]}
    return told


def _disk(old: LogIndices, world: RunningWorld) -> dict[str, Any]:
    """What the world's documents take, less those of the index that is still written to."""
    whole, sizes = old.names()[:-1], old.sizes()
    return {
        "documents": sum(sizes[name]["documents"] for name in whole),
        "bytes": sum(sizes[name]["bytes"] for name in whole),
        "indices": len(whole),
        "lines_per_second": float(world.fixtures["story"]["lines_per_second"]),
        "kept_days": (old.policy.delete_after_seconds or 0.0) / DAY,
        "scale": world.built.key.scale,
        "full_scale": world.full_scale,
    }


def _aged(old: LogIndices, world: RunningWorld) -> dict[str, Any]:
    """Delete what the policy would have by then, at each age; what went, and what is left."""
    truth, kept, names = world.truth, old.policy.delete_after_seconds, old.names()
    steps: list[dict[str, Any]] = []
    if kept is None:
        return {"kept_seconds": None, "steps": steps}
    lines = {name: len(truth.days[number].parts) for number, name in enumerate(names)}
    rolled = {name: truth.begins + (number + 1) * DAY for number, name in enumerate(names[:-1])}
    # What came in while searches were timed is later than the world, and in its last index.
    live = _span(old, names[-1])[2] - lines[names[-1]]
    for days in AGES_DAYS:
        now = truth.ends + days * DAY
        due = [name for name, at in rolled.items() if at + kept <= now]
        gone = [_span(old, name) for name in due]
        for name in due:
            old.ask("DELETE", f"/{name}")
            del rolled[name], lines[name]
        oldest, newest, documents = _span(old, old.alias)
        step: dict[str, Any] = {"now": now, "deleted": due, "documents_deleted": sum(span[2] for span in gone)}
        step |= {"newest_deleted": max((span[1] for span in gone), default=None), "newest_left": newest}
        step |= {"oldest_left": oldest, "documents_left": documents - live, "expected_left": sum(lines.values())}
        steps.append(step)
    rolling = seconds(str(old.policy.rollover.get("max_age", "")))
    return {"kept_seconds": kept, "rollover_seconds": rolling, "steps": steps}


def _span(old: LogIndices, index: str) -> tuple[float, float, int]:
    """The times of the first and the last document of an index (Unix seconds), and how many there are."""
    ends = {"first": {"min": {"field": "@timestamp"}}, "last": {"max": {"field": "@timestamp"}}}
    old.ask("POST", f"/{index}/_refresh")
    answer = old.ask("POST", f"/{index}/_search", {"size": 0, "track_total_hits": True, "aggs": ends})
    found = answer["aggregations"]
    first, last = ((found[name]["value"] or 0.0) / 1000 for name in ("first", "last"))
    return first, last, int(answer["hits"]["total"]["value"])


def _state(url: str, auth: tuple[str, str], alias: str) -> dict[str, object]:
    """The alias' indices with their shards, which one is written to, and how many documents it shows."""
    requests.post(f"{url}/{alias}/_refresh", auth=auth, timeout=SECONDS).raise_for_status()
    indices = _get(f"{url}/{alias}/_settings", auth).json()
    aliases = _get(f"{url}/_alias/{alias}", auth).json()
    written = sorted(name for name, entry in aliases.items() if entry["aliases"][alias].get("is_write_index"))
    return {
        "shards": {name: int(entry["settings"]["index"]["number_of_shards"]) for name, entry in indices.items()},
        "written": written,
        "documents": int(_get(f"{url}/{alias}/_count", auth).json()["count"]),
    }


def _get(url: str, auth: tuple[str, str] | None = None) -> requests.Response:
    response = requests.get(url, auth=auth, timeout=SECONDS)
    response.raise_for_status()
    return response
