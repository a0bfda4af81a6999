"""Particle STAR files: every column there and back, RELION 3.0 and 3.1, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.errors import FormatError, InputError
from vitreous.io.mrc import open_stack, write_stack
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.star import Table, read_star, write_star
from vitreous.numerics.rotations import geodesic_deg, random_rotations

OPTICS = """
data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnBeamTiltX #7
7 seven 300 2.7 0.07 1.25 0.5
3 three 200 1.4 0.10 1.10 0.6

data_particles

loop_
"""


def made(tmp_path: Path, count: int = 5, seed: int = 0) -> Particles:
    """Particles with every column, in two stacks and two optics groups."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for name in ("a.mrcs", "b.mrcs"):
        write_stack(tmp_path / "Extract" / name, rng.normal(size=(count, 8, 8)).astype(np.float32), 1.5)
    return Particles(
        optics=(Optics(pixel_size=1.5, name="first"), Optics(pixel_size=1.7, voltage=200, name="second")),
        group=rng.integers(0, 2, count), stack=(tmp_path / "Extract" / "a.mrcs", tmp_path / "Extract" / "b.mrcs"),
        stack_index=np.r_[0, rng.integers(0, 2, count - 1)], slice_index=rng.permutation(count),
        defocus=np.column_stack([rng.uniform(5e3, 3e4, (count, 2)), rng.uniform(0, 180, count), rng.uniform(0, 90, count)]),
        rotation=random_rotations(count, generator).numpy(), shift=rng.normal(size=(count, 2)),
        micrograph=("mic 1.mrc", "0002"), micrograph_index=np.r_[0, rng.integers(0, 2, count - 1)],
        coordinate=rng.uniform(0, 4000, (count, 2)), half=rng.integers(0, 3, count).astype(np.int8),
        class_number=rng.integers(1, 9, count).astype(np.int32),
        extra={"rlnGroupNumber": rng.integers(0, 5, count), "myScore": rng.normal(size=count),
               "myNote": np.array([f"n {k}" for k in range(count)], object)},
        optics_extra={"rlnMicrographOriginalPixelSize": np.array([0.75, 0.85])},
    )  # fmt: skip


@settings(deadline=None, max_examples=10)
@given(count=st.integers(1, 40), seed=st.integers(0, 99))
def test_every_column_comes_back(tmp_path_factory, count, seed):
    folder = tmp_path_factory.mktemp("p")
    p = made(folder, count, seed)
    write_particles(folder / "Refine" / "run.star", p)
    q = read_particles(folder / "Refine" / "run.star")
    for name in ("group", "slice_index", "half", "class_number"):
        np.testing.assert_array_equal(getattr(q, name), getattr(p, name))
    assert [q.stack[i] for i in q.stack_index] == [p.stack[i] for i in p.stack_index]
    assert [q.micrograph[i] for i in q.micrograph_index] == [p.micrograph[i] for i in p.micrograph_index]
    # Lengths and angles are written to 1e-6: half of that is lost at most.
    for name in ("defocus", "shift", "coordinate"):
        np.testing.assert_allclose(getattr(q, name), getattr(p, name), rtol=0, atol=0.6e-6)
    assert geodesic_deg(torch.from_numpy(q.rotation), torch.from_numpy(p.rotation)).max() < 3e-6
    assert q.optics == p.optics
    assert {k: v.tolist() for k, v in q.extra.items()} == {k: v.tolist() for k, v in p.extra.items()}
    assert q.optics_extra["rlnMicrographOriginalPixelSize"].tolist() == [0.75, 0.85]
    assert q.optics_extra["rlnImageSize"].tolist() == [8, 8]


def test_the_second_round_trip_changes_nothing(tmp_path: Path):
    write_particles(tmp_path / "one.star", made(tmp_path, 30))
    write_particles(tmp_path / "two.star", read_particles(tmp_path / "one.star"))
    assert (tmp_path / "one.star").read_bytes().split() == (tmp_path / "two.star").read_bytes().split()


