"""What was done about the CTF, through STAR files and back, by RELION's columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitreous.data.micrograph import Micrograph
from vitreous.data.optics import Optics, require_as_recorded
from vitreous.data.particles import Particles
from vitreous.errors import FormatError, InputError
from vitreous.io.micrographs import read_micrographs, write_micrographs
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.star import read_star

OPTICS = Optics(pixel_size=1.5)


def particles(*corrections: str) -> Particles:
    groups = tuple(replace(OPTICS, correction=each, name=f"g{k}") for k, each in enumerate(corrections))
    return Particles(optics=groups, group=np.arange(len(groups)), coordinate=np.zeros((len(groups), 2)))


def test_particles_keep_it_group_by_group(tmp_path: Path):
    write_particles(tmp_path / "p.star", particles("none", "flipped", "multiplied", "wiener"))
    table = read_star(tmp_path / "p.star")["optics"].columns
    assert list(table["rlnCtfDataArePhaseFlipped"]) == [0, 1, 0, 0]
    assert list(table["rlnCtfDataAreCtfPremultiplied"]) == [0, 0, 1, 0]
    again = read_particles(tmp_path / "p.star", require_images=False)
    assert [group.correction for group in again.optics] == ["none", "flipped", "multiplied", "wiener"]
    assert again.optics_extra == {}


def test_images_as_recorded_say_nothing_of_it(tmp_path: Path):
    write_particles(tmp_path / "p.star", particles("none"))
    assert "rlnCtfDataArePhaseFlipped" not in read_star(tmp_path / "p.star")["optics"].columns


def test_micrographs_keep_it(tmp_path: Path):
    write_micrographs(tmp_path / "m.star", [Micrograph(path=Path("a.mrc"), optics=replace(OPTICS, correction="multiplied"))])
    assert read_micrographs(tmp_path / "m.star")[0].optics.correction == "multiplied"


def test_two_corrections_of_one_image_are_refused(tmp_path: Path):
    write_particles(tmp_path / "p.star", particles("flipped", "multiplied"))
    text = (tmp_path / "p.star").read_text()
    lines = [line.rstrip().removesuffix("0").rstrip() + " 1" if line.startswith("g0") else line for line in text.splitlines()]
    (tmp_path / "p.star").write_text("\n".join(lines) + "\n")
    with pytest.raises(FormatError, match=r"corrected for the CTF in one way; got rlnCtfDataArePhaseFlipped and rlnCtfDataAreCtfPrem"):
        read_particles(tmp_path / "p.star", require_images=False)


def test_who_needs_images_as_recorded_says_why():
    require_as_recorded([OPTICS], "are wanted")
    with pytest.raises(InputError, match=r"images that a CTF is fitted to must be as recorded; these were corrected .*\(flipped, wiener\)"):
        require_as_recorded([OPTICS, replace(OPTICS, correction="wiener"), replace(OPTICS, correction="flipped")], "a CTF is fitted to")
