"""One pass of expectation-maximisation: its half balls are the slices' posterior sums inserted, over the group."""

from __future__ import annotations

import torch

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_search import Grid, search
from vitreous.inference.soft_em import soft_pass
from vitreous.numerics.disc import disc
from vitreous.numerics.slices import Insertion, half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import map_correlation, solve

SIZE, RADIUS, PIXEL = 20, 6, 3.0


def test_a_pass_from_a_rough_start_comes_nearer_to_the_map(generator: torch.Generator):
    group = symmetry("D2")
    one = (torch.rand(6, 3, generator=generator, dtype=torch.float64) - 0.3) * 8
    centres = (group.matrices @ one.T).mT.reshape(-1, 3)
    line = (torch.arange(SIZE) - SIZE // 2).double()
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / 3) for i in range(3)]
    volume = torch.einsum("px,py,pz->zyx", *axes).float()
    d, count = disc(SIZE), 400
    grid = orientations(15.0, group)
    pick = torch.randint(len(grid), (count,), generator=generator)
    shifts = shift_disc(1.0, 1.0)
    move = shifts[torch.randint(len(shifts), (count,), generator=generator)]
    clean = slices(half_ball(volume, d.radius, scale=PIXEL), grid[pick], d) * d.shift_phases(move)
    deviation = 2.0 * float(clean[:, : d.within(RADIUS)].abs().mean())
    values = clean + deviation * torch.view_as_complex(torch.randn(count, len(d), 2, generator=generator))
    images = FourierImages(d, PIXEL, values, torch.ones(count, len(d)), torch.zeros(count, dtype=torch.int64))
    noise = NoiseSpectra(torch.full((1, d.radius + 1), deviation**2, dtype=torch.float64))
    rough = volume + 0.5 * volume.std() * torch.randn(volume.shape, generator=generator)
    options = {"centres": torch.zeros(count, 2, dtype=torch.float64), "radius": RADIUS, "symmetry": group}
    done = soft_pass(images, noise, rough, grid, shifts, **options)

    k = d.within(RADIUS)
    planes = slices(half_ball(rough, RADIUS, scale=PIXEL), grid, d, k)
    found = search(images, noise, Grid(planes, shifts), centres=options["centres"])
    sums = Insertion(SIZE, RADIUS)
    sums.add(grid, found.weighted_images, found.weighted_transfer, d)
    for a, b in zip((done.numerator, done.denominator), sums.total(group.matrices)):
        torch.testing.assert_close(a, b, atol=1e-4 * float(b.abs().max()), rtol=0)
    nearer = solve(done.numerator, done.denominator, SIZE, ssnr=None, radius=RADIUS, voxel_size=PIXEL)
    before, after = (float(map_correlation(v, volume)[2 : RADIUS + 1].mean()) for v in (rough, nearer))
    assert after > max(0.9, before + 0.02)
    # A rough reference leaves something over, but never less than the noise.
    assert len(done.noise_factor) == RADIUS + 1
    assert 0.95 < float(done.noise_factor.mean()) < 1.3
