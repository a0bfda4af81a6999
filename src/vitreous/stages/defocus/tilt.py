r"""The plane of a tilted specimen: one likelihood for all tiles, each at the defocus of its place.

With (x, y) from the middle of the micrograph in Å, θ the tilt and φ the azimuth of its axis from +x towards +y,

    z(x, y) = z₀ + g·(x, y),   g = tan θ (−sin φ, cos φ)        (Philippsen et al. 2007, Ultramicroscopy 107:202).

To first order in the depth m of the rings, Whittle's likelihood of one tile at z₀ + δ is

    L_t(δ) = −K_t Σ_k m(k) R_t(k) cos(2χ₀(k) + 2πλ k² δ),   R_t = P_t / M_t − 1,

and k enters the unknown part only by q = k². So the tile is first summed over rings of equal q,
C_t(q) = Σ m R_t e^{2iχ₀}, astigmatism and Cs being in χ₀ already: a few hundred numbers a tile hold all that it knows of its
height, and the plane (δ₀, g) is found by adding the tiles' L_t at their own δ. Score and information are

    L_t′ = K_t Σ_q 2πλq Im[C_t e^{2πiλqδ}],   I_t = K_t Σ_k (2πλ k² m)² sin² 2χ₀.

References: Philippsen 2007; Mindell & Grigorieff 2003, J. Struct. Biol. 142:334 (tilt by tiles); Su 2019, ibid. 205:1 (goCTF).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.likelihood import Likelihood
from vitreous.stages.defocus.params import STEEPEST
from vitreous.stages.defocus.spectrum import Tiles
from vitreous.stages.defocus.splines import spline_basis

PHASE_STEP = 0.3  # radians between neighbouring q at the farthest defocus
SLOPE_PHASE = 1.2  # radians by which the finest ring turns at the field's edge between neighbouring slopes of the search
SHIFT = 400.0, 50.0  # Å: defocus of the middle searched about that of the whole, and its step
HEIGHT_STEP = 25.0  # Å, of the table of L_t
SPOT = 7.0  # P/M beyond is a Bragg spot and counts no more
TILE_SPLINES = 6  # smooth columns by which each tile's background may differ from the mean one
NEWTON = 8


@dataclass(frozen=True)
class Heights:
    """What tiles know of their height.

    Parameters
    ----------
    rings
        C_t(q) K_t, complex128 ``(tiles, q)``.
    turn
        2πλ q, radians per Å of defocus, ``(q,)``.
    information
        I_t, Å⁻², ``(tiles,)``; they add up to that of the image.
    alone
        Information of each tile by itself over ``information``: overlapping tiles share theirs.
    place
        ``(tiles, 2)`` in Å.
    """

    rings: Tensor
    turn: Tensor
    information: Tensor
    alone: Tensor
    place: Tensor

    def likelihood(self, height: Tensor) -> Tensor:
        """L_t at the defoci ``(h,)`` in Å above z₀: ``(tiles, h)``."""
        wave = torch.exp(1j * height[:, None] * self.turn)
        return -(self.rings @ wave.T).real

    def score(self, height: Tensor) -> Tensor:
        """L_t′ of each tile at its own height ``(tiles,)``."""
        return ((self.rings * torch.exp(1j * height[:, None] * self.turn)).imag * self.turn).sum(1)


@dataclass(frozen=True, kw_only=True)
class Tilt:
    """A plane of defocus.

    Parameters
    ----------
    slope
        (along x, along y), Å per Å.
    slope_sigma
        One standard deviation of each.
    angle_deg, angle_sigma
        Tilt, 0 to 90, and its standard deviation, degrees.
    axis_deg, axis_sigma
        Azimuth of the axis from +x towards +y, [0, 360): defocus grows to its left. Standard deviation in degrees.
    chance
        Probability of so steep a plane where the specimen is level: exp(−½ gᵀ Cov⁻¹ g).
    middle_shift
        Å by which the defocus of the middle differs from the one given.
    opposite
        Of a tilt that was told: see :func:`opposite_gain`. 0 where it was fitted.
    """

    slope: tuple[float, float]
    slope_sigma: tuple[float, float]
    angle_deg: float
    angle_sigma: float
    axis_deg: float
    axis_sigma: float
    chance: float
    middle_shift: float
    opposite: float = 0.0


def heights(tiles: Tiles, likelihood: Likelihood, values: Tensor) -> Heights:
    """Sum the rings of every tile over equal k².

    Parameters
    ----------
    tiles
        Those that are no outliers count.
    likelihood
        Of a mean of these tiles: its bins are theirs.
    values
        Where it was fitted.
    """
    log_m, depth, phase = likelihood.parts(values)
    bins, turn_of_k2 = likelihood.bins, 2 * math.pi * wavelength(likelihood.optics.voltage)
    place, cover = tiles.centre[tiles.kept], tiles.cover[tiles.kept]
    excess = _excess(tiles, bins.index, log_m, bins.k)
    farthest = STEEPEST * float(place.norm(dim=1).max()) + SHIFT[0]
    k2 = bins.terms[0]
    ring = ((k2 - k2.min()) * (turn_of_k2 * farthest / PHASE_STEP)).long()
    rings = torch.stack([_sums(excess, ring, depth * part(2 * phase)) for part in (torch.cos, torch.sin)], -1).double()
    count = torch.bincount(ring).clamp_min(1)
    turn = turn_of_k2 * torch.bincount(ring, k2) / count
    shared = likelihood.bins.information * cover / cover.sum()
    sharpness = float(((turn_of_k2 * k2 * depth * torch.sin(2 * phase)) ** 2).sum())
    return Heights(torch.view_as_complex(rings.contiguous()) * shared[:, None], turn, shared * sharpness,
                   tiles.information_alone(), place)  # fmt: skip


def _excess(tiles: Tiles, index: Tensor, log_m: Tensor, k: Tensor) -> Tensor:
    """P_t / M_t − 1 of the tiles that are kept, float32 ``(tiles, bins)``; M_t is M times a smooth curve of its own."""
    power = tiles.power[tiles.kept].flatten(1)[:, index] * torch.exp(-log_m).float()
    power /= power.mean(1, keepdim=True)
    basis = spline_basis(k, float(k.min()), float(k.max()), TILE_SPLINES).float()
    gram = torch.linalg.inv(basis @ basis.T)
    power = power / ((power @ basis.T) @ gram @ basis).clamp_min(0.2)
    return power.clamp_max_(SPOT).sub_(1.0)


def _sums(excess: Tensor, ring: Tensor, weight: Tensor) -> Tensor:
    """Σ excess · weight over each ring: ``(tiles, rings)``."""
    places = torch.stack([ring, torch.arange(len(ring))])
    gather = torch.sparse_coo_tensor(places, weight.float(), (int(ring.max()) + 1, len(ring)), check_invariants=False)
    return torch.sparse.mm(gather, excess.T.contiguous()).T


def fit_tilt(known: Heights) -> Tilt:
    """Find the plane: a search over slopes, then Newton's method; errors grow with what is left of the tiles' scatter."""
    columns = torch.cat([torch.ones(len(known.place), 1, dtype=torch.float64), known.place], 1)
    information = (columns * known.information[:, None]).T @ columns
    plane = _steepest_rise(known, columns)
    for _ in range(NEWTON):
        step = torch.linalg.solve(information, columns.T @ known.score(columns @ plane))
        plane = plane + step
    left = known.score(columns @ plane)
    scatter = float((left**2 / (known.information / known.alone)).mean())
    covariance = torch.linalg.inv(information) * max(1.0, scatter)
    return described(plane, covariance)


def _steepest_rise(known: Heights, columns: Tensor) -> Tensor:
    """The best plane of a grid."""
    reach = known.place.norm(dim=1).max()
    far = STEEPEST * float(reach) + SHIFT[0]
    table = known.likelihood(torch.arange(-far, far + HEIGHT_STEP, HEIGHT_STEP, dtype=torch.float64))
    steps = math.ceil(STEEPEST * float(known.turn[-1] * reach) / SLOPE_PHASE)
    slope = torch.linspace(-STEEPEST, STEEPEST, 2 * steps + 1, dtype=torch.float64)
    shift = torch.arange(-SHIFT[0], SHIFT[0] + 1, SHIFT[1], dtype=torch.float64)
    planes = torch.cartesian_prod(shift, slope, slope)
    planes = planes[planes[:, 1:].norm(dim=1) <= STEEPEST]
    total = torch.zeros(len(planes), dtype=torch.float64)
    for column, row in zip(columns, table):
        total += row[((planes @ column + far) / HEIGHT_STEP).round().long().clamp(0, len(row) - 1)]
    return planes[total.argmax()]


def opposite_gain(known: Heights, slope: tuple[float, float]) -> float:
    """Logarithm of how much likelier the plane of the opposite ``slope`` makes the tiles than this one or a level one, if that is more.

    Each at its best defocus of the middle. Where neither slope is right their likelihoods differ by chance, and a level one has more.
    """
    plane = torch.tensor(slope, dtype=torch.float64)
    this, level, opposite = (_best_of_middles(known, sign * plane) for sign in (1.0, 0.0, -1.0))
    return opposite - max(this, level)


def _best_of_middles(known: Heights, slope: Tensor) -> float:
    """L of all tiles on a plane, the greatest over defoci of the middle."""
    height = known.place @ slope
    rings = (known.rings * torch.exp(1j * height[:, None] * known.turn)).sum(0)
    shift = torch.arange(-SHIFT[0], SHIFT[0] + 1, HEIGHT_STEP, dtype=torch.float64)
    return float((-(torch.exp(1j * shift[:, None] * known.turn) @ rings).real).max())


def described(plane: Tensor, covariance: Tensor) -> Tilt:
    """Tilt and axis of the plane (δ₀, gx, gy), errors carried along to first order."""
    shift, gx, gy = plane.tolist()
    steep = math.hypot(gx, gy)
    along = torch.tensor([gx, gy], dtype=torch.float64) / max(steep, 1e-12)
    across = torch.tensor([-along[1], along[0]], dtype=torch.float64)
    flat = covariance[1:, 1:]
    steepness, turning = (math.sqrt(float(v @ flat @ v)) for v in (along, across))
    wald = float(plane[1:] @ torch.linalg.solve(flat, plane[1:]))
    return Tilt(
        slope=(gx, gy), slope_sigma=tuple(flat.diag().sqrt().tolist()), angle_deg=math.degrees(math.atan(steep)),
        angle_sigma=math.degrees(steepness / (1 + steep**2)), axis_deg=math.degrees(math.atan2(-gx, gy)) % 360,
        axis_sigma=min(180 / math.sqrt(3), math.degrees(turning / max(steep, 1e-12))), chance=math.exp(-0.5 * min(wald, 1400.0)),
        middle_shift=shift,
    )  # fmt: skip


def known_tilt(slope: tuple[float, float]) -> Tilt:
    """A plane that was told, without error."""
    return described(torch.tensor([0.0, *slope], dtype=torch.float64), 1e-24 * torch.eye(3, dtype=torch.float64))
