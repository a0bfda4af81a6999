"""The matrix products of the search against sums over everything, written as loops."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from vitreous.inference.pose_search import Grid, search


def brute_force(p, *, log_prior=None, temperature: float = 1.0, count: int | None = None):
    """log p (n, r, s), posterior, and the sums of the maximisation step, in double precision, a term at a time."""
    d, n, r, s = p.disc, len(p.images), len(p.slices), len(p.shifts)
    k = len(d) if count is None else count
    kx, ky = d.kx[:k].double(), d.ky[:k].double()
    log = torch.zeros(n, r, s, dtype=torch.float64)
    images = torch.zeros(r, k, dtype=torch.complex128)
    transfer = torch.zeros(r, k, dtype=torch.float64)

    def back(i: int, t: int) -> torch.Tensor:
        at = p.centres[i] + p.shifts[t]
        return p.images.values[i, :k].to(torch.complex128) * torch.exp(2j * math.pi / d.size * (kx * at[0] + ky * at[1]))

    for i in range(n):
        variance = p.noise.variance[p.images.group[i]][d.shell[:k]]
        c = p.images.transfer[i, :k].double()
        for a in range(r):
            model = c * p.slices[a, :k].to(torch.complex128)
            for t in range(s):
                x = back(i, t)
                # log N(x; model, σ²) − log N(x; 0, σ²), real and imaginary parts each of variance σ².
                log[i, a, t] = ((x.abs() ** 2 - (x - model).abs() ** 2) / (2 * variance)).sum()
    score = log if log_prior is None else log + log_prior.double()[None, :, None]
    score = score / temperature
    posterior = torch.softmax(score.flatten(1), 1).view(n, r, s)
    for i in range(n):
        variance = p.noise.variance[p.images.group[i]][d.shell[:k]]
        c = p.images.transfer[i, :k].double()
        for a in range(r):
            for t in range(s):
                images[a] += posterior[i, a, t] * c * back(i, t) / variance
                transfer[a] += posterior[i, a, t] * c**2 / variance
    return score, posterior, images, transfer


def compare(p, found, known) -> None:
    score, posterior, images, transfer = known
    torch.testing.assert_close(found.log_evidence, torch.logsumexp(score.flatten(1), 1), atol=2e-4, rtol=1e-4)
    by_reference = posterior.sum(2)
    order = by_reference.argsort(1, descending=True)
    assert torch.equal(found.candidates[:, 0], order[:, 0])
    torch.testing.assert_close(found.peak.double(), by_reference.amax(1), atol=1e-4, rtol=0)
    for c in range(found.candidates.shape[1]):
        likely = found.candidates[:, c]
        value = by_reference.gather(1, likely[:, None])[:, 0]
        torch.testing.assert_close(value, by_reference.sort(1, descending=True).values[:, c], atol=1e-4, rtol=0)
    best = posterior[torch.arange(len(p.images)), order[:, 0]].argmax(1)
    torch.testing.assert_close(found.shifts[:, 0], p.centres + p.shifts[best])
    scale = float(images.abs().max())
    assert float((found.weighted_images - images).abs().max()) < 1e-4 * scale
    assert float((found.weighted_transfer - transfer).abs().max()) < 1e-4 * float(transfer.max())
    torch.testing.assert_close(found.responsibility.sum(1), torch.ones(len(p.images)), atol=1e-5, rtol=0)


def test_search_is_brute_force(make_tiny, generator: torch.Generator):
    p = make_tiny(generator)
    found, known = search(p.images, p.noise, Grid(p.slices, p.shifts), centres=p.centres), brute_force(p)
    assert 0.01 < float((1 - known[1].flatten(1).amax(1)).mean()) < 0.9, "the problem is neither trivial nor hopeless"
    compare(p, found, known)


def test_a_narrower_band_uses_its_coefficients_only(make_tiny, generator: torch.Generator):
    p = make_tiny(generator)
    count = p.disc.within(3)
    found = search(p.images, p.noise, Grid(p.slices[:, :count], p.shifts), centres=p.centres)
    compare(p, found, brute_force(p, count=count))


def test_prior_and_temperature(make_tiny, generator: torch.Generator):
    p = make_tiny(generator)
    prior = torch.log_softmax(2 * torch.randn(6, generator=generator), 0)
    found = search(p.images, p.noise, Grid(p.slices, p.shifts, prior), centres=p.centres, temperature=3.0)
    compare(p, found, brute_force(p, log_prior=prior, temperature=3.0))


def test_classes_are_blocks_of_references(make_tiny, generator: torch.Generator):
    p = make_tiny(generator)
    found = search(p.images, p.noise, Grid(p.slices, p.shifts, classes=3), centres=p.centres)
    known = brute_force(p)[1].sum(2).view(9, 3, 2).sum(2)
    torch.testing.assert_close(found.responsibility.double(), known, atol=1e-4, rtol=0)


def test_the_budget_changes_nothing(make_tiny, generator: torch.Generator):
    p = make_tiny(generator)
    a, b, c = (search(p.images, p.noise, Grid(p.slices, p.shifts), centres=p.centres, budget=4 * 30 * n) for n in (1, 4, 1000))
    for other in (b, c):
        for name in ("candidates", "shifts", "peak", "log_evidence", "weighted_images", "weighted_transfer", "responsibility"):
            torch.testing.assert_close(getattr(a, name), getattr(other, name), atol=1e-4, rtol=1e-4)


def test_noise_weights_are_those_of_the_images_group(make_tiny, generator: torch.Generator):
    """The loops know groups; with all groups given the first one's noise they disagree."""
    p = make_tiny(generator)
    found = search(p.images, p.noise, Grid(p.slices, p.shifts), centres=p.centres)
    one = replace(p, images=p.images.with_group(torch.zeros(9, dtype=torch.int64)))
    assert float((found.log_evidence - torch.logsumexp(brute_force(one)[0].flatten(1), 1)).abs().max()) > 1.0


def test_strong_images_are_found_where_they_were_made(make_tiny, generator: torch.Generator):
    p = make_tiny(generator, count=40, signal=3.0)
    found = search(p.images, p.noise, Grid(p.slices, p.shifts), centres=p.centres)
    assert torch.equal(found.candidates[:, 0], p.reference)
    torch.testing.assert_close(found.shifts[:, 0], p.centres + p.shifts[p.shift])
    assert float(found.peak.min()) > 0.99


def test_posteriors_are_calibrated(make_tiny):
    """Over many images the truth is the best reference as often as the posterior says."""
    p = make_tiny(torch.Generator().manual_seed(5), count=3000, signal=0.25)
    prior_free = search(p.images, p.noise, Grid(p.slices, p.shifts), centres=p.centres)
    right = (prior_free.candidates[:, 0] == p.reference).double().mean()
    told = float(prior_free.peak.double().mean())
    assert 0.3 < told < 0.95
    # Binomial: 0.5 / √3000 = 0.009.
    assert float(right) == pytest.approx(told, abs=0.03)
