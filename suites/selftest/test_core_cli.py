"""The command line as a person meets it: exit codes, one clear message for what cannot work, never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import cli, run
from harness.errors import HarnessError, UnreadableError
from harness.model import Level, Position, Report, RequirementResult, Verdict

PROJECT = Path(__file__).resolve().parents[2]
GOOD_RULES = "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up == 0\n"


def harness(*arguments: object, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *map(str, arguments)],
        cwd=PROJECT,
        input=typed,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """The one message of a command that could not work."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("harness: ") == 1, done.stderr
    return done.stderr


class TestVerifyRefuses:
    """What it cannot judge, before anything boots and without leaving a run behind."""

    @pytest.fixture(autouse=True)
    def reports(self, tmp_path, monkeypatch) -> Iterator[None]:
        monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        yield
        assert not (tmp_path / "reports").exists()

    def test_an_empty_directory(self, tmp_path):
        empty = tmp_path / "empty"
        empty.mkdir()
        assert f"harness: {empty} is empty\n  Name the directory" in complaint(harness("verify", "--config", empty))

    def test_a_file(self, tmp_path):
        file = tmp_path / "rules.yml"
        file.write_text(GOOD_RULES)
        assert f"{file} is a file, not a directory" in complaint(harness("verify", "--config", file))

    def test_a_directory_that_is_not_there(self, tmp_path):
        assert f"{tmp_path}/none: no such directory" in complaint(harness("verify", "--config", tmp_path / "none"))

    def test_a_directory_without_any_configuration(self, tmp_path):
        folder = tmp_path / "photos"
        folder.mkdir()
        (folder / "a.txt").write_text("hello\n")
        assert "holds no monitoring configuration" in complaint(harness("verify", "--config", folder))

    def test_broken_yaml_is_named_with_file_line_and_column(self, tmp_path):
        folder = tmp_path / "config"
        (folder / "prometheus").mkdir(parents=True)
        (folder / "prometheus" / "rules.yml").write_text("groups:\n  - name: g\n    rules: [\n")
        said = complaint(harness("verify", "--config", folder))
        assert re.search(r"harness: prometheus/rules\.yml:[34]:\d+: broken YAML: ", said), said

    def test_every_broken_file_is_named_at_once(self, tmp_path):
        folder = tmp_path / "config"
        folder.mkdir()
        (folder / "a.yml").write_text("a: [\n")
        (folder / "b.json").write_text('{"a": }\n')
        (folder / "c.yml").write_text(GOOD_RULES)
        said = complaint(harness("verify", "--config", folder))
        assert re.search(r"a\.yml:\d+:\d+: ", said) and re.search(r"b\.json:\d+:\d+: ", said), said
        assert "c.yml" not in said

    def test_an_unknown_suite(self):
        said = complaint(harness("verify", "--suite", "serches"))
        assert "no suite 'serches'" in said
        assert "There are: lint, alerting" in said

    def test_a_stack_that_is_not_named(self):
        assert "--launcher external needs --stack FILE" in complaint(harness("verify", "--launcher", "external"))

    def test_containers_without_docker(self, tmp_path):
        nowhere = f"unix://{tmp_path}/docker.sock"
        told = complaint(harness("verify", "--launcher", "container", DOCKER_HOST=nowhere))
        assert f"containers cannot be started: no Docker daemon: {tmp_path}/docker.sock does not exist" in told

    def test_a_project_that_is_none(self, tmp_path):
        assert "fixtures/baselines.yml is not there" in complaint(harness("verify", HARNESS_PROJECT=str(tmp_path)))


class TestRunFolder:
    def make(self, reports: Path) -> run.Run:
        from harness.settings import Settings

        settings = Settings(PROJECT, PROJECT, PROJECT, PROJECT, reports)
        return run.Run(run.Request(settings), None, id="2026-01-01T00-00-00")  # type: ignore[arg-type]

    def test_two_runs_of_one_second_have_a_folder_each(self, tmp_path):
        runs = [self.make(tmp_path / "reports") for _ in range(3)]
        for one in runs:
            one.claim()
        assert len({one.folder for one in runs}) == 3
        assert all(one.folder.is_dir() for one in runs)

    def test_reports_that_cannot_be_written_are_a_usage_error(self, tmp_path):
        (tmp_path / "file").touch()
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
        for reports in (tmp_path / "file", tmp_path / "dangling"):
            with pytest.raises(HarnessError, match=re.escape(str(reports))) as error:
                self.make(reports).claim()
            assert error.value.exit_code == 2


