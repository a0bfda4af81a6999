"""Move a model as one body to where the density under its atoms is highest, a little way from where it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from vitreous.data.volume import Volume
from vitreous.numerics.at_points import slopes_at
from vitreous.numerics.fourier import frequency_squared, irfftn, rfftn
from vitreous.numerics.rotations import exponential

#: Resolutions the map is smoothed to, in turn, as multiples of its own: the first reaches over neighbouring chains and side chains.
ROUNDS = (3.0, 1.5, 1.0)
#: Most atoms used: more change nothing.
MOST_ATOMS = 4_000


@dataclass(frozen=True, eq=False)
class RigidFit:
    """Where a model fits best.

    Parameters
    ----------
    positions
        Å, ``(n, 3)``, after the fit.
    moved
        Å, root mean square displacement of the atoms.
    turned_deg
        Degrees.
    shift
        Å, (x, y, z) of the centre.
    rotation, translation
        Of the whole: new place = rotation @ place + translation, ``(3, 3)`` and Å ``(3,)``.
    """

    positions: NDArray[np.float64]
    moved: float
    turned_deg: float
    shift: NDArray[np.float64]
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]


def smoothed_in_turn(volume: Volume, resolution: float) -> list[NDArray[np.float32]]:
    """The map of each round of a fit, coarsest first, of unit deviation; to be shared by several fits in one map.

    A round's map is the map times exp(−k² d² / 4): its density at points is the correlation of the map with Gaussians of that width.
    """
    spectrum, k2 = rfftn(volume.values), frequency_squared(volume.shape, volume.voxel_size)
    widths = [factor * max(resolution, 2 * volume.voxel_size) for factor in ROUNDS]
    blurred = [irfftn(spectrum * torch.exp(-0.25 * width**2 * k2), volume.shape) for width in widths]
    return [values.div_(float(values.std()) or 1.0).numpy() for values in blurred]


def rigid_fit(volume: Volume, positions: NDArray, resolution: float, *, maps: list[NDArray[np.float32]] | None = None) -> RigidFit:
    """Fit locally, coarse to fine, by quasi-Newton steps on the mean density at the atoms.

    Parameters
    ----------
    volume
        Density bright.
    positions
        Å, ``(n, 3)``; right to within about three times the resolution.
    resolution
        Å, of the map; at least two voxels are taken.
    maps
        What :func:`smoothed_in_turn` gives for them; made here without it.

    Notes
    -----
    Under rigid motion the model map's power is constant, so the highest mean density at the atoms of the map smoothed like them is
    the highest correlation.
    """
    centre = positions.mean(0)
    arms = positions[:: max(1, math.ceil(len(positions) / MOST_ATOMS))] - centre
    gyration = max(math.sqrt(float((arms**2).sum(1).mean())), 1.0)
    at = np.zeros(6)
    for values in maps or smoothed_in_turn(volume, resolution):
        found = minimize(_objective, at, args=(values, volume, arms, centre, gyration), jac=True, method="BFGS",
                         options={"maxiter": 40, "gtol": 1e-4})  # fmt: skip
        at = found.x if np.isfinite(found.fun) else at
    turn = _turn(at[:3] / gyration)
    new = (positions - centre) @ turn.T + centre + at[3:]
    cosine = float(np.clip((np.trace(turn) - 1) / 2, -1, 1))
    moved = float(np.sqrt(((new - positions) ** 2).sum(1).mean()))
    return RigidFit(new, moved, math.degrees(math.acos(cosine)), at[3:], turn, centre + at[3:] - turn @ centre)


def _turn(vector: NDArray) -> NDArray[np.float64]:
    return exponential(torch.from_numpy(np.ascontiguousarray(vector))).numpy()


def _objective(at: NDArray, values: NDArray, volume: Volume, arms: NDArray, centre: NDArray, gyration: float) -> tuple[float, NDArray]:
    """Minus the mean density at the moved atoms, and its slope along three turns (in Å at the radius of gyration) and three shifts (Å)."""
    turned = arms @ _turn(at[:3] / gyration).T
    places = (turned + centre + at[3:] - np.array(volume.corner)) / volume.voxel_size
    density, slopes = slopes_at(values, places)
    slopes = slopes / volume.voxel_size
    # A turn vector w moves r by J_l(w) δw × r; for the small w of a local fit J_l is 1 + [w]×/2.
    torque = np.cross(turned, slopes).mean(0) / gyration
    torque = torque - 0.5 * np.cross(at[:3] / gyration, torque)
    return -float(density.mean()), -np.concatenate([torque, slopes.mean(0)])
