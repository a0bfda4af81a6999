"""Images that are not numbers, and particles that are there twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.inference.screen import across, not_finite, same_image, same_place, together
from vitreous.io.stacks import write_stack


def table(count: int, **columns: object) -> Particles:
    own = {"optics": (Optics(pixel_size=2.0),), "group": np.zeros(count, np.int64)}
    return Particles(**(own | columns))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_numbers_are_found(tmp_path: Path, value: float) -> None:
    """Large numbers are still numbers."""
    images = np.full((6, 8, 8), 3e38, np.float32)
    path = tmp_path / "p.mrcs"
    write_stack(path, np.ones_like(images), 2.0)
    images[4, 7, 1], images[1, 0, 0] = value, value
    path.write_bytes(path.read_bytes()[:1024] + images.tobytes())
    order = np.array([5, 4, 3, 1, 0])
    assert not_finite(table(5, stack=(path,), stack_index=np.zeros(5, np.int64), slice_index=order)).tolist() == [1, 3]


def test_one_image_is_one_image_only_in_one_stack() -> None:
    twice = table(5, stack=(Path("a"), Path("b")), stack_index=np.array([0, 0, 1, 0, 1]), slice_index=np.array([3, 4, 3, 3, 9]))
    assert same_image(twice).tolist() == [0, -1, -1, 0, -1]
    assert same_image(table(3)).tolist() == [-1, -1, -1]


def places(**columns: object) -> Particles:
    own = {"micrograph": ("m1", "m2"), "micrograph_index": np.array([0, 0, 0, 1, 0]),
           "coordinate": np.array([[100, 100], [102, 100], [104, 100], [100, 100], [300, 100.0]])}  # fmt: skip
    return table(5, **(own | columns))


def test_one_place_is_near_and_in_one_micrograph() -> None:
    """2 px are 4 Å: the first and the third are 8 Å apart, but chained by the second."""
    assert same_place(places(), 5.0).tolist() == [0, 0, 0, -1, -1]
    assert same_place(places(), 3.0).tolist() == [-1] * 5
    moved = np.zeros((5, 2))
    moved[1] = (-4.0, 0.0)
    assert same_place(places(shift=moved), 1.0).tolist() == [0, 0, -1, -1, -1]
    fine = {"rlnMicrographOriginalPixelSize": np.array([1.0])}
    assert same_place(places(optics_extra=fine), 3.0).tolist() == [0, 0, 0, -1, -1]


def test_twins_across_half_sets_are_seen_and_put_together() -> None:
    group, half = np.array([0, -1, 1, 0, 1, -1]), np.array([1, 1, 2, 2, 2, 2], np.int8)
    assert across(group, half).tolist() == [True, False, False, True, False, False]
    assert together(half, group).tolist() == [1, 1, 2, 1, 2, 2]
    assert not across(np.full(6, -1), half).any()
    assert not across(group, together(half, group)).any()


def test_groups_that_overlap_end_in_one_half() -> None:
    half = np.array([1, 2, 1, 2], np.int8)
    image, place = np.array([0, -1, -1, 0]), np.array([-1, 0, 0, 0])
    settled = together(half, image, place)
    assert not across(image, settled).any()
    assert not across(place, settled).any()
