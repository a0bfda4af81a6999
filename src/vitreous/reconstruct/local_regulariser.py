r"""A regulariser that knows where a map is ordered: local gains on top of the shells', chosen by cross-validation of half-maps.

A filter by shells treats the whole box alike: it keeps too little of an ordered core and too much noise of a floppy belt. Here the
filtered half-maps are cut into bands of frequency a₁, a₂, and each band gets a gain h(r) that makes one half predict the *raw* other
half B best about r:

    E(h) = w ∗ [(h a₁ − B₂)² + (h a₂ − B₁)²],    h(r) = C / P,  C = w ∗ (a₁ B₂ + a₂ B₁),  P = w ∗ (a₁² + a₂²),

w a Gaussian of ``WINDOW`` wavelengths. The noises of a₁ and B₂ are independent, so E is, but for a constant, the error against the
signal. Cross-validation chooses among low-passes in Punjani, Zhang & Fleet 2020, Nat. Methods 17:1214; with a gain for each band the
choice is in closed form, a Wiener filter by the local correlation of the halves.

Both halves share h, so it could carry a chance agreement from one to the other. Two rules bound that. First, places are pooled: all
voxels of like order in the band *below*, whose noise is another, get one gain h₀ = ΣC / ΣP for each class of order. Second, a voxel
leaves its class only as far as its own window is significant. With Q = w ∗ (B₁² + B₂²) and N independent numbers in the window, h has
the variance s² and what multiplies is

    h₀ + (h − h₀) (1 − z² s² / (h − h₀)²)₊,    s² = (Q − C² / P) / (P N),    N = (4π)^{3/2} σ³ (Σ G²)² / Σ G⁴,

(positive-part shrinkage, James & Stein 1961), σ of w, G the gains of the band, summed over a unit volume of frequency. The classes are
shrunk in the same way towards 1, the filter by shells: where the halves do not tell, nothing is changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import frequency_squared, good_size, irfftn, rfftn
from vitreous.numerics.resample import fourier_resize, resize_spectrum
from vitreous.numerics.shells import friedel_weight

#: Centre of the lowest band in shells, and of each band over the one before.
FIRST, RATIO = 4.0, 1.25
#: Standard deviation of the window in wavelengths of its band: about 300 independent numbers in each.
WINDOW = 1.25
#: Standard deviations by which a gain must differ from 1 to count.
SIGNIFICANCE = 3.0
#: Classes of order, evenly apart in the gain of the band before and overlapping; each is summed in so many steps.
CLASSES, STEPS = 10, 4
#: Least gain of a shell before the local gains: a core may be ordered where the mean of the map is not, and a gain on nothing is
#: nothing. Adds at most 0.05² of the noise's power.
LEAST_SHELL_GAIN = 0.05


@dataclass(frozen=True, eq=False)
class LocallyRegularised:
    """Half-maps after local regularisation.

    Parameters
    ----------
    halves
        float32 ``(2, n, n, n)``.
    gains
        (shell, gain ``(m, m, m)``) of each band from coarse to fine: what became of the raw map there, m ≤ n.
    """

    halves: Tensor
    gains: tuple[tuple[float, Tensor], ...]

    def resolution(self, voxel_size: float) -> Tensor:
        """Å ``(n, n, n)``: the finest band of which at least half is left at a place; the box's side where there is none."""
        size = self.halves.shape[-1]
        finest = torch.ones((size,) * 3)
        for shell, gain in self.gains:
            finest[fourier_resize(gain, (size,) * 3) >= 0.5] = shell
        return size * voxel_size / finest


