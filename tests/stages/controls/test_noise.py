"""Noise in place of particles: it has their spectra, fits no better than chance, and overfitting shows on it."""

from __future__ import annotations

import pytest
import torch
from known_poses import in_place, overfitted

from vitreous.errors import InputError
from vitreous.inference.pose_refine import refine_poses
from vitreous.numerics.slices import half_ball
from vitreous.simulate.specimens import specimen
from vitreous.stages.controls.better import against_noise, judge_better_than_noise
from vitreous.stages.controls.overfitting import freed_agreement, judge_overfitting
from vitreous.stages.controls.substitute import substituted, substituted_stack, true_correlation

HEAD = specimen("ribosome head")


@pytest.fixture(scope="module")
def good():
    """400 particles whose signal ends near 18 Å, in boxes that would show 9 Å."""
    with torch.inference_mode():
        return in_place(HEAD, 400, snr=0.2, b_factor=1500.0, size=40, pixel=4.5)[0]


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_substituted_images_keep_amplitudes_and_lose_the_particle(good) -> None:
    images = good.images
    noise = substituted(images, 6, seeded())
    kept = images.disc.within(5)
    assert torch.equal(noise.values[:, :kept], images.values[:, :kept])
    torch.testing.assert_close(noise.values.abs(), images.values.abs(), rtol=1e-4, atol=1e-3)
    fsc = good.showing(noise)
    first, second = fsc.half_maps()
    beyond = good.correlation(first, second)[8:18]
    # Shells of some 10³ independent numbers each: one standard error is 0.03.
    assert float(beyond.abs().max()) < 0.1
    with pytest.raises(InputError, match="first shell of noise must be from 1 to 19"):
        substituted(images, 20, seeded())


def test_a_stack_keeps_its_spectra() -> None:
    images = torch.randn(3, 16, 16, generator=seeded())
    made = substituted_stack(images, 3, seeded(2))
    torch.testing.assert_close(torch.fft.rfft2(made).abs()[:, 1:8, 1:8], torch.fft.rfft2(images).abs()[:, 1:8, 1:8], rtol=1e-3, atol=1e-3)
    assert float((made - images).std()) > 0.5


def test_true_correlation_takes_the_noise_away() -> None:
    noise = torch.tensor([0.9, 0.9, 0.9, 0.2, -0.1, 1.0])
    found = true_correlation(torch.tensor([1.0, 1.0, 0.9, 0.6, 0.3, 1.0]), noise, 1)
    torch.testing.assert_close(found, torch.tensor([1.0, 1.0, 0.9, 0.5, 0.3, 0.0]))


def test_halves_apart_are_not_called_overfitted(good) -> None:
    with torch.inference_mode():
        found = judge_overfitting(freed_agreement(good, seeded()))
    assert found.verdict == "pass"
    assert found.figures["correlation_not_borne_out"] == 0


def test_a_shared_map_is_found_out(good) -> None:
    with torch.inference_mode():
        spoilt = overfitted(good, 6)
        freed = freed_agreement(spoilt, seeded())
        found = judge_overfitting(freed)
    # The plant works: halves agree at 12 Å, where there is no signal at all.
    assert float(freed.given[15:19].mean()) > 0.12
    assert found.verdict == "fail"
    assert found.figures["correlation_not_borne_out"] > 0.1
    assert "noise was fitted" in found.reason


def test_nothing_is_said_where_coarse_detail_does_not_place_particles() -> None:
    with torch.inference_mode():
        task = in_place(HEAD, 200, snr=0.02, b_factor=300.0, size=32, pixel=6.0)[0]
        found = judge_overfitting(freed_agreement(task, seeded()))
    assert found.verdict == "not done"


def test_particles_are_better_than_noise_and_noise_is_not() -> None:
    with torch.inference_mode():
        task, truth = in_place(HEAD, 160, snr=0.03, b_factor=100.0, size=32, pixel=7.0)
        found = against_noise(task, seeded())
        # Noise with the poses that an alignment to the true map gives it: the control shows nothing unless its halves then agree.
        blank = task.showing(substituted(task.images, 1, seeded(3)))
        ball = half_ball(truth.volume.values, 10, scale=7.0)
        poses = refine_poses(blank.images, task.noise, ball, task.rotation, task.shift, radius=10)
        empty = against_noise(blank.at(poses.rotation, poses.shift), seeded(4))
    good, bad = judge_better_than_noise(found), judge_better_than_noise(empty)
    assert good.verdict == "pass"
    assert good.figures["probability_above_noise"] > 0.75
    assert bad.verdict == "fail"
    # One half within four standard errors.
    assert abs(bad.figures["standard_errors"]) < 4
