"""The conventions of files: what RELION writes means what CONVENTIONS.md says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.io.coordinates import read_coordinates, write_coordinates
from vitreous.io.micrographs import read_micrographs
from vitreous.io.mrc import read_header, read_image, read_volume, write_image, write_volume
from vitreous.io.particles import read_particles, write_particles

HEAD = (
    "data_optics\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n_rlnVoltage\n_rlnSphericalAberration\n_rlnAmplitudeContrast\n"
    "_rlnImagePixelSize\n1 one 300 2.7 0.1 1.5\n\ndata_particles\nloop_\n_rlnOpticsGroup\n"
)


def particles(tmp_path: Path, columns: dict[str, float]):
    text = HEAD + "".join(f"_{label}\n" for label in columns) + "1 " + " ".join(map(str, columns.values())) + "\n"
    (tmp_path / "p.star").write_text(text)
    return read_particles(tmp_path / "p.star", require_images=False)


def test_shift_is_minus_relions_origin(tmp_path: Path):
    """RELION's origin moves the particle to the centre; ours says where it sits: a particle right of the centre has shift +x."""
    p = particles(tmp_path, {"rlnOriginXAngst": -3.0, "rlnOriginYAngst": 1.5})
    assert p.shift.tolist() == [[3.0, -1.5]]
    p = particles(tmp_path, {"rlnOriginX": -2.0, "rlnOriginY": 1.0})
    assert p.shift.tolist() == [[3.0, -1.5]], "pixels of the image, 1.5 Å each"


@pytest.mark.parametrize(("rot", "tilt", "psi"), [(0, 0, 90), (90, 0, 0), (0, 90, 0), (30, 40, 50), (-170, 100, 25)])
def test_euler_angles_are_relions(tmp_path: Path, rot: float, tilt: float, psi: float):
    """r_lab = R r_object with R = Z(psi) Y(tilt) Z(rot), each turning the coordinate system; written out here."""

    def about_z(angle: float) -> np.ndarray:
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])

    def about_y(angle: float) -> np.ndarray:
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])

    p = particles(tmp_path, {"rlnAngleRot": rot, "rlnAngleTilt": tilt, "rlnAnglePsi": psi})
    np.testing.assert_allclose(p.rotation[0], about_z(psi) @ about_y(tilt) @ about_z(rot), atol=1e-12)
    write_particles(tmp_path / "q.star", p)
    np.testing.assert_allclose(read_particles(tmp_path / "q.star", require_images=False).rotation, p.rotation, atol=1e-7)


def test_defocus_is_in_angstrom_and_u_lies_along_the_angle(tmp_path: Path):
    p = particles(tmp_path, {"rlnDefocusU": 15000.0, "rlnDefocusV": 14000.0, "rlnDefocusAngle": 30.0, "rlnPhaseShift": 60.0})
    assert p.defocus.tolist() == [[15000.0, 14000.0, 30.0, 60.0]]
    (tmp_path / "m.star").write_text(
        "data_micrographs\nloop_\n_rlnMicrographName\n_rlnDefocusU\n_rlnDefocusV\n_rlnDefocusAngle\na.mrc 14000 15000 30\n"
    )
    (m,) = read_micrographs(tmp_path / "m.star", pixel_size=1.0, voltage=300, spherical_aberration=2.7)
    assert (m.defocus.u, m.defocus.v, m.defocus.angle_deg) == (15000.0, 14000.0, 120.0)


def test_contrast_of_relions_particles_is_bright(tmp_path: Path):
    assert particles(tmp_path, {"rlnClassNumber": 1}).contrast == "bright"


def test_images_are_counted_from_one_in_files_and_from_zero_here(tmp_path: Path):
    assert particles(tmp_path, {"rlnImageName": "000003@s.mrcs"}).slice_index.tolist() == [2]


def test_coordinates_are_pixels_x_first_counted_from_zero(tmp_path: Path):
    """A pick at (x, y) = (2, 1) is the pixel in column 2 of row 1 of the image as it is read."""
    image = np.zeros((4, 6), np.float32)
    image[1, 2] = 1
    write_image(tmp_path / "m.mrc", image, 1.0)
    write_coordinates(tmp_path / "p.star", np.array([[2.0, 1.0]]))
    (x, y), read = read_coordinates(tmp_path / "p.star")[0].astype(int), read_image(tmp_path / "m.mrc")[0]
    assert read[y, x] == 1
    assert (tmp_path / "p.star").read_text().split()[-2:] == ["2.0", "1.0"]


def test_axes_x_is_the_fastest_of_a_file(tmp_path: Path):
    write_volume(tmp_path / "a.mrc", Volume(torch.arange(24.0).reshape(2, 3, 4), 1.5))
    assert read_header(tmp_path / "a.mrc").shape == (2, 3, 4)
    raw = np.frombuffer((tmp_path / "a.mrc").read_bytes(), "<f4", offset=1024)
    assert raw[1] == read_volume(tmp_path / "a.mrc").values[0, 0, 1]


def test_hand_of_a_helix_survives_a_file(tmp_path: Path):
    """A right-handed helix, x + iy turning counter-clockwise as z grows, does so in the file and after it."""
    values = torch.zeros(16, 16, 16)
    for z in range(16):
        values[z, round(7.5 + 5 * math.sin(z / 3)), round(7.5 + 5 * math.cos(z / 3))] = 1
    write_volume(tmp_path / "a.mrc", Volume(values, 1.0))
    found = read_volume(tmp_path / "a.mrc").values
    z, y, x = (found > 0.5).nonzero().double().T
    turn = torch.atan2(y - 7.5, x - 7.5).diff().remainder(2 * math.pi)
    assert (turn < math.pi).all()


def test_the_corner_is_where_the_first_voxel_lies(tmp_path: Path):
    write_volume(tmp_path / "a.mrc", Volume(torch.ones(2, 2, 2), 1.5, (10.0, 20.0, 30.0)))
    assert read_header(tmp_path / "a.mrc").origin == (10.0, 20.0, 30.0)
    assert read_volume(tmp_path / "a.mrc").corner == (10.0, 20.0, 30.0)
