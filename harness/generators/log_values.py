"""Where the values of generated log fields come from: a small notation in YAML, compiled once, then drawn from fast.

A value is a constant, a text with `{placeholders}`, or one of
`{choice: {value: weight}}` · `{choice: [values]}` · `{zipf: [values], exponent: 1.1}` · `{integer: [low, high]}` ·
`{lognormal: {median: 40, sigma: 0.6}, digits: 1}` · `{pattern: "p-#####"}` (each # a digit) · `{network:
10.1.0.0/16}` · `{one_in: 20, value: …}` (else the field is left out). A text that is one placeholder only keeps the
value's type; `{name|url}` percent-encodes it.
"""

from __future__ import annotations

import ipaddress
import itertools
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from harness.errors import UnreadableError
from harness.model import Position

Variables = Mapping[str, Any]
Draw = Callable[[random.Random, Variables], Any]

ABSENT: Final = object()
"""What a source draws for a field that this line does not have."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)(\|url)?\}")


def refuse(where: str, message: str) -> UnreadableError:
    """The error for a traffic mix that makes no sense; `where` is the path of keys to the culprit."""
    return UnreadableError(f"{where}: {message}", at=Position("fixtures/logs.yml"))


def zipf_weights(count: int, exponent: float) -> list[float]:
    """Cumulative weights of ranks 1…count under Zipf's law, as `random.choices` wants them."""
    return list(itertools.accumulate(1.0 / rank**exponent for rank in range(1, count + 1)))


def compile_value(spec: Any, where: str) -> Draw:
    """Turn one value's notation into a function that draws it; raises UnreadableError for an unknown notation."""
    if isinstance(spec, str):
        return _text(spec, where)
    if not isinstance(spec, Mapping):
        return lambda _random, _variables: spec
    for name, compiler in _SOURCES.items():
        if name in spec:
            return compiler(spec, where)
    raise refuse(where, f"no known source of values among {', '.join(map(str, spec))}")


def _look_up(variables: Variables, name: str, where: str) -> Any:
    value: Any = variables
    for part in name.split("."):
        try:
            value = value[part]
        except (KeyError, TypeError) as error:
            raise refuse(where, f"nothing is called {{{name}}} here") from error
    return value


def _text(text: str, where: str) -> Draw:
    pieces = _PLACEHOLDER.split(text)
    if len(pieces) == 1:
        return lambda _random, _variables: text
    names, filters, literals = pieces[1::3], pieces[2::3], pieces[0::3]
    if not any(literals) and len(names) == 1 and not filters[0]:
        return lambda _random, variables: _look_up(variables, names[0], where)

    def render(_random: random.Random, variables: Variables) -> str:
        parts = [literals[0]]
        for name, url, literal in zip(names, filters, literals[1:], strict=True):
            value = str(_look_up(variables, name, where))
            parts += (quote(value) if url else value, literal)
        return "".join(parts)

    return render


def _pick(options: Sequence[Any], cumulative: list[float] | None, where: str) -> Draw:
    draws = [compile_value(option, f"{where}[{index}]") for index, option in enumerate(options)]

    def draw(source: random.Random, variables: Variables) -> Any:
        return source.choices(draws, cum_weights=cumulative)[0](source, variables)

    return draw


def _choice(spec: Mapping[str, Any], where: str) -> Draw:
    options = spec["choice"]
    if not options:
        raise refuse(where, "a choice among nothing")
    if isinstance(options, Mapping):
        return _pick(list(options), list(itertools.accumulate(options.values())), where)
    return _pick(options, None, where)


def _zipf(spec: Mapping[str, Any], where: str) -> Draw:
    options = spec["zipf"]
    return _pick(options, zipf_weights(len(options), float(spec.get("exponent", 1.0))), where)


def _integer(spec: Mapping[str, Any], where: str) -> Draw:
    low, high = spec["integer"]
    if low > high:
        raise refuse(where, f"no integer is between {low} and {high}")
    return lambda source, _variables: source.randint(low, high)


def _lognormal(spec: Mapping[str, Any], where: str) -> Draw:
    median, sigma = float(spec["lognormal"]["median"]), float(spec["lognormal"]["sigma"])
    digits, low = int(spec.get("digits", 1)), float(spec.get("at_least", 0.0))
    if median <= 0:
        raise refuse(where, "a median must be above zero")
    mean = math.log(median)

    def draw(source: random.Random, _variables: Variables) -> float | int:
        value = max(low, source.lognormvariate(mean, sigma))
        return round(value, digits) if digits else round(value)

    return draw


def _pattern(spec: Mapping[str, Any], where: str) -> Draw:
    pattern = str(spec["pattern"])
    if "#" not in pattern:
        raise refuse(where, f"the pattern {pattern!r} has no #")
    return lambda source, _variables: re.sub("#", lambda _match: str(source.randrange(10)), pattern)


def _network(spec: Mapping[str, Any], where: str) -> Draw:
    try:
        network = ipaddress.ip_network(spec["network"])
    except ValueError as error:
        raise refuse(where, str(error)) from error
    return lambda source, _variables: str(network[source.randrange(1, network.num_addresses - 1)])


def _one_in(spec: Mapping[str, Any], where: str) -> Draw:
    chance, value = 1.0 / float(spec["one_in"]), compile_value(spec["value"], f"{where}.value")
    return lambda source, variables: value(source, variables) if source.random() < chance else ABSENT


_SOURCES: Final[Mapping[str, Callable[[Mapping[str, Any], str], Draw]]] = {
    "choice": _choice,
    "zipf": _zipf,
    "integer": _integer,
    "lognormal": _lognormal,
    "pattern": _pattern,
    "network": _network,
    "one_in": _one_in,
}
