"""Stacks: any images, in any order, the same from every kind of file; written one at a time."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.io.mrc import open_stack, read_header, write_stack


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(6, 5, 7)).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(chosen=st.lists(st.integers(0, 5), max_size=9), packed=st.booleans())
def test_any_images_in_any_order(tmp_path_factory, images, chosen, packed):
    path = tmp_path_factory.mktemp("stack") / "a.mrcs"
    write_stack(path, images, 1.06)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    stack = open_stack(path)
    assert (stack.count, stack.shape, stack.pixel_size) == (6, (5, 7), pytest.approx(1.06))
    np.testing.assert_array_equal(stack.read(chosen), images[chosen])
    np.testing.assert_array_equal(stack.read(np.array(chosen, int)), images[chosen])


def test_ways_to_name_images(tmp_path: Path, images):
    write_stack(tmp_path / "a.mrcs", images, None)
    stack = open_stack(tmp_path / "a.mrcs")
    np.testing.assert_array_equal(stack.read(), images)
    np.testing.assert_array_equal(stack.read(2), images[2:3])
    np.testing.assert_array_equal(stack.read(slice(1, None, 2)), images[1::2])
    np.testing.assert_array_equal(stack.read(np.arange(6) > 3), images[4:])
    assert stack.read([]).shape == (0, 5, 7)
    assert stack.pixel_size is None
    for bad in (6, -1):
        with pytest.raises(InputError, match=f"from 0 to 5; got {bad}"):
            stack.read([0, bad])
    with pytest.raises(InputError, match="whole numbers"):
        stack.read([0.5])


def test_a_stack_can_be_sent_to_another_process(tmp_path: Path, images):
    write_stack(tmp_path / "a.mrcs", images, 1.0)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(open_stack(tmp_path / "a.mrcs"))).read([3]), images[[3]])


def test_writing_streams(tmp_path: Path):
    """Images come one at a time: none but the current one is ever held, and their number is not known before."""
    alive = []

    def source():
        for k in range(20):
            image = np.full((4, 4), float(k), np.float32)
            alive.append(k)
            yield image

    assert write_stack(tmp_path / "a.mrcs", source(), 2.0) == 20
    assert open_stack(tmp_path / "a.mrcs").read()[:, 0, 0].tolist() == list(range(20))
    header = read_header(tmp_path / "a.mrcs")
    assert header.space_group == 0
    assert header.statistics == pytest.approx((0.0, 19.0, 9.5, np.arange(20).std()))


def test_half_precision(tmp_path: Path, images):
    write_stack(tmp_path / "a.mrcs", images, 1.0, half_precision=True)
    stack = open_stack(tmp_path / "a.mrcs")
    assert stack.header.mode == 12
    # Half precision has 11 bits of mantissa; below 2^-14 its steps are 2^-24.
    np.testing.assert_allclose(stack.read(), images, rtol=2.0**-11, atol=2.0**-25)
    with pytest.raises(InputError, match=r"image 0 of a stack must be within ±65504.*Try: half_precision=False"):
        write_stack(tmp_path / "b.mrcs", np.full((1, 2, 2), 7e4), 1.0, half_precision=True)


def test_a_failed_write_leaves_nothing(tmp_path: Path, images):
    for bad, match in [
        ([images[0], images[0, :3]], r"image 1 of a stack must be of one shape, \(5, 7\)"),
        ([images[0], np.full((5, 7), np.nan)], "image 1 of a stack must be finite everywhere"),
        ([], "at least one image"),
        ([images], "two-dimensional"),
    ]:
        with pytest.raises(InputError, match=match):
            write_stack(tmp_path / "a.mrcs", bad, 1.0)
        assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="pixel_size must be positive, in Å"):
        write_stack(tmp_path / "a.mrcs", images, 0.0)


@pytest.mark.oracle
def test_mrcfile_sees_an_image_stack(tmp_path: Path, images):
    mrcfile = pytest.importorskip("mrcfile")
    for half in (False, True):
        write_stack(tmp_path / "a.mrcs", images, 1.06, half_precision=half)
        assert mrcfile.validate(tmp_path / "a.mrcs")
        with mrcfile.open(tmp_path / "a.mrcs") as file:
            assert file.is_image_stack()
            np.testing.assert_array_equal(file.data, images.astype(np.float16 if half else np.float32))
