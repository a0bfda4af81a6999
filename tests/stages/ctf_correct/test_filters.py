"""Phase flips, products and Wiener filters against their closed forms and against objects that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.ctf_correct import correct_images, correct_micrograph, correction_filter, spectral_snr
from vitreous.stages.ctf_correct.filters import wiener_average
from vitreous.stages.ctf_correct.images import micrograph_snr

PIXEL = 1.5
OPTICS = Optics(pixel_size=PIXEL)
DEFOCUS = torch.tensor([[15000.0, 14500.0, 20.0, 0.0]], dtype=torch.float64)


def sine(shape: tuple[int, int], u: float = 15000.0, v: float = 14500.0, angle: float = 20.0) -> np.ndarray:
    """sin χ on the half grid, formula and constants written out: λ and Cs λ³ at 300 kV and 2.7 mm, Q = 0.1."""
    ky, kx = np.fft.fftfreq(shape[0], PIXEL)[:, None], np.fft.rfftfreq(shape[1], PIXEL)[None]
    k2 = kx**2 + ky**2
    z = 0.5 * (u + v) + 0.5 * (u - v) * np.cos(2 * (np.arctan2(ky, kx) - np.radians(angle)))
    lam = 0.01968749
    return np.sin(np.pi * lam * z * k2 - 0.5 * np.pi * 2.7e7 * lam**3 * k2**2 + np.arcsin(0.1))


def seen(source: np.ndarray) -> torch.Tensor:
    """A dark image of an object: its transform times −sin χ."""
    return torch.from_numpy(np.fft.irfft2(-sine(source.shape) * np.fft.rfft2(source), s=source.shape).astype(np.float32))


def point(n: int = 128) -> np.ndarray:
    image = np.zeros((n, n))
    image[0, 0] = 1.0
    return image


def transform(image: torch.Tensor) -> np.ndarray:
    """Without Nyquist's line and row, where kx and −kx are one and an astigmatic CTF two."""
    return inside(np.fft.rfft2(image.double().numpy()))


