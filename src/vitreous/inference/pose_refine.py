"""Local refinement of poses by Levenberg-Marquardt on SO(3) × R², with the covariance that comes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.numerics.kernels import cpu
from vitreous.numerics.slices import PAD, HalfBall, Insertion, flat_ball


@dataclass(frozen=True, eq=False)
class Refined:
    """Refined poses.

    Parameters
    ----------
    rotation
        float64 ``(n, 3, 3)``.
    shift
        float64 ``(n, 2)`` pixels.
    misfit
        Σ |X − c S|² / σ² ``(n,)``.
    covariance
        ``(n, 5, 5)``: of (rotation about lab x, y, z in radians, shift x, y in pixels), the inverse of the normal matrix.
    """

    rotation: Tensor
    shift: Tensor
    misfit: Tensor
    covariance: Tensor


def refine_poses(
    images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotation: Tensor, shift: Tensor, *,
    radius: int, steps: int = 10, largest_turn_deg: float = 5.0,
) -> Refined:  # fmt: skip
    """Improve every image's pose by damped Gauss-Newton steps within shell ``radius``.

    Parameters
    ----------
    ball
        The reference, transformed with ``scale=pixel_size``.
    rotation, shift
        Where to start: ``(n, 3, 3)`` and ``(n, 2)`` pixels.
    steps
        At most so many evaluations of the slice and its derivatives an image.
    largest_turn_deg
        Limit on one step.
    """
    count = images.disc.within(radius)
    flat, m = flat_ball(ball)
    turned = np.array(rotation.double().numpy())
    moved = np.array(shift.double().numpy())
    misfit, covariance = np.zeros(len(images)), np.zeros((len(images), 5, 5))
    kx, ky = images.disc.kx[:count].numpy(), images.disc.ky[:count].numpy()
    for rows in torch.arange(len(images)).split(2048):
        span = slice(int(rows[0]), int(rows[-1]) + 1)
        values = np.ascontiguousarray(images.values[span, :count].numpy()).view(np.float32)
        cpu.levenberg_marquardt(
            flat, m, turned[span], moved[span], values, np.ascontiguousarray(images.transfer[span, :count].numpy()),
            noise.weight(images.disc, images.group[span], count).numpy(), kx, ky, np.float32(PAD), images.disc.size, steps,
            math.radians(largest_turn_deg), misfit[span], covariance[span],
        )  # fmt: skip
    return Refined(*(torch.from_numpy(a) for a in (turned, moved, misfit, covariance)))


def refine_candidates(
    images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotations: Tensor, shifts: Tensor, *, radius: int, steps: int = 8
) -> Refined:
    """Refine several starting poses of each image, ``(n, c, 3, 3)`` and ``(n, c, 2)``, and keep the one that fits best.

    A grid too coarse to hold the answer still holds a start within reach of it among its few best points.
    """
    best: Refined | None = None
    for c in range(rotations.shape[1]):
        found = refine_poses(images, noise, ball, rotations[:, c], shifts[:, c], radius=radius, steps=steps, largest_turn_deg=10.0)
        if best is None:
            best = found
            continue
        better = found.misfit < best.misfit
        best = Refined(*(torch.where(better.reshape(-1, *[1] * (b.ndim - 1)), a, b) for a, b in zip(_parts(found), _parts(best))))
    assert best is not None  # noqa: S101  candidates are never empty
    return best


def _parts(refined: Refined) -> tuple[Tensor, ...]:
    return refined.rotation, refined.shift, refined.misfit, refined.covariance


def insert_images(
    images: FourierImages, noise: NoiseSpectra, rotation: Tensor, shift: Tensor, *, radius: int, weight: Tensor | None = None
) -> Insertion:
    """Sums Σ c X / σ², Σ c² / σ² of images put into Fourier space at known poses.

    ``weight`` ``(n,)`` counts an image that many times.
    """
    sums = Insertion(images.disc.size, radius)
    count = images.disc.within(radius)
    for rows in torch.arange(len(images)).split(512):
        inverse = noise.weight(images.disc, images.group[rows], count)
        if weight is not None:
            inverse = inverse * weight[rows, None]
        c = images.transfer[rows, :count]
        moved = images.values[rows, :count] * images.disc.shift_phases(-shift[rows])[:, :count]
        sums.add(rotation[rows], moved * (c * inverse), c * c * inverse, images.disc)
    return sums
