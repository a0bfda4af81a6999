"""The table of ``vitreous.physics.molecular_amplitudes``: mean amplitudes by shell of structures at rest in ice.

    python benchmarks/molecular_amplitudes.py FOLDER_OF_MODELS

Atoms of each element are drawn as one narrow Gaussian, whose transform is replaced by the scattering factor; hydrogens lie 1.1 Å from
the atoms of their residue, in no direction; displaced ice is subtracted. About 40 s of one core.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from vitreous.data.atomic_model import AtomicModel
from vitreous.io.pdb import read_model
from vitreous.numerics.fourier import good_size, rfftn
from vitreous.numerics.shells import shell_average, spread
from vitreous.physics.potential import scattering_factor
from vitreous.physics.scattering import displacement
from vitreous.physics.solvent import ice_scattering
from vitreous.physics.splat import volume_of_gaussians
from vitreous.simulate import specimens
from vitreous.simulate.packed_atoms import unpack

VOXEL, WIDTH = 1.15, 60.0
EDGES = np.arange(0.03, 0.4201, 0.01)
#: File and assembly; the ribosome's parts are the ones that are shipped.
FILES = (("8bk7.cif.gz", None), ("3j9i_T20S.pdb.gz", None), ("7l2i.cif.gz", None), ("7a4m.cif.gz", "1"))


def log_amplitude(model: AtomicModel) -> np.ndarray:
    """ln of the rms amplitude between ``EDGES``, the atoms at rest."""
    places = model.positions - model.positions.mean(0)
    reach = 2 * np.quantile(np.linalg.norm(places, axis=1), 0.995)
    size = good_size(int(max(reach + 24, 150) / VOXEL))
    k = np.arange(size // 2 + 1) / (size * VOXEL)

    def transform(weights: np.ndarray, sigma: np.ndarray, where: np.ndarray, factor: np.ndarray) -> torch.Tensor:
        drawn = rfftn(volume_of_gaussians(where, weights, sigma, size=size, voxel_size=VOXEL))
        return drawn * spread(torch.from_numpy(factor).float(), (size,) * 3)

    narrow, undone = np.full(len(model), displacement(WIDTH)), np.exp(WIDTH * k**2 / 4)
    total = sum(transform((model.elements == each).astype(float), narrow, places, scattering_factor(str(each), k) * undone)
                for each in np.unique(model.elements))  # fmt: skip
    hydrogens = scattering_factor("H", k) * np.sinc(2 * k * specimens.BOND_TO_HYDROGEN) * undone
    total = total + transform(_hydrogens(model), narrow, places, hydrogens)
    centre, volume, squares, _ = specimens._voids(places, specimens._atoms(model).volume, model.residue_index)
    total = total - transform(ice_scattering() * volume, np.sqrt(squares), centre, np.ones_like(k))
    power = shell_average(total.abs() ** 2, (size,) * 3).numpy()
    rows = [(k >= low) & (k < high) for low, high in pairwise(EDGES)]
    return np.array([0.5 * np.log(np.average(power[row], weights=k[row] ** 2)) for row in rows])


def _hydrogens(model: AtomicModel) -> np.ndarray:
    """Hydrogens that a model without them lacks, shared out among the atoms of each residue."""
    if np.isin(model.elements, ["H", "D"]).any():
        return np.zeros(len(model))
    names, index = np.unique(model.residues, return_inverse=True)
    each = np.array([specimens._residue_kind(str(name))[1] for name in names], float)
    return each[index] / np.bincount(model.residue_index)[model.residue_index]


def main(folder: Path) -> None:
    """Print the table and the scatter about it."""
    atoms, regions, _ = unpack(Path(specimens.__file__).parent / "atoms" / "ribosome_6zu5.npz")
    models = [read_model(folder / name, assembly=assembly) for name, assembly in FILES]
    models += [atoms.take(np.asarray(regions) == part) for part in np.unique(regions)]
    k = 0.5 * (EDGES[1:] + EDGES[:-1])
    curves = np.array([log_amplitude(model) for model in models])
    curves -= curves[:, (k > 0.1) & (k < 0.4)].mean(1, keepdims=True)
    for row in zip(1 / k, curves.mean(0), curves.std(0, ddof=1)):
        print("{:6.2f} Å  {:6.2f} ± {:.2f}".format(*row))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