def test_contrast_is_kept(tmp_path: Path):
    p = made(tmp_path)
    for contrast in ("dark", "bright"):
        write_particles(tmp_path / "a.star", p.with_(contrast=contrast))
        assert read_particles(tmp_path / "a.star").contrast == contrast
        assert "vitreousContrast" not in read_particles(tmp_path / "a.star").optics_extra
        assert read_particles(tmp_path / "a.star", contrast="dark").contrast == "dark"
    write_particles(tmp_path / "a.star", p.with_(optics_extra={"vitreousContrast": np.array(["grey", "dark"], object)}))
    with pytest.raises(FormatError, match=r'must be "dark" or "bright".*got \[\'dark\', \'grey\'\]'):
        read_particles(tmp_path / "a.star")


def test_names_are_relative_and_the_folder_can_be_moved(tmp_path: Path):
    write_particles(tmp_path / "old" / "Refine" / "job" / "run.star", made(tmp_path / "old"))
    assert str(tmp_path) not in (tmp_path / "old" / "Refine" / "job" / "run.star").read_text()
    (tmp_path / "old").rename(tmp_path / "new")
    q = read_particles(tmp_path / "new" / "Refine" / "job" / "run.star")
    assert q.stack[0] == tmp_path / "new" / "Extract" / "a.mrcs"


def test_names_relative_to_a_root_and_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_particles(tmp_path / "elsewhere" / "run.star", made(tmp_path / "project"), root=tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    assert read_particles(tmp_path / "elsewhere" / "run.star").stack[0] == tmp_path / "project" / "Extract" / "a.mrcs"


def test_optics_groups_are_found_by_their_number(tmp_path: Path):
    (tmp_path / "a.star").write_text(OPTICS + "_rlnOpticsGroup\n_rlnOriginXAngst\n_rlnOriginYAngst\n3 1 2\n7 3 -4\n3 0 0\n")
    p = read_particles(tmp_path / "a.star", require_images=False)
    assert p.optics == (
        Optics(pixel_size=1.25, voltage=300, spherical_aberration=2.7, amplitude_contrast=0.07, beam_tilt=(0.5, 0.0), name="seven"),
        Optics(pixel_size=1.10, voltage=200, spherical_aberration=1.4, amplitude_contrast=0.10, beam_tilt=(0.6, 0.0), name="three"),
    )
    assert p.group.tolist() == [1, 0, 1]
    assert p.shift.tolist() == [[-1.0, -2.0], [-3.0, 4.0], [0.0, 0.0]]


def test_relion_30(tmp_path: Path):
    """Constants repeated in every row make groups; the pixel is the detector's over the magnification; origins are in pixels."""
    (tmp_path / "a.star").write_text(
        "data_\nloop_\n_rlnVoltage\n_rlnSphericalAberration\n_rlnMagnification\n_rlnDetectorPixelSize\n_rlnOriginX\n_rlnOriginY\n"
        "300 2.7 50000 5 2 -3\n300 2.7 40000 5 2 -3\n300 2.7 50000 5 0 1\n"
    )
    p = read_particles(tmp_path / "a.star", require_images=False)
    assert [o.pixel_size for o in p.optics] == [1.0, 1.25]
    assert p.group.tolist() == [0, 1, 0]
    assert p.shift.tolist() == [[-2.0, 3.0], [-2.5, 3.75], [0.0, -1.0]]


def test_the_caller_overrules_the_file(tmp_path: Path):
    (tmp_path / "a.star").write_text(OPTICS + "_rlnOpticsGroup\n_rlnDefocusU\n_rlnDefocusV\n_rlnDefocusAngle\n3 1 2 3\n")
    p = read_particles(tmp_path / "a.star", require_images=False, pixel_size=2.0, voltage=120.0)
    assert {(o.pixel_size, o.voltage) for o in p.optics} == {(2.0, 120.0)}
    assert p.defocus.tolist() == [[1.0, 2.0, 3.0, 0.0]]
    with pytest.raises(InputError, match="a property of the microscope must be one of pixel_size"):
        read_particles(tmp_path / "a.star", require_images=False, kilovolts=300.0)


def test_psi_alone_is_no_rotation(tmp_path: Path):
    (tmp_path / "a.star").write_text(OPTICS + "_rlnOpticsGroup\n_rlnAnglePsi\n3 90\n")
    p = read_particles(tmp_path / "a.star", require_images=False)
    assert p.rotation is None
    assert p.extra["rlnAnglePsi"].tolist() == [90]


def test_pixels_are_those_named(tmp_path: Path):
    p = made(tmp_path)
    write_particles(tmp_path / "run.star", p)
    q = read_particles(tmp_path / "run.star")
    for row in range(len(p)):
        ours, theirs = (open_stack(t.stack[t.stack_index[row]]).read(int(t.slice_index[row])) for t in (q, p))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("rows", "match"), [
    ("_rlnOpticsGroup\n3\n", "must have a column rlnImageName; got none. It looks like a picking file"),
    ("_rlnOpticsGroup\n_rlnImageName\n3 1@none.mrcs\n", r"row 1, column rlnImageName.*the stack none.mrcs must exist"),
    ("_rlnOpticsGroup\n_rlnImageName\n3 1@s.mrcs\n3 5@s.mrcs\n", r"row 2, column rlnImageName.*got 5 in .*s.mrcs \(4 images\)"),
    ("_rlnOpticsGroup\n_rlnImageName\n3 0@s.mrcs\n", r"row 1.*must be from 1 to the number in its stack; got 0"),
    ("_rlnOpticsGroup\n_rlnImageName\n3 x@s.mrcs\n", r"row 1.*an image name must be NUMBER@FILE; got 'x@s.mrcs'"),
    ("_rlnOpticsGroup\n_rlnImageName\n4 1@s.mrcs\n", r"row 1, column rlnOpticsGroup.*optics table's, \[3, 7\]; got 4"),
    ("_rlnImageName\n1@s.mrcs\n", "rows must name their optics group where there are 2"),
    ("_rlnOpticsGroup\n_rlnImageName\n_rlnDefocusU\n3 1@s.mrcs 5\n", "come together; got no rlnDefocusV, rlnDefocusAngle"),
    ("_rlnOpticsGroup\n_rlnImageName\n_rlnRandomSubset\n3 1@s.mrcs 1\n3 2@s.mrcs x\n",
     r"row 2, column rlnRandomSubset.*must be a number; got 'x'"),
    ("_rlnOpticsGroup\n_rlnImageName\n", "at least one row"),
])  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, rows: str, match: str):
    write_stack(tmp_path / "s.mrcs", np.zeros((4, 8, 8), np.float32), 1.0)
    (tmp_path / "a.star").write_text(OPTICS + rows)
    with pytest.raises(FormatError, match=match):
        read_particles(tmp_path / "a.star")


