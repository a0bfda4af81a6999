"""The hand of a map from its helices alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from model_maps import SIZE, VOXEL, noisy, protein

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.physics.model_map import model_map
from vitreous.stages.model import judge_hand_of_helices
from vitreous.stages.model.helices import helix_template


def mask(volume: Volume) -> torch.Tensor:
    """All but the rim."""
    inside = torch.zeros(volume.shape)
    inside[6:-6, 6:-6, 6:-6] = 1
    return inside


def test_the_template_climbs_as_a_right_hand_turns():
    """From one Cα to the next: a turn of +100° from x towards y, and 1.5 Å up."""
    alphas = helix_template()[0].reshape(9, 5, 3)[:, 1]
    assert (alphas[1] - alphas[0])[2] == pytest.approx(1.5)
    assert (alphas[0, 0] * alphas[1, 1] - alphas[0, 1] * alphas[1, 0]) > 0


def test_three_helices_of_alanine_and_their_mirror_image():
    """Measured +0.38 and −0.42 of the score, 14 and 16 standard errors."""
    whole = protein()
    clean = model_map(whole.take(~np.isin(whole.names, ["CG", "CD"])), SIZE, VOXEL, resolution=3.0)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    volume = replace(clean, values=clean.values + 0.3 * clean.values.std() * noise)
    own = judge_hand_of_helices(volume, mask(volume), 3.0)
    other = judge_hand_of_helices(replace(volume, values=volume.values.flip(0)), mask(volume), 3.0)
    assert (own.verdict, other.verdict) == ("pass", "fail"), (own.reason, other.reason)
    assert "vitreous convert --mirror" in other.reason
    assert own.figures["difference_over_score"] == pytest.approx(-other.figures["difference_over_score"], abs=0.1)


def test_nothing_is_said_of_noise_or_of_a_coarse_map():
    noise = Volume(torch.randn(48, 48, 48, generator=torch.Generator().manual_seed(5)), 1.25)
    assert judge_hand_of_helices(noise, mask(noise), 3.0).verdict == "not done"
    coarse = judge_hand_of_helices(noise, mask(noise), 8.0)
    assert coarse.verdict == "not done"
    assert "only to 5.5 Å" in coarse.reason


@pytest.mark.parametrize(("change", "words"), [
    (lambda v: (v, torch.zeros(v.shape)), "empty"),
    (lambda v: (v, torch.ones(3, 3, 3)), "of the map's shape"),
    (lambda v: (replace(v, values=torch.full(v.shape, float("nan"))), mask(v)), "finite"),
    (lambda v: (replace(v, values=torch.ones(v.shape)), mask(v)), "one value"),
])  # fmt: skip
def test_input_that_cannot_be_judged_is_refused(change, words: str):
    with pytest.raises(InputError, match=words):
        judge_hand_of_helices(*change(noisy(3.0)), 3.0)
