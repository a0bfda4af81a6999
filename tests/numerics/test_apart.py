"""A kernel that this process did not find on disk gives the bits of one that is read from there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import hashlib
import numpy as np
from vitreous.numerics.kernels import cpu
from vitreous.numerics.kernels.apart import ready
from vitreous.numerics.rotations import random_rotations
import torch

chance, m, n = np.random.default_rng(0), 13, 5
flat = chance.normal(size=2 * (m + 1) * (2 * m + 2) ** 2).astype(np.float32)
kx, ky = (each.ravel().astype(np.float32) for each in np.meshgrid(np.arange(6), np.arange(-5, 6)))
views, moves = random_rotations(n, torch.Generator().manual_seed(1)).numpy().copy(), np.zeros((n, 2))
images = chance.normal(size=(n, 2 * len(kx))).astype(np.float32)
ones, cost, covariance = np.ones((n, len(kx)), np.float32), np.zeros(n), np.zeros((n, 5, 5))
arguments = (flat, m, views, moves, images, ones, ones, kx, ky, np.float32(1.5), 32, 8, 0.17, views.copy(), moves.copy(), np.zeros(2),
             cost, covariance)
ready(cpu.levenberg_marquardt, *arguments)
cpu.levenberg_marquardt(*arguments)
print(hashlib.sha256(views.tobytes() + covariance.tobytes()).hexdigest())
"""


@pytest.mark.long
def test_the_first_run_has_the_bits_of_the_second(tmp_path: Path):
    given = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (subprocess.run([sys.executable, "-c", SCRIPT], env=given, capture_output=True, text=True, check=True).stdout
                     for _ in range(2))  # fmt: skip
    assert first == second
    assert len(list(tmp_path.rglob("*.kept"))) == 1
