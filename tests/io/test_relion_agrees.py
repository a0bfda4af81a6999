"""RELION itself reads what is written, and its shifts and angles mean what the importer says they mean."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.io.mrc import open_stack, write_stack, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.numerics.rotations import from_euler, random_rotations

pytestmark = pytest.mark.oracle
PIXEL = 2.0
SIZE = 64


def relion(folder: Path, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    subprocess.run([found, *arguments], cwd=folder, check=True, capture_output=True)


def blob(centre: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A Gaussian of 2 voxels at ``centre``, x first, relative to voxel n // 2."""
    axes = np.meshgrid(*[np.arange(n) - n // 2 for n in shape], indexing="ij")
    distance = sum((axis - where) ** 2 for axis, where in zip(axes, centre[::-1]))
    return np.exp(-distance / 8).astype(np.float32)


def place(image: np.ndarray) -> np.ndarray:
    """Centre of mass of the bright part, (x, y) in pixels relative to pixel n // 2."""
    weights = np.where(image > 0.2 * image.max(), image, 0).astype(float)
    y, x = np.indices(image.shape)
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum() - np.array(image.shape[::-1]) // 2


def particles(folder: Path, images: np.ndarray, **columns: object) -> Particles:
    write_stack(folder / "images.mrcs", images, PIXEL)
    n = len(images)
    return Particles(optics=(Optics(pixel_size=PIXEL),), group=np.zeros(n, int), stack=(folder / "images.mrcs",),
                     stack_index=np.zeros(n, int), slice_index=np.arange(n), **columns)  # fmt: skip


def test_it_finds_the_images_and_keeps_the_columns(tmp_path: Path):
    images = np.random.default_rng(0).normal(size=(6, 16, 16)).astype(np.float32)
    notes = np.array(["two words", "", "x", "y", "z", "w"], object)
    p = particles(tmp_path, images, half=np.array([1, 2, 1, 2, 1, 2], np.int8), micrograph=("mic 1.mrc", "2"),
                  micrograph_index=np.array([0, 1, 0, 1, 0, 1]), defocus=np.full((6, 4), [15000.0, 14000.0, 20.0, 0.0]),
                  extra={"myNote": notes}).take(np.array([4, 1, 3]))  # fmt: skip
    write_particles(tmp_path / "run.star", p)
    relion(tmp_path, "relion_stack_create", "--i", "run.star", "--o", "theirs")
    np.testing.assert_allclose(open_stack(tmp_path / "theirs.mrcs").read(), images[[4, 1, 3]], atol=1e-6)
    relion(tmp_path, "relion_star_handler", "--i", "run.star", "--o", "subset.star", "--select", "rlnRandomSubset",
           "--minval", "2", "--maxval", "2")  # fmt: skip
    back = read_particles(tmp_path / "subset.star")
    assert back.slice_index.tolist() == [1, 3]
    assert [back.micrograph[i] for i in back.micrograph_index] == ["2", "2"]
    assert back.extra["myNote"].tolist() == ["", "y"]
    assert back.defocus[0].tolist() == [15000.0, 14000.0, 20.0, 0.0]


def test_its_shifts_are_minus_ours(tmp_path: Path):
    """RELION recentres a particle that sits at our shift."""
    shifts = np.array([[7.0, -4.0], [-10.0, 3.0], [0.0, 12.0]])
    p = particles(tmp_path, np.stack([blob(s, (SIZE, SIZE)) for s in shifts]), shift=shifts * PIXEL,
                  rotation=np.stack([np.eye(3)] * 3))  # fmt: skip
    write_particles(tmp_path / "run.star", p)
    relion(tmp_path, "relion_stack_create", "--i", "run.star", "--o", "centred", "--apply_rounded_offsets_only")
    moved = open_stack(tmp_path / "centred.mrcs").read()
    assert all(np.abs(place(image)).max() < 0.1 for image in moved)


def test_its_in_plane_angle_is_ours(tmp_path: Path):
    """A dot at R v + shift of the image is at v after RELION undoes the pose."""
    v = np.array([15.0, 4.0])
    psi = torch.tensor([30.0, -100.0, 170.0], dtype=torch.float64)
    angles = torch.stack([torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64), psi], -1)
    rotation, shifts = from_euler(angles).numpy(), np.array([[3.0, -2.0], [0.0, 5.0], [-4.0, 0.0]])
    seen = rotation[:, :2, :2] @ v + shifts
    p = particles(tmp_path, np.stack([blob(s, (SIZE, SIZE)) for s in seen]), shift=shifts * PIXEL, rotation=rotation)
    write_particles(tmp_path / "run.star", p)
    relion(tmp_path, "relion_stack_create", "--i", "run.star", "--o", "aligned", "--apply_transformation")
    for image in open_stack(tmp_path / "aligned.mrcs").read():
        np.testing.assert_allclose(place(image), v, atol=0.3)


def test_its_projections_are_ours(tmp_path: Path):
    """A dot at v of a map lands at the x and y of R v + shift in RELION's projection: axes, angles, hand and shift in one."""
    v = np.array([12.0, -5.0, 8.0])
    write_volume(tmp_path / "map.mrc", Volume(torch.from_numpy(blob(v, (SIZE,) * 3)), PIXEL))
    rotation = random_rotations(5, torch.Generator().manual_seed(2)).numpy()
    shifts = np.random.default_rng(0).uniform(-4, 4, (5, 2))
    p = particles(tmp_path, np.zeros((5, SIZE, SIZE), np.float32), rotation=rotation, shift=shifts * PIXEL)
    write_particles(tmp_path / "poses.star", p)
    relion(tmp_path, "relion_project", "--i", "map.mrc", "--o", "seen", "--ang", "poses.star", "--angpix", str(PIXEL))
    expected = (rotation @ v)[:, :2] + shifts
    for image, where in zip(open_stack(tmp_path / "seen.mrcs").read(), expected):
        np.testing.assert_allclose(place(image), where, atol=0.3)
