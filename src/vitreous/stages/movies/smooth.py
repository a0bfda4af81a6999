"""A smooth field of shifts from noisy shifts of patches: a Gaussian process in space and time.

The prior says that shifts at nearby places and times are alike: covariance σ² k_s(distance) k_t(time), with k_s Gaussian
and k_t Matérn-5/2 in u = ln(1 + t / τ), because specimens move fast when the beam first hits them and slowly later. A
patch measures the mean of the field under its window, a Gaussian of known width, so the field found is not blurred by
the patches. How long, how fast and how noisy is decided by the marginal likelihood of the measurements themselves.

References: Rasmussen & Williams 2006, *Gaussian Processes for Machine Learning*, eqs. 2.23-2.30, 4.17, 5.8; the product
of covariances is diagonalised as in Saatçi 2011 (PhD thesis, Cambridge), ch. 5; as a prior on motion: Zivanov et al. 2019,
IUCrJ 6:5, section 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prior:
    """What is believed of the field before measuring.

    Parameters
    ----------
    amplitude
        Standard deviation of a shift, pixels.
    space
        Correlation length as a fraction of the frame's longer side.
    time
        Correlation length in u.
    onset
        τ in frames.
    noise
        Factor on the variances of the measurements.
    """

    amplitude: float = 1.0
    space: float = 0.5
    time: float = 1.5
    onset: float = 5.0
    noise: float = 1.0

    def logarithms(self) -> NDArray[np.float64]:
        """ln of each, in the order above."""
        return np.log([self.amplitude, self.space, self.time, self.onset, self.noise])

    @classmethod
    def from_logarithms(cls, values: NDArray) -> Prior:
        """Undo :meth:`logarithms`."""
        return cls(*np.exp(values).tolist())


#: ln of typical values and how far from them one should expect to go (a weak hyperprior).
TYPICAL = Prior()
WIDTHS = np.array([1.5, 0.7, 0.8, 1.0, 0.3])


def time_covariance(prior: Prior, a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """k_t between times ``a`` and ``b``, in frames since the first, with the mean over ``b`` taken out: ``(len(a), len(b))``.

    A constant shift of a patch cannot be measured, so it takes no part; ``b`` are the times of the measurements.
    """

    def matern(s: NDArray, t: NDArray) -> NDArray:
        u, v = np.log1p(s / prior.onset), np.log1p(t / prior.onset)
        d = np.sqrt(5.0) * np.abs(u[:, None] - v) / prior.time
        return (1 + d + d * d / 3) * np.exp(-d)

    own = matern(b, b)
    between = own if a is b else matern(a, b)
    return between - between.mean(axis=1, keepdims=True) - own.mean(axis=0) + own.mean()


def space_covariance(prior: Prior, a: NDArray, b: NDArray, blur: NDArray) -> NDArray[np.float64]:
    """σ² k_s between places, each axis widened by ``blur``² in variance: ``(len(a), len(b))``.

    Parameters
    ----------
    a, b
        ``(n, 2)``, ``(m, 2)`` places, fractions of the longer side.
    blur
        ``(2,)``: standard deviation of the difference of positions that the windows bring along x and y.
    """
    out = np.full((len(a), len(b)), prior.amplitude**2)
    for axis in (0, 1):
        wide = prior.space**2 + blur[axis] ** 2
        out *= prior.space / np.sqrt(wide) * np.exp(-0.5 * (a[:, None, axis] - b[None, :, axis]) ** 2 / wide)
    return out


def eigen(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues, rising, and eigenvectors of a symmetric matrix, by torch, whose threads are under our control."""
    values, vectors = torch.linalg.eigh(torch.from_numpy(matrix))
    return values.numpy(), vectors.numpy()


@dataclass(frozen=True)
class Measurements:
    """Shifts of patches without their mean over the frames.

    Parameters
    ----------
    places
        ``(p, 2)`` as (x, y), fractions of the longer side.
    blur
        ``(2,)``: standard deviation of the area a patch speaks for, same unit.
    times
        ``(n,)``, frames since the first.
    shifts
        ``(p, n, 2)``, pixels; the mean over the times is 0.
    precision
        ``(p, 2)``, 1 / variance.
    """

    places: NDArray[np.float64]
    blur: NDArray[np.float64]
    times: NDArray[np.float64]
    shifts: NDArray[np.float64]
    precision: NDArray[np.float64]

    def modes(self, prior: Prior, axis: int) -> Modes:
        """The measurements of one axis in the coordinates in which their covariance is diagonal."""
        root = np.sqrt(self.precision[:, axis] / prior.noise)
        near = space_covariance(prior, self.places, self.places, np.sqrt(2) * self.blur)
        space, left = eigen(root[:, None] * near * root)
        time, right = eigen(time_covariance(prior, self.times, self.times))
        time, right = time[1:].clip(0.0), right[:, 1:]
        whitened = left.T @ (root[:, None] * self.shifts[:, :, axis]) @ right
        return Modes(root, space.clip(0.0), left, time, right, whitened)


