"""Each method on halves of 4 and 8 Å, on noise alone, and against the window it stands for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
import torch
from two_resolutions import TwoResolutions, phantom

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.bands import Band
from vitreous.numerics.filters import apply, radius
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.shells import friedel_weight
from vitreous.stages.local_resolution import monogenic, windowed_fsc
from vitreous.stages.local_resolution.windowed_fsc import WIDTH, WINDOW, local_correlation

Method = Callable[[TwoResolutions], LocalResolution]
#: Å: of the levels, to save time.
FINEST, COARSEST = 3.4, 10.0
METHODS: dict[str, Method] = {
    "windowed": lambda p: windowed_fsc(p.first, p.second, p.mask, finest=FINEST, coarsest=COARSEST),
    "monogenic": lambda p: monogenic(p.first, p.second, p.mask, finest=FINEST, coarsest=COARSEST),
    "monogenic, one map": lambda p: monogenic(p.total, None, p.mask, finest=FINEST, coarsest=COARSEST),
}
EACH = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())


@lru_cache(maxsize=2)
def made(kind: str) -> TwoResolutions:
    """A small one; its cores hold few independent windows, so medians scatter: benchmarks/local_resolution.py has larger ones."""
    return phantom(72, kind=kind)


@pytest.mark.parametrize("kind", ["sharp", "gradual"])
@EACH
def test_each_half_is_found_within_half_an_angstrom(method: Method, kind: str) -> None:
    known = made(kind)
    found = method(known).values
    assert torch.equal(~found.isnan(), known.mask)
    for truth in (4.0, 8.0):
        assert float(found[known.core & (known.truth == truth)].median()) == pytest.approx(truth, abs=0.5)
        # The rim, where windows hold solvent too: they count the mask's part only.
        rim = known.mask & ~known.core & (known.truth == truth)
        assert float(found[rim].median()) == pytest.approx(truth, abs=0.6)


@EACH
def test_nothing_is_resolved_in_noise(method: Method, generator: torch.Generator) -> None:
    """How many places pass the first level is up to the few independent windows of a small ball: over 24 balls 0 to 75 %, 14 % on
    average. A fifth finer, 3 % at most."""
    first, second = (Volume(torch.randn(48, 48, 48, generator=generator), 1.6) for _ in range(2))
    ball = radius((48, 48, 48)) < 15
    found = method(TwoResolutions(first, second, ball, ball, ball)).values[ball]
    assert float((found > 0.97 * COARSEST).double().mean()) > 0.5
    assert float((found < 0.8 * COARSEST).double().mean()) < 0.05


def test_a_filter_of_the_maps_changes_nothing() -> None:
    """Sharpening raises signal and noise alike. It tilts each band, by B k² / 2 · WIDTH = 0.3 at 4 Å, which moves a place a little."""
    known, method = made("gradual"), METHODS["windowed"]
    k2 = frequency_squared(known.first.shape, known.first.voxel_size)
    sharpened = [Volume(apply(half.values, torch.exp(50 * k2 / 4), axes=3), half.voxel_size) for half in known[:2]]
    before, after = (method(each).values[known.core] for each in (known, known._replace(first=sharpened[0], second=sharpened[1])))
    assert float((before - after).abs().median()) < 0.15


def test_the_sums_are_those_of_windows_cut_out_and_transformed() -> None:
    """Shell correlation of both maps under the root of the window, over the band, at 40 places."""
    known, wavelength = made("gradual"), 6.0
    shape, voxel = known.first.shape, known.first.voxel_size
    band = Band(shape, voxel, wavelength, WIDTH)
    everywhere = torch.ones(shape, dtype=torch.bool)
    quick = band.grow(local_correlation([rfftn(h.values) for h in known[:2]], everywhere, band))
    chance = torch.Generator().manual_seed(2)
    places = known.mask.nonzero()[torch.randint(int(known.mask.sum()), (40,), generator=chance)]
    weight = _Whole(shape, voxel, wavelength, WIDTH).gain() ** 2
    weight = weight * friedel_weight(shape)
    direct = torch.tensor([_direct(known, place, WINDOW * wavelength, weight) for place in places.tolist()])
    found = torch.tensor([float(quick[tuple(place)]) for place in places.tolist()])
    # Cutting out smears the transform by 1 / (2π √2 σ) = 0.019 Å⁻¹ over the band's edges; the sums agree but for that.
    assert float((found - direct).abs().median()) < 0.06
    assert float((found - direct).mean().abs()) < 0.04
    assert float(torch.corrcoef(torch.stack([found, direct]))[0, 1]) > 0.9


class _Whole(Band):
    """A band on the grid of the map itself."""

    @property
    def grid(self) -> tuple[int, int, int]:
        return self.shape


def _direct(known: TwoResolutions, place: list[int], sigma: float, weight: torch.Tensor) -> float:
    apart = radius(known.first.shape).roll([p - n // 2 for p, n in zip(place, known.first.shape)], (0, 1, 2)) * known.first.voxel_size
    window = torch.exp(-0.25 * (apart / sigma) ** 2)
    a, b = (rfftn(half.values * window) for half in known[:2])
    cross, one, two = ((weight * each).sum() for each in ((a * b.conj()).real, a.abs() ** 2, b.abs() ** 2))
    return float(cross / (one * two).sqrt())


def test_a_higher_threshold_is_coarser() -> None:
    known = made("gradual")
    strict = windowed_fsc(known.first, known.second, known.mask, level=0.5, finest=FINEST, coarsest=COARSEST)
    usual = windowed_fsc(known.first, known.second, known.mask, level=GOLD_STANDARD, finest=FINEST, coarsest=COARSEST)
    assert bool((strict.values >= usual.values)[known.mask].all())
    # SNR 1 rather than 1/6 where g² = exp(-(d k)² ln 300): 1 / k falls by √(ln 50 / ln 300) = 0.83, so 4 Å becomes 4.8.
    assert float(strict.values[known.core & (known.truth == 4.0)].median()) == pytest.approx(4.8, abs=0.4)
