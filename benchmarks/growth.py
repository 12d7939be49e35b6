"""How the time of each saved search grows with the corpus, and at which size the documented limit would be broken.

Worlds of several sizes are built, and each search is opened over all 30 days, as Discover opens it. Times against sizes
are written as JSON and drawn as SVG, and a straight line through each search's medians gives the size at which it would
reach the limit. That size lies far beyond what was measured: it is extrapolated, and says so.

Usage: python benchmarks/growth.py [--sizes 60000,125000,250000,500000,1000000] [--rounds 7] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from harness.documents.configuration import Configuration
from harness.documents.elasticsearch import IndexTemplate
from harness.documents.searches import Searches, mapping_of
from harness.generators.story.truth import WorldTruth
from harness.probes.search import Discover
from harness.probes.search_requests import TimeRange
from harness.settings import Settings, read_fixtures
from harness.toolchain import Cache, prepare
from harness.world.build import Ground
from harness.world.key import WorldKey
from harness.world.running import COMPONENTS
from harness.world.serving import serving
from harness.world.store import Worlds

SIZES = "60000,125000,250000,500000,1000000"
READER = "log_reader"


def main() -> None:
    """Measure every size, write what was measured and what follows from it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("reports/growth"))
    given = parser.parse_args()
    settings = Settings.here()
    fixtures = read_fixtures(settings.fixtures)
    limit = next(e["limit"] for e in fixtures["baselines"]["baselines"] if e["id"] == "log-query")
    root = Path(tempfile.mkdtemp(prefix="growth-", dir=Cache().root))
    root.chmod(0o755)
    points = []
    try:
        for size in map(int, given.sizes.split(",")):
            points.append(_measured(settings, fixtures, size, given.rounds, Worlds(), Worlds(Cache(root))))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    found = {"limit_seconds": limit, "points": points, "searches": _grown(points, limit), "load": os.getloadavg()}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "growth.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    (given.out / "growth.svg").write_text(_drawn(points), encoding="utf-8")
    _tell(found, given.out)


def _measured(settings: Settings, fixtures: Any, size: int, rounds: int, kept: Worlds, own: Worlds) -> dict[str, Any]:
    """One size: documents, and the seconds of each opening of each search. A world that is kept is used."""
    ground = Ground(Configuration.load(settings.config), fixtures, settings.fixtures, prepare(COMPONENTS), 1, size)
    key = WorldKey.of(settings.config, fixtures, 1, size)
    worlds = kept if kept.find(key) else own
    built = worlds.ensure(key, ground)
    truth = WorldTruth.of(fixtures, 1, size)
    span = TimeRange(truth.begins, truth.ends - 0.001)
    templates = ground.configuration.of(IndexTemplate)
    searches = [search for document in ground.configuration.of(Searches) for search in document.searches]
    seconds: dict[str, list[float]] = {search.title: [] for search in searches}
    with (
        serving(ground, built, worlds) as served,
        Discover(served.url, (READER, served.access.passwords[READER])) as discover,
    ):
        for number in range(rounds + 1):
            for search in searches:
                opened = discover.ask(search, mapping_of(search, templates), span)
                if opened.total != truth.search_count(search.title, truth.begins, truth.ends):
                    raise SystemExit(f"{search.title} finds {opened.total}, which is wrong: its time means nothing")
                if number:  # the first round warms up
                    seconds[search.title].append(opened.seconds)
    print(f"{built.about['lines']:>12,} documents, slowest median {_slowest(seconds):.3f} s", flush=True)
    return {"documents": built.about["lines"], "bytes": built.bytes, "seconds": seconds}


def _slowest(seconds: dict[str, list[float]]) -> float:
    return max(statistics.median(values) for values in seconds.values())


def _grown(points: list[dict[str, Any]], limit: float) -> dict[str, Any]:
    """For each search the line through its medians, and where it reaches the limit: extrapolated."""
    found = {}
    for title in points[0]["seconds"]:
        sizes = [point["documents"] for point in points]
        medians = [statistics.median(point["seconds"][title]) for point in points]
        slope, base = statistics.linear_regression(sizes, medians)
        breaks = round((limit - base) / slope) if slope > 0 else None
        found[title] = {
            "seconds_at_none": base,
            "seconds_per_million": slope * 1e6,
            "breaks_at_documents": breaks,
            "how": "extrapolated by a straight line through the medians",
        }
    return found


def _tell(found: dict[str, Any], out: Path) -> None:
    largest = max(point["documents"] for point in found["points"])
    print(f"\n{'search':<28} {'at none':>9} {'per 1 M':>9}   {found['limit_seconds']} s reached (extrapolated)")
    for title, grown in sorted(found["searches"].items(), key=lambda pair: -pair[1]["seconds_per_million"]):
        breaks = grown["breaks_at_documents"]
        where = f"{breaks:,} documents, {breaks / largest:.0f} × the largest measured" if breaks else "not by size"
        print(f"{title:<28} {grown['seconds_at_none']:7.3f} s {grown['seconds_per_million']:7.3f} s   {where}")
    print(f"\n{out}/growth.json, {out}/growth.svg")


def _drawn(points: list[dict[str, Any]]) -> str:
    """A line for each search: medians over sizes."""
    width, height, left, bottom = 720, 420, 60, 40
    most_documents = max(point["documents"] for point in points)
    most_seconds = max(_slowest(point["seconds"]) for point in points) * 1.05
    lines = []
    for number, title in enumerate(points[0]["seconds"]):
        places = " ".join(
            f"{left + (width - left) * p['documents'] / most_documents:.1f},"
            f"{(height - bottom) * (1 - statistics.median(p['seconds'][title]) / most_seconds):.1f}"
            for p in points
        )
        hue = number * 360 // len(points[0]["seconds"])
        lines.append(
            f'<polyline points="{places}" fill="none" stroke="hsl({hue},60%,45%)"><title>{title}</title></polyline>'
        )
    axes = f'<path d="M{left},0V{height - bottom}H{width}" fill="none" stroke="#888"/>'
    labels = (
        f'<text x="{width}" y="{height - 8}" text-anchor="end">{most_documents:,} documents</text>'
        f'<text x="4" y="12">{most_seconds:.2f} s</text>'
    )
    begin = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="12">'
    return begin + axes + labels + "".join(lines) + "</svg>\n"


if __name__ == "__main__":
    main()
