"""Boxes that follow the motion, at the edges as well, and frames that do not fit their motion file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vitreous.data.motion import Motion
from vitreous.errors import InputError
from vitreous.stages.movies import ArrayFrames
from vitreous.stages.polish.frames import MovieParticles, cut
from vitreous.stages.polish.spectra import affordable_radius

SHIFTS = np.array([[0.0, 0.0], [-4.0, 2.0], [-7.0, 3.0], [-8.0, 6.0]])
MOTION = Motion(shape=(60, 80), pixel_size=2.0, global_shifts=SHIFTS, dose_per_frame=1.5, pre_exposure=3.0)
MOVIE = ArrayFrames(np.arange(4 * 60 * 80, dtype=np.float32).reshape(4, 60, 80))


def particles(**changes: object) -> MovieParticles:
    given = {"movie": MOVIE, "correct": lambda values, index: values, "motion": MOTION, "places": np.array([[40.3, 29.8]]), "box": 8}
    return MovieParticles(**(given | changes))


def test_boxes_follow_the_motion_and_tell_the_rest() -> None:
    found = particles()
    expected = found.expected()
    # the specimen goes where its shifts come from: minus them, in pixels of 2 Å
    np.testing.assert_allclose(expected[0], [40.3, 29.8] - SHIFTS / 2)
    for frame, (boxes, off) in enumerate(found.boxes(expected)):
        middle = np.floor(expected[0, frame] + 0.5)
        assert boxes[0, 4, 4] == MOVIE.values[frame, int(middle[1]), int(middle[0])]
        np.testing.assert_allclose(off[0], expected[0, frame] - middle)


def test_frames_that_were_not_used_are_passed_over() -> None:
    some = replace(MOTION, global_shifts=np.where(np.arange(4)[:, None] == 1, np.nan, SHIFTS))
    found = particles(motion=some)
    assert found.used.tolist() == [0, 2, 3]
    np.testing.assert_allclose(found.dose, [4.5, 7.5, 9.0])
    boxes = [each[0, 4, 4].item() for each, _ in found.boxes(np.tile([[[40.0, 30.0]]], (1, 3, 1)))]
    np.testing.assert_allclose(np.diff(boxes), [2 * 60 * 80, 60 * 80])


def test_a_box_beyond_the_edge_is_mirrored() -> None:
    image = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    corners = np.array([[-3, 5], [25, -2], [4, 14]])
    padded = np.pad(image, 10, mode="reflect")
    for box, (x, y) in zip(cut(image, corners, 8), corners):
        np.testing.assert_array_equal(box, padded[10 + y : 18 + y, 10 + x : 18 + x])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="frames of the movie must be the 4 of its motion file; got 3"):
        particles(movie=ArrayFrames(MOVIE.values[:3]))
    with pytest.raises(InputError, match="size of a frame must be that of its motion file"):
        particles(movie=ArrayFrames(MOVIE.values[:, :50]))
    with pytest.raises(InputError, match="frames used must be 2 or more"):
        particles(motion=replace(MOTION, global_shifts=np.where(np.arange(4)[:, None] > 0, np.nan, SHIFTS)))
    with pytest.raises(InputError, match="box must be at most the frame's short side"):
        particles(box=62)
    with pytest.raises(InputError, match="places of particles must be inside the frame of 80 x 60 pixels"):
        particles(places=np.array([[85.0, 20.0]]))


def test_the_band_is_what_memory_holds() -> None:
    assert affordable_radius(50, 1000, 10**10) == 50
    radius = affordable_radius(500, 10000, 10**9)
    assert 8 * 10000 * 0.5 * np.pi * radius**2 <= 10**9 < 8 * 10000 * 0.5 * np.pi * (radius + 1) ** 2
    with pytest.raises(InputError, match="memory must be 8042477 bytes or more"):
        affordable_radius(50, 10000, 10**6)
