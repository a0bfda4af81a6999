"""A gain from movies: what is left after it, against the detector that made the counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vitreous.errors import InputError
from vitreous.physics.detector import Detector, detector
from vitreous.stages.movies.fixed_pattern import illumination, response
from vitreous.stages.movies.gain_estimate import enclosed, estimate_gain, session_defects

SHAPE = (384, 448)


def session(camera: Detector, movies: int, seed: int, electrons: float = 30.0) -> np.ndarray:
    """Sums of even and odd movies: each has its own specimen, all have one uneven illumination."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    light = electrons * (1 + 0.3 * (x / SHAPE[1] - 0.5) - 0.4 * (y / SHAPE[0] - 0.5) ** 2)
    halves = np.zeros((2, *SHAPE), np.float32)
    noise = rng.normal(size=SHAPE)
    texture = 0.05 * 21 * gaussian_filter(noise, 6, mode="wrap") + 0.05 * 3.5 * gaussian_filter(noise, 1, mode="wrap")
    for movie in range(movies):
        specimen = np.roll(texture, rng.integers(0, 384, 2), axis=(0, 1))
        mean = np.divide(light * (1 + specimen), camera.gain, where=camera.gain > 0, out=np.zeros(SHAPE))
        mean[camera.hot[:, 1], camera.hot[:, 0]] += 60 * 30
        halves[movie % 2] += rng.poisson(mean.clip(0))
    return halves


def fine(gain: np.ndarray) -> np.ndarray:
    """What a high-pass can know of a gain, from its own values."""
    sound = gain > 0
    inverse = np.divide(1, gain, where=sound, out=np.zeros(gain.shape, np.float32))
    return np.where(sound, 1 / (1 + response(inverse, sound)[0]), 0)


def left(found: np.ndarray, true: np.ndarray) -> float:
    both = (found > 0) & (true > 0)
    ratio = found[both] / true[both]
    return float(ratio.std() / ratio.mean())


@pytest.mark.parametrize(("movies", "helps"), [(4, False), (50, True)])
def test_the_gain_is_found_as_well_as_it_says(movies: int, helps: bool):
    camera = detector(SHAPE, np.random.default_rng(0), spread=0.03)
    found = estimate_gain(session(camera, movies, 1))
    true = fine(camera.gain)
    untouched = left(np.ones(SHAPE), true)
    assert found.is_there
    assert found.helps is helps
    # Counting noise is 1 / √electrons; the specimen that is left in few movies adds a little.
    assert found.noise == pytest.approx(found.electrons**-0.5, rel=0.15)
    assert found.spread == pytest.approx(untouched, rel=0.1)
    assert left(found.gain, true) == pytest.approx(found.error, rel=0.1)
    assert left(found.gain, true) < untouched, "shrunk towards flat, it never makes frames worse"
    assert found.electrons_needed == pytest.approx(untouched**-2, rel=0.2)


def test_shrinking_is_what_keeps_few_electrons_from_doing_harm():
    camera = detector(SHAPE, np.random.default_rng(0), spread=0.03)
    halves = session(camera, 4, 1)
    plain = 1 / (1 + response(halves.sum(axis=0), np.ones(SHAPE, bool))[0]).clip(0.1)
    true = fine(camera.gain)
    assert left(plain, true) > 2 * left(np.ones(SHAPE), true) > 2 * left(estimate_gain(halves).gain, true)


def test_an_even_detector_has_no_pattern():
    camera = Detector(np.ones(SHAPE, np.float32), np.zeros((0, 2), np.int64))
    found = estimate_gain(session(camera, 20, 3))
    assert not found.is_there
    assert not found.helps
    assert found.electrons_needed == np.inf
    assert found.gain.std() < 0.01


def test_pixels_columns_and_clusters_are_found():
    camera = detector(SHAPE, np.random.default_rng(2), spread=0.03, dead=20, hot=10)
    gain = camera.gain.copy()
    gain[:, 100] = gain[200:206, 300:306] = gain[50, 10:400] = 0
    broken = gain == 0
    broken[50] = True
    broken[camera.hot[:, 1], camera.hot[:, 0]] = True
    halves = session(replace(camera, gain=gain), 6, 4)
    found = estimate_gain(halves)
    np.testing.assert_array_equal(found.defects, broken)
    assert (found.gain[broken] == 0).all()
    assert (found.gain[~broken] > 0).all()
    assert found.gain[~broken].mean() == pytest.approx(1, abs=1e-5)
    known = np.zeros(SHAPE, bool)
    known[7, 8] = True
    np.testing.assert_array_equal(estimate_gain(halves, known).defects, broken | known)


def test_a_pixel_among_defects_is_one():
    bad = np.zeros((9, 9), bool)
    bad[3:6, 3:6] = True
    bad[4, 4] = False
    assert enclosed(bad)[4, 4]
    assert enclosed(bad).sum() == 9


def test_few_counts_make_no_defects():
    assert not session_defects(np.random.default_rng(0).poisson(1.0, SHAPE).astype(np.float32)).any()


def test_illumination_is_followed_to_the_edges_and_across_holes():
    y, x = np.mgrid[:200, :333]
    light = 50 + 0.05 * x - 0.08 * y
    sound = np.ones(light.shape, bool)
    sound[90:120, 100:140] = False
    found = illumination(np.where(sound, light, 9e9).astype(np.float32), sound)
    # Outside the middles of the outermost blocks the nearest one holds: 8 pixels of a slope of 0.13 in 34, and those at the far edges,
    # which take in what is left of the frame, are off by half of that more.
    assert np.abs(found / light - 1).max() < 0.06
    assert np.abs(found / light - 1)[16:-24, 16:-24].max() < 0.01


@pytest.mark.parametrize("values", [0.0, np.nan])
def test_an_empty_half_is_refused(values: float):
    halves = np.random.default_rng(0).poisson(9.0, (2, 128, 128)).astype(np.float32)
    halves[1] = values
    with pytest.raises(InputError, match="mean count of the second half of the movies must be positive"):
        estimate_gain(halves)


def test_a_broken_detector_is_refused():
    total = np.random.default_rng(0).poisson(90.0, (2, 128, 128)).astype(np.float32)
    total[:, ::3] = 0
    with pytest.raises(InputError, match=r"share of defective pixels must be at most 0\.2"):
        estimate_gain(total)
