"""Central slices of a volume and the way back: one front door to the kernels.

The transform of a projection along lab z is a slice of the volume's transform (Bracewell 1956; DeRosier & Klug 1968,
Nature 217:130). Slices are trilinear on a grid ``PAD`` times finer than the volume's own, the volume divided beforehand by
the transform of the triangle, sinc²(x / PAD n), which is what linear interpolation multiplies it with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.disc import Disc
from vitreous.numerics.fourier import central_irfftn, central_rfftn
from vitreous.numerics.kernels import cpu
from vitreous.numerics.kernels.choice import uses_triton

#: Oversampling of Fourier space. 2 leaves 1.1 % interpolation error in a slice, 1 leaves 5 %.
PAD = 2


@dataclass(frozen=True, eq=False)
class HalfBall:
    """The transform of a volume of ``size`` voxels within ``radius`` shells, ready to be sliced.

    Parameters
    ----------
    values
        complex64 ``(2m + 1, 2m + 1, m + 1)``, m = PAD · radius + 2; zero frequency at (m, m, 0).
    size
        Side of the volume, voxels.
    radius
        Last shell (of the volume's own grid) that may be asked for.
    """

    values: Tensor
    size: int
    radius: int


def ball_margin(radius: int) -> int:
    """m of a half ball that holds shells up to ``radius`` (whose points reach radius + ½) and their upper neighbours."""
    return math.ceil(PAD * (radius + 0.5)) + 2


def window(size: int) -> Tensor:
    """sinc²(x / PAD n) along one axis of ``size`` voxels, float32."""
    return torch.sinc((torch.arange(size) - size // 2) / (PAD * size)) ** 2


def _divide_window(values: Tensor) -> Tensor:
    w = window(values.shape[-1]).to(values)
    return values / (w[:, None, None] * w[:, None] * w)


def half_ball(values: Tensor, radius: int, *, scale: float = 1.0) -> HalfBall:
    """Transform a cubic volume ``(z, y, x)`` for slicing up to shell ``radius``, times ``scale`` (its voxel size)."""
    size = values.shape[-1]
    m = ball_margin(radius)
    keep = min(m, PAD * size // 2 - 1)
    cut = central_rfftn(_divide_window(values.float()), PAD * size, keep)
    if keep < m:
        extra = m - keep
        cut = torch.nn.functional.pad(cut, (0, extra, extra, extra, extra, extra))
    if uses_triton(cut.device):
        return HalfBall((cut * scale).contiguous(), size, radius)
    # In memory of numpy's, which asks the system for huge pages: random views of a large ball wait for page tables otherwise.
    values = np.empty(tuple(cut.shape), np.complex64)
    np.multiply(cut.numpy(), scale, out=values, casting="same_kind")
    return HalfBall(torch.from_numpy(values), size, radius)


def flat_ball(ball: HalfBall) -> tuple[np.ndarray, int]:
    """The half ball as the kernels want it: its floats in one line, and m."""
    return torch.view_as_real(ball.values).numpy().reshape(-1), ball.values.shape[-1] - 1


def slices(ball: HalfBall, rotations: Tensor, disc: Disc, count: int | None = None) -> Tensor:
    """Slices at ``rotations`` ``(b, 3, 3)`` at the first ``count`` points of ``disc``: complex64 ``(b, count)``, where the ball is."""
    count = len(disc) if count is None else count
    if uses_triton(ball.values.device):
        from vitreous.numerics.device_slices import slices_on_device

        return slices_on_device(ball, rotations, disc, count)
    out = np.empty((len(rotations), 2 * count), np.float32)
    flat, m = flat_ball(ball)
    turns = np.ascontiguousarray(rotations.float().numpy())
    cpu.slices(flat, m, turns, disc.kx[:count].numpy(), disc.ky[:count].numpy(), np.float32(PAD), out)
    return torch.from_numpy(out.view(np.complex64))


class Insertion:
    """Sums of slices put back where they came from: numerator Σ w X and denominator Σ w, in a half ball.

    Parameters
    ----------
    size
        Side of the volume, voxels.
    radius
        Last shell that will be inserted.
    parts
        Independent accumulators, one a thread. The result depends on their number only by rounding.
    """

    def __init__(self, size: int, radius: int, parts: int | None = None) -> None:
        self.size, self.radius = size, radius
        m = ball_margin(radius)
        self.parts = min(torch.get_num_threads(), 8) if parts is None else parts
        self._shape = (2 * m + 1, 2 * m + 1, m + 1, 3)
        self._sums = np.zeros((self.parts, math.prod(self._shape)), np.float32)

    def add(self, rotations: Tensor, values: Tensor, weights: Tensor, disc: Disc) -> None:
        """Add slices: complex ``values`` and real ``weights``, both ``(b, k)``, k a prefix of ``disc``."""
        count = values.shape[-1]
        cpu.insert(
            self._sums, self._shape[2] - 1, np.ascontiguousarray(rotations.float().numpy()),
            np.ascontiguousarray(values.numpy(), np.complex64).view(np.float32), np.ascontiguousarray(weights.numpy(), np.float32),
            disc.kx[:count].numpy(), disc.ky[:count].numpy(), np.float32(PAD),
        )  # fmt: skip

    def cells(self) -> np.ndarray:
        """All parts together as float32 ``(2m + 1, 2m + 1, m + 1, 3)``: re, im and weight of each cell. Ends the adding."""
        whole = self._sums[0]
        for part in self._sums[1:]:
            whole += part
        sums = whole.reshape(self._shape)
        _add_mates(sums)
        return sums

    def total(self, symmetry: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Numerator (complex64) and denominator (float32) half balls, summed over the rotations of a group if given."""
        sums = self._sums.sum(0).reshape(self._shape)
        _add_mates(sums)
        numerator = np.ascontiguousarray(sums[..., :2]).view(np.complex64)[..., 0]
        found = torch.from_numpy(numerator), torch.from_numpy(np.ascontiguousarray(sums[..., 2]))
        return found if symmetry is None else symmetrised(*found, symmetry)


def symmetrised(numerator: Tensor, denominator: Tensor, symmetry: Tensor) -> tuple[Tensor, Tensor]:
    """Half balls summed over the rotations ``(g, 3, 3)`` of a group."""
    if len(symmetry) == 1:
        return numerator, denominator
    cells = torch.cat([torch.view_as_real(numerator), denominator[..., None]], -1)
    if uses_triton(cells.device):
        from vitreous.numerics.kernels.triton_insert import rotate_sum

        turned = rotate_sum(cells, symmetry)
        return torch.view_as_complex(turned[..., :2].contiguous()), turned[..., 2].contiguous()
    sums = cells.numpy()
    out = np.empty_like(sums)
    cpu.rotate_sum(sums.reshape(-1), sums.shape[2] - 1, np.ascontiguousarray(symmetry.float().numpy()), out.reshape(-1))
    return torch.from_numpy(np.ascontiguousarray(out[..., :2]).view(np.complex64)[..., 0]), torch.from_numpy(out[..., 2].copy())


def _add_mates(sums: np.ndarray) -> None:
    """On the plane x = 0 both a point and its mate are stored: make them agree, each the sum of the two."""
    plane = sums[:, :, 0]
    mate = plane[::-1, ::-1] * np.array([1, -1, 1], np.float32)
    sums[:, :, 0] = plane + mate


def volume_of(ball: Tensor, size: int, *, scale: float = 1.0) -> Tensor:
    """Real volume ``(size, size, size)`` of a half ball of *interpolated* values, i.e. of insertions.

    Spreading slices over cells multiplies the volume by the window, which is divided out here.
    """
    m, grid = ball.shape[-1] - 1, PAD * size
    keep = min(m, grid // 2 - 1)
    low = ball[m - keep : m + keep + 1, m - keep : m + keep + 1, : keep + 1]
    return _divide_window(central_irfftn(low, grid, size)) / scale


@lru_cache(maxsize=2)
def ball_shells(m: int) -> Tensor:
    """Shell (of the volume's own grid) of every cell of a half ball: int32 ``(2m + 1, 2m + 1, m + 1)``. Do not change it."""
    line = torch.arange(-m, m + 1) ** 2
    squared = line[:, None, None] + line[:, None] + torch.arange(m + 1) ** 2
    return (squared.float().sqrt() / PAD).round().int()
