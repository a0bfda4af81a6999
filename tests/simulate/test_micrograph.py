"""Still micrographs, sound and with faults, against the sentences of their model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.simulate.faults import Faults
from vitreous.simulate.micrograph import expected_micrograph, static_micrograph
from vitreous.simulate.movie import expected_frames
from vitreous.simulate.phantoms import chiral_phantom
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.settings import SessionSettings

PIXEL = 1.5
SETTINGS = SessionSettings(
    shape=(320, 384), optics=Optics(pixel_size=PIXEL), frames=10, dose_per_frame=4.0, particles=4, contaminants=0,
    ice_thickness=300.0, drift=50.0, local_motion=10.0, height=0.0, defocus=(12000.0, 12000.0), astigmatism=0.0, b_factor=50.0,
    seed=5, phase_shift_deg=0.0,
)  # fmt: skip
HELIX = replace(chiral_phantom(radius=20, pitch=30, sigma=3), weights=chiral_phantom(radius=20, pitch=30, sigma=3).weights * 200)
EMPTY = replace(SETTINGS, particles=0)


#: For crystals: at this defocus the CTF at 1 / 3.67 Å is nearly 1.
CRYSTALLINE = replace(EMPTY, optics=Optics(pixel_size=1.2), ice_thickness=0.0, b_factor=0.0, defocus=(12342.0, 12342.0))


def expected(settings: SessionSettings, **faults: object) -> np.ndarray:
    return expected_micrograph(settings, HELIX, draw_scene(settings, HELIX, 0), Faults(**faults)).double().numpy()


def power(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """|transform|² of the relative image, with kx and ky (Å⁻¹) of the whole plane."""
    relative = image / image.mean() - 1
    ky, kx = np.fft.fftfreq(image.shape[0], PIXEL)[:, None], np.fft.fftfreq(image.shape[1], PIXEL)[None]
    return np.abs(np.fft.fft2(relative)) ** 2, kx, ky


def test_counts_are_poisson_around_the_dose_that_passes_the_ice():
    scene = draw_scene(SETTINGS, HELIX, 0)
    image = static_micrograph(SETTINGS, HELIX, scene)
    assert (image == static_micrograph(SETTINGS, HELIX, scene)).all()
    assert float(image.mean()) == pytest.approx(40 * PIXEL**2 * math.exp(-300 / 3950), rel=0.01)
    bare = replace(EMPTY, ice_thickness=0.0)
    empty = static_micrograph(bare, HELIX, draw_scene(bare, HELIX, 0))
    # the variance of Poisson counts of mean 90 over n pixels is known to √(2 / n)
    assert float(empty.var()) / 90.0 == pytest.approx(1.0, abs=4 * math.sqrt(2 / empty.numel()))


def test_it_is_the_sum_of_a_movie_that_does_not_move():
    """Particles fade as their frames do; 40 frames stand for the exposure without steps."""
    bare = replace(SETTINGS, ice_thickness=0.0, drift=0.0, local_motion=0.0, frames=40, dose_per_frame=1.0)
    total = sum(frame.astype(float) for frame in expected_frames(bare, HELIX, draw_scene(bare, HELIX, 0)))
    still = expected(bare)
    # what differs: the interpolation of frames near Nyquist, and the parts of a point spread that each canvas wraps
    assert np.abs(still - total).max() < 0.03 * np.abs(still - still.mean()).max()


def test_ice_is_as_strong_as_in_the_sum_of_a_movie():
    """Power of ice in 20 frames of wandering molecules, band by band; a band of n coefficients is known to 1 / √n."""
    frames = replace(EMPTY, drift=0.0, local_motion=0.0, frames=20, dose_per_frame=2.0)
    movie, kx, ky = power(sum(frame.astype(float) for frame in expected_frames(frames, HELIX, draw_scene(frames, HELIX, 0))))
    still = np.mean([power(expected(replace(frames, seed=s)))[0] for s in range(4)], axis=0)
    k = np.hypot(kx, ky)
    for low, high in ((0.05, 0.1), (0.1, 0.15), (0.15, 0.2)):
        band = (k > low) & (k < high)
        assert movie[band].sum() / still[band].sum() == pytest.approx(1, abs=6 / math.sqrt(band.sum() / 2) + 0.03)


def test_carbon_covers_its_share_darkens_and_is_grainy():
    settings = replace(EMPTY, shape=(512, 512))
    image = expected(settings, carbon=0.4, carbon_thickness=200.0)
    flat = image.reshape(16, 32, 16, 32)
    level, grain = flat.mean((1, 3)), flat.std((1, 3))
    clear = 40 * PIXEL**2 * math.exp(-300 / 3950)
    dark = level < 0.9 * clear
    assert dark.mean() == pytest.approx(0.4, abs=0.12)  # of the detector; the share is of a canvas a fifth larger
    assert np.median(level[~dark]) == pytest.approx(clear, rel=0.01)
    assert np.median(grain[dark] / level[dark]) > 1.2 * np.median(grain[~dark] / level[~dark])


def test_a_crystal_shows_four_spots_at_3_67_angstrom():
    image = expected(CRYSTALLINE, crystals=1, crystal_radius=1e5, crystal_thickness=20.0)
    found, kx, ky = power(image)
    kx, ky = kx * PIXEL / 1.2, ky * PIXEL / 1.2
    window = np.hanning(image.shape[0])[:, None] * np.hanning(image.shape[1])
    found = np.abs(np.fft.fft2((image / image.mean() - 1) * window)) ** 2 * (kx > 0)
    places = []
    for _ in range(2):
        row, column = np.unravel_index(found.argmax(), found.shape)
        x, y = kx[0, column], ky[row, 0]
        assert math.hypot(x, y) == pytest.approx(1 / 3.67, abs=0.004)  # a pixel of the transform is 0.0026
        places.append(math.degrees(math.atan2(y, x)))
        found = found * (np.hypot(kx - x, ky - y) > 0.02)
    apart = abs(places[0] - places[1]) % 180
    assert min(apart, 180 - apart) == pytest.approx(70.5, abs=1.5)


def test_a_crystals_wave_is_as_high_as_kinematic_scattering_makes_it():
    """2 |S| λγ n f t = 2 · 0.7071 · 0.03119 Å · 0.03109 Å⁻³ · f · 20 Å, f = 2 f_H + f_O at 1 / 3.67 Å, from Peng's tables."""
    hydrogen = sum(a * math.exp(-b * (0.5 / 3.67) ** 2) for a, b in zip((0.0349, 0.1201, 0.1970, 0.0573, 0.1195),
                                                                       (0.5347, 3.5867, 12.3471, 18.9525, 38.6269)))  # fmt: skip
    oxygen = sum(a * math.exp(-b * (0.5 / 3.67) ** 2) for a, b in zip((0.0974, 0.2921, 0.6910, 0.6990, 0.2039),
                                                                     (0.2067, 1.3815, 4.6943, 12.7105, 32.4726)))  # fmt: skip
    height = 2 * math.sqrt(0.5) * 0.03119 * 0.03109 * (2 * hydrogen + oxygen) * 20
    image = expected(CRYSTALLINE, crystals=1, crystal_radius=1e5, crystal_thickness=20.0)
    # two waves of contrast 2 c · height, through a pixel's aperture; their variance is half the squares' sum
    chi = math.pi * 0.0196875 * 12342 / 3.67**2 - 0.5 * math.pi * 2.7e7 * 0.0196875**3 / 3.67**4 + math.asin(0.1)
    largest = 2 * height * abs(math.sin(chi))
    assert 0.55 * largest < np.std(image / image.mean()) < 1.01 * largest  # the aperture takes 0.69 to 0.83 with the direction


