"""What is put under the simulated microscope: clouds of scatterers made from atoms.

A specimen is a sum of Gaussians: one an atom (its hydrogens folded in), and, for a particle in ice, one negative Gaussian for
the ice displaced by every four atoms. Maps and projections are made from these scatterers alone, by a program that
reconstruction does not use, so that nothing is recovered merely because it was put in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.errors import InputError, require
from vitreous.physics.potential import equivalent_gaussian
from vitreous.physics.solvent import VOLUME_PER_DALTON, displaced_sigma, ice_scattering
from vitreous.physics.splat import project_gaussians, volume_of_gaussians
from vitreous.simulate.packed_atoms import unpack

#: Å from a heavy atom to the hydrogens folded into it.
BOND_TO_HYDROGEN = 1.1
#: Consecutive atoms of a residue whose displaced ice is drawn as one Gaussian.
ATOMS_PER_VOID = 4


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """Scatterers in the object's frame.

    Parameters
    ----------
    name
        What it is called.
    positions
        ``(n, 3)`` in Å, (x, y, z); the origin is the centre that poses refer to.
    weights
        Scattering f(0) in Å of each, ``(n,)``; negative for displaced ice.
    sigma
        Standard deviation of each Gaussian, Å, ``(n,)``.
    region
        Part of the structure each belongs to: index into ``regions``, int64 ``(n,)``.
    regions
        Names of the parts.
    mass
        kDa.
    symmetry
        Point group: C1, D2, O, …
    source, citation
        Where the coordinates are from, and whom to cite.

    Raises
    ------
    InputError
        If the columns differ in length.
    """

    name: str
    positions: NDArray[np.float64]
    weights: NDArray[np.float64]
    sigma: NDArray[np.float64]
    region: NDArray[np.int64]
    regions: tuple[str, ...] = ("all",)
    mass: float = 0.0
    symmetry: str = "C1"
    source: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        for name in ("weights", "sigma", "region"):
            require(len(getattr(self, name)) == len(self.positions), name, len(getattr(self, name)),
                    f"one number a scatterer ({len(self.positions)})")  # fmt: skip

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def diameter(self) -> float:
        """Twice the distance from the origin, in Å, within which 99.5 % of the positive scatterers lie."""
        return 2 * float(np.quantile(np.linalg.norm(self.positions[self.weights > 0], axis=1), 0.995))

    def part(self, *names: str) -> Specimen:
        """Only the regions ``names``, centred anew; the mass is shared out by positive weight.

        Raises
        ------
        InputError
            If a name is not one of ``regions``.
        """
        for name in names:
            require(name in self.regions, "region", name, f"one of {', '.join(self.regions)}")
        rows = np.isin(self.region, [self.regions.index(name) for name in names])
        share = self.weights[rows].clip(0).sum() / self.weights.clip(0).sum()
        title = f"{self.name}: {', '.join(names)}"
        columns = {name: getattr(self, name)[rows] for name in ("positions", "weights", "sigma", "region")}
        return centred(replace(self, name=title, **columns, mass=self.mass * float(share), symmetry="C1"))


def centred(specimen: Specimen) -> Specimen:
    """The same with its weighted centre at the origin."""
    middle = specimen.weights @ specimen.positions / specimen.weights.sum()
    return replace(specimen, positions=specimen.positions - middle)


@dataclass(frozen=True)
class _Atoms:
    """Per atom: scattering with its hydrogens (Å), squared width (Å²), mass (Da), displaced volume (Å³)."""

    weight: np.ndarray
    width2: np.ndarray
    mass: np.ndarray
    volume: np.ndarray = field(repr=False)


@lru_cache(maxsize=256)
def _residue_kind(name: str) -> tuple[str, int]:
    """("protein" | "nucleic acid" | "ligand", hydrogens in the chain)."""
    import gemmi

    found = gemmi.find_tabulated_residue(name)
    kind = "nucleic acid" if found.is_nucleic_acid() else "protein" if found.is_amino_acid() else "ligand"
    return kind, 0 if kind == "ligand" else max(0, found.hydrogen_count - 2)


def _atoms(model: AtomicModel) -> _Atoms:
    import gemmi

    def each(words: np.ndarray, value: Callable[[str], float]) -> np.ndarray:
        table, index = np.unique(words, return_inverse=True)
        return np.array([value(str(word)) for word in table], float)[index]

    in_residue = np.bincount(model.residue_index)[model.residue_index]
    explicit = bool(np.any(np.isin(model.elements, ["H", "D"])))
    hydrogens = np.zeros(len(model)) if explicit else each(model.residues, lambda r: _residue_kind(r)[1]) / in_residue
    weight = each(model.elements, lambda e: equivalent_gaussian(e)[0])
    width2 = each(model.elements, lambda e: equivalent_gaussian(e)[1] ** 2)
    one, its_width = equivalent_gaussian("H")
    total = weight + hydrogens * one
    width2 = (weight * width2 + hydrogens * one * (its_width**2 + BOND_TO_HYDROGEN**2 / 3)) / total
    mass = each(model.elements, lambda e: gemmi.Element(e).weight) + hydrogens * gemmi.Element("H").weight
    density = each(model.residues, lambda r: VOLUME_PER_DALTON.get(_residue_kind(r)[0], VOLUME_PER_DALTON["protein"]))
    return _Atoms(total, width2, mass, np.where(in_residue == 1, 0.0, mass * density))


def _voids(positions: np.ndarray, volume: np.ndarray, residue: np.ndarray) -> tuple[np.ndarray, ...]:
    """Displaced ice in lumps of ``ATOMS_PER_VOID`` atoms: centre, volume, squared width, and one atom of each."""
    first = np.flatnonzero(np.diff(residue, prepend=-1))
    place = np.arange(len(residue)) - np.repeat(first, np.diff(first, append=len(residue)))
    lump = np.cumsum(place % ATOMS_PER_VOID == 0) - 1
    volume = np.maximum(volume, 1e-9)
    total = np.bincount(lump, volume)
    centre = np.stack([np.bincount(lump, volume * axis) for axis in positions.T], 1) / total[:, None]
    spread = ((positions - centre[lump]) ** 2).sum(1) / 3 + displaced_sigma(volume) ** 2
    return centre, total, np.bincount(lump, volume * spread) / total, np.flatnonzero(place % ATOMS_PER_VOID == 0)


def specimen_from_model(
    model: AtomicModel, *, surroundings: Literal["ice", "vacuum"] = "ice", regions: NDArray[np.str_] | None = None,
    symmetry: str = "C1", citation: str = "",
) -> Specimen:  # fmt: skip
    """Turn atoms into a specimen.

    Parameters
    ----------
    model
        The atoms; B-factors (Å²) widen them. Hydrogens that the model lacks are added to their residues' atoms.
    surroundings
        "ice": the ice that the atoms displace is subtracted; "vacuum": it is not.
    regions
        Name of the region of each atom, ``(n,)``; one region without it.
    symmetry, citation
        Kept with the specimen.

    Returns
    -------
    Specimen
        Centred on its weight.

    Raises
    ------
    InputError
        If an element has no tabulated scattering factor.
    """
    require(len(model) > 0, "model", "no atoms", "a model with atoms")
    atoms = _atoms(model)
    names, region = np.unique(np.full(len(model), "all") if regions is None else regions, return_inverse=True)
    width2 = atoms.width2 + model.b_factors / (8 * math.pi**2)
    columns = [(model.positions, atoms.weight, width2, region)]
    if surroundings == "ice":
        centre, volume, spread, row = _voids(model.positions, atoms.volume, model.residue_index)
        columns.append((centre, -ice_scattering() * volume, spread + model.b_factors[row] / (8 * math.pi**2), region[row]))
    positions, weights, squares, region = (np.concatenate(parts) for parts in zip(*columns))
    kept = np.abs(weights) > 1e-6
    return centred(Specimen(
        name=model.title, positions=positions[kept], weights=weights[kept], sigma=np.sqrt(squares[kept]), region=region[kept],
        regions=tuple(map(str, names)), mass=float(atoms.mass.sum()) / 1e3, symmetry=symmetry, citation=citation,
    ))  # fmt: skip


#: Name to the file of packed atoms and the paper.
SHIPPED = {
    "ribosome": ("ribosome_6zu5.npz", "Ehrenbolger et al. 2020, PLoS Biol. 18:e3000958"),
}


@lru_cache(maxsize=4)
def specimen(name: str) -> Specimen:
    """A specimen that comes with Vitreous, in ice.

    Parameters
    ----------
    name
        "ribosome": the 80S ribosome of PDB 6ZU5, regions "large subunit", "small subunit body" and "small subunit head";
        "ribosome head": the last region alone, about 310 kDa.

    Raises
    ------
    InputError
        If there is no such specimen.
    """
    if name == "ribosome head":
        return replace(specimen("ribosome").part("small subunit head"), name=name)
    if name not in SHIPPED:
        known = ", ".join([*SHIPPED, "ribosome head"])
        raise InputError(f"specimen must be one of {known}; got {name!r}. Try: specimen_from_model.")
    file, citation = SHIPPED[name]
    model, regions, source = unpack(Path(__file__).parent / "atoms" / file)
    return replace(specimen_from_model(model, regions=regions, citation=citation), name=name, source=source)


def density_map(
    specimen: Specimen, size: int, voxel_size: float, *, resolution: float | None = None, b_factor: float = 0.0
) -> Volume:
    """The specimen as a map, in Å of scattering per Å³ (47.9 V a unit); its origin is voxel size // 2.

    Parameters
    ----------
    specimen
        The scatterers.
    size, voxel_size
        Voxels a side, and Å a voxel.
    resolution
        Å: each scatterer is widened by exp(−k² resolution² / 4), which is 0.78 at that resolution; none without it.
    b_factor
        Å², further widening by exp(−B k² / 4).
    """
    extra = (b_factor + (resolution or 0.0) ** 2) / (8 * math.pi**2)
    sigma = np.sqrt(specimen.sigma**2 + extra)
    values = volume_of_gaussians(specimen.positions, specimen.weights, sigma, size=size, voxel_size=voxel_size)
    return Volume(values, voxel_size)


def project_atoms(specimen: Specimen, rotations: np.ndarray, shifts: np.ndarray, *, size: int, pixel_size: float) -> Tensor:
    """Project the specimen's scatterers along +z of the lab frame.

    Parameters
    ----------
    specimen
        The scatterers.
    rotations
        ``(m, 3, 3)``: r_lab = R r_object.
    shifts
        ``(m, 2)`` in Å: where the specimen's origin goes relative to pixel size // 2, (x, y).
    size, pixel_size
        Pixels a side, and Å a pixel.

    Returns
    -------
    Tensor
        float32 ``(m, size, size)`` in Å of scattering per Å²; times λγ it is a phase in radians.
    """
    return project_gaussians(specimen.positions, specimen.weights, specimen.sigma, rotations, shifts, size=size,
                             pixel_size=pixel_size)  # fmt: skip
