"""RELION's motion files: there and back, and what RELION itself writes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vitreous.data.motion import LOCAL_TERMS, Motion
from vitreous.errors import FormatError, InputError
from vitreous.io.motion import read_motion, write_motion
from vitreous.io.mrc import write_stack
from vitreous.io.star import read_star


def made(seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    shifts = rng.normal(size=(7, 2))
    shifts[5] = np.nan
    return Motion(
        shape=(300, 500), pixel_size=0.8, global_shifts=shifts, local=rng.normal(size=(2, LOCAL_TERMS)), dose_per_frame=1.2,
        pre_exposure=0.5, voltage=200.0, binning=2.0, first_frame=2, defects=rng.integers(0, 300, (4, 2)),
        patches=np.column_stack([np.arange(1, 4), rng.normal(size=(3, 4))]),
    )  # fmt: skip


def test_motion_comes_back(tmp_path: Path):
    motion = made()
    write_motion(tmp_path / "a.star", motion, "raw/a.tif", "gain.mrc")
    back = read_motion(tmp_path / "a.star")
    assert (back.movie, back.gain) == (Path("raw/a.tif"), Path("gain.mrc"))
    for name in ("shape", "pixel_size", "dose_per_frame", "pre_exposure", "voltage", "binning", "first_frame"):
        assert getattr(back.motion, name) == getattr(motion, name)
    for name in ("global_shifts", "local", "defects", "patches"):
        # Å to pixels and back: two roundings.
        np.testing.assert_allclose(getattr(back.motion, name), getattr(motion, name), rtol=4e-16 * 2, atol=0)


def test_files_are_in_pixels(tmp_path: Path):
    write_motion(tmp_path / "a.star", made(), "a.tif")
    blocks = read_star(tmp_path / "a.star")
    np.testing.assert_allclose(blocks["global_shift"]["rlnMicrographShiftX"][0], made().global_shifts[0, 0] / 0.8)
    assert blocks["global_shift"]["rlnMicrographShiftX"][5] == -9999
    assert blocks["global_shift"]["rlnMicrographFrameNumber"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(blocks["local_motion_model"]["rlnMotionModelCoeff"][LOCAL_TERMS], made().local[1, 0] / 0.8)
    assert "rlnMicrographGainName" not in blocks["general"]


def test_without_a_local_model(tmp_path: Path):
    write_motion(tmp_path / "a.star", Motion(shape=(64, 64), pixel_size=1.0, global_shifts=np.zeros((3, 2))), "a.tif")
    blocks = read_star(tmp_path / "a.star")
    assert list(blocks) == ["general", "global_shift"]
    assert blocks["general"]["rlnMotionModelVersion"].tolist() == [0]
    back = read_motion(tmp_path / "a.star")
    assert not back.motion.local.any()
    assert back.gain is None


@pytest.mark.parametrize(("old", "new", "match"), [
    ("data_global_shift", "data_other", "must have a block data_global_shift"),
    ("_rlnImageSizeX", "_rlnImageSizeQ", "data_general must have rlnImageSizeX"),
    ("_rlnMicrographShiftY", "_rlnShiftY", "data_global_shift must have .*; got no rlnMicrographShiftY"),
    ("\n3 ", "\n9 ", "frames of data_global_shift must be from 1 to 7, each once; got 7 rows"),
    ("\n35 ", "\n34 ", "coefficients 0 to 35 once; got 36 rows"),
])  # fmt: skip
def test_broken_files(tmp_path: Path, old: str, new: str, match: str):
    write_motion(tmp_path / "a.star", made(), "a.tif")
    text = (tmp_path / "a.star").read_text()
    assert old in text
    (tmp_path / "a.star").write_text(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=match):
        read_motion(tmp_path / "a.star")


def test_a_silent_file_needs_the_pixel_size(tmp_path: Path):
    write_motion(tmp_path / "a.star", made(), "a.tif")
    text = (tmp_path / "a.star").read_text()
    (tmp_path / "a.star").write_text("\n".join(line for line in text.splitlines() if "OriginalPixelSize" not in line))
    with pytest.raises(InputError, match="pixel_size must be positive, in Å"):
        read_motion(tmp_path / "a.star")
    back = read_motion(tmp_path / "a.star", pixel_size=1.6).motion
    assert back.global_shifts[0, 0] == pytest.approx(2 * made().global_shifts[0, 0])


@pytest.mark.oracle
def test_relions_own_file_and_its_sign(tmp_path: Path):
    """A specimen that moves by (+3, -1) pixels a frame: RELION writes the correction, minus that."""
    program = shutil.which("relion_run_motioncorr")
    if program is None:
        pytest.skip("relion_run_motioncorr is not installed")
    rng = np.random.default_rng(0)
    field = np.zeros((356, 356))
    for _ in range(400):
        y, x = rng.integers(8, 348, 2)
        field[y - 3 : y + 4, x - 3 : x + 4] += 5
    frames = [rng.poisson(10 + np.roll(field, (-t, 3 * t), (0, 1))[50:306, 50:306]) for t in range(4)]
    write_stack(tmp_path / "movie.mrcs", np.array(frames), 1.5)
    (tmp_path / "movies.star").write_text(
        "data_optics\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnMicrographOriginalPixelSize\n_rlnVoltage\n"
        "_rlnSphericalAberration\n_rlnAmplitudeContrast\no1 1 1.5 300 2.7 0.1\n\n"
        "data_movies\nloop_\n_rlnMicrographMovieName\n_rlnOpticsGroup\nmovie.mrcs 1\n"
    )
    command = [program, "--i", "movies.star", "--o", "out/", "--use_own", "--j", "1", "--patch_x", "1", "--patch_y", "1"]
    subprocess.run([*command, "--bfactor", "150", "--dose_per_frame", "1"], cwd=tmp_path, check=True, capture_output=True)
    found = read_motion(tmp_path / "out" / "movie.star")
    assert found.movie == Path("movie.mrcs")
    assert (found.motion.shape, found.motion.pixel_size, found.motion.dose_per_frame) == ((256, 256), 1.5, 1.0)
    # Half a pixel tells the sign and the axes; how well RELION measures is not the point.
    np.testing.assert_allclose(found.motion.global_shifts / 1.5, [(-3 * t, t) for t in range(4)], atol=0.5)
