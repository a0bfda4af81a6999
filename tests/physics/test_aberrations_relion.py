"""RELION's programs show the same signs, order and units of aberrations and magnification."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.io.mrc import read_volume, write_volume
from vitreous.io.particles import write_particles
from vitreous.io.stacks import open_stack, write_stack
from vitreous.numerics.fourier import axis_frequencies, centred_rfft2
from vitreous.physics.aberrations import odd_phase
from vitreous.physics.ctf import ctf

pytestmark = pytest.mark.oracle
SIZE, PIXEL = 64, 2.0
PLAIN = Optics(pixel_size=PIXEL)
KY = axis_frequencies(SIZE, PIXEL)[:, None].expand(-1, SIZE // 2 + 1).double()
KX = axis_frequencies(SIZE, PIXEL, half=True).expand(SIZE, -1).double()
INSIDE = torch.hypot(KX, KY) < 0.17
DEFOCUS = np.array([[12000.0, 11000.0, 25.0, 0.0]])


def relion(folder: Path, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    subprocess.run([found, *arguments], cwd=folder, check=True, capture_output=True)


def dot(centre: tuple[float, ...], sigma: float) -> np.ndarray:
    """A Gaussian at ``centre``, x first, in voxels from voxel n // 2."""
    axes = np.meshgrid(*[np.arange(SIZE) - SIZE // 2 for _ in centre], indexing="ij")
    return np.exp(-sum((a - c) ** 2 for a, c in zip(axes, centre[::-1])) / (2 * sigma**2)).astype(np.float32)


def table(folder: Path, image: np.ndarray, optics: Optics) -> None:
    (folder / "in.mrcs").unlink(missing_ok=True)
    write_stack(folder / "in.mrcs", image[None], PIXEL)
    write_particles(folder / "in.star", Particles(
        optics=(optics,), group=np.zeros(1, int), stack=(folder / "in.mrcs",), stack_index=np.zeros(1, int),
        slice_index=np.zeros(1, int), defocus=DEFOCUS, rotation=np.eye(3)[None], shift=np.zeros((1, 2)),
    ))  # fmt: skip


def inserted(folder: Path, image: np.ndarray, optics: Optics, *more: str) -> torch.Tensor:
    """RELION's reconstruction of one image, along z."""
    table(folder, image, optics)
    relion(folder, "relion_reconstruct", "--i", "in.star", "--o", "out.mrc", "--angpix", str(PIXEL), *more)
    return read_volume(folder / "out.mrc").values.sum(0)


@pytest.mark.parametrize("changes", [{"beam_tilt": (0.2, -0.1)}, {"odd_zernike": (0.4, -0.2, 6.0, 3.0, -5.0, 9.0)}], ids=str)
def test_it_takes_off_the_phase_that_we_take_off(tmp_path: Path, changes: dict):
    """To the few per cent of its interpolation, wherever the CTF lets anything through."""
    optics = replace(PLAIN, **changes)
    straight, turned = (centred_rfft2(inserted(tmp_path, dot((0.0, 0.0), 0.8), each, "--ctf")) for each in (PLAIN, optics))
    weight = (straight.abs().double() * INSIDE) ** 2
    taken, expected = (turned / straight).angle().double(), -odd_phase(optics, KX, KY)
    square = (weight * expected**2).sum()
    assert float((weight * taken * expected).sum() / square) == pytest.approx(1, abs=0.05)
    assert float((weight * (taken - expected) ** 2).sum() / square) < 0.02


def test_its_ctf_has_our_even_terms(tmp_path: Path):
    """All nine at once, each of its own size. Its sign is the opposite, as that of its images."""
    optics = replace(PLAIN, even_zernike=(0.3, 3.0, -2.0, 5.0, 40.0, -30.0, 20.0, 50.0, -60.0))
    write_volume(tmp_path / "map.mrc", Volume(torch.from_numpy(dot((0.0, 0.0, 0.0), 0.8)), PIXEL))
    seen = []
    for more in ((), ("--ctf",)):
        table(tmp_path, np.zeros((SIZE, SIZE), np.float32), optics)
        relion(tmp_path, "relion_project", "--i", "map.mrc", "--o", "out", "--ang", "in.star", "--angpix", str(PIXEL), *more)
        seen.append(centred_rfft2(torch.from_numpy(open_stack(tmp_path / "out.mrcs").read()[0]).double()))
    theirs = (seen[1] / seen[0]).real[INSIDE]
    ours = -ctf(torch.from_numpy(DEFOCUS[0]), optics, KX, KY)[INSIDE]
    torch.testing.assert_close(theirs, ours, atol=2e-4, rtol=0)


@pytest.mark.parametrize("matrix", [((1.1, 0.0), (0.0, 1.0)), ((1.0, 0.1), (0.0, 1.0)), ((1.0, 0.0), (0.1, 1.0))], ids=str)
def test_its_magnification_moves_a_dot_where_ours_does(tmp_path: Path, matrix: tuple):
    """What an image shows at r belongs to M⁻ᵀ r."""
    place = np.array([15.0, 6.0])
    found = inserted(tmp_path, dot(tuple(place), 1.2), replace(PLAIN, magnification=matrix)).numpy()
    weight = np.where(found > 0.3 * found.max(), found, 0)
    y, x = np.indices(found.shape) - SIZE // 2
    np.testing.assert_allclose([(weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()],
                               np.linalg.inv(np.array(matrix)).T @ place, atol=0.2)  # fmt: skip
