"""Central slices on a CUDA device; see ``reference.slices`` for what they are."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vitreous.numerics.kernels.triton_ball import BLOCK, LAUNCH, cells_of, locate, trilinear


@triton.jit
def _slices(cells, rotations, kx, ky, out, m, count, pad, BLOCK: tl.constexpr):
    """A block of points of one slice a program; ``out`` is (re, im) interleaved."""
    b = tl.program_id(0).to(tl.int64)
    k = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = k < count
    r = rotations + 9 * b
    u = tl.load(kx + k, mask=inside, other=0.0) * pad
    v = tl.load(ky + k, mask=inside, other=0.0) * pad
    x = tl.load(r) * u + tl.load(r + 3) * v
    y = tl.load(r + 1) * u + tl.load(r + 4) * v
    z = tl.load(r + 2) * u + tl.load(r + 5) * v
    base, fx, fy, fz, sign = locate(x, y, z, m)
    re, im = trilinear(cells, base, m, fx, fy, fz, inside)
    to = out + 2 * (b * count + k)
    tl.store(to, re, mask=inside)
    tl.store(to + 1, im * sign, mask=inside)


def slices(ball: Tensor, rotations: Tensor, kx: Tensor, ky: Tensor, pad: int) -> Tensor:
    """Half ball ``(2m + 1, 2m + 1, m + 1)`` at pad · Rᵀ (kx, ky, 0): complex64 ``(b, k)``; everything on one device, float32."""
    count = len(kx)
    out = torch.empty(len(rotations), count, 2, dtype=torch.float32, device=ball.device)
    turns = rotations.float().contiguous()
    _slices[(len(rotations), triton.cdiv(count, BLOCK))](
        cells_of(ball), turns, kx, ky, out, ball.shape[-1] - 1, count, float(pad), BLOCK=BLOCK, **LAUNCH
    )
    return torch.view_as_complex(out)
