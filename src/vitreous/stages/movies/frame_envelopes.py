r"""How much of the specimen each frame shows, and how sharply: a scale and a B-factor for every frame.

Frame f, aligned, is X_f = s_f(k) S + N_f with s_f = exp(C_f − B_f k² / 4). Its correlation with the sum of the others, ring by ring,

    A_f(k) = ⟨Re X_f (Σ_{g≠f} X_g)*⟩,   E A_f = s_f (Σ_{g≠f} s_g) P,   Var A_f = P_f T_f / n(k),

holds no noise of its own; P is the power of S, P_f and T_f those of X_f and of the sum of the others, n the coefficients of the ring. C
and B of all frames and P are fitted in turns by least squares with these variances, as Bayesian polishing does with particles and a
reference in the place of the other frames (Zivanov, Nakane & Scheres 2019, IUCrJ 6:5). Only differences among frames can be told: the
means of C and B are 0. B grows with exposure by damage, and where a frame moved while it was taken or is misaligned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.fourier import rfft2
from vitreous.numerics.shells import shell_average, shell_count
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.frames import Stack
from vitreous.stages.movies.interpolate import add_frames, tile_centres
from vitreous.stages.movies.shrink import shrink
from vitreous.stages.movies.signal import high_pass, prepared

#: Rounds of fitting the frames and the power they share.
ROUNDS = 8
#: Standard deviations believed before anything is seen: of C, and of B in Å².
PRIOR = np.array([2.0, 1000.0])
#: The first frames are worse than the rest when their B exceeds it by this many standard deviations, and by this many Å².
CLEARLY, WORTH_SAYING = 4.0, 50.0


@dataclass(frozen=True)
class FrameEnvelopes:
    """s_f(k) = exp(C_f − B_f k² / 4), k in Å⁻¹, relative to the mean of the frames.

    Parameters
    ----------
    scale, b_factor
        ``(frames,)``: C, and B in Å².
    scale_error, b_error
        Standard deviations.
    """

    scale: NDArray[np.float64]
    b_factor: NDArray[np.float64]
    scale_error: NDArray[np.float64]
    b_error: NDArray[np.float64]

    def early_loss(self, frames: int) -> tuple[float, float]:
        """Mean B of the first ``frames`` frames less that of the next ones, as many again, and its standard deviation, Å²."""
        first, then = slice(0, frames), slice(frames, 2 * frames)
        error = np.sqrt((self.b_error[first] ** 2).mean() + (self.b_error[then] ** 2).mean()) / np.sqrt(frames)
        return float(self.b_factor[first].mean() - self.b_factor[then].mean()), float(error)

    def early_frames_are_worse(self, frames: int) -> bool:
        """Whether the first frames are clearly more blurred than those that follow, against the order in which damage comes."""
        loss, error = self.early_loss(frames)
        return loss > max(WORTH_SAYING, CLEARLY * error)


def aligned_spectra(stack: Stack, gain: NDArray[np.float32], field: ShiftField, factor: int) -> tuple[Tensor, tuple[int, int]]:
    """Half transforms ``(n, y, x // 2 + 1)`` of the frames, shrunk by ``factor`` and moved by ``field``, and the shrunk shape."""
    shape = (stack.shape[0] // factor, stack.shape[1] // factor)
    small = ShiftField(shape, field.nodes / factor)
    y, x = tile_centres(shape)
    shifts = small.on_lattice(x, y)
    even = np.ones(shape, dtype=np.float32)
    out = torch.empty(len(stack), shape[0], shape[1] // 2 + 1, dtype=torch.complex64)
    for first, frames in stack.batches():
        for i, frame in enumerate(frames, start=first):
            moved = np.zeros((1, *shape), dtype=np.float32)
            add_frames(shrink(frame, gain, factor)[None], even, shifts[i : i + 1], np.ones((1, 1)), moved)
            out[i] = rfft2(prepared(moved[0]))
    return out, shape


def frame_envelopes(spectra: Tensor, shape: tuple[int, int], pixel_size: float, coarsest: float) -> FrameEnvelopes:
    """Fit a scale and a B-factor to every frame.

    Parameters
    ----------
    spectra
        Half transforms of the aligned frames, ``(n, y, x // 2 + 1)``; at least 3.
    shape
        (y, x) of a frame in pixels.
    pixel_size
        Å per pixel of these.
    coarsest
        Å; coarser detail does not take part.
    """
    total = spectra.sum(dim=0)
    power, rest, cross = (np.stack(each) for each in zip(*(_rings(one, total - one, shape) for one in spectra)))
    k = np.arange(power.shape[1]) / (max(shape) * pixel_size)
    coefficients = shell_count(shape).numpy()
    weight = high_pass(k, 1 / coarsest) * coefficients / np.maximum(power * rest, 1e-300)
    fitted = np.zeros((len(spectra), 2))
    slopes = np.stack([np.ones_like(k), -(k**2) / 4])
    for _ in range(ROUNDS):
        amplitude = np.exp(fitted @ slopes)
        others = amplitude.sum(axis=0) - amplitude
        certain = ((amplitude * others) ** 2 * weight).sum(axis=0) + 1e-300
        shared = np.clip((cross * amplitude * others * weight).sum(axis=0) / certain, 0, None)
        # Rings whose power is not above its own error are shrunk away: they would pass for information.
        shared *= shared**2 / (shared**2 + 1 / certain)
        fitted, covariance = _steps(fitted, cross, others * shared, weight, slopes)
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    return FrameEnvelopes(fitted[:, 0], fitted[:, 1], error[:, 0], error[:, 1])


def _rings(one: Tensor, rest: Tensor, shape: tuple[int, int]) -> tuple[NDArray, NDArray, NDArray]:
    """Power of a frame, of the sum of the others, and their correlation, by ring."""
    values = (one.real**2 + one.imag**2, rest.real**2 + rest.imag**2, one.real * rest.real + one.imag * rest.imag)
    return tuple(shell_average(each, shape).numpy() for each in values)  # type: ignore[return-value]


def _steps(
    fitted: NDArray, cross: NDArray, expected: NDArray, weight: NDArray, slopes: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One Gauss-Newton step of all frames, means taken away, and the covariances ``(n, 2, 2)``."""
    model = np.exp(fitted @ slopes) * expected
    gradient = np.einsum("fk,pk->fp", weight * (cross - model) * model, slopes) - fitted / PRIOR**2
    normal = np.einsum("fk,pk,qk->fpq", weight * model**2, slopes, slopes) + np.diag(1 / PRIOR**2)
    covariance = np.linalg.inv(normal)
    step = np.clip(np.einsum("fpq,fq->fp", covariance, gradient), -PRIOR / 4, PRIOR / 4)
    moved = fitted + step
    return moved - moved.mean(axis=0), covariance
