"""Sums over shells of half transforms in one pass: what is read from memory is read once, and no index of voxels is kept.

Three axes, on the processor. Every plane has sums of its own, in double precision, added in their order at the end, so that the
result does not depend on the number of threads.
"""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(parallel=True, cache=True)
def correlation_sums(a, b, along_z, along_y, along_x, longest, even):
    """Re Σ A B*, Σ |A|², Σ |B|² in each shell, mates counted.

    Parameters
    ----------
    a, b
        Complex ``(z, y, x // 2 + 1)``.
    along_z, along_y, along_x
        Squared frequencies of the axes, cycles a voxel, float64.
    longest
        Voxels of the longest side.
    even
        Whether the last column is its own mate.

    Returns
    -------
    ndarray
        float64 ``(longest // 2 + 1, 3)``.
    """
    shells, columns = longest // 2 + 1, a.shape[2]
    total = np.zeros((a.shape[0], shells, 3))
    for z in nb.prange(a.shape[0]):
        for y in range(a.shape[1]):
            for x in range(columns):
                s = int(np.rint(np.sqrt(along_x[x] + along_y[y] + along_z[z]) * longest))
                if s >= shells:
                    break
                weight = 1.0 if x == 0 or (even and x == columns - 1) else 2.0
                p, q = a[z, y, x], b[z, y, x]
                total[z, s, 0] += weight * (p.real * q.real + p.imag * q.imag)
                total[z, s, 1] += weight * (p.real * p.real + p.imag * p.imag)
                total[z, s, 2] += weight * (q.real * q.real + q.imag * q.imag)
    return total.sum(0)


@nb.njit(parallel=True, cache=True)
def value_sums(values, along_z, along_y, along_x, longest, even):
    """Σ of real numbers in each shell, mates counted: float64 ``(longest // 2 + 1,)``; see :func:`correlation_sums`."""
    shells, columns = longest // 2 + 1, values.shape[2]
    total = np.zeros((values.shape[0], shells))
    for z in nb.prange(values.shape[0]):
        for y in range(values.shape[1]):
            for x in range(columns):
                s = int(np.rint(np.sqrt(along_x[x] + along_y[y] + along_z[z]) * longest))
                if s >= shells:
                    break
                total[z, s] += values[z, y, x] if x == 0 or (even and x == columns - 1) else 2.0 * values[z, y, x]
    return total.sum(0)


@nb.njit(parallel=True, cache=True)
def shell_counts(along_z, along_y, along_x, longest, even):
    """Voxels of the full transform in each shell: float64 ``(longest // 2 + 1,)``; see :func:`correlation_sums`."""
    shells, columns = longest // 2 + 1, len(along_x)
    total = np.zeros((len(along_z), shells))
    for z in nb.prange(len(along_z)):
        for y in range(len(along_y)):
            for x in range(columns):
                s = int(np.rint(np.sqrt(along_x[x] + along_y[y] + along_z[z]) * longest))
                if s >= shells:
                    break
                total[z, s] += 1.0 if x == 0 or (even and x == columns - 1) else 2.0
    return total.sum(0)


@nb.njit(parallel=True, cache=True)
def give_phases(spectrum, noise, along_z, along_y, along_x, longest, start):
    """Turn ``spectrum``, in its place, to the phases of ``noise`` from shell ``start`` on; both complex ``(z, y, x // 2 + 1)``."""
    for z in nb.prange(spectrum.shape[0]):
        for y in range(spectrum.shape[1]):
            for x in range(spectrum.shape[2]):
                if np.rint(np.sqrt(along_x[x] + along_y[y] + along_z[z]) * longest) >= start:
                    p, q = spectrum[z, y, x], noise[z, y, x]
                    power = q.real * q.real + q.imag * q.imag
                    if power > 0:
                        spectrum[z, y, x] = q * np.sqrt((p.real * p.real + p.imag * p.imag) / power)
