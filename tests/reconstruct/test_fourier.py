"""Reconstruction: the closed-form ridge where slices fall on the grid, known maps where they do not."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest
import torch

from vitreous.numerics.disc import disc
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.slices import PAD, Insertion, ball_shells, half_ball, slices, volume_of
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import (
    ball_margin_of,
    last_shell_above,
    map_correlation,
    shell_density,
    solve,
    ssnr_from_fsc,
)

SIGMA = 2.0


def blobs(size: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    centres = (torch.rand(12, 3, generator=generator, dtype=torch.float64) - 0.5) * size * 0.5
    line = torch.arange(size) - size // 2
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / (2 * SIGMA**2)) for i in range(3)]
    return torch.einsum("px,py,pz->zyx", *axes).float(), centres


def views(centres: torch.Tensor, rotations: torch.Tensor, size: int) -> torch.Tensor:
    """Transforms of the blobs' projections in closed form, complex64 ``(b, K)``."""
    d = disc(size)
    kx, ky = d.kx.double() / size, d.ky.double() / size
    where = torch.einsum("bij,pj->bpi", rotations, centres)
    angle = -2 * math.pi * (where[..., 0, None] * kx + where[..., 1, None] * ky)
    height = (2 * math.pi * SIGMA**2) ** 1.5 * torch.exp(-2 * math.pi**2 * SIGMA**2 * (kx**2 + ky**2))
    return (torch.polar(torch.ones_like(angle), angle).sum(1) * height).to(torch.complex64)