def test_powder_makes_a_ring_and_only_there():
    settings = replace(EMPTY, b_factor=0.0)
    glass, kx, ky = power(expected(settings))
    crystals, _, _ = power(expected(settings, powder=0.3))
    k = np.hypot(kx, ky)
    on, off = (np.abs(k - 1 / 3.67) < 0.003), (k > 0.05) & (k < 0.25)
    assert crystals[on].mean() > 2 * glass[on].mean()
    assert crystals[off].mean() == pytest.approx(glass[off].mean(), rel=0.04)  # the ring leaks where the picture is cut


def test_no_beam_is_no_counts_and_a_shadow_is_dark_on_its_side():
    assert expected(EMPTY, beam=0.0).max() == 0
    image = expected(replace(EMPTY, shape=(512, 512)), shadow=0.25)
    lit = 40 * PIXEL**2 * math.exp(-300 / 3950)
    assert (image < 0.5 * lit).mean() == pytest.approx(0.25, abs=0.12)
    assert np.quantile(image, 0.02) < 0.02 * lit


@pytest.mark.parametrize("way", [(12.0, 0.0), (-5.0, 14.0)])
def test_blur_is_a_sinc_along_the_way(way):
    bare = replace(SETTINGS, ice_thickness=0.0)
    sharp, blurred = expected(bare), expected(bare, blur=way)
    _, kx, ky = power(sharp)
    before, after = np.fft.fft2(sharp - sharp.mean()), np.fft.fft2(blurred - blurred.mean())
    strong = np.abs(before) > 0.05 * np.abs(before).max()
    # the borders differ by what moved across them
    assert np.abs(after / before - np.sinc(kx * way[0] + ky * way[1]))[strong].max() < 0.03


