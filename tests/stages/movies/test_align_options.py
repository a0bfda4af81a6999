"""What else an alignment makes: halves, sums free of a magnification, envelopes, optical flow, known defects."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.movies import AlignmentParams, align_movie
from vitreous.stages.movies.halves import half_rows

OPTICS = Optics(pixel_size=2.0)
SIZE, FRAMES = 192, 6


@pytest.fixture(scope="module")
def movie(make_movie):
    def way(i: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.broadcast_to([0.7 * i, -0.4 * i], (*np.shape(x), 2))

    return make_movie((SIZE, SIZE), FRAMES, way, 3, dose=4.0, contrast=0.3)


def test_halves_share_no_frame_and_their_mean_is_the_sum(movie):
    found = align_movie(movie.frames, OPTICS, AlignmentParams(model="global", halves=True, dose_per_frame=1.0, bin_factor=1.5))
    odd, even = found.halves
    assert odd.shape == found.total.shape == (128, 128)
    # The sums of the basis stand for equal weights to 3 % of 1 / √frames; the halves are summed by themselves.
    assert np.abs((odd + even) / 2 - found.total).max() < 0.02 * found.total.std()
    # Noise of two halves is independent: their difference has the variance of their sum's noise.
    assert np.corrcoef(odd.ravel(), even.ravel())[0, 1] < 0.9
    assert align_movie(movie.frames, OPTICS, AlignmentParams(model="global")).halves is None


def test_frames_left_out_are_in_no_half():
    np.testing.assert_array_equal(half_rows(np.array([0, 1, 3, 4])), [[2, 0, 0, 2], [0, 2, 2, 0]])
    with pytest.raises(InputError, match=r"frames for halves must be of odd and of even number; got \[1, 3\]"):
        half_rows(np.array([0, 2]))


def test_the_sum_is_free_of_a_magnification(movie):
    matrix = (1.05, 0.0, 0.0, 1.0)
    plain = align_movie(movie.frames, OPTICS, AlignmentParams(model="global"))
    freed = align_movie(movie.frames, OPTICS, AlignmentParams(model="global", magnification=matrix))
    np.testing.assert_allclose(freed.motion.global_shifts, plain.motion.global_shifts)
    middle = (SIZE - 1) / 2
    at = middle + 1.05 * (np.arange(SIZE) - middle)
    inner = slice(20, -20)
    expected = np.array([np.interp(at, np.arange(SIZE), row) for row in plain.total])
    smooth = lambda image: image[inner, inner].reshape(38, 4, 38, 4).mean(axis=(1, 3)).ravel()  # noqa: E731
    assert np.corrcoef(smooth(freed.total), smooth(expected))[0, 1] > 0.99
    assert np.corrcoef(smooth(freed.total), smooth(plain.total))[0, 1] < 0.96


def test_envelopes_are_measured_when_asked_for(movie):
    found = align_movie(movie.frames, OPTICS, AlignmentParams(model="global", envelopes=True))
    assert found.envelopes.b_factor.shape == (FRAMES,)
    # nothing fades or blurs in this movie; 6 values of unit scatter
    z = found.envelopes.b_factor / found.envelopes.b_error
    assert np.sqrt((z**2).mean()) < 2.5


def test_flow_is_a_model(movie):
    found = align_movie(movie.frames, OPTICS, AlignmentParams(model="flow"))
    assert found.field.nodes.shape == (FRAMES, 17, 17, 2)
    off = movie.shift_error(found.field.at, edge=0.25)
    # The drift goes to 4 pixels; in a frame of 100 Å windows the flow adds noise of its own.
    assert np.sqrt((off**2).mean()) < 0.8
    assert "local_rms_angstrom" in found.figures
    assert found.motion.patches.shape == (0, 5)


def test_known_defects_are_mended(movie):
    frames = movie.frames.copy()
    bad = np.zeros((SIZE, SIZE), bool)
    bad[60:64, 90] = True
    frames[:, bad] = 5
    found = align_movie(frames, OPTICS, AlignmentParams(model="global"), defects=bad)
    assert {(90, 60), (90, 61), (90, 62), (90, 63)} <= {tuple(place) for place in found.motion.defects}
    with pytest.raises(InputError, match=r"defects must be a map of the frames' size \(192, 192\)"):
        align_movie(frames, OPTICS, defects=bad[:, :100])


@pytest.mark.parametrize("matrix", [(1.0, 0.0, 0.0), (2.0, 0.0, 0.0, 1.0)])
def test_magnifications_that_are_none_are_refused(matrix: tuple[float, ...]):
    with pytest.raises(InputError, match="magnification_matrix must be"):
        AlignmentParams(magnification=matrix)
