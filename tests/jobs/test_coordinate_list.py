"""Places of particles in many micrographs, in the forms that programs write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.data.micrograph import Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.coordinates import write_coordinates
from vitreous.io.star import Table, write_star
from vitreous.jobs.coordinate_list import Coordinates, read_coordinate_list, write_coordinate_list

LIST = [Micrograph(path=Path("/data") / name, optics=Optics(pixel_size=1.0)) for name in ("m1.mrc", "m10.mrc", "sub/m2.mrc")]


def places(count: int, seed: int) -> Coordinates:
    chance = np.random.default_rng(seed)
    return Coordinates(np.round(chance.uniform(0, 900, (count, 2)), 3), np.round(chance.uniform(0, 1, count), 5))


def test_what_is_written_comes_back_by_micrograph(tmp_path: Path):
    found = [places(5, 1), places(0, 2), places(3, 3)]
    write_coordinate_list(tmp_path / "c.star", [str(m.path) for m in LIST], found)
    back = read_coordinate_list([tmp_path / "c.star"], LIST)
    assert list(back) == [0, 2]
    for number in back:
        assert np.array_equal(back[number].place, found[number].place)
        assert np.array_equal(back[number].score, found[number].score)


def test_names_from_another_folder_are_known_by_their_stem(tmp_path: Path):
    write_coordinate_list(tmp_path / "c.star", ["MotionCorr/job002/m10.mrc", "elsewhere/other.mrc"], [places(2, 1), places(2, 2)])
    back = read_coordinate_list([tmp_path / "c.star"], LIST)
    assert list(back) == [1]


def test_one_file_a_micrograph_is_known_by_how_its_name_begins(tmp_path: Path):
    for number, name in enumerate(("m1_autopick.star", "m10_manual.star", "m2.star")):
        write_coordinates(tmp_path / name, places(number + 1, number).place)
    back = read_coordinate_list(sorted(tmp_path.glob("*.star")), LIST)
    assert {number: len(each.place) for number, each in back.items()} == {0: 1, 1: 2, 2: 3}
    assert all(np.isnan(each.score).all() for each in back.values())


def test_relions_list_of_files_is_followed(tmp_path: Path):
    write_coordinates(tmp_path / "picks" / "odd name.star", places(4, 0).place)
    columns = {"rlnMicrographName": ["raw/m1.mrc", "raw/not_here.mrc"], "rlnMicrographCoordinates": ["picks/odd name.star"] * 2}
    write_star(tmp_path / "autopick.star", {"coordinate_files": Table({k: np.array(v, object) for k, v in columns.items()})})
    back = read_coordinate_list([tmp_path / "autopick.star"], LIST)
    assert {number: len(each.place) for number, each in back.items()} == {0: 4}


def test_a_name_that_fits_two_is_settled_by_its_folder_or_refused(tmp_path: Path):
    twins = [Micrograph(path=Path(f"/data/{folder}/m1.mrc"), optics=Optics(pixel_size=1.0)) for folder in "ab"]
    write_coordinate_list(tmp_path / "c.star", ["b/m1.mrc"], [places(2, 1)])
    assert list(read_coordinate_list([tmp_path / "c.star"], twins)) == [1]
    write_coordinate_list(tmp_path / "d.star", ["m1.mrc"], [places(2, 1)])
    with pytest.raises(InputError, match=r"a micrograph's name must fit one of them; got 'm1\.mrc', which fits 2"):
        read_coordinate_list([tmp_path / "d.star"], twins)


def test_places_in_other_micrographs_are_no_places(tmp_path: Path):
    write_coordinate_list(tmp_path / "c.star", ["zzz.mrc"], [places(2, 1)])
    with pytest.raises(InputError, match=r"coordinates must belong to the micrographs; got none of 3 .*m1_picks\.star"):
        read_coordinate_list([tmp_path / "c.star"], LIST)
