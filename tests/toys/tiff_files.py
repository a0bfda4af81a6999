"""A TIFF writer from the specification (TIFF 6.0), for what other writers do not write: 4-bit samples in strips and tiles of any codec."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np

CODECS = {1: bytes, 5: imagecodecs.lzw_encode, 8: zlib.compress, 32946: zlib.compress, 32773: imagecodecs.packbits_encode}


def nibbles(block: np.ndarray) -> bytes:
    """Rows of 4-bit samples, the high half of a byte first, each row in whole bytes."""
    wide = np.pad(block, ((0, 0), (0, block.shape[1] % 2)))
    return (wide[:, 0::2] << 4 | wide[:, 1::2]).astype(np.uint8).tobytes()


def write_four_bits(
    path: Path, frames: np.ndarray, *, compression: int = 1, rows_a_strip: int = 7, tile: int = 0, order: str = "<", big: bool = False
) -> Path:
    """Frames ``(n, y, x)`` of values to 15, the last row first; in strips, or square tiles of a multiple of 16."""
    word = "Q" if big else "I"
    head = struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)
    raw = bytearray((b"II" if order == "<" else b"MM") + head)
    link = len(raw) - struct.calcsize(word)
    for frame in frames:
        rows, columns = frame.shape
        stored = frame[::-1]
        if tile:
            wide = np.pad(stored, ((0, -rows % tile), (0, -columns % tile)))
            blocks = [wide[y : y + tile, x : x + tile] for y in range(0, rows, tile) for x in range(0, columns, tile)]
        else:
            blocks = [stored[y : y + rows_a_strip] for y in range(0, rows, rows_a_strip)]
        bodies = [bytes(CODECS[compression](nibbles(block))) for block in blocks]
        starts = np.cumsum([len(raw), *map(len, bodies)])[:-1]
        raw += b"".join(bodies)
        layout = [(322, [tile]), (323, [tile]), (324, starts), (325, list(map(len, bodies)))] if tile else [
            (273, starts), (278, [rows_a_strip]), (279, list(map(len, bodies)))]  # fmt: skip
        tags = sorted([(256, [columns]), (257, [rows]), (258, [4]), (259, [compression]), (262, [1]), (277, [1]), *layout])
        entries = []
        for tag, values in tags:
            data = struct.pack(f"{order}{len(values)}I", *map(int, values))
            if len(data) > struct.calcsize(word):
                data, at = struct.pack(order + word, len(raw)), data
                raw += at
            entries.append(struct.pack(order + "HH" + word, tag, 4, len(values)) + data.ljust(struct.calcsize(word), b"\0"))
        struct.pack_into(order + word, raw, link, len(raw))
        raw += struct.pack(order + ("Q" if big else "H"), len(entries)) + b"".join(entries)
        link = len(raw)
        raw += bytes(struct.calcsize(word))
    path.write_bytes(raw)
    return path
