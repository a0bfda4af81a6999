"""A map too large to be looked at, brought down to a size that can: by means of blocks, a few sections in memory at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import FormatError, require
from vitreous.io.map_scale import corner_of, scale_of
from vitreous.io.stacks import open_stack, read_header

#: Sections ``start`` to ``stop`` of a map, float32 ``(n, y, x)``.
Sections = Callable[[int, int], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Overview:
    """A map on a grid that is coarse enough.

    Parameters
    ----------
    values
        float32 ``(z, y, x)``: means of blocks of ``block`` voxels a side. What does not fill a block at the far end is left out.
    voxel_size
        Å between values.
    block
        Voxels of the file to a value, along each axis; 1 where the file is small enough.
    shape
        (z, y, x) of the file.
    mean, sigma
        Of the file's voxels that are in a block.
    corner
        As for :class:`~vitreous.data.volume.Volume`: where the file's voxel (0, 0, 0) lies, Å.
    """

    values: NDArray[np.float32]
    voxel_size: float
    block: int
    shape: tuple[int, int, int]
    mean: float
    sigma: float
    corner: tuple[float, float, float]

    @property
    def first(self) -> float:
        """Å from the middle of the file's first voxel to that of the first block, along each axis."""
        return 0.5 * (self.block - 1) * self.voxel_size / self.block


def read_overview(path: str | Path, most: int = 256, *, sparse: bool = False) -> Overview:
    """Read a map on at most ``most`` values a side.

    Parameters
    ----------
    path
        An MRC file.
    most
        Values a side.
    sparse
        Zeros mean that nothing is known there (a map of local resolution): a block has the mean of its other voxels.

    Raises
    ------
    FormatError, InputError
        As :func:`~vitreous.io.mrc.read_volume`.
    """
    require(most > 0, "most", most, "positive")
    header = read_header(path)
    block = -(-max(header.shape) // most)
    if header.axes != (1, 2, 3):
        # Rare, and it takes torch, which a server does without.
        from vitreous.io.mrc import read_volume

        volume = read_volume(path)
        values = volume.values.numpy()
        return _overview(lambda start, stop: values[start:stop], volume.shape, block, volume.voxel_size, volume.corner, sparse)
    scale, stack = scale_of(header, path), open_stack(path)

    def sections(start: int, stop: int) -> NDArray[np.float32]:
        found = stack.read(slice(start, stop))
        bad = ~np.isfinite(found).all((1, 2))
        if bad.any():
            raise FormatError(path, f"a map must be finite everywhere; section {start + int(bad.argmax())} is not.")
        return found

    return _overview(sections, header.shape, block, scale, corner_of(header, scale), sparse)


def _overview(
    sections: Sections, shape: tuple[int, int, int], block: int, scale: float, corner: tuple[float, float, float], sparse: bool,
) -> Overview:  # fmt: skip
    require(min(shape) >= block, "a map", shape, f"at least {block} voxels along every axis, to be shown in blocks of that many")
    size = tuple(side // block for side in shape)
    values = np.empty(size, np.float32)
    total = squares = 0.0
    for z in range(size[0]):
        slab = sections(z * block, (z + 1) * block)[:, : size[1] * block, : size[2] * block]
        wide = slab.astype(np.float64)
        total += float(wide.sum())
        squares += float(np.vdot(wide, wide))
        values[z] = _means(slab, block, sparse)
    count = values.size * block**3
    mean = total / count
    sigma = float(np.sqrt(max(squares / count - mean**2, 0.0)))
    return Overview(values, scale * block, block, shape, mean, sigma, corner)


def _means(slab: NDArray[np.float32], block: int, sparse: bool) -> NDArray[np.float32]:
    """Means of the blocks of one layer, ``(y, x)``."""
    if block == 1:
        return slab[0]
    _, rows, columns = slab.shape
    blocks = slab.reshape(block, rows // block, block, columns // block, block)
    count = (blocks != 0).sum((0, 2, 4)) if sparse else block**3
    return blocks.sum((0, 2, 4)) / np.maximum(count, 1)
