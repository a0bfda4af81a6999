from __future__ import annotations

import numpy as np
import pytest

from vitreous.data.motion import LOCAL_TERMS, Motion
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.movies import AlignmentParams, ArrayFrames, align_movie

OPTICS = Optics(pixel_size=1.5)
SMALL = Optics(pixel_size=2.0)


def test_drift_is_found(drifted):
    movie, walk = drifted
    found = align_movie(movie.frames, OPTICS, AlignmentParams(model="global"))
    off = found.motion.global_shifts / OPTICS.pixel_size + walk
    off -= off.mean(axis=0)
    assert np.sqrt((off**2).sum(axis=1).mean()) < 0.1
    assert (found.motion.global_shifts[0] == 0).all()
    # The error foretold is that found, within the scatter of 12 frames.
    assert 0.3 < np.sqrt((off**2).mean()) * OPTICS.pixel_size / found.figures["drift_error_angstrom"] < 2.5


def test_the_sum_is_the_specimen_at_the_first_frame(drifted):
    movie, walk = drifted
    found = align_movie(movie.frames, OPTICS, AlignmentParams(model="global"))
    true = [np.roll(f.astype(float), -np.round(w).astype(int)[::-1], axis=(0, 1)) for f, w in zip(movie.frames, walk)]
    inner = np.s_[40:-40, 40:-40]
    smooth = lambda image: image[inner].reshape(100, 4, 108, 4).mean(axis=(1, 3)).ravel()  # noqa: E731
    assert np.corrcoef(smooth(found.total), smooth(np.sum(true, axis=0)))[0, 1] > 0.95
    assert np.corrcoef(smooth(found.total), smooth(movie.frames.sum(axis=0).astype(float)))[0, 1] < 0.9
    assert found.total.mean() == pytest.approx(movie.frames.sum() / movie.frames[0].size, rel=2e-3)
    assert found.total.dtype == np.float32
    assert found.weighted is None


def test_local_motion_is_found_and_beats_a_polynomial(warped):
    found = align_movie(warped.frames, SMALL, AlignmentParams(patches=(5, 5), dose_per_frame=1.0))
    smooth = warped.shift_error(found.field.at)
    moving = warped.shift_error(lambda x, y: np.zeros((len(x), 16, 2)))
    whole = warped.shift_error(lambda x, y: np.broadcast_to(found.motion.global_shifts / 2.0, (len(x), 16, 2)))
    times = np.arange(16)[:, None]
    model = warped.shift_error(lambda x, y: (found.motion.shift(times, x, y) / 2.0).transpose(1, 0, 2))
    rms = lambda e: np.sqrt((e**2).mean())  # noqa: E731
    assert rms(smooth) < 0.2 < 0.5 * rms(whole) < 0.5 * rms(moving)
    assert rms(smooth) < rms(model) < rms(whole)
    assert found.figures["polynomial_rms_angstrom"] > 0.1
    assert found.figures["local_error_angstrom"] == pytest.approx(rms(smooth) * 2.0 / np.sqrt(2), rel=0.6)
    assert found.tracks.shape == (25, 16, 2)
    assert found.motion.patches.shape == (25 * 16, 5)
    assert found.weighted is not None
    assert found.weighted.shape == (768, 768)


def test_a_planted_polynomial_is_recovered(make_movie):
    frames = 16
    rng = np.random.default_rng(8)
    local = rng.normal(size=(2, LOCAL_TERMS)) * np.tile([0.25, 0.008, 0.0002], 6)
    truth = Motion(shape=(768, 768), pixel_size=1.0, global_shifts=rng.normal(0, 1, (frames, 2)).cumsum(axis=0), local=-local)
    truth.global_shifts[:] -= truth.global_shifts[0]
    movie = make_movie((768, 768), frames, lambda i, x, y: -truth.shift(i, x, y), 3, contrast=0.25)
    found = align_movie(movie.frames, SMALL, AlignmentParams(patches=(5, 5), model="polynomial"))
    times = np.arange(frames)[:, None]
    error = movie.shift_error(lambda x, y: (found.motion.shift(times, x, y) / 2.0).transpose(1, 0, 2))
    assert np.sqrt((error**2).mean()) < 0.1 * np.sqrt(2), "0.1 pixels along each axis"
    model = found.motion.shift(times, np.array([100.0]), np.array([600.0]))[:, 0] / 2.0
    np.testing.assert_allclose(found.field.at([99.5], [599.5])[0], model, atol=0.02)


@pytest.mark.parametrize("shape", [(241, 300), (300, 257)])
def test_odd_sizes_and_few_frames(make_movie, shape):
    way = lambda i, x, y: np.broadcast_to([2.3 * i, -1.1 * i], (*np.shape(x), 2))  # noqa: E731
    movie = make_movie(shape, 2, way, 5, dose=8.0, contrast=0.3)
    found = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0))
    assert found.total.shape == found.weighted.shape == shape
    assert movie.shift_error(found.field.at).max() < 0.15


