"""Damped Gauss-Newton steps on poses for many images at once: ``cpu.levenberg_marquardt`` where systems come from a device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vitreous.numerics.rotations import exponential

#: (rows, rotations, shifts) → misfit ``(a,)``, H ``(a, 5, 5)``, g ``(a, 5)``, float64.
Evaluate = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


def levenberg_marquardt(
    evaluate: Evaluate, rotation: Tensor, shift: Tensor, *, steps: int, limit: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Refined rotations ``(n, 3, 3)`` and shifts ``(n, 2)``, misfits ``(n,)``, and inverses of H ``(n, 5, 5)``; float64.

    Damping, limits and the rule to stop are those of ``cpu.levenberg_marquardt``, image by image: only those still under
    way are evaluated again.
    """
    rotation, shift = rotation.double().clone(), shift.double().clone()
    rows = torch.arange(len(rotation), device=rotation.device)
    damping = torch.full((len(rotation),), 1e-2, dtype=torch.float64, device=rotation.device)
    now, H, g = evaluate(rows, rotation, shift)
    for _ in range(steps):
        if not len(rows):
            break
        move = _step(H[rows], g[rows], damping[rows], limit)
        trial_rotation, trial_shift = exponential(move[:, :3]) @ rotation[rows], shift[rows] + move[:, 3:]
        then, trial_H, trial_g = evaluate(rows, trial_rotation, trial_shift)
        better = then < now[rows]
        gain, won = now[rows] - then, rows[better]
        for kept, tried in ((rotation, trial_rotation), (shift, trial_shift), (now, then), (H, trial_H), (g, trial_g)):
            kept[won] = tried[better]
        damping[rows] *= torch.where(better, 0.2, 8.0)
        rows = rows[torch.where(better, gain >= 2e-2, damping[rows] <= 1e3)]
    ridge = 1e-12 * torch.eye(5, dtype=torch.float64, device=rotation.device)
    return rotation, shift, now, torch.linalg.inv_ex(H + ridge)[0]


def _step(H: Tensor, g: Tensor, damping: Tensor, limit: float) -> Tensor:
    """Damped steps ``(a, 5)``, shortened to turn at most ``limit`` radians."""
    A = H + torch.diag_embed(H.diagonal(dim1=1, dim2=2) * damping[:, None] + 1e-12)
    move = torch.linalg.solve_ex(A, g)[0]
    turn = move[:, :3].norm(dim=1)
    return move * (limit / turn.clamp_min(limit))[:, None]
