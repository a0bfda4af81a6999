"""A small built protein in its map: right, and wrong in each way there is a word for."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from model_maps import SIZE, VOXEL, clean, mirrored, noisy, protein

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import read_volume
from vitreous.io.pdb import read_model
from vitreous.stages.model import ModelComparison, compare, figures, judge_model


@pytest.fixture(scope="module")
def perfect() -> ModelComparison:
    return compare(clean(), protein(), resolution=3.0)


def moved(model: AtomicModel, *by: float) -> AtomicModel:
    return replace(model, positions=model.positions + np.array(by))


def test_the_map_of_the_model_itself(perfect: ModelComparison):
    """The map is the model's transform ended at 3 Å: d_model must be 3.0 ± 0.1, B that planted, every correlation 1."""
    near = perfect.correlations
    assert min(near.box, near.mask, near.vr_mask, near.volume, near.peaks) > 0.999
    assert perfect.d_model.resolution == pytest.approx(3.0, abs=0.1)
    assert perfect.d_model.b_factor == pytest.approx(40.0, abs=2.0)  # all B are alike and so left out: the overall one is the planted one
    assert "all are 40" in perfect.b_factors_odd
    assert perfect.fsc.resolution(0.5, perfect.fsc.unmasked) == pytest.approx(3.0, abs=0.1)
    assert perfect.fsc.resolution(0.5) == pytest.approx(3.0, abs=0.16)  # a mask carries a sharp end one shell of 60 Å on
    assert perfect.d_99 >= 3.0
    assert float(perfect.inclusion.mean()) > 0.98
    assert not perfect.misplaced
    assert judge_model(perfect).verdict == "pass"
    assert all(isinstance(value, (int, float, str, list, dict, type(None))) for value in figures(perfect).values())


def test_order_of_the_correlations_of_a_map_with_more_in_it_than_the_model():
    """Half the model left out: about its atoms all is well, over the peaks and the box density is left over (Afonine 2018, table 1)."""
    whole = protein()
    part = compare(noisy(), whole.take(whole.chains != "C"), resolution=3.0).correlations
    assert part.mask > 0.85 > part.peaks
    assert part.mask > part.box
    assert part.volume > part.peaks


BROKEN = {
    "wrong hand": (lambda: (noisy(), mirrored(protein())), "fail", "wrong hand"),
    "moved": (lambda: (noisy(), moved(protein(), 2.0, -1.5, 1.0)), "warn", "fits better 2.7 Å from"),
    "pixel size": (lambda: (replace(noisy(), voxel_size=1.015 * VOXEL), moved(protein(), *[0.0075 * SIZE * VOXEL] * 3)), "warn",
                   r"enlarged by \+1\.[456]"),
    "another molecule": (lambda: (noisy(), replace(protein(), positions=protein().positions[:, [1, 0, 2]])), "warn|fail", "below 0.5"),
    "resolution claimed": (lambda: (noisy(6.0, ratio=0.1), protein()), "warn", "while 3.0 Å is claimed"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_thing_that_is_wrong_is_said(name: str):
    make, verdict, words = BROKEN[name]
    check = judge_model(compare(*make(), resolution=3.0))
    assert check.verdict in verdict.split("|")
    assert re.search(words, check.reason), check.reason
    assert "Try:" in check.reason
    if name in ("wrong hand", "moved", "pixel size"):
        assert check.reason.count("Try:") == 1, check.reason


@pytest.mark.parametrize(("resolution", "ratio"), [(3.0, 1.0), (4.5, 1.0), (6.5, 0.5)])
def test_a_sound_model_is_not_blamed(resolution: float, ratio: float):
    check = judge_model(compare(noisy(resolution, ratio=ratio, seed=7), protein(), resolution=resolution))
    assert check.verdict == "pass", check.reason


BAD = {
    "outside the map": (lambda: (clean(), moved(protein(), 500.0, 0.0, 0.0)), "100 % of its atoms outside"),
    "not a number": (lambda: (clean(), moved(protein(), float("nan"), 0.0, 0.0)), "coordinates of a model"),
    "hydrogens only": (lambda: (clean(), replace(protein(), elements=np.full(len(protein()), "H"))), "hydrogens"),
    "unknown element": (lambda: (clean(), replace(protein(), elements=np.full(len(protein()), "Qq"))), "chemical symbol"),
    "constant map": (lambda: (replace(clean(), values=torch.ones(SIZE, SIZE, SIZE)), protein()), "one value everywhere"),
    "map of NaN": (lambda: (replace(clean(), values=torch.full((SIZE,) * 3, float("nan"))), protein()), "finite everywhere"),
    "pixel size ten times too small": (lambda: (replace(clean(), voxel_size=0.125), protein()), "outside"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_compared_is_refused(name: str):
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        compare(*make())


def test_a_resolution_beyond_the_sampling_is_refused():
    with pytest.raises(InputError, match="at least two voxels"):
        compare(clean(), protein(), resolution=1.0)


def test_nonsense_b_factors_are_left_out_and_said():
    found = compare(clean(), replace(protein(), b_factors=np.linspace(-20, 9999, len(protein()))), resolution=3.0)
    assert "must lie between 0 and 800" in found.b_factors_odd
    assert found.correlations.mask > 0.999


def test_a_map_that_is_no_cube():
    volume = clean()
    cut = Volume(volume.values[4:44, 6:, :46].contiguous(), VOXEL, (0.0, 6 * VOXEL, 4 * VOXEL))
    assert compare(cut, protein(), resolution=3.0).correlations.mask > 0.98


def test_recorded_apoferritin(real_data):
    """EMD-20026 at 1.8 Å: well refined maps have a mean Q of about 0.80 there; CC_mask of deposited models lies above 0.7."""
    volume = read_volume(real_data / "maps" / "apoferritin_EMD-20026_subunit.mrc.gz")
    found = compare(volume, read_model(real_data / "models" / "3ajo_fitted_in_EMD-20026.pdb"), resolution=1.8)
    assert 0.75 < found.q.mean < 0.95
    assert found.correlations.mask > 0.7
    assert found.side_chains.score > 3
    assert abs(found.magnification.factor - 1) < 0.002
    assert judge_model(found).verdict == "pass"
