"""The lumberjack protocol on bytes: every way of cutting them, compressing them, and getting them wrong."""

from __future__ import annotations

import json
import random
import struct
import zlib

import pytest

from harness.services.logstash_server import lumberjack
from harness.services.logstash_server.lumberjack import ProtocolError, Receiver, Window


def size(count: int) -> bytes:
    return b"2W" + struct.pack(">I", count)


def event(sequence: int, payload: bytes) -> bytes:
    return b"2J" + struct.pack(">II", sequence, len(payload)) + payload


def compressed(frames: bytes) -> bytes:
    packed = zlib.compress(frames)
    return b"2C" + struct.pack(">I", len(packed)) + packed


def payloads(count: int) -> list[bytes]:
    return [json.dumps({"message": "x" * number, "n": number}).encode() for number in range(count)]


def frames(lines: list[bytes]) -> bytes:
    return b"".join(event(number, line) for number, line in enumerate(lines, start=1))


def read(data: bytes) -> list[Window]:
    return list(Receiver().feed(data))


def test_a_plain_window() -> None:
    lines = payloads(3)
    (window,) = read(size(3) + frames(lines))
    assert window == Window(tuple(lines), (1, 2, 3))


def test_a_compressed_window_is_the_same() -> None:
    lines = payloads(50)
    assert read(size(50) + compressed(frames(lines))) == read(size(50) + frames(lines))


def test_several_compressed_frames_and_plain_ones_make_one_window() -> None:
    lines = payloads(4)
    data = size(4) + compressed(event(1, lines[0])) + event(2, lines[1])
    data += compressed(event(3, lines[2]) + event(4, lines[3]))
    (window,) = read(data)
    assert window.payloads == tuple(lines)


def test_windows_inside_of_compressed_frames() -> None:
    lines = payloads(2)
    assert len(read(compressed(size(1) + event(1, lines[0]) + size(1) + event(1, lines[1])))) == 2


@pytest.mark.parametrize("seed", range(20))
def test_however_the_network_cuts_it(seed: int) -> None:
    chance = random.Random(seed)
    lines = payloads(40)
    data = size(20) + compressed(frames(lines[:20])) + size(20) + frames(lines[20:])
    receiver, windows, position = Receiver(), [], 0
    while position < len(data):
        step = chance.choice([1, 2, 3, 7, 50, 500])
        windows += list(receiver.feed(data[position : position + step]))
        position += step
    assert [window.payloads for window in windows] == [tuple(lines[:20]), tuple(lines[20:])]
    assert not receiver.midway


def test_byte_by_byte() -> None:
    receiver = Receiver()
    data = size(2) + compressed(frames(payloads(2)))
    windows = [window for index in range(len(data)) for window in receiver.feed(data[index : index + 1])]
    assert len(windows) == 1


def test_a_new_window_ends_an_unfinished_one() -> None:
    lines = payloads(3)
    first, second = read(size(5) + frames(lines) + size(1) + event(1, lines[0]))
    assert (first.payloads, second.payloads) == (tuple(lines), (lines[0],))
    assert first.sequences[-1] == 3


def test_an_incomplete_window_is_not_handed_out() -> None:
    receiver = Receiver()
    assert not list(receiver.feed(size(2) + event(1, b"{}")))
    assert receiver.midway


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"GET / HTTP/1.1\r\n", "version 'G'"),
        (b"1W\x00\x00\x00\x01", "version '1'"),
        (b"2X\x00\x00\x00\x01", "frame type 'X'"),
        (event(1, b"{}"), "outside of a window"),
        (size(2_000_000), "2000000 events"),
        (size(1) + b"2J" + struct.pack(">II", 1, 2**31), "2147483648 bytes"),
        (size(1) + b"2C" + struct.pack(">I", 2**30), "1073741824 bytes"),
        (size(1) + b"2C" + struct.pack(">I", 4) + b"nope", "not zlib"),
        (size(1) + compressed(event(1, b"{}")[:-1]), "middle of a frame"),
        (size(1) + b"2C" + struct.pack(">I", 9) + zlib.compress(b"x" * 99)[:9], "cut short"),
    ],
)
def test_what_is_not_lumberjack_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        read(data)


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lumberjack, "LARGEST_FRAME", 1000)
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        read(size(1) + compressed(event(1, b" " * 100_000)))


@pytest.mark.parametrize("seed", range(200))
def test_noise_is_refused_or_waited_for_but_never_crashes(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(size(3) + compressed(frames(payloads(3))) + size(1) + event(1, b"{}"))
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        read(bytes(data))
    except ProtocolError as error:
        assert str(error)


def test_acknowledgements() -> None:
    assert lumberjack.ack(0) == b"2A\x00\x00\x00\x00"
    assert lumberjack.ack(258) == b"2A\x00\x00\x01\x02"
