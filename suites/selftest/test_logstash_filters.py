"""Every filter, as a table: configuration, event in, fields of the event that comes out (None: the field is absent)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.languages.logstash import Pipeline
from harness.languages.logstash.registry import names

_NOW = 1_790_000_000.0  # 2026-09-21
_ABSENT = None

Case = tuple[str, Any, dict[str, Any]]

_CASES: list[Case] = [
    # json
    ("json { source => message }", '{"a": {"b": [1]}, "c": null}', {"a": {"b": [1]}, "tags": None}),
    ("json { source => message target => '[x][y]' }", "[1, 2]", {"x": {"y": [1, 2]}}),
    ("json { source => message }", "[1, 2]", {"tags": ["_jsonparsefailure"]}),
    ("json { source => message add_tag => ok }", "{nope", {"tags": ["_jsonparsefailure"], "message": "{nope"}),
    ("json { source => message skip_on_invalid_json => true }", "{nope", {"tags": None}),
    ("json { source => message tag_on_failure => [bad, worse] }", "", {"tags": ["bad", "worse"]}),
    ("json { source => missing }", "{}", {"tags": None}),
    ("json { source => message }", '{"@timestamp": "2020-01-01T00:00:00Z"}', {"@timestamp": "2020-01-01T00:00:00.000Z"}),
    (
        "json { source => message }",
        '{"@timestamp": "noon"}',
        {"_@timestamp": "noon", "tags": ["_timestampparsefailure"], "@timestamp": "2026-09-21T14:13:20.000Z"},
    ),
    ("json { source => message }", '{"[a][b]": 1}', {"a": {"b": 1}}),
    ("json { source => message }", '{"a[b": 1}', {"tags": ["_jsonparsefailure"]}),
    # mutate: its own order, whatever the order in the configuration
    (
        "mutate { copy => { 'b' => 'c' } rename => { 'a' => 'b' } replace => { 'b' => 'r' } uppercase => 'b' }",
        {"a": "x"},
        {"a": None, "b": "R", "c": "R"},
    ),
    ("mutate { convert => { 'm' => integer } }", {"m": "0x1F"}, {"m": 31}),
    ("mutate { convert => { 'm' => integer } }", {"m": "1.5e3"}, {"m": 1500}),
    ("mutate { convert => { 'm' => integer } }", {"m": "12 apples"}, {"m": 12}),
    ("mutate { convert => { 'm' => integer } }", {"m": "some"}, {"tags": ["_mutate_error"], "m": "some"}),
    ("mutate { convert => { 'm' => integer } }", {"m": "abc"}, {"m": 0}),
    ("mutate { convert => { 'm' => float } }", {"m": "1,234.5"}, {"m": 1234.5}),
    ("mutate { convert => { 'm' => float } }", {"m": "x"}, {"tags": ["_mutate_error"]}),
    ("mutate { convert => { 'm' => boolean } }", {"m": ["YES", "0", "", "maybe"]}, {"m": [True, False, False, "maybe"]}),
    ("mutate { convert => { 'm' => string } }", {"m": [1, 2.0, True]}, {"m": ["1", "2.0", "true"]}),
    (r"mutate { gsub => ['m', '(\d+)-(\w)', '\2:\1'] }", {"m": "12-a 3-b"}, {"m": "a:12 b:3"}),
    ("mutate { gsub => ['m', '/', '_', 'n', 'a', '%{m}'] }", {"m": "a/b", "n": "xax"}, {"m": "a_b", "n": "xa_bx"}),
    ("mutate { split => { 'm' => ',' } }", {"m": "a,,b,,"}, {"m": ["a", "", "b"]}),
    ("mutate { split => { 'm' => ',' } join => { 'm' => '-' } }", {"m": "a,b"}, {"m": "a-b"}),
    ("mutate { strip => ['m'] capitalize => ['n'] }", {"m": " \ta\n", "n": "hELLO"}, {"m": "a", "n": "Hello"}),
    ("mutate { merge => { 'a' => 'b' } }", {"a": {"x": 1}, "b": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
    ("mutate { merge => { 'a' => 'b' } }", {"a": {"x": 1}, "b": "s"}, {"a": {"x": 1}}),
    ("mutate { update => { 'a' => 'n' } coerce => { 'b' => 'd' } }", {"b": None}, {"a": None, "b": "d"}),
    ("mutate { rename => { 'a' => '[b][c]' } }", {"a": 1}, {"a": None, "b": {"c": 1}}),
    ("mutate { rename => { 'a' => '[s][c]' } tag_on_failure => oops }", {"a": 1, "s": "x"}, {"tags": ["oops"]}),
    # grok
    ("grok { match => { message => '%{IP:ip} %{NUMBER:n:int} %{NUMBER:f:float}' } }", "10.0.0.1 5 2.5", {"ip": "10.0.0.1", "n": 5, "f": 2.5}),
    ("grok { match => { message => '%{WORD:[a][b]}' } }", "x", {"a": {"b": "x"}}),
    ("grok { match => { message => '^b$' } }", "a\nb\nc", {"tags": None}),
    (r"grok { match => { message => '(?<hex>\h+)z' } }", "x1Fz", {"hex": "1F"}),
    ("grok { match => { message => ['%{INT:n}', '%{WORD:w}'] } break_on_match => false }", "a 1", {"n": "1", "w": "a"}),
    ("grok { match => { message => '%{ID:id}' } pattern_definitions => { ID => '[A-Z]{2}\\d' } }", "xAB1", {"id": "AB1"}),
    ("grok { match => { message => '%{WORD:message}' } }", "a b", {"message": ["a b", "a"]}),
    ("grok { match => { message => '%{WORD:message}' } overwrite => [message] }", "a b", {"message": "a"}),
    ("grok { match => { message => '%{WORD:w}' } target => 'g' }", "a", {"g": {"w": "a"}, "w": None}),
    ("grok { match => { message => '(%{WORD:a}|%{INT:b})' } keep_empty_captures => true }", "x", {"a": "x"}),
    ("grok { match => { message => '%{WORD} %{WORD:w}' } named_captures_only => false }", "a b", {"WORD": "a", "w": "b"}),
    ("grok { match => { message => '(?i)HELLO (?<w>\\w+)' } }", "hello you", {"w": "you"}),
    ("grok { match => { message => '(a+)+$' } timeout_millis => 50 }", "a" * 40 + "b", {"tags": ["_groktimeout"]}),
    ("grok { match => { message => '%{IPV6:ip}' } }", "at ::ffff:10.1.2.3 now", {"ip": "::ffff:10.1.2.3"}),
    ("grok { match => { message => '%{IPV6:ip}' } }", "2001:db8::8a2e:370:7334", {"ip": "2001:db8::8a2e:370:7334"}),
    ("grok { match => { message => '%{URI:u}' } }", "see https://u:p@ex.org:8080/a/b?c=d", {"u": "https://u:p@ex.org:8080/a/b?c=d", "port": "8080"}),
    ("grok { match => { message => '%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l}' } }", "2026-11-23 14:00:01,123 WARN", {"t": "2026-11-23 14:00:01,123", "l": "WARN"}),
    (
        "grok { match => { message => '%{COMBINEDAPACHELOG}' } }",
        '1.2.3.4 - bob [23/Nov/2026:14:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "http://r/" "curl/8"',
        {"clientip": "1.2.3.4", "auth": "bob", "verb": "GET", "request": "/a?b=1", "response": "200", "agent": '"curl/8"'},
    ),
    # date
    ("date { match => ['d', 'ISO8601'] }", {"d": "2026-01-01T10:00:00+02:00"}, {"@timestamp": "2026-01-01T08:00:00.000Z"}),
    ("date { match => ['d', 'ISO8601'] timezone => 'Europe/Berlin' }", {"d": "2026-07-01T10:00"}, {"@timestamp": "2026-07-01T08:00:00.000Z"}),
    ("date { match => ['d', 'ISO8601'] }", {"d": "2026-W01-1"}, {"@timestamp": "2025-12-29T00:00:00.000Z"}),
    ("date { match => ['d', 'UNIX'] }", {"d": 1.5}, {"@timestamp": "1970-01-01T00:00:01.500Z"}),
    ("date { match => ['d', 'UNIX'] }", {"d": 4000000000}, {"tags": ["_dateparsefailure"]}),
    ("date { match => ['d', 'UNIX_MS'] target => 't' }", {"d": "1000"}, {"t": "1970-01-01T00:00:01.000Z"}),
    ("date { match => ['d', TAI64N] }", {"d": "@4000000050d506482dbdf024"}, {"@timestamp": "2012-12-22T01:00:46.767Z"}),
    ("date { match => ['d', 'dd/MMM/yyyy:HH:mm:ss Z'] }", {"d": "05/aug/2026:01:02:03 -0130"}, {"@timestamp": "2026-08-05T02:32:03.000Z"}),
    ("date { match => ['d', 'MMM d HH:mm:ss', 'MMM  d HH:mm:ss'] }", {"d": "Sep  1 01:02:03"}, {"@timestamp": "2026-09-01T01:02:03.000Z"}),
    ("date { match => ['d', 'yyyy-MM-dd hh:mm a'] }", {"d": "2026-01-01 12:30 AM"}, {"@timestamp": "2026-01-01T00:30:00.000Z"}),
    ("date { match => ['d', 'yyyyMMddHHmmssSSS'] }", {"d": "20260102030405678"}, {"@timestamp": "2026-01-02T03:04:05.678Z"}),
    ("date { match => ['d', 'yy-D'] }", {"d": "26-32"}, {"@timestamp": "2026-02-01T00:00:00.000Z"}),
    ("date { match => ['d', 'EEEE d MMMM yyyy'] locale => de }", {"d": "Dienstag 3 März 2026"}, {"@timestamp": "2026-03-03T00:00:00.000Z"}),
    ("date { match => ['d', 'yyyy-MM-dd HH:mm'] timezone => 'Europe/Berlin' }", {"d": "2026-03-29 02:30"}, {"tags": ["_dateparsefailure"]}),
    ("date { match => ['d', 'yyyy-MM-dd'] }", {"d": "2026-02-30"}, {"tags": ["_dateparsefailure"]}),
    ("date { match => ['d', 'ISO8601'] add_tag => 'x' }", {}, {"tags": None}),
    # kv
    ("kv { }", "a=1 b = \"two words\" c=[x y] d=", {"a": "1", "b": "two words", "c": "x y", "d": None}),
    ("kv { field_split => '&?' value_split => ':=' prefix => 'q_' }", "?a=1&b:2", {"q_a": "1", "q_b": "2"}),
    ("kv { field_split_pattern => '\\|\\|' value_split_pattern => '->' target => 'k' }", "a->1||b->2", {"k": {"a": "1", "b": "2"}}),
    ("kv { trim_key => '<>' trim_value => ',;' remove_char_value => 'x' }", "<a>=1x2,;", {"a": "12"}),
    ("kv { allow_duplicate_values => false }", "a=1 a=2 a=1", {"a": ["1", "2"]}),
    ("kv { include_keys => ['a', 'b'] exclude_keys => ['b'] default_keys => { 'z' => 'Z' } }", "a=1 b=2 c=3", {"a": "1", "b": None, "c": None, "z": "Z"}),
    ("kv { }", "a[b=1", {"tags": ["_kv_filter_error"]}),
    ("kv { value_split_pattern => '(?:=+=+)+:' timeout_millis => 50 }", "foo========:bar baz" + "=" * 48 + "b", {"tags": ["_kv_filter_timeout"]}),
    # csv
    ("csv { columns => ['a', 'b'] }", 'x,"y ""z""",', {"a": "x", "b": 'y "z"', "column3": None}),
    ("csv { separator => ';' columns => ['a', '[b][c]'] target => 't' }", "1;2", {"t": {"a": "1", "b": {"c": "2"}}}),
    ("csv { convert => { column1 => integer column2 => float column3 => boolean } }", "0x10,1.5,TRUE", {"column1": 16, "column2": 1.5, "column3": True}),
    ("csv { }", 'a,b"c', {"tags": ["_csvparsefailure"]}),
    ("csv { }", '"a', {"tags": ["_csvparsefailure"]}),
    ("csv { skip_empty_rows => true }", "", {"tags": ["_csvskippedemptyfield"]}),
    ("csv { skip_empty_columns => true autogenerate_column_names => false columns => ['a', 'b'] }", ",y,z", {"a": None, "b": "y", "column3": None}),
    # dissect
    ("dissect { mapping => { message => '%{ts} %{+ts} [%{level->}] %{} %{msg}' } }", "a b [INFO]  - rest of it", {"ts": "a b", "level": "INFO", "msg": "- rest of it"}),
    ("dissect { mapping => { message => '%{id} %{f->} %{server}' } }", "0043 View     m-1", {"id": "0043", "f": "View", "server": "m-1"}),
    ("dissect { mapping => { message => '%{+a/2} %{+a/1} %{+a/4} %{+a/3}' } }", "1 2 3 go", {"a": "2 1 go 3"}),
    ("dissect { mapping => { message => '%{?k}: %{&k}' } }", "google: 77", {"google": "77", "k": None}),
    ("dissect { mapping => { message => '%{a},%{b},%{c}' } }", "x,,z", {"a": "x", "b": "", "c": "z"}),
    ("dissect { mapping => { message => '/var/%{a}/log' } }", "/var/x/log", {"a": "x"}),
    ("dissect { mapping => { message => '%{a}|%{b}' } }", "nothing", {"tags": ["_dissectfailure"], "a": None}),
    ("dissect { mapping => { message => '%{a} %{b}' } convert_datatype => { 'a' => int 'b' => float } }", "5 x", {"a": 5, "tags": ["_dataconversionuncoercible_b_float"]}),
    # fingerprint
    ("fingerprint { method => SHA256 }", "hello", {"fingerprint": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}),
    ("fingerprint { method => MD5 base64encode => true target => '[@metadata][x]' add_field => { 'y' => '%{[@metadata][x]}' } }", "hello", {"y": "XUFAKrxLKna5cZ2REBfFkg=="}),
    ("fingerprint { method => SHA1 key => 'k' }", "hello", {"fingerprint": "d75c4a65a6f9ea8a2ba3adbe1e1b3ae0d8e7d3f6"}),
    ("fingerprint { method => MURMUR3 }", "hello", {"fingerprint": 613153351}),
    ("fingerprint { method => IPV4_NETWORK key => 16 source => ip }", {"ip": "1.2.3.4"}, {"fingerprint": "1.2.0.0"}),
    ("fingerprint { method => PUNCTUATION }", 'a.b, c="d"', {"fingerprint": '.,=""'}),
    # urldecode, translate, prune, truncate, syslog_pri, uuid
    ("urldecode { field => 'u' }", {"u": "a%20b+%C3%A9%"}, {"u": "a b+é%"}),
    ("urldecode { field => 'u' }", {"u": "%FF"}, {"u": "\\xff"}),
    ("urldecode { field => 'u' charset => 'ISO-8859-1' }", {"u": "%E9"}, {"u": "é"}),
    ("translate { source => 's' target => 't' dictionary => { '1' => one '2' => two } fallback => 'no %{s}' }", {"s": 2}, {"t": "two"}),
    ("translate { source => 's' target => 't' dictionary => { '1' => one } fallback => 'no %{s}' }", {"s": 7}, {"t": "no 7"}),
    ("translate { field => 's' destination => 't' dictionary => { '1' => one } }", {"s": 1, "t": "kept"}, {"t": "kept"}),
    ("translate { source => 's' target => 's' dictionary => { '^a' => starts } regex => true }", {"s": "abc"}, {"s": "starts"}),
    ("translate { source => 's' target => 't' exact => false dictionary => { foo => bar } }", {"s": "foofing"}, {"t": "barfing"}),
    ("translate { iterate_on => 'l' source => 'l' target => 't' fallback => '?' dictionary => { '1' => one } }", {"l": [1, 2]}, {"t": ["one", "?"]}),
    ("translate { iterate_on => 'l' source => id target => name dictionary => { '1' => one } }", {"l": [{"id": 1}]}, {"l": [{"id": 1, "name": "one"}]}),
    ("prune { whitelist_names => ['^a', '^tags$'] add_tag => 'p' }", {"abc": 1, "b": 2}, {"abc": 1, "b": None, "tags": ["p"]}),
    ("prune { blacklist_values => { 'a' => '^x' 'l' => 'no' } }", {"a": "xy", "l": ["no", "yes"]}, {"a": None, "l": ["yes"]}),
    ("prune { }", {"%{unresolved}": 1, "a": 1}, {"%{unresolved}": None, "a": 1}),
    ("truncate { fields => ['a', 'l'] length_bytes => 3 }", {"a": "aéé", "l": ["abcd", 5]}, {"a": "aé", "l": ["abc", 5]}),
    ("syslog_pri { }", {"syslog_pri": "191"}, {"syslog_facility": "local7", "syslog_severity": "debug", "syslog_severity_code": 7}),
    ("syslog_pri { }", {}, {"syslog_facility": "user-level", "syslog_severity": "notice"}),
    ("uuid { target => id }", {"id": "kept"}, {"id": "kept"}),
    # what all filters share
    ("noop { add_field => { 'a' => 'x' '%{b}' => '%{c}' } add_tag => ['t-%{c}'] }", {"a": "0", "b": "n", "c": "v"}, {"a": ["0", "x"], "n": "v", "tags": ["t-v"]}),
    ("noop { remove_field => ['a', '[b][c]', '%{d}'] remove_tag => ['x'] }", {"a": 1, "b": {"c": 1, "e": 2}, "d": "f", "f": 3, "tags": ["x", "y"]}, {"a": None, "b": {"e": 2}, "f": None, "tags": ["y"]}),
    ("noop { id => 'n' enable_metric => false periodic_flush => true }", {}, {"tags": None}),
]  # fmt: skip


