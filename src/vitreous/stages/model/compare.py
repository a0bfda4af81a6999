"""A map and an atomic model, compared in every way there is here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.physics.model_map import filtered_map
from vitreous.stages.model.correlations import Correlations, correlations
from vitreous.stages.model.cutoffs import MostSimilar, d_99, most_similar
from vitreous.stages.model.decisions import Decision, decisions
from vitreous.stages.model.fit import RigidFit, rigid_fit, smoothed_in_turn
from vitreous.stages.model.hand import HandAgainstModel, agreement, hand_against_model
from vitreous.stages.model.inclusion import contour, included
from vitreous.stages.model.mask import soft_mask
from vitreous.stages.model.model_fsc import ModelFsc, masked_target, model_fsc
from vitreous.stages.model.pair import check_inside, credible_b_factors, fine_shells, heavy_atoms, outside, pair
from vitreous.stages.model.q_score import QScores, expected_q, q_scores
from vitreous.stages.model.scale import Magnification, magnification
from vitreous.stages.model.segments import Segment, segments
from vitreous.stages.model.side_chains import SideChains, side_chains

#: A fit must raise the agreement by this before it counts as a better place.
BETTER = 0.01
#: Å: a fit that moves the atoms less than this has found them in place.
STILL = 0.1
NUCLEOTIDES = ("A", "C", "G", "U", "DA", "DC", "DG", "DT", "DU", "I")


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelComparison:
    """What map and model say together.

    Parameters
    ----------
    model
        Heavy atoms, moved to where they fit best if that was better than where they were.
    resolution, claimed
        Å: that of the comparison, and whether it was given (else it is d_model).
    placed
        The rigid fit; ``misplaced`` says whether it was used.
    misplaced
        Whether the fit found a better place.
    outside_share
        Atoms outside the box.
    correlations, fsc
        At the comparison's resolution, and by shell.
    d_99, d_99_masked
        Å, of the whole map and about the model.
    d_model, d_model_as_given
        With the overall B refined, and with the atoms' own.
    decisions
        What their differences mean.
    q, q_expected
        Scores, and the mean of good maps at the resolution; None beyond 6 Å.
    contour, inclusion
        Level, and which atoms lie inside.
    side_chains, segments
        Scores of side chains, helices and strands.
    hand, magnification
        Of the map, by the model.
    b_factors_odd
        Why the model's B-factors were not used, or "".
    """

    model: AtomicModel
    resolution: float
    claimed: bool
    placed: RigidFit
    misplaced: bool
    outside_share: float
    correlations: Correlations
    fsc: ModelFsc
    d_99: float
    d_99_masked: float
    d_model: MostSimilar
    d_model_as_given: MostSimilar
    decisions: list[Decision]
    q: QScores
    q_expected: float | None
    contour: float
    inclusion: np.ndarray
    side_chains: SideChains
    segments: list[Segment]
    hand: HandAgainstModel
    magnification: Magnification
    b_factors_odd: str


def compare(volume: Volume, model: AtomicModel, *, resolution: float | None = None, level: float | None = None) -> ModelComparison:
    """Compare a map with its model.

    Parameters
    ----------
    volume
        Density bright; its corner and voxel size place it in the model's coordinates.
    model
        Atoms, within a few Å of their place; hydrogens are left out.
    resolution
        Å, as claimed for the map; d_model without it.
    level
        Contour for the share of atoms inside; without it the one that encloses half the atoms' volume.

    Raises
    ------
    InputError
        If the model has no heavy atoms, lies outside the map or the map is constant or not finite, or the resolution is finer than
        two voxels.
    """
    nyquist = 2 * volume.voxel_size
    require(resolution is None or resolution >= nyquist * 0.999, "resolution", resolution, f"at least two voxels, {nyquist:.2f} Å")
    atoms = heavy_atoms(model)
    check_inside(atoms, volume)
    odd = credible_b_factors(atoms)
    atoms = replace(atoms, b_factors=np.zeros(len(atoms))) if odd else atoms
    fitted_at = resolution or max(nyquist, 3.0)
    maps = smoothed_in_turn(volume, fitted_at)
    atoms, placed, misplaced = _placed(volume, atoms, fitted_at, maps)
    both = pair(volume, atoms)
    mask = soft_mask(both.volume, atoms.positions)
    target = masked_target(both, mask)
    near, whole = fine_shells(target, both.model, both.length), fine_shells(both.target, both.model, both.length)
    best, plain = most_similar(near, nyquist), most_similar(near, nyquist, b_factor=0.0)
    used = resolution or best.resolution
    fsc = model_fsc(both, target, mask)
    at_used = most_similar(near, used)
    made = filtered_map(both.model, volume.voxel_size, volume.corner, resolution=used, b_factor=at_used.b_factor)
    threshold = contour(volume, atoms.positions) if level is None else level
    nucleic = bool(np.isin(atoms.residues, NUCLEOTIDES).mean() > 0.5)
    return ModelComparison(
        model=atoms, resolution=used, claimed=resolution is not None, placed=placed, misplaced=misplaced,
        outside_share=float(outside(atoms, volume).mean()),
        correlations=correlations(both.volume, made, atoms.positions, atoms.elements, both.b_factors, resolution=used,
                                  b_factor=at_used.b_factor),
        fsc=fsc, d_99=d_99(whole), d_99_masked=d_99(near), d_model=best, d_model_as_given=plain,
        decisions=decisions(d_99=d_99(whole), d_model=plain.resolution, d_fsc_model=fsc.resolution(0.5), d_fsc=resolution),
        q=q_scores(volume, atoms), q_expected=expected_q(used, "nucleic acid" if nucleic else "protein"),
        contour=threshold, inclusion=included(volume, atoms.positions, threshold),
        side_chains=side_chains(volume, atoms), segments=segments(volume, atoms),
        hand=hand_against_model(volume, atoms, used, maps=maps), magnification=magnification(volume, atoms, used), b_factors_odd=odd,
    )  # fmt: skip


def _placed(volume: Volume, atoms: AtomicModel, resolution: float, maps: list[NDArray[np.float32]]) -> tuple[AtomicModel, RigidFit, bool]:
    """The atoms where they fit best: the new place only if they agree better there."""
    placed = rigid_fit(volume, atoms.positions, resolution, maps=maps)
    if placed.moved < STILL:
        return atoms, placed, False
    moved = replace(atoms, positions=placed.positions)
    better = agreement(volume, moved, resolution)[0] > agreement(volume, atoms, resolution)[0] + BETTER
    return (moved, placed, True) if better else (atoms, placed, False)
