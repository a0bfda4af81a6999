"""Images corrected for the CTF before they were stored, as the engine sees them: filters made by numpy, undone by the library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.errors import InputError
from vitreous.inference.load import Band, load_images
from vitreous.io.stacks import write_stack
from vitreous.physics.ctf import ctf_grid

BOX, PIXEL, COUNT = 48, 2.0, 24
OPTICS = Optics(pixel_size=PIXEL)
DEFOCUS = np.array([[9000.0 + 600 * n, 8700.0 + 600 * n, 10.0 * n, 0.0] for n in range(COUNT)])


def table(folder: Path, images: np.ndarray, correction: str, contrast: str = "dark", box: float = BOX) -> Particles:
    write_stack(folder / f"{correction}.mrcs", images.astype(np.float32), PIXEL)
    n = len(images)
    return Particles(optics=(replace(OPTICS, correction=correction),), group=np.zeros(n, np.int64), stack=(folder / f"{correction}.mrcs",),
                     stack_index=np.zeros(n, np.int64), slice_index=np.arange(n), contrast=contrast, defocus=DEFOCUS[:n])  # fmt: skip


def filtered(images: np.ndarray, function, shape: tuple[int, int] = (BOX, BOX)) -> np.ndarray:
    sine = -ctf_grid(torch.from_numpy(DEFOCUS[: len(images)]), OPTICS, shape).numpy()
    return np.fft.irfft2(function(sine) * np.fft.rfft2(images), s=shape)


@pytest.fixture
def recorded() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(COUNT, BOX, BOX))


@pytest.mark.parametrize("contrast", ["dark", "bright"])
def test_a_flip_is_undone_exactly(tmp_path: Path, recorded: np.ndarray, contrast: str):
    plain = load_images(table(tmp_path, recorded, "none", contrast), Band(size=BOX))
    flipped = load_images(table(tmp_path, filtered(recorded, np.sign), "flipped", contrast), Band(size=BOX))
    torch.testing.assert_close(flipped.values, plain.values, atol=2e-3, rtol=0)
    assert torch.equal(flipped.transfer, plain.transfer)


@pytest.mark.parametrize("size", [48, 32])
def test_a_product_keeps_signal_and_transfer_in_step(tmp_path: Path, size: int):
    """Without noise values over transfer are the object, wherever the CTF is not next to nothing."""
    truth = np.repeat(np.random.default_rng(1).normal(size=(1, BOX, BOX)), COUNT, 0)
    seen = filtered(truth, lambda s: -s)
    want = load_images(table(tmp_path, truth, "none"), Band(size=size)).values
    found = load_images(table(tmp_path, filtered(seen, lambda s: s), "multiplied"), Band(size=size))
    torch.testing.assert_close(found.values, found.transfer * want, atol=0.02, rtol=0)
    assert float(found.transfer.abs().mean()) > 0.5


def test_noise_that_was_multiplied_in_a_large_picture_is_white_again(tmp_path: Path):
    """White noise times −c in a field of 480 pixels, boxes cut from it: bins of c² have the power of the noise, zeros included."""
    rng = np.random.default_rng(2)
    boxes = []
    for n in range(COUNT):
        field = rng.normal(size=(480, 480))
        sine = -ctf_grid(torch.from_numpy(DEFOCUS[n]), OPTICS, (480, 480)).numpy()
        boxes.append(np.fft.irfft2(sine * np.fft.rfft2(field), s=(480, 480))[100 : 100 + BOX, 200 : 200 + BOX])
    found = load_images(table(tmp_path, np.stack(boxes), "multiplied"), Band(size=BOX))
    power, square = found.values.abs() ** 2 / BOX**2, found.transfer**2
    for low, high in ((0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 1.1)):
        inside = (square >= low) & (square < high)
        assert float(power[inside].mean()) == pytest.approx(1.0, abs=0.25)
    assert float(power.mean()) == pytest.approx(1.0, abs=0.05)


def test_what_was_wiener_filtered_is_refused(tmp_path: Path, recorded: np.ndarray):
    with pytest.raises(InputError, match="these were Wiener-filtered, which cannot be undone"):
        load_images(table(tmp_path, recorded, "wiener"), Band(size=BOX))
