"""A density map with its scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.resample import fourier_resize


@dataclass(frozen=True)
class Volume:
    """A map on a cubic or rectangular grid.

    Parameters
    ----------
    values
        Real, ``(z, y, x)``; the origin is voxel n // 2 of each axis.
    voxel_size
        Å per voxel, positive.
    corner
        Where voxel (0, 0, 0) lies in the coordinates of a model, Å, as (x, y, z).

    Raises
    ------
    InputError
        If the values are not three-dimensional or the voxel size is not positive.
    """

    values: Tensor
    voxel_size: float
    corner: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        require(self.values.ndim == 3, "a map", tuple(self.values.shape), "three-dimensional (z, y, x)")
        require(self.voxel_size > 0, "voxel_size", self.voxel_size, "positive, in Å",
                instead="read_volume(path, voxel_size=1.06) if the file has no scale")  # fmt: skip

    @property
    def shape(self) -> tuple[int, int, int]:
        """(z, y, x)."""
        return tuple(self.values.shape)  # type: ignore[return-value]

    def resized(self, size: int) -> Volume:
        """The same map on ``size`` voxels a side, by cropping or padding its transform; cubes only."""
        require(len(set(self.shape)) == 1, "a map to resize", self.shape, "a cube")
        factor = self.shape[0] / size
        return replace(self, values=fourier_resize(self.values, (size,) * 3), voxel_size=self.voxel_size * factor)
