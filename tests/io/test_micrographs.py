"""Files of micrographs and of picks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import FormatError, InputError
from vitreous.io.coordinates import read_coordinates, read_picks, write_coordinates
from vitreous.io.micrographs import read_micrographs, write_micrographs
from vitreous.io.star import read_star

OPTICS = Optics(pixel_size=0.83, voltage=300, spherical_aberration=2.7, amplitude_contrast=0.07, name="day1")


def some(tmp_path: Path) -> list[Micrograph]:
    (tmp_path / "Motion").mkdir(parents=True)
    for name in ("a.mrc", "b.mrc", "a.star"):
        (tmp_path / "Motion" / name).touch()
    second = Optics(pixel_size=0.83, voltage=300, spherical_aberration=2.7, amplitude_contrast=0.07, name="day2")
    return [
        Micrograph(path=tmp_path / "Motion" / "a.mrc", optics=OPTICS, fit_resolution=3.5, fit_score=0.25,
                   defocus=Defocus(u=15000.5, v=14000.25, angle_deg=125.0, phase_shift_deg=10.0),
                   defocus_slope=(0.25, -0.125), flags=("drifted 42 Å", "poor fit"), motion=tmp_path / "Motion" / "a.star",
                   extra={"rlnCtfImage": "a.ctf:mrc", "optics.rlnMtfFileName": "k3.star"}),
        Micrograph(path=tmp_path / "Motion" / "b.mrc", optics=second, extra={"optics.rlnMtfFileName": "k4.star"}),
        Micrograph(path=Path("gone/c.mrc"), optics=OPTICS, defocus=Defocus(u=1000.0, v=1000.0),
                   extra={"optics.rlnMtfFileName": "k3.star"}),
    ]  # fmt: skip


def test_micrographs_come_back(tmp_path: Path):
    ours = some(tmp_path)
    write_micrographs(tmp_path / "Ctf" / "micrographs_ctf.star", ours)
    assert str(tmp_path) not in (tmp_path / "Ctf" / "micrographs_ctf.star").read_text()
    back = read_micrographs(tmp_path / "Ctf" / "micrographs_ctf.star")
    for a, b in zip(ours, back, strict=True):
        for name in ("path", "optics", "defocus", "fit_resolution", "fit_score", "flags", "motion"):
            assert getattr(a, name) == getattr(b, name)
        assert {k: v for k, v in b.extra.items() if v} == a.extra


def test_it_is_relions_file(tmp_path: Path):
    write_micrographs(tmp_path / "m.star", some(tmp_path))
    blocks = read_star(tmp_path / "m.star")
    assert list(blocks) == ["optics", "micrographs"]
    assert blocks["optics"]["rlnMicrographPixelSize"].tolist() == [0.83, 0.83]
    assert blocks["optics"]["rlnMtfFileName"].tolist() == ["k3.star", "k4.star"]
    assert blocks["micrographs"]["rlnOpticsGroup"].tolist() == [1, 2, 1]
    assert blocks["micrographs"]["rlnCtfAstigmatism"][0] == 1000.25
    assert np.isnan(blocks["micrographs"]["rlnDefocusU"][1])


def test_u_and_v_are_put_in_order(tmp_path: Path):
    """U < V at angle a is V, U at a + 90: the same defocus in every direction."""
    (tmp_path / "m.star").write_text(
        "data_\nloop_\n_rlnMicrographName\n_rlnDefocusU\n_rlnDefocusV\n_rlnDefocusAngle\n"
        "1.mrc 9000 12000 120\n2.mrc 12000 9000 -150\n"
    )
    first, second = read_micrographs(tmp_path / "m.star", pixel_size=1.0, voltage=300, spherical_aberration=2.7)
    assert first.defocus == second.defocus == Defocus(u=12000.0, v=9000.0, angle_deg=30.0)


def test_a_plain_list_of_micrographs(tmp_path: Path):
    (tmp_path / "m.star").write_text("data_micrographs\nloop_\n_rlnMicrographName\n0012\n")
    (only,) = read_micrographs(tmp_path / "m.star", pixel_size=1.5, voltage=300, spherical_aberration=0.01)
    assert (only.path, only.defocus, only.optics.amplitude_contrast) == (Path("0012"), None, 0.1)
    with pytest.raises(InputError, match="pixel_size must be given, in Å"):
        read_micrographs(tmp_path / "m.star")


def test_micrograph_errors(tmp_path: Path):
    (tmp_path / "m.star").write_text("data_\nloop_\n_rlnImageName\n1\n")
    with pytest.raises(FormatError, match="must have a column rlnMicrographName"):
        read_micrographs(tmp_path / "m.star")
    (tmp_path / "m.star").write_text("data_\nloop_\n_rlnMicrographName\n_rlnDefocusU\na 1\nb x\n")
    with pytest.raises(FormatError, match=r"row 2, column rlnDefocusU.*must be a number; got 'x'"):
        read_micrographs(tmp_path / "m.star", pixel_size=1.0, voltage=300, spherical_aberration=2.7)
    with pytest.raises(InputError, match="micrographs to write must be at least one"):
        write_micrographs(tmp_path / "w.star", [])


def test_picks_come_back(tmp_path: Path):
    picks = np.random.default_rng(0).uniform(0, 4000, (17, 2))
    extra = {"rlnAutopickFigureOfMerit": np.linspace(0, 1, 17), "rlnMicrographName": np.array(["m 1.mrc"] * 17, object)}
    write_coordinates(tmp_path / "p.star", picks, extra)
    np.testing.assert_allclose(read_coordinates(tmp_path / "p.star"), picks, rtol=0, atol=0.6e-6)
    back = read_picks(tmp_path / "p.star")[1]
    assert {k: v.tolist() for k, v in back.items()} == {k: v.tolist() for k, v in extra.items()}


def test_no_picks_is_a_file_too(tmp_path: Path):
    write_coordinates(tmp_path / "p.star", np.zeros((0, 2)))
    assert read_coordinates(tmp_path / "p.star").shape == (0, 2)


def test_pick_errors(tmp_path: Path):
    (tmp_path / "p.star").write_text("data_\nloop_\n_rlnCoordinateX\n1\n")
    with pytest.raises(FormatError, match="must have the columns rlnCoordinateX and rlnCoordinateY"):
        read_coordinates(tmp_path / "p.star")
    with pytest.raises(InputError, match=r"picks must be \(n, 2\)"):
        write_coordinates(tmp_path / "p.star", np.zeros((3, 3)))
