r"""The hand of a map without a model: α-helices of L-amino acids are right-handed.

Where the map holds rods, the backbone of an ideal helix of nine residues is fitted, right-handed and mirrored, and scored by how much
denser the map is along the backbone than along the groove between its turns, half a pitch (2.7 Å) further,

    s = ⟨ρ(backbone)⟩ − ⟨ρ(groove)⟩.

Both hands are searched alike, so that in a map of the other hand every difference s_right − s_left changes its sign. The pitch is
5.4 Å: coarser maps do not show it, and nothing is then said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from torch import Tensor

from vitreous.data.check import Check
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.at_points import values_at
from vitreous.numerics.filters import apply
from vitreous.numerics.fourier import frequency_squared
from vitreous.stages.model.q_score import spiral

#: Radius (Å), angle (°) and height (Å) of the backbone's N, Cα, C, O and Cβ about the axis; rise and turn of a residue (Pauling's helix).
BACKBONE = ((1.55, -27.0, -0.87), (2.28, 0.0, 0.0), (1.66, 26.0, 1.13), (2.0, 24.5, 2.33), (3.28, -18.0, -0.83))
RISE, TURN, RESIDUES = 1.5, 100.0, 9
HALF_PITCH = 0.5 * RISE * 360.0 / TURN
#: Å: detail at which rods are looked for, and the points along a rod and on the ring that must be less dense than it.
ROD, ALONG, RING = 7.0, np.linspace(-6.0, 6.0, 7), 5.5
#: Å between places, most places looked at, and most that helices are fitted at, those most like rods.
APART, MOST, MOST_FITTED = 4.0, 2000, 60
#: Å: coarser maps do not show the pitch.
COARSEST_TOLD = 5.5
#: Share of the places that counts, those that fit best; fewest of them, and what their hands must show: standard errors, share of the
#: score, and share of the places. Maps without helices stay far below all three (docs/models.md).
COUNTED, FEWEST, SIGNIFICANT, LEAST_SHARE, LEAST_WINNERS = 0.15, 8, 5.0, 0.15, 0.85
#: Axes tried at a place, phases about each, steps along it, and improvements by chance after that.
AXES, PHASES, TRIALS = 200, 24, 120
#: Å and degrees of the improvements, in turn.
CHANGES = ((1.2, 10.0), (0.7, 6.0), (0.4, 4.0), (0.2, 2.0))


@dataclass(frozen=True, eq=False)
class HelixHands:
    """How well helices of either hand fit where the map holds rods.

    Parameters
    ----------
    right, left
        Best score of each hand at each place, ``(n,)``, best place first; in standard deviations of the map.
    """

    right: NDArray[np.float64]
    left: NDArray[np.float64]

    @property
    def counted(self) -> NDArray[np.float64]:
        """Differences right − left over the mean score, at the places that count."""
        rows = slice(0, max(FEWEST, round(COUNTED * len(self.right))))
        return (self.right - self.left)[rows] / max(float(np.maximum(self.right, self.left)[rows].mean()), 1e-9)

    @property
    def significance(self) -> float:
        """Mean difference over its standard error."""
        each = self.counted
        return float(each.mean() / max(each.std(ddof=1), 1e-9) * math.sqrt(len(each)))


def hands_of_helices(volume: Volume, mask: Tensor, *, seed: int = 0) -> HelixHands:
    """Fit helices of both hands to the most rod-like places of a map.

    Parameters
    ----------
    volume
        Sharpened or plain, density bright.
    mask
        ``(z, y, x)``; places where it is above one half count.
    seed
        Of the search.

    Raises
    ------
    InputError
        If the mask is of another shape or empty, or the map constant or not finite.
    """
    require(mask.shape == volume.values.shape, "mask", tuple(mask.shape), f"of the map's shape {tuple(volume.shape)}")
    require(bool((mask > 0.5).any()), "mask", "empty", "above one half somewhere")
    deviation = float(volume.values.std())
    require(math.isfinite(deviation) and deviation > 0, "a map", "NaN or one value everywhere", "finite, and a density that varies")
    k2 = frequency_squared(volume.shape, volume.voxel_size)
    smooth = apply(volume.values.float(), torch.exp(-0.25 * ROD**2 * k2), 3).numpy()
    found = peaks(smooth, (mask > 0.5).numpy(), volume.voxel_size)
    axes, contrast = rods(smooth, found, volume.voxel_size)
    first = np.argsort(-contrast)[:MOST_FITTED]
    values = (volume.values.float() / deviation).numpy()
    chance = np.random.default_rng(seed)
    right, left = (best_scores(values, found[first], axes[first], volume.voxel_size, chance, left=hand) for hand in (False, True))
    order = np.argsort(-np.maximum(right, left))
    return HelixHands(right[order], left[order])


def judge_hand_of_helices(volume: Volume, mask: Tensor, resolution: float) -> Check:
    """Say whether the helices of a map are right-handed; arguments as for :func:`hands_of_helices`, resolution in Å.

    "not done" where the map is coarser than 5.5 Å, holds too few rods, or its helices do not agree on a hand.
    """
    if resolution > COARSEST_TOLD:
        return Check("hand", "not done", f"The map is of {resolution:.1f} Å; helices show their hand only to {COARSEST_TOLD:g} Å. "
                     "Try: tilt pairs, or a model.")  # fmt: skip
    found = hands_of_helices(volume, mask)
    if len(found.right) < FEWEST:
        return Check("hand", "not done", f"The map holds {len(found.right)} places to look for helices, and {FEWEST} are wanted.")
    each, significance = found.counted, found.significance
    share = float((each > 0).mean())
    told = {"places": len(each), "difference_over_score": round(float(each.mean()), 3), "significance": round(significance, 2),
            "right_handed_share": round(share, 3)}  # fmt: skip
    text = (f"At the {len(each)} places most like helices right-handed ones fit better in {100 * share:.0f} %, by {each.mean():+.2f} "
            f"of their score ({significance:+.1f} standard errors)")  # fmt: skip
    if abs(significance) < SIGNIFICANT or abs(each.mean()) < LEAST_SHARE or max(share, 1 - share) < LEAST_WINNERS:
        return Check("hand", "not done", f"{text}: no hand is told; {LEAST_SHARE:g} and {SIGNIFICANT:g} are wanted.", told)
    if each.mean() > 0:
        return Check("hand", "pass", f"{text}.", told)
    return Check("hand", "fail", f"{text}: the map is of the wrong hand. Try: vitreous convert --mirror.", told)


def helix_template() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of a right-handed helix about z, centred, and of its groove; Å, ``(45, 3)`` each."""
    radius, angle, height = np.array(BACKBONE).T
    index = np.arange(RESIDUES)[:, None]
    phi, z = np.deg2rad(angle + TURN * index), height + RISE * (index - (RESIDUES - 1) / 2)
    points = np.stack([radius * np.cos(phi), radius * np.sin(phi), z], -1).reshape(-1, 3)
    return points, points + np.array([0.0, 0.0, HALF_PITCH])


