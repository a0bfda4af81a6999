"""Planes in space: which one is in front, and where its picture lies."""

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.views.planes_in_space import planes_image

FRONT = np.eye(3)
#: Spanned by y and z, seen on edge from the front.
ACROSS = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])


def _flat(value: float) -> np.ndarray:
    return np.full((9, 9), value)


def test_a_plane_facing_the_eye_fills_its_disc_and_no_more():
    # π/4 of the square of half width 1 within one of half width 1.25.
    image = planes_image([_flat(0.5)], [FRONT], np.eye(3), size=200, reach=1.25)
    assert (image[..., 3] / 255).mean() == pytest.approx(np.pi / 4 / 1.25**2, rel=0.01)


def test_a_tilted_plane_is_as_narrow_as_the_cosine():
    tilted = np.array([[0.5, 0, -np.sqrt(0.75)], [0, 1, 0], [np.sqrt(0.75), 0, 0.5]])
    cover = [(planes_image([_flat(0.5)], [turn], np.eye(3), size=200)[..., 3] / 255.0).sum() for turn in (FRONT, tilted)]
    assert cover[1] / cover[0] == pytest.approx(0.5, abs=0.01)


def test_of_two_crossing_planes_the_nearer_half_of_each_is_seen():
    # Turned by ±45° about y: of the first the part at x < 0 is nearer, of the second that at x > 0.
    s = np.sqrt(0.5)
    turns = [[[s, 0, -s], [0, 1, 0], [s, 0, s]], [[s, 0, s], [0, 1, 0], [-s, 0, s]]]
    image = planes_image([_flat(1.0), _flat(0.0)], turns, np.eye(3), size=100).astype(int)
    left, right = image[50, 35, :3].sum(), image[50, 65, :3].sum()
    assert left > 600
    assert right < 350


def test_right_and_up_are_x_and_y_and_the_camera_turns_the_object():
    picture = _flat(0.0)
    picture[4, 7] = 1.0
    assert _brightest(planes_image([picture], [FRONT], np.eye(3), size=100)) == "right"
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert _brightest(planes_image([picture], [FRONT], quarter, size=100)) == "up"


def _brightest(image: np.ndarray) -> str:
    level = image[..., :3].sum(-1) * (np.hypot(*np.mgrid[-49.5:50, -49.5:50]) < 36)
    y, x = np.unravel_index(level.argmax(), level.shape)
    return "right" if x > 60 and abs(y - 50) < 10 else "up" if y > 60 and abs(x - 50) < 10 else "elsewhere"


def test_a_plane_moved_towards_the_eye_hides_the_other():
    image = planes_image([_flat(1.0)], [ACROSS], np.eye(3), offset=0.8, round_=False, size=100)
    there = np.flatnonzero(image[50, :, 3])
    assert there.min() > 75  # a plane on edge, moved along +x


def test_pictures_and_rotations_must_be_as_many():
    with pytest.raises(InputError, match="rotations"):
        planes_image([_flat(0.5)], [FRONT, FRONT], np.eye(3))
