from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.io.motion import read_motion, write_motion
from vitreous.stages.movies import AlignmentParams, align_movie

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("relion_run_motioncorr") is None, reason="relion_run_motioncorr is not installed"),
]
OPTICS = """# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographOriginalPixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
group 1 2.0 300 2.7 0.1

# version 30001

data_movies

loop_
_rlnMicrographMovieName #1
_rlnOpticsGroup #2
movie.mrcs 1
"""


@pytest.fixture(scope="module")
def both(warped, tmp_path_factory: pytest.TempPathFactory):
    """The same movie through RELION and through us: (RELION's motion, ours, the folder)."""
    import mrcfile

    folder: Path = tmp_path_factory.mktemp("relion")
    with mrcfile.new(folder / "movie.mrcs") as file:
        file.set_data(warped.frames.astype(np.int16))
        file.set_image_stack()
    (folder / "movies.star").write_text(OPTICS)
    subprocess.run(
        ["relion_run_motioncorr", "--i", "movies.star", "--o", "out/", "--use_own", "--j", "1", "--patch_x", "5",
         "--patch_y", "5", "--dose_weighting", "--dose_per_frame", "1", "--save_noDW"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    ours = align_movie(warped.frames, Optics(pixel_size=2.0), AlignmentParams(dose_per_frame=1.0, patches=(5, 5)))
    return read_motion(folder / "out" / "movie.star").motion, ours, folder


def error(warped, motion) -> float:
    times = np.arange(16)[:, None]
    return float(np.sqrt((warped.shift_error(lambda x, y: (motion.shift(times, x, y) / 2.0).transpose(1, 0, 2)) ** 2).mean()))


def test_signs_and_axes_are_relions(warped, both):
    theirs, ours, _ = both
    off = theirs.global_shifts - ours.motion.global_shifts
    assert np.abs(off - off.mean(axis=0)).max() < 0.5 * np.abs(theirs.global_shifts).max()
    assert error(warped, theirs) < 1.0, "RELION's file, read as ours, describes the planted motion"


def test_we_are_not_less_accurate(warped, both):
    theirs, ours, _ = both
    smooth = float(np.sqrt((warped.shift_error(ours.field.at) ** 2).mean()))
    assert smooth < error(warped, theirs)


def test_sums_have_the_same_scale_and_content(both):
    import mrcfile

    _, ours, folder = both
    for name, image in [("movie.mrc", ours.weighted), ("movie_noDW.mrc", ours.total)]:
        theirs = mrcfile.read(folder / "out" / name)
        assert image.mean() == pytest.approx(theirs.mean(), rel=2e-3)
        coarse = [v[64:704, 64:704].reshape(160, 4, 160, 4).mean(axis=(1, 3)).ravel() for v in (image, theirs)]
        assert np.corrcoef(*coarse)[0, 1] > 0.95


def test_our_motion_file_survives_its_round_trip(both, tmp_path: Path):
    _, ours, _ = both
    write_motion(tmp_path / "movie.star", ours.motion, "movie.mrcs")
    back = read_motion(tmp_path / "movie.star").motion
    np.testing.assert_allclose(back.global_shifts, ours.motion.global_shifts, atol=1e-4)
    np.testing.assert_allclose(back.shift(9, 100.0, 200.0), ours.motion.shift(9, 100.0, 200.0), atol=1e-3)
