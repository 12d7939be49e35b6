"""What must not happen: an endless search, a cache that forgets, a hash that Logstash would not make."""

from __future__ import annotations

import time
from typing import Any

import pytest

from harness.errors import HarnessError, UnsupportedError
from harness.languages.logstash import EventRefusedError, Pipeline
from harness.languages.logstash.filters import prune

ENDLESS = "b" + "a" * 60


@pytest.mark.parametrize(
    ("filters", "tags"),
    [
        ("grok { match => { message => '(?:(a|aa)+)+b$' } timeout_millis => 100 }", ["_groktimeout"]),
        ("kv { value_split_pattern => '(?:(a|aa)+)+b' timeout_millis => 100 }", ["_kv_filter_timeout"]),
    ],
)
def test_a_search_without_end_is_ended_by_the_filters_own_timeout(filters: str, tags: list[str]) -> None:
    started = time.monotonic()
    (event,) = Pipeline.from_text(f"filter {{ {filters} }}").process({"message": ENDLESS})
    assert event["tags"] == tags
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "filters",
    [
        "grok { match => { message => '(?:(a|aa)+)+b$' } timeout_millis => 0 }",
        "kv { value_split_pattern => '(?:(a|aa)+)+b' timeout_millis => 0 }",
        "if [message] =~ /(?:(a|aa)+)+b$/ { noop {} }",
        "mutate { gsub => [message, '(?:(a|aa)+)+b$', 'x'] }",
        "prune { whitelist_values => { message => '(?:(a|aa)+)+b$' } }",
        "translate { source => message regex => true dictionary => { '(?:(a|aa)+)+b$' => 'x' } }",
    ],
)
def test_where_nothing_would_end_it_the_event_is_refused_with_a_place(
    filters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("alternatives", "dictionaries", "filters.grok", "filters.kv", "filters.prune", "mutations.strings"):
        monkeypatch.setattr(f"harness.languages.logstash.{module}.REGEX_SECONDS", 0.1)
    pipeline = Pipeline.from_text(f"filter {{\n  {filters}\n}}", "a.conf")
    with pytest.raises(EventRefusedError, match="took longer") as caught:
        pipeline.process({"message": ENDLESS})
    assert caught.value.at is not None and caught.value.at.line == 2


def test_prune_remembers_names_not_decisions_about_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "_KNOWN_NAMES", 3)
    pipeline = Pipeline.from_text(
        "filter { prune { whitelist_names => ['^keep', '^value'] blacklist_values => { value => 'bad' } } }"
    )
    for number in range(20):
        given: dict[str, Any] = {f"keep{number}": 1, f"drop{number}": 1, "value": "bad" if number % 2 else "good"}
        (event,) = pipeline.process(given)
        names = {name for name in event if not name.startswith("@")}
        assert names == ({f"keep{number}"} if number % 2 else {f"keep{number}", "value"})


UA = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.11; rv:45.0) Gecko/20100101 Firefox/45.0"


def test_useragent_before_the_schema() -> None:
    (event,) = Pipeline.from_text("filter { useragent { source => ua target => found prefix => p_ } }").process(
        {"ua": UA}
    )
    expected = {"name": "Firefox", "version": "45.0", "major": "45", "minor": "0", "os": "Mac OS X", "device": "Mac"}
    expected |= {"os_name": "Mac OS X", "os_version": "10.11", "os_major": "10", "os_minor": "11"}
    assert event["found"] == {f"p_{name}": text for name, text in {**expected, "os_full": "Mac OS X 10.11"}.items()}


def test_useragent_in_the_schema() -> None:
    pipeline = Pipeline.from_text("filter { useragent { source => ua } }", ecs_compatibility="v8")
    (event,) = pipeline.process({"ua": [UA], "@metadata": {}})
    assert event["user_agent"] == {
        "name": "Firefox",
        "version": "45.0",
        "os": {"name": "Mac OS X", "version": "10.11", "full": "Mac OS X 10.11"},
        "device": {"name": "Mac"},
    }
    assert event["@metadata"]["filter"]["user_agent"]["version"] == {"major": "45", "minor": "0"}


def test_a_user_agent_nobody_knows_and_none_at_all() -> None:
    pipeline = Pipeline.from_text("filter { useragent { source => ua target => ua add_tag => [seen] } }")
    (event,) = pipeline.process({"ua": "?"})
    assert event["ua"] == {"name": "Other", "os": "Other", "os_name": "Other", "os_full": "Other", "device": "Other"}
    for nothing in ({}, {"ua": ""}, {"ua": 7}, {"ua": []}):
        assert "tags" not in pipeline.process(dict(nothing))[0]


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ("fingerprint { method => MURMUR3_128 }", "not documented"),
        ("geoip { source => ip }", "needs `database`"),
        ("useragent { source => ua regexes => 'x.yaml' }", "not supported"),
    ],
)
def test_what_cannot_be_done_as_logstash_does_it_is_refused_with_the_reason(filters: str, told: str) -> None:
    with pytest.raises(HarnessError, match=told) as caught:
        Pipeline.from_text(f"filter {{ {filters} }}")
    assert caught.value.at is not None
    assert isinstance(caught.value, UnsupportedError) or "regexes" in filters or "geoip" in filters
