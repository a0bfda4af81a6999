"""Even projects pass, uneven ones are named."""

from __future__ import annotations

import pytest
import torch
from uneven_maps import SIZE, VOXEL, frequencies, halves

from vitreous.errors import InputError
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.rotations import from_euler, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.orientations import compare_directions, judge_directions, judge_orientations, orientation_coverage

RADIUS = frequencies().norm(dim=-1)
EVEN = 100 * torch.exp(-((RADIUS / 8) ** 2))
MASK = soft_disc((SIZE,) * 3, 14, 6).double()


def preferred(share: float, seed: int = 0, count: int = 3000) -> torch.Tensor:
    """``share`` of the views within 20° of z, the others anywhere."""
    chance = torch.Generator().manual_seed(seed)
    turn, lean = torch.rand(count, 3, generator=chance, dtype=torch.float64) * 360, torch.rand(count, generator=chance, dtype=torch.float64)
    cosine = torch.where(torch.arange(count) < share * count, 1 - 0.06 * lean, 2 * lean - 1)
    return from_euler(torch.stack([turn[:, 0], torch.rad2deg(torch.arccos(cosine)), turn[:, 1]], -1))


@pytest.mark.parametrize("seed", range(3))
def test_even_halves_pass(seed: int) -> None:
    # 60 of 60 such maps pass: their area ratios under the mask are 0.91 and more
    told = judge_directions(compare_directions(*(each * MASK for each in halves(EVEN, seed)), VOXEL))
    assert told.verdict == "pass"
    assert told.figures["sphericity"] > 0.97


def test_halves_of_top_views_are_named_with_their_axis() -> None:
    along = (frequencies()[..., 2].abs() / RADIUS.clamp_min(1e-9)) > 0.6
    told = judge_directions(compare_directions(*(each * MASK for each in halves(torch.where(along, EVEN / 60, EVEN), 1)), VOXEL))
    assert told.verdict in ("warn", "fail")
    assert abs(told.figures["worst_axis_xyz"][2]) > 0.97
    assert "smeared along" in told.reason
    assert "Try:" in told.reason


def test_halves_that_hardly_agree_are_not_judged() -> None:
    told = judge_directions(compare_directions(*halves(torch.zeros_like(EVEN), 2), VOXEL))
    assert told.verdict == "not done"


def test_halves_with_a_hole_are_refused() -> None:
    first, second = halves(EVEN, 0)
    first[3, 4, 5] = torch.nan
    with pytest.raises(InputError, match="half-map 1 must be finite everywhere"):
        compare_directions(first, second, VOXEL)


@pytest.mark.parametrize(("count", "group"), [(100, "C1"), (1000, "C1"), (60, "D2")])
def test_even_views_pass(count: int, group: str) -> None:
    for seed in range(4):
        poses = random_rotations(count, torch.Generator().manual_seed(seed))
        assert judge_orientations(orientation_coverage(poses, symmetry(group))).verdict == "pass"


def test_somewhat_uneven_views_pass_and_preferred_ones_do_not() -> None:
    verdicts = {share: judge_orientations(orientation_coverage(preferred(share), symmetry("C1"))) for share in (0.3, 0.8, 1.0)}
    assert [each.verdict for each in verdicts.values()] == ["pass", "warn", "fail"]
    assert verdicts[1.0].figures["unsampled_share"] > 0.5
    assert verdicts[0.8].figures["advised_tilt_deg"] >= 30
    assert "stage tilted by" in verdicts[0.8].reason


def test_poses_of_one_asymmetric_unit_need_their_symmetry() -> None:
    """Refinements with symmetry keep poses in one unit: counted without the group they look preferred, and the reason says so."""
    group = symmetry("O")
    poses = random_rotations(2000, torch.Generator().manual_seed(7))
    copies = torch.einsum("nij,gjk->ngik", poses, group.matrices)
    towards = copies[:, :, 2] @ torch.tensor([0.2, 0.1, 1.0], dtype=torch.float64)
    folded = copies[torch.arange(len(poses)), towards.argmax(1)]
    assert judge_orientations(orientation_coverage(folded, group)).verdict == "pass"
    alone = judge_orientations(orientation_coverage(folded, symmetry("C1")))
    assert alone.verdict != "pass"
    assert "Try: the symmetry, if one was imposed" in alone.reason


def test_particles_without_poses_are_not_judged() -> None:
    assert judge_orientations(None).verdict == "not done"
