"""A crowd of viewers for locust: each looks at one dashboard, which loads all of it again as often as its `refresh`
says.

    locust -f harness/dashboards/locustfile.py --headless --viewing viewing.json --stages 1x10,5x12,20x25

On several machines: the same with `--master --expect-workers 2` on one of them, and on the others `locust -f …
--worker --master-host HOST --viewing viewing.json`. `viewing.json` is what `harness.dashboards.crowd` writes. This
file runs in locust's own process only: importing locust replaces Python's sockets and threads by gevent's.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from locust import LoadTestShape, User, events, task

from harness.dashboards.crowd import Stage, read_stages, read_viewing
from harness.documents.dashboard import Dashboard
from harness.documents.durations import seconds
from harness.probes.panel import Browser, Viewing

_turns = itertools.count()
_writing = threading.Lock()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _arguments(parser: Any, **_: Any) -> None:
    parser.add_argument("--viewing", required=True, help="what is looked at, and where it is: written by the harness")
    parser.add_argument("--stages", default="5x12", help="VIEWERSxSECONDS, one after the other")
    parser.add_argument("--loads", default="", help="a file for one line of JSON a load; of a worker its own")


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _prepare(environment: Any, **_: Any) -> None:
    sources, dashboards = read_viewing(Path(environment.parsed_options.viewing))
    environment.viewed = (sources, [dashboard for dashboard in dashboards if dashboard.panels])


class Crowd(LoadTestShape):
    """As many viewers as the stage of the moment has."""

    use_common_options = False

    def tick(self) -> tuple[int, float] | None:
        """Viewers, and how many may come in a second: all of a stage within two, so that they are spread."""
        options: Any = self.runner.environment.parsed_options if self.runner else None
        stages: tuple[Stage, ...] = read_stages(options.stages)
        passed = float(self.get_run_time())  # type: ignore[no-untyped-call]
        for stage in stages:
            if passed < stage.seconds:
                return stage.viewers, max(1.0, stage.viewers / 2)
            passed -= stage.seconds
        return None


class Viewer(User):
    """Somebody with one dashboard open."""

    def on_start(self) -> None:
        """Open a browser; the dashboards are taken in turn."""
        sources, dashboards = self.environment.viewed
        self.dashboard: Dashboard = dashboards[next(_turns) % len(dashboards)]
        self.browser = Browser(sources)
        self.due = time.monotonic()

    def on_stop(self) -> None:
        """Close it."""
        self.browser.__exit__(None, None, None)

    def wait_time(self) -> float:
        """Until the dashboard refreshes again, counted from the last time it was due."""
        self.due = max(self.due + (seconds(self.dashboard.refresh) or 10.0), time.monotonic())
        return self.due - time.monotonic()

    @task
    def load(self) -> None:
        """Load the whole dashboard, and tell locust and the file how long it took."""
        viewers = self.environment.runner.target_user_count or self.environment.runner.user_count
        answer = self.browser.load_dashboard(self.dashboard, Viewing(now=time.time()))
        record = {**answer.record(), "viewers": viewers, "dashboard": self.dashboard.uid, "at": time.time()}
        failed = RuntimeError(f"{record['errors']} queries failed") if record["errors"] else None
        self.environment.events.request.fire(
            request_type="dashboard", name=self.dashboard.uid, response_time=answer.seconds * 1000,
            response_length=0, exception=failed, context={},
        )  # fmt: skip
        self._write(record)

    def _write(self, record: dict[str, Any]) -> None:
        file = self.environment.parsed_options.loads
        if not file:
            return
        worker = f".{os.getpid()}" if self.environment.parsed_options.worker else ""
        with _writing, Path(file + worker).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record) + "\n")
