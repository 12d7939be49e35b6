"""A run's evidence holds: an edit is noticed, a claim leads to raw records, and judging again gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import judging
from harness.conclusion import conclude, write_reports
from harness.contracts import Check, Context
from harness.documents.configuration import Configuration
from harness.errors import UnreadableError, UsageError
from harness.evidence import inputs, manifest, plain, record
from harness.model import Asked, History, Judgement, Level, Observation, Report, Verdict
from harness.rejudge import RENDERED, again, rejudge
from harness.report import main
from harness.run import judge_history
from harness.settings import Settings, read_fixtures
from suites.selftest.running import PROJECT
from suites.selftest.test_reporters import EVERYTHING

ACCESS = {
    "anonymous read": 401,
    "anonymous write": 401,
    "reader administration": 403,
    "reader delete": 403,
    "reader read": 200,
    "reader write": 403,
    "wrong password": 401,
}
OBSERVED = (
    Observation(10.0, "run", "r", {"config": "c"}),
    Observation(11.0, "exercise", "logs", {"failed": "", "seconds": 2.0}),
    Observation(12.0, "log-sent", "logs", {"count": 20, "malformed": 0, "per_kind": {"access": 20}}),
    Observation(13.0, "access", "caredroid-logs", ACCESS),
    Observation(14.0, "exercise", "searches", {"failed": "", "seconds": 3.0}),
)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as it is left: real inputs, a short history, judged by the real checks."""
    from harness import lint

    folder = tmp_path_factory.mktemp("reports") / "2026-11-23T10-00-00"
    folder.mkdir()
    (folder / "logs").mkdir()
    (folder / "logs" / "prometheus.log").write_text("level=info msg=ready port=9090\n")
    (folder / "history.ndjson").write_text("".join(o.to_json() + "\n" for o in OBSERVED))
    settings = Settings.here(PROJECT / "config-under-test")
    configuration = Configuration.load(settings.config)
    inputs.keep(folder, settings.config, configuration.files, settings.fixtures)
    levels = {"elasticsearch": Level.NATIVE, "logstash": Level.STAND_IN}
    context = Context(configuration, read_fixtures(settings.fixtures), levels)
    told = replace(
        EVERYTHING,
        run=folder.name,
        config_path=str(settings.config),
        config_sha256=configuration.sha256,
        suites=("lint", "logs", "searches"),
        levels=levels,
        judged_on="2026-11-23",
        whole=False,
    )
    said = Judgement("promtool/rules", Verdict.PASS, Level.NATIVE, "promtool accepts the rules.", reason="1 file")
    static = lint.run(configuration, context, products=False)
    judged = [*static, said, *judge_history(History(OBSERVED), context, ["logs", "searches"])]
    write_reports(conclude(told, context.fixtures, judged), folder)
    return folder


# --- the seal


def test_what_was_sealed_holds(run_folder: Path) -> None:
    found = manifest.verify(run_folder)
    assert found.holds and found.files > 60
    assert found.root == hashlib.sha256((run_folder / manifest.NAME).read_bytes()).hexdigest()


def test_coreutils_agrees(run_folder: Path) -> None:
    done = subprocess.run(["sha256sum", "--check", "--quiet", manifest.NAME], cwd=run_folder, check=False, timeout=30)
    assert done.returncode == 0