@pytest.mark.parametrize(("config", "given", "expected"), _CASES, ids=[f"{c[0][:60]} {i}" for i, c in enumerate(_CASES)])
def test_filter(config: str, given: Any, expected: dict[str, Any]) -> None:
    pipeline = Pipeline.from_text("filter { " + config + " }", clock=lambda: _NOW)
    (event,) = pipeline.process({"message": given} if isinstance(given, str) else given)
    assert {name: event.get(name, _ABSENT) for name in expected} == expected


def test_every_filter_has_a_case() -> None:
    tested = {case[0].split()[0] for case in _CASES} | {"split", "clone", "drop"}
    assert tested == set(names("filter"))


def test_split_makes_an_event_of_each_part() -> None:
    pipeline = Pipeline.from_text("filter { split { field => \"l\" target => one add_tag => \"s\" } }")
    found = pipeline.process({"l": [{"a": 1}, "b", ""], "k": {"x": 1}})
    assert [event["one"] for event in found] == [{"a": 1}, "b"]
    assert all(event["tags"] == ["s"] for event in found) and found[0]["k"] is not found[1]["k"]
    assert pipeline.process({"l": 5})[0]["tags"] == ["_split_type_failure"]
    assert "tags" not in pipeline.process({"l": "single"})[0]


def test_clone_sets_the_type_or_with_ecs_a_tag() -> None:
    text = "filter { clone { clones => ['a', 'b'] add_field => { c => 'd' } } }"
    first, *clones = Pipeline.from_text(text).process({"type": "t"})
    assert (first["type"], "c" in first) == ("t", False)
    assert [(event["type"], event["c"]) for event in clones] == [("a", "d"), ("b", "d")]
    assert Pipeline.from_text(text, ecs_compatibility="v8").process({})[2]["tags"] == ["b"]


