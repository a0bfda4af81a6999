"""Many micrographs, one stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.mrc import write_image
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import open_stack
from vitreous.stages.particles import BoxParams, Picked, extract, extract_stack

OPTICS = Optics(pixel_size=1.5)
PARAMS = BoxParams(box=24, output_size=16, diameter=20.0)


def session(folder: Path, count: int = 3, *, defocus: bool = True) -> list[Picked]:
    picked = []
    for k in range(count):
        rng = np.random.default_rng(k)
        path = folder / f"m{k}.mrc"
        write_image(path, rng.normal(size=(70, 80)).astype(np.float32), 1.5)
        fitted = Defocus(u=15000.0 + k, v=14000.0, angle_deg=30.0) if defocus else None
        places = rng.uniform([13, 13], [66, 56], (4 + k, 2))
        picked.append(Picked(Micrograph(path=path, optics=OPTICS, defocus=fitted), places))
    return picked


def test_stack_and_table_belong_together_and_survive_a_file(tmp_path: Path) -> None:
    picked = session(tmp_path)
    done = extract_stack(picked, tmp_path / "p.mrcs", PARAMS, seed=1)
    table, stack = done.particles, open_stack(tmp_path / "p.mrcs")
    assert len(table) == stack.count == 15
    assert stack.shape == (16, 16)
    assert stack.pixel_size == pytest.approx(2.25)
    assert table.pixel_size == 2.25
    assert table.contrast == "bright"
    assert done.quarantined == ()
    np.testing.assert_array_equal(table.micrograph_index, np.repeat([0, 1, 2], [4, 5, 6]))
    np.testing.assert_allclose(table.defocus[:, 0], np.repeat([15000.0, 15001.0, 15002.0], [4, 5, 6]))
    # Where the particle is: whole pixel plus the shift in the micrograph's pixels.
    np.testing.assert_allclose(table.coordinate + table.shift / 1.5, np.concatenate([p.coordinate for p in picked]))
    assert np.abs(table.shift).max() <= 0.5 * 1.5 + 1e-12
    write_particles(tmp_path / "p.star", table)
    again = read_particles(tmp_path / "p.star")
    np.testing.assert_allclose(again.shift, table.shift, atol=2e-6)
    np.testing.assert_allclose(again.coordinate, table.coordinate)
    assert again.pixel_size == 2.25


def test_particles_of_a_tilted_micrograph_have_the_defocus_of_their_place(tmp_path: Path) -> None:
    """Slopes of tan 30° along x and −tan 20° along y, from the middle of 80 x 70 pixels of 1.5 Å, at (39.5, 34.5)."""
    (one,) = session(tmp_path, 1)
    tilted = Picked(replace(one.micrograph, defocus_slope=(0.57735, -0.36397)), np.array([[59.5, 34.5], [39.5, 54.5], [13.0, 2.0]]))
    table = extract_stack([tilted], tmp_path / "p.mrcs", PARAMS).particles
    np.testing.assert_allclose(table.defocus[:, 0], [15000 + 20 * 1.5 * 0.57735, 15000 - 20 * 1.5 * 0.36397])
    np.testing.assert_allclose(table.defocus[:, 0] - table.defocus[:, 1], 1000.0)
    np.testing.assert_allclose(table.defocus[:, 2:], [[30.0, 0.0]] * 2)


def test_images_are_those_of_one_micrograph_alone(tmp_path: Path) -> None:
    picked = session(tmp_path)
    extract_stack(picked, tmp_path / "p.mrcs", PARAMS)
    pixels = open_stack(picked[1].micrograph.path).read()[0]
    alone = extract(pixels, picked[1].coordinate, PARAMS, 1.5, np.random.default_rng(0))
    np.testing.assert_allclose(open_stack(tmp_path / "p.mrcs").read(slice(4, 9)), alone.images, atol=1e-6)


def test_a_broken_micrograph_is_left_out_with_its_reason(tmp_path: Path) -> None:
    picked = session(tmp_path, 4)
    picked[1].micrograph.path.write_bytes(picked[1].micrograph.path.read_bytes()[:3000])
    picked[2].micrograph.path.unlink()
    events = []
    done = extract_stack(picked, tmp_path / "p.mrcs", PARAMS, report=events.append)
    assert [Path(name).name for name, _ in done.quarantined] == ["m1.mrc", "m2.mrc"]
    assert "m1.mrc" in done.quarantined[0][1]
    assert len(done.particles) == open_stack(tmp_path / "p.mrcs").count == 4 + 7
    assert done.particles.micrograph == tuple(str(picked[i].micrograph.path) for i in (0, 3))
    assert events[-1].done == events[-1].total == 4
    assert sum("left out" in e.message for e in events) == 2


def test_particles_cut_by_the_edge_are_counted(tmp_path: Path) -> None:
    picked = session(tmp_path, 1)
    more = np.concatenate([picked[0].coordinate, [[2.0, 30.0], [40.0, 69.0]]])
    done = extract_stack([Picked(picked[0].micrograph, more)], tmp_path / "p.mrcs", PARAMS)
    assert (done.cut_off, len(done.particles)) == (2, 4)


def test_defocus_is_all_or_none(tmp_path: Path) -> None:
    assert extract_stack(session(tmp_path, defocus=False), tmp_path / "p.mrcs", PARAMS).particles.defocus is None
    mixed = [*session(tmp_path, 2), *session(tmp_path, 3, defocus=False)[2:]]
    done = extract_stack(mixed, tmp_path / "q.mrcs", PARAMS)
    assert len(done.quarantined) == 1
    assert "defocus must be known" in done.quarantined[0][1]
    assert len(done.particles) == 9


def test_nothing_at_all_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    picked = session(tmp_path, 2)
    for item in picked:
        item.micrograph.path.unlink()
    with pytest.raises(InputError, match=r"particles must number at least one; got none from 2 micrographs \(.*m0.mrc"):
        extract_stack(picked, tmp_path / "p.mrcs", PARAMS)
    assert not list(tmp_path.glob("*p*.mrcs"))
    other = Picked(Micrograph(path=tmp_path / "x.mrc", optics=Optics(pixel_size=2.0)), np.zeros((1, 2)))
    with pytest.raises(InputError, match="pixel sizes of the micrographs must be one for all"):
        extract_stack([*picked, other], tmp_path / "p.mrcs", PARAMS)
