"""Half-sets and the curves that compare them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.inference.half_maps import GOLD_STANDARD, compare, crossing, split_halves
from vitreous.numerics.filters import apply
from vitreous.numerics.shells import shell_index
from vitreous.reconstruct.fourier import ssnr_from_fsc


@pytest.mark.parametrize("count", [10, 11, 1000])
def test_splits_are_even_and_repeat(count: int):
    a = split_halves(count, 3)
    np.testing.assert_array_equal(a, split_halves(count, 3))
    assert set(a) == {1, 2}
    assert (a == 2).sum() == count // 2
    assert a.dtype == np.int8
    if count > 100:
        assert 0.4 < (a == split_halves(count, 4)).mean() < 0.6, "another seed, another split"
        assert abs(np.corrcoef(a, np.arange(count))[0, 1]) < 0.1, "neighbours go either way"


def test_a_given_split_is_kept_if_it_is_one():
    given = np.tile([1, 2], 10)
    np.testing.assert_array_equal(split_halves(20, 1, given), given)
    for broken in (np.zeros(20), np.ones(20), np.tile([0, 1, 2, 1], 5)):
        np.testing.assert_array_equal(split_halves(20, 1, broken), split_halves(20, 1))


def test_too_few_particles_are_refused():
    with pytest.raises(InputError, match="at least 10 particles to split into halves; got 9"):
        split_halves(9, 1)


def test_threshold_is_where_the_whole_map_correlates_to_one_half_with_the_truth():
    whole = float(ssnr_from_fsc(torch.tensor(GOLD_STANDARD), halves=2))
    assert (whole / (1 + whole)) ** 0.5 == pytest.approx(0.5)


@pytest.mark.parametrize("size", [32, 33])
def test_compare_finds_where_the_signal_ends(size: int, generator: torch.Generator):
    shells = shell_index((size,) * 3)
    signal = apply(10 * torch.randn(size, size, size, generator=generator), (shells <= 9).float(), 3)
    halves = [signal + torch.randn(signal.shape, generator=generator) for _ in range(2)]
    fsc, last = compare(*halves, torch.ones_like(signal))
    assert last == 9
    assert float(fsc[2:10].min()) > 0.95
    assert float(fsc[11:].abs().max()) < 0.15


def test_crossings_are_linear_between_shells():
    fsc = torch.tensor([1.0, 1.0, 0.9, 0.5, 0.1, 0.0])
    assert crossing(fsc, 0.3, 100.0) == pytest.approx(100 / 3.5)
    assert crossing(fsc, 0.5, 100.0) == pytest.approx(100 / 3)
    assert crossing(torch.ones(6), 0.5, 100.0) == pytest.approx(20), "Nyquist"
    assert crossing(torch.tensor([1.0, 0.0, 0.0]), 0.5, 100.0) == pytest.approx(200)
    assert crossing(torch.tensor([1.0, 0.9, 0.1, 0.9, 0.9]), 0.5, 100.0) == pytest.approx(100 / 1.5), "the first crossing counts"
