"""Even grids on the sphere and on the rotations: HEALPix directions times in-plane angles.

References: Górski et al. 2005, ApJ 622:759, eqs. 4-9 (ring scheme); Yershova et al. 2010, IJRR 29:801.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.rotations import from_euler
from vitreous.numerics.symmetry import Symmetry


def healpix(nside: int) -> Tensor:
    """Centres of the 12 nside² equal pixels of the sphere in ring order: (phi, theta) in degrees, float64 ``(n, 2)``."""
    pixel = torch.arange(12 * nside**2, dtype=torch.float64)
    cap = 2 * nside * (nside - 1)

    def polar(p: Tensor) -> tuple[Tensor, Tensor]:
        ring = torch.floor(torch.sqrt((p + 1) / 2 - torch.sqrt(torch.floor((p + 1) / 2)))) + 1
        within = p + 1 - 2 * ring * (ring - 1)
        return 1 - ring**2 / (3 * nside**2), (within - 0.5) * 90 / ring

    north_z, north_phi = polar(pixel[:cap])
    belt = pixel[cap : 12 * nside**2 - cap] - cap
    ring = torch.floor(belt / (4 * nside)) + nside
    odd = ((ring + nside) % 2 + 1) / 2
    belt_z, belt_phi = (2 * nside - ring) * 2 / (3 * nside), (belt % (4 * nside) + 1 - odd) * 90 / nside
    z = torch.cat([north_z, belt_z, -north_z.flip(0)])
    phi = torch.cat([north_phi, belt_phi, 360 - north_phi.flip(0)])
    return torch.stack([phi, torch.rad2deg(torch.arccos(z))], -1)


def spacing_deg(nside: int) -> float:
    """Side of a HEALPix pixel: √(4π / 12 nside²) in degrees (7.3° for nside 8, 14.7° for 4)."""
    return math.degrees(math.sqrt(4 * math.pi / (12 * nside**2)))


def orientations(step_deg: float, symmetry: Symmetry) -> Tensor:
    """Rotations about ``step_deg`` apart that cover the group's asymmetric unit.

    Parameters
    ----------
    step_deg
        Spacing of directions and of in-plane angles, 1 to 60 degrees. Directions come in whole HEALPix grids: the coarsest
        whose spacing is at most 1.1 times this.
    symmetry
        The point group; C1 gives the whole of SO(3).

    Returns
    -------
    Tensor
        float64 ``(n, 3, 3)``.

    Raises
    ------
    InputError
        If the step is out of range.
    """
    require(1 <= step_deg <= 60, "step_deg", step_deg, "from 1 to 60 degrees")
    nside = max(1, math.ceil(spacing_deg(1) / (1.1 * step_deg)))
    turns = math.ceil(360 / step_deg)
    directions = healpix(nside)
    phi, theta = torch.deg2rad(directions).unbind(-1)
    unit = torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], -1)
    directions = directions[symmetry.holds(unit)]
    # A different psi start on each direction avoids that all grid points share one in-plane lattice.
    golden = (torch.arange(len(directions), dtype=torch.float64) * 0.6180339887498949) % 1.0
    psi = (torch.arange(turns, dtype=torch.float64) + golden[:, None]) * (360 / turns)
    angles = torch.stack([*directions[:, None].expand(-1, turns, 2).unbind(-1), psi], -1)
    return from_euler(angles.reshape(-1, 3))


def shift_disc(step: float, radius: float) -> Tensor:
    """Shifts (dx, dy) on a square lattice of ``step`` within ``radius`` (same unit), (0, 0) included, float64 ``(n, 2)``."""
    count = math.floor(radius / step + 1e-9)
    line = torch.arange(-count, count + 1, dtype=torch.float64) * step
    dx, dy = torch.meshgrid(line, line, indexing="xy")
    grid = torch.stack([dx.flatten(), dy.flatten()], -1)
    return grid[grid.norm(dim=-1) <= radius * (1 + 1e-9) + 1e-12]
