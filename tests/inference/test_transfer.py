"""Aberrations and distortion are undone as images are loaded; truth is a simulation without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.inference.transfer import coefficients, transfer_functions
from vitreous.numerics.disc import disc
from vitreous.simulate.dataset import DatasetSettings, draw_dataset
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.snr import PixelSnr

BLOB = symmetric_phantom(np.eye(3)[None], np.random.default_rng(0), count=300, radius=35.0, sigma=1.0)
PLAIN = Optics(pixel_size=1.5)
#: Low defocus: what the CTF spreads stays in the box, so that the transform between grid points means something.
SETTINGS = DatasetSettings(particles=12, size=96, optics=PLAIN, snr=PixelSnr(1.0), b_factor=20.0, defocus=(3000.0, 6000.0),
                           shift=2.0, contrast="dark")  # fmt: skip


def loaded(optics: Optics, given: Optics | None = None) -> torch.Tensor:
    """Coefficients up to 4.8 Å of noiseless images taken with ``optics``, loaded as if with ``given``."""
    drawn = draw_dataset(BLOB, replace(SETTINGS, optics=optics))
    return coefficients(drawn.signal(0, 12), drawn.particles.with_(optics=(given or optics,)), np.arange(12), disc(96, 30))


@pytest.mark.parametrize("changes", [
    {"beam_tilt": (1.0, -0.7)}, {"odd_zernike": (0.0, 0.0, 30.0, 0.0, 0.0, -50.0)}, {"magnification": ((1.01, 0.006), (0.002, 0.985))},
    {"beam_tilt": (1.0, -0.7), "magnification": ((0.99, 0.0), (0.01, 1.02))},
], ids=str)  # fmt: skip
def test_what_the_microscope_did_is_undone(changes: dict):
    """To 1e-3 for phases (the simulator sets its grey scale by the images' variance), to 2 % for a distortion: its atoms stay round."""
    straight = loaded(PLAIN)
    aberred = replace(PLAIN, **changes)
    error = float((loaded(aberred) - straight).norm() / straight.norm())
    before = float((loaded(aberred, PLAIN) - straight).norm() / straight.norm())
    assert before > 0.08
    assert error < (0.02 if "magnification" in changes else 1e-3)


def test_points_that_a_distorted_image_never_saw_count_for_nothing():
    """Where frequencies of the image were stretched, the last ones of a full disc lie beyond its Nyquist frequency."""
    optics = replace(PLAIN, magnification=((0.9, 0.0), (0.0, 1.0)))
    drawn = draw_dataset(BLOB, replace(SETTINGS, optics=optics))
    whole = disc(96)
    unseen = whole.kx / 0.9 >= 48
    values = coefficients(drawn.signal(0, 3), drawn.particles, np.arange(3), whole)
    transfer = transfer_functions(drawn.particles, np.arange(3), whole, 1.5)
    assert unseen.any()
    assert not values[:, unseen].any()
    assert not transfer[:, unseen].any()
    assert transfer[:, ~unseen].abs().mean() > 0.3
