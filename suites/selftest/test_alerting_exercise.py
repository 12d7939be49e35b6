"""What the alerting suite writes down of what it watches, on a Prometheus that is played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness import suites
from harness.documents.configuration import Configuration
from suites.selftest.running import PROJECT

SUITES = suites.find(PROJECT / "suites")


class Played:
    """A session whose answers to each address come one after the other; the last one stays."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self._answers = answers

    def get(self, url: str, **_: Any) -> SimpleNamespace:
        left = next((answers for part, answers in self._answers.items() if part in url), [[]])
        answer = left.pop(0) if len(left) > 1 else left[0]
        return SimpleNamespace(json=lambda: answer)


def alerts(state: str) -> dict[str, Any]:
    one = {"labels": {"alertname": "Slow"}, "state": state, "activeAt": "2026-01-01T00:00:00Z", "value": "1"}
    return {"data": {"alerts": [one]}}


@pytest.fixture
def watched(monkeypatch):
    """A watcher of one lane, and what it records."""
    recorded: list[tuple[str, str, Any]] = []
    recorder = SimpleNamespace(
        record=lambda kind, subject, data: recorded.append((kind, subject, data.get("state"))),
        so_far=lambda: SimpleNamespace(of_kind=lambda *_: []),
    )
    lane = SimpleNamespace(
        name="prometheus-wave", instance=SimpleNamespace(url="http://prometheus"), live_at=0.0,
        scenario=SimpleNamespace(name="wave", fires={}),
    )  # fmt: skip
    stack = SimpleNamespace(
        lanes={"wave": lane},
        fixtures={"routing": {"severities": {}}, "deployment": {"lanes": {"storm": "storm"}}},
        configuration=Configuration.of_texts({}),
        url=lambda name: f"http://{name}",
        require_alive=lambda: None,
        progress=lambda *_, **__: None,
    )
    exercise = SUITES["alerting"].exercise.__globals__
    monkeypatch.setitem(exercise, "prometheus_metrics", SimpleNamespace(figures=lambda _: {}))
    watcher = exercise["_Watcher"](stack, recorder)
    monkeypatch.setattr(watcher, "_figures", lambda _: None)
    return watcher, recorded


def test_what_fired_after_the_last_look_at_it_is_written_down_all_the_same(watched):
    """All was heard in the middle of a look, so there is no further one; the alert must not seem silent."""
    watcher, recorded = watched
    watcher._session = Played({"/api/v1/alerts": [alerts("pending"), alerts("firing")], "/api/v2/alerts": [[]]})
    watcher.look()
    watcher.finish()
    assert [state for kind, _, state in recorded if kind == "alert-state"] == ["pending", "firing"]
