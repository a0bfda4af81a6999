"""Small systems and rotations written out do what the library's do."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vitreous.numerics.kernels.small import factorise, invert_factorised, solve_factorised, turn, turn_between


def test_systems_are_solved_and_inverted():
    chance = np.random.default_rng(1)
    for scale in (1e-6, 1.0, 1e8):
        root, b = chance.normal(size=(5, 5)) * scale, chance.normal(size=5)
        A, L, x, unit, inverse = root @ root.T + scale**2 * np.eye(5), np.zeros((5, 5)), np.zeros(5), np.zeros(5), np.zeros((5, 5))
        factorise(A, L)
        solve_factorised(L, b, x)
        np.testing.assert_allclose(x, np.linalg.solve(A, b), rtol=1e-9)
        invert_factorised(L, unit, x, inverse)
        np.testing.assert_allclose(inverse, np.linalg.inv(A), rtol=1e-8, atol=1e-12 * abs(np.linalg.inv(A)).max())


def test_a_system_without_information_gives_finite_steps():
    L, x = np.zeros((5, 5)), np.zeros(5)
    factorise(np.zeros((5, 5)), L)
    solve_factorised(L, np.zeros(5), x)
    assert (x == 0).all()


def test_turns_are_scipys_and_come_back():
    for vector in ([0.0, 0.0, 0.0], [1e-9, 0.0, 0.0], [0.3, -0.2, 0.5], [2.0, 1.0, -1.5]):
        anchor, out, back = Rotation.random(random_state=2).as_matrix(), np.empty((3, 3)), np.empty(3)
        turn(np.array([*vector, 7.0, 7.0]), anchor, out)
        np.testing.assert_allclose(out, Rotation.from_rotvec(vector).as_matrix() @ anchor, atol=1e-13)
        turn_between(out, anchor, back)
        np.testing.assert_allclose(back, vector, atol=1e-7)
