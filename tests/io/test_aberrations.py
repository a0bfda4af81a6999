"""Aberrations in files: as RELION 3.1 writes them, and only where there are any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.errors import FormatError, InputError
from vitreous.io.particles import read_particles, write_particles

ABERRED = Optics(
    pixel_size=1.5, name="b", beam_tilt=(0.1, -0.2), odd_zernike=(0.0, 0.0, 1.5, 2.0, 3.0, -4e-5), even_zernike=tuple(range(9)),
    magnification=((1.01, 0.001), (0.002, 0.99)),
)  # fmt: skip


def particles(*optics: Optics) -> Particles:
    return Particles(optics=optics, group=np.arange(4) % len(optics), coordinate=np.ones((4, 2)))


def test_they_survive_a_file(tmp_path: Path):
    write_particles(tmp_path / "p.star", particles(Optics(pixel_size=1.5, name="a"), ABERRED))
    first, second = read_particles(tmp_path / "p.star", require_images=False).optics
    assert second == ABERRED
    assert (first.beam_tilt, first.magnification) == ((0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)))
    assert not any(first.odd_zernike + first.even_zernike)


def test_relions_words_are_read(tmp_path: Path):
    """Lists stand without quotes, as in its files."""
    write_particles(tmp_path / "p.star", particles(ABERRED))
    text = (tmp_path / "p.star").read_text()
    assert " [0,0,1.5,2,3,-4e-05] " in text
    (tmp_path / "q.star").write_text(text.replace("[0,0,1.5,2,3,-4e-05]", "[0.5,2]"))
    assert read_particles(tmp_path / "q.star", require_images=False).optics[0].odd_zernike == (0.5, 2.0)


def test_a_microscope_without_them_has_no_such_columns(tmp_path: Path):
    write_particles(tmp_path / "p.star", particles(Optics(pixel_size=1.5)))
    text = (tmp_path / "p.star").read_text()
    assert not any(word in text for word in ("BeamTilt", "Zernike", "MagMat"))


def test_in_the_old_dialect_tilts_make_groups(tmp_path: Path):
    (tmp_path / "old.star").write_text(
        "data_\n\nloop_\n_rlnVoltage #1\n_rlnSphericalAberration #2\n_rlnDetectorPixelSize #3\n_rlnMagnification #4\n"
        "_rlnBeamTiltX #5\n_rlnBeamTiltY #6\n300 2.7 5 50000 0.5 0\n300 2.7 5 50000 0 -0.25\n300 2.7 5 50000 0.5 0\n"
    )
    p = read_particles(tmp_path / "old.star", require_images=False)
    assert [group.beam_tilt for group in p.optics] == [(0.5, 0.0), (0.0, -0.25)]
    assert p.group.tolist() == [0, 1, 0]


def test_a_tilt_in_one_direction_needs_no_other(tmp_path: Path):
    write_particles(tmp_path / "p.star", particles(ABERRED))
    text = (tmp_path / "p.star").read_text()
    (tmp_path / "p.star").write_text(text.replace("_rlnBeamTiltY", "_myBeamTiltY"))
    assert read_particles(tmp_path / "p.star", require_images=False).optics[0].beam_tilt == (0.1, 0.0)


@pytest.mark.parametrize(("old", "new", "problem"), [
    ("[0,0,1.5,2,3,-4e-05]", "0.5", "must be a list like"),
    ("[0,0,1.5,2,3,-4e-05]", "[a,1]", "must be a list like"),
    ("_rlnMagMat11", "_myMagMat11", "got no rlnMagMat11"),
])  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path: Path, old: str, new: str, problem: str):
    write_particles(tmp_path / "p.star", particles(ABERRED))
    (tmp_path / "p.star").write_text((tmp_path / "p.star").read_text().replace(old, new))
    with pytest.raises(FormatError, match=problem):
        read_particles(tmp_path / "p.star", require_images=False)


def test_impossible_values_are_refused():
    with pytest.raises(InputError, match="aberrations must be numbers"):
        Optics(pixel_size=1.0, beam_tilt=(float("nan"), 0.0))
    with pytest.raises(InputError, match="matrix of determinant"):
        Optics(pixel_size=1.0, magnification=((0.0, 0.0), (0.0, 1.0)))
