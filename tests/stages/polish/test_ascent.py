"""Tracks drawn from the prior, found from images in which no single frame shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vitreous.stages.polish.ascent import most_probable
from vitreous.stages.polish.learn import learn_prior
from vitreous.stages.polish.linear import linear_tracks, running_sums
from vitreous.stages.polish.posterior import posterior_of
from vitreous.stages.polish.prior import MotionPrior, draw_tracks

TRUTH = MotionPrior(velocity=0.5, distance=4000.0, acceleration=0.5)
COUNT, FRAMES, DOSE = 80, 20, 2.0


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(4)
    places = chance.uniform(0, 4000, (COUNT, 2))
    return places, draw_tracks(TRUTH, places, FRAMES, DOSE, chance)


def test_bayesian_tracks_err_less_than_half_as_much_as_straight_ones(scene: Callable, rms: Callable, drawn: tuple) -> None:
    made = scene(*drawn, strength=0.35)
    start = np.zeros_like(made.tracks)
    prior = learn_prior([made.observed.measured(most_probable(made.observed, MotionPrior(), start))])
    found = most_probable(made.observed, prior, start)
    # the best of the linear model over its own choices
    sums = [running_sums(made.observed.fits, window).peaks() for window in (5, 7, 9)]
    straight = min(rms(linear_tracks(each, made.places, sigma) - made.tracks) for each in sums for sigma in (300, 700, 1500))
    assert rms(found - made.tracks) < 0.5 * straight
    stated = posterior_of(prior, made.observed.measured(found)).deviation()
    assert np.sqrt(np.square(found - made.tracks).mean() / np.square(stated).mean()) == pytest.approx(1.0, abs=0.15)


def test_where_the_climb_ends_images_and_prior_are_in_balance(scene: Callable, drawn: tuple) -> None:
    """g = ν C⁻¹ d, of the curves themselves: the tracks do not depend on the parabolas that led there."""
    observed = scene(*drawn, strength=0.4).observed
    found = most_probable(observed, TRUTH, np.zeros_like(drawn[1]))
    posterior = posterior_of(TRUTH, observed.measured(found))
    again, pull = posterior.mean(observed.measured(found).shifts)
    assert np.abs(again - found).max() < 0.03
    slope = observed.fits.at(found)[1]
    assert np.abs(slope - pull).max() < 0.03 * np.abs(slope).max()


def test_noise_alone_moves_nothing(scene: Callable, rms: Callable, drawn: tuple) -> None:
    """Images without particles, whose strength is believed to be that of the others."""
    still = np.zeros((COUNT, FRAMES, 2))
    full, empty = (scene(drawn[0], still, strength=strength).observed for strength in (0.2, 1e-6))
    noise = replace(empty.fits, coefficients=(empty.fits.coefficients * (0.2 / 1e-6)).astype(np.float32))
    measured = replace(full, fits=noise).measured(still)
    # single frames are moved by Å by their noise; a prior that has learnt that nothing moves leaves hardly any of it
    assert rms(measured.shifts) > 1.0
    assert rms(posterior_of(learn_prior([measured]), measured).mean(measured.shifts)[0]) < 0.1