def test_a_second_exposure_shows_everything_twice():
    bare = replace(SETTINGS, ice_thickness=0.0)
    once, twice = expected(bare), expected(bare, twin=(30.0, -45.0))
    want = 0.5 * (once + np.roll(once, (-30, 20), axis=(0, 1)))
    assert np.abs(twice - want)[40:-40, 40:-40].max() < 1e-3 * np.ptp(once)


def test_phase_plate_turns_the_phase():
    """At 90° the contrast at low frequency is −cos of what it was −sin of."""
    bare = replace(SETTINGS, ice_thickness=0.0)
    plain, plate = (np.fft.fft2(expected(replace(bare, phase_shift_deg=p))) for p in (0.0, 90.0))
    _, kx, ky = power(plain.real)
    k2 = kx**2 + ky**2
    chi = math.pi * 0.0196875 * 12000 * k2 - 0.5 * math.pi * 2.7e7 * 0.0196875**3 * k2**2 + math.asin(0.1)
    strong = (np.abs(plain) > 0.1 * np.abs(plain[1:, 1:]).max()) & (k2 > 1e-5) & (k2 < 0.002) & (np.abs(np.sin(chi)) > 0.3)
    assert np.abs(plate / plain - np.cos(chi) / np.sin(chi))[strong].max() < 0.15


@pytest.mark.parametrize(("fault", "message"), [
    ({"carbon": 1.5}, "carbon must be a share from 0 to 1"), ({"beam": -0.1}, "beam must be a share"),
    ({"crystals": -1}, "crystals must be 0 or more"), ({"crystal_radius": 0.0}, "crystal_radius must be positive"),
])  # fmt: skip
def test_faults_are_checked(fault, message):
    with pytest.raises(InputError, match=message):
        Faults(**fault)


def test_crystals_need_pixels_that_hold_their_spots():
    coarse = replace(EMPTY, optics=Optics(pixel_size=2.0))
    with pytest.raises(InputError, match="pixel_size must be below"):
        expected(coarse, crystals=1)


def test_no_fault_changes_nothing():
    assert torch.equal(torch.from_numpy(expected(SETTINGS)), torch.from_numpy(expected(SETTINGS, carbon=0.0, powder=0.0)))
