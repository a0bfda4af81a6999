"""Shares of images without the particle, from drawn C and P; and how often a good set is blamed."""

from __future__ import annotations

import pytest
import torch

from vitreous.stages.particle_checks import presence
from vitreous.stages.particle_checks.judge import JUNK, SURE


def drawn(share: float, root_power: float, count: int, seed: int, *, spread: float = 0.15) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    power = root_power**2 * (0.7 + 0.6 * torch.rand(count, generator=generator, dtype=torch.float64))
    held = torch.rand(count, generator=generator) >= share
    scale = held * (1 + spread * torch.randn(count, generator=generator, dtype=torch.float64))
    return power * scale + power.sqrt() * torch.randn(count, generator=generator, dtype=torch.float64), power, held


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("root_power", [5.0, 20.0])
def test_the_share_is_within_its_error(share: float, root_power: float) -> None:
    outside = 0
    for seed in range(10):
        cross, power, held = drawn(share, root_power, 400, seed)
        found = presence(cross, power)
        outside += abs(found.share - float((~held).double().mean())) > 3 * found.error + 0.005
        assert found.scale == pytest.approx(1.0, abs=0.1)
    assert outside <= 1


def test_good_sets_are_not_blamed() -> None:
    blamed = 0
    for seed in range(100):
        cross, power, _ = drawn(0.02, 4.0, 150, seed, spread=0.25)
        found = presence(cross, power)
        blamed += found.share - SURE * found.error > JUNK[0]
    assert blamed <= 2  # under 5 % of 100


def test_wrong_poses_do_not_widen_what_is_usual() -> None:
    cross, power, _ = drawn(0.0, 20.0, 400, 0, spread=0.1)
    cross[:60] *= 0.3
    found = presence(cross, power)
    assert found.spread < 0.16
    assert float(found.z[:60].max()) < -3
