from __future__ import annotations

import pytest
import torch
from known_maps import noisy, ribosome, scattered_atoms

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.numerics.filters import apply, low_pass, soft_disc
from vitreous.numerics.fourier import frequency_squared
from vitreous.stages.postprocess import postprocess


@pytest.mark.costly
def test_a_plain_case(halves, generator: torch.Generator) -> None:
    done = postprocess(*halves(), generator)
    assert done.warnings in ((), (f"no B-factor was applied: {done.guinier.reason}.",))
    assert done.resolution.finer < done.resolution.value < done.resolution.coarser
    assert done.resolution.value < done.resolution_unmasked
    assert done.resolution.value < done.resolution_half.value
    assert done.made.found
    assert done.sharpened.shape == done.total.shape


@pytest.mark.costly
def test_the_sharpened_map_is_nearer_to_the_truth(generator: torch.Generator) -> None:
    truth, blurred = ribosome(80, 2.0, 0.0), ribosome(80, 2.0, 150.0)
    done = postprocess(*noisy(blurred, 1.5, generator), generator)
    assert done.guinier.b_factor > 0

    def correlation(values: torch.Tensor) -> float:
        goal = low_pass(truth.values, done.resolution.value, 2.0, axes=3) * done.mask
        values = low_pass(values, done.resolution.value, 2.0, axes=3) * done.mask
        return float(torch.corrcoef(torch.stack([goal.flatten(), values.flatten()]))[0, 1])

    assert correlation(done.sharpened.values) > correlation(done.total.values) + 0.02


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("offset", [0.0, 5.0])
@pytest.mark.parametrize("given", [False, True])
def test_noise_has_no_resolution(smooth: bool, offset: float, given: bool, generator: torch.Generator) -> None:
    for _ in range(4):
        made = [torch.randn(40, 40, 40, generator=generator) for _ in range(2)]
        made = [low_pass(each, 12.0, 3.0, axes=3) if smooth else each for each in made]
        mask = Volume(soft_disc((40,) * 3, 6, 4), 3.0) if given else None
        done = postprocess(*(Volume(each + offset, 3.0) for each in made), generator, mask=mask)
        assert done.resolution is None
        assert done.resolution_half is None
        assert done.resolution_unmasked is None
        assert any("no better than noise" in warning for warning in done.warnings)
        assert torch.equal(done.sharpened.values, done.total.values)


def test_beware_of_voxels_that_are_too_coarse(generator: torch.Generator) -> None:
    done = postprocess(*noisy(ribosome(64, 3.0, 0.0), 0.1, generator), generator)
    assert done.resolution.at_limit
    assert any("never falls below 1/7: 6 Å" in warning for warning in done.warnings)


@pytest.mark.costly
def test_beware_of_hard_and_tight_masks(halves, generator: torch.Generator) -> None:
    a, b = halves(2.0)
    sharp = Volume((ribosome(64, 3.0, 200.0).values > 0.06).float(), 3.0)
    assert any("mask: it follows detail" in warning for warning in postprocess(a, b, generator, mask=sharp).warnings)
    ball = Volume((soft_disc((64,) * 3, 22, 1) > 0.5).float(), 3.0)
    assert any("a hard edge makes" in warning for warning in postprocess(a, b, generator, mask=ball).warnings)


@pytest.mark.costly
def test_beware_of_a_mask_beside_the_particle(halves, generator: torch.Generator) -> None:
    a, b = halves(1.0)
    beside = Volume(soft_disc((64,) * 3, 5, 6).roll(25, 2), 3.0)
    assert any("mask: it reaches 0.93 at the border" in warning for warning in postprocess(a, b, generator, mask=beside).warnings)


def test_beware_of_dark_particles(halves, generator: torch.Generator) -> None:
    a, b = (Volume(-half.values, 3.0) for half in halves(1.0))
    assert any("darker" in warning for warning in postprocess(a, b, generator).warnings)


@pytest.mark.costly
def test_imposed_symmetry_widens_the_interval(halves, generator: torch.Generator) -> None:
    a, b = halves()
    plain, imposed = (postprocess(a, b, generator, symmetry_order=order).curves for order in (1, 4))
    ratio = (imposed.high - imposed.low)[10:30] / (plain.high - plain.low)[10:30]
    # √4 for the curve's own part; the randomised curve's, a third of it where there is no signal, stays: √(13/4) = 1.80 there.
    assert 1.8 < float(ratio.mean()) < 2.0


def test_a_mask_of_another_box_is_refused(halves, generator: torch.Generator) -> None:
    with pytest.raises(InputError, match="mask must be of the half-maps' shape"):
        postprocess(*halves(), generator, mask=Volume(torch.ones(32, 32, 32), 3.0))
    with pytest.raises(InputError, match=r"mask must be sampled as the half-maps are, 3 Å; got '2 Å'"):
        postprocess(*halves(), generator, mask=Volume(torch.ones(64, 64, 64), 2.0))


def test_beware_of_filtered_half_maps(generator: torch.Generator) -> None:
    a, b = noisy(scattered_atoms(64, 1.6, 650.0), 0.05, generator)
    assert any("Are the half-maps filtered" in warning for warning in postprocess(a, b, generator).warnings)


def test_beware_of_maps_that_are_sharpened_already(generator: torch.Generator) -> None:
    plain = scattered_atoms(64, 1.6, 60.0)
    raised = Volume(apply(plain.values, torch.exp(50 * frequency_squared(plain.shape, 1.6).clamp_max(0.08)), axes=3), 1.6)
    a, b = noisy(raised, 0.05, generator)
    done = postprocess(a, b, generator)
    assert done.guinier.b_factor < 0
    assert any("sharpened already" in warning for warning in done.warnings)
