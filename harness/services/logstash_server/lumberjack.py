"""The lumberjack protocol, version 2, as bytes in and values out; no socket in sight.

A Beat sends a window size (`2W`), then that many events as JSON frames (`2J`), plain or zlib-compressed together
(`2C`). The server answers with the sequence number up to which it has taken responsibility (`2A`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST_FRAME = 256 * 1024 * 1024
LARGEST_WINDOW = 1_000_000

_U32 = struct.Struct(">I")
_TWO_U32 = struct.Struct(">II")


class ProtocolError(Exception):
    """The peer does not speak lumberjack version 2, or not within its limits."""


@dataclass(frozen=True, slots=True)
class Window:
    """The events of one window in their order, as raw JSON, and the sequence number of each."""

    payloads: tuple[bytes, ...]
    sequences: tuple[int, ...]


def ack(sequence: int) -> bytes:
    """The frame that acknowledges everything up to a sequence number; 0 says only "still at work"."""
    return b"2A" + _U32.pack(sequence)


class Receiver:
    """Assembles windows from whatever pieces the network delivers."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._size = 0
        self._payloads: list[bytes] = []
        self._sequences: list[int] = []

    @property
    def midway(self) -> bool:
        """Whether a frame or a window is incomplete."""
        return bool(self._buffer or self._payloads)

    def feed(self, data: bytes) -> Iterator[Window]:
        """Take bytes in and yield the windows they complete; raises ProtocolError."""
        self._buffer += data
        position, windows = self._frames(self._buffer)
        del self._buffer[:position]
        yield from windows

    def _frames(self, buffer: bytes | bytearray) -> tuple[int, list[Window]]:
        """Read the complete frames of a buffer; where the first incomplete one begins, and the windows completed."""
        windows: list[Window] = []
        position, end = 0, len(buffer)
        while end - position >= 6:
            if buffer[position] != 0x32:
                raise ProtocolError(f"unsupported protocol version {chr(buffer[position])!r}")
            kind = buffer[position + 1]
            if kind == 0x4A:  # J
                following = self._json(buffer, position, end)
            elif kind == 0x43:  # C
                following = self._compressed(buffer, position, end, windows)
            elif kind == 0x57:  # W
                following = self._window(buffer, position, windows)
            else:
                raise ProtocolError(f"unknown frame type {chr(kind)!r}")
            if following is None:
                break
            position = following
            if self._size and len(self._payloads) == self._size:
                windows.append(self._finished())
        return position, windows

    def _window(self, buffer: bytes | bytearray, position: int, windows: list[Window]) -> int:
        """A window size; what came of an unfinished window before it is a window of its own, as in the beats input."""
        (size,) = _U32.unpack_from(buffer, position + 2)
        if size > LARGEST_WINDOW:
            raise ProtocolError(f"a window of {size} events, at most {LARGEST_WINDOW}")
        if self._payloads:
            windows.append(self._finished())
        self._size = size
        return position + 6

    def _json(self, buffer: bytes | bytearray, position: int, end: int) -> int | None:
        if end - position < 10:
            return None
        sequence, length = _TWO_U32.unpack_from(buffer, position + 2)
        if length > LARGEST_FRAME:
            raise ProtocolError(f"an event of {length} bytes, at most {LARGEST_FRAME}")
        start: int = position + 10
        following = start + int(length)
        if following > end:
            return None
        if not self._size:
            raise ProtocolError("an event outside of a window")
        self._payloads.append(bytes(buffer[start:following]))
        self._sequences.append(sequence)
        return following

    def _compressed(self, buffer: bytes | bytearray, position: int, end: int, windows: list[Window]) -> int | None:
        (length,) = _U32.unpack_from(buffer, position + 2)
        if length > LARGEST_FRAME:
            raise ProtocolError(f"a compressed frame of {length} bytes, at most {LARGEST_FRAME}")
        start: int = position + 6
        following = start + int(length)
        if following > end:
            return None
        frames = _inflated(bytes(buffer[start:following]))
        read, completed = self._frames(frames)
        if read != len(frames):
            raise ProtocolError("a compressed frame ends in the middle of a frame")
        windows.extend(completed)
        return following

    def _finished(self) -> Window:
        window = Window(tuple(self._payloads), tuple(self._sequences))
        self._payloads, self._sequences, self._size = [], [], 0
        return window


def _inflated(data: bytes) -> bytes:
    """Decompress, within limits: a few bytes of zlib can stand for gigabytes."""
    inflater = zlib.decompressobj()
    try:
        frames = inflater.decompress(data, LARGEST_FRAME)
    except zlib.error as error:
        raise ProtocolError(f"a compressed frame that is not zlib: {error}") from error
    if inflater.unconsumed_tail:
        raise ProtocolError(f"a compressed frame of more than {LARGEST_FRAME} bytes")
    if not inflater.eof:
        raise ProtocolError("a compressed frame that is cut short")
    return frames
