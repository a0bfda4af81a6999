"""Lists of micrographs: names, STAR files, plain images."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.micrograph import Micrograph
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.micrographs import write_micrographs
from vitreous.jobs.micrograph_list import load, read_list, stem, unique_names
from vitreous.jobs.options import Microscope

KNOWN = Microscope(voltage=200.0, cs=1.4)


@pytest.mark.parametrize(
    ("name", "expected"), [("a.mrc", "a"), ("a.b_1.2.mrc.gz", "a.b_1.2"), ("x.TIFF", "x"), ("May_03.05.mrc", "May_03.05")]
)
def test_a_stem_is_the_name_without_endings(name: str, expected: str):
    assert stem(Path("/some/where") / name) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from("pq")] * 3, st.sampled_from(["m1.tif", "m2.tif", "m1.mrc"])), unique=True))
def test_names_are_unique_and_end_in_the_stem(parts: list[tuple[str, ...]]):
    paths = [Path("/r", *part) for part in parts]
    try:
        names = unique_names(paths)
    except InputError:
        assert len({path.with_suffix("") for path in paths}) < len(paths)
        return
    assert len(set(names)) == len(names)
    assert all(name.endswith(stem(path)) for name, path in zip(names, paths))


def test_folders_are_named_only_where_they_are_needed():
    assert unique_names([Path("/a/m1.tif"), Path("/a/m2.tif"), Path("/b/m1.tif")]) == ["a_m1", "m2", "b_m1"]
    with pytest.raises(InputError, match=r"files must have different names; got /a/m1\.tif and another like it"):
        unique_names([Path("/a/m1.tif"), Path("/a/m1.mrc")])


def test_images_take_their_scale_from_the_header_or_the_user(micrographs: list[Path]):
    assert [m.optics for m in read_list(micrographs, KNOWN)] == [
        Optics(pixel_size=2.0, voltage=200.0, spherical_aberration=1.4, amplitude_contrast=0.1)
    ] * 2
    with pytest.raises(InputError, match=r"voltage must be given, in kV: .*s0\.mrc says nothing of it"):
        read_list(micrographs, Microscope(cs=2.7))


def test_a_star_file_says_it_all_and_is_overruled(tmp_path: Path, micrographs: list[Path]):
    star = tmp_path / "list.star"
    write_micrographs(star, [Micrograph(path=path, optics=Optics(pixel_size=2.0, voltage=120.0)) for path in micrographs])
    assert [(m.path, m.optics.voltage) for m in read_list([star], Microscope())] == [(path, 120.0) for path in micrographs]
    assert {m.optics.voltage for m in read_list([star], KNOWN)} == {200.0}
    with pytest.raises(InputError, match=r"micrographs must be STAR files or images, not both; got .*list\.star and .*s1\.mrc"):
        read_list([star, micrographs[1]], KNOWN)


def test_an_image_that_contradicts_the_user_or_is_gone_is_refused_by_name(micrographs: list[Path]):
    first, second = read_list(micrographs, KNOWN)
    assert load(first, 2.01).shape == (384, 384)
    with pytest.raises(InputError, match=r"pixel_size must agree with the header of .*s0\.mrc to 1 %, in Å; got 3, .* says 2"):
        load(first, 3.0)
    second.path.unlink()
    with pytest.raises(InputError, match=r"s1\.mrc must be an image file; there is none"):
        load(second, None)
