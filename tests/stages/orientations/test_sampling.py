"""Views whose sampling is known in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vitreous.errors import InputError
from vitreous.numerics.rotations import from_euler, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.orientations import directional_spread, efficiency, orientation_coverage, sampling, sampling_after_tilt, views_of

NONE = symmetry("C1")


def ring(tilt_deg: float, count: int = 8000) -> Tensor:
    """Poses at one tilt, their azimuths even, turned in plane at random."""
    azimuth = torch.arange(count, dtype=torch.float64) * 360 / count
    psi = torch.rand(count, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 360
    return from_euler(torch.stack([azimuth, torch.full_like(azimuth, tilt_deg), psi], -1))


def even(count: int, seed: int = 0) -> Tensor:
    return random_rotations(count, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [100, 500, 5000])
def test_even_views_have_a_factor_of_one_however_few(count: int) -> None:
    found = orientation_coverage(even(count), NONE)
    assert found.sampled.scf > 0.97
    assert found.sampled.scf == found.sampled.scf_star
    assert found.efficiency > 0.9
    assert found.advised_tilt == 0


def test_a_series_of_side_views_has_eight_over_pi_squared() -> None:
    # slices of finite thickness and 384 directions for the integral: 2 %
    assert sampling(views_of(ring(90.0), NONE)).scf == pytest.approx(8 / math.pi**2, rel=0.02)


@pytest.mark.parametrize("tilt", [30.0, 50.0])
def test_views_on_a_ring_leave_out_a_cone(tilt: float) -> None:
    found = sampling(views_of(ring(tilt), NONE))
    sine = math.sin(math.radians(tilt))
    assert found.scf == 0.0
    assert found.unsampled == pytest.approx(1 - sine, abs=0.05), "rings of directions are 1/12 apart in cosine"
    seen = found.relative[found.relative > 0]
    assert float((1 / seen).mean()) == pytest.approx(math.pi**2 * sine / 8, rel=0.06), "directions at the cone's rim count as seen or not"
    missing = found.directions[found.relative == 0]
    assert float(missing[:, 2].abs().min()) > math.cos(math.asin(math.cos(math.radians(tilt)))) - 0.02, "the cone is about z"


def test_top_views_have_nothing_and_a_tilted_stage_helps_them() -> None:
    top = ring(0.0)
    found = orientation_coverage(top, NONE)
    assert found.sampled.scf == 0.0
    assert found.sampled.scf_star < 0.01
    assert found.efficiency == pytest.approx(0.0, abs=0.15)
    assert found.advised_tilt == 40
    predicted, made = sampling_after_tilt(top, NONE, [30.0])[0], sampling(views_of(ring(30.0), NONE))
    assert predicted.scf_star > 10 * found.sampled.scf_star
    assert predicted.unsampled == pytest.approx(made.unsampled, abs=0.02)


def test_symmetry_turns_top_views_into_more() -> None:
    alone, turned = (sampling(views_of(ring(0.0, 1000), symmetry(name))) for name in ("C4", "O"))
    assert alone.unsampled > 0.9, "an axis along the view adds nothing"
    assert turned.unsampled < alone.unsampled
    tilted = sampling(views_of(ring(90.0, 1000), symmetry("O")))
    assert tilted.scf > 0.9, "three series of side views about three axes"


def test_spread_of_side_views_is_gaussian_along_the_axis_and_bessel_across() -> None:
    views = views_of(ring(90.0), NONE)
    along, across = directional_spread(views, torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], dtype=torch.float64)).tolist()
    assert along == pytest.approx(math.sqrt(2 * math.log(2)), rel=0.01)
    # e^−x I₀(x) = ½ at x = 0.8769, ρ = 2 √x
    assert across == pytest.approx(2 * math.sqrt(0.8769), rel=0.01)
    assert efficiency(views, sampling(views)) == pytest.approx(0.71, abs=0.02)


def test_factor_is_what_the_noise_of_a_map_says() -> None:
    """Slices counted in voxels of their thickness, noise 1 / count each: the mean over the shell against even views."""
    chance = torch.Generator().manual_seed(4)
    tilt = torch.rad2deg(torch.arccos(1 - torch.rand(6000, generator=chance, dtype=torch.float64) * 0.6))
    poses = from_euler(torch.stack([torch.rand(6000, generator=chance, dtype=torch.float64) * 360, tilt, torch.zeros_like(tilt)], -1))
    directions = torch.nn.functional.normalize(torch.randn(3000, 3, generator=chance, dtype=torch.float64), dim=-1)
    radius = 20.0
    noise = [float((1 / ((directions @ rows.T).abs() < 0.5 / radius).sum(1).double()).mean()) for rows in (poses[:, 2], even(6000)[:, 2])]
    assert sampling(views_of(poses, NONE)).scf == pytest.approx(noise[1] / noise[0], rel=0.05)


def test_too_few_views_are_refused() -> None:
    with pytest.raises(InputError, match="number of views must be at least 20; got 3"):
        orientation_coverage(even(3), NONE)