def inside(half: np.ndarray) -> np.ndarray:
    return np.delete(half, len(half) // 2, 0)[:, :-1]


def test_after_a_flip_no_coefficient_of_a_point_has_the_other_sign():
    found = transform(correct_images(seen(point())[None], DEFOCUS, OPTICS, "flipped")[0])
    assert found.real.max() <= 1e-5  # dark stays dark
    assert np.abs(found.imag).max() < 1e-5
    np.testing.assert_allclose(found.real, -np.abs(inside(sine((128, 128)))), atol=2e-4)
    assert transform(seen(point())).real.max() > 0.9  # what it was before


def test_product_and_wiener_are_their_closed_forms():
    s = inside(sine((128, 128)))
    multiplied = transform(correct_images(seen(point())[None], DEFOCUS, OPTICS, "multiplied")[0])
    np.testing.assert_allclose(multiplied.real, -(s**2), atol=2e-4)
    wiener = transform(correct_images(seen(point())[None], DEFOCUS, OPTICS, "wiener", 5.0)[0])
    np.testing.assert_allclose(wiener.real, -(s**2) / (s**2 + 0.2), atol=5e-4)


def test_an_snr_by_shell_is_used_shell_by_shell():
    curve = torch.linspace(20, 0, 65)
    found = transform(correct_images(seen(point())[None], DEFOCUS, OPTICS, "wiener", curve)[0])
    s = inside(sine((128, 128)))
    frequency = inside(np.hypot(*np.meshgrid(np.fft.rfftfreq(128) * 128, np.fft.fftfreq(128) * 128)))
    snr = np.interp(np.round(frequency), np.arange(65), curve.numpy())
    np.testing.assert_allclose(found.real, -(s**2) * snr / (s**2 * snr + 1), atol=2e-3)


def test_wiener_is_the_best_linear_filter():
    """Over random objects and noise any other weight between measured and nothing does worse."""
    rng = np.random.default_rng(0)
    objects, noise = rng.normal(size=(40, 64, 64)), 0.7 * rng.normal(size=(40, 64, 64))
    images = torch.stack([seen(o) for o in objects]) + torch.from_numpy(noise).float()
    errors = {snr: float(((correct_images(images, DEFOCUS.expand(40, 4), OPTICS, "wiener", snr).numpy() + objects) ** 2).mean())
              for snr in (0.5, 1 / 0.49, 8.0)}  # fmt: skip
    assert min(errors, key=errors.get) == 1 / 0.49


def test_several_images_fill_each_others_zeros():
    """Σ −c X / (Σ c² + 1 / SNR) of a focal series, coefficient by coefficient, and nearer to the object than any one of them."""
    rng = np.random.default_rng(1)
    truth, foci = rng.normal(size=(96, 96)), (12000.0, 14000.0, 17000.0)
    c = -np.stack([sine(truth.shape, z, z) for z in foci])
    series = list(np.fft.irfft2(c * np.fft.rfft2(truth), s=truth.shape) + 0.3 * rng.normal(size=(3, *truth.shape)))
    snr = 1 / 0.09
    found = wiener_average(torch.from_numpy(np.stack(series)), torch.from_numpy(c), snr).numpy()
    want = (-c * np.fft.rfft2(np.stack(series))).sum(0) / ((c**2).sum(0) + 1 / snr)
    np.testing.assert_allclose(np.fft.rfft2(found), want, atol=1e-3 * np.abs(want).max())
    alone = wiener_average(torch.from_numpy(series[0])[None], torch.from_numpy(c[:1]), snr).numpy()
    assert ((found + truth) ** 2).mean() < 0.5 * ((alone + truth) ** 2).mean()


def planted(count: int, n: int, chance: np.random.Generator, foci: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Power and CTF of images whose signal's power is 4 below 0.12 Å⁻¹ and 1 beyond, on noise of power 2: SNR 2 and ½."""
    c = np.stack([-sine((n, n), z, z) for z in foci])
    frequency = np.hypot(np.fft.fftfreq(n, PIXEL)[:, None], np.fft.rfftfreq(n, PIXEL))
    amplitude = np.where(frequency < 0.12, 2.0, 1.0)
    signal = amplitude * np.fft.rfft2(chance.normal(size=(count, n, n)))
    power = np.abs(c * signal + np.sqrt(2) * np.fft.rfft2(chance.normal(size=(count, n, n)))) ** 2
    return torch.from_numpy(power), torch.from_numpy(c)


def test_the_snr_of_particles_is_found_from_their_rings():
    rng = np.random.default_rng(2)
    power, c = planted(300, 64, rng, rng.uniform(8000, 24000, 300))
    found = spectral_snr(power, c, (64, 64)).numpy()
    shell = np.arange(33) / (64 * PIXEL)
    # 300 images and seven shells: some 10⁵ coefficients, of which a line is known to a few percent
    assert found[(shell > 0.05) & (shell < 0.085)] == pytest.approx(2.0, rel=0.15)
    assert found[(shell > 0.16) & (shell < 0.3)] == pytest.approx(0.5, rel=0.15)


def test_the_snr_of_one_micrograph_is_found_from_its_rings():
    rng = np.random.default_rng(3)
    c = -sine((768, 768), 20000.0, 20000.0)
    image = np.fft.irfft2(c * np.fft.rfft2(rng.normal(size=(768, 768))), s=(768, 768)) + rng.normal(size=(768, 768))
    micrograph = Micrograph(path="m.mrc", optics=OPTICS, defocus=Defocus(u=20000.0, v=20000.0))
    found = micrograph_snr(torch.from_numpy(image), micrograph).numpy()
    assert found[60:330].mean() == pytest.approx(1.0, rel=0.05)
    empty = micrograph_snr(torch.from_numpy(rng.normal(size=(768, 768))), micrograph).numpy()
    assert empty[60:330].mean() < 0.1


def test_a_micrograph_is_corrected_and_keeps_its_mean():
    """Away from the borders it is what an endless field would give: a point in the middle."""
    field = np.zeros((512, 512))
    field[256, 300] = 1.0
    image = seen(field) + 7.0
    micrograph = Micrograph(path="m.mrc", optics=OPTICS, defocus=Defocus(u=15000.0, v=14500.0, angle_deg=20.0))
    found = correct_micrograph(image, micrograph, "flipped")
    assert float(found.mean()) == pytest.approx(7.0, abs=1e-4)
    want = np.fft.irfft2(-np.abs(sine((512, 512))) * np.fft.rfft2(field), s=(512, 512))
    peak = np.abs(want).max()
    assert np.abs(found.numpy() - 7.0 - want).max() < 0.02 * peak  # the point spread that leaves the field


def test_what_cannot_be_corrected_is_refused():
    micrograph = Micrograph(path="m.mrc", optics=OPTICS)
    with pytest.raises(InputError, match=r"m.mrc must have a defocus; it has none"):
        correct_micrograph(torch.zeros(64, 64), micrograph, "flipped")
    known = Micrograph(path="m.mrc", optics=OPTICS, defocus=Defocus(u=15000.0, v=14500.0))
    with pytest.raises(InputError, match="image must be numbers"):
        correct_micrograph(torch.full((64, 64), float("nan")), known, "flipped")
    done = Optics(pixel_size=PIXEL, correction="flipped")
    with pytest.raises(InputError, match=r"corrected for the CTF already \(flipped\)"):
        correct_images(torch.zeros(1, 16, 16), DEFOCUS, done, "multiplied")
    with pytest.raises(InputError, match="correction must be one of"):
        correction_filter(torch.zeros(3), "none")
    with pytest.raises(InputError, match="snr must be 0 or more"):
        correction_filter(torch.zeros(3), "wiener", -1.0)
    with pytest.raises(InputError, match="shape of the CTFs"):
        wiener_average(torch.zeros(2, 16, 16), torch.zeros(2, 16, 16), 1.0)
    with pytest.raises(InputError, match="shape of the CTFs"):
        spectral_snr(torch.zeros(1, 16, 9), torch.zeros(2, 16, 9), (16, 16))
