"""Template variables as Grafana's browser fills them in: which value each has, and how it is written into a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.documents.dashboard import Variable
from harness.errors import UnsupportedError

ALL = "$__all"
_REFERENCE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::([^}]+))?\}")
_REGEX_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")
_LUCENE_SPECIAL = re.compile(r"([!*+\-=<>\s&|()\[\]{}^~?:\\/\"])")
_CUSTOM_OPTION = re.compile(r"\s*(.+)\s:\s(.+)\s*")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value a variable has. `several` says that the variable can have more than one, which changes its quoting.

    `verbatim` marks the value of All that the author wrote himself: Grafana writes it into the query as it stands.
    """

    name: str
    values: tuple[str, ...]
    several: bool = False
    verbatim: bool = False


def choose(variable: Variable, options: Sequence[str], wish: str | None = None) -> Chosen:
    """The value of a variable when a dashboard opens: what it was saved with, or `wish` for a sweep over values.

    A saved value that is no option any more gives way to the first option, as in the browser.
    """
    several = variable.multi or variable.include_all
    saved = variable.view["current"]["value"].value
    wanted = [wish] if wish is not None else [str(v) for v in (saved if isinstance(saved, list) else [saved]) if v]
    if ALL in wanted or (not wanted and variable.include_all):
        if variable.all_value:
            return Chosen(variable.name, (variable.all_value,), several, verbatim=True)
        return Chosen(variable.name, tuple(options), several)
    if variable.type in ("query", "custom", "datasource", "interval") and options:
        wanted = [value for value in wanted if value in options] or [options[0]]
    return Chosen(variable.name, tuple(wanted), several)


def fixed_options(variable: Variable) -> tuple[str, ...]:
    """The options of a variable that asks nobody: custom, constant, interval, textbox."""
    if variable.type not in ("custom", "interval"):
        return (variable.query,) if variable.query else ()
    parts = re.findall(r"(?:\\,|[^,])+", variable.query)
    return tuple(_option(part.replace("\\,", ",").strip()) for part in parts)


def _option(text: str) -> str:
    labelled = _CUSTOM_OPTION.fullmatch(text)
    return labelled[2].strip() if labelled else text


def filtered(options: Sequence[str], pattern: str) -> tuple[str, ...]:
    """The options a variable's `/regex/` keeps; its first group, or the group `value`, is what is left of each."""
    if not pattern:
        return tuple(dict.fromkeys(options))
    matcher = re.compile(pattern.strip("/").replace("(?<", "(?P<"))
    kept = (found for option in options if (found := matcher.search(option)))
    values = (m.groupdict().get("value") or (m.group(1) if matcher.groups else m.string) for m in kept)
    return tuple(dict.fromkeys(value for value in values if value))


def fill(text: str, chosen: Mapping[str, Chosen], dialect: Callable[[Chosen], str]) -> str:
    """Write the variables' values into a query. Grafana's own (`$__…`) and unknown names stay as they are."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4]
        spelled = found[3] or found[5]
        variable = chosen.get(name)
        if variable is None:
            return found[0]
        if spelled:
            return _spelled(variable, spelled)
        return variable.values[0] if variable.verbatim else dialect(variable)

    return _REFERENCE.sub(value, text)


def used(text: str) -> frozenset[str]:
    """The names of the variables a query refers to, Grafana's own included."""
    return frozenset(found[1] or found[2] or found[4] for found in _REFERENCE.finditer(text))


def for_promql(variable: Chosen) -> str:
    """A value inside of a PromQL label matcher, escaped as Grafana's Prometheus datasource does."""
    if not variable.several:
        return variable.values[0].replace("\\", "\\\\").replace('"', '\\"') if variable.values else ""
    escaped = [_REGEX_SPECIAL.sub(r"\\\\\g<0>", value.replace("\\", "\\\\\\\\")) for value in variable.values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def for_lucene(variable: Chosen) -> str:
    """A value inside of a Lucene query, escaped as Grafana's Elasticsearch datasource does."""
    escaped = [_LUCENE_SPECIAL.sub(r"\\\1", value) for value in variable.values]
    if not variable.several:
        return escaped[0] if escaped else ""
    quoted = " OR ".join(f'"{value}"' for value in escaped)
    return f"({quoted})" if escaped else "__empty__"


_SPELLINGS: Mapping[str, Callable[[Chosen], str]] = {
    "raw": lambda v: ",".join(v.values),
    "csv": lambda v: ",".join(v.values),
    "pipe": lambda v: "|".join(v.values),
    "text": lambda v: " + ".join(v.values),
    "regex": lambda v: for_regex(v),
    "lucene": for_lucene,
    "doublequote": lambda v: ",".join(f'"{value}"' for value in v.values),
    "singlequote": lambda v: ",".join(f"'{value}'" for value in v.values),
}


def for_regex(variable: Chosen) -> str:
    """`${name:regex}`: the values as one regular expression."""
    escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", value) for value in variable.values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _spelled(variable: Chosen, spelling: str) -> str:
    if variable.verbatim:
        return variable.values[0]
    write = _SPELLINGS.get(spelling)
    if write is None:
        known = ", ".join(_SPELLINGS)
        raise UnsupportedError(f"${{{variable.name}:{spelling}}} is not understood here", hint=f"Understood: {known}.")
    return write(variable)
