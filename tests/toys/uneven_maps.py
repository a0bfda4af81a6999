"""Half-maps whose signal-to-noise ratio is any function of frequency, direction included."""

from __future__ import annotations

import torch
from torch import Tensor

SIZE, VOXEL = 48, 2.0


def halves(snr: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """A common white signal times √snr, a function of frequency on the full grid, and independent white noise."""
    generator = torch.Generator().manual_seed(seed)
    signal, *noise = torch.randn(3, SIZE, SIZE, SIZE, generator=generator, dtype=torch.float64)
    common = torch.fft.ifftn(torch.fft.fftn(signal) * snr.sqrt()).real
    return common + noise[0], common + noise[1]


def frequencies() -> Tensor:
    """(x, y, z) in shells, ``(n, n, n, 3)``."""
    line = torch.fft.fftfreq(SIZE, dtype=torch.float64) * SIZE
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    return torch.stack([x, y, z], -1)
