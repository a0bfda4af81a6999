"""Waves through thick specimens: what is conserved, what is known in closed form, and what single scattering makes of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.physics.ctf import ctf, phase
from vitreous.physics.ewald import sphere_image
from vitreous.physics.multislice import approximation_errors, exit_wave, image_of, plane, propagated
from vitreous.physics.wavelength import wavelength

N, PIXEL, KV = 128, 1.0, 300.0
LAM = 0.01968749
DEFOCUS = 4000.0


def blobs(scale: float, slices: int, seed: int = 0) -> torch.Tensor:
    """Smooth random phases, ``scale`` radians r.m.s. in all, spread over so many slices."""
    rng = np.random.default_rng(seed)
    k2 = np.fft.fftfreq(N, PIXEL)[:, None] ** 2 + np.fft.fftfreq(N, PIXEL) ** 2
    made = np.fft.ifft2(np.fft.fft2(rng.normal(size=(slices, N, N))) * np.exp(-110 * k2)).real
    return torch.from_numpy(made * scale / made.sum(0).std())


def grid() -> tuple[torch.Tensor, torch.Tensor]:
    line = torch.from_numpy(np.fft.fftfreq(N, PIXEL))
    ky, kx = torch.meshgrid(line, line, indexing="ij")
    return kx, ky


def chi_of(defocus: float, q: float = 0.0) -> torch.Tensor:
    optics = Optics(pixel_size=PIXEL, amplitude_contrast=q)
    return phase(torch.tensor([defocus, defocus, 0, 0], dtype=torch.float64), optics, *grid())


def test_electrons_are_conserved():
    wave = exit_wave(blobs(0.5, 20), pixel_size=PIXEL, voltage=KV, spacing=10.0)
    assert float((wave.abs() ** 2).mean()) == pytest.approx(1.0, abs=1e-6)


def test_one_slice_is_a_phase_object():
    flat = blobs(0.3, 1)
    wave = exit_wave(flat, pixel_size=PIXEL, voltage=KV, spacing=0.0)
    assert float((wave - torch.exp(1j * flat[0])).abs().max()) < 3e-3  # what squares and cubes of the phase have beyond the band


def test_a_gaussian_spreads_as_it_does_in_closed_form():
    """exp(−r²/2w²) a distance z on is exp(−r²/(2 q)) w² / q, q = w² + iλz/2π."""
    w, z = 4.0, 3000.0
    r2 = torch.from_numpy((np.arange(N) - N // 2) ** 2 * PIXEL**2).double()
    r2 = r2[:, None] + r2
    k2, _ = plane((N, N), PIXEL)
    found = propagated(torch.exp(-r2 / (2 * w**2)).to(torch.complex128), k2, z, KV)
    q = w**2 + 1j * LAM * z / (2 * math.pi)
    assert float((found - torch.exp(-r2 / (2 * q)) * w**2 / q).abs().max()) < 1e-6


def test_a_weak_object_is_seen_through_the_ctf():
    """Contrast of 10⁻³ radians in one plane, with amplitude contrast: linear in c = −sin χ to 10⁻³ of itself."""
    thin = blobs(1e-3, 1)
    wave = exit_wave(thin, pixel_size=PIXEL, voltage=KV, spacing=0.0, amplitude_contrast=0.1)
    image = image_of(wave, chi_of(DEFOCUS)) - 1
    c = ctf(torch.tensor([DEFOCUS, DEFOCUS, 0, 0], dtype=torch.float64), Optics(pixel_size=PIXEL, amplitude_contrast=0.1), *grid())
    want = np.fft.ifft2(np.fft.fft2(thin[0].numpy()) * 2 * c.numpy()).real
    assert np.abs(image.numpy() - want).max() < 5e-3 * np.abs(want).max()


@pytest.mark.parametrize("q", [0.0, 0.1])
def test_a_thick_weak_object_is_on_the_ewald_sphere(q):
    """Ten slices of 150 Å: multislice against X = A F(−λk²/2) + B F(+λk²/2), where central slices are far off."""
    spacing, count = 150.0, 10
    slices = blobs(1e-3, count)
    heights = (np.arange(count) - 0.5 * (count - 1)) * spacing  # electrons towards +z; the middle of the slices is z = 0
    wave = exit_wave(slices, pixel_size=PIXEL, voltage=KV, spacing=spacing, amplitude_contrast=q)
    # the wave is one spacing behind the last slice: half the thickness and half a spacing behind the middle
    behind = heights[-1] + spacing
    image = np.fft.fft2(image_of(wave, chi_of(DEFOCUS + behind)).numpy() - 1)
    planes = torch.from_numpy(np.fft.fft2(slices.numpy()))
    kx, ky = grid()

    def transform(kx, ky, kz):
        return sum(planes[n] * torch.exp(-2j * math.pi * kz * z) for n, z in enumerate(heights))

    closed = 2 * sphere_image(transform, chi_of(DEFOCUS, q), kx, ky, wavelength(KV)).numpy()
    flat = 2 * (ctf(torch.tensor([DEFOCUS, DEFOCUS, 0, 0], dtype=torch.float64), Optics(pixel_size=PIXEL, amplitude_contrast=q), kx, ky)
                * planes.sum(0)).numpy()  # fmt: skip
    k = torch.hypot(kx, ky).numpy()
    inside = (k > 0) & (k < 0.3)
    scale = np.sqrt((np.abs(closed[inside]) ** 2).mean())
    assert np.sqrt((np.abs(image - closed)[inside] ** 2).mean()) < 0.01 * scale
    assert np.sqrt((np.abs(flat - closed)[inside] ** 2).mean()) > 0.1 * scale
    other = 2 * sphere_image(transform, chi_of(DEFOCUS, q), kx, ky, wavelength(KV), beam=-1).numpy()
    assert np.sqrt((np.abs(image - other)[inside] ** 2).mean()) > 0.1 * scale  # and the sign of the beam is right


def test_a_thin_object_on_the_sphere_is_the_ctf_times_its_transform():
    kx, ky = grid()
    thin = torch.from_numpy(np.fft.fft2(blobs(1.0, 1)[0].numpy()))
    found = sphere_image(lambda kx, ky, kz: thin, chi_of(DEFOCUS, 0.07), kx, ky, wavelength(KV))
    optics = Optics(pixel_size=PIXEL, amplitude_contrast=0.07)
    want = ctf(torch.tensor([DEFOCUS, DEFOCUS, 0, 0], dtype=torch.float64), optics, kx, ky) * thin
    assert float((found - want).abs().max()) < 1e-9 * float(want.abs().max())


def test_the_weak_phase_error_grows_with_the_phase_and_the_projection_error_with_the_thickness():
    """Relative errors: twice the phase, twice the first; twice the thickness, twice the second."""
    options = {"pixel_size": PIXEL, "voltage": KV}
    one, two = (approximation_errors(blobs(p, 8), chi_of(DEFOCUS), spacing=5.0, **options) for p in (0.05, 0.1))
    assert two.weak == pytest.approx(2 * one.weak, rel=0.1)
    assert two.projection == pytest.approx(one.projection, rel=0.1)
    thick = approximation_errors(blobs(0.05, 8), chi_of(DEFOCUS), spacing=10.0, **options)
    assert thick.projection == pytest.approx(2 * one.projection, rel=0.1)
    assert thick.weak == pytest.approx(one.weak, rel=0.1)


def test_what_makes_no_wave_is_refused():
    with pytest.raises(InputError, match="slices must be at least one"):
        exit_wave([], pixel_size=PIXEL, voltage=KV, spacing=1.0)
    with pytest.raises(InputError, match="spacing must be 0 or more"):
        exit_wave([torch.zeros(8, 8)], pixel_size=PIXEL, voltage=KV, spacing=-1.0)
    with pytest.raises(InputError, match="amplitude_contrast must be from 0"):
        exit_wave([torch.zeros(8, 8)], pixel_size=PIXEL, voltage=KV, spacing=1.0, amplitude_contrast=1.0)
