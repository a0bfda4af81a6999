"""Tilted micrographs: the filter that follows the defocus, against pixels done one by one and against strips."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.physics.wavelength import wavelength
from vitreous.stages.ctf_correct import correct_micrograph
from vitreous.stages.ctf_correct.tilted import apply_basis, basis_for, heights, lens_of

PIXEL, N = 2.0, 192
MICROGRAPH = Micrograph(
    path="m.mrc", optics=Optics(pixel_size=PIXEL), defocus=Defocus(u=15300.0, v=14800.0, angle_deg=40.0), defocus_slope=(1.6, -0.9)
)
MIDDLE = (0.5 * (N - 1), 0.5 * (N - 1))


def chi_of(offset: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """χ at a height on the half grid, formula written out, with kx and ky."""
    ky, kx = np.fft.fftfreq(N, PIXEL)[:, None], np.fft.rfftfreq(N, PIXEL)[None]
    k2, lam = kx**2 + ky**2, wavelength(300.0)
    z = 15050 + offset + 250 * np.cos(2 * (np.arctan2(ky, kx) - math.radians(40.0)))
    return math.pi * lam * z * k2 - 0.5 * math.pi * 2.7e7 * lam**3 * k2**2 + math.asin(0.1), kx, ky


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(N, N)).astype(np.float32))


def separated(image: torch.Tensor, correction: str, snr: float = 5.0) -> np.ndarray:
    chi, square = lens_of(MICROGRAPH, (N, N))
    offset = heights(MICROGRAPH, (N, N), MIDDLE)
    basis = basis_for(correction, snr, float(np.abs(offset).max()), float(square.max()))
    return apply_basis(image, basis, chi, square, offset).numpy()


def one_by_one(image: torch.Tensor, function, places: list[tuple[int, int]]) -> np.ndarray:
    """Each pixel by the whole Fourier sum of the filter of its own defocus."""
    spectrum = np.fft.rfft2(image.double().numpy())
    twice = np.where((np.arange(N // 2 + 1) == 0) | (np.arange(N // 2 + 1) == N // 2), 1.0, 2.0)
    found = []
    for y, x in places:
        chi, kx, ky = chi_of(1.6 * (x - MIDDLE[0]) * PIXEL - 0.9 * (y - MIDDLE[1]) * PIXEL)
        wave = np.exp(2j * math.pi * PIXEL * (kx * x + ky * y))
        found.append((twice * (spectrum * function(chi) * wave).real).sum() / N**2)
    return np.array(found)


@pytest.mark.parametrize(("correction", "function", "within"), [
    ("multiplied", np.sin, 0.01),
    ("flipped", lambda chi: np.sin(chi) / np.sqrt(np.sin(chi) ** 2 + 0.09), 0.04),
    ("wiener", lambda chi: np.sin(chi) / (np.sin(chi) ** 2 + 0.2), 0.05),
])  # fmt: skip
def test_every_pixel_has_the_filter_of_its_own_defocus(image, correction, function, within):
    """The image is white noise of variance 1: a filter wrong by ε makes errors of standard deviation ε at most."""
    places = [(y, x) for y in (3, 60, 120, 190) for x in (0, 61, 130, 191)]
    want = one_by_one(image, function, places)
    whole = separated(image, correction)
    found = np.array([whole[place] for place in places])
    assert np.sqrt(((found - want) ** 2).mean()) < within
    assert want.std() > 0.5


def test_strips_become_it_as_they_grow_thin(image):
    """Strips across the slope, each with the filter of its middle: their distance from the smooth filter falls with their number."""
    smooth, offset = separated(image, "multiplied"), heights(MICROGRAPH, (N, N), MIDDLE)
    spectrum, edges = np.fft.rfft2(image.double().numpy()), (offset.min(), offset.max() + 1e-6)
    distance = []
    for count in (4, 16, 64):
        own = ((offset - edges[0]) / (edges[1] - edges[0]) * count).astype(int)
        made = np.zeros((N, N))
        for strip in range(count):
            chi, _, _ = chi_of(edges[0] + (strip + 0.5) * (edges[1] - edges[0]) / count)
            made[own == strip] = np.fft.irfft2(spectrum * np.sin(chi), s=(N, N))[own == strip]
        distance.append(float(np.sqrt(((made - smooth) ** 2).mean())))
    assert distance[0] > 3 * distance[1] > 9 * distance[2]
    assert distance[2] < 0.04


def test_multiplying_is_the_adjoint_of_the_tilted_image():
    """⟨I, X⟩ of points at heights, each imaged with its own CTF, is ⟨objects, product⟩ of any picture X."""
    rng = np.random.default_rng(3)
    picture = rng.normal(size=(N, N)).astype(np.float32)
    places = [(int(y), int(x)) for y, x in rng.integers(10, N - 10, (12, 2))]
    adjoint = separated(torch.from_numpy(picture), "multiplied")
    for y, x in places:
        chi, kx, ky = chi_of(1.6 * (x - MIDDLE[0]) * PIXEL - 0.9 * (y - MIDDLE[1]) * PIXEL)
        seen = np.fft.irfft2(np.sin(chi) * np.exp(-2j * math.pi * PIXEL * (kx * x + ky * y)), s=(N, N))
        assert float((seen * picture).sum()) == pytest.approx(float(adjoint[y, x]), abs=0.03)


def tilted_image(objects: np.ndarray) -> np.ndarray:
    """Dark image of points, each imaged with its own CTF."""
    made = np.zeros(objects.shape)
    for y, x in np.argwhere(objects):
        chi, kx, ky = chi_of(1.6 * (x - MIDDLE[0]) * PIXEL - 0.9 * (y - MIDDLE[1]) * PIXEL)
        made -= objects[y, x] * np.fft.irfft2(np.sin(chi) * np.exp(-2j * math.pi * PIXEL * (kx * x + ky * y)), s=objects.shape)
    return made


@pytest.mark.parametrize("correction", ["multiplied", "flipped"])
def test_points_of_a_tilted_specimen_are_sharp_again_only_if_the_tilt_is_known(correction):
    """A point is at least a quarter higher with the slope than with the opposite one: the negative control."""
    objects = np.zeros((N, N))
    peaks = [(30, 150), (70, 165), (160, 30)]
    for place in peaks:
        objects[place] = 1.0
    made = torch.from_numpy(tilted_image(objects).astype(np.float32))
    wrong = correct_micrograph(made, replace(MICROGRAPH, defocus_slope=(-1.6, 0.9)), correction, 5.0).numpy()
    right = correct_micrograph(made, MICROGRAPH, correction, 5.0).numpy()
    assert all(right[p] == right[p[0] - 12 : p[0] + 12, p[1] - 12 : p[1] + 12].min() for p in peaks)  # dark stays dark
    assert np.mean([-right[p] for p in peaks]) > 1.25 * np.mean([-wrong[p] for p in peaks])


def test_no_such_correction():
    with pytest.raises(InputError, match="correction must be one of"):
        correct_micrograph(torch.zeros(64, 64), MICROGRAPH, "none")
