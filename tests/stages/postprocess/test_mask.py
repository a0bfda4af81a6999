from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from known_maps import hollow_shell, noisy, ribosome

from vitreous.data.volume import Volume
from vitreous.numerics.filters import radius
from vitreous.reconstruct.support import pieces, soften
from vitreous.stages.postprocess import solvent_mask
from vitreous.stages.postprocess.mask import within_box


def held(mask: torch.Tensor, signal: Volume) -> float:
    """Share of a map's energy that a mask lets through."""
    return float((mask * signal.values).square().sum() / signal.values.square().sum())


@pytest.mark.parametrize("ratio", [0.1, 2.0, 12.0])
def test_it_holds_the_particle_and_little_more(ratio: float, halves) -> None:
    made = solvent_mask(*halves(ratio))
    assert made.found
    assert held(made.values, ribosome(64, 3.0, 200.0)) > 0.985
    assert made.fraction < 0.24
    assert made.threshold > 3.9 * made.noise


def test_a_hollow_shell_stays_hollow(generator: torch.Generator) -> None:
    shell = hollow_shell(80, 2.5, 40.0, 62.0)
    made = solvent_mask(*noisy(shell, 0.2, generator))
    distance = radius((80,) * 3) * 2.5
    assert made.values[(distance > 41) & (distance < 61)].min() > 0.98
    assert made.values[distance < 18].max() == 0
    assert made.values[distance > 62 + made.extension + made.edge + 6].max() == 0


def test_noise_gets_a_ball_and_is_told(generator: torch.Generator) -> None:
    made = solvent_mask(*(Volume(torch.randn(48, 48, 48, generator=generator), 3.0) for _ in range(2)))
    assert not made.found
    assert made.fraction == pytest.approx(4 / 3 * math.pi * 0.34**3, rel=0.2)
    assert "nothing stands out" in made.reason


def test_a_particle_that_fills_the_box_is_cut_before_the_border(generator: torch.Generator) -> None:
    made = solvent_mask(*noisy(hollow_shell(48, 3.0, 0.0, 70.0), 1.0, generator))
    for axis in range(3):
        assert float(made.values.movedim(axis, 0)[0].max()) == 0
        assert float(made.values.movedim(axis, 0)[-1].max()) == 0


def test_dark_particles_are_found_and_told(halves) -> None:
    a, b = halves(1.0)
    bright, dark = solvent_mask(a, b), solvent_mask(Volume(-a.values, 3.0), Volume(-b.values, 3.0))
    assert dark.inverted
    assert not bright.inverted
    assert torch.allclose(bright.values, dark.values)


def test_neither_scale_nor_offset_matters(halves) -> None:
    a, b = halves(1.0)
    plain = solvent_mask(a, b)
    changed = solvent_mask(Volume(40 * a.values + 3, 3.0), Volume(40 * b.values + 3, 3.0))
    assert torch.allclose(plain.values, changed.values, atol=1e-3)


def test_halves_that_are_zero_outside_a_ball_are_masked_alike(halves) -> None:
    a, b = halves(2.0)
    ball = (radius((64,) * 3) < 26).float()
    plain, cut = solvent_mask(a, b), solvent_mask(Volume(a.values * ball, 3.0), Volume(b.values * ball, 3.0))
    assert float((plain.values - cut.values).abs().mean()) < 0.02


def test_specks_go_and_small_holes_are_filled() -> None:
    inside = np.zeros((30, 30, 30), bool)
    inside[5:20, 5:20, 5:20] = True
    inside[10:12, 10:12, 10:12] = False
    inside[26:28, 26:28, 26:28] = True
    left = pieces(inside)
    assert left[11, 11, 11]
    assert not left[27, 27, 27]
    assert left.sum() == 15**3
    hollow = inside.copy()
    hollow[7:18, 7:18, 7:18] = False
    assert not pieces(hollow)[12, 12, 12]


@settings(max_examples=8, deadline=None)
@given(size=st.integers(24, 33), extension=st.floats(0, 3), edge=st.floats(2, 6))
def test_the_edge_is_a_cosine_of_the_distance(size: int, extension: float, edge: float) -> None:
    inside = np.zeros((size,) * 3, bool)
    middle = size // 2
    inside[middle, middle, middle] = True
    mask = soften(inside, extension, edge)
    assert mask.shape == inside.shape
    for step in range(middle):
        t = min(max((step - extension) / edge, 0.0), 1.0)
        assert float(mask[middle, middle, middle + min(step, size - middle - 1)]) == pytest.approx(
            0.5 + 0.5 * math.cos(math.pi * t), abs=1e-5) or step >= size - middle  # fmt: skip


def test_the_border_is_free_for_odd_and_even_boxes() -> None:
    for size in (24, 25):
        cut = within_box(torch.ones(size, size, size))
        assert float(cut[0].max()) == 0
        assert float(cut[-1].max()) == 0
        assert float(cut[size // 2, size // 2, size // 2]) == 1
