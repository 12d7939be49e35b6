"""Scenarios derived from expressions of all kinds: Prometheus's own code then finds them false, and true, as meant."""

from __future__ import annotations

import pytest

from harness.documents.configuration import Configuration
from harness.languages.metrics import Metrics
from harness.languages.promql import parse
from harness.settings import read_fixtures
from harness.simulate.derive import NotInvertibleError, Rehearsed, Surroundings, Underivable, rehearse
from harness.simulate.derive.conditions import alternatives
from harness.simulate.derive.histogram import shares
from harness.simulate.derive.margins import past, short_of
from harness.simulate.derive.phases import Times, brief, sharpness
from harness.simulate.derive.states import states
from harness.simulate.derive.universe import universe
from harness.simulate.derive.witness import samples, witness
from harness.toolchain import prepare
from suites.selftest.running import PROJECT

AROUND = Surroundings(Metrics({}), {"app": "app:80", "db": "db:5432"})

INVERTED = {
    "RateAbove": "rate(things_total[5m]) > 3",
    "IncreaseAtLeast": "increase(things_total[10m]) >= 5",
    "ShareOfItsOwnTotal": 'sum without (instance, code) (rate(answers_total{code=~"5.."}[5m])) '
    "/ sum without (instance, code) (rate(answers_total[5m])) > 0.1",
    "ShareGuarded": 'sum(rate(answers_total{code="500"}[5m])) / sum(rate(answers_total[5m])) > 0.1 '
    "and on () sum(rate(answers_total[5m])) > 2",
    "OneMinus": '1 - avg(rate(cpu_seconds_total{mode="idle"}[5m])) > 0.8',
    "Percentage": "100 * (1 - free_bytes / size_bytes) > 90",
    "Quantile": "histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[5m]))) > 0.3",
    "QuantileBelow": "histogram_quantile(0.5, rate(latency_seconds_bucket[5m])) < 0.07",
    "Absent": 'absent(heartbeat{kind="log"})',
    "AbsentOverTime": "absent_over_time(heartbeat[10m])",
    "TooLongAgo": "time() - last_success_timestamp_seconds > 3600",
    "FullInFourHours": "predict_linear(free_bytes[1h], 4 * 3600) < 0",
    "Delta": "delta(temperature[10m]) > 5",
    "Slope": "deriv(queue_length[10m]) > 0.5",
    "MaxOverTime": "max_over_time(lag_seconds[10m]) > 30",
    "Unless": "errors_now > 5 unless on (job) maintenance == 1",
    "TwoMetrics": "used_connections > limit_connections",
    "ScalarOnTheLeft": "0.5 < load_share",
    "Between": "(pressure > 2) < 10",
    "Filtered": "count by (job) (alive == 0) > 0",
    "Changes": "changes(restarted_at[15m]) > 3",
    "OverASubquery": "avg_over_time(rate(things_total[5m])[30m:1m]) > 2",
    "Equal": "mode_of_operation == 3",
    "NotEqual": "expected_replicas != 1",
    "Product": "queue_length * on (job) group_left (tier) tier_info > 50",
    "Down": 'up{job="grafana"} == 0',
    "Negated": 'depth{queue!~"dead.*", zone=~"eu-(west|north)-[0-9]"} > 7',
}
IMPOSSIBLE = {
    "OwnPast": ("rate(things_total[5m]) / rate(things_total[5m] offset 1d) > 2", "its own past"),
    "Spread": ("stddev(load) > 1", "`stddev` cannot be inverted"),
    "OtherAlerts": ('ALERTS{alertname="RateAbove"} == 1', "the states of other alerts"),
    "CountPast": ("count(alive == 0) > 2", "how many series are past a threshold"),
    "NoSuchJob": ('load{job="nowhere"} > 1', "no scrape job fulfils"),
    "BeyondItsBuckets": ("histogram_quantile(0.9, rate(latency_seconds_bucket[5m])) > 10", "no distribution"),
    "Contradiction": ('load{zone="a", zone="b"} > 1', "no value of zone"),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> dict[str, list[Rehearsed | Underivable]]:
    """Every expression as an alert with `for: 4m` of a configuration that is CareDroid's in everything else."""
    import shutil

    folder = tmp_path_factory.mktemp("derive") / "config-under-test"
    shutil.copytree(PROJECT / "config-under-test", folder)
    expressions = {**INVERTED, **{name: text for name, (text, _) in IMPOSSIBLE.items()}, "Either": "a > 5 or b < 5"}
    rules = "groups:\n  - name: all\n    rules:\n" + "".join(
        f"      - alert: {name}\n        expr: '{text.replace(chr(39), chr(34))}'\n        for: 4m\n"
        "        labels: {severity: warning}\n"
        for name, text in expressions.items()
    )
    (folder / "config/prometheus/alert.rules.yml").write_text(rules, encoding="utf-8")
    fixtures = {**read_fixtures(PROJECT / "fixtures"), "catalog": {"metrics": [], "fields": []}}
    program = prepare(("virtualclock",)).binary("virtualclock")
    found: dict[str, list[Rehearsed | Underivable]] = {}
    for one in rehearse(Configuration.load(folder), fixtures, program):
        found.setdefault(one.derived.alert.name if isinstance(one, Rehearsed) else one.alert.name, []).append(one)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", INVERTED)
def test_what_is_derived_is_false_then_true_for_prometheus(name, played):
    (one,) = played[name]
    assert isinstance(one, Rehearsed), one
    did = {outcome.case: outcome.what for outcome in one.outcomes}
    assert (did["below"], did["fires"], did["recovers"]) == ("quiet", "fires", "resolves"), did
    assert did.get("brief", "pending") == "pending"


@pytest.mark.slow
def test_each_side_of_an_or_is_played(played):
    assert [one.outcomes[-3].what for one in played["Either"] if isinstance(one, Rehearsed)] == ["fires", "fires"]
    assert [one.derived.branch for one in played["Either"] if isinstance(one, Rehearsed)] == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_inverted_says_why_and_where(name, played):
    (one,) = played[name]
    assert isinstance(one, Underivable), one
    assert IMPOSSIBLE[name][1] in one.reason
    assert one.position.file == "config/prometheus/alert.rules.yml"


@pytest.mark.slow
def test_missing_metrics_are_told(played):
    (absent,) = played["Absent"]
    assert "missing" not in {outcome.case for outcome in absent.outcomes}  # it is what the alert is about
    (rate,) = played["RateAbove"]
    did = {outcome.case: outcome.what for outcome in rate.outcomes}
    assert (did["missing"], did["vanishes"]) == ("quiet", "resolves")


def both(text: str):
    node = parse(text)
    series = universe(node, AROUND)
    return series, states(alternatives(node)[0], series)


def test_a_share_keeps_its_total():
    _, found = both('sum(rate(x_total{code="500"}[5m])) / sum(rate(x_total[5m])) > 0.1')
    for levels in (found.quiet, found.active):
        assert sum(level.value for level in levels.values()) == pytest.approx(10.0)
    failed = next(key for key in found.quiet if ("code", "500") in key[2])
    assert found.quiet[failed].value == pytest.approx(0.98)
    assert found.active[failed].value == pytest.approx(1.02)


def test_a_share_of_all_cannot_be_more_than_all():
    with pytest.raises(NotInvertibleError, match="cannot add up"):
        both('sum(rate(x_total{code="500"}[5m])) / sum(rate(x_total[5m])) > 1.5')


@pytest.mark.parametrize(
    ("operator", "bound"), [(">", 5), (">=", 5), ("<", 5), ("<=", 5), ("==", 0), ("!=", 1), (">", 0)]
)
def test_margins_lie_on_their_sides(operator, bound):
    compare = {
        ">": lambda a: a > bound, ">=": lambda a: a >= bound, "<": lambda a: a < bound, "<=": lambda a: a <= bound,
        "==": lambda a: a == bound, "!=": lambda a: a != bound,
    }[operator]  # fmt: skip
    for whole in (False, True):
        assert compare(past(operator, bound, 0.02, whole=whole))
        assert not compare(short_of(operator, bound, 0.02, whole=whole))


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("target", [0.05, 0.07, 0.3, 1.9, 2.0, 9.8])
def test_a_distribution_has_the_quantile_it_is_made_for(quantile, target):
    bounds = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
    found = list(shares(quantile, target, bounds).values())
    assert found == sorted(found)
    index = next(i for i, share in enumerate(found) if share >= quantile - 1e-12)
    low, below = (bounds[index - 1], found[index - 1]) if index else (0.0, 0.0)
    assert low + (bounds[index] - low) * (quantile - below) / (found[index] - below) == pytest.approx(target)


def test_no_distribution_beyond_the_last_bucket_nor_low_in_the_first():
    assert shares(0.9, 11.0, (1.0, 10.0)) is None
    assert shares(0.9, 0.1, (1.0, 10.0)) is None  # evenly spread over the first, its quantile is 0.9


@pytest.mark.parametrize(
    "pattern", ["5..", "a|b", "eu-(west|north)-[0-9]", "x{2,3}y?", r"\d+", "[^a]b", ".+", "(?:foo|bar).*"]
)
def test_samples_of_a_pattern_match_it(pattern):
    import re

    assert samples(pattern)
    assert all(re.fullmatch(pattern, text) for text in samples(pattern))


def test_a_witness_prefers_what_the_catalog_knows_and_others_do_not_match():
    (wanted,) = (parse('x{result=~"hit|miss"}').matchers,)
    (rival,) = parse('x{result="hit"}').matchers
    assert witness(wanted, ("hit", "miss", "error"), [(rival,)]) == "miss"
    assert witness(wanted, ("hit", "miss", "error")) == "hit"
    assert witness(parse('x{a="1", a="2"}').matchers) is None


def test_a_brief_excursion_is_played_only_where_it_can_be_brief():
    assert brief(Times(0, 300, 0, 15, 0, 0), 0)
    assert not brief(Times(0, 0, 0, 15, 0, 0), 0)
    assert not brief(Times(600, 120, 0, 15, 0, 0), 600)  # one event keeps it true for longer than `for`
    assert sharpness(Times(300, 120, 0, 15, 0, 0)) == pytest.approx(0.1 / 0.9)
    assert sharpness(Times(0, 120, 0, 15, 0, 0)) == 1.0
