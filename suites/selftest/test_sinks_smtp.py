"""The SMTP sink, spoken to by a real SMTP client: no mail without TLS and the right password."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import pytest

from harness.events import HistoryFile
from harness.sinks import mail
from harness.sinks.misbehaviour import Answer
from harness.sinks.plain_text import from_html, from_slack
from harness.sinks.smtp import SmtpSink


@pytest.fixture
def history(tmp_path: Path) -> HistoryFile:
    return HistoryFile(tmp_path / "history")


@pytest.fixture
def sink(history: HistoryFile) -> Iterator[SmtpSink]:
    sink = SmtpSink(history, user="alerts", password="s3cret x", lane="storm")
    sink.start()
    yield sink
    sink.stop()


def connect(sink: SmtpSink, host: str = "127.0.0.1") -> smtplib.SMTP:
    return smtplib.SMTP(host, sink.port, timeout=5)


def encrypted(sink: SmtpSink) -> smtplib.SMTP:
    client = connect(sink)
    client.starttls(context=ssl.create_default_context(cadata=sink.ca_pem))
    client.ehlo()
    return client


def logged_in(sink: SmtpSink) -> smtplib.SMTP:
    client = encrypted(sink)
    client.user, client.password = sink.user, sink.password
    client.auth("PLAIN", lambda _=None: f"\0{sink.user}\0{sink.password}")
    return client


def letter(subject: str = "[FIRING] PoolLow") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject,
        "am@caredroid.test",
        "Ops <ops@caredroid.test>, b@c.test",
    )
    message["Date"], message["Message-Id"] = formatdate(), make_msgid()
    message.set_content("plain text")
    page = "<html><head><style>p{}</style></head><body><p>Pool &lt; 10\n %</p><a href='http://r/'>Runbook</a></body></html>"
    message.add_alternative(page, subtype="html")
    return message


def test_an_encrypted_authenticated_mail_is_taken_and_read(sink: SmtpSink, history: HistoryFile) -> None:
    with logged_in(sink) as client:
        client.send_message(letter())
    (seen,) = history.so_far().of_kind("notification", "email")
    assert (seen.data["lane"], seen.data["sink"], seen.data["status"]) == ("storm", "smtp", 250)
    assert seen.data["valid"] and seen.data["delivered"], seen.data["problems"]
    assert seen.data["title"] == "[FIRING] PoolLow"
    assert seen.data["text"] == "Pool < 10 %\nRunbook <http://r/>"
    assert seen.data["plain"].strip() == "plain text" and "<p>" in seen.data["html"]
    assert seen.data["from"] == "am@caredroid.test"
    assert seen.data["to"] == ["ops@caredroid.test", "b@c.test"] == seen.data["envelope"]["to"]
    assert "Subject: [FIRING] PoolLow" in seen.data["payload"]


def test_auth_login_is_offered_too(sink: SmtpSink, history: HistoryFile) -> None:
    with encrypted(sink) as client:
        assert {"PLAIN", "LOGIN"} <= set(client.esmtp_features["auth"].split())
        client.user, client.password = sink.user, sink.password
        answers = iter([sink.user, sink.password])
        client.auth("LOGIN", lambda _=None: next(answers), initial_response_ok=False)
        client.send_message(letter())
    assert len(history.so_far().of_kind("notification")) == 1


def test_nothing_goes_without_tls(sink: SmtpSink, history: HistoryFile) -> None:
    with connect(sink) as client:
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.docmd("AUTH", "PLAIN AGFsZXJ0cwBzM2NyZXQ=")[0] in (530, 538)
        assert client.docmd("MAIL", "FROM:<a@b.test>")[0] == 530
    assert not history.so_far().observations


def test_nothing_goes_without_authentication(sink: SmtpSink, history: HistoryFile) -> None:
    with encrypted(sink) as client:
        assert client.docmd("MAIL", "FROM:<a@b.test>")[0] == 530
    assert not history.so_far().observations


@pytest.mark.parametrize(("user", "password"), [("alerts", "wrong"), ("other", "s3cret"), ("", "")])
def test_wrong_credentials_are_535(sink: SmtpSink, history: HistoryFile, user: str, password: str) -> None:
    with encrypted(sink) as client, pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        client.auth("PLAIN", lambda _=None: f"\0{user}\0{password}")
    assert refused.value.smtp_code == 535
    (seen,) = history.so_far().observations
    assert (seen.kind, seen.data["user"], seen.data["lane"]) == ("refused-login", user, "storm")
    assert "password" not in seen.data


def test_the_certificate_holds_for_its_names_and_only_for_those_who_trust_the_ca(sink: SmtpSink) -> None:
    with connect(sink) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())
    with connect(sink, "localhost") as client:
        client.starttls(context=ssl.create_default_context(cadata=sink.ca_pem))


def test_ordered_refusals(sink: SmtpSink, history: HistoryFile) -> None:
    sink.next_answers([Answer.refused(451, "4.7.1 Greylisted"), Answer.torn()])
    with logged_in(sink) as client, pytest.raises(smtplib.SMTPDataError, match="Greylisted") as refused:
        client.send_message(letter())
    assert refused.value.smtp_code == 451
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        logged_in(sink).send_message(letter())
    with logged_in(sink) as client:
        client.send_message(letter())
    assert [o.data["status"] for o in history.so_far().of_kind("notification")] == [451, None, 250]
    assert sink.answers_left == 0


def test_silence_ends_with_the_sink(sink: SmtpSink) -> None:
    sink.next_answers([Answer.timeout()])
    client = logged_in(sink)
    client.sock.settimeout(0.2)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        client.send_message(letter())
    sink.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "sink smtp"]


def test_start_and_stop_are_idempotent_and_the_port_is_kept(history: HistoryFile) -> None:
    sink = SmtpSink(history, user="u", password="p")
    sink.start()
    sink.start()
    address = sink.address
    idle = connect(sink)
    sink.stop()
    sink.stop()
    with pytest.raises(OSError):
        connect(sink)
    sink.start()
    assert sink.address == address
    connect(sink).quit()
    sink.stop()
    idle.close()


def test_a_mail_that_is_no_mail_is_recorded_with_its_problems() -> None:
    parsed = mail.parse(b"\r\n\r\n")
    assert "no Subject header" in parsed.problems
    assert "the mail has no text" in parsed.problems
    assert mail.parse(b"Subject: =?utf-8?q?=C3=BC?=\r\n\r\nx").subject == "ü"
    assert mail.parse(b"Content-Type: multipart/mixed\r\n\r\nx").problems


@pytest.mark.parametrize(
    ("page", "reading"),
    [
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ("<p>one<br>two</p>", "one\ntwo"),
        ("a&nbsp;&amp;&#39;", "a &'"),
        ("<style>x</style><script>y</script>z", "z"),
        ("<b>bold</b> <i>it</i>", "bold it"),
    ],
)
def test_html_as_a_person_reads_it(page: str, reading: str) -> None:
    assert from_html(page) == reading


def test_slack_markup_as_a_person_reads_it() -> None:
    assert from_slack("<http://a|b> &amp; <http://c> <!here>") == "b <http://a> & http://c !here"