def with_another_digit(content: bytes) -> bytes | None:
    """The content with its middle digit changed; None when it holds none."""
    places = [match.start() for match in re.finditer(rb"\d", content)]
    if not places:
        return None
    at = places[len(places) // 2]
    return content[:at] + str((int(content[at : at + 1]) + 1) % 10).encode() + content[at + 1 :]


def test_one_digit_in_any_file_is_noticed(run_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        path.write_bytes(with_another_digit(content) or content + b"0")
        try:
            found = manifest.verify(folder)
        except UnreadableError:
            assert name == manifest.NAME
        else:
            assert not found.holds, name
            assert name in found.changed or name == manifest.NAME
        path.write_bytes(content)
    assert manifest.verify(folder).holds


def test_a_file_that_was_added_or_taken_away_is_noticed(run_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    (folder / "logs" / "extra.log").write_text("")
    (folder / "junit.xml").unlink()
    found = manifest.verify(folder)
    assert (found.added, found.missing) == (("logs/extra.log",), ("junit.xml",))


def test_a_run_that_was_edited_and_sealed_anew_does_not_have_the_known_root(run_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    root = manifest.verify(folder).root
    (folder / "summary.md").write_text("all is well")
    manifest.write(folder)
    assert manifest.verify(folder).holds
    assert not manifest.verify(folder, root).holds


def test_the_command_says_which_file_was_changed(run_folder: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "reports" / "run"
    shutil.copytree(run_folder, folder)
    assert main(folder.parent, ["verify", "run"], None, "") == 0
    (folder / "verdict.json").write_text((folder / "verdict.json").read_text().replace('"unknown"', '"pass"', 1))
    assert main(folder.parent, ["verify", "run"], None, "") == 1
    assert "✗ verdict.json: changed" in capsys.readouterr().out


def test_a_folder_without_a_seal_is_no_silent_yes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=manifest.NAME):
        manifest.verify(tmp_path)


# --- judged again


def test_judging_again_gives_the_same_bytes_wherever_the_run_lies(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(run_folder, folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    judged = again(folder, tmp_path / "again")
    assert (judged.differing, judged.changed, judged.same_harness) == ((), (), True)
    assert all((tmp_path / "again" / name).read_bytes() == (run_folder / name).read_bytes() for name in RENDERED)
    assert manifest.verify(folder).holds, "judging again leaves the run as it is"


def test_an_edited_history_is_judged_as_it_is_and_the_difference_told(run_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    history = folder / "history.ndjson"
    history.write_text(history.read_text().replace('"reader write": 403', '"reader write": 200'))
    judged = again(folder, tmp_path / "again")
    assert ("searches/access", "pass", "fail") in judged.changed and "verdict.json" in judged.differing


@pytest.mark.parametrize("file", ["configuration/config/prometheus.yml", "fixtures/baselines.yml"])
def test_inputs_that_are_not_what_they_were_are_refused(run_folder: Path, tmp_path: Path, file: str) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    path = folder / "inputs" / file
    path.write_text(path.read_text() + "# edited\n")
    with pytest.raises(UnreadableError, match="not what the run was made of"):
        rejudge(folder)


def test_credentials_are_not_copied_and_are_read_where_they_were(tmp_path: Path) -> None:
    source, folder = tmp_path / "config", tmp_path / "run"
    source.mkdir()
    (source / ".env").write_text("SECRET=hunter2\n")
    (source / "prometheus.yml").write_text("scrape_configs: []\n")
    fixtures = tmp_path / "fixtures"
    fixtures.mkdir()
    folder.mkdir()
    inputs.keep(folder, source, [".env", "prometheus.yml"], fixtures)
    assert not any("hunter2" in path.read_text() for path in folder.rglob("*") if path.is_file())
    files = dict(inputs.configuration_files(folder, inputs.read(folder), source))
    assert files[".env"] == source / ".env"
    (source / ".env").write_text("SECRET=other\n")
    with pytest.raises(UnreadableError, match="not what the run was made of"):
        inputs.configuration_files(folder, inputs.read(folder), source)


def test_a_run_without_a_record_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"record\.json") as caught:
        rejudge(tmp_path)
    assert "--recorded" in caught.value.hint


def test_every_value_of_a_report_survives_being_written() -> None:
    read = plain.from_plain(Report, json.loads(json.dumps(plain.to_plain(EVERYTHING))))
    assert read == EVERYTHING


def test_a_record_of_another_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / record.NAME).write_text('{"run": 7}')
    with pytest.raises(UnreadableError):
        record.read(tmp_path)


# --- traced


class OnlyAccess(Check):
    """Looks at one kind only."""

    subject = History

    def examine(self, history: History, context: Context) -> list[Any]:
        """Ask for one kind, and for one that is not there."""
        history.of_kind("access")
        history.last("exercise", "searches")
        history.of_kind("nothing")
        return []


def test_a_judgement_knows_the_lines_it_was_shown() -> None:
    judged = judging.judge(OnlyAccess(), History(OBSERVED), Context(Configuration.of_texts({"a.yml": "a: 1"})))
    assert [(seen.kind, str(seen)) for seen in judged.records] == [("access", "4"), ("exercise", "5")]


def test_lines_are_told_as_spans() -> None:
    asked = Asked.about(History(tuple(Observation(1.0, "k" if i % 5 else "other", "s", {}) for i in range(12))))
    asked.of_kind("k")
    assert [str(seen) for seen in asked.given] == ["2-5,7-10,12"]
    list(asked)
    assert [str(seen) for seen in asked.given] == ["2-5,7-10,12", "1,6,11"]


def test_a_requirement_leads_to_checks_and_to_lines(run_folder: Path, capsys: Any) -> None:
    assert main(run_folder.parent, ["trace", run_folder.name, "security/encryption-authentication"], None, "") == 0
    told = capsys.readouterr().out
    assert "searches/access" in told and "history.ndjson:4  access" in told and "reader write" in told
    lines = (run_folder / "history.ndjson").read_text().splitlines()
    assert json.loads(lines[3])["kind"] == "access"
    with pytest.raises(UsageError, match="no requirement"):
        main(run_folder.parent, ["trace", run_folder.name, "security/nothing"], None, "")


def test_the_verdict_names_the_lines_of_each_check(run_folder: Path) -> None:
    document = json.loads((run_folder / "verdict.json").read_text())
    access = next(check for check in document["checks"] if check["id"] == "searches/access")
    assert {"kind": "access", "lines": "4"} in access["records"]


# --- a check that did not run

FIXTURES = read_fixtures(PROJECT / "fixtures")
OURS = [entry for entry in FIXTURES["requirements"]["requirements"] if not entry.get("by_person")]


def _all_passing() -> list[Judgement]:
    names = {kind().id for kind in _every_check()} | {"dashboards/panel-data"}
    return [Judgement(name, Verdict.PASS, Level.CONTAINER, name) for name in sorted(names)]


def _every_check() -> tuple[type[Check], ...]:
    from harness.registry import discover

    return discover("harness.checks", Check)


@pytest.mark.parametrize("entry", OURS, ids=[entry["id"] for entry in OURS])
def test_a_line_whose_check_did_not_run_is_unknown_and_nothing_is_green(entry: dict[str, Any]) -> None:
    from fnmatch import fnmatchcase

    levels = {service: Level.CONTAINER for line in OURS for service in line.get("services", [])}
    told = replace(EVERYTHING, levels=levels, whole=True)
    for pattern in entry["checks"]:
        left = [j for j in _all_passing() if not fnmatchcase(j.check, pattern)]
        report = conclude(told, FIXTURES, left)
        line = next(one for one in report.requirements if one.id == entry["id"])
        assert line.verdict is Verdict.UNKNOWN and line.not_run, (entry["id"], pattern)
        assert report.sign_off is not Verdict.PASS
        assert report.verdict is Verdict.UNKNOWN


def test_with_every_check_passing_only_what_cannot_be_judged_is_open() -> None:
    levels = {service: Level.CONTAINER for line in OURS for service in line.get("services", [])}
    report = conclude(replace(EVERYTHING, levels=levels), FIXTURES, _all_passing())
    assert report.verdict is Verdict.PASS
    assert {line.id for line in report.requirements if not line.by_person and line.verdict is not Verdict.PASS} == {
        entry["id"] for entry in OURS if entry.get("not_judged")
    }
