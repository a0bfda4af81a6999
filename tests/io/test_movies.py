"""Movies in TIFF and MRC: every packing gives the same numbers, frames come one at a time, damage names the frame."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile

from vitreous.data.movie import Movie
from vitreous.errors import FormatError, InputError
from vitreous.io.movies import open_movie
from vitreous.io.mrc import read_image, write_stack
from vitreous.io.tiff_write import write_movie_tiff

SHAPE = (5, 33, 46)


def counts(kind: str, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return np.random.default_rng(0).poisson(3.0, shape).astype(kind)


def tiff(path: Path, frames: np.ndarray, **options: object) -> Path:
    """TIFF stores the last row first."""
    with tifffile.TiffWriter(path, byteorder=options.pop("byteorder", "<")) as writer:
        for frame in frames:
            writer.write(frame[::-1], contiguous=False, metadata=None, **options)
    return path


def same(movie: Movie, frames: np.ndarray) -> None:
    assert len(movie) == movie.count == len(frames)
    assert movie.shape == frames.shape[1:]
    assert movie.dtype == frames.dtype
    for threads in (1, 3):
        got = list(movie.frames(threads=threads))
        np.testing.assert_array_equal(got, frames)
        assert {frame.dtype for frame in got} == {frames.dtype}
    np.testing.assert_array_equal(movie.frame(2), frames[2])


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits"])
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "f4"])
def test_tiff(tmp_path: Path, kind: str, compression: str | None, byteorder: str):
    frames = counts(kind)
    path = tiff(tmp_path / "a.tif", frames, compression=compression, byteorder=byteorder, rowsperstrip=7)
    same(open_movie(path), frames)


@pytest.mark.parametrize("options", [{"rowsperstrip": 1}, {"rowsperstrip": 33}, {"tile": (16, 32)}, {"predictor": 2}])
def test_tiff_layouts(tmp_path: Path, options: dict):
    frames = counts("u1")
    same(open_movie(tiff(tmp_path / "a.tif", frames, compression="lzw", **options)), frames)


def test_contiguous_tiff_as_imagej_writes(tmp_path: Path):
    frames = counts("u2")
    tifffile.imwrite(tmp_path / "a.tif", frames[:, ::-1], photometric="minisblack")
    same(open_movie(tmp_path / "a.tif"), frames)


def test_pixel_size_of_a_tiff(tmp_path: Path):
    # SerialEM writes pixels a centimetre: 0.83 Å is 1e8 / 0.83 of them.
    frames = counts("u1")
    path = tiff(tmp_path / "a.tif", frames, resolution=(1e8 / 0.83, 1e8 / 0.83), resolutionunit="CENTIMETER")
    assert open_movie(path).pixel_size == pytest.approx(0.83, rel=1e-6)
    assert open_movie(tiff(tmp_path / "b.tif", frames, resolution=(72, 72), resolutionunit="INCH")).pixel_size is None


def test_mrc_movies(tmp_path: Path):
    frames = counts("f4")
    write_stack(tmp_path / "a.mrcs", frames, 0.83)
    movie = open_movie(tmp_path / "a.mrcs")
    assert movie.pixel_size == pytest.approx(0.83)
    same(movie, frames)


def test_what_is_written_comes_back(tmp_path: Path):
    frames = counts("u1")
    assert write_movie_tiff(tmp_path / "a.tif", frames, pixel_size=0.83) == len(frames)
    same(open_movie(tmp_path / "a.tif"), frames)


def test_packed_4_bit_frames(tmp_path: Path):
    """SerialEM's 8-bit files of half the width: the low half of a byte is the left pixel."""
    pixels = np.random.default_rng(1).integers(0, 16, (3, 6, 10)).astype(np.uint8)
    packed = pixels[..., 0::2] | pixels[..., 1::2] << 4
    path = tiff(tmp_path / "a.tif", packed, compression="lzw")
    same(open_movie(path, packed=True), pixels)
    same(open_movie(path), packed)
    with pytest.raises(InputError, match="packed 4-bit frames must be stored as uint8; got 'uint16'"):
        open_movie(tiff(tmp_path / "b.tif", pixels.astype("u2")), packed=True)


