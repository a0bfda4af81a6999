"""An EER encoder written from the format's description, bit by bit, sharing nothing with the reader."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Events = np.ndarray  # (n, 2) places on the grid 4 times as fine as the detector, (x, y)


def random_events(chance: np.random.Generator, detector: tuple[int, int], count: int) -> Events:
    """At most one electron a detector pixel, in raster order of the pixels."""
    pixels = np.sort(chance.choice(detector[0] * detector[1], count, replace=False))
    place = chance.integers(0, 4, (count, 2))
    return np.stack([pixels % detector[1] * 4 + place[:, 0], pixels // detector[1] * 4 + place[:, 1]], -1)


def image_of(events: Events, detector: tuple[int, int], upsampling: int) -> np.ndarray:
    """Histogram of events, ``(y, x)``."""
    image = np.zeros((detector[0] * upsampling, detector[1] * upsampling), int)
    np.add.at(image, (events[:, 1] * upsampling // 4, events[:, 0] * upsampling // 4), 1)
    return image


def encode(events: Events, detector: tuple[int, int], compression: int, skip_bits: int = 7) -> bytes:
    """The bits of one frame; places of 2 bits each, the upper one inverted, x in the lower pair."""
    bits: list[str] = []

    def put(value: int, width: int) -> None:
        bits.append(format(value, f"0{width}b")[::-1])

    width = 8 if compression == 65000 else skip_bits
    full, at, end = (1 << width) - 1, 0, detector[0] * detector[1]
    stops = [(int(y) // 4 * detector[1] + int(x) // 4, int(x) % 4 ^ 2, int(y) % 4 ^ 2) for x, y in events]
    for pixel, x, y in [*stops, (end, None, None)]:
        while pixel - at >= full:
            put(full, width)
            at += full
            if compression == 65000:
                put(0, 4)
        put(pixel - at, width)
        if x is not None:
            put(x, 2)
            put(y, 2)
            at = pixel + 1
    stream = "".join(bits)
    stream += "0" * (-len(stream) % 8)
    return bytes(int(stream[k : k + 8][::-1], 2) for k in range(0, len(stream), 8))


def write_eer(
    path: Path, frames: Sequence[Events], detector: tuple[int, int], *, compression: int = 65001, skip_bits: int = 7, xml: bytes = b"",
    order: str = "<", big: bool = False, sum_first: bool = False,
) -> Path:  # fmt: skip
    """A TIFF (or BigTIFF) of one page a frame; with ``sum_first`` an uncompressed page of 8 bits comes before them."""
    bodies = [(encode(events, detector, compression, skip_bits), compression) for events in frames]
    if sum_first:
        bodies.insert(0, (bytes(detector[0] * detector[1]), 1))
    head = struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)
    raw = bytearray((b"II" if order == "<" else b"MM") + head)
    link = len(raw) - (8 if big else 4)
    word = "Q" if big else "I"
    for k, (body, kind) in enumerate(bodies):
        starts = len(raw)
        raw += body
        tags = [(256, 4, detector[1]), (257, 4, detector[0]), (258, 3, 8 if kind == 1 else 1), (259, 3, kind), (262, 3, 1),
                (273, 4, starts), (277, 3, 1), (278, 4, detector[0]), (279, 4, len(body))]  # fmt: skip
        entries = [(tag, form, 1, struct.pack(order + {3: "H", 4: "I"}[form], value)) for tag, form, value in tags]
        if k == 0 and xml:
            entries.append((65001, 7, len(xml), struct.pack(order + word, len(raw))))
            raw += xml
        if kind == 65002:
            entries += [(65007, 3, 1, struct.pack(order + "H", skip_bits))]
            entries += [(tag, 3, 1, struct.pack(order + "H", 2)) for tag in (65008, 65009)]
        struct.pack_into(order + word, raw, link, len(raw))
        raw += struct.pack(order + ("Q" if big else "H"), len(entries))
        for tag, form, count, value in entries:
            raw += struct.pack(order + "HH" + word, tag, form, count) + value.ljust(struct.calcsize(word), b"\0")
        link = len(raw)
        raw += bytes(struct.calcsize(word))
    path.write_bytes(raw)
    return path
