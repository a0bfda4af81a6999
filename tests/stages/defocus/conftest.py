"""Micrographs with a CTF that is known, from a simulator of a few lines that shares no code with the library."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

Make = Callable[..., np.ndarray]


def wavelength(kv: float) -> float:
    volts = kv * 1e3
    return 12.2643 / math.sqrt(volts + 0.97845e-6 * volts**2)


def contrast_transfer(k2, azimuth, *, u, v, angle, kv, cs, w, plate):
    """−sin γ with its own wavelength: Mindell & Grigorieff 2003, eqs. 1-5."""
    lam = wavelength(kv)
    z = 0.5 * (u + v + (u - v) * np.cos(2 * (azimuth - math.radians(angle))))
    return -np.sin(math.pi * lam * k2 * (z - 0.5 * lam**2 * k2 * cs * 1e7) + math.asin(w) + math.radians(plate))


def make_tilted(size: int, pixel: float, z: float, tilt: float, axis: float, seed: int, *, step: float = 40.0) -> np.ndarray:
    """The same film (no astigmatism) on a plane: strips ``step`` Å of defocus wide, each cut from an image at its own defocus.

    z(x, y) = z0 + (−x sin φ + y cos φ) tan θ about the middle of the image.
    """
    rng = np.random.default_rng(seed)
    kx, ky = np.fft.rfftfreq(size, pixel), np.fft.fftfreq(size, pixel)[:, None]
    k2 = kx**2 + ky**2
    film = np.fft.rfft2(rng.standard_normal((size, size))) * np.sqrt(1 / (1 + k2 / 0.05**2) + 0.15) * np.exp(-15 * k2)
    at = (np.arange(size) - (size - 1) / 2) * pixel
    turn, steep = math.radians(axis), math.tan(math.radians(tilt))
    strip = np.round(steep * (at[:, None] * math.cos(turn) - at * math.sin(turn)) / step).astype(int)
    image = np.zeros((size, size))
    for n in np.unique(strip):
        transfer = contrast_transfer(k2, 0.0, u=z + n * step, v=z + n * step, angle=0.0, kv=300.0, cs=2.7, w=0.1, plate=0.0)
        image[strip == n] = np.fft.irfft2(film * transfer, s=(size, size))[strip == n]
    return rng.poisson(30.0 * pixel**2 * np.clip(1 + 0.2 / pixel * image, 0, None)).astype(np.float32)


def make_micrograph(
    size: int, pixel: float, u: float, v: float, angle: float, seed: int, *, dose: float = 30.0, b: float = 60.0,
    contrast: float = 0.2, kv: float = 300.0, cs: float = 2.7, w: float = 0.1, plate: float = 0.0, particles: float = 0.0,
    drift: tuple[float, float] = (0.0, 0.0), ice: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Electron counts behind a thin film of random phase.

    The film's amplitude falls from 1 at low frequency to 0.4; ``contrast`` × Å per pixel sets its strength; ``b`` damps it
    (amplitude exp(−b k²/4)); ``particles`` adds the form factor of spheres so wide (Å); ``drift`` is (length in Å, direction in
    degrees) of an even movement; ``ice`` a crystalline ring at 3.67 Å.
    """
    rng = np.random.default_rng(seed)
    ky, kx = np.fft.fftfreq(size, pixel)[:, None], np.fft.rfftfreq(size, pixel)[None]
    k2 = kx**2 + ky**2
    k = np.sqrt(k2)
    amplitude = np.sqrt(1 / (1 + (k / 0.05) ** 2) + 0.15)
    if particles:
        amplitude = amplitude * np.sqrt(1 + 40 * np.sinc(k * particles) ** 2 * np.exp(-((k / 0.04) ** 2)))
    if ice:
        amplitude = amplitude + ice * np.exp(-0.5 * ((k - 1 / 3.67) / 0.003) ** 2)
    length, direction = drift
    amplitude = amplitude * np.sinc(length * (kx * math.cos(math.radians(direction)) + ky * math.sin(math.radians(direction))))
    transfer = contrast_transfer(k2, np.arctan2(ky, kx), u=u, v=v, angle=angle, kv=kv, cs=cs, w=w, plate=plate)
    film = np.fft.rfft2(rng.standard_normal((size, size))) * amplitude * np.exp(-b * k2 / 4) * transfer
    image = np.fft.irfft2(film, s=(size, size))
    return rng.poisson(dose * pixel**2 * np.clip(1 + contrast / pixel * image, 0, None)).astype(np.float32)


@pytest.fixture(scope="session")
def micrograph() -> Make:
    """The simulator: ``micrograph(size, pixel, u, v, angle, seed, …)``."""
    return make_micrograph


@pytest.fixture(scope="session")
def tilted() -> Make:
    """The simulator of a tilted film: ``tilted(size, pixel, z, tilt, axis, seed)``."""
    return make_tilted
