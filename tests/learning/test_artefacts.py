"""The bench of faults: each leaves the mark that the lesson says it leaves, and no other."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.learning.artefacts import SUSPECTS, Faults, hidden_case, reconstruct_case, views_within


@pytest.fixture(scope="module")
def blobs() -> Volume:
    """Random Gaussian blobs within 40 Å of the middle, 24 voxels of 5 Å."""
    draw = np.random.default_rng(4)
    z, y, x = (np.indices((24, 24, 24)) - 12) * 5.0
    places = draw.normal(0, 16, (12, 3))
    values = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / (2 * 7.0**2)) for a, b, c in places)
    return Volume(torch.from_numpy(values.astype(np.float32)), 5.0)


def test_sound_images_give_the_specimen_back(blobs: Volume):
    case = reconstruct_case(Faults(particles=400), blobs)
    # Beyond shell 8 the blobs have next to nothing.
    assert case.truth[1:9].min() > 0.98
    assert case.fsc[1:9].min() > 0.95


def test_the_seed_decides_everything(blobs: Volume):
    first, again, other = (reconstruct_case(Faults(particles=20, snr=0.1, seed=seed), blobs).volume for seed in (1, 1, 2))
    # Parts are added up by threads in any order: equal but for rounding.
    assert torch.allclose(first, again, atol=1e-5)
    assert not torch.allclose(first, other, atol=1e-2)


def test_noise_adds_up_as_the_signal_to_noise_ratio(blobs: Volume):
    # S = FSC / (1 − FSC) of a half is N times the SNR of an image, whatever the factor: four times the particles, four times as much.
    few, many = (reconstruct_case(Faults(particles=n, snr=0.02), blobs).fsc[3:6] for n in (500, 2000))
    expected = 4 * few / (1 + 3 * few)
    # Shells of 110 to 310 numbers: errors of 0.02 to 0.05 in the first, as it is carried over.
    assert (many - expected).abs().max() < 0.1


def test_a_cone_of_views_leaves_the_halves_content_and_the_truth_missed(blobs: Volume):
    case = reconstruct_case(Faults(particles=400, cone_deg=20), blobs)
    assert case.fsc[5] > 0.95
    assert case.truth[5] < 0.9


def test_views_lie_within_their_cone_and_fill_it_evenly():
    towards = views_within(40.0, 4000, torch.Generator().manual_seed(1))[:, 2]
    assert towards[:, 2].min() > math.cos(math.radians(40)) - 1e-9
    # Even on the cap: the cosine is uniform; its mean's standard error is 0.07 / √4000 = 0.001.
    assert towards[:, 2].mean() == pytest.approx((1 + math.cos(math.radians(40))) / 2, abs=0.005)


def test_an_ignored_ctf_turns_the_sign_where_it_is_positive(blobs: Volume):
    case = reconstruct_case(Faults(particles=400, transfer="ignored"), blobs)
    right = reconstruct_case(Faults(particles=400, transfer="right"), blobs)
    assert case.truth[1:12].min() < -0.3
    assert case.fsc[1:12].min() > 0.3
    assert right.truth[1:9].min() > 0.98


def test_a_wrong_defocus_harms_far_out_only(blobs: Volume):
    case = reconstruct_case(Faults(particles=400, transfer="wrong defocus", defocus_error=3000.0), blobs)
    assert case.truth[3] > 0.98
    assert case.truth[11] < 0.6


def test_one_defocus_leaves_the_zeros_of_its_transfer_unmeasured(blobs: Volume):
    case = reconstruct_case(Faults(particles=400, transfer="one defocus", snr=0.5), blobs)
    spread = reconstruct_case(Faults(particles=400, transfer="right", snr=0.5), blobs)
    assert (spread.fsc - case.fsc)[1:11].max() > 0.1


def test_every_six_cases_hold_each_culprit_once():
    for first in (1, 7, 13):
        assert {hidden_case(number)[0] for number in range(first, first + 6)} == set(SUSPECTS)
    orders = {tuple(hidden_case(number)[0] for number in range(first, first + 6)) for first in (1, 7, 13, 19)}
    assert len(orders) > 1


def test_a_hidden_case_has_its_culprit_and_no_other():
    for number in range(1, 13):
        culprit, faults = hidden_case(number)
        guilty = {
            "angles": faults.angle_deg > 0, "views": faults.cone_deg < 90, "noise": faults.snr < 0.1, "few": faults.particles < 50,
            "transfer": faults.transfer != "right",
        }  # fmt: skip
        assert [name for name, is_so in guilty.items() if is_so] == ([] if culprit == "nothing" else [culprit])


WRONG = [("particles", 1), ("angle_deg", -1.0), ("cone_deg", 0.0), ("cone_deg", 91.0), ("snr", 0.0)]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_values_out_of_range_are_refused(name: str, value: float):
    with pytest.raises(InputError, match=name):
        replace(Faults(), **{name: value})


def test_cases_count_from_one():
    with pytest.raises(InputError, match="case"):
        hidden_case(0)
