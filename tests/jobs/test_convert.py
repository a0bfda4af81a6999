"""Maps, stacks and particle lists into other forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import open_stack, read_volume, write_stack, write_volume
from vitreous.io.particles import read_particles
from vitreous.io.star import Table, read_star, write_star
from vitreous.jobs.convert import Convert, reshaped, scaled
from vitreous.pipeline.project import Project


def blob(size: int, at: tuple[float, float, float], width: float = 3.0) -> np.ndarray:
    """A Gaussian at (x, y, z) from the origin voxel."""
    z, y, x = np.mgrid[:size, :size, :size] - size // 2
    return np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2 + (z - at[2]) ** 2) / (2 * width**2)).astype(np.float32)


def middle(values: np.ndarray) -> np.ndarray:
    """Centre of mass (x, y, z) from the origin voxel."""
    grid = np.mgrid[tuple(slice(n) for n in values.shape)] - np.array([n // 2 for n in values.shape])[:, None, None, None]
    return np.array([(axis * values).sum() / values.sum() for axis in grid])[::-1]


@pytest.mark.parametrize("size", [24, 25])
def test_the_mirror_turns_x_about_the_origin(here: Project, tmp_path: Path, size: int):
    write_volume(tmp_path / "m.mrc", Volume(torch.as_tensor(blob(size, (3, -2, 1))), 1.5))
    record = here.do("convert", file=tmp_path / "m.mrc", mirror=True)
    assert middle(read_volume(record["map"]).values.numpy()) == pytest.approx([-3, -2, 1], abs=0.1)


@settings(max_examples=15, deadline=None)
@given(st.integers(20, 27), st.integers(20, 40), st.booleans())
def test_rescaling_keeps_the_origin_the_scale_and_the_mean(have: int, size: int, invert: bool):
    params = Convert(to_size=size, invert=invert)
    values = torch.as_tensor(blob(have, (2, 0, -1), 2.5))
    made = reshaped(values, params, 3).numpy() * (-1 if invert else 1)
    step = scaled(1.5, have, params)
    assert step * size == pytest.approx(1.5 * have)
    assert middle(np.clip(made, 0.02, None) - 0.02) * step == pytest.approx(np.array([2, 0, -1]) * 1.5, abs=0.15)
    assert made.mean() == pytest.approx(float(values.mean()), rel=1e-3)


def test_cutting_keeps_voxels_and_padding_surrounds_them(here: Project, tmp_path: Path):
    values = blob(24, (1, 2, 0))
    write_volume(tmp_path / "m.mrc", Volume(torch.as_tensor(values), 1.5, (10.0, 0.0, 0.0)))
    record = here.do("convert", file=tmp_path / "m.mrc", crop=16)
    made = read_volume(record["map"])
    assert np.array_equal(made.values.numpy(), values[4:20, 4:20, 4:20])
    assert (made.voxel_size, made.corner) == (1.5, (0.0, 0.0, 0.0))
    assert "place in the model's coordinates is not kept" in record.warnings[0]
    padded = read_volume(here.do("convert", file=record["map"], crop=30, invert=True)["map"]).values.numpy()
    assert np.array_equal(padded[7:23, 7:23, 7:23], -made.values.numpy())
    assert np.abs(padded[:7]).max() == 0


def test_a_silent_map_needs_its_scale(here: Project, tmp_path: Path):
    write_stack(tmp_path / "m.mrc", blob(16, (0, 0, 0)), None)
    with pytest.raises(InputError, match=r"voxel_size must be positive, in Å, for .*m\.mrc"):
        here.do("convert", file=tmp_path / "m.mrc")
    record = here.do("convert", file=tmp_path / "m.mrc", pixel_size=2.0, to_size=8)
    assert read_volume(record["map"]).voxel_size == pytest.approx(4.0)


def particles_30(folder: Path, count: int = 5, size: int = 16) -> Path:
    """A particle list in RELION 3.0's dialect, and its stack."""
    images = np.random.default_rng(0).standard_normal((count, size, size)).astype(np.float32)
    write_stack(folder / "p.mrcs", images, 3.0)
    columns = {
        "rlnImageName": np.array([f"{k + 1:06d}@p.mrcs" for k in range(count)], object),
        "rlnParticleName": np.array(["x y"] * count, object),
        "rlnOriginX": np.arange(count) * 0.5,
    }
    constants = {"rlnVoltage": 200.0, "rlnSphericalAberration": 1.4, "rlnAmplitudeContrast": 0.07, "rlnMagnification": 10000.0,
                 "rlnDetectorPixelSize": 3.0, "rlnOriginY": 0.0, "rlnAngleRot": 10.0, "rlnAngleTilt": 20.0,
                 "rlnAnglePsi": 30.0}  # fmt: skip
    columns |= {label: np.full(count, value) for label, value in constants.items()}
    write_star(folder / "p.star", {"": Table(columns)})
    return folder / "p.star"


def test_an_old_list_becomes_a_new_one(here: Project, tmp_path: Path):
    record = here.do("convert", file=particles_30(tmp_path))
    blocks = read_star(record["particles"])
    assert list(blocks) == ["optics", "particles"]
    assert blocks["optics"]["rlnImagePixelSize"].tolist() == [3.0]
    assert blocks["optics"]["rlnVoltage"].tolist() == [200.0]
    assert blocks["particles"]["rlnOriginXAngst"].tolist() == [0.0, 1.5, 3.0, 4.5, 6.0]
    assert blocks["particles"]["rlnParticleName"].tolist() == ["x y"] * 5
    before, after = read_particles(tmp_path / "p.star"), read_particles(record["particles"])
    assert after.rotation == pytest.approx(before.rotation, abs=1e-6)
    assert after.stack == before.stack
    assert "stack" not in record.outputs


def test_images_change_with_the_list(here: Project, tmp_path: Path):
    record = here.do("convert", file=particles_30(tmp_path), to_size=8, invert=True)
    made = read_particles(record["particles"])
    assert (made.pixel_size, made.contrast, made.stack) == (6.0, "dark", (record["stack"],))
    assert made.shift[:, 0] == pytest.approx(-np.arange(5) * 1.5)
    images, before = open_stack(record["stack"]).read(), open_stack(tmp_path / "p.mrcs").read()
    assert images.shape == (5, 8, 8)
    assert images.mean((1, 2)) == pytest.approx(-before.mean((1, 2)), abs=1e-5)
    again = here.do("convert", file=record["particles"], invert=True)
    assert read_particles(again["particles"]).contrast == "bright"


def test_a_stack_alone(here: Project, tmp_path: Path):
    particles_30(tmp_path)
    record = here.do("convert", file=tmp_path / "p.mrcs", crop=8)
    stack = open_stack(record["stack"])
    assert (stack.count, stack.shape, stack.pixel_size) == (5, (8, 8), pytest.approx(3.0))
    assert np.array_equal(stack.read(), open_stack(tmp_path / "p.mrcs").read()[:, 4:12, 4:12])
    with pytest.raises(InputError, match=r"mirror must be left out unless the file is a map"):
        here.do("convert", file=tmp_path / "p.mrcs", mirror=True)