@pytest.mark.parametrize(("columns", "match"), [
    ("_rlnVoltage\n_rlnSphericalAberration\n300 2.7\n", r"pixel_size must be given, in Å.*rlnImagePixelSize.*--pixel-size"),
    ("_rlnImagePixelSize\n_rlnSphericalAberration\n1 2.7\n", "voltage must be given, in kV.*--voltage 300"),
    ("_rlnImagePixelSize\n_rlnVoltage\n1 300\n", "spherical_aberration must be given, in mm.*--cs 2.7"),
])  # fmt: skip
def test_a_silent_file_needs_the_caller(tmp_path: Path, columns: str, match: str):
    (tmp_path / "a.star").write_text("data_\nloop_\n" + columns)
    with pytest.raises(InputError, match=match):
        read_particles(tmp_path / "a.star", require_images=False)


def test_two_tables_are_ambiguous(tmp_path: Path):
    table = Table({"rlnDefocusU": np.ones(1)})
    write_star(tmp_path / "a.star", {"x": table, "y": table})
    with pytest.raises(FormatError, match="must have a table data_particles, or one table alone"):
        read_particles(tmp_path / "a.star")


def test_what_relion_needs_is_written(tmp_path: Path):
    write_particles(tmp_path / "run.star", made(tmp_path, 30))
    blocks = read_star(tmp_path / "run.star")
    assert list(blocks) == ["optics", "particles"]
    for label in ("rlnOpticsGroup", "rlnOpticsGroupName", "rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast",
                  "rlnImagePixelSize", "rlnImageSize", "rlnImageDimensionality"):  # fmt: skip
        assert label in blocks["optics"]
    assert blocks["particles"]["rlnImageName"][0].startswith(("00000", "00001", "00002", "00003"))
    assert blocks["particles"]["rlnOpticsGroup"].min() >= 1
