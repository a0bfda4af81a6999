r"""How much of the reference is in each frame and shell: the sums from which everything but the tracks follows.

With the particles moved back along their tracks, the images of frame f hold X = a_f(k) (c cos δ + c' sin δ) S + N, δ an error of χ
that all share, so that Σ Re X (c S)* / σ², Σ Re X (c' S)* / σ² and the sums of c², c c', c'² times |S|² / σ² say all about a and δ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.stages.polish.spectra import FrameSpectra


@dataclass(frozen=True)
class FrameSums:
    """Sums over particles and the frequencies of a shell, all weighted by 1 / σ².

    Parameters
    ----------
    cross
        ``(2, frames, shells)``: Re X (c S)* and Re X (c' S)*.
    power
        ``(3, shells)``: c² |S|², c c' |S|², c'² |S|².
    k
        ``(shells,)`` in Å⁻¹.
    """

    cross: NDArray[np.float64]
    power: NDArray[np.float64]
    k: NDArray[np.float64]

    def __add__(self, other: FrameSums) -> FrameSums:
        """Of both; where one's band is shorter, the other's alone counts beyond."""
        longer = self if len(self.k) >= len(other.k) else other
        cross, power = (np.zeros_like(part) for part in (longer.cross, longer.power))
        for each in (self, other):
            cross[..., : len(each.k)] += each.cross
            power[..., : len(each.k)] += each.power
        return FrameSums(cross, power, longer.k)


def frame_sums(spectra: FrameSpectra, tracks: NDArray) -> FrameSums:
    """Sums with the particles moved back from ``tracks`` ``(P, frames, 2)``, Å."""
    weight = (1 / spectra.variance).numpy()
    planes = torch.stack([spectra.seen, spectra.slope])
    cross = torch.stack([spectra.shell_sum((values * planes.conj()).real.sum(1)) for values in spectra.at(tracks)], 1)
    pairs = ((0, 0), (0, 1), (1, 1))
    power = torch.stack([spectra.shell_sum((planes[i] * planes[j].conj()).real.sum(0)) for i, j in pairs])
    return FrameSums(cross.numpy() * weight, power.numpy() * weight, spectra.k)
