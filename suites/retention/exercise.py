"""What is done to the running stack so that retention can be judged: settings are read back, a rollover is made to
happen.

The settings come from the running services, not from the files. The rollover is asked for under the write alias, as the
lifecycle policy asks for it in production; what was stored before must still be found through the alias after it.
"""

from __future__ import annotations

import requests

from harness.contracts import Recorder
from harness.stack import Stack

NEEDS = ("prometheus", "elasticsearch")
AFTER = ("logs", "searches", "dashboards")

SUPERUSER = "elastic"
SECONDS = 30.0


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
    stack.progress(f"rolling {alias} over")
    answer = requests.post(f"{url}/{alias}/_rollover", auth=auth, timeout=SECONDS)
    after = _state(url, auth, alias)
    recorder.record(
        "rollover", alias, {"status": answer.status_code, "answer": answer.text[:600], "before": before, "after": after}
    )


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
