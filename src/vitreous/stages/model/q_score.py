r"""Q-score: how much the density about an atom looks like an atom (Pintilie et al. 2020, Nat. Methods 17:328).

On spheres of radius r = 0, 0.1, … 2 Å about an atom the map is read at the points that lie nearer to this atom than to any
other. Their values u are correlated, about the means, with a Gaussian of σ = 0.6 Å at the same radii, v = exp(−r² / 2σ²):

    Q = Σ w (u − ū)(v − v̄) / √( Σ w (u − ū)² Σ w (v − v̄)² ).

The paper takes eight points of each sphere; here all points of a spiral of 48 that are free count, w = 1 / their number, so that
each radius has the same weight as there, with less of chance in it. A sphere without a free point is left out. Offset and
scale of the map do not matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.at_points import value_at

#: Å: standard deviation of the reference Gaussian, largest radius, and step of the radii.
SIGMA, LARGEST, STEP = 0.6, 2.0, 0.1
#: Points of each sphere before those nearer to other atoms are left out.
POINTS = 48
#: Q = slope · d + level of good deposited maps, as MapQ prints them (Pintilie et al. 2020; valid from about 1.2 to 5 Å).
EXPECTED = {"protein": (-0.1775, 1.1192), "nucleic acid": (-0.1377, 0.9973)}
#: Å: resolutions between which the lines were fitted.
VALID = (1.0, 6.0)


@dataclass(frozen=True, eq=False)
class QScores:
    """Q-scores of a model.

    Parameters
    ----------
    atoms
        ``(n,)``, one a heavy atom, in [−1, 1].
    residues
        Mean of each residue's atoms, ``(r,)``.
    chains
        Mean of each chain's atoms, by name.
    """

    atoms: NDArray[np.float64]
    residues: NDArray[np.float64]
    chains: dict[str, float]

    @property
    def mean(self) -> float:
        """Mean of all atoms."""
        return float(self.atoms.mean())


def expected_q(resolution: float, kind: str = "protein") -> float | None:
    """Mean Q of good maps of "protein" or "nucleic acid" at a resolution in Å; None beyond 1 to 6 Å.

    >>> round(expected_q(1.8), 2), round(expected_q(3.0), 2)
    (0.8, 0.59)
    """
    slope, level = EXPECTED[kind]
    return slope * resolution + level if VALID[0] <= resolution <= VALID[1] else None


def spiral(count: int) -> NDArray[np.float64]:
    """``count`` directions spread evenly, (x, y, z): a spiral of golden angles (Saff & Kuijlaars 1997, Math. Intelligencer 19:5)."""
    index = np.arange(count)
    height = 1 - (2 * index + 1) / count
    angle = index * math.pi * (3 - math.sqrt(5))
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), height], -1)


@numba.njit(cache=True, parallel=True)
def _scores(values, places, scale, first, near, directions, radii, reference, out):
    for i in numba.prange(len(places)):
        sums = np.zeros(6)
        for j in range(len(radii)):
            count, one, two = 0, 0.0, 0.0
            for d in range(len(directions)):
                x, y, z = (
                    places[i, 0] + radii[j] * directions[d, 0],
                    places[i, 1] + radii[j] * directions[d, 1],
                    places[i, 2] + radii[j] * directions[d, 2],
                )
                free = True
                for n in range(first[i], first[i + 1]):
                    other = places[near[n]]
                    if (x - other[0]) ** 2 + (y - other[1]) ** 2 + (z - other[2]) ** 2 < radii[j] ** 2:
                        free = False
                        break
                if free:
                    value = value_at(values, x * scale, y * scale, z * scale)
                    count, one, two = count + 1, one + value, two + value * value
            if count > 0:
                v = reference[j]
                sums += np.array([1.0, one / count, two / count, v, v * v, v * one / count])
        weight, u, uu, v, vv, uv = sums
        spread = (uu - u * u / weight) * (vv - v * v / weight)
        out[i] = (uv - u * v / weight) / math.sqrt(spread) if spread > 0 else 0.0


def atom_scores(volume: Volume, positions: NDArray) -> NDArray[np.float64]:
    """Q of each atom at ``positions`` (Å, ``(n, 3)``), all of which are atoms of the model other than hydrogen; ``(n,)``."""
    places = np.ascontiguousarray(positions - np.array(volume.corner), np.float64)
    pairs = cKDTree(places).query_pairs(2 * LARGEST, output_type="ndarray")
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    # The nearest neighbour hides most points, so it is asked first.
    apart = ((places[pairs[:, 0]] - places[pairs[:, 1]]) ** 2).sum(1)
    pairs = pairs[np.lexsort((apart, pairs[:, 0]))]
    first = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=len(places)))])
    radii = np.arange(round(LARGEST / STEP) + 1) * STEP
    out = np.empty(len(places))
    _scores(np.ascontiguousarray(volume.values.numpy(), np.float32), places, 1 / volume.voxel_size, first,
            np.ascontiguousarray(pairs[:, 1]), spiral(POINTS), radii, np.exp(-0.5 * (radii / SIGMA) ** 2), out)  # fmt: skip
    return out


def by_residue(values: NDArray, residue_index: NDArray) -> NDArray[np.float64]:
    """Mean of the atoms of each residue that has any, in order."""
    _, where = np.unique(residue_index, return_inverse=True)
    return np.bincount(where, values) / np.bincount(where)


def q_scores(volume: Volume, model: AtomicModel) -> QScores:
    """Score each atom of a model without hydrogens; voxels finer than half the reference's width (0.6 Å) or so are not needed.

    Notes
    -----
    The map is read between its voxels linearly. With voxels wider than 1.2 Å that widens an atom visibly, and Q of a perfect
    map falls below 1 for it.
    """
    atoms = atom_scores(volume, model.positions)
    chains = {str(name): float(atoms[model.chains == name].mean()) for name in np.unique(model.chains)}
    return QScores(atoms, by_residue(atoms, model.residue_index), chains)
