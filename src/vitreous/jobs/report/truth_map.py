"""A map against the true one: turned and moved onto it, mirrored if that fits better, then correlated."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume

#: Å: detail by which the middle of a map is found; by which it is turned over all orientations, and then about the best.
SMOOTH, COARSE, FINE = 40.0, 30.0, 12.0


@dataclass(frozen=True, eq=False)
class MapMatch:
    """How a map lies relative to the true one: T(r) = V(M (g r + c)), M the mirror x → −x where ``mirrored``, else 1.

    Parameters
    ----------
    rotation
        g, float64 ``(3, 3)``.
    mirrored
        Whether the map has the other hand.
    offset
        c in Å, (x, y, z).
    k, fsc
        Å⁻¹ and the correlation with the true map inside the mask, ``(s,)``.
    resolution
        Å at which it first falls below 0.5; ``None`` if it never does.
    turned, true
        The map in the place of the true one, and that one, both masked.
    """

    rotation: Tensor
    mirrored: bool
    offset: Tensor
    k: Tensor
    fsc: Tensor
    resolution: float | None
    turned: Tensor
    true: Tensor

    @property
    def mirror(self) -> Tensor:
        """M, float64 ``(3, 3)``."""
        return torch.diag(torch.tensor([-1.0 if self.mirrored else 1.0, 1.0, 1.0], dtype=torch.float64))


def match(found: Volume, mask: Tensor | None, true: Tensor, symmetry: str = "C1") -> MapMatch:
    """Turn a map onto the true one and correlate them.

    Parameters
    ----------
    found
        A cube.
    mask
        Soft, of the same shape; a ball without it.
    true
        On the same grid.
    symmetry
        Point group of ``found``.
    """
    from vitreous.numerics.filters import soft_disc
    from vitreous.numerics.map_align import align, align_near, mirror, turn
    from vitreous.numerics.symmetry import symmetry as point_group

    size, voxel = found.shape[0], found.voxel_size
    weights = soft_disc((size,) * 3, 0.42 * size, 0.05 * size) if mask is None else mask
    kept = found.values * weights
    first, second = _mass_centre(_smooth(kept, voxel)), _mass_centre(_smooth(true, voxel))
    coarse, fine = (min(size // 2 - 2, max(4, round(size * voxel / detail))) for detail in (COARSE, FINE))
    placed = align(_rolled(kept, -first), _rolled(true, -second), radius=coarse, group=point_group(symmetry))
    if placed.mirrored:
        kept, weights, first = mirror(kept), mirror(weights), first * torch.tensor([-1, 1, 1])
    centred = _rolled(kept, -first)
    rotation = placed.rotation
    for _ in range(2):
        move = _move(turn(centred, rotation), true, fine)
        rotation, _best = align_near(centred, _shifted(true, -move), rotation, radius=fine)
    turned, window = (_shifted(turn(each, rotation), move) for each in (centred, _rolled(weights, -first)))
    window = window.clamp(0, 1)
    offset = first.double() - rotation @ move
    k, fsc = _correlation(turned, true * window, voxel)
    return MapMatch(rotation, placed.mirrored, offset * voxel, k, fsc, _half(fsc, k), turned, true * window)


def _smooth(volume: Tensor, voxel: float) -> Tensor:
    from vitreous.numerics.filters import low_pass

    return low_pass(volume.float(), max(SMOOTH, 4 * voxel), voxel, axes=3)


def _mass_centre(volume: Tensor) -> Tensor:
    """Centre of mass of what is above 0.3 of the greatest density, whole voxels from the origin, (x, y, z)."""
    mass = torch.where(volume > 0.3 * volume.max(), volume, 0.0).double()
    centre = []
    for axis in (2, 1, 0):
        line = torch.arange(volume.shape[axis], dtype=torch.float64) - volume.shape[axis] // 2
        across = [other for other in range(3) if other != axis]
        centre.append(round(float((mass.sum(across) * line).sum() / mass.sum().clamp_min(1e-30))))
    return torch.tensor(centre)


def _rolled(volume: Tensor, by: Tensor) -> Tensor:
    """Move the content by whole voxels (x, y, z)."""
    return volume.roll((int(by[2]), int(by[1]), int(by[0])), (0, 1, 2))


def _move(moving: Tensor, fixed: Tensor, radius: int) -> Tensor:
    """Voxels (x, y, z) by which ``moving`` must go to lie on ``fixed``: the peak of their correlation up to shell ``radius``."""
    from vitreous.numerics.fourier import centred_irfftn, centred_rfftn
    from vitreous.numerics.shells import shell_index

    size = moving.shape[0]
    cross = centred_rfftn(fixed.float()) * centred_rfftn(moving.float()).conj()
    peaks = centred_irfftn(torch.where(shell_index(tuple(moving.shape)) <= radius, cross, 0), (size,) * 3)
    place = [int(i) for i in torch.unravel_index(peaks.argmax(), peaks.shape)]
    found = []
    for axis in (2, 1, 0):
        line = [float(peaks[tuple((p + step * (a == axis)) % size for a, p in enumerate(place))]) for step in (-1, 0, 1)]
        bend = line[0] - 2 * line[1] + line[2]
        found.append(place[axis] - size // 2 + (0.5 * (line[0] - line[2]) / bend if bend else 0.0))
    return torch.tensor(found, dtype=torch.float64)


def _shifted(volume: Tensor, by: Tensor) -> Tensor:
    """Move the content by fractions of voxels (x, y, z), by phases."""
    from vitreous.numerics.fourier import axis_frequencies, irfftn, rfftn

    spectrum = rfftn(volume.float())
    for axis, (size, step) in enumerate(zip(volume.shape, by.flip(0).tolist())):
        angle = -2 * torch.pi * step * axis_frequencies(size, half=axis == 2)
        spectrum = spectrum * torch.polar(torch.ones_like(angle), angle).reshape([-1 if a == axis else 1 for a in range(3)])
    return irfftn(spectrum, volume.shape)


def _correlation(a: Tensor, b: Tensor, voxel: float) -> tuple[Tensor, Tensor]:
    from vitreous.reconstruct.fourier import map_correlation

    fsc = map_correlation(a, b)
    return torch.arange(len(fsc)) / (a.shape[0] * voxel), fsc


def _half(fsc: Tensor, k: Tensor) -> float | None:
    """Å at which the correlation first falls below 0.5, between shells."""
    from vitreous.stages.postprocess.resolution import first_crossing

    shell = first_crossing(fsc, 0.5)
    return None if shell is None else 1 / (shell * float(k[1]))
