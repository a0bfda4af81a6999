"""The test for waves in noise, on a phantom of two resolutions, on noise, and on what it must refuse."""

from __future__ import annotations

import pytest
import torch
from two_resolutions import TwoResolutions, phantom

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.numerics.filters import radius
from vitreous.stages.local_resolution.resmap import least_deviate, normal_deviate, null_moments, resmap

BALL = radius((64,) * 3) < 22


def medians(made: TwoResolutions, values: torch.Tensor) -> list[float]:
    return [float(values[made.core & (made.truth == wanted)].median()) for wanted in (4.0, 8.0)]


@pytest.mark.parametrize("kind", ["sharp", "gradual"])
def test_medians_are_within_half_an_angstrom(kind: str) -> None:
    made = phantom(80, kind=kind, seed=5)
    for halves in ((made.first, made.second), (made.total, None)):
        found = resmap(*halves, made.mask)
        assert medians(made, found.values) == pytest.approx([4.0, 8.0], abs=0.5)
        assert bool(found.values[~made.mask].isnan().all())
        assert bool(found.values[made.mask].isfinite().all())


def test_noise_is_resolved_nowhere() -> None:
    chance = torch.Generator().manual_seed(2)
    share = []
    for _ in range(4):
        first, second = (Volume(torch.randn(64, 64, 64, generator=chance), 1.0) for _ in range(2))
        for halves in ((first, second), (first, None)):
            found = resmap(*halves, BALL)
            share.append(float((found.values[BALL] < 0.97 * found.levels[-1]).double().mean()))
    # Five in a hundred wavelengths may hold a false discovery; it is a place of one window then.
    assert sum(s > 0 for s in share) <= 2
    assert max(share) < 0.05


def test_a_filter_on_the_whole_map_changes_nothing() -> None:
    """Noise is measured as filtered as the signal: sharpening by 100 Å² moves no median by a fifth of an Å."""
    from vitreous.numerics.filters import apply
    from vitreous.numerics.fourier import frequency_squared

    made = phantom(80, seed=5)
    voxel = made.total.voxel_size
    gain = torch.exp(25 * frequency_squared((80,) * 3, voxel))
    sharpened = Volume(apply(made.total.values, gain, axes=3), voxel)
    before, after = (resmap(each, None, made.mask).values for each in (made.total, sharpened))
    assert medians(made, after) == pytest.approx(medians(made, before), abs=0.2)


def test_moments_of_the_statistic_are_those_of_noise() -> None:
    """T of many places of white noise: the deviate is standard normal, also in its tail."""
    from vitreous.numerics.fourier import rfftn
    from vitreous.stages.local_resolution.resmap import energy

    chance, whole = torch.Generator().manual_seed(4), torch.ones(12, 12, 12, dtype=torch.bool)
    open_part, found = rfftn(torch.ones(60, 60, 60)), []
    for _ in range(12):
        kept, overlap = energy(rfftn(torch.randn(60, 60, 60, generator=chance)), open_part, 5.0, 60.0, whole)
        found.append(normal_deviate(kept, overlap, 1e9))
    deviates = torch.cat(found)
    # 12 boxes of about 40 independent windows: standard errors near 0.05; the tail beyond 2.33 holds 1 %, ± 0.5 %.
    assert float(deviates.mean()) == pytest.approx(0, abs=0.15)
    assert float(deviates.std()) == pytest.approx(1, abs=0.1)
    assert 0.004 < float((deviates > 2.33).double().mean()) < 0.02
    assert 1 / null_moments().window == pytest.approx(111, abs=2)


def test_the_level_is_that_of_benjamini_and_yekutieli() -> None:
    """Five hypotheses by hand: bounds 0.05 i / (5 · 137/60) are 0.0044, 0.0088, 0.0131, 0.0175, 0.0219."""
    deviates = torch.tensor([3.0, 2.5, 1.0, 0.0, -1.0], dtype=torch.float64)  # p = 0.0013, 0.0062, 0.16, …
    assert least_deviate(deviates, 0.05) == 2.5
    assert least_deviate(torch.zeros(5, dtype=torch.float64), 0.05) == float("inf")


def test_bad_input_is_refused() -> None:
    chance = torch.Generator().manual_seed(0)
    noise = Volume(torch.randn(32, 32, 32, generator=chance), 2.0)
    ball = radius((32,) * 3) < 10
    with pytest.raises(InputError, match="a cube"):
        resmap(Volume(noise.values[:16], 2.0), None, ball[:16])
    with pytest.raises(InputError, match="of the map's shape"):
        resmap(noise, None, ball[:16])
    with pytest.raises(InputError, match="voxel size of second"):
        resmap(noise, Volume(noise.values, 2.1), ball)
    with pytest.raises(InputError, match="of the shape of the other"):
        resmap(noise, Volume(noise.values[:16, :16, :16], 2.0), ball)
    with pytest.raises(InputError, match="finite everywhere"):
        resmap(Volume(noise.values / 0, 2.0), None, ball)
    with pytest.raises(InputError, match=r"nothing above 0\.5"):
        resmap(noise, None, torch.zeros(32, 32, 32))
    with pytest.raises(InputError, match="solvent is left"):
        resmap(noise, None, torch.ones(32, 32, 32))
    with pytest.raises(InputError, match="halves are the same map"):
        resmap(noise, noise, ball)
    with pytest.raises(InputError, match="none in the solvent"):
        resmap(Volume(noise.values * ball, 2.0), None, ball)
    with pytest.raises(InputError, match="two or more wavelengths"):
        resmap(noise, None, ball, levels=torch.tensor([8.0, 4.0]))
    with pytest.raises(InputError, match="false_discoveries"):
        resmap(noise, None, ball, false_discoveries=1.5)
