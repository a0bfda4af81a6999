"""REF-05: planted aberrations come back; none planted, none found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.numerics.filters import soft_disc
from vitreous.simulate.snr import PixelSnr
from vitreous.stages.optics.aberration import estimate_aberrations

#: What is asked of it: 1 mrad to ±0.05. At this signal its own uncertainty is 0.02.
TILT = (0.8, -0.6)


def told(found):
    return {each.family.name: each for each in found.estimates}


def test_one_mrad_of_tilt_is_found(simulated, posed, plain):
    """From maps that were made without knowing of it; and nothing but the tilt is put into the optics."""
    table = simulated(optics=Optics(pixel_size=1.5, beam_tilt=TILT))
    found = estimate_aberrations(posed(plain(table)), even=True)[0]
    tilt = told(found)["beam tilt"]
    assert tilt.value == pytest.approx(TILT, abs=0.05)
    assert np.abs(np.array(tilt.value) - TILT).max() < 3 * max(tilt.sigma)
    assert [each.family.name for each in found.estimates if each.kept] == ["beam tilt"]
    assert found.optics.beam_tilt == tilt.value


@pytest.mark.long
def test_trefoil_tetrafoil_and_cs_together(simulated, posed, plain):
    """Within three standard deviations each, while they are all there; the optics that result leave nothing to find."""
    even = (0, 0, 0, 0, 60.0, 0, 0, 0, -40.0)
    planted = Optics(pixel_size=1.5, spherical_aberration=3.1, odd_zernike=(0, 0, 20.0, 0, 0, -30.0), even_zernike=even)
    table = simulated(optics=planted, particles=700)
    start = plain(table)
    start = start.with_(optics=(replace(start.optics[0], spherical_aberration=2.7),))
    first = estimate_aberrations(posed(start), even=True)[0]
    known = {"trefoil": (-30.0, 20.0), "tetrafoil": (40.0, -60.0), "spherical aberration": (0.4,)}
    for name, values in known.items():
        each = told(first)[name]
        unit = 1.0 if name == "spherical aberration" else each.family.factor(planted)
        error = np.abs(np.array(each.value) - np.array(values) / unit)
        assert each.kept, name
        assert (error < 3 * np.array(each.sigma)).all(), name
    assert not told(first)["beam tilt"].kept
    again = estimate_aberrations(posed(start.with_(optics=(first.optics,))), even=True)[0]
    assert not [each.family.name for each in again.estimates if each.kept and each.family.name in known]


def test_nothing_planted_nothing_found(simulated, posed):
    table = simulated(seed=3)
    found = estimate_aberrations(posed(table), even=True)[0]
    assert not any(each.kept for each in found.estimates)
    assert found.optics == table.optics[0]
    assert found.shift == (0.0, 0.0)


def test_an_image_with_tilt_corrects_to_the_map(simulated, halves_of):
    """End to end: images with a tilt, loaded with it, make the map that images without one make, and not otherwise."""
    kept = {"seed": 5, "particles": 300, "snr": PixelSnr(30.0), "defocus": (4000.0, 8000.0)}
    tilted = simulated(optics=Optics(pixel_size=1.5, beam_tilt=(1.5, 0.5)), **kept)
    right = halves_of(tilted)[0]
    wrong = halves_of(tilted.with_(optics=(replace(tilted.optics[0], beam_tilt=(-1.5, -0.5)),)))[0]
    straight = halves_of(simulated(**kept))[0]

    ball = soft_disc((64,) * 3, 24.0, 4.0)

    def agreement(a, b):
        return float((a * b * ball).sum() / ((a * ball).norm() * (b * ball).norm()))

    assert agreement(right, straight) > 0.98
    assert agreement(wrong, straight) < 0.9
