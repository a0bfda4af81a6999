"""Point groups: their orders, their laws, and RELION's matrices."""

from __future__ import annotations

import math
import re
import shutil
import subprocess

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.symmetry import symmetry

ORDERS = {"C1": 1, "C7": 7, "C12": 12, "D1": 2, "D2": 4, "D7": 14, "T": 12, "O": 24, "I1": 60, "I2": 60, "I3": 60, "I4": 60}


@pytest.mark.parametrize("name", ORDERS)
def test_groups_obey_their_laws(name: str):
    """The identity first, closed under products and inverses, no element twice, all proper rotations."""
    group = symmetry(name)
    m = group.matrices
    assert (group.order, len(m)) == (ORDERS[name],) * 2
    assert torch.equal(m[0], torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(m @ m.mT, torch.eye(3, dtype=torch.float64).expand_as(m))
    assert (torch.linalg.det(m) > 0.999).all()
    products = (m[:, None] @ m).reshape(-1, 9)
    assert float(torch.cdist(products, m.reshape(-1, 9)).min(1).values.max()) < 1e-6
    apart = torch.cdist(m.reshape(-1, 9), m.reshape(-1, 9)) + 9 * torch.eye(len(m))
    assert float(apart.min()) > 0.1


@pytest.mark.parametrize("name", ["T", "O", "I1", "I2", "I3", "I4"])
def test_classes_of_rotations(name: str):
    """Numbers of turns by angle: T has 8 by 120° and 3 by 180°; O 6, 8, 9; I 24 five-fold, 20 three-fold, 15 two-fold."""
    turns = geodesic_deg(symmetry(name).matrices, torch.eye(3, dtype=torch.float64)).round().long()
    found = {int(a): int(n) for a, n in zip(*turns.unique(return_counts=True))}
    known = {"T": {0: 1, 120: 8, 180: 3}, "O": {0: 1, 90: 6, 120: 8, 180: 9}}
    assert found == known.get(name, {0: 1, 72: 12, 120: 20, 144: 12, 180: 15})


@pytest.mark.parametrize(("name", "axis", "fold"), [
    ("C5", (0, 0, 1), 5), ("D5", (0, 0, 1), 5), ("D5", (1, 0, 0), 2), ("T", (0, 0, 1), 3), ("O", (1, 0, 0), 4), ("O", (1, 1, 1), 3),
    ("I1", (1, 0, 0), 2), ("I2", (0, 1, 0), 2), ("I3", (0, 0, 1), 5), ("I4", (0, 0, 1), 5),
])  # fmt: skip
def test_axes_lie_where_the_manual_says(name: str, axis: tuple[int, int, int], fold: int):
    vector = torch.tensor(axis, dtype=torch.float64)
    turn = exponential(vector / vector.norm() * (2 * math.pi / fold))
    assert float((symmetry(name).matrices - turn).abs().amax((1, 2)).min()) < 1e-9


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("relion_refine") is None, reason="relion_refine is not installed")
@pytest.mark.parametrize("name", ["C3", "D7", "T", "O", "I", "I1", "I2", "I3", "I4"])
def test_matrices_are_relions(name: str):
    told = subprocess.run(["relion_refine", "--sym", name, "--print_symmetry_ops"], check=True, capture_output=True, text=True).stdout
    blocks = re.findall(r"R\(\d+\)=\s*\n(.*)\n(.*)\n(.*)\n", told)
    theirs = np.array([[[float(v) for v in line.split()] for line in block] for block in blocks])
    ours = symmetry(name).matrices.numpy()
    assert theirs.shape == ours.shape
    apart = np.abs(theirs[:, None] - ours[None]).max((2, 3))
    # Five digits are printed.
    assert apart.min(1).max() < 1e-5
    assert sorted(apart.argmin(1)) == list(range(len(ours)))


def test_settings_differ():
    """Control: I1 and I2, I3 and I4 are not the same sets; the last two are mirror images."""
    for a, b in (("I1", "I2"), ("I3", "I4"), ("I2", "I3")):
        apart = torch.cdist(symmetry(a).matrices.reshape(-1, 9), symmetry(b).matrices.reshape(-1, 9))
        assert float(apart.min(1).values.max()) > 0.1
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))
    mirrored = flip @ symmetry("I3").matrices @ flip
    assert float(torch.cdist(mirrored.reshape(-1, 9), symmetry("I4").matrices.reshape(-1, 9)).min(1).values.max()) < 1e-6


@pytest.mark.parametrize("name", ["C1", "C5", "D3", "O", "I2"])
def test_distance_is_the_least_over_the_group(name: str, generator: torch.Generator):
    group = symmetry(name)
    a, b = random_rotations(6, generator), random_rotations(6, generator)
    known = torch.stack([geodesic_deg(a @ g, b) for g in group.matrices]).amin(0)
    torch.testing.assert_close(group.distance_deg(a, b), known, atol=1e-5, rtol=0)
    assert float(group.distance_deg(a, a @ group.matrices[-1]).max()) < 1e-4


@pytest.mark.parametrize("name", ["C1", "C4", "D2", "T", "O", "I2"])
def test_every_direction_has_one_copy_in_the_asymmetric_unit(name: str, generator: torch.Generator):
    group = symmetry(name)
    where = torch.nn.functional.normalize(torch.randn(500, 3, generator=generator, dtype=torch.float64), dim=1)
    inside = torch.stack([group.holds(where @ g.T) for g in group.matrices])
    assert (inside.sum(0) == 1).all()


@pytest.mark.parametrize("name", ["C0", "X", "D", "I5", "", "C1000", "c-2"])
def test_unknown_groups_are_refused(name: str):
    with pytest.raises(InputError, match="symmetry must be one of C1"):
        symmetry(name)


def test_names_are_read_kindly():
    assert symmetry(" i ").name == "I2"
    assert symmetry("d7").name == "D7"


@pytest.mark.parametrize("name", ["C2", "C4", "D2", "D4", "O"])
def test_quarter_turns_take_grid_points_to_grid_points_exactly(name: str):
    """No sine's rounding is left: every entry is 0 or ±1."""
    matrices = symmetry(name).matrices
    assert torch.equal(matrices, matrices.round())
