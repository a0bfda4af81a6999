"""C and P of every image, against their law, against another transfer function, and against planted wrong poses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from vitreous.numerics.slices import HalfBall
from vitreous.stages.particle_checks import Posed, fit_images, residual_images, residual_scores, shell_sums


def test_images_at_their_true_poses_fit_as_theory_says(posed: Posed) -> None:
    fit = fit_images(shell_sums(posed), posed.images.group)
    z = (fit.cross - fit.power) / fit.power.sqrt()
    # C ~ N(P, P): the noise of the images is all there is
    assert kstest(z.numpy(), "norm").pvalue > 0.01
    assert fit.present
    assert float(fit.left[:, 2 : fit.radius].mean()) == pytest.approx(1.0, abs=0.02)


def test_the_grey_scale_of_the_map_does_not_matter(posed: Posed) -> None:
    louder = replace(posed, balls=tuple(HalfBall(ball.values * 37.0, ball.size, ball.radius) for ball in posed.balls))
    one, other = (fit_images(shell_sums(each), posed.images.group) for each in (posed, louder))
    assert torch.allclose(one.cross, other.cross, rtol=1e-3)
    assert float(other.scale.mean()) == pytest.approx(1.0, abs=0.02)


def test_sums_turned_by_a_phase_are_those_of_another_defocus(posed: Posed, breaks: dict) -> None:
    wrong, _ = breaks["defocus"](posed, 1.0, torch.Generator().manual_seed(0))
    k = torch.arange(posed.balls[0].radius + 1, dtype=torch.float64) / (posed.disc.size * posed.pixel_size)
    delta = (np.pi * 0.019687 * 5500.0 * k**2).expand(len(posed), -1)  # λ of 300 kV
    back, truth = shell_sums(wrong).turned(delta), shell_sums(posed)
    # δ is taken as one number a shell
    assert float((back.cross - truth.cross).norm() / truth.cross.norm()) < 0.05
    assert float((back.power - truth.power).norm() / truth.power.norm()) < 0.05


@pytest.mark.parametrize("seed", [0, 1])
def test_one_in_twenty_in_a_wrong_pose_are_the_worst_six_in_a_hundred(posed: Posed, breaks: dict, seed: int) -> None:
    wrong, bad = breaks["poses"](posed, 0.05, torch.Generator().manual_seed(seed))
    sums = shell_sums(wrong)
    fit = fit_images(sums, posed.images.group)
    worst = ((fit.cross - fit.power) / fit.power.sqrt()).argsort()[: round(0.06 * len(posed))]
    assert np.isin(bad.numpy(), worst.numpy()).mean() >= 0.9
    scores = residual_scores(wrong, sums, fit)
    good = torch.ones(len(posed), dtype=torch.bool).index_fill_(0, bad, value=False)
    assert float(scores.cost[bad].median()) > float(scores.cost[good].median())


def test_residuals_tell_what_is_not_noise(posed: Posed) -> None:
    values = posed.images.values.clone()
    values[0] *= 1.3
    stripes = (posed.disc.kx > 6) & (posed.disc.ky.abs() < 2)
    values[1] += 6 * stripes * values[1].abs().median()
    strange = replace(posed, images=replace(posed.images, values=values))
    sums = shell_sums(strange)
    scores = residual_scores(strange, sums, fit_images(sums, posed.images.group))
    assert int(scores.z_variance.argmax()) in (0, 1)
    assert float(scores.z_variance[0]) > 5
    assert float(scores.z_covariance[1]) > 5
    assert float(scores.z_covariance[2:].quantile(0.9)) < 3


def test_pictures_of_residuals_hold_the_particle_in_image_and_view_only(posed: Posed) -> None:
    fit = fit_images(shell_sums(posed), posed.images.group)
    shown = residual_images(posed, fit, torch.arange(40))
    mean = [each.mean(0)[16:25, 16:25].mean() / each.std() for each in (shown.image, shown.view, shown.residual)]
    assert mean[0] > 0.3
    assert mean[1] > 0.5
    assert abs(mean[2]) < 0.1
