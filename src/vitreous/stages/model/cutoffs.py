r"""Resolutions at which a map, or a map and its model, say something: d_99 and d_model (Afonine et al. 2018, Acta Cryst. D74:814).

All follow from sums over shells. With T the map, M the model's density and g = exp(−B k²/4), the correlation over the whole box
of the map with the model ended at resolution d is

    CC(d, B) = Σ_{k ≤ 1/d} g Re T M* / √( Σ_{k ≤ 1/d} g² |M|² · Σ_all |T|² ).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.stages.model.pair import FineShells

#: Å²: overall B-factors tried. Beyond them a sum of atoms is no description of a map.
LEAST_B, MOST_B, COARSE, FINE = -200.0, 600.0, 10.0, 0.5
#: Share of the largest correlation within which cut-offs are not told apart.
PLATEAU = 0.002
#: Å: coarsest cut-off tried.
COARSEST = 30.0


@dataclass(frozen=True)
class MostSimilar:
    """The cut-off at which the model's map is most like the map.

    Parameters
    ----------
    resolution
        d_model, Å.
    plateau
        (finest, coarsest) cut-offs whose correlation is within 0.2 % of the largest, Å.
    b_factor
        Overall B that was added to the atoms' own, Å².
    correlation
        CC over the box.
    """

    resolution: float
    plateau: tuple[float, float]
    b_factor: float
    correlation: float


def d_99(shells: FineShells, share: float = 0.99) -> float:
    """Coarsest resolution in Å at which the map, ended there, still correlates ``share`` with the whole of itself."""
    kept = (shells.target.cumsum(0) / shells.target.sum()).sqrt()
    return 1 / float(shells.k[int(torch.nonzero(kept >= share)[0])])


def most_similar(shells: FineShells, nyquist: float, *, b_factor: float | None = None) -> MostSimilar:
    """Find d_model.

    Parameters
    ----------
    shells
        Of map and model.
    nyquist
        Å; finer cut-offs are not tried.
    b_factor
        Å², held; None to refine it together with the cut-off. The published d_model holds 0: the atoms' own B-factors as they
        are, so that wrong ones move it; refining takes that away.
    """
    if b_factor is None:
        tried = torch.arange(LEAST_B, MOST_B + 1, COARSE, dtype=torch.float64)
        best = float(tried[int(_table(shells, nyquist, tried)[1].amax(1).argmax())])
        tried = torch.arange(best - COARSE, best + COARSE + FINE / 2, FINE, dtype=torch.float64)
    else:
        tried = torch.tensor([b_factor], dtype=torch.float64)
    k, table = _table(shells, nyquist, tried)
    row = int(table.amax(1).argmax())
    curve = table[row]
    at = int(curve.argmax())
    near = torch.nonzero(curve >= curve[at] - PLATEAU * curve[at].abs()).flatten()
    return MostSimilar(1 / float(k[at]), (1 / float(k[near[-1]]), 1 / float(k[near[0]])), float(tried[row]), float(curve[at]))


def _table(shells: FineShells, nyquist: float, b_factors: Tensor) -> tuple[Tensor, Tensor]:
    """Cut-off frequencies, and the correlation for each B (rows) at each of them."""
    use = shells.k <= 1 / nyquist
    gain = torch.exp(-0.25 * b_factors[:, None] * shells.k[use] ** 2)
    cross = (gain * shells.cross[use]).cumsum(1)
    power = (gain**2 * shells.model[use]).cumsum(1) * shells.target.sum()
    first = int(torch.nonzero(shells.k >= 1 / COARSEST)[0]) if float(shells.k[use][-1]) > 1 / COARSEST else 0
    return shells.k[use][first:], (cross / power.clamp_min(torch.finfo(torch.float64).tiny).sqrt())[:, first:]
