"""Dictionaries of the translate filter: from the configuration, or from a YAML, JSON or CSV file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.languages.logstash.event import REGEX_SECONDS
from harness.languages.logstash.onigmo import PatternSyntaxError, compiled, engine
from harness.languages.logstash.sprintf import text_of

Lookup = Callable[[str], tuple[bool, Any]]


class DictionaryError(ValueError):
    """A dictionary that cannot be read."""


def load(path: Path) -> dict[str, Any]:
    """Read a dictionary file; its format is told by its name."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".yml", ".yaml"):
            import yaml

            found = yaml.safe_load(text)
        elif path.suffix == ".json":
            found = json.loads(text)
        elif path.suffix == ".csv":
            found = {row[0]: row[1] for row in csv.reader(text.splitlines()) if len(row) >= 2}
        else:
            raise DictionaryError(f"{path}: expected a file .yml, .yaml, .json or .csv")
    except OSError as error:
        raise DictionaryError(f"{path} cannot be read: {error.strerror}") from error
    except DictionaryError:
        raise
    except Exception as error:  # every parser has an exception of its own
        raise DictionaryError(f"{path} is no valid dictionary: {error}") from error
    if not isinstance(found, dict):
        raise DictionaryError(f"{path}: expected keys with values")
    return {text_of(key): value for key, value in found.items()}


def lookup(dictionary: dict[str, Any], *, exact: bool, regex: bool) -> Lookup:
    """How a text is translated: by the whole of it or by its parts, by keys or by keys as expressions."""
    if exact and not regex:
        return lambda text: (True, dictionary[text]) if text in dictionary else (False, None)
    try:
        if exact:
            return _first_match([(compiled(key), value) for key, value in dictionary.items()])
        parts = [f"(?:{key})" if regex else engine().escape(key) for key in dictionary]
        return _replaced(compiled("|".join(parts)), dictionary, regex) if parts else lambda text: (False, None)
    except PatternSyntaxError as error:
        raise DictionaryError(f"a key is no expression: {error}") from error


def _first_match(keys: list[tuple[Any, Any]]) -> Lookup:
    def find(text: str) -> tuple[bool, Any]:
        for pattern, value in keys:
            if pattern.search(text, timeout=REGEX_SECONDS):
                return True, value
        return False, None

    return find


def _replaced(pattern: Any, dictionary: dict[str, Any], regex: bool) -> Lookup:
    keys = [(compiled(key), value) for key, value in dictionary.items()] if regex else []

    def value_of(match: Any) -> str:
        found = match.group()
        if regex:
            return text_of(next((value for key, value in keys if key.fullmatch(found)), ""))
        return text_of(dictionary.get(found, ""))

    def find(text: str) -> tuple[bool, Any]:
        translated = pattern.sub(value_of, text, timeout=REGEX_SECONDS)
        return translated != text, translated

    return find