def test_long_movies_are_aligned_in_groups(make_movie):
    frames = 90

    def way(i: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        grown = 1 - np.exp(-i / 20.0)
        return np.stack([grown * (5 + 2 * np.sin(3 * x / 400)), grown * (1.5 * np.cos(3 * y / 400) - 3)], axis=-1)

    movie = make_movie((400, 400), frames, way, 12, dose=0.2, contrast=0.3)
    found = align_movie(movie.frames, Optics(pixel_size=2.0), AlignmentParams(patches=(4, 4)))
    error = movie.shift_error(found.field.at)
    still = movie.shift_error(lambda x, y: np.zeros((len(x), frames, 2)))
    assert found.motion.frames == frames
    assert found.motion.patches.shape == (16 * 40, 5)
    # Single frames of 0.2 e/pixel have a shift error near 0.1 pixels here, and no smoothing in time is asked of the drift.
    assert np.sqrt((error**2).mean()) < 0.25 < 0.2 * np.sqrt((still**2).mean())


def test_frames_that_are_read_again_give_the_same(drifted):
    movie, _ = drifted
    kept = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0))
    again = align_movie(ArrayFrames(movie.frames.astype(np.float32)), OPTICS, AlignmentParams(dose_per_frame=1.0, keep_bytes=0))
    np.testing.assert_array_equal(kept.motion.global_shifts, again.motion.global_shifts)
    np.testing.assert_array_equal(kept.weighted, again.weighted)
    np.testing.assert_array_equal(kept.total, again.total)


def test_gain_and_defects_are_mended(make_movie):
    rng = np.random.default_rng(6)
    shape = (256, 256)
    gain = rng.uniform(0.6, 1.6, shape).astype(np.float32)
    way = lambda i, x, y: np.broadcast_to([0.7 * i, 0.4 * i], (*np.shape(x), 2))  # noqa: E731
    movie = make_movie(shape, 10, way, 6, dose=2.0, gain=gain)
    hot = rng.integers(20, 236, (30, 2))
    broken, still = movie.frames.copy(), gain.copy()
    broken[:, hot[:, 0], hot[:, 1]] = 60
    still[100, 50:60] = 0
    clean = align_movie(movie.frames, OPTICS, AlignmentParams(model="global"), gain=gain)
    found = align_movie(broken, OPTICS, AlignmentParams(model="global"), gain=still)
    listed = {tuple(d) for d in found.motion.defects.tolist()}
    assert {(x, y) for y, x in hot.tolist()} <= listed
    assert len(listed) == found.figures["defects"] == len(np.unique(hot, axis=0)) + 10
    assert np.abs(found.motion.global_shifts - clean.motion.global_shifts).max() < 0.15
    assert found.total.max() < clean.total.max() + 3 * clean.total.std()
    left = align_movie(broken, OPTICS, AlignmentParams(mend=False, model="global"))
    assert found.total.std() < 1.5 * np.sqrt(20) < left.total.std(), "unmended, the hot pixels stand out"


def test_binning_crops_the_transform(drifted):
    movie, _ = drifted
    whole = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0, model="global"))
    half = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0, model="global", bin_factor=2))
    assert half.total.shape == (240, 256)
    assert half.pixel_size == pytest.approx(3.0)
    assert half.motion.binning == 2
    assert half.motion.pixel_size == 1.5
    for full, small in [(whole.total, half.total), (whole.weighted, half.weighted)]:
        spectrum = np.fft.rfft2(full)
        cut = np.concatenate([spectrum[:120], spectrum[-120:]])[:, :129]
        np.testing.assert_allclose(np.fft.rfft2(small)[:119, :128], cut[:119, :128] / 4, atol=0.05)


def test_the_noise_of_the_weighted_sum_is_that_of_a_frame():
    frames = np.random.default_rng(9).poisson(4.0, (12, 256, 256)).astype(np.uint8)
    found = align_movie(frames, OPTICS, AlignmentParams(dose_per_frame=2.0, model="global"))
    power = np.abs(np.fft.rfft2(found.weighted - found.weighted.mean())) ** 2 / found.weighted.size
    k = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    for low, high in [(0.05, 0.2), (0.2, 0.35), (0.35, 0.45)]:
        ring = (k >= low) & (k < high)
        # Poisson counts of mean 4 have power 4; a ring of over 1000 modes scatters by 3 %.
        assert power[ring].mean() == pytest.approx(4.0, rel=0.12)


def test_frames_without_a_specimen_do_not_run_away():
    frames = np.random.default_rng(10).poisson(1.0, (12, 300, 300)).astype(np.uint8)
    found = align_movie(frames, OPTICS, AlignmentParams(patches=(3, 3)))
    assert np.abs(found.field.nodes).max() < 12, "pixels; nothing is known, so nothing much moves"
    assert found.figures["pairs_rejected"] > 0
    assert found.figures["drift_error_angstrom"] > 1.0, "and it says that it does not know"


