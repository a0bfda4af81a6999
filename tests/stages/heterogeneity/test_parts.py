"""The parts of a classification against brute force and planted answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lobed_particles import DIAMETER, Known

from vitreous.inference.noise import NoiseSpectra
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import map_correlation
from vitreous.stages.heterogeneity.agreement import matching, migration, stability
from vitreous.stages.heterogeneity.classes3d import particle_ball
from vitreous.stages.heterogeneity.components import components, projections
from vitreous.stages.heterogeneity.consensus import consensus
from vitreous.stages.heterogeneity.latent import latent_classes, responsibilities
from vitreous.stages.heterogeneity.prior import difference_prior
from vitreous.stages.heterogeneity.residuals import gains, residuals


def white(known: Known) -> NoiseSpectra:
    """The simulator's noise: variance 1 a pixel, so n² / 2 a real component."""
    disc = known.images.disc
    return NoiseSpectra(torch.full((int(known.images.group.max()) + 1, disc.radius + 1), disc.size**2 / 2, dtype=torch.float64))


def test_gain_is_the_difference_of_two_log_likelihoods(two: Known):
    rows = torch.arange(20)
    images, disc, noise = two.images.take(rows), two.images.disc, white(two)
    base, difference = two.maps[1], two.maps[0] - two.maps[1]
    found = residuals(images, noise, two.rotation[rows], two.shift[rows], base, 10, symmetry("C1"))
    count = disc.within(10)

    def log_likelihood(volume: torch.Tensor) -> torch.Tensor:
        planes = slices(half_ball(volume, 10, scale=images.pixel_size), two.rotation[rows], disc, count)
        seen = images.transfer[:, :count] * planes * disc.shift_phases(two.shift[rows])[:, :count]
        return -((images.values[:, :count] - seen).abs() ** 2).double().sum(1) / disc.size**2

    wanted = log_likelihood(base + difference) - log_likelihood(base)
    got = gains(found, torch.stack([difference, torch.zeros_like(difference)]))
    torch.testing.assert_close(got[:, 0], wanted, atol=2e-3, rtol=1e-3)
    assert float(got[:, 1].abs().max()) == 0
    assert float(wanted.abs().mean()) > 1, "the difference is seen at all"


def test_the_noise_is_learnt_and_the_consensus_is_the_mean_particle(two: Known):
    found = consensus(two.images, two.half, two.rotation, two.shift, particle_ball(two.images, DIAMETER), symmetry("C1"))
    ratio = found.noise.variance[:, 3:].mean() / white(two).variance[:, 3:].mean()
    # What the classes differ by is left over and counted as noise: a few percent at this SNR.
    assert float(ratio) == pytest.approx(1.02, abs=0.04)
    assert float(map_correlation(found.whole, two.maps.mean(0))[1:8].min()) > 0.95


def test_the_first_component_is_the_planted_difference(two: Known):
    images = two.images
    mask = particle_ball(images, DIAMETER)
    base = consensus(images, two.half, two.rotation, two.shift, mask, symmetry("C1"))
    found = residuals(images, base.noise, two.rotation, two.shift, base.whole, 7, symmetry("C1"))
    weights = found.insert(torch.ones(len(found)), torch.ones(len(found)))[1]
    prior = difference_prior(weights, base.ssnr, mask, images.pixel_size, 7, 0.03)
    maps = components(found, 1, prior, passes=8, generator=torch.Generator().manual_seed(0))
    agreement = map_correlation(maps[0], two.maps[0] - two.maps[1])[1:6].abs()
    assert float(agreement.min()) > 0.8
    linear, quadratic = projections(found, maps)
    latent = linear[:, 0] / (1 + quadratic[:, 0, 0])
    sides = (latent > 0).long()
    assert max(float((sides == two.label).double().mean()), float((sides != two.label).double().mean())) > 0.9


def test_latent_classes_find_planted_centres():
    """log p = a·μ − ½ μ·B μ with a ~ N(B μ, B) is the exact model: three centres in a plane."""
    generator = torch.Generator().manual_seed(1)
    centre = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]], dtype=torch.float64)
    label = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), 2000, True, generator=generator)
    root = torch.randn(2000, 2, 2, generator=generator, dtype=torch.float64) * 0.5 + 2 * torch.eye(2)
    quadratic = root @ root.mT
    noise = (root @ torch.randn(2000, 2, 1, generator=generator, dtype=torch.float64))[..., 0]
    linear = (quadratic @ centre[label][..., None])[..., 0] + noise
    posterior, shares = latent_classes(linear, quadratic, 3, starts=8, generator=generator)
    torch.testing.assert_close(shares.sort().values, torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64), atol=0.03, rtol=0)
    order = matching(torch.nn.functional.one_hot(label, 3).double(), posterior)
    assert float((posterior[:, order].argmax(1) == label).double().mean()) > 0.97


def test_responsibilities_are_bayes():
    posterior, evidence = responsibilities(torch.tensor([[0.0, np.log(3.0)]]).double(), torch.tensor([0.5, 0.5]).double())
    torch.testing.assert_close(posterior, torch.tensor([[0.25, 0.75]]).double())
    assert float(evidence) == pytest.approx(np.log(2.0))


def test_migration_matching_and_stability_by_hand():
    one = torch.eye(3).double()[[0, 0, 1, 1]]
    other = torch.eye(3).double()[[1, 1, 0, 2]]
    torch.testing.assert_close(migration(one, other), torch.tensor([[0, 1, 0], [0.5, 0, 0.5], [0, 0, 1]]).double())
    assert matching(one, other)[0] == 1
    assert stability(one, one).tolist() == [1, 1, 1, 1]
    even = torch.full((4, 3), 1 / 3).double()
    torch.testing.assert_close(stability(even, other), torch.full((4,), 1 / 3).double())


def test_a_prior_without_room_leaves_nothing(two: Known):
    """The difference map grows with α, and an empty class is the consensus."""
    images, mask = two.images, soft_disc((32,) * 3, 12.0, 3.0)
    found = residuals(images, white(two), two.rotation, two.shift, two.maps[1], 7, symmetry("C1"))
    sums = found.insert(*[(two.label == 0).double()] * 2)
    ssnr = torch.full((17,), 50.0, dtype=torch.float64)
    prior = difference_prior(sums[1], ssnr, mask, images.pixel_size, 7, 1.0)
    power = [float(prior.with_share(share).map(*sums).square().sum()) for share in (1e-3, 1e-2, 1e-1, 1.0)]
    assert power == sorted(power)
    assert power[0] < 0.05 * power[-1]
    empty = found.insert(torch.zeros(len(found)), torch.zeros(len(found)))
    assert float(prior.map(*empty).abs().max()) == 0