def _bases(axes: NDArray) -> NDArray[np.float64]:
    """Rotations whose third column is each axis, ``(n, 3, 3)``."""
    other = np.where(np.abs(axes[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    x = np.cross(other, axes)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return np.stack([x, np.cross(axes, x), axes], -1)


def peaks(smooth: NDArray, inside: NDArray[np.bool_], voxel_size: float) -> NDArray[np.float64]:
    """Densest voxels at least 5 Å apart, (x, y, z) in voxels, at most 2000, densest first."""
    reach = 2 * max(1, round(0.5 * APART / voxel_size)) + 1
    found = np.argwhere((maximum_filter(smooth, reach) == smooth) & inside)
    order = np.argsort(-smooth[tuple(found.T)])[:MOST]
    return found[order][:, ::-1].astype(float)


def rods(smooth: NDArray, places: NDArray, voxel_size: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Axis of the rod through each place ``(n, 3)``: along it the map is densest against a ring around it; and by how much ``(n,)``."""
    axes = spiral(2 * AXES)[:AXES]
    bases = _bases(axes)
    circle = np.deg2rad(np.arange(0, 360, 45))
    around = RING * np.stack([np.cos(circle), np.sin(circle), 0 * circle], -1)
    line = axes[:, None] * ALONG[:, None]
    ring = (np.einsum("aij,cj->aci", bases, around)[:, None] + line[:, ::3, None]).reshape(AXES, -1, 3)
    score = [values_at(smooth, places[:, None, None] + points / voxel_size).mean(2) for points in (line, ring)]
    contrast = score[0] - score[1]
    return axes[contrast.argmax(1)], contrast.max(1)


def _scores(values: NDArray, places: NDArray, bases: NDArray, points: tuple[NDArray, NDArray], voxel_size: float) -> NDArray[np.float64]:
    """Backbone less groove for placements ``(..., 3)`` and ``(..., 3, 3)``."""
    on, off = (values_at(values, places[..., None, :] + np.einsum("...ij,pj->...pi", bases, each) / voxel_size).mean(-1) for each in points)
    return on - off


def best_scores(values: NDArray, places: NDArray, axes: NDArray, voxel_size: float, chance: np.random.Generator, *, left: bool) -> NDArray:
    """Highest score at each place of a helix of one hand, ``(n,)``."""
    flip = np.array([-1.0, 1.0, 1.0]) if left else np.ones(3)
    points = tuple(each * flip for each in helix_template())
    phases = np.deg2rad(np.arange(PHASES) * 360 / PHASES)
    spin = np.zeros((PHASES, 3, 3))
    spin[:, 0, 0], spin[:, 1, 1], spin[:, 2, 2] = np.cos(phases), np.cos(phases), 1
    spin[:, 0, 1], spin[:, 1, 0] = -np.sin(phases), np.sin(phases)
    bases = np.stack([_bases(axes), _bases(-axes)], 1)
    tried = np.einsum("npij,qjk->npqik", bases, spin).reshape(len(places), -1, 3, 3)
    scores = _scores(values, np.broadcast_to(places[:, None], (*tried.shape[:2], 3)), tried, points, voxel_size)
    top, rows = scores.argmax(1), np.arange(len(places))
    best, base, place = scores[rows, top], tried[rows, top], places
    for shift, turn in CHANGES:
        moves = chance.normal(0, shift / voxel_size, (len(places), TRIALS, 3)) + place[:, None]
        turned = _small_turns(chance.normal(0, math.radians(turn), (len(places), TRIALS, 3))) @ base[:, None]
        scores = _scores(values, moves, turned, points, voxel_size)
        top = scores.argmax(1)
        better = scores[rows, top] > best
        best = np.where(better, scores[rows, top], best)
        base = np.where(better[:, None, None], turned[rows, top], base)
        place = np.where(better[:, None], moves[rows, top], place)
    return best


def _small_turns(vectors: NDArray) -> NDArray[np.float64]:
    """Rotations by small vectors in radians, ``(..., 3, 3)`` (Cayley's formula)."""
    x, y, z = np.moveaxis(vectors / 2, -1, 0)
    o = np.zeros_like(x)
    skew = np.stack([o, -z, y, z, o, -x, -y, x, o], -1).reshape(*x.shape, 3, 3)
    eye = np.eye(3)
    return np.linalg.solve(eye - skew, eye + skew)
