"""Which row of a TIFF file is row 0, and which gain fits: RELION's answer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile

from vitreous.io.gain import read_gain
from vitreous.io.movies import open_movie
from vitreous.io.mrc import read_image, write_image

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("relion_run_motioncorr") is None, reason="relion_run_motioncorr is not installed"),
]
STAR = """# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographOriginalPixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
group 1 1.0 300 2.7 0.1

# version 30001

data_movies

loop_
_rlnMicrographMovieName #1
_rlnOpticsGroup #2
movie.tif 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A movie at rest in TIFF, its gain in MRC and in TIFF, and what RELION makes of them."""
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:256, :256]
    picture = 12.0 + 8.0 * np.sin(x / 9.0 + y / 23.0) * np.cos(y / 13.0)
    gain = 1.0 + 0.5 * (y > 100) + 0.2 * rng.random((256, 256))
    frames = rng.poisson(picture / gain, (4, 256, 256)).astype(np.uint8)
    with tifffile.TiffWriter(folder / "movie.tif") as writer:
        for frame in frames:
            writer.write(frame[::-1], compression="lzw", contiguous=False)
    write_image(folder / "gain.mrc", gain, 1.0)
    tifffile.imwrite(folder / "gain.tif", gain[::-1].astype(np.float32))
    (folder / "movies.star").write_text(STAR)
    for kind in ("mrc", "tif"):
        subprocess.run(
            ["relion_run_motioncorr", "--i", "movies.star", "--o", f"{kind}/", "--use_own", "--j", "1", "--patch_x", "1",
             "--patch_y", "1", "--gainref", f"gain.{kind}"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    return folder


@pytest.mark.parametrize("kind", ["mrc", "tif"])
def test_rows_and_gain_are_relions(folder: Path, kind: str):
    theirs, _ = read_image(folder / kind / "movie.mrc")
    ours = np.sum(list(open_movie(folder / "movie.tif").frames()), 0) * read_gain(folder / f"gain.{kind}")
    inner = (slice(16, -16), slice(16, -16))
    assert np.corrcoef(theirs[inner].ravel(), ours[inner].ravel())[0, 1] > 0.95
    assert abs(np.corrcoef(theirs[inner].ravel(), ours[::-1][inner].ravel())[0, 1]) < 0.5
