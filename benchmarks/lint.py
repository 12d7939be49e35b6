"""How fast lint is, warm: the configuration under test, 1,100 rules in 200 files, and 320 dashboards.

Each figure is a whole process, its start included, the best of three; the inputs of the last two are generated here,
the same every time. Run: `python benchmarks/lint.py`. Exits 1 when a limit is missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
RUNS = 3
DEADLINE_SECONDS = 120.0


def rules(folder: Path, files: int = 200, total: int = 1100) -> None:
    """Rule files as mixins write them: alerts and recording rules over many metrics."""
    number = 0
    for index in range(files):
        lines = ["groups:", f"  - name: group-{index}", "    rules:"]
        for _ in range(total // files + (1 if index < total % files else 0)):
            lines.extend(_rule(number))
            number += 1
        (folder / f"rules-{index:03}.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rule(number: int) -> Iterator[str]:
    if number % 4 == 3:
        yield f"      - record: 'job:requests_{number}:rate5m'"
        yield f"        expr: sum by (job, route) (rate(requests_{number}_total[5m]))"
        return
    yield f"      - alert: Errors{number}High"
    yield "        expr: |"
    yield f'          sum by (job, route) (rate(requests_{number}_total{{job="app-{number % 40}", code=~"5.."}}[5m]))'
    yield f'            / sum by (job, route) (rate(requests_{number}_total{{job="app-{number % 40}"}}[5m]))'
    yield f"            > 0.0{number % 9 + 1}"
    yield "        for: 10m"
    yield f"        labels: {{severity: warning, team: team-{number % 7}}}"
    yield "        annotations:"
    yield f'          summary: "{{{{ $value | humanizePercentage }}}} of {number} at {{{{ $labels.route }}}} fail"'
    yield f"          runbook_url: https://runbooks.example/errors-{number}-high"


def dashboards(folder: Path, count: int = 320, panels: int = 14) -> None:
    """Dashboards as Grafana saves them, each of some hundred kilobytes less what nobody reads."""
    for index in range(count):
        made = [_panel(index, place) for place in range(panels)]
        board = {
            "uid": f"board-{index}",
            "title": f"Board {index}",
            "schemaVersion": 41,
            "time": {"from": "now-6h", "to": "now"},
            "refresh": "30s",
            "templating": {"list": [{"name": "job", "type": "query", "query": "label_values(up, job)"}]},
            "panels": made,
        }
        (folder / f"board-{index:03}.json").write_text(json.dumps(board, indent=2), encoding="utf-8")


def _panel(board: int, place: int) -> dict[str, object]:
    metric = f"requests_{board}_{place}"
    queries = (
        f'sum by (route) (rate({metric}_total{{job=~"$job"}}[$__rate_interval]))',
        f'histogram_quantile(0.95, sum by (route, le) (rate({metric}_s_bucket{{job=~"$job"}}[$__rate_interval])))',
    )
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": f"Requests {place}",
        "description": "Requests and their 95th percentile.",
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"x": place % 2 * 12, "y": place // 2 * 8, "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": "reqps", "thresholds": {"steps": [{"color": "green", "value": None}]}}},
        "targets": [
            {"refId": "AB"[number], "expr": query, "legendFormat": "{{route}}", "datasource": {"type": "prometheus"}}
            for number, query in enumerate(queries)
        ],
    }


def measured(folder: Path) -> float:
    """The seconds of the fastest of three runs."""
    best = DEADLINE_SECONDS
    for _ in range(RUNS):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", "lint", str(folder), "--format", "json"],
            cwd=PROJECT,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"lint of {folder} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        best = min(best, time.perf_counter() - begin)
    return best


def main() -> int:
    """Measure the three and compare them with their limits."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="harness-benchmark-") as name:
        many, boards = Path(name, "rules"), Path(name, "dashboards")
        many.mkdir()
        boards.mkdir()
        rules(many)
        dashboards(boards)
        cases = (
            ("config-under-test", PROJECT / "config-under-test", 1.5),
            ("1,100 rules in 200 files", many, 3.0),
            ("320 dashboards", boards, 8.0),
        )
        for title, folder, limit in cases:
            seconds = measured(folder)
            missed += seconds >= limit
            sys.stdout.write(
                f"{title:<28} {seconds:6.2f} s   limit {limit:.1f} s   {'✗' if seconds >= limit else '✓'}\n"
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
