"""Half-maps and particles through the job: files, figures, pictures, and input that cannot be used."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from uneven_maps import SIZE, VOXEL, frequencies, halves

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.numerics.filters import soft_disc
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

Z = frequencies()[..., 2]


@pytest.fixture
def half_maps(tmp_path: Path) -> list[Path]:
    """Blurred along z."""
    snr = 100 * torch.exp(-((frequencies().norm(dim=-1) / 9) ** 2) - (Z / 6) ** 2)
    paths = [tmp_path / f"half{k}.mrc" for k in (1, 2)]
    for path, values in zip(paths, halves(snr, 3)):
        write_volume(path, Volume(values.float(), VOXEL))
    return paths


def poses(path: Path, tilt: float, count: int = 200) -> Path:
    """A STAR file of particles all seen at one tilt."""
    rows = "\n".join(f"{k + 1}@a.mrcs {360 * k / count} {tilt} 0 10000 10000 0" for k in range(count))
    optics = ("OpticsGroup", "ImagePixelSize", "Voltage", "SphericalAberration", "AmplitudeContrast", "ImageSize")
    columns = ("ImageName", "AngleRot", "AngleTilt", "AnglePsi", "DefocusU", "DefocusV", "DefocusAngle")
    heads = ("\n".join(f"_rln{name}" for name in each) for each in (optics, columns))
    path.write_text("data_optics\n\nloop_\n{}\n1 1.5 300 2.7 0.1 32\n\ndata_particles\n\nloop_\n{}\n{}\n".format(*heads, rows))
    return path


def test_directions_and_views_are_measured_and_drawn(here: Project, half_maps: list[Path], tmp_path: Path) -> None:
    record = here.do("directions", half1=half_maps[0], half2=half_maps[1], particles=poses(tmp_path / "p.star", 90.0))
    told = read_json(record["summary"])
    assert {check["name"]: check["verdict"] for check in told["checks"]} == {"directions": "warn", "orientations": "pass"}
    assert abs(told["worst_axis_xyz"][2]) > 0.95
    assert told["scf"] == pytest.approx(0.81, abs=0.06)
    assert record.warnings[0].startswith("directions: cones of 20°")
    volume = read_volume(record["fsc3d"])
    assert volume.shape == (SIZE,) * 3
    middle, away = SIZE // 2, 13
    assert volume.values[middle + away, middle, middle] < volume.values[middle, middle, middle + away] - 0.2, "blurred along z"
    with record["occupancy"].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert np.all(np.diff([float(row["spatial_frequency_per_angstrom"]) for row in rows]) > 0)
    assert min(float(row["p_value_of_evenness"]) for row in rows) < 1e-4
    assert len(record["by_direction"].read_text().splitlines()) == 97
    for picture in ("directions_picture", "occupancy_picture", "orientations", "sampling"):
        assert record[picture].read_text().startswith("<")


def spoilt(path: Path, values: torch.Tensor, voxel: float = VOXEL) -> Path:
    write_volume(path, Volume(values, voxel))
    return path


def test_bad_half_maps_are_refused(here: Project, half_maps: list[Path], tmp_path: Path) -> None:
    good = read_volume(half_maps[0]).values
    hole = spoilt(tmp_path / "nan.mrc", good)
    with hole.open("r+b") as handle:
        handle.seek(1024 + 4 * 99)
        handle.write(np.array([np.nan], "<f4").tobytes())
    for words, other in (
        ("half-maps must be maps of two halves of the particles; got 'the same map twice'", half_maps[0]),
        ("half-maps must be cubes of one size", spoilt(tmp_path / "small.mrc", good[:20, :20, :20].contiguous())),
        ("voxel sizes of the half-maps must be equal", spoilt(tmp_path / "scale.mrc", good + 1, 3.0)),
        ("a map must be finite everywhere", hole),
        ("half-map 2 must be a map; got 'one number everywhere'", spoilt(tmp_path / "flat.mrc", torch.ones_like(good))),
    ):
        with pytest.raises(InputError, match=words):
            here.do("directions", half1=half_maps[0], half2=other)


def test_bad_masks_and_particles_are_refused(here: Project, half_maps: list[Path], tmp_path: Path) -> None:
    both = {"half1": half_maps[0], "half2": half_maps[1]}
    for words, mask in (
        ("mask must be of the half-maps' shape", soft_disc((20,) * 3, 5, 2)),
        ("mask must be of values from 0", torch.zeros(SIZE, SIZE, SIZE)),
        ("mask must be of values from 0", 30 * soft_disc((SIZE,) * 3, 12, 5)),
    ):
        with pytest.raises(InputError, match=words):
            here.do("directions", **both, mask=spoilt(tmp_path / "mask.mrc", mask))
    few = poses(tmp_path / "few.star", 30.0, 4)
    with pytest.raises(InputError, match="number of views must be at least 20; got 4"):
        here.do("directions", **both, particles=few)
    bare = tmp_path / "bare.star"
    bare.write_text(few.read_text().replace("_rlnAngle", "_other"))
    with pytest.raises(InputError, match="particles must be with poses"):
        here.do("directions", **both, particles=bare)
