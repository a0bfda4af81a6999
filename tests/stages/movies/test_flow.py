"""Optical flow against planted warps, and what it makes of noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, map_coordinates

from vitreous.stages.movies.flow import BLOCK, at_nodes, flow, flow_of, groupings, over_pixels

SIZE, FRAMES = 256, 8


def phantom(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return gaussian_filter(rng.normal(size=(SIZE, SIZE)), 2.0, mode="wrap") * 7


def way(frame: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the specimen has gone by a frame, pixels: a bend that no cubic in x and y follows."""
    grown = 1 - np.exp(-frame / 3)
    u, v = x / SIZE, y / SIZE
    return grown * np.stack([1.6 * np.sin(4 * u + v), -1.3 * np.cos(3 * v - u)], axis=-1)


def warped(noise: float, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed + 50)
    y, x = np.indices((SIZE, SIZE), dtype=float)
    frames = []
    for i in range(FRAMES):
        px, py = x, y
        for _ in range(4):
            d = way(i, px, py)
            px, py = x - d[..., 0], y - d[..., 1]
        image = map_coordinates(phantom(seed), [py, px], order=5, mode="grid-wrap")
        frames.append(gaussian_filter(image + noise * rng.normal(size=image.shape), 1.0))
    return torch.from_numpy(np.array(frames, dtype=np.float32))


def endpoint_error(shifts: np.ndarray) -> float:
    """Mean length of what is missing, without what all frames share, 1/12 of the side away from the edges."""
    centres = np.arange(BLOCK / 2 - 0.5, SIZE, BLOCK)
    x, y = np.meshgrid(centres, centres)
    off = shifts + np.stack([way(i, x, y) for i in range(FRAMES)])
    off -= off.mean(axis=0)
    return float(np.linalg.norm(off, axis=-1)[:, 2:-2, 2:-2].mean())


def test_a_warped_phantom_is_followed_to_a_tenth_of_a_pixel():
    planted = endpoint_error(np.zeros((FRAMES, SIZE // BLOCK, SIZE // BLOCK, 2)))
    found = endpoint_error(flow_of(warped(0.3)))
    assert found < 0.1 < 0.3 < planted


def test_pure_noise_moves_little():
    noise = gaussian_filter(np.random.default_rng(2).normal(size=(FRAMES, SIZE, SIZE)), (0, 1, 1))
    shifts = flow_of(torch.from_numpy(noise.astype(np.float32)))
    assert np.sqrt((shifts**2).mean()) < 1.0


def test_a_shift_is_found_and_has_the_sign_of_fields():
    image = phantom(3)
    moved = np.roll(image, (0, 1), axis=(0, 1))
    # what lies one pixel to the right in the frame must be shifted by −1 along x
    found = flow(image, moved)[3:-3, 3:-3]
    assert found[..., 0].mean() == pytest.approx(-1, abs=0.15)
    assert np.abs(found[..., 1]).max() < 0.2


def test_groups_end_with_single_frames():
    assert groupings(8) == [2, 4, 8]
    assert groupings(13) == [2, 4, 8, 13]
    assert groupings(2) == [2]


def test_blocks_become_pixels_and_nodes_alike():
    ramp = np.zeros((2, SIZE // BLOCK, SIZE // BLOCK, 2))
    ramp[1, ..., 0] = np.arange(SIZE // BLOCK) * BLOCK + BLOCK / 2
    pixels = over_pixels(ramp[1, ..., 0], (SIZE, SIZE))
    np.testing.assert_allclose(pixels[5, 20:-20], np.arange(SIZE)[20:-20] + 0.5, atol=1e-3)
    nodes = at_nodes(ramp, (SIZE, SIZE))
    np.testing.assert_allclose(nodes[1, 3, 2:-2, 0], np.linspace(0, SIZE, 17)[2:-2], atol=1e-3)
    assert not nodes[0].any()
