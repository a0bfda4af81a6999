"""The surface renderer: shapes with known outlines, hands that are right, levels with known volume."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.views.contour import contour_level
from vitreous.views.surface import prepare, surface_image, turn


def blobs(places: list[tuple[float, float, float]], size: int = 32, width: float = 3.0) -> np.ndarray:
    """Gaussians at (x, y, z) from the centre, in voxels."""
    z, y, x = np.mgrid[:size, :size, :size] - size // 2
    return sum(np.exp(-((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / (2 * width**2)) for a, b, c in places).astype(np.float32)


def centroid(image: np.ndarray) -> np.ndarray:
    """(x, y) of the opaque pixels from the middle."""
    y, x = np.nonzero(image[..., 3] > 127)
    return np.array([x.mean(), y.mean()]) - (len(image) - 1) / 2


def test_a_ball_is_a_disc_of_its_size():
    solid = prepare(blobs([(0, 0, 0)]), np.exp(-0.5 * (8 / 3) ** 2))
    assert solid is not None
    image = surface_image(solid, np.eye(3), size=120, reach=1.25 * 8 * len(solid.values) / 32)
    radius = np.sqrt((image[..., 3] / 255).sum() / np.pi) / 60 * 1.25 * 8
    assert radius == pytest.approx(8, rel=0.02)  # resampled from a grid of 1 voxel, rays 0.08 voxels apart
    assert np.abs(centroid(image)).max() < 0.6
    middle = image[60, 60, :3].astype(int)
    assert middle.sum() > 150  # lit


@pytest.mark.parametrize(
    ("rotation", "small_blob_at"),
    [(np.eye(3), (1, 1)), (turn("y", 90), (-1, 1)), (turn("x", 90), (1, 1)), (turn("y", 180), (-1, 1))],
)
def test_x_is_right_y_is_up_and_turns_are_active(rotation, small_blob_at):
    # the knob at r = (9, 6, −5); turned by 90° about y, (x, y, z) → (z, y, −x); about x, (x, y, z) → (x, −z, y)
    solid = prepare(blobs([(0, 0, 0), (9, 6, -5)]), 0.3)
    assert solid is not None
    image = surface_image(solid, rotation, size=60)
    shift = (rotation @ [9.0, 6.0, -5.0])[:2]
    assert np.sign(shift).tolist() == list(small_blob_at)
    alpha = image[..., 3] > 127
    y, x = np.nonzero(alpha)
    spread = np.cov(x, y)
    assert np.sign(spread[0, 1]) == np.sign(shift[0] * shift[1])  # the pair lies along the expected diagonal


def test_what_is_nearer_hides_what_is_farther():
    near, far = blobs([(0, 0, 9)], width=2.5), blobs([(0, 0, -9)], width=2.5)
    solid = prepare(near + far, 0.4)
    assert solid is not None
    front, back = (
        surface_image(solid, rotation, size=40)[20, 20, :3].astype(int).sum() for rotation in (np.eye(3), turn("y", 180))
    )
    assert front == pytest.approx(back, abs=12)  # alike, and each shows the nearer ball, not fogged by depth
    behind = prepare(blobs([(0, 0, -9)], width=2.5) + blobs([(9, 0, 9)], width=2.5), 0.4)
    assert behind is not None
    aside = surface_image(behind, np.eye(3), size=40)
    y, x = np.nonzero(aside[..., 3] > 127)
    far_side, near_side = (aside[y[half], x[half], :3].astype(int).sum(1).max() for half in (x < 20, x >= 20))
    assert far_side < 0.9 * near_side  # depth fades


def test_dust_is_left_out_and_an_empty_map_is_nothing():
    ball = blobs([(0, 0, 0)], size=40, width=6.0)
    dusty = ball.copy()
    dusty[2, 2, 2] = 1.0
    solid = prepare(dusty, 0.5)
    assert solid is not None
    assert solid.radius / len(solid.values) < 0.3  # the speck at the corner would make it 0.8
    assert prepare(np.zeros((8, 8, 8)), 0.5) is None
    with pytest.raises(InputError, match="three-dimensional"):
        prepare(np.zeros((8, 8)), 0.5)


def test_level_encloses_the_mass():
    volume = blobs([(0, 0, 0)], size=48, width=8.0) + np.random.default_rng(0).normal(0, 1e-4, (48, 48, 48))
    level = contour_level(volume, 2.0, mass=30.0)
    # 30 kDa × 1.21 Å³ / 8 Å³ per voxel = 4537.5 voxels; no two are equal, so a quantile is exact
    assert np.count_nonzero(volume > level) == pytest.approx(4537.5, abs=2)
    assert contour_level(volume, 2.0, sigma=2.0) == pytest.approx(volume.mean() + 2 * volume.std(), rel=1e-5)


def test_level_found_by_itself_parts_density_from_noise(generator):
    import torch

    body = (blobs([(0, 0, 0)], size=40, width=5.0) > 0.3).astype(np.float32)
    noisy = body + 0.1 * torch.randn(body.shape, generator=generator).numpy()
    assert 0.3 < contour_level(noisy, 2.0) < 0.8
    with pytest.raises(InputError, match="finite"):
        contour_level(np.full((4, 4, 4), np.nan), 1.0)