def test_memory_stays_that_of_a_frame(tmp_path: Path):
    frame = counts("u1", (1, 512, 512))[0]
    path = tiff(tmp_path / "a.tif", [frame] * 30, compression="lzw")
    open_movie(path).frame(0)  # loads and compiles what decodes
    for threads in (1, 2):
        tracemalloc.start()
        for _ in open_movie(path).frames(threads=threads):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # The caller's frame, and for each thread one packed, one unpacked and the strips on their way (with the decoder's
        # table of 32 KiB); of 30 in all.
        assert peak < (1 + 3 * threads) * frame.nbytes + threads * 2**16


def test_a_movie_can_be_sent_to_another_process(tmp_path: Path):
    frames = counts("u1")
    for path in (tiff(tmp_path / "a.tif", frames), tmp_path / "b.mrcs"):
        if path.suffix == ".mrcs":
            write_stack(path, frames, 1.0)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(open_movie(path))).frame(4), frames[4])


def test_a_tiff_cut_off_names_the_frame(tmp_path: Path):
    """As a file looks whose copy was interrupted: directories first or last, whole strips missing."""
    path = tiff(tmp_path / "a.tif", counts("u1"), compression="lzw", rowsperstrip=8)
    whole = path.read_bytes()
    outcomes = set()
    for kept in [*range(12), *np.linspace(12, len(whole) - 1, 120).astype(int)]:
        path.write_bytes(whole[:kept])
        with pytest.raises((FormatError, InputError)) as caught:
            list(open_movie(path).frames())
        outcomes.add("frame" in str(caught.value))
    assert outcomes == {True, False}


def test_damaged_tiffs_are_read_or_refused(tmp_path: Path):
    rng = np.random.default_rng(5)
    whole = tiff(tmp_path / "a.tif", counts("u1"), compression="lzw", rowsperstrip=8).read_bytes()
    refused = 0
    for _ in range(300):
        raw = bytearray(whole)
        for at in rng.integers(0, len(raw), 4):
            raw[at] = rng.integers(0, 256)
        (tmp_path / "b.tif").write_bytes(raw)
        try:
            list(open_movie(tmp_path / "b.tif").frames())
        except InputError:
            refused += 1
    assert refused > 30


def test_a_frame_of_another_size(tmp_path: Path):
    path = tiff(tmp_path / "a.tif", [np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8)])
    frames = open_movie(path).frames()
    next(frames)
    with pytest.raises(FormatError, match=r"frame 2.*all frames must be \(8, 8\) of uint8; got \(8, 9\) of uint8"):
        next(frames)


def test_errors_cross_threads(tmp_path: Path):
    path = tiff(tmp_path / "a.tif", [np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8)])
    with pytest.raises(FormatError, match="frame 2"):
        list(open_movie(path).frames(threads=2))


def test_what_is_no_movie(tmp_path: Path):
    with pytest.raises(InputError, match="a file that exists; got nothing there"):
        open_movie(tmp_path / "none.tif")
    (tmp_path / "a.tif").write_bytes(b"")
    with pytest.raises(FormatError, match=r"does not begin as a TIFF file does\. It is empty, was cut off"):
        open_movie(tmp_path / "a.tif")
    (tmp_path / "a.mrc").write_bytes(b"")
    with pytest.raises(FormatError, match=r"header of 1024 bytes; got 0 bytes\. The file is empty or was cut off"):
        open_movie(tmp_path / "a.mrc")
    (tmp_path / "a.tif").write_bytes(b"II*\0\0\0\0\0")
    with pytest.raises(FormatError, match=r"at least one frame|not a whole TIFF"):
        open_movie(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(FormatError, match="must be grey"):
        open_movie(tmp_path / "rgb.tif")
    movie = open_movie(tiff(tmp_path / "b.tif", counts("u1")))
    with pytest.raises(InputError, match="from 0 to 4; got 5"):
        movie.frame(5)
    with pytest.raises(InputError, match="threads must be 1 or more"):
        movie.frames(threads=0)
    with pytest.raises(FormatError, match="one image is wanted; got 5 pages"):
        read_image(tmp_path / "b.tif")
