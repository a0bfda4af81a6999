"""Defocus as a matrix."""

from __future__ import annotations

import numpy as np
import torch

from vitreous.data.optics import Optics
from vitreous.physics.ctf import ctf
from vitreous.physics.defocus import components, from_components, in_other_frame

DEFOCUS = np.array([[15000.0, 14000.0, 30.0, 5.0], [9000.0, 9000.0, 0.0, 0.0], [-500.0, -900.0, 170.0, 0.0]])


def test_there_and_back():
    np.testing.assert_allclose(from_components(components(DEFOCUS), DEFOCUS[:, 3]), DEFOCUS, atol=1e-9)


def test_another_frame_shows_the_same_rings():
    """Without Cs, c of the new defocus at M k is c of the old one at k."""
    matrix = np.array([[1.03, 0.01], [-0.02, 0.98]])
    k = 0.2 * torch.rand(2, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    optics = Optics(pixel_size=1.0, spherical_aberration=0.0)
    moved = in_other_frame(DEFOCUS, matrix)
    torch.testing.assert_close(ctf(torch.from_numpy(moved), optics, *(torch.from_numpy(matrix) @ k)),
                               ctf(torch.from_numpy(DEFOCUS), optics, *k))  # fmt: skip
