from __future__ import annotations

import pytest
import torch
from known_maps import noisy, ribosome

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import apply, low_pass, soft_disc
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.shells import shell_correlation
from vitreous.stages.postprocess import sharpen
from vitreous.stages.postprocess.resolution import first_crossing
from vitreous.stages.sharpen import judge_amplitudes

SIZE, VOXEL = 60, 2.6
MASK = soft_disc((SIZE,) * 3, 24, 5)
Halves = tuple[Volume, Volume]


def good(b: float, ratio: float, seed: int = 0) -> tuple[Halves, torch.Tensor, float]:
    halves = noisy(ribosome(SIZE, VOXEL, b), ratio, torch.Generator().manual_seed(seed))
    curve = shell_correlation(*(rfftn(each.values * MASK) for each in halves), halves[0].shape)
    return halves, curve, SIZE * VOXEL / (first_crossing(curve, GOLD_STANDARD) or SIZE / 2)


def mean(halves: Halves) -> Volume:
    return Volume(0.5 * (halves[0].values + halves[1].values), VOXEL)


def raised(volume: Volume, b: float) -> Volume:
    return Volume(apply(volume.values, torch.exp(b / 4 * frequency_squared(volume.shape, VOXEL)), axes=3), VOXEL)


@pytest.mark.parametrize("b", [20.0, 100.0, 300.0])
@pytest.mark.parametrize("ratio", [0.05, 0.5])
def test_good_maps_pass(b: float, ratio: float) -> None:
    halves, curve, reached = good(b, ratio)
    check = judge_amplitudes(*halves, MASK, reached, sharpened=sharpen(mean(halves), curve, reached, b))
    assert check.verdict == "pass", check.reason
    assert check.figures["b_factor_angstrom2"] == pytest.approx(b, abs=1.96 * check.figures["b_factor_error_angstrom2"])


def test_each_fault_is_told_by_its_own_words() -> None:
    halves, _, reached = good(100.0, 0.5)
    sharper, softer, coarse = (tuple(change(each) for each in halves) for change in (
        lambda half: raised(half, 150), lambda half: raised(half, -300),
        lambda half: Volume(low_pass(half.values, 8.0, VOXEL, axes=3), VOXEL)))  # fmt: skip
    faults = {
        "sharpened already": lambda: judge_amplitudes(*sharper, MASK, reached),
        "filtered or blurred": lambda: judge_amplitudes(*softer, MASK, reached),
        "were low-passed": lambda: judge_amplitudes(*coarse, MASK, 7.7),
        "times a molecule's": lambda: judge_amplitudes(*halves, MASK, reached, sharpened=raised(mean(halves), 450)),
    }
    for words, judged in faults.items():
        check = judged()
        assert check.verdict == "warn", words
        assert words in check.reason
        assert "Try:" in check.reason
    poor, _, reached = good(300.0, 1.0)
    fail = judge_amplitudes(*poor, MASK, reached, sharpened=raised(mean(poor), 700))
    assert fail.verdict == "fail"
    assert "is noise" in fail.reason


def test_nothing_to_judge_and_bad_input() -> None:
    halves, _, reached = good(100.0, 0.5)
    assert judge_amplitudes(*halves, MASK, None).verdict == "not done"
    assert judge_amplitudes(*halves, MASK, reached).verdict == "pass"
    with pytest.raises(InputError, match="mask"):
        judge_amplitudes(*halves, MASK[1:], reached)
    with pytest.raises(InputError, match="sharpened map"):
        judge_amplitudes(*halves, MASK, reached, sharpened=Volume(MASK[1:], VOXEL))
