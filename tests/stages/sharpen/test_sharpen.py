from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from two_resolutions import ATOMS, BALL, phantom

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.numerics.filters import low_pass, radius, soft_disc
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_average
from vitreous.stages.sharpen import local_b, local_deblur, scaled_to_molecules, sharpened_locally
from vitreous.stages.sharpen.local_deblur import blurred, blurred_back, resolution_steps

SIZE, VOXEL, LIMIT = 80, 1.6, 3.6
MADE = phantom(SIZE, VOXEL, kind="gradual")
MASK = soft_disc((SIZE,) * 3, 30, 6)
FINE, COARSE = (MADE.core & (MADE.truth == d) for d in (4.0, 8.0))


def truth() -> torch.Tensor:
    """The phantom's atoms before any blur, to the limit: drawn again from the phantom's seed."""
    inside = radius((SIZE,) * 3) < BALL * SIZE
    atoms = torch.poisson(ATOMS * VOXEL**3 * inside.float(), generator=torch.Generator().manual_seed(0))
    return low_pass(atoms, LIMIT, VOXEL, axes=3)


def likeness(values: torch.Tensor, where: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([values[where], truth()[where]]))[0, 1])


def test_each_half_has_its_own_b_and_is_sharpened_by_it() -> None:
    found = local_b(MADE.first, MADE.second, MASK, LIMIT, expected="level")
    # exp(−B k² / 4) is the square root of 1 / 6R at 1 / d, R = 50: B = 2 d² ln 300.
    for where, d, off in ((FINE, 4.0, 15.0), (COARSE, 8.0, 130.0)):
        inside = where & found.mask
        planted = 2 * d**2 * math.log(300)
        assert float(found.values[inside].median()) == pytest.approx(planted, abs=off)
        # Few bands hold signal at 8 Å: B is drawn towards the mean, and its error says how far it may be.
        assert abs(float(found.values[inside].median()) - planted) < 2 * float(found.error[inside].median())
    assert bool(found.values[~found.mask].isnan().all())
    ready = sharpened_locally(MADE.first, MADE.second, found, LIMIT)
    for where in (FINE, COARSE):
        assert likeness(ready.values, where) > likeness(MADE.total.values, where) + 0.03


def test_one_b_for_all_is_worse_than_each_its_own() -> None:
    """Negative control: where every place has the same B, the local one finds no scatter."""
    same = phantom(SIZE, VOXEL, kind="gradual", coarse=4.0)
    found = local_b(same.first, same.second, MASK, LIMIT, expected="level")
    assert found.mean == pytest.approx(2 * 16 * math.log(300), abs=12)
    assert found.scatter < 15


def test_amplitudes_are_made_a_molecules() -> None:
    clear = phantom(SIZE, VOXEL, kind="gradual", coarse=4.0)
    ready = scaled_to_molecules(clear.first, clear.second, 4.5, expected="level")
    k = torch.arange(SIZE // 2 + 1) / (SIZE * VOXEL)
    before, after = (0.5 * shell_average(rfftn(each.values * MASK).abs() ** 2, each.shape).log() for each in (clear.total, ready))
    rows = (k > 1 / 20) & (k < 1 / 6.5)
    # The target is level; the unsharpened map falls by B = 182 Å², 1.0 over this range.
    assert float(after[rows].max() - after[rows].min()) < 0.3
    assert float(before[rows].max() - before[rows].min()) > 0.8
    assert likeness(ready.values, FINE) > likeness(clear.total.values, FINE)


def test_a_place_ends_at_the_local_resolution_it_is_given() -> None:
    resolution = MADE.truth.nan_to_num(nan=8.0)
    kept, ended = (scaled_to_molecules(MADE.first, MADE.second, LIMIT, local_resolution=each, expected="level").values
                   for each in (None, torch.full_like(resolution, 8.0)))  # fmt: skip
    fine = [float((each - low_pass(each, 6.0, VOXEL, axes=3))[FINE].std()) for each in (kept, ended)]
    assert fine[1] < 0.1 * fine[0]


def test_deblurring_nears_the_truth_and_stays_there() -> None:
    resolution = torch.where(MADE.truth.isnan(), 6.0, MADE.truth).masked_fill(~MADE.mask, torch.nan)
    reached = [likeness(local_deblur(MADE.total, resolution, iterations=n).values, MADE.mask) for n in (1, 2, 4, 8)]
    before = likeness(MADE.total.values, MADE.mask)
    assert all(after > before - 0.005 for after in reached)
    assert all(after > one - 0.002 for one, after in pairwise(reached))
    assert reached[-1] > before + 0.04
    assert reached[-1] - reached[-2] < 0.01


def test_the_blur_and_its_transpose_are_a_pair() -> None:
    chance = torch.Generator().manual_seed(2)
    one, other = (torch.randn(16, 16, 16, generator=chance, dtype=torch.float64) for _ in range(2))
    steps, place = resolution_steps(3 + 4 * torch.rand(16, 16, 16, generator=chance, dtype=torch.float64))
    squared = (torch.rand(16, 16, 9, generator=chance, dtype=torch.float64)) * 0.0 + 0.02
    there = (blurred(one, steps, place, squared) * other).sum()
    back = (one * blurred_back(other, steps, place, squared)).sum()
    assert float(there) == pytest.approx(float(back), rel=1e-9)
    assert steps[0] == pytest.approx(3, abs=0.1)
    assert steps[-1] == pytest.approx(7, abs=0.1)
    assert len(steps) == 6


def test_bad_input_is_named() -> None:
    total = MADE.total
    wrong = {
        "of the map's shape": lambda: local_deblur(total, torch.ones(8, 8, 8)),
        "no finite value": lambda: local_deblur(total, torch.full(total.shape, torch.nan)),
        "positive everywhere": lambda: local_deblur(total, torch.full(total.shape, -3.0)),
        "1 or more": lambda: local_deblur(total, torch.full(total.shape, 4.0), iterations=0),
        "nothing above 0.5": lambda: local_b(MADE.first, MADE.second, torch.zeros(total.shape), LIMIT),
        "a sixth of the box": lambda: scaled_to_molecules(MADE.first, MADE.second, 60.0),
        "a cube": lambda: scaled_to_molecules(*(Volume(each.values[:40], VOXEL) for each in (MADE.first, MADE.second)), 5.0),
    }
    for words, call in wrong.items():
        with pytest.raises(InputError, match=words):
            call()
    noise = [Volume(torch.randn(48, 48, 48, generator=torch.Generator().manual_seed(seed)), 2.0) for seed in (1, 2)]
    with pytest.raises(InputError, match="too little signal"):
        local_b(*noise, torch.ones(48, 48, 48), 6.0)
