from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.stages.movies.defects import checked_gain, find_defects, mend_gain, plan_patching

SHAPE = (200, 240)


def counts(seed: int, mean: float = 30.0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, SHAPE).astype(np.float32)


def ones() -> np.ndarray:
    return np.ones(SHAPE, dtype=np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_hot_and_dead_pixels_are_found_and_sound_ones_left(seed: int):
    total = counts(seed)
    total[10, 20], total[100, 100:103], total[0, 0], total[199, 239] = 300, 0, 500, 0
    bad = find_defects(total, ones())
    expected = np.zeros(SHAPE, bool)
    expected[10, 20] = expected[100, 100:103] = expected[0, 0] = expected[199, 239] = True
    np.testing.assert_array_equal(bad, expected)


def test_a_dead_column_is_found():
    total = counts(4)
    total[:, 77] = 0
    assert find_defects(total, ones())[:, 77].all()


def test_a_gold_bead_is_not_a_defect():
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    bead = (y - 100) ** 2 + (x - 90) ** 2 < 12**2
    total = np.random.default_rng(5).poisson(np.where(bead, 4.0, 40.0)).astype(np.float32)
    assert (np.abs(2 * np.sqrt(total + 0.375) - 12.6)[bead] > 6).mean() > 0.9, "taken alone nearly all of it would be outliers"
    assert find_defects(total, ones()).sum() <= 2


def test_few_counts_make_no_defects():
    assert not find_defects(counts(6, 0.5), ones()).any()


def test_pixels_without_gain_are_defects():
    gain = ones()
    gain[5, 6] = 0
    np.testing.assert_array_equal(np.argwhere(find_defects(counts(7), gain)), [[5, 6]])


def test_gain_values_that_are_no_factor_become_zero():
    gain = ones()
    gain[1, 2], gain[3, 4], gain[5, 6] = np.nan, -1.0, np.inf
    checked = checked_gain(gain, SHAPE)
    np.testing.assert_array_equal(np.argwhere(checked == 0), [[1, 2], [3, 4], [5, 6]])
    assert np.isnan(gain[1, 2]), "the argument is left alone"


def test_a_gain_of_another_size_is_refused_with_a_way_out():
    turned = r"gain must have the frames' size \(200, 240\).*got \(240, 200\). Try: turning the gain by 90°"
    with pytest.raises(InputError, match=turned):
        checked_gain(np.ones((240, 200)), SHAPE)
    with pytest.raises(InputError, match=r"got \(100, 120\). Try: the gain of this detector"):
        checked_gain(np.ones((100, 120)), SHAPE)
    with pytest.raises(InputError, match="gain must be positive somewhere"):
        checked_gain(np.zeros(SHAPE), SHAPE)


def test_too_many_defects_are_refused():
    gain = ones()
    gain[:60] = 0
    with pytest.raises(InputError, match=r"share of defective pixels must be at most 0.2; got 0.3"):
        find_defects(counts(8), gain)


def test_mended_pixels_count_like_sound_neighbours():
    bad = np.zeros(SHAPE, bool)
    bad[50:56, 60:66] = bad[120] = bad[0, 0] = True
    patching = plan_patching(bad)
    assert not bad[patching.donors_y, patching.donors_x].any()
    frames = np.random.default_rng(9).poisson(2.0, (200, *SHAPE)).astype(np.uint8)
    frames[:, bad] = 99
    for index, frame in enumerate(frames):
        patching(frame, index)
    mended = frames[:, bad].astype(float)
    # 277 pixels x 200 frames of variance 2 share donors: the mean is good to a per cent, the variance to a few.
    assert mended.mean() == pytest.approx(2.0, abs=0.03)
    assert mended.var() == pytest.approx(2.0, abs=0.1)
    again = frames[0].copy()
    patching(again, 0)
    np.testing.assert_array_equal(again, frames[0])


def test_the_gain_of_a_defect_is_its_donors_mean():
    bad = np.zeros(SHAPE, bool)
    bad[20, 30] = True
    patching = plan_patching(bad)
    gain = np.random.default_rng(10).uniform(0.9, 1.1, SHAPE).astype(np.float32)
    mended = mend_gain(gain, patching)
    assert mended[20, 30] == pytest.approx(gain[patching.donors_y[0], patching.donors_x[0]].mean())
    assert np.abs(patching.donors_y[0] - 20).max() <= 1, "the eight nearest neighbours"
    np.testing.assert_array_equal(np.delete(mended.ravel(), 20 * SHAPE[1] + 30), np.delete(gain.ravel(), 20 * SHAPE[1] + 30))
