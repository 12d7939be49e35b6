"""What everything else stands on: waiting, recording, discovering, settings, errors."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from harness import wait
from harness.contracts import Check
from harness.errors import DeadlineError, HarnessError, UnreadableError, UsageError
from harness.events import HistoryFile, read_history
from harness.model import History, Observation, Position
from harness.registry import discover
from harness.settings import Settings, read_fixtures, read_yaml


class TestWait:
    def test_returns_the_first_true_answer(self):
        answers = iter([0, "", "here"])
        assert wait.until(lambda: next(answers), deadline=5, saying="an answer", every=0.001) == "here"

    def test_says_what_for_how_long_and_what_was_seen_last(self):
        tried: list[int] = []
        with pytest.raises(DeadlineError) as error:
            wait.until(
                lambda: tried.append(1),  # type: ignore[func-returns-value]
                deadline=0.05,
                saying="Prometheus to be ready",
                every=0.01,
                seen=lambda: "HTTP 503",
            )
        assert str(error.value) == "waited 0.05 s for Prometheus to be ready; last seen: HTTP 503"
        assert len(tried) > 1

    def test_asks_once_even_without_any_time(self):
        assert wait.until(lambda: True, deadline=0, saying="it")
        with pytest.raises(DeadlineError, match=r"^waited 0 s for it$"):
            wait.until(lambda: False, deadline=0, saying="it")

    def test_does_not_oversleep_its_deadline(self):
        began = time.monotonic()
        with pytest.raises(DeadlineError):
            wait.until(lambda: False, deadline=0.05, saying="it", every=60)
        assert time.monotonic() - began < 5

    def test_an_error_of_the_condition_is_not_swallowed(self):
        with pytest.raises(ZeroDivisionError):
            wait.until(lambda: 1 / 0, deadline=1, saying="it")

    def test_pausing_into_the_past_returns_at_once(self):
        began = time.monotonic()
        wait.pause(-60)
        assert time.monotonic() - began < 1


class TestHistory:
    def test_what_was_recorded_is_read_back(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")
        file.record("notification", "slack #a", {"text": "ä\nb", "at": [1, None]}, at=10.5)
        frozen = file.freeze()
        assert frozen == History.of(Observation(10.5, "notification", "slack #a", {"text": "ä\nb", "at": [1, None]}))
        assert read_history(file.path) == frozen

    @pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
    def test_a_line_separator_inside_a_text_does_not_break_a_line(self, tmp_path, separator):
        file = HistoryFile(tmp_path / "history.ndjson")
        file.record("notification", "email", {"text": f"one{separator}two"}, at=1.0)
        assert read_history(file.path) == file.freeze()

    def test_what_is_judged_has_the_order_of_what_is_read_again(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")
        file.record("account", "a", {"hops": {"rotation": 49, "filebeat": 17}, "seen": (1, 2)})
        frozen, again = file.freeze(), read_history(file.path)
        assert [*frozen.observations[0].data["hops"]] == [*again.observations[0].data["hops"]]
        assert frozen.observations[0].data["seen"] == again.observations[0].data["seen"] == [1, 2]

    def test_is_on_disk_as_it_happens(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")
        file.record("boot", "prometheus", {})
        assert read_history(file.path) == file.so_far()

    def test_is_dated_now_unless_told(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")
        before = time.time()
        file.record("boot", "prometheus", {})
        assert before <= file.so_far().observations[0].at <= time.time()

    def test_nothing_is_added_once_frozen(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")
        file.record("boot", "prometheus", {})
        frozen = file.freeze()
        file.record("boot", "late", {})
        assert file.freeze() == frozen == read_history(file.path)

    def test_is_appended_to_never_overwritten(self, tmp_path):
        for subject in ("first", "second"):
            file = HistoryFile(tmp_path / "history.ndjson")
            file.record("boot", subject, {})
            file.freeze()
        assert [o.subject for o in read_history(file.path)] == ["first", "second"]

    def test_threads_do_not_tear_each_others_lines(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")

        def write(name: str) -> None:
            for _ in range(200):
                file.record("line", name, {"text": name * 50})

        threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(read_history(file.path).observations) == 800

    def test_a_recorded_mapping_is_the_recorders_own(self, tmp_path):
        file = HistoryFile(tmp_path / "history.ndjson")
        data = {"state": "pending"}
        file.record("alert-state", "A", data)
        data["state"] = "firing"
        assert file.so_far().observations[0].data["state"] == "pending"

    @pytest.mark.parametrize("broken", ["{", "[]", "7", '{"at": 1, "kind": "boot", "subject": "x"}', ""])
    def test_a_line_that_is_no_record_is_named(self, tmp_path, broken):
        path = tmp_path / "history.ndjson"
        path.write_text(f'{{"at": 1, "kind": "boot", "subject": "x", "data": {{}}}}\n{broken}\n', encoding="utf-8")
        with pytest.raises(UnreadableError) as error:
            read_history(path)
        assert error.value.at == Position(str(path), 2)

    def test_a_history_that_is_not_there_is_unreadable(self, tmp_path):
        with pytest.raises(UnreadableError, match=r"none\.ndjson"):
            read_history(tmp_path / "none.ndjson")

    def test_is_asked_by_kind_and_subject(self):
        one, two, three = (Observation(n, "panel", s, {}) for n, s in enumerate("aba"))
        history = History.of(one, two, three, Observation(9, "boot", "a", {}))
        assert history.of_kind("panel") == (one, two, three)
        assert history.of_kind("panel", "a") == (one, three)
        assert history.last("panel") == three
        assert history.last("panel", "b") == two
        assert history.last("rollover") is None


class TestRegistry:
    @pytest.fixture
    def package(self, tmp_path, monkeypatch):
        folder = tmp_path / "discovered_package" / "checks"
        (folder / "b").mkdir(parents=True)
        for path in (folder.parent, folder, folder / "b"):
            (path / "__init__.py").touch()
        (folder / "z_last.py").write_text(
            "from harness.contracts import Check\n"
            "class Abstract(Check):\n    '''No examine.'''\n"
            "class Last(Check):\n    '''Last.'''\n    def examine(self, subject, context):\n        return ()\n"
        )
        (folder / "b" / "the_first.py").write_text(
            "from discovered_package.checks.z_last import Last\nclass First(Last):\n    '''First.'''\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        yield "discovered_package.checks"
        for module in [module for module in sys.modules if module.startswith("discovered_package")]:
            del sys.modules[module]

    def test_finds_concrete_classes_where_they_are_defined_in_path_order(self, package):
        found = discover(package, Check)
        assert [kind.__name__ for kind in found] == ["First", "Last"]
        assert [kind().id for kind in found] == ["b/the-first", "z-last"]


class TestSettings:
    def project(self, folder: Path) -> Path:
        (folder / "fixtures").mkdir(parents=True)
        (folder / "fixtures" / "baselines.yml").write_text("baselines: []\n")
        return folder

    def test_a_named_project_wins(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HARNESS_PROJECT", str(self.project(tmp_path / "p")))
        monkeypatch.delenv("HARNESS_REPORTS", raising=False)
        settings = Settings.here()
        assert settings.config == tmp_path / "p" / "config-under-test"
        assert (settings.fixtures, settings.reports) == (tmp_path / "p" / "fixtures", tmp_path / "p" / "reports")

    def test_a_project_is_found_from_a_folder_below_it(self, tmp_path, monkeypatch):
        monkeypatch.delenv("HARNESS_PROJECT", raising=False)
        below = self.project(tmp_path / "p") / "deep" / "down"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)
        assert Settings.here().project == tmp_path / "p"

    def test_a_project_that_is_none_is_a_usage_error_with_a_way_out(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HARNESS_PROJECT", str(tmp_path))
        with pytest.raises(UsageError) as error:
            Settings.here()
        assert str(tmp_path) in str(error.value)
        assert "HARNESS_PROJECT=" in error.value.hint
        assert error.value.exit_code == 2

    def test_reports_may_go_elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HARNESS_PROJECT", str(self.project(tmp_path / "p")))
        monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "elsewhere"))
        assert Settings.here().reports == tmp_path / "elsewhere"

    def test_fixtures_are_read_by_stem(self, tmp_path):
        (tmp_path / "catalog.yml").write_text("metrics: [a]\n")
        (tmp_path / "notes.txt").write_text("{{{\n")
        assert read_fixtures(tmp_path) == {"catalog": {"metrics": ["a"]}}

    def test_a_broken_fixture_is_named_with_line_and_column(self, tmp_path):
        path = tmp_path / "catalog.yml"
        path.write_text("metrics:\n  - a\n b: [\n")
        with pytest.raises(UnreadableError) as error:
            read_fixtures(tmp_path)
        assert error.value.at is not None
        assert (error.value.at.file, error.value.at.line) == (str(path), 3)

    @pytest.mark.parametrize("content", [b"a: \xff\n", b"a: \x00\n", None])
    def test_what_cannot_be_read_as_text_is_unreadable(self, tmp_path, content):
        path = tmp_path / "catalog.yml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(UnreadableError, match=r"catalog\.yml"):
            read_yaml(path)


def test_an_error_says_where_what_and_the_way_out():
    error = HarnessError("no such receiver", at=Position("config.yml", 3, 7), hint="Define it.\nOr correct the name.")
    assert str(error) == "config.yml:3:7: no such receiver\n  Define it.\n  Or correct the name."
    assert str(HarnessError("plain")) == "plain"
