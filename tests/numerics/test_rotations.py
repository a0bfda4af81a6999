"""Rotations against SciPy's, RELION's matrix written out, and properties of groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from vitreous.numerics import rotations as rot

DEGREES = st.floats(-180, 180, allow_nan=False)


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@given(angles=st.tuples(DEGREES, st.floats(0, 180), DEGREES))
@settings(max_examples=50, deadline=None)
def test_euler_is_the_inverse_of_scipys_intrinsic_zyz(angles: tuple[float, float, float]):
    """RELION turns coordinate systems: R is the transpose of the active turn by rot, then tilt, then psi about moving axes."""
    known = Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().T
    np.testing.assert_allclose(rot.from_euler(row(*angles)).numpy(), known, atol=1e-12)


@given(angles=st.tuples(DEGREES, st.one_of(st.floats(0, 180), st.sampled_from([0.0, 1e-9, 1e-5, 1e-3, 180 - 1e-5, 180.0])), DEGREES))
@settings(max_examples=100, deadline=None)
def test_euler_round_trip_everywhere(angles: tuple[float, float, float]):
    matrix = rot.from_euler(row(*angles))
    back = rot.to_euler(matrix)
    assert (0 <= back[1] <= 180) & (back.abs() <= 180).all()
    assert float(rot.geodesic_deg(rot.from_euler(back), matrix)) < 1e-4


def test_euler_round_trip_in_single_precision_near_the_poles():
    """Where rot is lost to rounding psi makes up for it."""
    for tilt in (0.0, 1e-4, 1e-2, 180 - 1e-2, 180.0):
        matrix = rot.from_euler(torch.tensor([123.0, tilt, -40.0]))
        assert float(rot.geodesic_deg(rot.from_euler(rot.to_euler(matrix)), matrix)) < 1e-3


@pytest.mark.parametrize("tilt", [0.0, 180.0])
def test_rot_is_zero_at_the_poles(tilt: float):
    found = rot.to_euler(rot.from_euler(row(20, tilt, 50)))
    assert found.tolist() == pytest.approx([0, tilt, 70 if tilt == 0 else 30], abs=1e-6)


def test_relions_matrix_by_numbers():
    """Euler_angles2matrix(10, 20, 30) of RELION, to its printed digits."""
    c, s = (lambda d: math.cos(math.radians(d))), (lambda d: math.sin(math.radians(d)))
    known = [
        [c(30) * c(20) * c(10) - s(30) * s(10), c(30) * c(20) * s(10) + s(30) * c(10), -c(30) * s(20)],
        [-s(30) * c(20) * c(10) - c(30) * s(10), -s(30) * c(20) * s(10) + c(30) * c(10), s(30) * s(20)],
        [s(20) * c(10), s(20) * s(10), c(20)],
    ]
    np.testing.assert_allclose(rot.from_euler(row(10, 20, 30)).numpy(), known, atol=1e-15)


@given(vector=st.tuples(*[st.floats(-3, 3)] * 3), scale=st.sampled_from([1e-9, 1e-5, 1e-4, 1e-2, 1.0]))
@settings(max_examples=50, deadline=None)
def test_exponential_is_scipys(vector: tuple[float, float, float], scale: float):
    v = np.array(vector) * scale
    np.testing.assert_allclose(rot.exponential(torch.from_numpy(v)).numpy(), Rotation.from_rotvec(v).as_matrix(), atol=1e-12)


def test_quaternions_are_scipys():
    q = np.random.default_rng(0).normal(size=(20, 4))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    known = Rotation.from_quat(q[:, [1, 2, 3, 0]]).as_matrix()
    for sign in (1, -1):
        np.testing.assert_allclose(rot.from_quaternion(torch.from_numpy(sign * q)).numpy(), known, atol=1e-12)


@pytest.mark.parametrize("angle", [1e-7, 1e-3, 1.0, 90.0, 179.0])
def test_geodesic_is_the_angle_between(angle: float, generator: torch.Generator):
    a = rot.random_rotations(5, generator)
    axis = torch.nn.functional.normalize(torch.randn(5, 3, generator=generator, dtype=torch.float64), dim=-1)
    b = a @ rot.exponential(axis * math.radians(angle))
    np.testing.assert_allclose(rot.geodesic_deg(a, b).numpy(), angle, rtol=1e-6)
    assert rot.geodesic_deg(a[:, None], b[None]).shape == (5, 5)


def test_random_rotations_are_uniform(generator: torch.Generator):
    """Angle θ has the density (1 − cos θ) / π; any direction goes anywhere."""
    r = rot.random_rotations(20000, generator)
    torch.testing.assert_close(r @ r.mT, torch.eye(3, dtype=torch.float64).expand_as(r))
    assert float((torch.linalg.det(r) - 1).abs().max()) < 1e-12
    # Standard errors: entries 1/√3 / √20000 = 0.004, cosines of the angle 0.5 / √20000.
    assert float(r.mean(0).abs().max()) < 0.02
    angle = torch.deg2rad(rot.geodesic_deg(r, torch.eye(3, dtype=torch.float64)))
    assert float(angle.mean()) == pytest.approx(math.pi / 2 + 2 / math.pi, abs=0.02)
    assert torch.equal(r[:3], rot.random_rotations(20000, torch.Generator().manual_seed(generator.initial_seed()))[:3])


def test_nearest_rotation(generator: torch.Generator):
    """A rotation is its own nearest; of a noisy one it is at least as close as the truth; mirrors become rotations."""
    r = rot.random_rotations(10, generator)
    torch.testing.assert_close(rot.nearest_rotation(2.5 * r), r)
    noisy = r + 0.1 * torch.randn(r.shape, generator=generator, dtype=torch.float64)
    found = rot.nearest_rotation(noisy)
    assert ((found - noisy).norm(dim=(1, 2)) <= (r - noisy).norm(dim=(1, 2))).all()
    flipped = rot.nearest_rotation(-noisy)
    assert (torch.linalg.det(torch.cat([found, flipped])) > 0.999).all()