def report(verdict: Verdict, sign_off: Verdict = Verdict.UNKNOWN, missing: tuple[str, ...] = ()) -> Report:
    line = RequirementResult("a/b", "A", "B", False, sign_off, Level.NATIVE, Level.NATIVE)
    return Report(
        run="2026-01-01T00-00-00",
        started=0.0,
        seconds=1.0,
        config_path="config",
        config_sha256="0" * 64,
        launcher="process",
        suites=("lint",),
        components=(),
        judgements=(),
        baselines=(),
        requirements=(line,),
        phases=(),
        overlay=(),
        verdict=verdict,
        sign_off=sign_off,
        sign_off_missing=missing,
    )


class TestExitCodes:
    @pytest.fixture
    def asked(self, monkeypatch) -> Iterator[list[Any]]:
        """A run that does nothing but answer; what it was asked for is kept. Put the answer in first."""
        kept: list[Any] = []
        before = signal.getsignal(signal.SIGTERM)

        def verify(request: run.Request, console: Any) -> Report:
            answer = kept.pop()
            kept.append(request)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(run, "verify", verify)
        monkeypatch.setattr(run, "write_reports", lambda report, folder: None)
        yield kept
        signal.signal(signal.SIGTERM, before)

    @pytest.mark.parametrize(("verdict", "code"), [(Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.UNKNOWN, 3)])
    def test_a_run_exits_with_its_verdict(self, asked, verdict, code):
        asked.append(report(verdict))
        assert cli.main(["verify"]) == code

    @pytest.mark.parametrize(
        ("verdict", "sign_off", "code", "words"),
        [
            (Verdict.PASS, Verdict.PASS, 0, "sign-off: proven"),
            (Verdict.PASS, Verdict.UNKNOWN, 3, "sign-off: not proven"),
            (Verdict.PASS, Verdict.FAIL, 1, "sign-off: failed"),
            (Verdict.UNKNOWN, Verdict.PASS, 3, "sign-off: not proven"),
            (Verdict.FAIL, Verdict.PASS, 1, "sign-off: failed"),
            (Verdict.FAIL, Verdict.UNKNOWN, 1, "sign-off: failed"),
        ],
    )
    def test_a_sign_off_demands_both(self, asked, capsys, verdict, sign_off, code, words):
        asked.append(report(verdict, sign_off, ("a/b: proven at level native only",)))
        assert cli.main(["verify", "--sign-off"]) == code
        out = capsys.readouterr().out
        assert words in out
        assert "a/b: proven at level native only" in out

    def test_without_sign_off_what_it_lacks_does_not_count(self, asked):
        asked.append(report(Verdict.PASS, Verdict.UNKNOWN))
        assert cli.main(["verify"]) == 0

    @pytest.mark.parametrize(
        ("error", "code", "says"),
        [
            (
                UnreadableError("broken", at=Position("a.yml", 3, 7), hint="Fix it."),
                2,
                "harness: a.yml:3:7: broken\n  Fix it.\n",
            ),
            (HarnessError("no memory"), 3, "harness: no memory\n"),
            (KeyboardInterrupt(), 130, "harness: interrupted; everything that was started has been stopped\n"),
        ],
    )
    def test_an_error_is_one_message_and_its_code(self, asked, capsys, error, code, says):
        asked.append(error)
        assert cli.main(["verify"]) == code
        assert capsys.readouterr().err == says

    def test_what_was_asked_for_reaches_the_run(self, asked, tmp_path):
        asked.append(report(Verdict.PASS))
        cli.main(["verify", "--config", str(tmp_path), "--suite", "logs", "--suite", "searches", "--seed", "7"])
        (request,) = asked
        assert request.settings.config == tmp_path
        assert (request.suites, request.launcher, request.seed) == (("logs", "searches"), "auto", 7)

    @pytest.mark.parametrize(
        "arguments", [[], ["verfy"], ["verify", "--seed", "x"], ["verify", "--launcher", "docker"]]
    )
    def test_a_command_that_is_none_is_a_usage_error(self, arguments, capsys):
        with pytest.raises(SystemExit) as exit_:
            cli.main(arguments)
        assert exit_.value.code == 2
        assert "usage: harness" in capsys.readouterr().err


class TestExplain:
    def test_a_check_is_explained_by_its_docstring(self):
        done = harness("explain", "rules/missing-for")
        assert done.returncode == 0
        assert done.stdout.startswith("rules/missing-for   warning\n\nAn alert without `for:`")

    def test_without_an_id_all_are_listed(self):
        done = harness("explain")
        assert done.returncode == 0
        listed = [line.split()[0] for line in done.stdout.splitlines()]
        assert {"rules/missing-for", "alerting/latency"} <= set(listed)
        assert listed == sorted(listed)

    def test_an_id_that_is_none_suggests_near_ones(self):
        said = complaint(harness("explain", "rules/mising-for"))
        assert "no check 'rules/mising-for'" in said
        assert "Did you mean rules/missing-for" in said


