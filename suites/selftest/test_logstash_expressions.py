"""Regular expressions: what Ruby's engine takes as ASCII and what as Unicode, and the shortcut conditions take."""

from __future__ import annotations

import random

import pytest

from harness.languages.logstash import Pipeline
from harness.languages.logstash.alternatives import occurrence, required
from harness.languages.logstash.onigmo import PatternSyntaxError, compiled


def whole(pattern: str, text: str) -> bool:
    return compiled(pattern).fullmatch(text) is not None


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"\w", "aZ09_", "é٣Ж-"),
        (r"\W", "é٣Ж- ", "a_"),
        (r"\d", "09", "٣३a"),
        (r"\D", "٣a", "5"),
        (r"\s", " \t\n\v\f\r", "\u00a0\u2003\u0085a"),
        (r"\S", "\u00a0\u2003a", " \n"),
        (r"\h", "09afAF", "gG"),
        (r"\H", "gé", "a"),
        (r"[\w.]", "a.", "é"),
        (r"[\W]", "é-", "a"),
        (r"[^\W_]", "a9", "é_"),
        (r"[\D]", "٣", "5"),
        (r"[\S]", "\u00a0", " "),
        (r"[\H]", "g", "f"),
        (r"(?i)[^\W]", "ks", "-"),
        (r"\p{L}", "aéЖ語", "1-"),
        (r"\p{Lu}", "AÉЖ", "aé"),
        (r"\p{^L}", "1-", "é"),
        (r"\P{L}", "1-", "é"),
        (r"\p{Alpha}", "aé", "1"),
        (r"\p{Nd}", "5٣", "a"),
        (r"\p{Han}", "語", "a"),
        (r"[\p{L}\d]", "é5", "٣"),
        (r"[[:alpha:]]", "aéЖ", "1"),
        (r"[[:upper:]]", "AÉ", "é"),
        (r"[[:space:]]", " \u00a0\u2003", "a"),
        (r"[[:digit:]]", "5٣", "a"),
        (r"[[:alnum:]_]", "é5_", "-"),
        (r"[[:^alpha:]]", "1-", "é"),
        (r"(?u)\w", "aé٣", "-"),
        (r"(?i)É", "éÉ", "e"),
    ],
)
def test_shorthands_are_ascii_while_properties_and_brackets_are_unicode(pattern: str, yes: str, no: str) -> None:
    assert [letter for letter in yes if not whole(pattern, letter)] == []
    assert [letter for letter in no if whole(pattern, letter)] == []


def test_a_word_boundary_knows_unicode() -> None:
    assert not compiled(r"\bx").search("éx")
    assert compiled(r"\bé").search("-é")


def test_a_capital_of_any_script_in_a_pipeline() -> None:
    pipeline = Pipeline.from_text(
        r'filter { mutate { gsub => ["message", "[Pp]atient \p{Lu}[\p{L}-]+", "[NAME]", "message", "\d{2,}", "#"] } }'
    )
    assert pipeline.process({"message": "patient Жанна-Éva, bed 12, ٣٣"})[0]["message"] == "[NAME], bed #, ٣٣"


_ATOMS = [
    *("a", "b", "ab", r"\.", ".", "[ab]", "[^a]", "(a|b)", "(?:ab|c)", "a?", "b*", "c+", "a{2}", "^", "$", r"\b", "|"),
    *("(?=a)", "(?!b)", r"\d", "-", "[|]", "[(]", r"\(", r"\|", "(?i)", r"\-", "[]a]", "(?<!a)", "a{0}", "b{,2}"),
    *("a??", "c*+", r"\h", r"[\]x]", "(?<n>a)", r"\k<n>", "[[:alpha:]]", "(?#|)", "#", " "),
]


def test_a_condition_answers_as_the_expression_itself_would() -> None:
    source, compared = random.Random(3), 0
    while compared < 4000:
        pattern = "".join(source.choice(_ATOMS) for _ in range(source.randint(1, 7)))
        try:
            expected = compiled(pattern)
        except PatternSyntaxError:
            continue
        occurs = occurrence(pattern)
        for _ in range(4):
            text = "".join(source.choice("abcAx.-1|( #") for _ in range(source.randint(0, 8)))
            found = expected.search(text) is not None
            assert occurs(text) == found, (pattern, text)
            pieces = required(pattern)
            assert not found or not pieces or any(piece in text for piece in pieces), (pattern, text)
            compared += 1
