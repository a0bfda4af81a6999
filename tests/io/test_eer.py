"""EER movies: every packing, grouping and grid against an encoder of its own, RELION's rows, damage, and gains that divide."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from eer_files import encode, image_of, random_events, write_eer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitreous.data.movie import Movie
from vitreous.errors import FormatError, InputError
from vitreous.io.eer import is_eer, open_eer
from vitreous.io.eer_gain import eer_gain_divides, read_eer_gain
from vitreous.io.movies import open_movie
from vitreous.io.mrc import write_image

DETECTOR = (33, 50)
#: Compression, and bits of a skip where tags say them.
PACKINGS = [(65000, 8), (65001, 7), (65002, 5), (65002, 9)]


def exposures(*counts: int, seed: int = 0) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [random_events(chance, DETECTOR, count) for count in counts]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("compression", "skip_bits"), PACKINGS)
def test_every_packing_on_every_grid(tmp_path: Path, compression: int, skip_bits: int, order: str, big: bool):
    """From no electron at all, where only skips cross the frame, to one in every pixel."""
    frames = exposures(0, 1, 40, 700, 33 * 50)
    path = write_eer(tmp_path / "a.eer", frames, DETECTOR, compression=compression, skip_bits=skip_bits, order=order, big=big,
                     sum_first=big)  # fmt: skip
    for upsampling in (1, 2, 4):
        movie = open_movie(path, eer_grouping=1, eer_upsampling=upsampling)
        assert (movie.count, movie.shape, movie.dtype) == (5, (33 * upsampling, 50 * upsampling), np.uint8)
        for got, events in zip(movie.frames(), frames):
            np.testing.assert_array_equal(got, image_of(events, DETECTOR, upsampling))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    counts=st.lists(st.integers(0, 400), min_size=1, max_size=9), grouping=st.integers(1, 9), upsampling=st.sampled_from([1, 2, 4]),
    packing=st.sampled_from(PACKINGS), seed=st.integers(0, 99),
)  # fmt: skip
def test_frames_are_sums_and_the_rest_is_dropped(tmp_path: Path, counts, grouping, upsampling, packing, seed):
    frames = exposures(*counts, seed=seed)
    path = write_eer(tmp_path / "a.eer", frames, DETECTOR, compression=packing[0], skip_bits=packing[1])
    grouping = min(grouping, len(frames))
    source = open_eer(path, grouping, upsampling)
    assert (source.count, source.left_over) == divmod(len(frames), grouping)
    for k in range(source.count):
        wanted = sum(image_of(events, DETECTOR, upsampling) for events in frames[k * grouping : (k + 1) * grouping])
        np.testing.assert_array_equal(source.frame(k), wanted)


def test_bands_of_rows_join(tmp_path: Path):
    """A detector of several bands, so that skips cross from one to the next."""
    detector = (700, 512)
    frames = [random_events(np.random.default_rng(k), detector, 900) for k in range(3)]
    path = write_eer(tmp_path / "a.eer", frames, detector)
    for upsampling in (1, 2):
        wanted = sum(image_of(events, detector, upsampling) for events in frames)
        np.testing.assert_array_equal(open_eer(path, 3, upsampling).frame(0), wanted)


def test_more_than_255_frames_take_two_bytes(tmp_path: Path):
    events = random_events(np.random.default_rng(0), (5, 7), 35)
    path = write_eer(tmp_path / "a.eer", [events] * 300, (5, 7))
    assert open_movie(path, eer_grouping=255).frame(0).max() == 255
    frame = open_movie(path, eer_grouping=300).frame(0)
    assert (frame.dtype, frame.min(), frame.max()) == (np.uint16, 300, 300)


def test_unasked_forty_frames_make_one(tmp_path: Path):
    path = write_eer(tmp_path / "a.eer", exposures(*[3] * 90), DETECTOR)
    assert len(open_movie(path)) == 2
    assert len(open_movie(write_eer(tmp_path / "b.eer", exposures(*[3] * 7), DETECTOR))) == 1


def test_the_file_may_say_its_pixel_size(tmp_path: Path):
    xml = b'<metadata><item name="sensorPixelSize.width" unit="m">7.5e-11</item></metadata>'
    path = write_eer(tmp_path / "a.eer", exposures(5), DETECTOR, xml=xml)
    assert open_movie(path).pixel_size == pytest.approx(0.75)
    assert open_movie(path, eer_upsampling=2).pixel_size == pytest.approx(0.375)
    for silent in (b"", b"<metadata", xml.replace(b"7.5e-11", b"1.4e-5")):
        assert open_movie(write_eer(tmp_path / "b.eer", exposures(5), DETECTOR, xml=silent)).pixel_size is None


def test_memory_stays_that_of_a_frame(tmp_path: Path):
    detector = (512, 512)
    events = random_events(np.random.default_rng(0), detector, 300)
    movie = open_movie(write_eer(tmp_path / "a.eer", [events] * 40, detector), eer_grouping=2)
    next(movie.frames())
    tracemalloc.start()
    for _ in movie.frames():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The caller's frame and the next one; the streams are small.
    assert peak < 2.5 * 512 * 512


def test_a_movie_can_be_sent_to_another_process(tmp_path: Path):
    frames = exposures(20, 30)
    movie: Movie = pickle.loads(pickle.dumps(open_movie(write_eer(tmp_path / "a.eer", frames, DETECTOR), eer_grouping=1)))
    np.testing.assert_array_equal(movie.frame(1), image_of(frames[1], DETECTOR, 1))


def test_other_tiff_is_no_eer(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint8))
    assert not is_eer(tmp_path / "a.tif")
    with pytest.raises(FormatError, match="at least one frame"):
        open_eer(tmp_path / "a.tif")


@pytest.mark.parametrize(("options", "match"), [
    ({"eer_grouping": 0}, "eer_grouping must be from 1 to 3"), ({"eer_grouping": 4}, "eer_grouping must be from 1 to 3.*got 4"),
    ({"eer_upsampling": 3}, "eer_upsampling must be 1, 2 or 4"), ({"eer_upsampling": 8}, "eer_upsampling must be 1, 2 or 4"),
    ({"packed": True}, "packed.*false for EER"),
])  # fmt: skip
def test_what_cannot_be_asked(tmp_path: Path, options: dict, match: str):
    path = write_eer(tmp_path / "a.eer", exposures(5, 5, 5), DETECTOR)
    with pytest.raises(InputError, match=match):
        open_movie(path, **options)


def test_a_file_cut_off_names_the_frame(tmp_path: Path):
    path = write_eer(tmp_path / "a.eer", exposures(60, 60, 60), DETECTOR)
    whole = path.read_bytes()
    for kept in np.linspace(8, len(whole) - 1, 40).astype(int):
        path.write_bytes(whole[:kept])
        with pytest.raises(FormatError, match=r"page|frame"):
            list(open_eer(path, 1).frames())
        with pytest.raises(FormatError):
            list(open_movie(path, eer_grouping=1).frames())


def test_damaged_events_name_the_frame(tmp_path: Path):
    """Skips that end too early, or run past the last pixel."""
    frames = exposures(60, 60, 60)
    body = encode(frames[1], DETECTOR, 65001)
    path = write_eer(tmp_path / "a.eer", frames, DETECTOR)
    whole = path.read_bytes()
    for damage in (bytes(len(body)), b"\xff" * len(body)):
        path.write_bytes(whole.replace(body, damage))
        with pytest.raises(FormatError, match=r"frame 2\): events must end at the last of 50 x 33 pixels"):
            list(open_movie(path, eer_grouping=1).frames())


def test_a_movie_that_shrinks_while_open(tmp_path: Path):
    path = write_eer(tmp_path / "a.eer", exposures(60, 60, 60), DETECTOR)
    movie = open_movie(path, eer_grouping=1)
    with path.open("rb+") as handle:
        handle.truncate(200)
    with pytest.raises(FormatError, match="frame 3"):
        movie.frame(2)


def gain(seed: int = 0) -> np.ndarray:
    image = np.random.default_rng(seed).uniform(0.5, 1.5, (6, 8)).astype(np.float32)
    image[2, 3] = 0
    return image


def test_only_a_gain_file_multiplies(tmp_path: Path):
    """Rows as the file of a TIFF stores them, because those of the movie come so too; what divides has a mean of 1."""
    stored = 3 * gain()
    tifffile.imwrite(tmp_path / "a.gain", stored)
    tifffile.imwrite(tmp_path / "a.tif", stored)
    write_image(tmp_path / "a.mrc", stored, None)
    np.testing.assert_array_equal(read_eer_gain(tmp_path / "a.gain", (6, 8)), stored)
    for name in ("a.mrc", "a.tif"):
        np.testing.assert_allclose(read_eer_gain(tmp_path / name, (6, 8)), stored / stored[stored > 0].mean(), rtol=1e-6)
    assert [eer_gain_divides(f"a.{end}") for end in ("gain", "GAIN", "mrc", "tif")] == [False, False, True, True]


def test_a_gain_of_another_grid_is_repeated_or_averaged(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.gain", gain())
    fine = read_eer_gain(tmp_path / "a.gain", (12, 16))
    np.testing.assert_array_equal(fine, np.kron(gain(), np.ones((2, 2), np.float32)))
    coarse = read_eer_gain(tmp_path / "a.gain", (3, 4))
    assert coarse[1, 1] == 0
    assert coarse[0, 0] == pytest.approx(gain()[:2, :2].mean())
    with pytest.raises(FormatError, match=r"frames' size, 9 x 6 pixels \(x, y\), or 2 or 4 times.*got 8 x 6"):
        read_eer_gain(tmp_path / "a.gain", (6, 9))


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("relion_convert_to_tiff") is None, reason="relion_convert_to_tiff is not installed")
@pytest.mark.parametrize(("compression", "upsampling"), [(65000, 1), (65001, 2)])
def test_relion_renders_the_same(tmp_path: Path, compression: int, upsampling: int):
    """RELION turns rows over as it writes TIFF, so what it holds in memory is that file read last row first."""
    detector = (4096, 4096)
    frames = [random_events(np.random.default_rng(k), detector, 500) for k in range(3)]
    path = write_eer(tmp_path / "a.eer", frames, detector, compression=compression)
    subprocess.run(["relion_convert_to_tiff", "--i", path.name, "--o", "out/", "--eer_grouping", "2", "--eer_upsampling",
                    str(upsampling)], cwd=tmp_path, check=True, capture_output=True)  # fmt: skip
    theirs = open_movie(tmp_path / "out" / "a.tif")
    ours = open_movie(path, eer_grouping=2, eer_upsampling=upsampling)
    assert len(ours) == len(theirs) == 1
    np.testing.assert_array_equal(ours.frame(0), theirs.frame(0))
