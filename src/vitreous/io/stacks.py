"""Stacks of images in MRC files: read a few images at a time, written one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vitreous.errors import FormatError, InputError, require
from vitreous.io.compressed import compression, opened, read_exactly
from vitreous.io.mrc_header import HEADER_BYTES, PACKED_NIBBLES, MrcHeader, header_bytes, parse_header
from vitreous.runtime.files import replacing

LARGEST_HALF = 65504.0


@dataclass(frozen=True)
class ImageStack:
    """Images of one MRC file, read when asked for.

    A plain file is opened, read and closed by every call, so that thousands of stacks need no open files and no address
    space, and a file cut off meanwhile is an error and no bus fault. A compressed file is kept in memory, decompressed.

    Parameters
    ----------
    path
        The file.
    header
        Its header.
    unpacked
        All bytes of the data of a compressed file, None for a plain one.
    """

    path: Path
    header: MrcHeader
    unpacked: bytes | None = field(default=None, repr=False)

    @property
    def count(self) -> int:
        """Number of images."""
        return self.header.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of an image."""
        return self.header.shape[1:]

    @property
    def pixel_size(self) -> float | None:
        """Å per pixel, None where the header does not say."""
        return square_pixel(self.header, self.path)

    def read(self, indices: int | slice | Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Images as float32 ``(n, y, x)``.

        Parameters
        ----------
        indices
            0-based images, in the order wanted (repeats are allowed); None for all.

        Raises
        ------
        InputError
            If an index is not in the file.
        FormatError
            If the file became shorter since it was opened.
        """
        chosen = np.atleast_1d(np.arange(self.count)[slice(None)] if indices is None else _chosen(indices, self.count))
        bad = chosen[(chosen < 0) | (chosen >= self.count)]
        require(not len(bad), f"an image of {self.path}", int(bad[0]) if len(bad) else 0, f"from 0 to {self.count - 1}")
        images = np.empty((len(chosen), *self.shape), np.float32)
        for image, raw in zip(images, self._sections(chosen)):
            image[:] = decode_section(raw, self.header)
        return images

    def native(self, index: int) -> np.ndarray:
        """One image in the type it is stored in, ``(y, x)``; 4-bit numbers come as uint8."""
        require(0 <= index < self.count, f"an image of {self.path}", index, f"from 0 to {self.count - 1}")
        return decode_section(next(iter(self._sections([index]))), self.header)

    def _sections(self, chosen: Iterable[int]) -> Iterable[bytes | memoryview]:
        size = self.header.section_bytes
        if self.unpacked is not None:
            view = memoryview(self.unpacked)
            yield from (view[i * size : (i + 1) * size] for i in map(int, chosen))
            return
        with self.path.open("rb", buffering=0) as handle:
            for i in map(int, chosen):
                buffer = bytearray(size)
                handle.seek(self.header.data_offset + i * size)
                _fill(handle, buffer, self.path, i)
                yield buffer


def _chosen(indices: int | slice | Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    if isinstance(indices, slice):
        return np.arange(count)[indices]
    array = np.asarray(indices)
    if array.dtype == bool:
        return np.flatnonzero(array)
    require(array.size == 0 or np.issubdtype(array.dtype, np.integer), "indices of images", array.dtype, "whole numbers")
    return array.astype(np.int64)


def _fill(handle: BinaryIO, buffer: bytearray, path: Path, index: int) -> None:
    view, filled = memoryview(buffer), 0
    while filled < len(buffer):
        got = handle.readinto(view[filled:])
        if not got:
            raise FormatError(path, f"image {index} must have {len(buffer)} bytes; got {filled}. The file was cut off.")
        filled += got


def decode_section(raw: bytes | bytearray | memoryview, header: MrcHeader) -> np.ndarray:
    """Numbers of one section ``(rows, columns)`` in native byte order; 4-bit numbers come as uint8, low half first."""
    _, rows, columns = header.shape
    if header.mode == PACKED_NIBBLES:
        pairs = np.frombuffer(raw, np.uint8).reshape(rows, -1)
        return np.stack([pairs & 15, pairs >> 4], -1).reshape(rows, -1)[:, :columns]
    stored = np.frombuffer(raw, header.dtype).reshape(rows, columns)
    return stored if stored.dtype.isnative else stored.astype(stored.dtype.newbyteorder("="))


def square_pixel(header: MrcHeader, path: str | Path) -> float | None:
    """Å per pixel of an image, None where the header does not say.

    Raises
    ------
    FormatError
        If x and y differ by more than one in a thousand.
    """
    x, y, _ = header.pixel_size
    if not (x > 0 and y > 0):
        return None
    if abs(x - y) > 1e-3 * max(x, y):
        raise FormatError(path, f"pixels must be square; got {x:.6g} Å in x and {y:.6g} Å in y.", "header, cell and intervals")
    return x


def read_header(path: str | Path) -> MrcHeader:
    """Read the header of an MRC file, plain or compressed, and hold it against the file's size.

    Raises
    ------
    FormatError
        If it is no MRC file or is cut off (a compressed file's length is only known when it is read).
    """
    kind = compression(path)
    size = None if kind else os.path.getsize(path)
    with opened(path) as handle:
        return parse_header(bytes(read_exactly(handle, HEADER_BYTES)), path, size)


def open_stack(path: str | Path) -> ImageStack:
    """Open the images of an MRC file; sections are images, whatever the header says about volumes.

    Raises
    ------
    FormatError
        If the file is not MRC, is cut off, or its axes are permuted.
    """
    path = Path(path).absolute()
    header = read_header(path)
    if header.axes != (1, 2, 3):
        raise FormatError(path, f"the axes of a stack of images must be (1, 2, 3); got {header.axes}.", "header")
    if not compression(path):
        return ImageStack(path, header)
    return ImageStack(path, header, bytes(read_data(path, header)))


def read_data(path: str | Path, header: MrcHeader) -> bytearray:
    """All bytes of the numbers, decompressed; memory grows with what is there, not with what the header promises.

    Raises
    ------
    FormatError
        If there are fewer than the header promises.
    """
    with opened(path) as handle:
        skipped = read_exactly(handle, header.data_offset)
        data = read_exactly(handle, header.data_bytes)
        # One byte more makes a decompressor reach its end and check its sum.
        handle.read(1)
    if len(data) < header.data_bytes:
        raise FormatError(path, f"the header promises {header.data_offset + header.data_bytes} bytes (shape {header.shape}, "
                          f"mode {header.mode}); got {len(skipped) + len(data)} bytes. The file was cut off.")  # fmt: skip
    return data


def write_stack(
    path: str | Path, images: Iterable[np.ndarray], pixel_size: float | None, *, half_precision: bool = False
) -> int:
    """Write images to an MRC stack, one at a time; the file appears whole or not at all.

    Parameters
    ----------
    path
        The file to make.
    images
        An array ``(n, y, x)`` or anything that gives arrays ``(y, x)`` of one shape.
    pixel_size
        Å per pixel; None to leave the header silent.
    half_precision
        Store float16 (mode 12), half the size, three digits; values must stay within ±65504.

    Returns
    -------
    int
        Number of images written.

    Raises
    ------
    InputError
        If there are no images, they differ in shape, or one holds NaN, infinity or what float16 cannot hold.
    """
    require(pixel_size is None or pixel_size > 0, "pixel_size", pixel_size, "positive, in Å, or None where it is unknown")
    with replacing(path) as aside, aside.open("wb") as handle:
        handle.write(bytes(HEADER_BYTES))
        sums = _Sums(12 if half_precision else 2)
        for image in images:
            handle.write(sums.take(np.asarray(image)))
        if sums.shape is None:
            raise InputError(f"a stack must have at least one image; got none for {path}.")
        handle.seek(0)
        handle.write(header_bytes(sums.header(pixel_size)))
    return sums.count


class _Sums:
    """Shape and statistics of the images written so far."""

    def __init__(self, mode: int) -> None:
        self.mode, self.count, self.shape = mode, 0, None
        self.low, self.high, self.total, self.squares = np.inf, -np.inf, 0.0, 0.0

    def take(self, image: np.ndarray) -> bytes:
        """Check one image, count it, and give its bytes."""
        require(image.ndim == 2, f"image {self.count} of a stack", image.shape, "two-dimensional (y, x)")
        self.shape = self.shape or image.shape
        require(image.shape == self.shape, f"image {self.count} of a stack", image.shape, f"of one shape, {self.shape}")
        low, high = float(image.min()), float(image.max())
        require(np.isfinite(low) and np.isfinite(high), f"image {self.count} of a stack", (low, high), "finite everywhere")
        if self.mode == 12:
            require(max(-low, high) <= LARGEST_HALF, f"image {self.count} of a stack", (low, high),
                    "within ±65504 for half precision", instead="half_precision=False")  # fmt: skip
        stored = np.ascontiguousarray(image, "<f2" if self.mode == 12 else "<f4")
        values = stored.astype(np.float32, copy=False)
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        self.total += float(values.sum(dtype=np.float64))
        self.squares += float(np.vdot(values, values))
        self.count += 1
        return stored.tobytes()

    def header(self, pixel_size: float | None) -> MrcHeader:
        rows, columns = self.shape
        shape, scale, pixels = (self.count, rows, columns), pixel_size or 0.0, self.count * rows * columns
        mean = self.total / pixels
        rms = max(0.0, self.squares / pixels - mean**2) ** 0.5
        return MrcHeader(
            shape=shape, mode=self.mode, intervals=(columns, rows, 1), space_group=0,
            cell=(columns * scale, rows * scale, scale), statistics=(self.low, self.high, mean, rms),
        )  # fmt: skip
