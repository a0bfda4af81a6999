"""Functions of one variable by their samples, and the samples of their transform: what the lessons on Fourier transforms draw."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies, fft1, from_centre, ifft1, to_centre


def places(size: int, step: float) -> NDArray[np.float64]:
    """Where a function is sampled: (i − n // 2) step, 0 at sample n // 2, ``(size,)``."""
    require(size > 0 and step > 0, "size and step", (size, step), "positive")
    return (np.arange(size) - size // 2) * step


def transform(values: ArrayLike, step: float) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Approximate F(u) = ∫ f(x) exp(−2πi u x) dx by the sum step · Σ f exp(−2πi u x).

    Parameters
    ----------
    values
        f at :func:`places`, ``(n,)``, real or complex.
    step
        Distance of the samples.

    Returns
    -------
    tuple
        u, ascending, one over n · step apart, and F(u), both ``(n,)``. The error is what f holds beyond half the sampling rate 1 / step
        (which is folded back) and beyond the ends.

    Raises
    ------
    InputError
        If the values are not in one line, or the step is not positive.
    """
    given = np.asarray(values)
    require(given.ndim == 1 and given.size > 0, "values", given.shape, "of shape (n,)")
    require(step > 0, "step", step, "positive")
    samples = torch.from_numpy(given.astype(np.complex128))
    found = to_centre(fft1(from_centre(samples, (0,))), (0,)).numpy() * step
    like = torch.zeros(1, dtype=torch.float64)
    return to_centre(axis_frequencies(given.size, step, like=like), (0,)).numpy(), found


def back(spectrum: ArrayLike, step: float) -> NDArray[np.complex128]:
    """f at :func:`places` from F at the frequencies of :func:`transform`: undoes it; errors as there."""
    given = np.asarray(spectrum)
    require(given.ndim == 1 and given.size > 0, "spectrum", given.shape, "of shape (n,)")
    require(step > 0, "step", step, "positive")
    samples = from_centre(torch.from_numpy(given.astype(np.complex128)), (0,))
    return to_centre(ifft1(samples), (0,)).numpy() / step
