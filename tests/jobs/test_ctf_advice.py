"""Advice on boxes: from numbers, from a list of micrographs, and as a warning of extraction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_images as tiny

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.coordinates import write_coordinates
from vitreous.io.micrographs import write_micrographs
from vitreous.io.mrc import write_image
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json


def session(folder: Path, *defoci: float, image: str = "a.mrc", optics: Optics = tiny.OPTICS) -> Path:
    known = [Micrograph(path=folder / image, optics=optics, defocus=Defocus(u=z + 50, v=z - 50)) for z in defoci]
    write_micrographs(folder / "ctf.star", known)
    return folder / "ctf.star"


def test_the_box_holds_the_particle_and_its_delocalised_detail(here: Project):
    """15 000 Å at 300 kV and 3 Å: 0.0196875 · 15 000 / 3 − 7.63 = 90.8 Å on either side of 150 Å is 331.6 Å, 277 px of 1.2 Å."""
    record = here.do("ctf-advice", defocus=15000.0, diameter=150.0, resolution=3.0)
    assert record.figures["displacement_angstrom"] == pytest.approx(90.8, abs=0.05)
    assert record.figures["pixel_size_angstrom"] == pytest.approx(1.2)
    assert record.figures["advised_box_px"] == 288  # the next even size of factors 2, 3, 5
    assert record.figures["least_box_for_aliasing_angstrom"] == pytest.approx(181.6, abs=0.1)
    assert "lost_at_resolution" not in record.figures
    assert not record.warnings
    assert read_json(record["advice"]) == pytest.approx(dict(record.figures))
    assert record["picture"].read_bytes()[:4] == b"\x89PNG"


def test_a_box_that_is_too_small_is_told_of(here: Project):
    record = here.do("ctf-advice", defocus=25000.0, diameter=150.0, resolution=3.0, box=200)
    assert record.figures["lost_at_resolution"] > 0.5
    assert record.figures["aliased_from_angstrom"] > 3
    assert "loses" in record.warnings[0]
    assert "aliased beyond" in record.warnings[1]


def test_of_a_session_the_greatest_defocus_counts(here: Project, tmp_path: Path):
    star = session(tmp_path, 9000.0, 21000.0, 12000.0, optics=Optics(pixel_size=2.0, voltage=200.0))
    record = here.do("ctf-advice", micrographs=star, diameter=120.0, resolution=3.0)
    assert record.figures["defocus_angstrom"] == 21000
    assert record.figures["pixel_size_angstrom"] == 2.0
    # λ(200 kV) z k at 4 Å, which is all that 2 Å pixels hold, less Cs λ³ k³ = 2.7e7 · 1.577e-5 / 64
    assert record.figures["displacement_angstrom"] == pytest.approx(0.0250793 * 21000 / 4 - 6.65, abs=0.05)
    assert "hold nothing finer than 4 Å" in record.warnings[0]
    given = here.do("ctf-advice", micrographs=star, diameter=120.0, resolution=5.0, defocus=8000.0, voltage=300.0)
    assert given.figures["displacement_angstrom"] == pytest.approx(0.0196875 * 8000 / 5 - 1.65, abs=0.05)


def test_a_defocus_must_be_known(here: Project, tmp_path: Path):
    with pytest.raises(InputError, match=r"defocus must be given, in Å; got None. Try: --defocus 20000"):
        here.do("ctf-advice", diameter=150.0)
    write_micrographs(tmp_path / "none.star", [Micrograph(path=tmp_path / "a.mrc", optics=tiny.OPTICS)])
    with pytest.raises(InputError, match="defocus must be given"):
        here.do("ctf-advice", diameter=150.0, micrographs=tmp_path / "none.star")


def test_extraction_warns_of_a_box_that_loses_signal_and_only_of_that(here: Project, tmp_path: Path):
    write_image(tmp_path / "a.mrc", np.random.default_rng(0).normal(size=(400, 400)).astype(np.float32), tiny.OPTICS.pixel_size)
    write_coordinates(tmp_path / "a_picks.star", np.full((1, 2), 200.0), {"rlnMicrographName": np.array([str(tmp_path / "a.mrc")], object)})
    for defocus, told in ((60000.0, True), (5000.0, False)):
        star = session(tmp_path, defocus)
        record = here.do("extract", micrographs=star, coordinates=tmp_path / "a_picks.star", diameter=100.0, box=64)
        assert any("spreads beyond it" in warning for warning in record.warnings) == told
