"""See Literal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context, Documents
from harness.documents.configuration import Configuration
from harness.documents.document import Document
from harness.documents.env import Env
from harness.documents.positions import View
from harness.model import Finding, Position, Severity

_NAMES = re.compile(
    r"(?:^|[._-])(?:password|passwd|secret|token|api_?key|routing_key|service_key|auth_password|bearer_token|"
    r"client_secret|private_key|encryption_?key|credentials|webhook|slack_api_url|api_url|secret_key)$",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"https://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}"
    r"|AKIA[0-9A-Z]{16}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|xox[abp]-[0-9A-Za-z-]{20,}|ghp_[0-9A-Za-z]{36}"
)
_HARMLESS = re.compile(
    r"^$|[${<]|^(?:change-?me|replace-?me|example|placeholder|redacted|secret|password|xxx+|\*+|none|null|todo)|/run/secrets"
    r"|^(?:true|false|\d{1,4})$|^/|\.(?:invalid|example|test)(?:[/:]|$)|^https?://[a-z0-9-]+(?::\d+)?(?:/|$)",
    re.IGNORECASE,
)


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^@]*$", re.IGNORECASE)
_IN_PATH = re.compile(r"://[^/?]+[/?](?:.*[/=])?(?=[^/]*\d)[A-Za-z0-9_-]{16,}")


class Literal(Check):
    """A secret is written into a file of the repository.

    Why: whoever reads the repository has it, and it stays in its history. Bad: `auth_password: s3cr3t!`.
    Good: `auth_password: ${SMTP_PASSWORD}`, a file under /run/secrets, or nothing in `.env.example`.
    Fix: move it into the environment and change the secret: it is known now.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Look at every setting named like a secret, and for texts that have a known secret's shape."""
        if not isinstance(documents, Configuration):
            return
        told: set[Position] = set()
        # What only sounds like a secret may hold an example's value; a real one's shape, or our own rule, decides.
        by_name = Severity.BUG if context.fixtures.get("inventory") else Severity.WARNING
        for severity, found in ((Severity.BUG, _shapes(documents)), (by_name, _settings(documents.documents))):
            for position, what in found:
                if position not in told:
                    told.add(position)
                    message = f"{what} is a secret in a file; take it from the environment"
                    yield self.finding(position, message, severity=severity)


def _settings(found: Iterable[Document]) -> Iterator[tuple[Position, str]]:
    for document in found:
        if isinstance(document, Env):
            for setting in document.settings:
                if _secret(setting.name, setting.value):
                    yield setting.value_at, setting.name
        elif not document.file.endswith((".json", ".ndjson")):
            yield from _below(document.tree.view)


def _below(view: View) -> Iterator[tuple[Position, str]]:
    value = view.value
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and _secret(str(key), item):
                # VictorOps routes by a team's name; elsewhere a key of that name lets one in.
                if not (key == "routing_key" and "victorops_configs" in view.path):
                    yield view[key].at(), str(key)
            else:
                yield from _below(view[key])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                name, equals, text = item.partition("=")
                if equals and name.replace("_", "").isalnum() and _secret(name, text):
                    yield view[index].at(), name
            else:
                yield from _below(view[index])


def _secret(name: str, value: str) -> bool:
    text = value.strip()
    if not _NAMES.search(name) or _HARMLESS.search(text) or len(text) < 6 or _made_up(text):
        return False
    # An address is a secret by what stands in its path, not by being one.
    return not _ADDRESS.match(text) or bool(_IN_PATH.search(text))


def _made_up(text: str) -> bool:
    """Whether it is a filling: one or two characters over and over, or a row of them in the middle."""
    last = re.split(r"[/=:]", text)[-1]
    return len(set(re.sub(r"\W", "", last))) <= 2 or bool(re.search(r"([xX0*])\1{5}", text))


def _shapes(configuration: Configuration) -> Iterator[tuple[Position, str]]:
    for document in configuration.documents:
        for match in _KNOWN.finditer(document.tree.text):
            if not _made_up(match[0]):
                yield document.tree.place(match.start(), match.end()), "this"
