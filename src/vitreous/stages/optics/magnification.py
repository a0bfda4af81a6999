r"""Anisotropic magnification from the gradients of the reference (Zivanov, Nakane & Scheres 2020, IUCrJ 7:253).

An image shows at k what belongs to M k: X(k) = c(k) S(M k). With M = 1 + E, S(M k) = S(k) + ∇S · E k is linear in the four
numbers of E; M is found by Gauss-Newton steps, slices taken at M k anew each time, ∂V̂/∂q from the transform of −2πi r V. c is that
of the image as recorded, whose Thon rings are distorted as well; the defocus is brought to the new frame with the poses.

The map has been made of these images, so its scale is their mean scale and says nothing of theirs: only differences of scale
between groups are told. An in-plane turn is the poses' affair and left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.numerics.slices import HalfBall, half_ball, slices
from vitreous.physics.defocus import in_other_frame
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.optics.aberration import SURE
from vitreous.stages.optics.problem import Problem

STEPS = 3
#: Room in the balls for frequencies that a distortion moves outwards, and the largest change of M that is tried.
MARGIN, LARGEST = 1.12, 0.08


@dataclass(frozen=True, eq=False)
class Magnification:
    """What was found of one group.

    Parameters
    ----------
    matrix
        The symmetric 2 × 2 matrix 1 + E by which frequencies are to be multiplied.
    covariance
        ``(3, 3)``: of ((E00 + E11) / 2, (E00 − E11) / 2, (E01 + E10) / 2).
    kept
        Whether its anisotropy is beyond three standard deviations.
    """

    matrix: np.ndarray
    covariance: np.ndarray
    kept: bool

    @property
    def anisotropy(self) -> tuple[float, float]:
        """Larger over smaller magnification less 1, and its standard deviation, of frequencies."""
        stretch = np.linalg.eigvalsh(self.matrix)
        return float(stretch[1] / stretch[0] - 1), 2 * float(np.sqrt(0.5 * np.trace(self.covariance[1:, 1:])))

    @property
    def angle_deg(self) -> float:
        """Direction, from +x towards +y, along which frequencies are stretched most."""
        x, y = np.linalg.eigh(self.matrix)[1][:, 1]
        return math.degrees(math.atan2(y, x)) % 180


def estimate_magnification(problem: Problem, *, report: Reporter = silent) -> list[Magnification]:
    """M of every optics group, in the order of the optics."""
    groups = len(problem.particles.optics)
    change = np.zeros((groups, 2, 2))
    balls = [_with_gradients(problem, half) for half in (0, 1)]
    for step in range(STEPS):
        normal, right = np.zeros((groups, 4, 4)), np.zeros((groups, 4))
        for half, rows in problem.blocks():
            group = int(problem.particles.group[rows[0]])
            gradient, information = _equations(problem, rows, balls[half], np.eye(2) + change[group])
            right[group] += gradient
            normal[group] += information
        move = np.stack([np.linalg.pinv(a, hermitian=True) @ b for a, b in zip(normal, right)]).reshape(-1, 2, 2)
        change = (change + move).clip(-LARGEST, LARGEST)
        report(Progress("magnification", step + 1, STEPS))
    scale = 0.5 * np.trace(change, axis1=1, axis2=2)
    change -= np.average(scale, weights=np.bincount(problem.particles.group, minlength=groups)) * np.eye(2)
    return [_of_group(*each) for each in zip(change, normal)]


def _of_group(change: np.ndarray, normal: np.ndarray) -> Magnification:
    pick = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, -0.5], [0, 0.5, 0.5, 0]])
    covariance = pick @ np.linalg.pinv(normal, hermitian=True) @ pick.T
    parts = pick @ change.ravel()
    chi2 = float(parts[1:] @ np.linalg.pinv(covariance[1:, 1:]) @ parts[1:])
    return Magnification(np.eye(2) + 0.5 * (change + change.T), covariance, chi2 > SURE[2])


def _with_gradients(problem: Problem, half: int) -> tuple[HalfBall, ...]:
    """Balls of V, xV, yV, zV with r in voxels, with some room."""
    volume, scale = problem.reference.opposite(half), problem.reference.pixel_size
    radius = math.ceil(problem.reference.radius * MARGIN)
    line = torch.arange(len(volume)) - len(volume) // 2
    moments = (volume, volume * line, volume * line[:, None], volume * line[:, None, None])
    return tuple(half_ball(each, radius, scale=scale) for each in moments)


def _equations(problem: Problem, rows: Tensor, balls: tuple[HalfBall, ...], matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and information of (E00, E01, E10, E11) from images of one group."""
    disc, rotation = problem.images.disc, problem.rotation[rows]
    lay = torch.eye(3, dtype=torch.float64)
    lay[:2, :2] = torch.from_numpy(matrix).T
    plane, *moments = (slices(ball, lay @ rotation, disc) for ball in balls)
    c, weight = problem.images.transfer[rows], problem.weight(rows)
    x = problem.images.values[rows] * disc.shift_phases(-problem.shift[rows])
    slope = torch.einsum("baj,jbk->abk", rotation[:, :2].to(torch.complex64), torch.stack(moments)) * (-2j * math.pi / disc.size)
    terms = torch.stack([c * slope[a] * k for a in (0, 1) for k in (disc.kx, disc.ky)])
    misfit = (x - c * plane) * weight
    gradient = [float((term.conj() * misfit).real.sum(dtype=torch.float64)) for term in terms]
    weighted = torch.view_as_real(terms * weight.sqrt()).flatten(1)
    return np.array(gradient), (weighted @ weighted.T).double().numpy()


def undistorted(particles: Particles, found: list[Magnification]) -> Particles:
    """Particles with the new magnification where it was kept, their defocus and shifts brought to the new frame."""
    optics, defocus = list(particles.optics), particles.defocus.copy()
    shift = None if particles.shift is None else particles.shift.copy()
    for g, each in enumerate(found):
        rows = particles.group == g
        if each.kept:
            optics[g] = _multiplied(optics[g], each.matrix)
            defocus[rows] = in_other_frame(defocus[rows], each.matrix)
            if shift is not None:
                shift[rows] = shift[rows] @ np.linalg.inv(each.matrix)
    return particles.with_(optics=tuple(optics), defocus=defocus, shift=shift)


def _multiplied(optics: Optics, matrix: np.ndarray) -> Optics:
    (a, b), (c, d) = (matrix @ np.array(optics.magnification)).tolist()
    return replace(optics, magnification=((a, b), (c, d)))
