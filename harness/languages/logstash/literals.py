"""Strings and numbers: the literals that values and conditions share."""

from __future__ import annotations

import re

from harness.languages.logstash.ast import Number, Text
from harness.languages.logstash.scanner import Scanner

BAREWORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
# Possessive, as the product's grammar does not reconsider: `"C:\"` is not closed.
_STRING = re.compile(r"\"(?:\\\"|[^\"])*+\"|'(?:\\'|[^'])*+'")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?")


def string(scanner: Scanner) -> Text | None:
    """A quoted string, if one starts here; the text between the quotes is kept as written."""
    if not (scanner.peek('"') or scanner.peek("'")):
        return None
    position = scanner.position()
    quoted = scanner.take_match(_STRING)
    if quoted is None:
        scanner.fail("a string is not closed", at=position, hint="Its closing quote is missing.")
    return Text(quoted[1:-1], position)


def number(scanner: Scanner) -> Number | None:
    """A number, if one starts here."""
    position = scanner.position()
    digits = scanner.take_match(_NUMBER)
    if digits is None:
        return None
    if len(digits) > 300:
        scanner.fail("a number with more than 300 digits", at=position)
    return Number(float(digits) if "." in digits else int(digits), position)
