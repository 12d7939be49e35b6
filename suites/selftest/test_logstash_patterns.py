"""The stock grok patterns: each compiles, and each matches what it is for and not what it is not for."""

from __future__ import annotations

from typing import Any

import pytest

from harness.languages.logstash import Pipeline
from harness.languages.logstash.grok import compile_expression, stock

_NAMES = sorted({*stock(False), *stock(True)})


@pytest.mark.parametrize("ecs", [False, True])
def test_every_pattern_compiles(ecs: bool) -> None:
    for name in stock(ecs):
        compile_expression(f"%{{{name}}}", {}, ecs=ecs)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("INT", ["0", "-12", "+5"], ["x", "1.5"]),
        ("NUMBER", ["1", "-1.5", ".5"], ["1.", "a"]),
        ("BASE16NUM", ["0xFF", "dead"], ["xyz"]),
        ("POSINT", ["10"], ["0", "-1"]),
        ("WORD", ["abc_1"], ["a b", ""]),
        ("QUOTEDSTRING", ['"a \\" b"', "'x'", '""', "`y`"], ['"open', "plain"]),
        ("UUID", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
        ("MAC", ["00:1a:2B:3c:4d:5e", "00-1a-2B-3c-4d-5e", "001a.2b3c.4d5e"], ["00:1a:2b"]),
        ("IPV4", ["0.0.0.0", "255.255.255.255"], ["256.1.1.1", "1.2.3"]),
        ("IPV6", ["::", "::1", "1::", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "::f:1.2.3.4", "1:2::8"], ["1:2:3", "g::"]),
        ("HOSTNAME", ["a", "a-b.example.org", "host1."], ["-a", "a_b"]),
        ("HOSTPORT", ["example.org:80", "1.2.3.4:80"], ["example.org"]),
        ("UNIXPATH", ["/", "/var/log/a.log"], ["var/log"]),
        ("WINPATH", ["C:\\a\\b", "\\\\srv\\share"], ["/a"]),
        ("URIPATHPARAM", ["/a/b?c=d&e=[1]", "/"], ["a?b"]),
        ("EMAILADDRESS", ["a.b+c@example.org"], ["@example.org"]),
        ("MONTH", ["Jan", "september", "Mär"], ["Foo"]),
        ("TIME", ["23:59:59", "1:02:03.456"], ["24:00:00", "1:2"]),
        ("ISO8601_TIMEZONE", ["Z", "+01:00", "-0330"], ["CET"]),
        ("TIMESTAMP_ISO8601", ["2026-11-23T14:00:00.1Z", "2026-11-23 14:00:00,1"], ["2026-13-01"]),
        ("HTTPDATE", ["23/Nov/2026:14:00:00 +0000"], ["2026-11-23"]),
        ("DATESTAMP_RFC2822", ["Mon, 23 Nov 2026 14:00:00 +0000"], ["Mon 23 Nov"]),
        ("SYSLOGTIMESTAMP", ["Nov  3 14:00:00"], ["3 Nov"]),
        ("LOGLEVEL", ["INFO", "warning", "Err"], ["LOUD"]),
        ("JAVACLASS", ["org.example.Main$1"], ["1a"]),
    ],
)  # fmt: skip
def test_what_a_pattern_matches(name: str, good: list[str], bad: list[str]) -> None:
    pattern = compile_expression(f"\\A%{{{name}}}\\z", {}, ecs=False).pattern
    assert [text for text in good if not pattern.search(text)] == []
    assert [text for text in bad if pattern.search(text)] == []


_LINES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "HTTPD_COMBINEDLOG",
        '1.2.3.4 - - [23/Nov/2026:14:00:00 +0000] "GET /a HTTP/2.0" 200 - "-" "curl/8"',
        {"clientip": "1.2.3.4", "auth": "-", "response": "200", "httpversion": "2.0", "referrer": '"-"'},
        {"source": {"address": "1.2.3.4"}, "user_agent": {"original": "curl/8"}, "user": None},
    ),
    (
        "HTTPD_ERRORLOG",
        "[Mon Nov 23 14:00:00.123 2026] [core:error] [pid 7:tid 9] [client 1.2.3.4:80] AH01: no",
        {"loglevel": "error", "module": "core", "pid": "7", "errorcode": "AH01"},
        {"process": {"pid": 7, "thread": {"id": 9}}, "error": {"code": "AH01"}},
    ),
    (
        "SYSLOGLINE",
        "Mar 16 00:01:25 evita postfix/smtpd[1713]: connect",
        {"logsource": "evita", "program": "postfix/smtpd", "pid": "1713"},
        {"host": {"hostname": "evita"}, "process": {"name": "postfix/smtpd", "pid": 1713}},
    ),
    (
        "JAVASTACKTRACEPART",
        "    at org.example.Main.<init>(Main.java:42)",
        {"class": "org.example.Main", "method": "<init>", "file": "Main.java", "line": "42"},
        {"log": {"origin": {"function": "<init>", "file": {"name": "Main.java", "line": 42}}}},
    ),
    (
        "CATALINALOG",
        "23-Nov-2026 14:00:00.123 INFO [main] org.apache.Startup.init Started",
        {"level": "INFO", "thread": "main", "class": "org.apache.Startup", "method": "init", "logmessage": "Started"},
        {"log": {"level": "INFO", "origin": {"function": "init"}}},
    ),
    (
        "MONGO3_LOG",
        "2026-11-23T14:00:00.123+0100 I NETWORK  [conn1] end connection",
        {"severity": "I", "component": "NETWORK", "context": "conn1"},
        {"mongodb": {"component": "NETWORK", "context": "conn1"}},
    ),
    (
        "RUBY_LOGGER",
        "D, [2026-11-23T14:00:00.1 #7] DEBUG -- app: hello",
        {"pid": "7", "loglevel": "DEBUG", "progname": "app"},
        {"process": {"pid": 7, "name": "app"}},
    ),
    (
        "REDISMONLOG",
        '1339518083.107412 [0 127.0.0.1:60866] "keys" "*"',
        {"database": "0", "client": "127.0.0.1", "port": "60866", "command": "keys", "params": '"*"'},
        {"client": {"ip": "127.0.0.1", "port": 60866}},
    ),
]


@pytest.mark.parametrize(("name", "line", "legacy", "ecs"), _LINES, ids=[line[0] for line in _LINES])
def test_whole_lines(name: str, line: str, legacy: dict[str, Any], ecs: dict[str, Any]) -> None:
    text = "filter { grok { match => { message => '^%{" + name + "}$' } overwrite => [message] } }"
    for compatibility, expected in (("disabled", legacy), ("v8", ecs)):
        (event,) = Pipeline.from_text(text, ecs_compatibility=compatibility).process({"message": line})
        assert "tags" not in event
        for field, value in expected.items():
            assert _within(value, event.get(field)), (field, event)


def _within(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(_within(value, found.get(key)) for key, value in expected.items())
    return bool(expected == found)


def test_haproxy() -> None:
    line = (
        "Nov 23 14:00:00 lb ha[7]: 1.2.3.4:5678 [23/Nov/2026:14:00:00.123] front back/s1 1/2/3/4/10 200 512 - - -- "
        '1/1/1/1/0 0/0 {ua} {json} "GET /a?b=1 HTTP/1.1"'
    )
    (event,) = Pipeline.from_text("filter { grok { match => { message => '%{HAPROXYHTTP}' } } }").process(
        {"message": line}
    )
    assert (event["backend_name"], event["http_status_code"], event["http_request"]) == ("back", "200", "/a?b=1")
