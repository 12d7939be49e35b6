"""A submission server like a production one: mail is taken over TLS and after authentication only.

The certificate comes from a CA of the sink's own, made anew; a sender trusts it through `ca_pem` (Go programs: the
file named by SSL_CERT_FILE).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
import time
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from harness.contracts import Recorder
from harness.errors import StackError
from harness.sinks import mail
from harness.sinks.misbehaviour import Answer, Script
from harness.sinks.receipt import Receipt, answered

# aiosmtpd 1.4.6 warns of a deprecation in its own code at every login.
logging.getLogger("mail.log").setLevel(logging.ERROR)

_LARGEST_MAIL = 16 * 1024 * 1024


class _Conversation(SMTP):
    """One connection of a sender: when it came, and whether a mail was taken in it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.began = time.time()
        self.mailed = False


class SmtpSink:
    """One sender's mail server: STARTTLS, AUTH PLAIN and LOGIN with one user, one lane."""

    name = "smtp"

    def __init__(
        self,
        recorder: Recorder,
        *,
        user: str,
        password: str,
        lane: str = "",
        host: str = "127.0.0.1",
        hostnames: Collection[str] = (),
    ) -> None:
        self.host = host
        self.port = 0
        self.user = user
        self.password = password
        self.lane = lane
        self._recorder = recorder
        self._script = Script()
        authority = trustme.CA(organization_name="monitoring-stack-harness")
        self.ca_pem = authority.cert_pem.bytes().decode()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1", "::1", *hostnames).configure_cert(self._tls)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = asyncio.Event()

    @property
    def address(self) -> str:
        """`host:port`, as a smarthost is configured."""
        return f"{self.host}:{self.port}"

    def next_answers(self, answers: Iterable[Answer], *, naming: str = "") -> None:
        """Give these answers to the next mails (with a word in their text), after DATA, in place of accepting them."""
        self._script.order(answers, naming=naming)

    @property
    def answers_left(self) -> int:
        """How many ordered answers have not been given yet."""
        return len(self._script)

    def start(self) -> None:
        """Listen on a port of the kernel's choosing, and on the same one when started again; idempotent."""
        if self._thread is not None:
            return
        self._loop, self._stopping = asyncio.new_event_loop(), asyncio.Event()
        listening: Future[int] = Future()
        serve = threading.Thread(target=self._serve, args=(self._loop, listening), name="sink smtp", daemon=True)
        serve.start()
        try:
            self.port = listening.result(timeout=10)
        except OSError as error:
            raise StackError(f"the SMTP sink cannot listen on {self.address}: {error}") from error
        self._thread = serve

    def stop(self) -> None:
        """Stop listening, close what is open, release the port; idempotent."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None:
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join(timeout=5)

    def _serve(self, loop: asyncio.AbstractEventLoop, listening: Future[int]) -> None:
        asyncio.set_event_loop(loop)
        try:
            server = loop.run_until_complete(loop.create_server(self._connection, self.host, self.port))
        except OSError as error:
            loop.close()
            listening.set_exception(error)
            return
        listening.set_result(server.sockets[0].getsockname()[1])
        try:
            loop.run_forever()
        finally:
            self._wind_down(loop, server)

    def _wind_down(self, loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
        server.close()
        self._stopping.set()
        for task in (tasks := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def _connection(self) -> Any:
        server = _Conversation(
            self,
            hostname="smtp.harness",
            ident="ESMTP",
            require_starttls=True,
            tls_context=self._tls,
            auth_required=True,
            auth_require_tls=True,
            authenticator=self._authenticate,
            data_size_limit=_LARGEST_MAIL,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )
        # aiosmtpd says "User Name"; production servers say this, and Alertmanager's LOGIN understands nothing else.
        server.AuthLoginUsernameChallenge, server.AuthLoginPasswordChallenge = "Username:", "Password:"
        return server

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        """AUTH PLAIN and LOGIN; the server answers 535 for wrong credentials."""
        right = LoginPassword(self.user.encode(), self.password.encode())
        success = isinstance(data, LoginPassword) and data == right
        if not success:
            tried = data.login.decode("utf-8", "replace") if isinstance(data, LoginPassword) else ""
            refused = {"lane": self.lane, "sink": self.name, "user": tried, "mechanism": mechanism}
            self._recorder.record("refused-login", "email", refused)
        return AuthResult(success=success, handled=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """A mail whose last byte has just arrived."""
        at = time.time()
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = mail.parse(content)
        ordered = self._script.next(self.lane, f"{message.subject}\n{message.reading}")
        server.mailed = True
        self._receive(at, server.began, content, message, envelope, 250 if ordered is None else ordered.status)
        if ordered is None:
            return "250 2.0.0 Ok: queued"
        if ordered.silent_seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), ordered.silent_seconds)
        if ordered.status is None:
            server.transport.abort()
            return "421 4.3.0 connection lost"
        return f"{ordered.status} {ordered.body or '4.3.0 Temporary failure'}"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """The sender is done: it has waited since it connected."""
        if server.mailed:
            answered(self._recorder, self.name, "email", self.lane, server.began)
        return "221 Bye"

    def _receive(
        self, at: float, began: float, content: bytes, message: mail.Mail, envelope: Any, status: int | None
    ) -> None:
        details = {
            "began": began,
            "from": message.sender,
            "to": list(message.recipients),
            "envelope": {"from": envelope.mail_from, "to": list(envelope.rcpt_tos)},
            "html": message.html,
            "plain": message.plain,
        }
        receipt = Receipt(
            at=at,
            channel="email",
            lane=self.lane,
            status=status,
            title=message.subject,
            text=message.reading,
            payload=content.decode("utf-8", "replace"),
            problems=message.problems,
            details=details,
        )
        receipt.record(self._recorder, self.name)
