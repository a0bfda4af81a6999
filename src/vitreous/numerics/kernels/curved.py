"""Insertion of bent slices into one half ball, a slab of planes at a time, and what it means in plain torch.

A bent slice has its points at pad · Rᵀ (kx, ky, kz), kz a function of (kx, ky): a piece of the Ewald sphere. With kz = 0 it is a
central slice.

A half ball is far larger than a cache, and slices at random views wait for memory at every point. So the points of each slice are
first sorted (by counting) into slabs of ``SLAB`` planes of z; then all slices of a block are added to one slab before the next.
Points of one slab reach one plane into the next, hence two rounds: slabs of even number side by side, then those of odd number. No
two threads write to the same cell, and the sum is the same, to the bit, for any number of threads.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.kernels.cpu import FAST, ONE, U, _cell
from vitreous.numerics.kernels.lanes import add_pair
from vitreous.numerics.kernels.reference import _corners

#: Planes of a slab: 3 MB at 128 px, 13 MB at 256 px, about what a core's share of the last cache holds.
SLAB = 8


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def sort_points(m, rotations, kx, ky, kz, pad, order, starts):
    """Fill ``order[b]`` with the points of slice b by slab, and ``starts[b]`` with where each slab begins, its end last."""
    slabs, count = starts.shape[1] - 1, kx.shape[0]
    for b in nb.prange(rotations.shape[0]):
        r, slab, fill = rotations[b], np.empty(count, np.uint16), np.zeros(slabs + 1, np.int32)
        ax, bx, cx = r[0, 0] * pad, r[1, 0] * pad, r[2, 0] * pad
        az, bz, cz = r[0, 2] * pad, r[1, 2] * pad, r[2, 2] * pad
        for k in range(count):
            z = az * kx[k] + bz * ky[k] + cz * kz[k]
            z = -z if ax * kx[k] + bx * ky[k] + cx * kz[k] < 0 else z
            slab[k] = np.int32(z + np.float32(m)) // SLAB
        for k in range(count):
            fill[slab[k] + 1] += 1
        for s in range(slabs):
            fill[s + 1] += fill[s]
        for s in range(slabs + 1):
            starts[b, s] = fill[s]
        for k in range(count):
            order[b, fill[slab[k]]] = k
            fill[slab[k]] += 1


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def insert_slabs(flat, m, rotations, values, weights, kx, ky, kz, pad, order, starts, first):
    """Add sorted points of slabs ``first``, ``first`` + 2, … to the flat (re, im, weight) cells of one half ball."""
    row, plane = U(3 * (m + 1)), U(3 * (m + 1) * (2 * m + 1))
    for half in nb.prange((starts.shape[1] - first) // 2):
        s = 2 * half + first
        for b in range(rotations.shape[0]):
            r, value, weight, points = rotations[b], values[b], weights[b], order[b]
            ax, ay, az = r[0, 0] * pad, r[0, 1] * pad, r[0, 2] * pad
            bx, by, bz = r[1, 0] * pad, r[1, 1] * pad, r[1, 2] * pad
            cx, cy, cz = r[2, 0] * pad, r[2, 1] * pad, r[2, 2] * pad
            for n in range(starts[b, s], starts[b, s + 1]):
                k = U(points[n])
                u, v, h = kx[k], ky[k], kz[k]
                base, fx, fy, fz, sign = _cell(
                    ax * u + bx * v + cx * h, ay * u + by * v + cy * h, az * u + bz * v + cz * h, m
                )  # fmt: skip
                re, im, w = value[U(2) * k], value[U(2) * k + U(1)] * sign, weight[k]
                i = U(3 * base)
                low, high = ONE - fz, fz
                for j, q in ((i, (ONE - fy) * low), (i + row, fy * low), (i + plane, (ONE - fy) * high), (i + plane + row, fy * high)):
                    q1 = q * fx
                    add_pair(flat, j, q - q1, q1, re, im, w)


def insert(flat, m, rotations, values, weights, kx, ky, kz, pad):
    """Add bent slices to a half ball of flat float32 (re, im, weight) cells; arguments as for :func:`cpu.insert`, ``kz`` as ``kx``."""
    slabs = -(-(2 * m + 1) // SLAB)
    order = np.empty(weights.shape, np.uint16 if len(kx) <= 65536 else np.uint32)
    starts = np.empty((len(rotations), slabs + 1), np.int32)
    sort_points(m, rotations, kx, ky, kz, pad, order, starts)
    for first in (0, 1):
        insert_slabs(flat, m, rotations, values, weights, kx, ky, kz, pad, order, starts, first)


def _points(rotations: Tensor, kx: Tensor, ky: Tensor, kz: Tensor, pad: int) -> Tensor:
    """Positions pad · Rᵀ (kx, ky, kz), ``(b, k, 3)``."""
    return torch.stack([kx, ky, kz], -1).to(rotations) * pad @ rotations


def slices_reference(ball: Tensor, rotations: Tensor, kx: Tensor, ky: Tensor, kz: Tensor, pad: int) -> Tensor:
    """Half ball ``(2m + 1, 2m + 1, m + 1)`` at pad · Rᵀ (kx, ky, kz): complex ``(b, k)``, in the precision of its arguments."""
    index, weight, mate = _corners(_points(rotations, kx, ky, kz, pad), ball.shape[-1] - 1)
    value = (ball.flatten()[index] * weight).sum(-1)
    return torch.where(mate, value.conj(), value)


def insert_reference(shape: tuple[int, ...], rotations: Tensor, values: Tensor, kx: Tensor, ky: Tensor, kz: Tensor, pad: int) -> Tensor:
    """Adjoint of :func:`slices_reference`: a half ball of ``shape`` with ``values`` ``(b, k)`` (complex or real) spread into it."""
    index, weight, mate = _corners(_points(rotations, kx, ky, kz, pad), shape[-1] - 1)
    values = torch.where(mate, values.conj(), values) if values.is_complex() else values
    flat = values.new_zeros(shape[0] * shape[1] * shape[2])
    return flat.index_add(0, index.flatten(), (values[..., None] * weight.to(values.dtype)).flatten()).reshape(shape)
