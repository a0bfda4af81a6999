"""Runs beside each other, a gate, classes and a hand."""

from __future__ import annotations

import pytest
import torch

from vitreous.data.check import Check
from vitreous.errors import InputError
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.map_align import mirror, turn
from vitreous.numerics.rotations import exponential, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.simulate.specimens import density_map, specimen
from vitreous.stages.controls.gate import gate
from vitreous.stages.controls.hand import judge_hand
from vitreous.stages.controls.homogeneity import Sorting, judge_homogeneity
from vitreous.stages.controls.reproducibility import MIRRORED, compare_pair, frame_between, judge_reproducibility

SIZE, VOXEL = 32, 7.0
C1 = symmetry("C1")


@pytest.fixture(scope="module")
def truth() -> torch.Tensor:
    return density_map(specimen("ribosome head"), SIZE, VOXEL).values.float()


def ball() -> torch.Tensor:
    return soft_disc((SIZE,) * 3, 13.0, 3.0)


def test_the_frame_of_two_runs_is_found_under_a_third_of_lost_particles(generator: torch.Generator) -> None:
    first = random_rotations(300, generator).double()
    g = random_rotations(1, generator)[0].double()
    jitter = exponential(torch.randn(300, 3, generator=generator, dtype=torch.float64) * 0.03)
    second = jitter @ first @ g.T
    second[::3] = random_rotations(100, generator).double()
    found, angle = frame_between(first, second, C1)
    assert float(C1.distance_deg(found[None], g[None])[0]) < 0.5
    kept = torch.ones(300, dtype=torch.bool)
    kept[::3] = False
    # The median of √(χ² with 3) σ is 1.54 σ: 2.6°.
    assert float(angle[kept].median()) == pytest.approx(2.65, abs=0.4)
    assert float(angle[~kept].median()) > 90


def test_symmetric_views_are_the_same(generator: torch.Generator) -> None:
    group = symmetry("D2")
    first = random_rotations(60, generator).double()
    second = first @ group.matrices[torch.arange(60) % 4]
    assert float(frame_between(first, second, group)[1].max()) < 1e-3


def test_runs_in_other_frames_and_of_the_other_hand_are_compared(truth: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    g = exponential(torch.tensor([0.4, -0.8, 0.3], dtype=torch.float64))
    poses = random_rotations(50, generator).double()
    pair = compare_pair(("a", "b"), (truth, turn(truth, g)), (poses, poses @ g), ball(), VOXEL, C1, radius=6)
    assert pair.resolution < 25
    assert not pair.mirrored
    assert pair.turned == pytest.approx(float(torch.tensor([0.4, -0.8, 0.3]).norm()) * 57.296, abs=2)
    assert float(pair.angle.max()) < 1e-3
    other = compare_pair(("a", "b"), (truth, mirror(truth)), None, ball(), VOXEL, C1, radius=6)
    assert other.mirrored
    assert judge_reproducibility([pair, other], 30.0).verdict == "warn"
    assert judge_reproducibility([pair], 30.0).verdict == "pass"
    assert judge_reproducibility([pair], 1.0).verdict == "fail"
    mirrored = frame_between(poses, MIRRORED @ (MIRRORED @ poses @ g), C1)[1]
    assert float(mirrored.max()) < 1e-3


def test_a_run_repeated_to_the_bit_proves_nothing(truth: torch.Tensor) -> None:
    pair = compare_pair(("a", "b"), (truth, truth.clone()), None, ball(), VOXEL, C1, radius=8)
    assert pair.identical
    found = judge_reproducibility([pair], 10.0)
    assert found.verdict == "not done"
    assert "another --seed" in found.reason
    with pytest.raises(InputError, match="map of b must be of the shape of a's"):
        compare_pair(("a", "b"), (truth, truth[:16, :16, :16]), None, ball(), VOXEL, C1, radius=8)
    with pytest.raises(InputError, match="runs must be at least two"):
        judge_reproducibility([], 10.0)


def test_the_hand_is_told_by_a_model(truth: torch.Tensor) -> None:
    assert judge_hand(truth, truth, VOXEL, 35.0).verdict == "pass"
    wrong = judge_hand(mirror(truth), truth, VOXEL, 35.0)
    assert wrong.verdict == "fail"
    assert "vitreous convert --mirror" in wrong.reason
    round_thing = soft_disc((SIZE,) * 3, 8.0, 4.0)
    assert judge_hand(round_thing, round_thing, VOXEL, 35.0).verdict == "not done"


def sorting(evidence: float, agreement: float, shares: tuple[float, float] = (0.6, 0.4)) -> Sorting:
    return Sorting(shares, evidence, 0.01, agreement, 0.5, 20.0, 10.0, 400)


def test_kinds_need_evidence_and_agreement() -> None:
    assert judge_homogeneity(sorting(0.5, 0.9)).verdict == "fail"
    assert judge_homogeneity(sorting(0.5, 0.9, (0.95, 0.05))).verdict == "warn"
    assert judge_homogeneity(sorting(-0.2, 0.9)).verdict == "pass"
    assert judge_homogeneity(sorting(0.5, 0.54)).verdict == "pass"


def test_the_gate_stays_shut_until_sure() -> None:
    good, doubt, bad, missing = (Check("mask", v, "so") for v in ("pass", "warn", "fail", "not done"))
    assert gate([good, doubt, missing]).is_open
    shut = gate([good, bad])
    assert not shut.is_open
    assert shut.closed_by == ("mask",)
    assert not gate([missing], needed=["mask"]).is_open
    forced = gate([bad], override="test data only")
    assert forced.is_open
    assert forced.log == "opened by hand over mask: test data only"
    with pytest.raises(InputError, match="override must be a reason in words"):
        gate([bad], override="y")
    with pytest.raises(InputError, match="needed check must be one of the findings"):
        gate([good], needed=["hand"])
