"""Damage to a file of bytes, as disks, transfers and mischief do it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

#: Whole numbers that programs trip over: nothing, one, none, the largest and smallest of 32 and 16 bits, and large products.
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 65535, 65536, 2**24, 2**30, 0x7F800000, 0x7FC00000)
#: The same in text.
WORDS = (b"0", b"-1", b"nan", b"inf", b"1e308", b"99999999999999999999", b"", b"_", b"loop_", b"data_", b"\xff\xfe", b"'", b"#", b"]]>")


def damaged(raw: bytes, chance: np.random.Generator, count: int, head: int = 1 << 30) -> Iterator[bytes]:
    """Copies of ``raw`` each damaged in one or more ways, mostly within its first ``head`` bytes."""
    ways = (_flip, _overwrite, _number, _swap, _cut, _repeat)
    for _ in range(count):
        spoilt = bytearray(raw)
        for way in chance.choice(len(ways), chance.integers(1, 4), p=[0.25, 0.15, 0.35, 0.1, 0.1, 0.05]):
            ways[way](spoilt, chance, min(head, len(spoilt)))
        yield bytes(spoilt)


def damaged_text(raw: bytes, chance: np.random.Generator, count: int) -> Iterator[bytes]:
    """As :func:`damaged`, and with words put for words and lines taken out or twice."""
    yield from damaged(raw, chance, count // 2)
    for _ in range(count - count // 2):
        lines = raw.split(b"\n")
        for _ in range(chance.integers(1, 5)):
            at = int(chance.integers(len(lines)))
            words = lines[at].split(b" ")
            words[int(chance.integers(len(words)))] = WORDS[chance.integers(len(WORDS))]
            lines[at : at + 1] = [[b" ".join(words)], [], [lines[at]] * 2][chance.choice(3, p=[0.7, 0.2, 0.1])]
            lines = lines or [b""]
        yield b"\n".join(lines)


def _place(chance: np.random.Generator, head: int, width: int) -> int:
    return int(chance.integers(max(1, head - width)))


def _flip(raw: bytearray, chance: np.random.Generator, head: int) -> None:
    if raw:
        raw[_place(chance, head, 0)] ^= 1 << chance.integers(8)


def _overwrite(raw: bytearray, chance: np.random.Generator, head: int) -> None:
    if raw:
        raw[_place(chance, head, 0)] = chance.integers(256)


def _number(raw: bytearray, chance: np.random.Generator, head: int) -> None:
    at = _place(chance, head, 4) // 2 * 2
    form = "<>"[chance.integers(2)] + "i"
    raw[at : at + 4] = struct.pack(form, NUMBERS[chance.integers(len(NUMBERS))])


def _swap(raw: bytearray, chance: np.random.Generator, head: int) -> None:
    """The other order of bytes in some words."""
    at = _place(chance, head, 4) // 4 * 4
    for start in range(at, min(head, at + 4 * int(chance.integers(1, 9))), 4):
        raw[start : start + 4] = raw[start : start + 4][::-1]


def _cut(raw: bytearray, chance: np.random.Generator, _: int) -> None:
    del raw[int(chance.integers(len(raw) + 1)) :]


def _repeat(raw: bytearray, chance: np.random.Generator, head: int) -> None:
    at = _place(chance, head, 8)
    raw[at:at] = raw[at : at + int(chance.integers(1, 64))]
