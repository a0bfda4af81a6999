r"""The density of an atomic model on a grid: each atom with its whole electron scattering factor and its B-factor.

    ρ(r) = Σ_i FT⁻¹[ f_e(i)(k) exp(−B_i k² / 4) exp(−2πi k·r_i) ],   |k| below the grid's Nyquist frequency and below 1 / d.

All atoms of an element are drawn as Gaussians of their own B, and f_e (five Gaussians, see :mod:`vitreous.physics.potential`)
multiplies their common transform, so that one atom is drawn once and nothing of the table is approximated. Only the atoms of the
model are drawn: no hydrogens are added and no ice is taken away.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.fourier import axis_frequencies, frequency_squared, irfftn
from vitreous.physics.potential import scattering_coefficients
from vitreous.physics.splat import spectrum_of_gaussians

#: Å²: narrower atoms, and negative B-factors, are drawn as points.
LEAST_B = 0.0


def model_spectrum(
    model: AtomicModel, size: int, voxel_size: float, corner: tuple[float, float, float], *, b_factors: NDArray | None = None
) -> Tensor:
    """Transform of a model's density on a cube, as :func:`~vitreous.numerics.fourier.rfftn` would give it.

    Parameters
    ----------
    model
        Atoms; what lies outside the cube is cut.
    size, voxel_size
        Voxels a side, 4 or more, and Å a voxel.
    corner
        Where voxel (0, 0, 0) lies in the model's coordinates, Å, (x, y, z).
    b_factors
        Å², ``(n,)``, instead of the model's own; below 0 counts as 0.

    Returns
    -------
    Tensor
        complex64 ``(size, size, size // 2 + 1)``; its inverse is in Å of scattering per Å³. Within 1e-4 of Σ f of the sum above.

    Raises
    ------
    InputError
        If an element has no tabulated scattering factor.
    """
    widths = np.maximum(model.b_factors if b_factors is None else b_factors, LEAST_B)
    places = model.positions - np.asarray(corner) - (size // 2) * voxel_size
    total = torch.zeros(size, size, size // 2 + 1, dtype=torch.complex64)
    for element in np.unique(model.elements):
        rows = model.elements == element
        drawn = spectrum_of_gaussians(places[rows], np.ones(int(rows.sum())), np.sqrt(widths[rows] / (8 * math.pi**2)),
                                      size=size, voxel_size=voxel_size)  # fmt: skip
        total += drawn * _factor_grid(str(element), size, voxel_size)
    return total / voxel_size**3


def _factor_grid(element: str, size: int, voxel_size: float) -> Tensor:
    """f(k) of an element on the half grid, float32: each of its Gaussians is a product of three of one axis."""
    full, half = (axis_frequencies(size, voxel_size, half=half) ** 2 for half in (False, True))
    total = torch.zeros(size, size, size // 2 + 1)
    for a, b in zip(*scattering_coefficients(element)):
        along, across = torch.exp(-0.25 * b * half), torch.exp(-0.25 * b * full)
        total.addcmul_(a * across[:, None, None] * across[:, None], along.expand_as(total))
    return total


def filtered_map(spectrum: Tensor, voxel_size: float, corner: tuple[float, float, float], *, resolution: float, b_factor: float) -> Volume:
    """The map of a transform times exp(−B k² / 4), ended sharply at a resolution.

    Parameters
    ----------
    spectrum
        complex64 ``(n, n, n // 2 + 1)``.
    voxel_size, corner
        Of the map, Å.
    resolution
        Å; coefficients with k above 1 / resolution are left out.
    b_factor
        Å²; negative sharpens.
    """
    shape = (spectrum.shape[0],) * 3
    k2 = frequency_squared(shape, voxel_size)
    gain = torch.where(k2 <= 1 / resolution**2, torch.exp(-0.25 * b_factor * k2), 0.0)
    return Volume(irfftn(spectrum * gain, shape), voxel_size, corner)


def model_map(
    model: AtomicModel, size: int, voxel_size: float, corner: tuple[float, float, float] = (0.0, 0.0, 0.0), *,
    resolution: float = 0.0, b_factor: float = 0.0,
) -> Volume:  # fmt: skip
    """The model's density in Å of scattering per Å³ (47.9 V a unit).

    Parameters
    ----------
    model, size, voxel_size, corner
        As for :func:`model_spectrum`.
    resolution
        Å, where the transform is ended sharply; 0 leaves all that the grid holds, to the corners of its transform.
    b_factor
        Å², added to each atom's own.

    Examples
    --------
    >>> carbon = AtomicModel(positions=np.full((1, 3), 16.0), elements=np.array(["C"]), residues=np.array(["ALA"]),
    ...                      chains=np.array(["A"]), residue_index=np.zeros(1, np.int64), b_factors=np.array([20.0]))
    >>> round(float(model_map(carbon, 32, 1.0).values.sum()), 3)
    2.509
    """
    spectrum = model_spectrum(model, size, voxel_size, corner)
    return filtered_map(spectrum, voxel_size, corner, resolution=max(resolution, 1e-6), b_factor=b_factor)
