"""What a mail says to the person who opens it: subject, addresses, both bodies, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from harness.sinks.plain_text import from_html


@dataclass(frozen=True, slots=True)
class Mail:
    """A parsed message. `reading` is what a person reads: the HTML part flattened, else the plain one."""

    subject: str
    sender: str
    recipients: tuple[str, ...]
    html: str
    plain: str
    problems: tuple[str, ...]

    @property
    def reading(self) -> str:
        """The flattened text."""
        return from_html(self.html) if self.html else self.plain.strip()


def parse(content: bytes) -> Mail:
    """Read a message as it came in DATA; never raises, what is wrong is in `problems`."""
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(content)
    html, plain = _part(message, "html"), _part(message, "plain")
    recipients = tuple(a.addr_spec for header in message.get_all("To", []) for a in header.addresses)
    return Mail(
        subject=str(message.get("Subject", "")),
        sender=str(message.get("From", "")),
        recipients=recipients,
        html=html,
        plain=plain,
        problems=tuple(_problems(message, html, plain)),
    )


def _part(message: EmailMessage, kind: str) -> str:
    """The text of the first part of a kind."""
    for part in message.walk():
        if part.get_content_type() == f"text/{kind}" and not part.is_attachment():
            raw = part.get_payload(decode=True)
            charset = part.get_content_charset("utf-8")
            return raw.decode(charset, "replace") if isinstance(raw, bytes) else ""
    return ""


def _problems(message: EmailMessage, html: str, plain: str) -> Iterator[str]:
    for name in ("Subject", "From", "To", "Date", "Message-Id"):
        if not str(message.get(name, "")).strip():
            yield f"no {name} header"
    if not html and not plain.strip():
        yield "the mail has no text"
    for part in message.walk():
        for defect in part.defects:
            yield f"malformed MIME: {type(defect).__name__}"
