"""The 30-day world, built: kept once and whole, started from a copy that cannot change it, and true to its story.

The slow part builds a world of two days on the real servers, and worlds that are broken on purpose.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from harness.checks.searches.fields import Fields
from harness.checks.searches.hits import Hits
from harness.checks.searches.one_story import OneStory
from harness.contracts import Context
from harness.documents.configuration import Configuration
from harness.errors import SetUpError
from harness.judging import judge
from harness.launchers.ledger import Ledger, state_folder
from harness.launchers.ports import PortLeases
from harness.launchers.process import ProcessLauncher
from harness.model import History, Level, Observation, Verdict
from harness.probes.promql import value
from harness.probes.search import Discover
from harness.settings import read_fixtures
from harness.toolchain import Cache, prepare
from harness.world import store
from harness.world.build import Ground
from harness.world.key import WorldKey
from harness.world.running import RunningWorld, at_hand
from harness.world.serving import Served, prometheus_plan, serving
from harness.world.space import require_space
from harness.world.store import BuiltWorld, Worlds

PROJECT = Path(__file__).parents[2]
CONFIG = PROJECT / "config-under-test"
READER = "log_reader"


def short(fixtures: Any) -> Any:
    """Two days instead of thirty, one incident and one deployment: built in seconds."""
    story = copy.deepcopy(fixtures["story"])
    story |= {"days": 2, "metrics_days": 1, "scale": {"full": 6000, "small": 3000}}
    story["deploys"]["at"] = [datetime(2025, 6, 26, 20, tzinfo=UTC)]
    story["incidents"] = [i for i in story["incidents"] if i["name"] == "database deadlocks again"]
    return {**fixtures, "story": story}


# Kept in the cache


class QuickBuilder:
    """Writes two files instead of starting servers; may be told to fail."""

    fails: Exception | None = None
    built = 0

    def __init__(self, ground: Any, tree: Path, scratch: Path, tell: Any) -> None:
        self.tree = tree

    def build(self) -> dict[str, Any]:
        index = self.tree / "elasticsearch" / "indices" / "a" / "0" / "index"
        index.mkdir(parents=True)
        (index / "_0.cfs").write_text("segment")
        (index / "write.lock").write_text("")
        (index.parent / "translog").mkdir()
        (index.parent / "translog" / "translog.ckp").write_text("checkpoint")
        (self.tree / "prometheus").mkdir()
        type(self).built += 1
        if self.fails:
            raise self.fails
        return {"lines": 7}


@pytest.fixture
def worlds(tmp_path, monkeypatch) -> Worlds:
    monkeypatch.setattr(store, "Builder", QuickBuilder)
    monkeypatch.setattr(QuickBuilder, "built", 0)
    return Worlds(Cache(tmp_path))


GROUND: Any = SimpleNamespace()


def test_a_world_is_built_once_and_then_found(worlds):
    key = WorldKey(1, 100, "a" * 64)
    assert worlds.find(key) is None
    first, second = worlds.ensure(key, GROUND), worlds.ensure(key, GROUND)
    assert (first.about["lines"], first.folder, QuickBuilder.built) == (7, second.folder, 1)


def test_a_world_that_could_not_be_finished_is_none(worlds, monkeypatch):
    monkeypatch.setattr(QuickBuilder, "fails", OSError(28, "No space left on device"))
    with pytest.raises(SetUpError, match="No space left on device") as refused:
        worlds.ensure(WorldKey(1, 100, "a" * 64), GROUND)
    assert "HARNESS_CACHE" in refused.value.hint
    assert worlds.find(WorldKey(1, 100, "a" * 64)) is None


def test_a_world_that_lost_a_file_is_built_again(worlds):
    key = WorldKey(1, 100, "a" * 64)
    next(worlds.ensure(key, GROUND).folder.rglob("_0.cfs")).unlink()
    assert worlds.find(key) is None
    assert worlds.ensure(key, GROUND).about["lines"] == 7


def test_a_copy_shares_what_is_never_altered_and_nothing_else(worlds, tmp_path):
    built = worlds.ensure(WorldKey(1, 100, "a" * 64), GROUND)
    worlds.copy(built, tmp_path / "copy")
    links = {p.name: p.stat().st_nlink for p in (tmp_path / "copy").rglob("*") if p.is_file()}
    assert links == {"_0.cfs": 2, "translog.ckp": 1}  # locks stay behind


def test_only_the_last_used_are_kept(worlds):
    keys = [WorldKey(seed, 100, "a" * 64) for seed in range(store.KEPT + 2)]
    for place, key in enumerate(keys):
        worlds.ensure(key, GROUND)
        os.utime(worlds.root / key.name, (place, place))
    full = WorldKey(1, 1_000_000, "a" * 64)
    worlds.ensure(full, GROUND)
    os.utime(worlds.root / full.name, (0, 0))
    worlds.sweep()
    assert worlds.find(full) is not None  # small ones do not push it out
    assert [worlds.find(key) is not None for key in keys] == [False, False] + [True] * store.KEPT


def test_another_pipeline_seed_scale_or_story_is_another_world(tmp_path):
    fixtures = read_fixtures(PROJECT / "fixtures")
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    keys = [
        WorldKey.of(config, fixtures, 1, 10),
        WorldKey.of(config, fixtures, 2, 10),
        WorldKey.of(config, fixtures, 1, 11),
    ]
    keys.append(WorldKey.of(config, short(fixtures), 1, 10))
    pipeline = config / "config" / "logstash.conf"
    pipeline.write_text(pipeline.read_text() + "# changed\n")
    keys.append(WorldKey.of(config, fixtures, 1, 10))
    assert len({key.name for key in keys}) == 5


def test_a_full_disk_is_said_before_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**12, used=9 * 10**11, free=10**9))
    with pytest.raises(SetUpError, match=r"1\.0 GB can be used, 2\.5 GB are needed"):
        require_space(tmp_path, 1_000_000)
    require_space(tmp_path)


def test_without_a_full_world_a_small_one_is_at_hand(worlds, monkeypatch):
    monkeypatch.setattr("harness.world.running.prepare", lambda _: None)
    fixtures = short(read_fixtures(PROJECT / "fixtures"))
    ground: Any = Ground(SimpleNamespace(folder=CONFIG), fixtures, PROJECT, None, 1, 0)  # type: ignore[arg-type]
    assert at_hand(ground, worlds=worlds).key.scale == 3000
    worlds.ensure(WorldKey.of(CONFIG, fixtures, 1, 6000), GROUND)
    assert at_hand(ground, worlds=worlds).key.scale == 6000


# On the real servers


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project of its own, with the short story as files, for the processes that read them."""
    import yaml

    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "fixtures", folder / "fixtures", ignore=shutil.ignore_patterns("checks"))
    story = short(read_fixtures(PROJECT / "fixtures"))["story"]
    (folder / "fixtures" / "story.yml").write_text(yaml.safe_dump(story))
    shutil.copytree(CONFIG, folder / "config-under-test")
    return folder