def test_drop_some() -> None:
    pipeline = Pipeline.from_text("filter { drop { percentage => 40 } }")
    kept = sum(len(pipeline.process({})) for _ in range(2000))
    assert 1000 < kept < 1400
    assert Pipeline.from_text("filter { drop { } mutate { add_tag => never } }").process({}) == []


def test_csv_takes_its_columns_from_the_first_line() -> None:
    pipeline = Pipeline.from_text("filter { csv { autodetect_column_names => true skip_header => true } }")
    assert pipeline.process({"message": "a,b"}) == []
    assert pipeline.process({"message": "1,2"})[0]["b"] == "2"
    assert pipeline.process({"message": "a,b"}) == []


def test_the_year_of_a_date_without_one_is_guessed_across_new_year() -> None:
    text = 'filter { date { match => ["d", "MMM dd HH:mm:ss"] } }'
    january, december = 1_767_225_600.0 + 3600, 1_767_225_600.0 - 3600
    assert Pipeline.from_text(text, clock=lambda: january).process({"d": "Dec 31 23:59:00"})[0]["@timestamp"][:4] == "2025"
    assert Pipeline.from_text(text, clock=lambda: december).process({"d": "Jan 01 00:01:00"})[0]["@timestamp"][:4] == "2026"


def test_files_are_found_from_the_directory_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "patterns").mkdir()
    (tmp_path / "patterns" / "own").write_text("# ours\nQUEUE [0-9A-F]{10,11}\n", encoding="utf-8")
    (tmp_path / "codes.yml").write_text('"7": seven\n8: [eight]\n', encoding="utf-8")
    pipeline = Pipeline.from_text(
        """filter {
          grok { match => { message => '%{QUEUE:q} %{INT:n}' } patterns_dir => 'patterns' }
          translate { source => 'n' target => name dictionary_path => 'codes.yml' }
        }""",
        str(tmp_path / "p.conf"),
    )
    assert pipeline.process({"message": "BEF25A72965 8"})[0]["name"] == ["eight"]
    assert pipeline.process({"message": "BEF25A72965 7"})[0]["name"] == "seven"
