"""Local refinement of poses by Levenberg-Marquardt on SO(3) × R², with the covariance that comes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.numerics.device_slices import DeviceInsertion, insertion
from vitreous.numerics.kernels import cpu
from vitreous.numerics.kernels.apart import ready
from vitreous.numerics.kernels.choice import uses_triton
from vitreous.numerics.kernels.marquardt import Evaluate, levenberg_marquardt
from vitreous.numerics.rotations import logarithm
from vitreous.numerics.slices import PAD, HalfBall, Insertion, flat_ball
from vitreous.numerics.symmetry import Symmetry
from vitreous.runtime.devices import device_budget
from vitreous.runtime.memory import batch_size

#: Degrees within which two refined poses are one, at least; three standard deviations where that is more.
SAME_POSE_DEG = 4.0


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


@dataclass(frozen=True, eq=False)
class PosePrior:
    """Gaussian prior about given poses.

    Parameters
    ----------
    rotation, shift
        Its centre for each image: ``(n, 3, 3)`` and ``(n, 2)`` pixels.
    turn_sigma, shift_sigma
        Standard deviations about one axis, radians, and along one axis, pixels; infinity for none.
    """

    rotation: Tensor
    shift: Tensor
    turn_sigma: float
    shift_sigma: float

    @property
    def stiffness(self) -> tuple[float, float]:
        """1 / σ² of both."""
        return 1.0 / self.turn_sigma**2, 1.0 / self.shift_sigma**2

    def take(self, rows: Tensor) -> PosePrior:
        """The prior of the images at ``rows``."""
        return PosePrior(self.rotation[rows], self.shift[rows], self.turn_sigma, self.shift_sigma)


def refine_poses(
    images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotation: Tensor, shift: Tensor, *,
    radius: int, steps: int = 10, largest_turn_deg: float = 5.0, prior: PosePrior | None = None,
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
    prior
        Where poses are expected; its share is in misfit and covariance.
    """
    count = images.disc.within(radius)
    held = prior or PosePrior(rotation, shift, math.inf, math.inf)
    if uses_triton(images.device):
        return _refine_on_device(images, noise, ball, rotation, shift, count, steps, math.radians(largest_turn_deg), prior)
    flat, m = flat_ball(ball)
    turned = np.array(rotation.double().numpy())
    moved = np.array(shift.double().numpy())
    anchors, origins = np.array(held.rotation.double().numpy()), np.array(held.shift.double().numpy())
    misfit, covariance = np.zeros(len(images)), np.zeros((len(images), 5, 5))
    kx, ky = images.disc.kx[:count].numpy(), images.disc.ky[:count].numpy()
    for rows in torch.arange(len(images)).split(2048):
        span = slice(int(rows[0]), int(rows[-1]) + 1)
        values = np.ascontiguousarray(images.values[span, :count].numpy()).view(np.float32)
        arguments = (
            flat, m, turned[span], moved[span], values, np.ascontiguousarray(images.transfer[span, :count].numpy()),
            noise.weight(images.disc, images.group[span], count).numpy(), kx, ky, np.float32(PAD), images.disc.size, steps,
            math.radians(largest_turn_deg), anchors[span], origins[span], np.array(held.stiffness), misfit[span], covariance[span],
        )  # fmt: skip
        ready(cpu.levenberg_marquardt, *arguments)
        cpu.levenberg_marquardt(*arguments)
    return Refined(*(torch.from_numpy(a) for a in (turned, moved, misfit, covariance)))


def _refine_on_device(
    images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotation: Tensor, shift: Tensor, count: int, steps: int, limit: float,
    prior: PosePrior | None,
) -> Refined:  # fmt: skip
    """The same with Triton's loops, as many images at once as fit."""
    from vitreous.numerics.kernels.triton_normal import normal_equations

    device, disc = images.device, images.disc
    kx, ky, parts = disc.kx[:count], disc.ky[:count], []
    size = batch_size(device_budget(device), 32 * count, most=max(1, len(images)))
    for rows in torch.arange(len(images)).split(size):
        values, transfer = (t.contiguous() for t in images.block(rows, count))
        weight = noise.weight(disc, images.group[rows], count).contiguous()

        def evaluate(some: Tensor, turns: Tensor, moves: Tensor, held=(values, transfer, weight)) -> tuple[Tensor, Tensor, Tensor]:
            return normal_equations(ball.values, some, turns, moves, *held, kx, ky, PAD, disc.size)

        if prior is not None:
            evaluate = _held(evaluate, prior.take(rows))
        found = levenberg_marquardt(evaluate, rotation[rows].to(device), shift[rows].to(device), steps=steps, limit=limit)
        parts.append([part.cpu() for part in found])
    return Refined(*(torch.cat(part) for part in zip(*parts)))


