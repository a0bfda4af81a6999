"""The phase errors of most likelihood: Gauss-Newton on the sums, for many owners at a time."""

from __future__ import annotations

import torch
from torch import Tensor

#: Fractions of a step that are tried.
FRACTIONS = (1.0, 0.5, 0.2, 0.05)


def log_likelihood(sums: Tensor, odd: Tensor, even: Tensor) -> Tensor:
    """Σ over places of what :mod:`.sums` states; ``sums`` ``(m, 7, P)``, phases φ and δ ``(m, P)``; returns ``(m,)``."""
    cos, sin = even.cos(), even.sin()
    real = (sums[:, 0] * cos + sums[:, 2] * sin) * odd.cos() + (sums[:, 1] * cos + sums[:, 3] * sin) * odd.sin()
    power = sums[:, 4] * cos**2 + 2 * sums[:, 5] * cos * sin + sums[:, 6] * sin**2
    return (real - 0.5 * power).sum(-1)


def slopes(sums: Tensor, odd: Tensor, even: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """dL/dφ, dL/dδ and the expected −d²L/dφ², −d²L/dδ² at each place: four of ``(m, P)``."""
    cos, sin = even.cos(), even.sin()
    turn_c, turn_s = odd.cos(), odd.sin()
    by_odd = (sums[:, 1] * cos + sums[:, 3] * sin) * turn_c - (sums[:, 0] * cos + sums[:, 2] * sin) * turn_s
    by_even = (sums[:, 2] * cos - sums[:, 0] * sin) * turn_c + (sums[:, 3] * cos - sums[:, 1] * sin) * turn_s
    by_even = by_even - (sums[:, 6] - sums[:, 4]) * cos * sin - sums[:, 5] * (cos**2 - sin**2)
    bend_odd = sums[:, 4] * cos**2 + 2 * sums[:, 5] * cos * sin + sums[:, 6] * sin**2
    bend_even = sums[:, 4] * sin**2 - 2 * sums[:, 5] * cos * sin + sums[:, 6] * cos**2
    return by_odd, by_even, bend_odd, bend_even


def ascend(sums: Tensor, odd: Tensor, even: Tensor, start: Tensor, *, steps: int = 8) -> tuple[Tensor, Tensor]:
    """Climb from ``start``.

    Parameters
    ----------
    sums
        float64 ``(m, 7, P)``.
    odd, even
        Basis functions of φ and of δ, float64 ``(p, P)`` and ``(q, P)``.
    start
        ``(m, p + q)``.

    Returns
    -------
    tuple
        Parameters ``(m, p + q)`` and their information ``(m, p + q, p + q)``; its inverse is their covariance.
    """
    p, value = len(odd), start.clone()
    for _ in range(steps if start.shape[1] else 0):
        gradient, information = _normal(sums, odd, even, value)
        ridge = 1e-9 * information.diagonal(dim1=1, dim2=2).amax(1).clamp_min(1e-30)[:, None]
        move = torch.linalg.solve(information + torch.diag_embed(ridge.expand_as(value)), gradient)
        tried = torch.stack([value, *(value + f * move for f in FRACTIONS)])
        gained = torch.stack([log_likelihood(sums, each[:, :p] @ odd, each[:, p:] @ even) for each in tried])
        value = tried[gained.argmax(0), torch.arange(len(value))]
    return value, _normal(sums, odd, even, value)[1]


def _normal(sums: Tensor, odd: Tensor, even: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient and information; odd and even parts do not meet in expectation."""
    p, q = len(odd), len(even)
    by_odd, by_even, bend_odd, bend_even = slopes(sums, value[:, :p] @ odd, value[:, p:] @ even)
    information = torch.zeros(len(value), p + q, p + q, dtype=value.dtype)
    information[:, :p, :p] = torch.einsum("ak,mk,bk->mab", odd, bend_odd, odd)
    information[:, p:, p:] = torch.einsum("ak,mk,bk->mab", even, bend_even, even)
    return torch.cat([by_odd @ odd.T, by_even @ even.T], 1), information
