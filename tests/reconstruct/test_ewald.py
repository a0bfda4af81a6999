"""Thick objects from images whose atoms each have their own defocus: flat slices fail where they must, bent ones do not."""

from __future__ import annotations

import math
from functools import lru_cache

import pytest
import torch
from thick_cloud import OPTICS, clean, cloud, known, with_noise

from vitreous.numerics.bent_slices import BentInsertion
from vitreous.numerics.disc import disc
from vitreous.numerics.filters import soft_disc
from vitreous.physics.ewald import thickness_limit
from vitreous.physics.wavelength import wavelength
from vitreous.reconstruct.ewald import better_curvature
from vitreous.reconstruct.fourier import map_correlation, solve
from vitreous.reconstruct.known_poses import insert_block, lenses
from vitreous.simulate.specimens import density_map

SIZE, COUNT = 64, 240
DIAMETER = 0.75 * SIZE * OPTICS.pixel_size
MASK = soft_disc((SIZE,) * 3, 0.45 * SIZE, 3.2)


@lru_cache(maxsize=1)
def thick_set():
    """Images with the beam towards +z, their particles and the truth."""
    truth = density_map(cloud(DIAMETER, 150), SIZE, OPTICS.pixel_size).values
    return with_noise(clean(DIAMETER, 150, COUNT, SIZE, 1), 0.5), known(COUNT), truth


@lru_cache(maxsize=3)
def curves(beam: int) -> tuple[torch.Tensor, torch.Tensor]:
    """FSC with the truth, and of the half-maps."""
    seen, particles, truth = thick_set()
    d = disc(SIZE)
    sums = []
    for half in (0, 1):
        rows = torch.arange(half, COUNT, 2)
        own = particles.take(rows.numpy())
        one = BentInsertion(SIZE, d.radius)
        insert_block(one, seen[rows], own, lenses(own, d, DIAMETER), torch.ones(len(rows), d.radius + 1), beam=beam)
        sums.append(one.total())
    whole = tuple(a + b for a, b in zip(*sums))
    maps = [solve(*each, SIZE, ssnr=None, radius=d.radius, voxel_size=OPTICS.pixel_size) for each in (*sums, whole)]
    return map_correlation(maps[2], truth, MASK), map_correlation(maps[0], maps[1], MASK)


def shell_at(resolution: float) -> int:
    return round(SIZE * OPTICS.pixel_size / resolution)


def test_flat_slices_fail_at_the_thickness_limit_and_bent_ones_reach_nyquist() -> None:
    """To λ t k² = 0.7 nothing is lost; at 1.4 flat slices begin to fall, then to below 0.7; the right sphere stays above 0.9."""
    limit = thickness_limit(DIAMETER, wavelength(OPTICS.voltage))
    flat, right = curves(0)[0], curves(1)[0]
    coarse, edge, last = shell_at(limit * math.sqrt(2)), shell_at(limit), SIZE // 2 - 1
    assert 20 < edge < last
    assert float(flat[1:coarse].min()) > 0.97
    assert float(flat[edge]) < float(right[edge]) - 0.03
    assert float(flat[last - 2 : last].max()) < 0.7
    assert float(right[1:last].min()) > 0.9


def test_the_wrong_curvature_is_worse_than_none() -> None:
    wrong, flat, right = (curves(beam)[0] for beam in (-1, 0, 1))
    band = slice(shell_at(1.1), SIZE // 2)
    assert float(wrong[band].mean()) < float(flat[band].mean()) - 0.2
    assert float(flat[band].mean()) < float(right[band].mean()) - 0.1


def test_half_maps_tell_the_curvature() -> None:
    share = float(MASK.mean())
    found = better_curvature(curves(1)[1], curves(-1)[1], share)
    assert found.beam == 1
    assert found.z_score > 10
    assert found.confidence == pytest.approx(1.0)
    swapped = better_curvature(curves(-1)[1], curves(1)[1], share)
    assert (swapped.beam, swapped.z_score) == (-1, found.z_score)


def test_curves_that_say_nothing_give_no_confidence() -> None:
    """Two independent curves of noise: |z| beyond 3 must be as rare as it says, here 200 draws without one beyond 3.5."""
    generator = torch.Generator().manual_seed(6)
    shells = torch.arange(33.0)
    deviation = 1 / (2 * 2 * math.pi * shells.clamp_min(1) ** 2).sqrt()

    def noise() -> torch.Tensor:
        return 0.1 + deviation * torch.randn(33, generator=generator)

    draws = [better_curvature(noise(), noise(), 1.0) for _ in range(200)]
    z = torch.tensor([each.z_score for each in draws])
    assert float(z.max()) < 3.5
    assert float(z.square().mean()) == pytest.approx(1.0, abs=0.35)
    assert 0.5 <= min(each.confidence for each in draws) < 0.6
