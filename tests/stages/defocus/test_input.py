"""Bad input is refused with the rule and a way out; arguments are left alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.defocus import CtfParams, estimate_ctf

OPTICS = Optics(pixel_size=1.5)
NOISE = np.random.default_rng(0).standard_normal((600, 600)).astype(np.float32)


def with_nan() -> np.ndarray:
    image = NOISE.copy()
    image[3, 4] = np.nan
    return image


@pytest.mark.parametrize(("image", "why"), [
    (np.zeros((600, 600)), "the value 0 in every pixel"), (np.full((600, 600), 7.0), "the value 7 in every pixel"),
    (with_nan(), "finite in every pixel; got 1 that"), (NOISE[:40, :40], "at least 64 pixels"), (NOISE[:100], "256 Å"),
    (NOISE[None], r"two-dimensional"), (NOISE.astype(complex), "real")])  # fmt: skip
def test_images_that_cannot_be_used(image: np.ndarray, why: str) -> None:
    with pytest.raises(InputError, match=why):
        estimate_ctf(image, OPTICS)


def test_pixels_too_coarse_for_rings() -> None:
    with pytest.raises(InputError, match="pixel_size must be below 7"):
        estimate_ctf(NOISE, Optics(pixel_size=8.0))


@pytest.mark.parametrize(("change", "why"), [
    ({"coarsest": 5.0}, "coarsest"), ({"finest": 0.5}, "finest"), ({"defocus_least": 6e4}, "defocus_least"),
    ({"astigmatism_most": -1.0}, "astigmatism_most"), ({"astigmatism_expected": 0.0}, "astigmatism_expected"),
    ({"tile": 50.0}, "tile")])  # fmt: skip
def test_parameters_out_of_range(change: dict[str, float], why: str) -> None:
    with pytest.raises(InputError, match=f"{why} must be"):
        CtfParams(**change)


def test_numpy_and_torch_of_any_real_kind_give_the_same_and_may_be_read_only(micrograph) -> None:
    counts = micrograph(600, 1.5, 15_000, 14_600, 40.0, 3).astype(np.int16)
    before = counts.copy()
    tensor = torch.from_numpy(counts.astype(np.float32))
    counts.setflags(write=False)
    first, second = estimate_ctf(counts, OPTICS), estimate_ctf(tensor, OPTICS)
    assert first.defocus == second.defocus
    assert (counts == before).all()
    assert torch.equal(tensor, torch.from_numpy(before.astype(np.float32)))
