"""Einstein from noise: the picture grows as the law says, and not at all where halves have starts of their own."""

from __future__ import annotations

import pytest
import torch

from vitreous.errors import InputError
from vitreous.stages.controls.from_noise import aligned, from_noise


def picture() -> torch.Tensor:
    """A ring with two eyes."""
    line = torch.arange(24) - 12.0
    x, y = torch.meshgrid(line, line, indexing="xy")
    ring = ((x**2 + y**2).sqrt() - 9).abs() < 1.5
    eyes = ((x.abs() - 4) ** 2 + (y + 3) ** 2) < 3
    return (ring | eyes).double()


def test_the_picture_grows_from_noise_as_the_law_says(generator: torch.Generator) -> None:
    found = from_noise(picture(), (16, 64, 256), generator)
    # Pictures of a few hundred pixels: correlations scatter by 1 / √575 = 0.04.
    torch.testing.assert_close(found.correlation, found.expected, atol=0.1, rtol=0)
    # Four times the images, twice the correlation, while it is small; here it begins to near 1.
    assert 1.5 < float(found.correlation[1] / found.correlation[0]) < 2.1
    assert float(found.correlation[2]) > 0.85


def test_independent_halves_do_not_agree(generator: torch.Generator) -> None:
    found = from_noise(picture(), (256,), generator)
    assert float(found.shared[0]) > 0.5
    assert abs(float(found.apart[0])) < 0.2


def test_alignment_finds_a_planted_move() -> None:
    shown = picture().roll((5, -3), (0, 1))
    moved, best = aligned(shown[None], picture())
    torch.testing.assert_close(moved[0], picture())
    assert float(best[0]) > 0


def test_odd_counts_are_refused(generator: torch.Generator) -> None:
    with pytest.raises(InputError, match="counts must be even and at least 2"):
        from_noise(picture(), (3,), generator)
