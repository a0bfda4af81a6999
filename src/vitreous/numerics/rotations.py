"""Rotations: matrices inside, RELION's Euler angles at the border.

R is active: r_lab = R r_object, columns (x, y, z). RELION's (rot, tilt, psi), ZYZ, in degrees give

    R = | cψ cθ cφ − sψ sφ   cψ cθ sφ + sψ cφ   −cψ sθ |
        | −sψ cθ cφ − cψ sφ  −sψ cθ sφ + cψ cφ   sψ sθ |
        | sθ cφ              sθ sφ               cθ    |

with φ = rot, θ = tilt, ψ = psi (Heymann, Chagoyen & Belnap 2005, J. Struct. Biol. 151:196, the ZYZ convention).
All functions take and give torch tensors with leading batch axes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def from_euler(angles_deg: Tensor) -> Tensor:
    """Matrices ``(..., 3, 3)`` of (rot, tilt, psi) in degrees, ``(..., 3)``."""
    rot, tilt, psi = torch.deg2rad(angles_deg).unbind(-1)
    ca, sa, cb, sb, cg, sg = rot.cos(), rot.sin(), tilt.cos(), tilt.sin(), psi.cos(), psi.sin()
    rows = [
        [cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb],
        [-sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb],
        [sb * ca, sb * sa, cb],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def to_euler(matrices: Tensor) -> Tensor:
    """(rot, tilt, psi) in degrees of matrices ``(..., 3, 3)``; rot, psi in [-180, 180], tilt in [0, 180].

    Where tilt is 0 or 180 only rot ± psi is defined; rot is then 0. psi is read from R Rz(rot)ᵀ, which loses no digits near
    those tilts.
    """
    sine = torch.hypot(matrices[..., 2, 0], matrices[..., 2, 1])
    tilt = torch.atan2(sine, matrices[..., 2, 2])
    rot = torch.where(sine < 1e-6, 0.0, torch.atan2(matrices[..., 2, 1], matrices[..., 2, 0]))
    c, s = rot.cos(), rot.sin()
    psi = torch.atan2(c * matrices[..., 0, 1] - s * matrices[..., 0, 0], c * matrices[..., 1, 1] - s * matrices[..., 1, 0])
    return torch.rad2deg(torch.stack([rot, tilt, psi], -1))


def exponential(vectors: Tensor) -> Tensor:
    """Rotation by |v| radians about v, ``(..., 3)`` to ``(..., 3, 3)`` (Rodrigues' formula)."""
    angle = vectors.norm(dim=-1, keepdim=True)[..., None]
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack(
        [torch.stack([zero, -z, y], -1), torch.stack([z, zero, -x], -1), torch.stack([-y, x, zero], -1)], -2
    )
    small = angle < 1e-4
    safe = torch.where(small, 1.0, angle)
    first = torch.where(small, 1 - angle**2 / 6, safe.sin() / safe)
    second = torch.where(small, 0.5 - angle**2 / 24, (1 - safe.cos()) / safe**2)
    return torch.eye(3, dtype=vectors.dtype, device=vectors.device) + first * cross + second * (cross @ cross)


def logarithm(matrices: Tensor) -> Tensor:
    """Rotation vectors ``(..., 3)`` of matrices, radians: the inverse of :func:`exponential` for turns below 180°."""
    m = matrices
    axis = torch.stack([m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]], -1) / 2
    sine = axis.norm(dim=-1, keepdim=True)
    angle = torch.atan2(sine, ((m.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2)[..., None])
    return axis * torch.where(sine < 1e-12, 1.0, angle / sine.clamp_min(1e-12))


def geodesic_deg(a: Tensor, b: Tensor) -> Tensor:
    """Angle in degrees of the rotation that takes ``a`` to ``b``; shapes ``(..., 3, 3)`` broadcast.

    2 asin(‖a − b‖_F / √8) is used instead of acos((tr aᵀb − 1) / 2), which loses all digits near 0.
    """
    chord = ((a - b) ** 2).sum((-2, -1)).sqrt() / 8**0.5
    return torch.rad2deg(2 * torch.asin(chord.clamp(max=1.0)))


def random_rotations(count: int, generator: torch.Generator) -> Tensor:
    """Uniform on SO(3), float64 ``(count, 3, 3)``: normalised Gaussian quaternions."""
    q = torch.randn(count, 4, generator=generator, dtype=torch.float64, device=generator.device)
    return from_quaternion(q / q.norm(dim=-1, keepdim=True))


def from_quaternion(q: Tensor) -> Tensor:
    """Matrices of unit quaternions (w, x, y, z), ``(..., 4)``; q and -q give the same."""
    w, x, y, z = q.unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def nearest_rotation(matrices: Tensor) -> Tensor:
    """Closest rotation in the Frobenius norm (chordal mean of a sum of rotations): U diag(1, 1, det UVᵀ) Vᵀ."""
    u, _, vt = torch.linalg.svd(matrices)
    sign = torch.linalg.det(u @ vt)
    fix = torch.ones_like(matrices[..., 0])
    fix[..., 2] = sign
    return (u * fix[..., None, :]) @ vt
