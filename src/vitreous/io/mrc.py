"""MRC maps and images; stacks are in :mod:`vitreous.io.stacks` and can be had from here too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vitreous.data.volume import Volume
from vitreous.errors import FormatError, require
from vitreous.io.map_scale import corner_of, scale_of
from vitreous.io.mrc_header import MrcHeader, header_bytes
from vitreous.io.stacks import (
    ImageStack,
    decode_section,
    open_stack,
    read_data,
    read_header,
    square_pixel,
    write_stack,
)
from vitreous.runtime.files import replacing

__all__ = [
    "ImageStack",
    "MrcHeader",
    "open_stack",
    "read_header",
    "read_image",
    "read_volume",
    "write_image",
    "write_stack",
    "write_volume",
]


def read_volume(path: str | Path, voxel_size: float | None = None) -> Volume:
    """Read a map.

    Parameters
    ----------
    path
        An MRC or CCP4 file of any mode, byte order and axis order, plain or compressed (gz, bz2, zst).
    voxel_size
        Å; overrules the header. Needed where the header is silent.

    Returns
    -------
    Volume
        float32 ``(z, y, x)``, whichever axes the file stores fastest. ``corner`` is the header's origin where that is not
        zero, else its start times the voxel size (the rule of ChimeraX).

    Raises
    ------
    FormatError
        If the file is damaged, its voxels are not cubes, or a value is not a finite number.
    InputError
        If the header has no scale and none is given.
    """
    header = read_header(path)
    scale = scale_of(header, path, voxel_size)
    values = _numbers(read_data(path, header), header)
    order = [header.axes[::-1].index(axis) for axis in (3, 2, 1)]
    values = np.ascontiguousarray(values.transpose(order), np.float32)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        raise FormatError(path, f"a map must be finite everywhere; got {int(bad.sum())} values that are not, "
                          f"the first at (z, y, x) = {first}.")  # fmt: skip
    return Volume(torch.from_numpy(values), scale, corner_of(header, scale))


def _numbers(data: bytearray, header: MrcHeader) -> np.ndarray:
    sections, rows, columns = header.shape
    flat = MrcHeader(shape=(1, sections * rows, columns), mode=header.mode, byte_order=header.byte_order,
                     signed_bytes=header.signed_bytes)  # fmt: skip
    return decode_section(data, flat).reshape(header.shape)


def write_volume(path: str | Path, volume: Volume) -> None:
    """Write a map as float32 (mode 2), its corner in the header's origin; the file appears whole or not at all.

    Raises
    ------
    InputError
        If a value is not finite.
    """
    values = np.ascontiguousarray(volume.values.detach().cpu().numpy(), "<f4")
    require(bool(np.isfinite(values).all()), "a map to write", "NaN or infinity", "finite everywhere")
    sections, rows, columns = values.shape
    intervals = (columns, rows, sections)
    header = MrcHeader(
        shape=values.shape, mode=2, intervals=intervals, cell=tuple(n * volume.voxel_size for n in intervals),
        origin=volume.corner, statistics=_statistics(values),
    )  # fmt: skip
    _write(path, header, values)


def read_image(path: str | Path) -> tuple[np.ndarray, float | None]:
    """Read one image from an MRC or TIFF file.

    Returns
    -------
    tuple
        float32 ``(y, x)``, row 0 being the first in an MRC file and the last in a TIFF file, and Å per pixel (None where the
        header does not say).

    Raises
    ------
    FormatError
        If the file is damaged, holds more than one image, or a value is not a finite number.
    """
    from vitreous.io.tiff import is_tiff, read_tiff_image

    if is_tiff(path):
        image, scale = read_tiff_image(path)
    else:
        stack = open_stack(path)
        if stack.count != 1:
            raise FormatError(path, f"one image is wanted; got {stack.count} sections. Try: open_stack or open_movie.", "header")
        image, scale = stack.read()[0], square_pixel(stack.header, path)
    bad = int(image.size - np.isfinite(image).sum())
    if bad:
        raise FormatError(path, f"an image must be finite everywhere; got {bad} values that are not.")
    return image, scale


def write_image(path: str | Path, image: np.ndarray, pixel_size: float | None) -> None:
    """Write one image ``(y, x)`` as float32 MRC; ``pixel_size`` in Å, None to leave the header silent.

    Raises
    ------
    InputError
        If it is not two-dimensional and finite.
    """
    write_stack(path, [np.asarray(image)], pixel_size)


def _statistics(values: np.ndarray) -> tuple[float, float, float, float]:
    mean = float(values.mean(dtype=np.float64))
    return float(values.min()), float(values.max()), mean, float(values.std(dtype=np.float64))


def _write(path: str | Path, header: MrcHeader, values: np.ndarray) -> None:
    with replacing(path) as aside, aside.open("wb") as handle:
        handle.write(header_bytes(header))
        handle.write(values.data)
