"""Frames of a microscope that magnifies unequally, brought back to true places while they are summed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from vitreous.errors import InputError
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.interpolate import add_frames, tile_centres
from vitreous.stages.movies.stretched import add_stretched_frames, checked_matrix, stretched_shifts

SHAPE = (200, 230)
M = np.array([[1.02, 0.006], [0.004, 0.985]])


def waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A picture known everywhere: no waves shorter than 4 pixels."""
    rng = np.random.default_rng(0)
    return sum(np.cos(a * x + b * y + p) for a, b, p in rng.uniform(-1, 1, (40, 3)) * [1.0, 1.0, np.pi])


def recorded(walk: np.ndarray) -> np.ndarray:
    """Frames that show at x what is truly at M⁻ᵀ (x − c) + c, after everything has moved by ``walk`` on the camera."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    cx, cy = (SHAPE[1] - 1) / 2, (SHAPE[0] - 1) / 2
    back = np.linalg.inv(M.T)
    frames = []
    for dx, dy in walk:
        u, v = x - dx - cx, y - dy - cy
        frames.append(waves(back[0, 0] * u + back[0, 1] * v + cx, back[1, 0] * u + back[1, 1] * v + cy))
    return np.array(frames, dtype=np.float32)


def field(walk: np.ndarray) -> ShiftField:
    return ShiftField(SHAPE, -walk[:, None, None, :])


def test_places_become_true_in_one_interpolation():
    walk = np.array([[0.0, 0.0], [3.3, -2.6], [-1.45, 4.2]])
    out = np.zeros((1, *SHAPE), np.float32)
    add_stretched_frames(recorded(walk), np.ones(SHAPE, np.float32), stretched_shifts(field(walk), M), np.full((1, 3), 1 / 3), out, M)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    inner = np.s_[12:-12, 12:-12]
    true = waves(x, y)
    # Eight taps and steps of 1/256 pixel miss a plain shift of these waves by 1.1 % of their amplitude; so do these, with any stretch.
    assert (out[0] - true)[inner].std() < 0.015 * true.std()
    wrong = np.zeros_like(out)
    add_stretched_frames(recorded(walk), np.ones(SHAPE, np.float32), stretched_shifts(field(walk), np.linalg.inv(M)),
                         np.full((1, 3), 1 / 3), wrong, np.linalg.inv(M))  # fmt: skip
    assert np.abs(wrong[0] - true)[inner].std() > 0.5 * true.std(), "the inverse matrix must not do"


def test_the_unit_matrix_gives_what_plain_sums_give():
    rng = np.random.default_rng(1)
    frames = rng.poisson(2.0, (4, *SHAPE)).astype(np.uint8)
    gain = rng.uniform(0.9, 1.1, SHAPE).astype(np.float32)
    moving = ShiftField(SHAPE, rng.normal(0, 2, (4, 5, 5, 2)))
    weights = rng.normal(size=(2, 4))
    plain, stretched = np.zeros((2, 2, *SHAPE), np.float32)
    y, x = tile_centres(SHAPE)
    add_frames(frames, gain, moving.on_lattice(x, y), weights, plain)
    add_stretched_frames(frames, gain, stretched_shifts(moving, np.eye(2)), weights, stretched, np.eye(2))
    np.testing.assert_allclose(stretched, plain, atol=2e-5)


def test_rings_become_round():
    """Thon rings of a stretched micrograph: the power at one |k| no longer depends on the direction."""
    rng = np.random.default_rng(2)
    size = 512
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    true = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) * np.sin(220 * k**2) * (k < 0.25)).real
    y, x = np.indices((size, size)) - (size - 1) / 2
    stretch = np.array([[1.03, 0.0], [0.0, 0.98]])
    back = np.linalg.inv(stretch.T)
    seen = map_coordinates(true, np.array([back[1, 1] * y, back[0, 0] * x]) + (size - 1) / 2, order=5, mode="grid-wrap")[None]
    out = np.zeros((1, size, size), np.float32)
    still = ShiftField((size, size), np.zeros((1, 1, 1, 2)))
    add_stretched_frames(seen.astype(np.float32), np.ones((size, size), np.float32), stretched_shifts(still, stretch), np.ones((1, 1)), out,
                         stretch)  # fmt: skip

    def roundness(image: np.ndarray) -> float:
        power = np.abs(np.fft.fft2(image * np.outer(np.hanning(size), np.hanning(size)))) ** 2
        kx, ky = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size))
        sectors = [np.abs(np.arctan2(ky, kx) % np.pi - at) < 0.3 for at in (np.pi / 2, 0.01)]
        rings = (k * size).round().astype(int)
        curves = [np.bincount(rings[s], power[s], 300)[40:120] / np.bincount(rings[s], minlength=300)[40:120] for s in sectors]
        return float(np.corrcoef(*curves)[0, 1])

    assert roundness(true) > 0.8
    assert roundness(out[0]) > 0.8
    assert roundness(seen[0]) < 0.5


@pytest.mark.parametrize("matrix", [(1, 0, 0), (1.2, 0, 0, 1), (0, 1, 1, 0), (1, np.nan, 0, 1)])
def test_what_is_no_magnification_is_refused(matrix: tuple[float, ...]):
    with pytest.raises(InputError, match=r"magnification_matrix must be .*Try: 1\.01 0 0 0\.99"):
        checked_matrix(np.array(matrix))
