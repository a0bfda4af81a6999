"""Particles of several kinds: each is its kind's image, and a part taken off is as heavy as asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lobed_particles import make_known, particle

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.stacks import open_stack
from vitreous.simulate.dataset import DatasetSettings
from vitreous.simulate.mixture import draw_mixture, without_lobe
from vitreous.simulate.snr import PixelSnr
from vitreous.simulate.specimens import specimen

SETTINGS = DatasetSettings(particles=150, size=32, optics=Optics(pixel_size=5.0), snr=PixelSnr(0.5), micrographs=3)


def test_each_image_is_of_its_kind_with_its_own_noise():
    mixture = draw_mixture([particle(0), particle(None)], [0.6, 0.4], SETTINGS)
    assert np.bincount(mixture.label).tolist() == [90, 60]
    images = torch.cat(list(mixture.images()))
    kinds = [torch.cat(list(kind.images())) for kind in mixture.kinds]
    for i in (0, 57, 149):
        assert torch.equal(images[i], kinds[mixture.label[i]][i])
    # The noise is the same whatever the kind: two kinds' images differ by signal alone.
    torch.testing.assert_close(kinds[0] - kinds[1], mixture.kinds[0].signal(0, 150) - mixture.kinds[1].signal(0, 150), atol=1e-4, rtol=0)


def test_files_hold_what_was_drawn(tmp_path):
    known = make_known(tmp_path, [particle(0), particle(None)], [0.5, 0.5], 40, 0.5)
    assert open_stack(tmp_path / "particles.mrcs").count == 40
    assert len(known.maps) == 2
    assert (tmp_path / "class2.mrc").exists()


def test_a_part_is_taken_off_the_surface():
    whole = specimen("ribosome head")
    less = without_lobe(whole, 39.0)
    assert whole.weights.clip(0).sum() * (1 - 39 / whole.mass) == pytest.approx(less.weights.clip(0).sum(), rel=1e-3)
    gone = ~np.isin(whole.positions[:, 0], less.positions[:, 0])
    spread = np.linalg.norm(whole.positions[gone] - whole.positions[gone].mean(0), axis=1)
    # 39 kDa of protein is a ball of 22 Å radius; at the surface half of the ball about the outermost atom is empty.
    assert spread.max() < 60
    assert whole.positions[gone][:, 0].mean() > less.positions[:, 0].mean() + 30


@pytest.mark.parametrize("shares", [[0.5], [0.5, 0.6]])
def test_shares_must_add_up(shares):
    with pytest.raises(InputError, match="shares must be 2 numbers"):
        draw_mixture([particle(0), particle(None)], shares, SETTINGS)


def test_a_part_must_be_smaller_than_half():
    with pytest.raises(InputError, match="mass of the part"):
        without_lobe(specimen("ribosome head"), 200.0)
