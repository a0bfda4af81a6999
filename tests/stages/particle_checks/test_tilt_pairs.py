"""A planted tilt of 10° about 85°, with jitter, of either hand, and none at all."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.rotations import exponential, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.particle_checks import Posed, search_tilt, tilt_cluster
from vitreous.stages.particle_checks.consensus import OTHER_HAND

C1 = symmetry("C1")


def tilt(degrees: float, axis: float) -> torch.Tensor:
    vector = torch.tensor([math.cos(math.radians(axis)), math.sin(math.radians(axis)), 0.0], dtype=torch.float64)
    return exponential(math.radians(degrees) * vector)


def pairs(count: int, seed: int, jitter_deg: float = 3.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    untilted = random_rotations(count, generator)
    jitter = exponential(math.radians(jitter_deg) / 3**0.5 * torch.randn(count, 3, generator=generator, dtype=torch.float64))
    return untilted, jitter @ tilt(10.0, 85.0) @ untilted


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_planted_tilt_is_found(seed: int) -> None:
    found = tilt_cluster(*pairs(300, seed), C1)
    assert found.mean_tilt_deg == pytest.approx(10.0, abs=0.3)
    # 0.3° on the sphere is 1.7° of azimuth at a tilt of 10°
    assert found.mean_axis_deg == pytest.approx(85.0, abs=1.7)
    assert found.within >= 0.9
    assert found.p_value < 1e-10
    assert found.hand(10.0, 85.0) == "right"
    assert found.hand(-10.0, 85.0) == "wrong"
    assert found.hand(40.0, 10.0) == "not told"


def test_the_other_hand_tilts_the_other_way() -> None:
    untilted, tilted = pairs(100, 0)
    found = tilt_cluster(OTHER_HAND @ untilted, OTHER_HAND @ tilted, C1)
    assert found.mean_tilt_deg == pytest.approx(10.0, abs=0.5)
    assert found.hand(10.0, 85.0) == "wrong"


def test_a_fourth_of_good_pairs_is_found_among_random_ones() -> None:
    untilted, tilted = pairs(200, 4)
    tilted[:150] = random_rotations(150, torch.Generator().manual_seed(9))
    found = tilt_cluster(untilted, tilted, C1)
    assert found.mean_tilt_deg == pytest.approx(10.0, abs=1.0)
    assert 0.2 < found.within < 0.3


def test_random_pairs_do_not_cluster() -> None:
    low = 0
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        found = tilt_cluster(random_rotations(40, generator), random_rotations(40, generator), C1)
        low += found.p_value < 0.05
        if found.p_value > 0.05:
            assert found.hand(10.0, 85.0) == "not told"
    # the bound over all caps is on the safe side
    assert low <= 4


def test_any_copy_of_a_symmetric_particle_will_do() -> None:
    group = symmetry("D3")
    untilted, tilted = pairs(150, 5, jitter_deg=2.0)
    copies = group.matrices[torch.randint(6, (150,), generator=torch.Generator().manual_seed(1))]
    found = tilt_cluster(untilted, tilted @ copies, group)
    assert found.within > 0.9
    assert found.mean_tilt_deg == pytest.approx(10.0, abs=0.5)


def test_tilted_images_tell_the_tilt(posed: Posed) -> None:
    some = posed.take(torch.arange(12))
    untilted = tilt(10.0, 85.0).T @ some.rotation
    found = search_tilt(untilted, some, most_deg=16.0, step_deg=2.0, radius=10)
    angle, axis = found.best
    assert math.hypot(angle * math.cos(math.radians(axis)) - 10 * math.cos(math.radians(85)),
                      angle * math.sin(math.radians(axis)) - 10 * math.sin(math.radians(85))) < 2.9  # fmt: skip
    assert float(found.residual_deg.min()) < float(found.residual_deg.median()) - 3


def test_pairs_must_be_pairs() -> None:
    rotation = random_rotations(20, torch.Generator())
    with pytest.raises(InputError, match="tilted particles must be as many as untilted ones, 20"):
        tilt_cluster(rotation, rotation[:19], C1)
    with pytest.raises(InputError, match="tilt pairs must be at least 10"):
        tilt_cluster(rotation[:5], rotation[:5], C1)
