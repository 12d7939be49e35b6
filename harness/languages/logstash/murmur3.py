"""MurmurHash3, the 32-bit variant the fingerprint filter offers."""

from __future__ import annotations

from typing import Any

from harness.languages.logstash.ruby import to_s

_MASK = 0xFFFFFFFF


def murmur3_32(value: Any) -> int:
    """The hash of a text's bytes, or of an integer's eight bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _hash((value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little"))
    return _hash(to_s(value).encode("utf-8", "surrogatepass"))


def _hash(data: bytes) -> int:
    state = 0
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        state ^= _mix(int.from_bytes(data[start : start + 4], "little"))
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        state ^= _mix(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state = ((state ^ (state >> shift)) * factor) & _MASK
    return state ^ (state >> 16)


def _mix(block: int) -> int:
    return (_rotated((block * 0xCC9E2D51) & _MASK, 15) * 0x1B873593) & _MASK


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK
