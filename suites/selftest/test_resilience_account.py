"""Loss by identity: lines written and rotated, what became of each, and which hop lost it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from harness.errors import UsageError
from harness.generators.log_account import Account, Sent
from harness.generators.log_expectation import Difference
from harness.generators.log_files import LogFiles, Place
from harness.generators.log_oddities import FRAMES, Odd, Oddities
from harness.generators.logs import Line
from harness.probes.log_trail import LogTrail
from harness.services.logstash_server.documents import Document
from harness.services.logstash_server.trail import Trail

PROJECT = Path(__file__).resolve().parents[2]
FAULT = "a-fault"
IDS = [f"0a1b2c3d-{number:09d}" for number in range(6)]


class Exact:
    """Holds a document against its line by nothing but the message."""

    def differences(self, line: Line, document: dict[str, Any]) -> list[Difference]:
        wanted, got = orjson.loads(line.text)["message"], document["message"]
        return [] if wanted == got else [Difference("message", "changed", wanted, got)]


def line(number: int, *, well_formed: bool = True) -> Line:
    text = json.dumps({"eventId": IDS[number], "message": f"line {number}"}) if well_formed else f"bare {IDS[number]}"
    return Line("access", IDS[number], text, (), well_formed)


def sent(number: int, *, generation: int = 0, well_formed: bool = True) -> Sent:
    return Sent(FAULT, line(number, well_formed=well_formed), Place("access.log", generation, number * 100))


def document(number: int, **fields: Any) -> dict[str, Any]:
    return {"eventId": IDS[number], "message": f"line {number}", **fields}


def account(*written: Sent, cut_off: int = 99) -> Account:
    return Account(written, Exact(), lambda place: place.offset >= cut_off * 100)  # type: ignore[arg-type]


def fate(of: Account, received: str = "", settled: str = "") -> dict[str, Any]:
    """`received` and `settled` are digits: the numbers of the lines, in their order."""
    ids = [IDS[int(digit)] for digit in received]
    order = {one: ids.index(one) for one in ids}
    return of.fate(FAULT, {one: ids.count(one) for one in ids}, order, {IDS[int(digit)] for digit in settled})


class TestAccount:
    def test_every_line_stored_once(self):
        found = account(sent(0), sent(1))
        for number in (0, 1):
            found.add("logs-1", document(number), dead_letter=False)
        told = fate(found, "01", "01")
        assert (told["sent"], told["stored"], told["resent"]) == (2, 2, 0)
        assert not any(told[name]["total"] for name in ("missing", "misplaced", "duplicated", "altered", "reordered"))

    @pytest.mark.parametrize(
        ("received", "settled", "hop"),
        [("", "", "filebeat"), ("0", "", "logstash"), ("0", "0", "elasticsearch")],
    )
    def test_a_lost_line_is_laid_at_the_last_hop_that_had_it(self, received, settled, hop):
        told = fate(account(sent(0)), received, settled)
        assert told["missing"] == {"total": 1, "hops": {hop: 1}, "lines": [{"id": IDS[0], "hop": hop}]}

    def test_one_that_the_rotation_cut_off_is_nobody_elses(self):
        told = fate(account(sent(0), sent(1), cut_off=1))
        assert told["missing"]["hops"] == {"filebeat": 1, "rotation": 1}

    def test_one_cut_off_and_yet_received_was_lost_later(self):
        assert fate(account(sent(1), cut_off=1), "1")["missing"]["hops"] == {"logstash": 1}

    def test_one_stored_twice_is_duplicated_whether_sent_again_or_not(self):
        found = account(sent(0), sent(1))
        for number in (0, 0, 1, 1):
            found.add("logs-1", document(number), dead_letter=False)
        told = fate(found, "001")
        assert told["duplicated"]["total"] == 2
        assert "received 2 times" in told["duplicated"]["lines"][0]["hop"]
        assert "received once, stored twice" in told["duplicated"]["lines"][1]["hop"]

    def test_one_stored_and_a_dead_letter_too_is_duplicated_and_misplaced(self):
        found = account(sent(0))
        found.add("logs-1", document(0), dead_letter=False)
        found.add("dead", document(0, reason="400 no"), dead_letter=True)
        told = fate(found, "0", "0")
        assert told["duplicated"]["total"] == told["misplaced"]["total"] == 1
        assert told["misplaced"]["lines"][0]["hop"] == "a dead letter: 400 no"

    def test_a_line_and_a_piece_of_it_are_no_two_lines(self):
        found = account(sent(0))
        found.add("logs-1", document(0), dead_letter=False)
        found.add("dead", {"eventId": "f00", "message": f'"eventId": "{IDS[0]}"}}'}, dead_letter=True)
        told = fate(found, "00", "0")
        assert told["duplicated"]["hops"] == {"a piece of it is a dead letter too": 1}
        assert told["misplaced"]["hops"] == {"a piece of it is a dead letter: ": 1}

    @pytest.mark.parametrize("whole", [{"reason": "400 no"}, {"message": None}])
    def test_a_piece_hides_neither_a_second_line_nor_a_whole_dead_letter(self, whole):
        found = account(sent(0))
        found.add("logs-1", document(0), dead_letter=False)
        found.add("dead", {"eventId": "f00", "message": f'"eventId": "{IDS[0]}"}}'}, dead_letter=True)
        text = {"message": sent(0).line.text} if "message" in whole else {}
        found.add("dead", {**document(0), **whole, **text}, dead_letter=True)
        told = fate(found, "000", "0")
        assert "received 3 times, stored under different ids" in told["duplicated"]["lines"][0]["hop"]
        assert told["misplaced"]["lines"][0]["hop"].startswith("a dead letter: ")

    def test_a_broken_line_belongs_among_the_dead_letters_found_by_its_text(self):
        found = account(sent(0, well_formed=False))
        found.add("dead", {"eventId": "f00", "message": f"bare {IDS[0]}", "tags": ["_parsefailure"]}, dead_letter=True)
        told = fate(found, "0", "0")
        assert told["dead_letters"] == told["expected_dead_letters"] == 1
        assert not told["misplaced"]["total"] and not told["missing"]["total"] and not told["altered"]["total"]

    def test_a_dead_letter_that_does_not_hold_its_line_is_altered(self):
        found = account(sent(0, well_formed=False))
        found.add("dead", {"message": f"…{IDS[0]}", "tags": ["_parsefailure"]}, dead_letter=True)
        assert fate(found)["altered"]["total"] == 1

    def test_a_broken_line_that_is_stored_is_misplaced(self):
        found = account(sent(0, well_formed=False))
        found.add("logs-1", document(0), dead_letter=False)
        assert fate(found)["misplaced"]["total"] == 1

    def test_one_that_says_something_else_is_altered(self):
        found = account(sent(0))
        found.add("logs-1", document(0, message="line"), dead_letter=False)
        assert fate(found)["altered"]["lines"] == [{"id": IDS[0], "hop": "message changed: line 0 → line"}]

    def test_order_is_that_of_one_generation_of_one_file(self):
        told = fate(account(sent(0), sent(1), sent(2), sent(3, generation=1)), "3021")
        assert [one["id"] for one in told["reordered"]["lines"]] == [IDS[1]]

    def test_lines_of_other_faults_and_suites_are_not_counted(self):
        found = account(sent(0))
        found.add("logs-1", {"eventId": "ffffffff-000000001"}, dead_letter=False)
        assert found.fate("another", {}, {}, ())["sent"] == 0


class TestFiles:
    def test_places_tell_where_each_line_stands(self, tmp_path):
        files = LogFiles(tmp_path)
        first, second = files.append("a.log", [b"one", b"three"])
        text = (tmp_path / "a.log").read_bytes()
        assert text[first.offset :].startswith(b"one\n")
        assert text[second.offset :].startswith(b"three\n")

    def test_renamed_files_keep_their_lines_and_new_ones_go_to_a_new_file(self, tmp_path):
        files = LogFiles(tmp_path)
        for text in (b"one", b"two", b"three"):
            files.append("a.log", [text])
            files.rename("a.log")
        (place,) = files.append("a.log", [b"four"])
        assert (place.generation, place.offset) == (3, 0)
        found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert found == {"a.log": b"four\n", "a.log.1": b"three\n", "a.log.2": b"two\n", "a.log.3": b"one\n"}

    def test_what_is_written_between_copy_and_cut_is_cut_off(self, tmp_path):
        files = LogFiles(tmp_path)
        (kept,) = files.append("a.log", [b"kept"])
        late = []
        cut = files.copy_and_truncate("a.log", lambda: late.extend(files.append("a.log", [b"late"])))
        (after,) = files.append("a.log", [b"after"])
        assert cut == len(b"late\n")
        assert [files.cut_off(place) for place in (kept, late[0], after)] == [False, True, False]
        assert (tmp_path / "a.log").read_bytes() == b"after\n"
        assert (tmp_path / "a.log.1").read_bytes() == b"kept\n"


class TestTrail:
    def test_what_is_written_is_read_back_bit_by_bit(self, tmp_path):
        path = tmp_path / "trail.ndjson"
        read = LogTrail(path)
        assert not read.read().received
        trail = Trail(path, r"[0-9a-f]{8}-\d{9}")
        trail.received([f'{{"message":"{{\\"eventId\\":\\"{one}\\"}}"}}'.encode() for one in IDS[:3]] + [b"{}"])
        assert list(read.read().order) == IDS[:3]
        trail.received([IDS[0].encode()])
        trail.settled([Document("create", "logs", IDS[0], b"{}"), Document("create", "dead", "x", IDS[1].encode())])
        assert read.read().received[IDS[0]] == 2
        assert read.settled == {IDS[0], IDS[1]}

    @pytest.mark.parametrize(
        ("name", "pattern", "says"), [("none/trail", "x", "cannot be written"), ("trail", "(", "no regular expression")]
    )
    def test_one_that_cannot_be_left_is_refused(self, tmp_path, name, pattern, says):
        with pytest.raises(UsageError, match=says):
            Trail(tmp_path / name, pattern)

    def test_a_line_was_lost_by_the_last_hop_that_had_it(self, tmp_path):
        path = tmp_path / "trail.ndjson"
        path.write_bytes(b'{"received":["a","b"]}\n{"settled":["a"]}\n')
        read = LogTrail(path).read()
        assert [read.lost_at(one) for one in "abc"] == ["elasticsearch", "logstash", "filebeat"]

    def test_a_line_that_is_still_being_written_waits(self, tmp_path):
        path = tmp_path / "trail.ndjson"
        path.write_bytes(b'{"received":["a"]}\n{"rec')
        read = LogTrail(path)
        assert list(read.read().received) == ["a"]
        with path.open("ab") as file:
            file.write(b'eived":["b"]}\n')
        assert list(read.read().received) == ["a", "b"]


class TestOddities:
    ODD = Oddities.of(yaml.safe_load((PROJECT / "fixtures/logs.yml").read_text("utf-8")))

    def lines(self):
        return (Line("error", one, json.dumps({"eventId": one, "message": "m", "userId": "u"}), ()) for one in IDS)

    def test_poison_is_a_shape_the_mapping_refuses(self):
        (odd,) = self.ODD.poison_documents(self.lines(), 1)
        assert isinstance(orjson.loads(odd.data)["userId"], dict)
        assert not odd.line.well_formed

    def test_large_lines_are_larger_than_64_kilobytes(self):
        assert all(len(odd.data) > 65_536 and odd.line.well_formed for odd in self.ODD.large_lines(self.lines()))

    def test_every_broken_byte_is_replaced_in_what_is_expected(self):
        for odd in self.ODD.invalid_utf8(self.lines(), 4):
            with pytest.raises(UnicodeDecodeError):
                odd.data.decode()
            assert "\ufffd" in orjson.loads(odd.line.text)["message"]

    def test_nul_is_spelled_or_bare(self):
        spelled, bare = self.ODD.nul_bytes(self.lines(), 2)
        assert orjson.loads(spelled.line.text)["message"] == "before\0after"
        assert b"\0" in bare.data and not bare.line.well_formed

    def test_traces_are_in_a_field_or_bare_with_an_id(self):
        whole, bare = self.ODD.stack_traces(self.lines(), 1)
        assert orjson.loads(whole.line.text)["stack"].count("\n") == FRAMES
        assert bare.line.event_id in bare.data.decode() and not bare.line.well_formed

    def test_what_is_written_is_one_line(self):
        made: list[Odd] = [*self.ODD.invalid_utf8(self.lines(), 4), *self.ODD.stack_traces(self.lines(), 2)]
        assert not any(b"\n" in odd.data for odd in made)
