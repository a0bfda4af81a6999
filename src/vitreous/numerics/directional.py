r"""How far two half-maps agree along each direction: conical Fourier shell correlation and what is read from it.

The correlation of a shell is taken within double cones of half-angle 20° about directions that cover the half sphere (Tan et al.
2017, Nat. Methods 14:793). Three numbers say how unlike the directions are: the resolution along the best and the worst; the ratio
of the smallest to the largest area under the curves (the conical FSC area ratio, cFAR, of CryoSPARC's guide); and the sphericity

    Ψ = π^(1/3) (6 V)^(2/3) / A

of the ellipsoid |k| ≤ 1 / d(u), d(u)² = uᵀ M u fitted to the resolutions d, with V its volume and A its surface.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.direction_bins import BinnedCorrelation, bin_by_direction, bin_centres
from vitreous.numerics.so3_grid import healpix

#: Half-angle of the cones, degrees.
CONE = 20.0
#: Directions are the centres of HEALPix pixels of this many a side: 14.7° apart, closer than a cone is wide.
NSIDE = 4
#: With fewer voxels of the full transform in a cone the shell's own correlation stands in.
FEWEST = 16
#: Conical area ratio below which directions are called unlike. Even views gave 0.80 to 0.95 over 18 refined sets of 200 to 1000 particles
#: and 0.69 where a fifth of the signal was left; 90 % of views in a cone of 20° gave 0.24 to 0.58.
UNLIKE = 0.6


@dataclass(frozen=True, eq=False)
class DirectionalFsc:
    """Correlation by direction and shell.

    Parameters
    ----------
    directions
        Unit vectors (x, y, z) of the half sphere, float64 ``(d, 3)``.
    curves
        float64 ``(d, s)``, shells 0 … s − 1.
    average
        Of all directions: the plain shell correlation, float64 ``(s,)``.
    length
        Side of the box, Å.
    """

    directions: Tensor
    curves: Tensor
    average: Tensor
    length: float

    def area(self, level: float = 1 / 7) -> Tensor:
        """Area under each curve from shell 1 to the last that the average reaches before it falls below ``level``, ``(d,)``.

        In shells: a correlation of 1 up to shell s, then 0, gives s. Negative correlations count as 0.
        """
        below = torch.nonzero(self.average[1:] < level).flatten()
        stop = int(below[0]) + 1 if len(below) else self.curves.shape[1]
        return self.curves[:, 1 : max(2, stop)].clamp_min(0).sum(1)

    @property
    def area_ratio(self) -> float:
        """Smallest over largest area, 0 to 1."""
        area = self.area()
        return float(area.min() / area.max().clamp_min(1e-12))

    def resolution(self, level: float = 0.5) -> Tensor:
        """Å at which each curve first falls below ``level``, linear between shells, ``(d,)``; the last shell's if it never does."""
        shell = torch.stack([_crossing(curve, level) for curve in self.curves])
        return self.length / shell

    def ellipsoid(self, level: float = 0.5) -> tuple[Tensor, Tensor]:
        """Resolution along three principal axes, Å, finest first ``(3,)``, and those axes as columns ``(3, 3)``.

        Least squares of uᵀ M u / d(u)² = 1 over the directions: relative errors, or the few worst directions would decide.
        """
        x, y, z = self.directions.unbind(-1)
        terms = torch.stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z], -1)
        terms = terms / self.resolution(level)[:, None] ** 2
        a, b, c, d, e, f = torch.linalg.lstsq(terms, torch.ones_like(terms[:, :1])).solution[:, 0].tolist()
        squared, axes = torch.linalg.eigh(torch.tensor([[a, d, e], [d, b, f], [e, f, c]], dtype=torch.float64))
        return squared.clamp_min(float(squared.max()) * 1e-4).sqrt(), axes

    def sphericity(self, level: float = 0.5) -> float:
        """Sphericity of the ellipsoid of what is resolved: 1 where all directions are alike."""
        return ellipsoid_sphericity(1 / self.ellipsoid(level)[0])


def directional_fsc(first: Tensor, second: Tensor, voxel_size: float, *, most: int | None = None) -> DirectionalFsc:
    """Correlate two cubic maps within cones about the 96 directions of :func:`half_sphere`.

    Parameters
    ----------
    first, second
        Half-maps, masked, float ``(n, n, n)``.
    voxel_size
        Å.
    most
        Last shell; up to Nyquist without it. Work grows with its third power.

    Raises
    ------
    InputError
        If the maps are not cubes of one size.
    """
    return conical_fsc(bin_by_direction(first, second, voxel_size, most=most), half_sphere(NSIDE))


def conical_fsc(binned: BinnedCorrelation, directions: Tensor) -> DirectionalFsc:
    """Correlation in double cones about ``directions``, unit vectors ``(d, 3)``; a bin belongs to a cone if its centre does."""
    curves, count = binned.summed((directions @ bin_centres().T).abs() >= math.cos(math.radians(CONE)))
    average = binned.average
    return DirectionalFsc(directions, torch.where(count >= FEWEST, curves, average), average, binned.length)


def half_sphere(nside: int) -> Tensor:
    """Unit vectors (x, y, z) of the HEALPix centres of one half sphere, float64 ``(6 nside², 3)``: of u and −u one is kept."""
    phi, theta = torch.deg2rad(healpix(nside)).unbind(-1)
    unit = torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], -1)
    x, y, z = unit.unbind(-1)
    flat = z.abs() < 1e-9
    return unit[(~flat & (z > 0)) | (flat & ((y > 1e-9) | ((y.abs() < 1e-9) & (x > 0))))]


def ellipsoid_sphericity(half_axes: Tensor) -> float:
    """Sphericity of an ellipsoid by Thomsen's formula for its surface, right to 1 %: A = 4π ((aᵖbᵖ + aᵖcᵖ + bᵖcᵖ) / 3)^(1/p).

    p = 1.6075 (K. Thomsen 2004, as quoted by G. P. Michon, "Surface area of an ellipsoid"). With V = 4π abc / 3 what is left of
    π^(1/3) (6V)^(2/3) / A is (abc)^(2/3) / (…)^(1/p).
    """
    p = 1.6075
    a, b, c = (float(each) for each in half_axes)
    mean = ((a * b) ** p + (a * c) ** p + (b * c) ** p) / 3
    return (a * b * c) ** (2 / 3) / mean ** (1 / p)


def _crossing(curve: Tensor, level: float) -> Tensor:
    """Shell at which a curve first falls below ``level``, at least ½."""
    below = torch.nonzero(curve[1:] < level).flatten()
    if not len(below):
        return torch.tensor(float(len(curve) - 1), dtype=torch.float64)
    s = int(below[0]) + 1
    high, low = curve[s - 1], curve[s]
    return (s - 1 + (high - level) / (high - low).clamp_min(1e-12)).clamp_min(0.5)
