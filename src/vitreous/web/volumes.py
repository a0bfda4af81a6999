"""A map as the browser gets it: 16 bits a voxel, packed, kept for the next time."""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.io.overview import Overview, read_overview
from vitreous.runtime.files import read_json, replacing, write_json
from vitreous.views.contour import contour_level

#: Values a side that a browser is given; 256³ of them are 33 MB before packing.
MOST = 256
#: Value of the highest code.
TOP = 65535
#: Raised when what is kept would be made otherwise.
VERSION = 1

_one_at_a_time = threading.Lock()


def shown_volume(path: Path, cache: Path, *, sparse: bool = False, most: int = MOST) -> tuple[dict[str, Any], Path]:
    """Make, or find in the cache, what the browser is given of a map.

    Parameters
    ----------
    path
        An MRC file.
    cache
        Folder for what was made.
    sparse
        As for :func:`~vitreous.io.overview.read_overview`.
    most
        Values a side.

    Returns
    -------
    tuple
        What the numbers mean, for JSON, and a gzip file of little-endian uint16, x fastest: ``low + code (high - low) / 65535``.
        The meaning holds ``shape`` (z, y, x), ``voxel_size`` and ``first`` (Å, spacing and place of the first value from the
        file's first voxel), ``corner`` (Å), ``low``, ``high``, ``mean``, ``sigma``, ``level`` (of a first surface), ``block``
        and ``file_shape``.

    Raises
    ------
    FormatError, InputError
        If the map cannot be read.
    """
    stamp = path.stat()
    told = f"{VERSION} {path} {stamp.st_mtime_ns} {stamp.st_size} {sparse} {most}"
    folder = cache / hashlib.sha256(told.encode()).hexdigest()[:24]
    meaning, codes = folder / "volume.json", folder / "volume.gz"
    # One map in memory at a time, however many are asked for.
    with _one_at_a_time:
        with suppress(OSError, ValueError):
            if codes.is_file():
                return read_json(meaning), codes  # type: ignore[return-value]
        overview = read_overview(path, most, sparse=sparse)
        found = meaning_of(overview)
        with replacing(codes) as aside:
            write_packed(aside, overview.values, found["low"], found["high"])
        write_json(meaning, found)
    return found, codes


def meaning_of(overview: Overview) -> dict[str, Any]:
    """What the codes of a map stand for; see :func:`shown_volume`."""
    values = overview.values
    return {
        "shape": list(values.shape), "voxel_size": overview.voxel_size, "first": overview.first, "corner": list(overview.corner),
        "low": float(values.min()), "high": float(values.max()), "mean": overview.mean, "sigma": overview.sigma,
        "level": first_level(values), "block": overview.block, "file_shape": list(overview.shape),
    }  # fmt: skip


def first_level(values: NDArray[np.float32]) -> float:
    """Density of a first surface, from an eighth of the values where there are many; see :func:`~vitreous.views.contour.contour_level`."""
    step = 2 if values.size > 2**20 else 1
    return contour_level(values[::step, ::step, ::step], 1.0)


def write_packed(path: Path, values: NDArray[np.float32], low: float, high: float) -> None:
    """Write the codes as a gzip file, a section at a time, and quickly: level 9 takes minutes for a map, and saves a quarter."""
    packer = zlib.compressobj(1, wbits=31)
    with path.open("wb") as out:
        for section in values:
            out.write(packer.compress(quantised(section, low, high).tobytes()))
        out.write(packer.flush())


def quantised(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint16]:
    """Codes from 0 at ``low`` to 65535 at ``high``; all 0 where the two are the same."""
    if high <= low:
        return np.zeros(values.shape, "<u2")
    return np.rint((values.astype(np.float64) - low) * (TOP / (high - low))).astype("<u2")


def header_of(meaning: dict[str, Any]) -> dict[str, str]:
    """The response header that carries the meaning of the codes."""
    return {"x-volume": json.dumps(meaning), "content-encoding": "gzip"}