@dataclass(frozen=True)
class Modes:
    """Eigenvalues and eigenvectors of the two covariances, and the measurements along them."""

    root: NDArray
    space: NDArray
    left: NDArray
    time: NDArray
    right: NDArray
    values: NDArray

    @property
    def total(self) -> NDArray[np.float64]:
        """Variance expected of each whitened value: prior + 1."""
        return np.outer(self.space, self.time) + 1

    def log_evidence(self) -> float:
        """ln p(measurements | prior), up to a constant."""
        fit = np.log(self.total) + self.values**2 / self.total
        return float(-0.5 * fit.sum() + len(self.time) * np.log(self.root).sum())


def log_posterior(data: Measurements, prior: Prior) -> float:
    """ln p(measurements | prior) + ln p(prior), up to a constant."""
    away = (prior.logarithms() - TYPICAL.logarithms()) / WIDTHS
    return sum(data.modes(prior, axis).log_evidence() for axis in (0, 1)) - 0.5 * float(away @ away)


def choose_prior(data: Measurements, start: Prior) -> Prior:
    """The prior that makes the measurements most probable (type-II maximum likelihood, deterministic)."""
    from scipy.optimize import minimize

    found = minimize(
        lambda v: -log_posterior(data, Prior.from_logarithms(v)),
        start.logarithms(),
        method="Nelder-Mead",
        options={"xatol": 0.03, "fatol": 0.05, "maxfev": 250, "initial_simplex": simplex(start.logarithms())},
    )
    return Prior.from_logarithms(found.x)


def simplex(start: NDArray, step: float = 0.5) -> NDArray[np.float64]:
    """Start and one point a ``step`` away along each axis."""
    return np.vstack([start, start + step * np.eye(len(start))])


@dataclass(frozen=True)
class Field:
    """The posterior of the field.

    Parameters
    ----------
    data
        What was measured.
    prior
        What was believed.
    """

    data: Measurements
    prior: Prior

    def at(self, places: NDArray, times: NDArray | None = None, *, seen_by: NDArray | None = None) -> NDArray[np.float64]:
        """Mean shift at ``places`` and ``times``.

        Parameters
        ----------
        places
            ``(m, 2)`` as (x, y), fractions of the longer side.
        times
            ``(n,)``, frames since the first; None for those of the measurements.
        seen_by
            ``(2,)`` standard deviation of a window over which the field is averaged; None for the field itself.

        Returns
        -------
        ndarray
            ``(m, n, 2)``, pixels, with the mean over the times of the measurements 0.
        """
        data, prior = self.data, self.prior
        blur = data.blur if seen_by is None else np.hypot(data.blur, seen_by)
        when = time_covariance(prior, data.times if times is None else times, data.times)
        out = []
        for axis in (0, 1):
            m = data.modes(prior, axis)
            link = space_covariance(prior, places, data.places, blur) @ (m.root[:, None] * m.left)
            out.append(link @ (m.values / m.total) @ (when @ m.right).T)
        return np.stack(out, axis=-1)

    def deviation(self, places: NDArray) -> NDArray[np.float64]:
        """Standard deviation of the shift at ``places`` and the times of the measurements: ``(m, n, 2)``, pixels."""
        data, prior = self.data, self.prior
        here = prior.amplitude**2 * np.diag(time_covariance(prior, data.times, data.times))
        out = []
        for axis in (0, 1):
            m = data.modes(prior, axis)
            link = space_covariance(prior, places, data.places, data.blur) @ (m.root[:, None] * m.left)
            known = link**2 @ (m.time**2 / m.total) @ (m.right**2).T
            out.append(np.sqrt((here - known).clip(0.0)))
        return np.stack(out, axis=-1)


def fit_field(data: Measurements, prior: Prior, *, learn: bool) -> Field:
    """Fit; with ``learn`` the prior is first improved by the measurements."""
    return Field(data, choose_prior(data, prior) if learn else prior)
