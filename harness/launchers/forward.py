"""Lets containers reach a server that listens on this machine's loopback only, and nobody else.

A service that runs as a process keeps its address; for one in a container the same port is opened on the bridge of the
run's own network, and what comes in there is passed on.
"""

from __future__ import annotations

import contextlib
import socket
import threading

from harness.errors import StackError

_CONNECT_SECONDS = 5.0
_CHUNK = 65536


class Forward:
    """Passes connections to `host`:`port` on to the same port of the loopback address, until it is stopped."""

    def __init__(self, host: str, port: int, to: str = "127.0.0.1") -> None:
        """Bind. Raises StackError when the address cannot be had."""
        self._target = (to, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        try:
            self._server = socket.create_server((host, port))
        except OSError as error:
            raise StackError(f"{host}:{port} cannot be opened for the containers: {error.strerror}") from error
        self._thread = threading.Thread(target=self._accept, name=f"forward {host}:{port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and give the address back; idempotent."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._thread.join(_CONNECT_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.ExitStack() as closing:
            closing.enter_context(client)
            try:
                server = closing.enter_context(socket.create_connection(self._target, _CONNECT_SECONDS))
            except OSError:
                return  # closed at once: the client sees what it would of a server that is down
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            _pass_on(client, server)
            back.join()
            with self._lock:
                self._open -= {client, server}


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
