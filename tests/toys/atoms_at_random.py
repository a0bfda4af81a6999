"""Atoms strewn about the origin, and a small protein that is built rather than deposited."""

from __future__ import annotations

import numpy as np

from vitreous.data.atomic_model import AtomicModel

#: Backbone and side chain of an ideal α-helix, per residue: radius (Å), angle (°) and height (Å) of each atom about its axis.
HELIX = {"N": (1.55, -27.0, -0.87), "CA": (2.28, 0.0, 0.0), "C": (1.66, 26.0, 1.13), "O": (2.0, 24.5, 2.33), "CB": (3.28, -18.0, -0.83),
         "CG": (4.35, -3.5, -0.6), "CD": (5.55, -14.0, -1.1)}  # fmt: skip
RISE, TURN = 1.5, 100.0


def atoms_at_random(count: int, *, extent: float, seed: int, b_factors: tuple[float, float] = (20.0, 20.0)) -> AtomicModel:
    """``count`` atoms of C, N, O and P within a ball of ``extent`` Å radius, one a residue, B between two ends."""
    chance = np.random.default_rng(seed)
    places = chance.normal(size=(count, 3))
    places *= extent * chance.uniform(size=(count, 1)) ** (1 / 3) / np.linalg.norm(places, axis=1, keepdims=True)
    return AtomicModel(
        positions=places, elements=chance.choice(np.array(["C", "N", "O", "P"]), count), residues=np.full(count, "ALA"),
        chains=np.full(count, "A"), residue_index=np.arange(count), b_factors=chance.uniform(*b_factors, count),
        names=np.full(count, "CA"), numbers=np.arange(1, count + 1).astype(str),
    )  # fmt: skip


def helix(residues: int, *, b_factor: float = 20.0, centre: tuple[float, float, float] = (0.0, 0.0, 0.0), chain: str = "A") -> AtomicModel:
    """A right-handed α-helix of glutamine-like residues along z, centred."""
    rows = []
    for index in range(residues):
        for name, (radius, angle, height) in HELIX.items():
            phi = np.deg2rad(angle + TURN * index)
            rows.append((name, index, (radius * np.cos(phi), radius * np.sin(phi), height + RISE * index)))
    names, indices, places = zip(*rows)
    positions = np.array(places)
    return AtomicModel(
        positions=positions - positions.mean(0) + np.array(centre), elements=np.array([name[0] for name in names]),
        residues=np.full(len(names), "GLN"), chains=np.full(len(names), chain), residue_index=np.array(indices),
        b_factors=np.full(len(names), b_factor), names=np.array(names), numbers=np.array(indices).astype(str),
    )  # fmt: skip


def bundle(*, residues: int = 18, apart: float = 9.5, b_factor: float = 20.0) -> AtomicModel:
    """Three helices of different length and direction packed side by side: a protein with a hand and no symmetry."""
    parts = []
    for count, (places, cut) in enumerate([((0, 0, 0), 0), ((apart, 0, 2.0), 3), ((0.4 * apart, 0.95 * apart, -3.0), 6)]):
        one = helix(residues - cut, b_factor=b_factor, chain="ABC"[count])
        tilt = np.deg2rad(18.0 * count)
        turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
        parts.append((one, one.positions @ turn.T * (1, 1, -1 if count == 1 else 1) * (1, -1 if count == 1 else 1, 1) + places))
    offset = np.cumsum([0, *(p.residue_index.max() + 1 for p, _ in parts[:-1])])
    positions = np.concatenate([place for _, place in parts])
    columns = {
        n: np.concatenate([getattr(p, n) for p, _ in parts]) for n in ("elements", "residues", "chains", "b_factors", "names", "numbers")
    }
    index = np.concatenate([p.residue_index + o for (p, _), o in zip(parts, offset)])
    return AtomicModel(positions=positions - positions.mean(0), residue_index=index, **columns)