def test_the_same_movie_gives_the_same_bits(drifted):
    movie, _ = drifted
    first, second = (align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0)) for _ in range(2))
    np.testing.assert_array_equal(first.weighted, second.weighted)
    np.testing.assert_array_equal(first.field.nodes, second.field.nodes)
    assert dict(first.figures) == dict(second.figures)


def test_progress_is_told(drifted):
    told = []
    align_movie(drifted[0].frames, OPTICS, AlignmentParams(iterations=4, patches=(3, 3)), report=told.append)
    assert [p.step for p in told] == ["read frames", "align frames", *["align patches"] * 4, "sum frames"]
    assert told[-1].done == told[-1].total == 12


def broken(index: int, value: float) -> np.ndarray:
    frames = np.random.default_rng(11).poisson(2.0, (4, 80, 80)).astype(np.float32)
    if np.isnan(value):
        frames[index, 3, 4] = value
    else:
        frames[index] = value
    return frames


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        (broken(0, 1.0)[:1], r"number of frames must be 2 or more; got 1. Try: the movie, not its sum"),
        (broken(0, 1.0)[:, :50], r"size of a frame must be 64 pixels or more"),
        (broken(0, 1.0)[0], r"movie must be an array of shape \(frames, y, x\); got \(80, 80\)"),
    ],
)
def test_movies_that_cannot_be_aligned_are_refused_with_the_reason(frames, text):
    with pytest.raises(InputError, match=text):
        align_movie(frames, OPTICS)


def test_a_frame_of_another_size_is_left_out():
    class Mixed:
        shape, dtype = (80, 80), np.dtype(np.uint8)

        def __len__(self) -> int:
            return 5

        def frame(self, index: int) -> np.ndarray:
            return np.random.default_rng(index).poisson(2.0, (80, 81 if index == 1 else 80)).astype(np.uint8)

    found = align_movie(Mixed(), OPTICS)
    assert [str(fault) for fault in found.left_out] == ["frame 2: it has the size (80, 81), the movie (80, 80) pixels (y, x)"]


def test_a_movie_with_a_bad_frame_is_aligned_without_it(drifted):
    movie, walk = drifted
    spoiled = movie.frames.copy()
    spoiled[4] = 0
    whole = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0))
    found = align_movie(spoiled, OPTICS, AlignmentParams(dose_per_frame=1.0))
    assert [(fault.number, "dark" in fault.reason) for fault in found.left_out] == [(5, True)]
    assert found.motion.frames == len(walk), "the motion of all frames is told, so that numbers of frames mean the same"
    off = found.motion.global_shifts / OPTICS.pixel_size + walk
    off -= off.mean(axis=0)
    used = np.arange(len(walk)) != 4
    assert np.sqrt((off[used] ** 2).sum(axis=1).mean()) < 0.12
    between = found.motion.global_shifts[[3, 5]].mean(axis=0)
    np.testing.assert_allclose(found.motion.global_shifts[4], between, atol=1e-9)
    # The frame's share of the counts is missing, and later frames still count by the exposure they had.
    assert found.total.mean() == pytest.approx(whole.total.mean() * 11 / 12, rel=0.01)
    assert np.corrcoef(found.weighted.ravel(), whole.weighted.ravel())[0, 1] > 0.9


def test_the_plain_sum_is_left_out_on_request(drifted):
    movie, _ = drifted
    both = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0, model="global"))
    one = align_movie(movie.frames, OPTICS, AlignmentParams(dose_per_frame=1.0, model="global", unweighted=False))
    assert one.total is None
    np.testing.assert_array_equal(one.weighted, both.weighted)
    undosed = align_movie(movie.frames, OPTICS, AlignmentParams(model="global", unweighted=False))
    assert undosed.total is not None, "there is no other sum"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"dose_per_frame": -1}, "dose_per_frame must be 0 or more, in e/Å² a frame"),
        ({"patches": (0, 5)}, "patches must be 1 or more along x and y"),
        ({"model": "spline"}, "model must be smooth, polynomial, flow or global"),
        ({"bin_factor": 0.5}, "bin_factor must be 1 or more"),
        ({"coarsest": 5.0}, "coarsest must be above twice align_pixel"),
        ({"iterations": 0}, "iterations must be 1 or more"),
    ],
)
def test_choices_out_of_range_are_refused(values, text):
    with pytest.raises(InputError, match=text):
        AlignmentParams(**values)


def test_a_bin_factor_that_leaves_nothing_is_refused():
    frames = np.random.default_rng(0).poisson(2.0, (3, 128, 128)).astype(np.uint8)
    with pytest.raises(InputError, match="bin_factor must be small enough to leave 32 pixels"):
        align_movie(frames, OPTICS, AlignmentParams(bin_factor=8))