def ground_of(project: Path, scale: int = 6000) -> Ground:
    fixtures = read_fixtures(project / "fixtures")
    components = prepare(("elasticsearch", "java", "blockwriter", "prometheus"))
    return Ground(
        Configuration.load(project / "config-under-test"), fixtures, project / "fixtures", components, 3, scale
    )


def made(project: Path, worlds: Worlds) -> tuple[Ground, BuiltWorld]:
    ground = ground_of(project)
    return ground, worlds.ensure(WorldKey.of(ground.configuration.folder, ground.fixtures, 3, 6000), ground)


@pytest.fixture(scope="module")
def kept() -> Iterator[Worlds]:
    root = Cache().root / f"test-worlds-{os.getpid()}"
    root.mkdir(parents=True)
    root.chmod(0o755)
    yield Worlds(Cache(root))
    shutil.rmtree(root, ignore_errors=True)


def sums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def suite() -> Any:
    spec = importlib.util.spec_from_file_location("searches_exercise", PROJECT / "suites" / "searches" / "exercise.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


NOTHING: dict[str, str] = {}
PRECEDENCE = {
    "authFailed: true or (statusCode >= 401 and statusCode <= 403)": (
        "(authFailed: true or statusCode >= 401) and statusCode <= 403"
    )
}


def asked(
    suite: Any, ground: Ground, built: BuiltWorld, served: Served, replaced: dict[str, str] = NOTHING
) -> tuple[History, Context]:
    """What the searches suite records of hits and fields, with some queries replaced, and what it is judged by."""
    folder = ground.configuration.folder
    files = (*folder.rglob("kibana/*.json"), *folder.rglob("elasticsearch/*.json"))
    texts = {str(path.relative_to(folder)): path.read_text() for path in files}
    for old, new in replaced.items():
        assert any(old in text for text in texts.values())
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    configuration = Configuration.of_texts(texts)
    recorded: list[Observation] = []
    recorder = SimpleNamespace(
        record=lambda kind, subject, data: recorded.append(Observation(0.0, kind, subject, data))
    )
    searches = tuple(suite._asked(configuration))
    world = RunningWorld(built, served.folder, ground.fixtures)
    reader = (READER, served.access.passwords[READER])
    with Discover(served.url, reader) as discover:
        suite._fields(discover, searches, recorder)
    assert suite._hits(served.url, reader, searches, world, SimpleNamespace(progress=lambda *_: None), recorder)
    levels = {name: Level.STAND_IN for name in ("world", "elasticsearch", "kibana")}
    return History.of(*recorded), Context(configuration, ground.fixtures, levels)


@pytest.mark.slow
def test_a_world_is_true_to_its_story_and_a_run_cannot_change_it(project, kept, suite):
    ground, built = made(project, kept)
    assert built.about["dead_letters"] == built.about["lost"] == 0
    before = sums(built.folder)
    with serving(ground, built, kept) as served:
        history, context = asked(suite, ground, built, served)
        judged = judge(Hits(), history, context)
        # Two days hold no hit of the rarest searches; those that have some are exact.
        assert not judged.findings, [finding.message for finding in judged.findings]
        assert judge(Fields(), history, context).verdict is Verdict.PASS
        broken, context = asked(suite, ground, built, served, PRECEDENCE)
        assert any("`Authentication Failures`" in f.message for f in judge(Hits(), broken, context).findings)
        _write_and_delete(served, ground)
    assert sums(built.folder) == before
    assert kept.find(built.key) is not None


def _write_and_delete(served: Served, ground: Ground) -> None:
    auth = ("elastic", served.access.passwords["elastic"])
    alias = ground.fixtures["deployment"]["logs"]["alias"]
    document = {"@timestamp": "2025-06-27T15:00:00Z", "eventId": "live-1", "kind": "access"}
    written = requests.put(f"{served.url}/{alias}/_create/live-1?refresh=true", json=document, auth=auth, timeout=30)
    assert written.status_code == 201, written.text
    for path, method in ((f"/{alias}/_flush?force=true", "POST"), ("/caredroid-logs-000001", "DELETE")):
        answer = requests.request(method, served.url + path, auth=auth, timeout=60)
        assert answer.ok, answer.text


@pytest.mark.slow
def test_prometheus_holds_what_the_story_counts(project, kept, tmp_path):
    ground, built = made(project, kept)
    kept.copy(built, tmp_path / "copy")
    truth = RunningWorld(built, tmp_path, ground.fixtures).truth
    ledger, ports = Ledger(), PortLeases(state_folder() / "ports")
    try:
        binary = ground.toolchain.binary("prometheus")
        plan = prometheus_plan(binary, tmp_path / "copy" / "prometheus", ports.lease(), tmp_path / "run", "world")
        instance = ProcessLauncher(tmp_path / "logs", ledger).launch(plan)
        begin = truth.metrics_begin
        for at in (begin + 15, begin + 21_600, begin + 21_615, begin + 50_010, truth.ends - 600, truth.ends):
            for name in sorted({series.name for series in truth.series}):
                told = value(instance.url, f"sum({name})", at)
                # Each series is rounded to a thousandth, a half of one either way.
                allowed = 0.001 * len(truth.matching(name)) + 1e-6
                assert told == pytest.approx(truth.value(name, at), rel=1e-9, abs=allowed), (name, at)
        incident = truth.incidents[0]
        asked_of = {"begin": incident.begins_ms / 1000, "end": incident.ends_ms / 1000}
        history = _told_of(truth, instance.url, incident, asked_of)
        fixtures = {**ground.fixtures}
        levels = {name: Level.NATIVE for name in ("world", "elasticsearch", "prometheus")}
        context = Context(ground.configuration, fixtures, levels)
        assert judge(OneStory(), History.of(history), context).verdict is Verdict.PASS
        fewer = Observation(0.0, "one-story", "x", {**history.data, "failed": {**history.data["failed"], "logs": 1}})
        assert judge(OneStory(), History.of(fewer), context).verdict is Verdict.FAIL
        instance.stop()
    finally:
        ledger.close()
        ports.release()


def _told_of(truth: Any, url: str, incident: Any, window: dict[str, float]) -> Observation:
    access = {"field": "kind", "is": "access"}
    conditions = {"requests": access, "failed": {"all": [access, {"field": "statusCode", "at_least": 500}]}}
    data: dict[str, Any] = {"share": incident.share, "multiplier": truth.multiplier}
    for name, question in truth.fixtures["searches"]["same"].items():
        metrics = value(url, question["promql"], window["end"]) - value(url, question["promql"], window["begin"])
        data[name] = {"logs": truth.count(window["begin"], window["end"], conditions[name]), "metrics": metrics}
    return Observation(0.0, "one-story", incident.name, data)


@pytest.mark.slow
def test_a_path_that_is_mapped_as_text_is_caught(project, kept, suite, tmp_path):
    own = tmp_path / "project"
    shutil.copytree(project, own)
    template = own / "config-under-test" / "config" / "elasticsearch" / "index-template.json"
    body = json.loads(template.read_text())
    body["template"]["mappings"]["properties"]["path"] = {"type": "text"}
    body["template"]["aliases"] = {}
    template.write_text(json.dumps(body))
    ground, built = made(own, kept)
    with serving(ground, built, kept) as served:
        history, context = asked(suite, ground, built, served)
    messages = [finding.message for finding in judge(Hits(), history, context).findings]
    assert any("`RAG Retrieval Performance` finds 0 of the" in message for message in messages), messages
    messages = [finding.message for finding in judge(Fields(), history, context).findings]
    assert any("`RAG Retrieval Performance`: `path` is text" in message for message in messages), messages
    assert any("`path` cannot be sorted by" in message for message in messages), messages


@pytest.mark.slow
def test_killed_while_building_it_leaves_no_half_world_and_the_next_builds_it(project, kept):
    key = WorldKey.of(project / "config-under-test", read_fixtures(project / "fixtures"), 3, 5000)
    environment = {**os.environ, "HARNESS_PROJECT": str(project), "HARNESS_CACHE": str(kept.root.parent)}
    environment["XDG_STATE_HOME"] = str(kept.root.parent / "state")
    for name in ("components", "elasticsearch-access"):
        (kept.root.parent / name).exists() or (kept.root.parent / name).symlink_to(Cache().root / name)
    command = [sys.executable, "-m", "harness.cli", "world", "--scale", "5000", "--seed", "3"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "day 1 of" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert kept.find(key) is None
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    assert kept.find(key) is not None
    assert not list((kept.root.parent / "building").glob("world-*"))