def _held(evaluate: Evaluate, prior: PosePrior) -> Evaluate:
    """The same systems with a prior's share added: what ``cpu.levenberg_marquardt`` does image by image."""
    turn_weight, move_weight = prior.stiffness

    def both(some: Tensor, turns: Tensor, moves: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        misfit, H, g = evaluate(some, turns, moves)
        turned = logarithm(turns @ prior.rotation.to(turns)[some].transpose(1, 2))
        moved = moves - prior.shift.to(moves)[some]
        weight = torch.tensor([turn_weight] * 3 + [move_weight] * 2).to(H)
        away = torch.cat([turned, moved], 1)
        return misfit + (weight * away**2).sum(1), H + torch.diag(weight), g - weight * away

    return both


@dataclass(frozen=True, eq=False)
class Polished:
    """The best of several refined starts of each image.

    Parameters
    ----------
    best
        Its pose.
    agreement
        Weight of the starts that came to the same pose, ``(n,)``: 1 where all that was probable is one place.
    """

    best: Refined
    agreement: Tensor


def refine_candidates(
    images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotations: Tensor, shifts: Tensor, weights: Tensor, *,
    radius: int, group: Symmetry, steps: int = 8,
) -> Polished:  # fmt: skip
    """Refine several starting poses of each image, ``(n, c, 3, 3)`` and ``(n, c, 2)``, and keep the one that fits best.

    A grid too coarse to hold the answer still holds a start within reach of it among its few best points.

    Parameters
    ----------
    weights
        ``(n, c)``: probability of each start.
    group
        Poses that differ by one of its rotations are the same.
    """
    found = [
        refine_poses(images, noise, ball, rotations[:, c], shifts[:, c], radius=radius, steps=steps, largest_turn_deg=10.0)
        for c in range(rotations.shape[1])
    ]
    first = torch.stack([each.misfit for each in found]).argmin(0)
    each = torch.arange(len(first))
    best = Refined(*(torch.stack(parts)[first, each] for parts in zip(*(_parts(one) for one in found))))
    sigma = torch.rad2deg(best.covariance[:, :3, :3].diagonal(dim1=1, dim2=2).mean(1).clamp_min(0).sqrt())
    same = torch.stack([group.distance_deg(one.rotation, best.rotation) < (3 * sigma).clamp(SAME_POSE_DEG, 20.0) for one in found], 1)
    return Polished(best, (weights * same).sum(1))


def _parts(refined: Refined) -> tuple[Tensor, ...]:
    return refined.rotation, refined.shift, refined.misfit, refined.covariance


def insert_images(
    images: FourierImages, noise: NoiseSpectra, rotation: Tensor, shift: Tensor, *,
    radius: int, weight: Tensor | None = None, sums: Insertion | DeviceInsertion | None = None,
) -> Insertion | DeviceInsertion:  # fmt: skip
    """Sums Σ c X / σ², Σ c² / σ² of images put into Fourier space at known poses, added to ``sums`` if given.

    ``weight`` ``(n,)`` counts an image that many times.
    """
    sums = insertion(images.disc.size, radius, images.device) if sums is None else sums
    count = images.disc.within(radius)
    for rows in torch.arange(len(images)).split(512):
        inverse = noise.weight(images.disc, images.group[rows], count)
        if weight is not None:
            inverse = inverse * weight[rows, None].to(images.device)
        values, c = images.block(rows, count)
        moved = values * images.disc.shift_phases(-shift[rows])[:, :count]
        sums.add(rotation[rows], moved * (c * inverse), c * c * inverse, images.disc)
    return sums