def regularise(raw: Tensor, filtered: Tensor, *, radius: int) -> LocallyRegularised:
    """Give every place and band of two half-maps the gain by which they predict each other best.

    Parameters
    ----------
    raw
        Half-maps without a prior, float32 ``(2, n, n, n)``, n even; their noises must be independent.
    filtered
        The same maps regularised by shells, ``(2, n, n, n)``.
    radius
        Last shell that ``filtered`` holds.

    Raises
    ------
    InputError
        If the maps are not pairs of equal cubes of even side.
    """
    size = raw.shape[-1]
    require(raw.shape == (2, size, size, size) and size % 2 == 0, "raw half-maps", tuple(raw.shape), "two cubes of even side")
    require(filtered.shape == raw.shape, "filtered half-maps", tuple(filtered.shape), f"as the raw ones, {tuple(raw.shape)}")
    require(0 < radius <= size // 2, "radius", radius, f"a shell of the map, 1 to {size // 2}")
    before, target = rfftn(filtered), rfftn(raw)
    after = torch.zeros_like(before)
    found: list[tuple[float, Tensor]] = []
    for centre in band_centres(radius):
        grid = _grid(centre, size)
        band = band_gain(centre, radius, grid)
        cut = _cut(before, band, size, grid)
        order = fourier_resize(found[-1][1], (grid,) * 3) if found else None
        gain, local = _gains(cut, _cut(target, band, size, grid), band, centre, order)
        after += _paste(cut * gain, grid, size)
        found.append((centre, local))
    return LocallyRegularised(irfftn(after, (size,) * 3), tuple(found))


def band_centres(radius: int) -> list[float]:
    """Centres of the bands in shells, from coarse to fine; the last band reaches beyond ``radius``."""
    count = 1 + max(0, math.ceil(math.log(radius / FIRST) / math.log(RATIO)))
    return [FIRST * RATIO**j for j in range(count)]


def band_gain(centre: float, radius: int, size: int) -> Tensor:
    """Gain of one band on the half grid of a cube of ``size``: a cosine bell in log frequency; all bands sum to 1.

    The lowest band is open below, the highest one ends with shell ``radius``.
    """
    shell = frequency_squared((size,) * 3).sqrt() * size
    x = torch.log(shell.clamp_min(0.5) / centre) / math.log(RATIO)
    centres = band_centres(radius)
    low, high = -1.0 if centre > centres[0] else 0.0, 1.0 if centre < centres[-1] else 0.0
    return (0.5 + 0.5 * torch.cos(math.pi * x.clamp(low, high))) * (shell < radius + 0.5)


def _grid(centre: float, size: int) -> int:
    """Side of the smallest cube that holds a band, its squares' low frequencies and its product with a smooth gain."""
    return min(size, good_size(math.ceil(2 * centre * (RATIO + 0.5))))


def _cut(spectra: Tensor, band: Tensor, size: int, grid: int) -> Tensor:
    """A band of both maps on a cube of side ``grid``, in the grey scale of the maps."""
    return irfftn(resize_spectrum(spectra, (grid,) * 3) * (band * (grid / size) ** 3), (grid,) * 3)


def _paste(maps: Tensor, grid: int, size: int) -> Tensor:
    """Undo :func:`_cut`: spectra on the half grid of ``size``."""
    return resize_spectrum(rfftn(maps), (size,) * 3) * (size / grid) ** 3


def _gains(filtered: Tensor, raw: Tensor, band: Tensor, centre: float, order: Tensor | None) -> tuple[Tensor, Tensor]:
    """Gain on the filtered band, and that on the raw one which both amount to, ``(grid, grid, grid)``."""
    grid = raw.shape[-1]
    sigma = min(WINDOW * grid / centre, grid / 6)
    window = torch.exp(-2 * math.pi**2 * sigma**2 * frequency_squared((grid,) * 3))

    def around(values: Tensor) -> Tensor:
        return irfftn(rfftn(values) * window, values.shape)

    power, target, cross = (filtered**2).sum(0), (raw**2).sum(0), (filtered * raw.flip(0)).sum(0)
    occupied = occupied_frequencies(band)
    expected = torch.ones(()) if order is None else _by_order(power, target, cross, order, occupied)
    power, target, cross = (around(v) for v in (power, target, cross))
    power = power.clamp_min(1e-9 * float(power.max()) + 1e-30)
    numbers = (4 * math.pi) ** 1.5 * sigma**3 * occupied
    gain = shrunk(cross, power, target, numbers, expected)
    return gain, gain * (power / target.clamp_min(1e-30)).sqrt()


def shrunk(cross: Tensor, power: Tensor, target: Tensor, numbers: Tensor | float, expected: Tensor) -> Tensor:
    """Best gain C / P, drawn towards what is expected as far as the noise may have made the difference; at least 0."""
    best = cross / power
    variance = (target - cross * best).clamp_min(0) / (power * numbers)
    step = best - expected
    return (expected + step * (1 - SIGNIFICANCE**2 * variance / (step**2).clamp_min(1e-12)).clamp_min(0)).clamp_min(0)


def _by_order(power: Tensor, target: Tensor, cross: Tensor, order: Tensor, occupied: float) -> Tensor:
    """Gain expected of each voxel from how well ordered it was in the band before: one gain for each class of order."""
    at = order.clamp(0, 1) * CLASSES
    step = (at * STEPS).round().long().flatten()
    share = (1 - (torch.arange(CLASSES * STEPS + 1) / STEPS - torch.arange(CLASSES + 1)[:, None]).abs()).clamp_min(0).double()

    def pooled(values: Tensor) -> Tensor:
        return (share @ torch.bincount(step, values.flatten().double(), minlength=share.shape[1])).float()

    numbers = pooled(torch.ones_like(order)) * occupied
    total = pooled(power)
    gains = shrunk(pooled(cross), total, pooled(target), numbers, torch.ones(()))
    gains = torch.where((numbers > 0) & (total > 0), gains, 1.0)
    low = at.floor().clamp_max(CLASSES - 1).long()
    return torch.lerp(gains[low], gains[low + 1], at - low)


def occupied_frequencies(band: Tensor) -> float:
    """Volume of frequency that a band occupies, (Σ G²)² / Σ G⁴, cycles³ a voxel³."""
    size = band.shape[0]
    weight = friedel_weight((size,) * 3).float()
    power = band**2
    return float((weight * power).sum() ** 2 / (weight * power**2).sum()) / size**3
