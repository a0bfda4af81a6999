"""Blur along one axis, a missing wedge, and ice of two thicknesses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.numerics.bands import Band
from vitreous.numerics.fourier import axis_frequencies, irfftn, rfftn
from vitreous.stages.local_resolution import monodir, monotomo
from vitreous.stages.local_resolution.monotomo import measured

VOXEL = 1.6


def halves(shape: tuple[int, int, int], gain: Tensor, noise: Tensor, generator: Generator, kept: Tensor) -> list[Volume]:
    """Atoms everywhere, blurred by ``gain``, with white noise of so many times 1/50 of their power."""
    atoms = torch.poisson(torch.full(shape, 0.2), generator=generator)
    maps = ((rfftn(atoms) * gain + rfftn(noise * math.sqrt(0.2 / 50) * torch.randn(shape, generator=generator))) * kept for _ in range(2))
    return [Volume(irfftn(each, shape), VOXEL) for each in maps]


def frequencies(shape: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    z, y, x = (axis_frequencies(n, VOXEL, half=axis == 2) for axis, n in enumerate(shape))
    return x, y[:, None], z[:, None, None]


ONE = torch.ones(())


@pytest.mark.costly
def test_the_axis_of_a_blur_is_found_within_ten_degrees(generator: Generator) -> None:
    shape, unit = (36, 36, 36), torch.tensor([1.0, 2.0, 2.0]) / 3
    along = sum(float(u) * k for u, k in zip(unit, frequencies(shape)))
    square = sum(k**2 for k in frequencies(shape))
    first, second = halves(shape, torch.exp(-(30 * square + 270 * along**2) / 4), ONE, generator, ONE)
    found = monodir(first, second, torch.ones(shape), finest=3.6, coarsest=8.0)
    resolution, axes = found.axes()
    assert math.degrees(math.acos(min(1.0, abs(float(axes[:, 2].float() @ unit))))) < 10
    # Noise alone decides beyond: B = 300 along the axis is 5.1 Å (as the phantom of two resolutions), B = 30 across it is below the levels.
    assert float(resolution[2]) > 1.25 * float(resolution[1])
    assert bool(torch.isfinite(found.radial).all() & torch.isfinite(found.tangential).all())


@pytest.mark.long
def test_blur_across_the_radius_is_told_from_blur_along_it() -> None:
    """An object blurred along x: at places out along x the radius is the worse, at places out along z it is the better."""
    shape = (36, 36, 36)
    x, y, z = frequencies(shape)
    first, second = halves(shape, torch.exp(-(30 * (y**2 + z**2) + 300 * x**2) / 4), ONE, Generator().manual_seed(1), ONE)
    found = monodir(first, second, torch.ones(shape), finest=3.6, coarsest=8.0)
    excess = found.radial.log() - found.tangential.log()
    assert float(excess[14:22, 14:22, :6].mean()) > 0.1
    assert float(excess[:6, 14:22, 14:22].mean()) < 0


def test_the_wedge_is_where_nothing_is_resolved(generator: Generator) -> None:
    """Tilts to 60° about y leave a wedge about z, and nothing of a cone of 30° about z; x and y are alike."""
    shape = (32, 48, 48)
    x, y, z = frequencies(shape)
    kept = (z.abs() <= math.tan(math.radians(60)) * x.abs() + 1e-12).float()
    first, second = halves(shape, torch.exp(-150 * (x**2 + y**2 + z**2) / 4), ONE, generator, kept)
    along = monotomo(first, second, torch.ones(shape), finest=3.6, coarsest=9.0).along
    assert along[2] == pytest.approx(9.0, rel=1e-5)
    assert max(along[:2]) < 6.5
    assert along[0] == pytest.approx(along[1], rel=0.1)
    everything = monotomo(first, second, torch.ones(shape), highest_tilt=90.0, finest=3.6, coarsest=9.0)
    assert everything.local.method == "monotomo"


def test_thick_ice_gives_no_more_false_places_than_thin(generator: Generator) -> None:
    """Noise alone, three times as strong in one half of the tomogram as in the other."""
    shape = (32, 32, 96)
    strength = torch.where(torch.arange(96) < 48, 1.0, 3.0)
    first, second = halves(shape, torch.zeros(()), strength, generator, ONE)
    values = monotomo(first, second, torch.ones(shape), highest_tilt=90.0, finest=3.6, coarsest=6.0).local.values
    # Away from the two seams, which windows of noise straddle.
    thin, thick = (float((values[..., part] < 5.9).double().mean()) for part in (slice(16, 32), slice(64, 80)))
    assert max(thin, thick) < 0.2


def test_tilts_must_be_some() -> None:
    volume = Volume(torch.randn(32, 32, 32), VOXEL)
    for tilt in (0.0, 91.0):
        with pytest.raises(InputError, match="highest_tilt must be above 0"):
            monotomo(volume, volume, torch.ones(32, 32, 32), highest_tilt=tilt)
    assert float(measured(90.0)(Band((32, 32, 32), VOXEL, 5.0, 0.2)).min()) == 1.0