def inserted(values: torch.Tensor, weights: torch.Tensor, rotations: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    sums = Insertion(size, disc(size).radius)
    sums.add(rotations, values * weights, weights, disc(size))
    return sums.total()


@pytest.mark.parametrize("size", [12, 13])
@pytest.mark.parametrize("ratio", [None, 2.0, 0.1])
def test_known_poses_give_the_ridge_solution(size: int, ratio: float | None, generator: torch.Generator):
    """Octahedral views put every point on a node of the grid: V = Σ c X / σ² / (Σ c² / σ² + 1 / τ²), node by node, by dictionary."""
    d, rotations = disc(size), symmetry("O").matrices[:7]
    data = torch.view_as_complex(torch.randn(7, len(d), 2, generator=generator))
    c, inverse = torch.randn(7, len(d), generator=generator), 0.5 + torch.rand(7, len(d), generator=generator)
    sums = Insertion(size, d.radius)
    sums.add(rotations, data * c * inverse, c**2 * inverse, d)
    ssnr = None if ratio is None else torch.full((d.radius + 1,), ratio, dtype=torch.float64)
    numerator, denominator = sums.total()
    found = solve(numerator, denominator, size, ssnr=ssnr, radius=d.radius, voxel_size=1.5)

    top, bottom = defaultdict(complex), defaultdict(float)
    for b, rotation in enumerate(rotations):
        for k in range(len(d)):
            flat = torch.stack([d.kx[k], d.ky[k], torch.tensor(0.0)]).double()
            x, y, z = (int(v) for v in (PAD * rotation.T @ flat).round())
            value, weight = complex(data[b, k] * c[b, k] * inverse[b, k]), float(c[b, k] ** 2 * inverse[b, k])
            for at, v in (((z, y, x), value), ((-z, -y, -x), value.conjugate())):
                top[at] += v
                bottom[at] += weight
    m = ball_margin_of(denominator)
    shells = ball_shells(m)
    count = torch.bincount(shells.flatten())
    density = torch.zeros(len(count), dtype=torch.float64)
    for (z, y, x), weight in bottom.items():
        if x >= 0:
            density[shells[z + m, y + m, x]] += weight
    density /= count
    ridge = torch.zeros(2 * m + 1, 2 * m + 1, m + 1, dtype=torch.complex64)
    for (z, y, x), value in top.items():
        if x >= 0:
            shell = int(shells[z + m, y + m, x])
            prior = float(density[shell]) * (0.01 if ratio is None else 1 / ratio)
            ridge[z + m, y + m, x] = value / (bottom[z, y, x] + prior)
    known = volume_of(ridge, size, scale=1.5)
    assert float((found - known).abs().max()) < 1e-4 * float(known.abs().max())


@pytest.mark.parametrize("size", [32, 33])
def test_many_views_give_back_the_map(size: int, generator: torch.Generator):
    """Against the map itself, in scale and place: interpolation leaves 4 % of objects that fill half the box. Slices have no mean."""
    values, centres = blobs(size, generator)
    rotations = random_rotations(1500, generator)
    seen = views(centres, rotations, size) * 1.7
    found = solve(*inserted(seen, torch.ones(seen.shape), rotations, size), size, ssnr=None, radius=disc(size).radius, voxel_size=1.7)
    off = found - values
    assert float((off - off.mean()).norm() / values.norm()) < 0.06
    fsc = map_correlation(found, values)
    assert float(fsc[1 : size // 4].min()) > 0.99
    inner = (slice(size // 4, -size // 4),) * 3
    level = values[inner] - values[inner].mean()
    assert float((found[inner] * level).sum() / (level**2).sum()) == pytest.approx(1.0, abs=0.03)


def test_a_point_comes_back_as_a_point(generator: torch.Generator):
    """All coefficients 1: a point at the origin, as sharp as the band allows and round."""
    size, rotations = 32, random_rotations(1500, generator)
    d = disc(size)
    ones = torch.ones(1500, len(d))
    found = solve(*inserted(ones.to(torch.complex64), ones, rotations, size), size, ssnr=None, radius=d.radius, voxel_size=1.0)
    assert int(found.argmax()) == (16 * 32 + 16) * 32 + 16
    # Coefficients of a ball of radius 15.5 over the number of voxels; zero frequency and a floor of 1 % are missing.
    assert float(found.max()) == pytest.approx(4 / 3 * math.pi * 15.5**3 / 32**3, rel=0.05)
    around = torch.stack([found[16, 16, 18], found[16, 18, 16], found[18, 16, 16], found[14, 16, 16]])
    assert float(around.std()) < 0.02 * float(found.max())


def test_prior_shrinks_towards_zero(generator: torch.Generator):
    """Where the weight of a shell is even, a ratio of 1 halves its amplitude; ratios to 0 leave nothing, to ∞ the data."""
    size, rotations = 32, random_rotations(1500, generator)
    d, (_, centres) = disc(size), blobs(size, generator)
    sums = inserted(views(centres, rotations, size), torch.ones(1500, len(d)), rotations, size)

    def power(ssnr: float) -> float:
        curve = torch.full((d.radius + 1,), ssnr, dtype=torch.float64)
        return float(solve(*sums, size, ssnr=curve, radius=d.radius, voxel_size=1.0).norm())

    whole = power(1e6)
    assert power(1.0) / whole == pytest.approx(0.5, abs=0.05)
    assert power(0.25) / whole == pytest.approx(0.2, abs=0.04)
    assert power(1e-4) / whole < 1e-3
    assert power(100.0) / whole == pytest.approx(1.0, abs=0.02)


def test_common_weights_cancel(generator: torch.Generator):
    size, rotations = 16, random_rotations(200, generator)
    d, (_, centres) = disc(size), blobs(size, generator)
    seen, ssnr = views(centres, rotations, size), torch.full((d.radius + 1,), 3.0, dtype=torch.float64)
    one, many = (
        solve(*inserted(seen, torch.full(seen.shape, w), rotations, size), size, ssnr=ssnr, radius=d.radius, voxel_size=1.0)
        for w in (1.0, 1e-4)
    )
    assert float((one - many).abs().max()) < 1e-4 * float(one.abs().max())


def test_better_images_count_more(generator: torch.Generator):
    """With right weights, images of noise 1 and 5 together beat the good ones alone and equal weights."""
    size, n = 24, 800
    d, rotations = disc(size), random_rotations(n, generator)
    values, centres = blobs(size, generator)
    deviation = torch.where(torch.arange(n) % 2 == 0, 30.0, 90.0)[:, None]
    noise = torch.view_as_complex(torch.randn(n, len(d), 2, generator=generator)) * deviation
    seen = views(centres, rotations, size) + noise

    def error(weight: torch.Tensor) -> float:
        sums = inserted(seen, weight.expand(n, len(d)).contiguous(), rotations, size)
        found = solve(*sums, size, ssnr=None, radius=d.radius, voxel_size=1.0)
        return float(1 - map_correlation(found, values)[3:7].mean())

    right, even, good = error(deviation**-2), error(torch.ones(n, 1)), error((deviation < 50).float() + 1e-6)
    assert right < even
    assert right < good


def test_shells_beyond_the_radius_are_empty(generator: torch.Generator):
    size, rotations = 24, random_rotations(300, generator)
    _, centres = blobs(size, generator)
    seen = views(centres, rotations, size)
    found = solve(*inserted(seen, torch.ones(seen.shape), rotations, size), size, ssnr=None, radius=5, voxel_size=1.0)
    d = disc(size)
    spectrum = slices(half_ball(found, d.radius), random_rotations(3, generator), d)
    inside, outside = spectrum[:, d.shell <= 4].abs().mean(), spectrum[:, d.shell >= 9].abs().mean()
    assert float(outside) < 0.01 * float(inside)


def test_shell_density_is_a_mean():
    denominator = torch.rand(2 * 8 + 1, 2 * 8 + 1, 9, generator=torch.Generator().manual_seed(0))
    shells = ball_shells(8)
    known = [float(denominator[shells == s].mean()) for s in range(4)]
    assert shell_density(denominator, 3).tolist() == pytest.approx(known, rel=1e-5)


def test_signal_to_noise_of_known_correlations():
    fsc = torch.tensor([1 / 3, 0.5, 1 / 7], dtype=torch.float64)
    assert ssnr_from_fsc(fsc).tolist() == pytest.approx([0.5, 1, 1 / 6])
    assert ssnr_from_fsc(fsc, halves=2).tolist() == pytest.approx([1, 2, 1 / 3])
    ends = ssnr_from_fsc(torch.tensor([-0.3, 1.0]))
    assert 0 < float(ends[0]) < 2e-4
    assert 1e3 < float(ends[1]) < 1e4


def test_expected_correlation_of_halves(generator: torch.Generator):
    """Maps S + N₁, S + N₂ of ratio 1 correlate to 1/2, and the formula inverts it."""
    signal, *noise = torch.randn(3, 40, 40, 40, generator=generator)
    fsc = map_correlation(signal + noise[0], signal + noise[1])
    assert float(fsc[8:].mean()) == pytest.approx(0.5, abs=0.02)
    assert float(ssnr_from_fsc(fsc[8:].mean())) == pytest.approx(1.0, abs=0.1)
    mask = torch.zeros(40, 40, 40)
    mask[10:30, 10:30, 10:30] = 1
    other = torch.where(mask > 0, signal, noise[0])
    assert float(map_correlation(signal, other, mask).min()) > 0.999
    assert float(map_correlation(signal, other)[8:].max()) < 0.5


def test_last_shell_above():
    assert last_shell_above(torch.tensor([0.0, 0.9, 0.8, 0.1, 0.9]), 0.5) == 2
    assert last_shell_above(torch.tensor([1.0, 0.9, 0.8]), 0.5) == 2
    assert last_shell_above(torch.tensor([1.0, 0.1, 0.8]), 0.5) == 1
