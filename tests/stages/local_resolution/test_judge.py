from __future__ import annotations

import pytest
import torch
from scipy.stats import spearmanr

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import read_volume
from vitreous.jobs.local_resolution import made_mask
from vitreous.numerics.filters import radius
from vitreous.stages.local_resolution import judge_local_resolution, monogenic, windowed_fsc
from vitreous.stages.local_resolution.descent import Descent, levels_between


def spread(*parts: tuple[float, float]) -> LocalResolution:
    """A map of which these shares have these resolutions, Å."""
    values = torch.cat([torch.full((round(1000 * share),), value) for share, value in parts]).reshape(10, 10, 10)
    return LocalResolution(values, torch.ones(10, 10, 10, dtype=torch.bool), "planted", torch.tensor([2.0, 20.0]))


@pytest.mark.parametrize(
    ("parts", "verdict", "words"),
    [
        (((0.9, 4.1), (0.1, 5.0)), "pass", "1.02 times"),
        (((0.6, 4.1), (0.4, 8.0)), "warn", "40 % of the mask's inside"),
        (((0.3, 4.1), (0.7, 6.0)), "warn", "1.50 times"),
        (((0.3, 4.1), (0.7, 9.0)), "fail", "best part only"),
        (((0.3, 4.1), (0.7, 20.0)), "fail", "shows nothing"),
    ],
)
def test_verdicts(parts: tuple[tuple[float, float], ...], verdict: str, words: str) -> None:
    check = judge_local_resolution(spread(*parts), 4.0, 400.0)
    assert (check.name, check.verdict) == ("local-resolution", verdict)
    assert words in check.reason
    assert ("Try: " in check.reason) == (verdict != "pass")


def test_the_rim_is_not_counted_but_for_a_particle_that_is_all_rim() -> None:
    mask = radius((32, 32, 32)) < 12
    values = torch.where(radius((32, 32, 32)) < 8, 4.0, 9.0)
    local = LocalResolution(torch.where(mask, values, torch.nan), mask, "planted", torch.tensor([2.0, 20.0]))
    assert judge_local_resolution(local, 4.0, 1.0).verdict == "pass", "the rim of 4 voxels is 4 Å deep"
    assert judge_local_resolution(local, 4.0, 3.0).verdict == "fail", "the rim of 4 Å is little of it, and the coarse part is not all rim"
    assert judge_local_resolution(local, 4.0, 0.2).verdict == "pass", "all is rim: the innermost quarter counts"


def test_a_claim_must_be_positive() -> None:
    with pytest.raises(InputError, match="resolution must be positive"):
        judge_local_resolution(spread((1.0, 4.0)), 0.0, 1.0)


VOLUME = Volume(torch.randn(32, 32, 32, generator=torch.Generator().manual_seed(1)), 1.5)
OTHER = Volume(torch.randn(32, 32, 32, generator=torch.Generator().manual_seed(2)), 1.5)
BALL = radius((32, 32, 32)) < 8


@pytest.mark.parametrize("method", [windowed_fsc, monogenic])
def test_bad_input_is_named(method) -> None:
    holed = OTHER.values.clone()
    holed[3, 3, 3] = torch.nan
    for arguments, words in (
        ((VOLUME, Volume(OTHER.values[:30], 1.5), BALL), "half2 must be of the shape of half1"),
        ((VOLUME, Volume(OTHER.values, 1.6), BALL), "half2 must be sampled as half1 is, 1.5 Å"),
        ((VOLUME, Volume(holed, 1.5), BALL), "half2 must be finite"),
        ((VOLUME, OTHER, BALL[:30]), "mask must be of the map's shape"),
        ((VOLUME, OTHER, torch.zeros(32, 32, 32)), "mask must be 1 where the particle is"),
    ):
        with pytest.raises(InputError, match=words):
            method(*arguments)
    with pytest.raises(InputError, match="finest must be coarser than two voxels, 3 Å"):
        method(VOLUME, OTHER, BALL, finest=2.9)
    with pytest.raises(InputError, match="coarsest must be"):
        method(VOLUME, OTHER, BALL, finest=5.0, coarsest=5.0)


def test_a_single_map_without_solvent_cannot_be_judged() -> None:
    with pytest.raises(InputError, match=r"unmasked, for its noise is measured in the solvent.*both half-maps"):
        monogenic(Volume(VOLUME.values * BALL, 1.5), None, BALL)
    with pytest.raises(InputError, match="confidence must be between 0 and 1"):
        monogenic(VOLUME, None, BALL, confidence=1.0)


def test_levels_run_from_coarse_to_fine_and_hold_five_waves() -> None:
    levels = levels_between(VOLUME)
    assert float(levels[0]) == pytest.approx(32 * 1.5 / 5)
    assert float(levels[-1]) == pytest.approx(2.1 * 1.5)
    assert float((levels[:-1] / levels[1:]).max()) <= 1.05 + 1e-9


def test_places_that_hold_at_the_last_level_are_put_where_their_excess_would_end() -> None:
    """Along a straight line in 1 / d: 0.3 at 0.2 and 0.2 at 0.25 end at 0.35; 0.3 and 0.1 at 0.275; what rises ends at the limit."""
    levels = torch.tensor([1 / 0.2, 1 / 0.25], dtype=torch.float64)
    for limit, wanted in ((2.5, [0.35, 0.275, 0.4, 0.225]), (1 / 0.3, [0.3, 0.275, 0.3, 0.225]), (None, [0.25, 0.25, 0.25, 0.225])):
        descent = Descent(torch.ones(1, 1, 4, dtype=torch.bool), levels, limit)
        descent.step(torch.tensor([0.3, 0.3, 0.3, 0.1]))
        descent.step(torch.tensor([0.2, 0.1, 0.4, -0.1]))
        assert (1 / descent.result("m").values).flatten().tolist() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.real_data
def test_the_deposited_local_resolution_of_beta_galactosidase(real_data) -> None:
    """A map without its halves, under a mask made from itself, told only that the whole reaches the finest level.

    The deposit is read where it gives a value: elsewhere it holds one number, 8.8637. The rank correlation is 0.613. A map
    sampled at 3.54 Å ends where half of its places still hold: those are put in order by what is left of their signal there.
    """
    density, deposited = (
        read_volume(real_data / "maps" / f"betaGal_{name}.mrc.gz", 3.54) for name in ("relion_tutorial", "localResolution")
    )
    inside = made_mask(density, None) > 0.5
    found = monogenic(density, None, inside, resolution=7.5)
    asked = inside & ((deposited.values - 8.8637).abs() > 1e-3)
    assert spearmanr(found.values[asked], deposited.values[asked]).statistic > 0.605
    # That the outside is worse than the inside is most of it, but not all: the radius alone gives 0.504.
    assert spearmanr(radius(density.shape)[asked], deposited.values[asked]).statistic < 0.55
