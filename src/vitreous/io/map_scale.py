"""Where a map lies and how large its voxels are, from its header alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitreous.errors import FormatError, require
from vitreous.io.mrc_header import MrcHeader


def scale_of(header: MrcHeader, path: str | Path, voxel_size: float | None = None) -> float:
    """Å per voxel of a map; ``voxel_size`` overrules its header. Errors as for :func:`~vitreous.io.mrc.read_volume`."""
    if any(abs(angle - 90) > 0.05 for angle in header.angles if angle > 0):
        raise FormatError(path, f"the cell's angles must be 90 degrees; got {header.angles}. It is a map of a crystal: resample "
                          "it to an orthogonal grid first.", "header, cell")  # fmt: skip
    scale = float(voxel_size if voxel_size is not None else _cubic_voxel(header, path))
    require(scale > 0, "voxel_size", scale, f"positive, in Å, for {path} (the header gives none)",
            instead=f'read_volume("{path}", voxel_size=1.06)')  # fmt: skip
    return scale


def _cubic_voxel(header: MrcHeader, path: str | Path) -> float:
    """Å per voxel, 0 where the header is silent."""
    sizes = header.pixel_size
    if min(sizes) <= 0:
        return 0.0
    if max(sizes) - min(sizes) > 1e-3 * max(sizes):
        raise FormatError(path, f"voxels must be cubes; got {sizes} Å along (x, y, z). Resample the map first, or give "
                          "voxel_size if you know the header to be wrong.", "header, cell and intervals")  # fmt: skip
    return float(np.mean(sizes))


def corner_of(header: MrcHeader, scale: float) -> tuple[float, float, float]:
    """Where voxel (0, 0, 0) of ``scale`` Å lies, (x, y, z) in Å: the header's origin, or its start if that is zero."""
    if any(header.origin) and all(np.isfinite(header.origin)):
        return tuple(map(float, header.origin))  # type: ignore[return-value]
    return tuple(float(header.start[header.axes.index(axis)] * scale) for axis in (1, 2, 3))  # type: ignore[return-value]
