"""Which way a gain lies: simulated detectors, counts at realistic totals, truth from the simulator alone."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.physics.detector import Detector, count, detector
from vitreous.stages.movies.gain_orientation import find_orientation, kind_of, orientations, oriented

WAYS = list(product(("none", "rows"), range(4)))
#: 30 frames of 1 e a pixel of three movies.
ELECTRONS = 90


def lit(shape: tuple[int, int]) -> np.ndarray:
    """Illumination that is brighter to one side and darker at the edges by a third."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return 1 + 0.3 * (x / shape[1] - 0.5) - 0.4 * (y / shape[0] - 0.5) ** 2


def summed(camera: Detector, seed: int, electrons: float = ELECTRONS) -> np.ndarray:
    expected = (lit(camera.shape) * electrons / 30).astype(np.float32)
    chance = np.random.default_rng(seed)
    return sum(count(expected, camera, chance).astype(np.float32) for _ in range(30))


def stored(gain: np.ndarray, flip: str, turns: int) -> np.ndarray:
    """The gain such that turning, then flipping it gives ``gain``."""
    return np.rot90(gain[::-1] if flip == "rows" else gain, -turns)


@pytest.mark.parametrize("seed", range(3))
def test_all_eight_orientations_of_gain_and_inverse_gain_are_found(seed: int):
    camera = detector((320, 320), np.random.default_rng(seed), spread=0.03, dead=20, hot=5)
    total = summed(camera, seed)
    for (flip, turns), inverse in product(WAYS, (False, True)):
        gain = stored(np.divide(1, camera.gain, where=camera.gain > 0, out=np.zeros_like(camera.gain)) if inverse else camera.gain,
                      flip, turns)  # fmt: skip
        found = find_orientation(total, gain)
        assert found.kind == "found"
        assert (found.best.flip, found.best.quarter_turns) == (flip, turns)
        assert found.best.use == ("divided" if inverse else "multiplied")
        # The error of β from 320² pixels is near 1 / √(1e5 · 90 · 0.03²) = 0.011 for noise alone, a few times more with tiles.
        assert found.best.slope == pytest.approx(1, abs=0.2)
        assert found.best.is_plain == ((flip, turns, inverse) == ("none", 0, False))


def test_a_frame_that_is_not_square_leaves_four(make_movie):
    camera = detector((256, 384), np.random.default_rng(7))
    assert len(orientations((256, 384), (256, 384))) == 4
    total = summed(camera, 7)
    for flip, turns in WAYS:
        found = find_orientation(total, stored(camera.gain, flip, turns))
        assert (found.kind, found.best.flip, found.best.quarter_turns) == ("found", flip, turns)


def test_specimen_and_illumination_do_not_matter(make_movie):
    camera = detector((320, 320), np.random.default_rng(3), spread=0.03)
    movie = make_movie(camera.shape, 30, lambda i, x, y: np.full((*np.shape(x), 2), 0.3 * i), 5, dose=3.0, contrast=0.08,
                       gain=camera.gain)  # fmt: skip
    found = find_orientation(movie.frames.sum(axis=0, dtype=np.float32), stored(camera.gain, "rows", 1))
    assert (found.kind, found.best.flip, found.best.quarter_turns) == ("found", "rows", 1)


@pytest.mark.parametrize("seed", range(4))
def test_the_gain_of_another_detector_is_foreign(seed: int):
    total = summed(detector((320, 320), np.random.default_rng(seed)), seed)
    assert find_orientation(total, detector((320, 320), np.random.default_rng(100 + seed)).gain).kind == "foreign"


def test_corrected_movies_make_their_gain_foreign():
    camera = detector((320, 320), np.random.default_rng(0))
    assert find_orientation(summed(camera, 1) * camera.gain, camera.gain).kind == "foreign"


def test_a_flat_gain_has_no_orientation_and_few_electrons_tell_none():
    camera = detector((256, 256), np.random.default_rng(0))
    assert find_orientation(summed(camera, 1), np.full((256, 256), 2.0)).kind == "flat"
    assert find_orientation(summed(camera, 1, 0.1), camera.gain).kind == "faint"


def test_values_that_are_no_factor_do_not_take_part():
    camera = detector((256, 256), np.random.default_rng(4))
    gain = camera.gain.copy()
    gain[:5], gain[9, 9], gain[10, 20], gain[:, 7] = np.nan, np.inf, -3.0, 0.0
    found = find_orientation(summed(camera, 1), np.rot90(gain))
    assert (found.kind, found.best.quarter_turns) == ("found", 3)


def test_turns_are_those_of_gain_files():
    from vitreous.io.gain import orient_gain

    gain = np.arange(12).reshape(3, 4)
    for flip, turns in WAYS:
        np.testing.assert_array_equal(oriented(gain, turns, flip), orient_gain(gain, turns, flip))


def test_dark_frames_and_gains_of_another_size_are_refused():
    with pytest.raises(InputError, match="mean count of the frames must be positive; got 0"):
        find_orientation(np.zeros((64, 64)), np.ones((64, 64)))
    with pytest.raises(InputError, match=r"gain must be of the frames' size \(64, 64\) \(y, x\), turned or not; got \(64, 65\)"):
        find_orientation(np.ones((64, 64)), np.ones((64, 65)))


@pytest.mark.parametrize(("slope", "error", "margin", "kind"), [
    (1.0, 0.05, 9.0, "found"), (1.0, 0.05, 3.0, "faint"), (0.1, 0.05, 9.0, "foreign"), (0.6, 0.2, 9.0, "faint"),
    (0.4, 0.01, 9.0, "foreign"),
])  # fmt: skip
def test_what_slopes_mean(slope: float, error: float, margin: float, kind: str):
    assert kind_of(slope, error, margin) == kind