class TestKql:
    @pytest.fixture
    def mapping(self, tmp_path) -> Path:
        path = tmp_path / "mapping.json"
        path.write_text(json.dumps({"properties": {"status": {"type": "integer"}, "path": {"type": "keyword"}}}))
        return path

    def test_a_query_becomes_elasticsearchs(self, mapping):
        done = harness("kql", "status >= 500", "--mapping", mapping)
        assert done.returncode == 0
        assert json.loads(done.stdout)["bool"]["should"] == [{"range": {"status": {"gte": "500"}}}]

    def test_a_broken_query_is_named_with_its_place(self, mapping):
        said = complaint(harness("kql", "status >= 500 and (", "--mapping", mapping))
        assert re.search(r":1:\d+: ", said), said

    @pytest.mark.parametrize("content", [None, "{", "[]"])
    def test_a_mapping_that_is_none_is_named(self, tmp_path, content):
        path = tmp_path / "m.json"
        if content is not None:
            path.write_text(content)
        assert "m.json" in complaint(harness("kql", "a: 1", "--mapping", path))


class TestLogstash:
    @pytest.fixture
    def pipeline(self, tmp_path) -> Path:
        path = tmp_path / "main.conf"
        path.write_text('filter {\n  mutate { add_field => { "seen" => "%{message}!" } }\n}\n')
        return path

    def test_events_in_events_out(self, pipeline):
        done = harness("logstash", "run", pipeline, typed='{"message": "ä"}\n\n{"message": "b"}\n')
        assert done.returncode == 0, done.stderr
        assert [json.loads(line)["seen"] for line in done.stdout.splitlines()] == ["ä!", "b!"]

    def test_raw_lines_in_events_out(self, pipeline):
        done = harness("logstash", "run", pipeline, "--codec", "plain", typed="{not json\n")
        assert json.loads(done.stdout)["message"] == "{not json"

    def test_an_event_after_which_nobody_reads_is_no_traceback(self, pipeline):
        events = '{"message": "x"}\n' * 5000
        command = f"{sys.executable} -m harness.cli logstash run {pipeline} | head -n 1"
        done = subprocess.run(
            command, shell=True, cwd=PROJECT, input=events, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stdout.count("\n") == 1
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize(
        ("typed", "says"), [("nonsense\n", "line 1: not JSON"), ("\n[1]\n", "line 2: an event is a JSON object")]
    )
    def test_what_is_no_event_is_named_with_its_line(self, pipeline, typed, says):
        assert f"standard input, {says}" in complaint(harness("logstash", "run", pipeline, typed=typed))

    def test_a_broken_pipeline_is_named_with_its_place(self, tmp_path):
        path = tmp_path / "main.conf"
        path.write_text("filter {\n  mutate {\n")
        assert re.search(r"main\.conf:\d+:\d+: ", complaint(harness("logstash", "run", path)))

    def test_a_plugin_it_does_not_run_is_named_with_its_place(self, tmp_path):
        path = tmp_path / "main.conf"
        path.write_text('filter {\n  ruby { code => "x" }\n}\n')
        said = complaint(harness("logstash", "run", path))
        assert "main.conf:2:3: " in said and "ruby" in said

    @pytest.mark.parametrize("content", [None, b"filter { \xff }"])
    def test_a_pipeline_that_cannot_be_read_is_named(self, tmp_path, content):
        path = tmp_path / "main.conf"
        if content is not None:
            path.write_bytes(content)
        assert "main.conf" in complaint(harness("logstash", "run", path))


class TestLint:
    def test_findings_are_json_that_others_can_read(self, tmp_path):
        (tmp_path / "rules.yml").write_text(GOOD_RULES)
        done = harness("lint", tmp_path, "--format", "json")
        findings = json.loads(done.stdout)
        assert {"check", "severity", "file", "line", "column", "message"} <= set(findings[0])
        assert "rules/missing-for" in {finding["check"] for finding in findings}

    def test_a_folder_that_is_not_there(self, tmp_path):
        assert "no such directory" in complaint(harness("lint", tmp_path / "none"))


def test_sweeping_says_what_it_found(tmp_path):
    done = harness("sweep", XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "nothing to sweep\n")
