"""Local refinement: planted poses come back, and as near as the covariance says; images are inserted with their weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import insert_images, refine_candidates, refine_poses
from vitreous.numerics.disc import disc
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.slices import Insertion, half_ball, slices
from vitreous.numerics.symmetry import symmetry

SIZE, COUNT, RADIUS = 24, 150, 8


@pytest.fixture(scope="module")
def problem():
    """Images of blobs with noise: what it takes, the ball, and the true poses."""
    generator = torch.Generator().manual_seed(3)
    line = (torch.arange(SIZE) - SIZE // 2).double()
    centres = (torch.rand(10, 3, generator=generator, dtype=torch.float64) - 0.5) * 10
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / 5) for i in range(3)]
    ball, d = half_ball(torch.einsum("px,py,pz->zyx", *axes).float(), RADIUS), disc(SIZE)
    rotation, shift = random_rotations(COUNT, generator), torch.randn(COUNT, 2, generator=generator, dtype=torch.float64)
    k = d.within(RADIUS)
    transfer = -torch.cos(0.01 * torch.arange(len(d))).expand(COUNT, -1).contiguous()
    values = torch.view_as_complex(torch.randn(COUNT, len(d), 2, generator=generator)) * 8.0
    values[:, :k] += transfer[:, :k] * d.shift_phases(shift)[:, :k] * slices(ball, rotation, d, k)
    images = FourierImages(d, 1.0, values, transfer, torch.zeros(COUNT, dtype=torch.int64))
    return images, NoiseSpectra(torch.full((1, d.radius + 1), 64.0, dtype=torch.float64)), ball, rotation, shift


def nudged(rotation: torch.Tensor, degrees: float) -> torch.Tensor:
    axis = torch.randn(len(rotation), 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    axis = axis / axis.norm(dim=1, keepdim=True)
    return exponential(torch.deg2rad(torch.tensor(degrees, dtype=torch.float64)) * axis) @ rotation


def test_planted_poses_are_found_as_near_as_the_covariance_says(problem):
    images, noise, ball, rotation, shift = problem
    start = nudged(rotation, 4.0)
    found = refine_poses(images, noise, ball, start, shift + 0.5, radius=RADIUS)
    assert torch.equal(start, nudged(rotation, 4.0)), "the start is not changed"
    assert float(geodesic_deg(found.rotation, rotation).median()) < 1.5
    turned = found.rotation @ rotation.mT
    vector = 0.5 * torch.stack(
        [turned[:, 2, 1] - turned[:, 1, 2], turned[:, 0, 2] - turned[:, 2, 0], turned[:, 1, 0] - turned[:, 0, 1]], -1
    )
    off = torch.cat([vector, found.shift - shift], 1)
    share = torch.einsum("ni,nij,nj->n", off, torch.linalg.inv(found.covariance), off) / 5
    # χ² of 5 over 5: median 0.87; its mean is left to outliers.
    assert 0.6 < float(share.median()) < 1.3
    # Σ |d|² / σ² of K complex numbers is 2 K less five parameters.
    assert float(found.misfit.mean()) == pytest.approx(2 * images.disc.within(RADIUS) - 5, rel=0.03)


def test_truth_is_kept(problem):
    images, noise, ball, rotation, shift = problem
    before = refine_poses(images, noise, ball, rotation, shift, radius=RADIUS, steps=0)
    torch.testing.assert_close(before.rotation, rotation)
    after = refine_poses(images, noise, ball, rotation, shift, radius=RADIUS)
    assert (after.misfit <= before.misfit + 1e-6).all()
    assert float(geodesic_deg(after.rotation, rotation).max()) < 8


def test_the_best_of_several_starts_is_kept(problem):
    images, noise, ball, rotation, shift = problem
    far = nudged(rotation, 60.0)
    starts, weights = torch.stack([far, nudged(rotation, 3.0)], 1), torch.tensor([[0.3, 0.7]]).expand(len(images), 2)
    polished = refine_candidates(
        images, noise, ball, starts, shift[:, None].expand(-1, 2, -1), weights, radius=RADIUS, group=symmetry("C1")
    )
    found = polished.best
    alone = refine_poses(images, noise, ball, far, shift, radius=RADIUS, steps=8, largest_turn_deg=10.0)
    assert (found.misfit <= alone.misfit + 1e-6).all()
    assert float(geodesic_deg(found.rotation, rotation).median()) < 1.5
    assert float(geodesic_deg(alone.rotation, rotation).median()) > 10, "control: the far start alone does not do"
    assert float(polished.agreement.median()) == pytest.approx(0.7), "the far start came to another place"


def test_insertion_is_the_sum_of_weighted_slices(problem):
    """Σ c X / σ², Σ c² / σ² with the shift undone; an image of weight 2 is that image twice."""
    images, noise, _, rotation, shift = problem
    some = images.take(torch.arange(6))
    found = insert_images(some, noise, rotation[:6], shift[:6], radius=RADIUS).total()
    k, sums = images.disc.within(RADIUS), Insertion(SIZE, RADIUS)
    c = some.transfer[:, :k]
    sums.add(rotation[:6], some.values[:, :k] * images.disc.shift_phases(-shift[:6])[:, :k] * c / 64, c**2 / 64, images.disc)
    for a, b in zip(found, sums.total()):
        torch.testing.assert_close(a, b, atol=1e-4 * float(b.abs().max()), rtol=0)
    weight = torch.tensor([2.0, 1, 0, 1, 1, 1])
    weighed = insert_images(some, noise, rotation[:6], shift[:6], radius=RADIUS, weight=weight).total()
    rows = torch.tensor([0, 0, 1, 3, 4, 5])
    twice = insert_images(images.take(rows), noise, rotation[rows], shift[rows], radius=RADIUS).total()
    for a, b in zip(weighed, twice):
        torch.testing.assert_close(a, b, atol=1e-4 * float(b.abs().max()), rtol=0)


def test_noise_groups_weigh_images(problem):
    images, noise, _, rotation, shift = problem
    two = NoiseSpectra(torch.cat([noise.variance, 4 * noise.variance]))
    some = replace(images.take(torch.arange(2)), group=torch.tensor([0, 1]))
    _, heavy = insert_images(some, two, rotation[:2], shift[:2], radius=RADIUS).total()
    _, alone = insert_images(images.take(torch.arange(1)), noise, rotation[:1], shift[:1], radius=RADIUS).total()
    assert float(heavy.sum() / alone.sum()) == pytest.approx(1.25, rel=0.02)
