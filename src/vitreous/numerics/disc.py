"""The coefficients of an image that matter: a half disc of its transform, shell by shell.

Points are sorted by shell and, within a shell, by azimuth. A band limit is then a prefix, and neighbours in memory are
neighbours in space, which is what the slice kernels' caches want. The half plane is kx > 0, or kx = 0 and ky > 0; zero
frequency is left out: each point is one independent complex number of a real image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import centred_irfft2, centred_rfft2


@dataclass(frozen=True, eq=False)
class Disc:
    """A half disc of integer frequencies.

    Parameters
    ----------
    size
        Side of the real image, pixels.
    radius
        Last shell, at most size // 2 - 1.
    kx, ky
        Integer frequencies as float32 ``(K,)``.
    shell
        round(√(kx² + ky²)), int64 ``(K,)``.
    flat
        Index of each point in the flattened half transform ``(size, size // 2 + 1)``.
    """

    size: int
    radius: int
    kx: Tensor
    ky: Tensor
    shell: Tensor
    flat: Tensor

    def __len__(self) -> int:
        return len(self.kx)

    def to(self, device: torch.device) -> Disc:
        """The same points with their tensors on ``device``."""
        moved = {name: getattr(self, name).to(device) for name in ("kx", "ky", "shell", "flat")}
        return replace(self, **moved)

    def within(self, radius: int) -> int:
        """Number of points in shells up to ``radius``: the length of the prefix."""
        return int((self.shell <= radius).sum())

    def take(self, images: Tensor) -> Tensor:
        """Coefficients of real images ``(..., size, size)``, origin at the box centre: complex ``(..., K)``."""
        return centred_rfft2(images).flatten(-2)[..., self.flat.to(images.device)]

    def image(self, coefficients: Tensor) -> Tensor:
        """Real images ``(..., size, size)`` of coefficients ``(..., k)``, k a prefix; zero beyond it, mean 0."""
        count = coefficients.shape[-1]
        grid = coefficients.new_zeros(*coefficients.shape[:-1], self.size * (self.size // 2 + 1))
        grid[..., self.flat[:count]] = coefficients
        grid = grid.unflatten(-1, (self.size, self.size // 2 + 1)).clone()
        # The mates on the line kx = 0 that the half disc leaves out.
        line = grid[..., 1:, 0]
        grid[..., 1:, 0] = line + line.flip(-1).conj()
        return centred_irfft2(grid, (self.size, self.size))

    def frequencies(self, pixel_size: float) -> tuple[Tensor, Tensor]:
        """(kx, ky) in Å⁻¹, float64."""
        scale = 1.0 / (self.size * pixel_size)
        return self.kx.double() * scale, self.ky.double() * scale

    def shift_phases(self, shifts: Tensor) -> Tensor:
        """exp(−2πi k·d / size) that moves content by d = (dx, dy) pixels: complex64 ``(..., K)`` for ``(..., 2)``."""
        angle = (shifts.double().to(self.kx.device) @ torch.stack([self.kx, self.ky]).double()) * (-2 * np.pi / self.size)
        angle = angle.float()
        return torch.polar(torch.ones_like(angle), angle)

    def shell_mean(self, values: Tensor) -> Tensor:
        """Mean of ``(..., k)`` over each shell 0 … radius, float64 ``(..., radius + 1)``; shells beyond k are 0."""
        shell = self.shell[: values.shape[-1]]
        total = torch.zeros(*values.shape[:-1], self.radius + 1, dtype=torch.float64, device=values.device)
        total.index_add_(-1, shell, values.double())
        return total / torch.bincount(shell, minlength=self.radius + 1).clamp_min(1)


@lru_cache(maxsize=8)
def disc(size: int, radius: int | None = None) -> Disc:
    """The half disc of an image of ``size`` pixels up to shell ``radius`` (by default the last below Nyquist)."""
    radius = size // 2 - 1 if radius is None else radius
    require(1 <= radius <= size // 2 - 1, "radius", radius, f"from 1 to {size // 2 - 1}, below Nyquist of {size} px")
    line = np.arange(-(size // 2), (size + 1) // 2)
    ky, kx = np.meshgrid(line, np.arange(size // 2 + 1), indexing="ij")
    shell = np.round(np.hypot(kx, ky)).astype(np.int64)
    keep = (shell <= radius) & (shell > 0) & ~((kx == 0) & (ky < 0))
    kx, ky, shell = kx[keep], ky[keep], shell[keep]
    order = np.lexsort((np.arctan2(ky, kx), shell))
    kx, ky, shell = kx[order], ky[order], shell[order]
    flat = (ky % size) * (size // 2 + 1) + kx
    return Disc(
        size, radius, torch.from_numpy(kx.astype(np.float32)), torch.from_numpy(ky.astype(np.float32)),
        torch.from_numpy(shell), torch.from_numpy(flat),
    )  # fmt: skip
