"""A small HTTP/1.1 client on asyncio: one request at a time per connection, kept alive, cancelled at any point."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_LARGEST_LINE = 1024 * 1024


class UnreachableError(Exception):
    """No answer could be had: refused, reset, timed out, or not HTTP. The request may have been carried out."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Host:
    """One address of a cluster; credentials in the URL count before those given apart."""

    name: str
    port: int
    secure: bool
    path: str
    authorization: str

    @classmethod
    def of(
        cls, url: str, user: str | None, password: str | None, *, secure: bool | None = None, path: str = ""
    ) -> Host:
        """Read a `hosts` entry; Elasticsearch's port and plain HTTP unless it says otherwise. Raises ValueError."""
        parts = urlsplit(url if "//" in url else f"//{url}")
        if parts.scheme not in ("", "http", "https") or not parts.hostname:
            raise ValueError(f"`{url}` is no http or https address")
        encrypted = parts.scheme == "https" if parts.scheme else bool(secure)
        if parts.username:
            user, password = unquote(parts.username), unquote(parts.password or "")
        pair = f"{user}:{password or ''}" if user else ""
        token = f"Basic {base64.b64encode(pair.encode()).decode()}" if pair else ""
        below = (parts.path.strip("/") or path.strip("/")).strip("/")
        return cls(parts.hostname, parts.port or 9200, encrypted, f"/{below}" if below else "", token)

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.name}:{self.port}{self.path}"


class Connection:
    """A kept-alive connection to one host; opened when needed, dropped when anything goes wrong."""

    def __init__(self, host: Host, tls: ssl.SSLContext | None, timeout_seconds: float) -> None:
        self.host = host
        self._tls = tls
        self._timeout = timeout_seconds
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send one request and read its answer; raises UnreachableError."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(path, body, headers)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            raise UnreachableError(f"{self.host}: {_said(error)}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        writer, self._writer, self._reader = self._writer, None, None
        if writer is not None:
            writer.close()

    async def _exchange(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection(
                self.host.name, self.host.port, ssl=self._tls if self.host.secure else None, limit=_LARGEST_LINE
            )
        self._writer.write(self._head(path, len(body), headers))
        self._writer.write(body)
        await self._writer.drain()
        response = await _read(self._reader)
        if response.headers.get("connection", "").lower() == "close":
            self.close()
        return response

    def _head(self, path: str, length: int, headers: Mapping[str, str]) -> bytes:
        lines = [f"POST {self.host.path}{path} HTTP/1.1", f"Host: {self.host.name}:{self.host.port}"]
        given = {"Content-Length": str(length), "Connection": "keep-alive", **headers}
        if self.host.authorization:
            given.setdefault("Authorization", self.host.authorization)
        lines += [f"{name}: {value}" for name, value in given.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _read(reader: asyncio.StreamReader) -> Response:
    while True:
        status_line = (await reader.readuntil(b"\r\n")).decode("latin-1").split(" ", 2)
        if len(status_line) < 2 or not status_line[0].startswith("HTTP/1."):
            raise ValueError("the answer is not HTTP")
        status, headers = int(status_line[1]), await _headers(reader)
        if status >= 200:
            break
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        headers["connection"] = "close"
        body = await reader.read(-1)
    return Response(status, headers, body)


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := (await reader.readuntil(b"\r\n")).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await _headers(reader)
    return b"".join(parts)


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, asyncio.IncompleteReadError):
        return "the connection was closed before the answer was complete"
    return str(error) or type(error).__name__
