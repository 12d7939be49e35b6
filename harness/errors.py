"""The one way to fail: a message that says what, where, why, and what to do next.

Every error a person can meet is a `HarnessError`; the command line prints it without a traceback.
"""

from __future__ import annotations

from harness.model import Position


class HarnessError(Exception):
    """Something a person can act on. Prints as `file:line:column: message` and an indented way out."""

    exit_code = 3

    def __init__(self, message: str, *, at: Position | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.at}: " if self.at else ""
        way_out = "".join(f"\n  {line}" for line in self.hint.splitlines())
        return f"{where}{self.message}{way_out}"


class UnreadableError(HarnessError):
    """A file under test that cannot be read as what it should be: broken syntax, encoding, missing file."""

    exit_code = 2


class UsageError(HarnessError):
    """The command was called in a way that cannot work: no such directory, unknown suite."""

    exit_code = 2


class UnsupportedError(UnreadableError):
    """A legal configuration that this implementation does not run, e.g. an unknown Logstash plugin."""


class SetUpError(HarnessError):
    """A component could not be obtained; names what is missing and how to get it."""


class StackError(HarnessError):
    """A service did not start, died, or did not become ready; carries its status and the tail of its log."""


class GaveUpError(StackError):
    """A service was stopped while it booted, because of another error, which is the one to tell."""


class DeadlineError(HarnessError):
    """A wait ran out; says what it waited for, how long, and what was seen last."""
