"""Fits that know of a plane: tiles are levelled by it, fitted, and asked again how it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from vitreous.data.optics import Optics
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.levelled import levelled
from vitreous.stages.defocus.likelihood import Likelihood
from vitreous.stages.defocus.refine import Solution, refine
from vitreous.stages.defocus.search import Candidate
from vitreous.stages.defocus.spectrum import PowerSpectrum, Tiles
from vitreous.stages.defocus.tilt import Heights, Tilt, fit_tilt, heights, known_tilt, opposite_gain

Make = Callable[[Bins, Candidate], Likelihood]
ROUNDS = 4
SETTLED = 0.2  # standard deviations by which the slope still moves
CHANCE = 1e-3  # a plane that level specimens show less often than that is one


@dataclass(frozen=True)
class Inclined:
    """A fit to levelled tiles."""

    spectrum: PowerSpectrum
    likelihood: Likelihood
    solution: Solution
    heights: Heights
    tilt: Tilt
    level: bool


def fit_inclined(tiles: Tiles, start: Candidate, optics: Optics, make: Make) -> Inclined:
    """Fit plane and CTF in turn, from a level specimen on, until the plane rests; stop at once if none stands out.

    Parameters
    ----------
    tiles
        Small ones, for defocus varies within each.
    start
        Where the search led.
    optics
        Voltage and Cs.
    make
        The likelihood of a spectrum, given where to start.
    """
    found = _fit(tiles, start, (0.0, 0.0), optics, make)
    for _ in range(ROUNDS):
        if found.tilt.chance > CHANCE:
            return found
        before, here = found.tilt, _after(found, start)
        found = replace(_fit(tiles, here, before.slope, optics, make), level=False)
        moved = max(abs(a - b) / s for a, b, s in zip(found.tilt.slope, before.slope, found.tilt.slope_sigma))
        if moved < SETTLED:
            break
    return found


def fit_known(tiles: Tiles, start: Candidate, slope: tuple[float, float], optics: Optics, make: Make) -> Inclined:
    """Fit the CTF with a plane that is known, and see whether the opposite one explains the tiles better."""
    once = _fit(tiles, start, slope, optics, make)
    again = _fit(tiles, _after(replace(once, tilt=known_tilt(slope)), start), slope, optics, make)
    return replace(again, tilt=replace(known_tilt(slope), opposite=opposite_gain(again.heights, slope)), level=False)


def _fit(tiles: Tiles, start: Candidate, slope: tuple[float, float], optics: Optics, make: Make) -> Inclined:
    waves = torch.tensor([start.mean, start.half_cos, start.half_sin], dtype=torch.float64)
    spectrum = levelled(tiles, slope, waves, optics) if any(slope) else tiles.mean()
    likelihood = make(Bins.of(spectrum), start)
    solution = refine(likelihood)
    known = heights(tiles, likelihood, solution.values)
    return Inclined(spectrum, likelihood, solution, known, fit_tilt(known), level=True)


def _after(found: Inclined, start: Candidate) -> Candidate:
    """Where to start next: the defocus found, and what the plane adds to that of the middle."""
    mean, half_cos, half_sin = found.solution.values[:3].tolist()
    return replace(start, mean=mean + found.tilt.middle_shift, half_cos=half_cos, half_sin=half_sin)
