"""SerialEM's mdoc: one beside each movie, one of a tilt series, and what is neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from vitreous.data.acquisition import exposure_before
from vitreous.errors import FormatError, InputError
from vitreous.io.mdoc import read_mdoc

#: Fields as SerialEM writes them beside a movie; 34.9645 e/Å² in 35 frames are 0.99899 each, as FrameDosesAndNumber says too.
BESIDE_A_MOVIE = """T = SerialEM: Talos 200 at an institute        23-Dec-17  13:20:32
Voltage = 200

[FrameSet = 0]
GainReference = CountRef_a_0000.dm4
TiltAngle = 0.00249969
StagePosition = 24.2868 -41.113
StageZ = -29.8365
ExposureDose = 34.9645
PixelSpacing = 0.694291
Defocus = -3.33245
ImageShift = -2.5 1.25
RotationAngle = -94.0936
Binning = 0.5
TargetDefocus = -2.2
SubFramePath = X:\\someone\\g1_0000_Dec23_13.20.21.tif
NumSubFrames = 35
FrameDosesAndNumber = 0.99898 35
DateTime = 23-Dec-2017  13:20:32
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_beside_a_movie(tmp_path: Path):
    (told,) = read_mdoc(written(tmp_path / "a.tif.mdoc", BESIDE_A_MOVIE))
    assert told.movie == "g1_0000_Dec23_13.20.21.tif"
    assert (told.pixel_size, told.voltage, told.frames) == (0.694291, 200.0, 35)
    assert told.exposure_per_frame == pytest.approx(0.99898, abs=1e-4)
    assert told.nominal_defocus == pytest.approx(22000)
    assert told.image_shift == (-2.5, 1.25)
    assert told.beam_shift is None
    assert told.stage_position == (24.2868, -41.113, -29.8365)
    assert told.gain == "CountRef_a_0000.dm4"
    assert told.time == datetime(2017, 12, 23, 13, 20, 32)
    assert (told.prior_exposure, told.tilt_axis_deg, told.hole) == (None, None, None)


def test_an_uncalibrated_dose_is_not_known(tmp_path: Path):
    text = BESIDE_A_MOVIE.replace("= 34.9645", "= 0").replace("TargetDefocus = -2.2\n", "")
    (told,) = read_mdoc(written(tmp_path / "a.mdoc", text))
    assert (told.exposure, told.exposure_per_frame) == (None, None)
    assert told.nominal_defocus == pytest.approx(33324.5)


def test_a_line_of_a_section_overrules_the_file(tmp_path: Path):
    text = "PixelSpacing = 2\nVoltage = 300\n[ZValue = 0]\nPixelSpacing = 1\n[ZValue = 1]\nTiltAngle = 3\n"
    first, second = read_mdoc(written(tmp_path / "a.mdoc", text))
    assert (first.pixel_size, second.pixel_size, first.voltage, second.stage_tilt_deg) == (1.0, 2.0, 300.0, 3.0)


def test_dose_symmetric_order(tmp_path: Path):
    """0, 3, -3, -6, 6 degrees in this order, written sorted by tilt, 2 e/Å² each."""
    tilts = [0, 3, -3, -6, 6]
    sections = [f"[ZValue = {k}]\nTiltAngle = {tilt}\nExposureDose = 2\nDateTime = 06-Jun-23  23:0{tilts.index(tilt)}:00\n"
                for k, tilt in enumerate(sorted(tilts))]  # fmt: skip
    series = read_mdoc(written(tmp_path / "a.mdoc", "".join(sections)))
    assert [each.stage_tilt_deg for each in series] == [-6, -3, 0, 3, 6]
    assert exposure_before(series) == (6.0, 4.0, 0.0, 2.0, 8.0)
    with pytest.raises(InputError, match=r"time and exposure of .* known for every exposure"):
        exposure_before([*series[:2], replace(series[2], exposure=None)])


@pytest.mark.real_data
def test_a_recorded_tilt_series(real_data: Path):
    """SerialEM's own count begins with 0.07 e/Å² of focusing and holds one exposure of 2.24 that was taken again."""
    series = read_mdoc(real_data / "tilt" / "TS_018_018.mdoc")
    assert (len(series), series[0].tilt_axis_deg, series[0].voltage, series[0].pixel_size) == (60, 82.9, 300.0, 1.971)
    tilts = np.array([each.stage_tilt_deg for each in series])
    assert (tilts.min(), tilts.max()) == pytest.approx((-52.0, 66.0), abs=0.1)
    counted = np.array(exposure_before(series))
    summed = np.array(exposure_before([replace(each, prior_exposure=None) for each in series]))
    np.testing.assert_array_equal(np.argsort(counted), np.argsort(summed))
    extra = (counted - summed)[np.argsort(counted)]
    np.testing.assert_allclose(extra[[0, -1]], [0.0728, 0.0728 + 2.2388], atol=1e-3)
    assert ((np.diff(extra) > 1).sum(), series[int(counted.argmin())].stage_tilt_deg) == (1, pytest.approx(8, abs=0.1))


@pytest.mark.parametrize(("text", "match"), [
    ("", "must have a section.*got 0 values"), ("Voltage = 300\n", "must have a section.*got 1 values"),
    ("[ZValue = 0]\nTiltAngle 3\n", "line 2.*a section or name = value; got 'TiltAngle 3'"),
    ("[Nonsense = 0]\n", "line 1.*a section must be one of ZValue, FrameSet.*got 'Nonsense'"),
    ("[ZValue = 0]\n\0\1\n", "must be text; got binary"),
])  # fmt: skip
def test_what_is_no_mdoc(tmp_path: Path, text: str, match: str):
    with pytest.raises(FormatError, match=match):
        read_mdoc(written(tmp_path / "a.mdoc", text))
    with pytest.raises(InputError, match="an mdoc file that exists; got nothing there"):
        read_mdoc(tmp_path / "none.mdoc")


def test_words_for_numbers_are_not_known(tmp_path: Path):
    text = "[ZValue = 0]\nTiltAngle = steep\nExposureDose = nan\nStagePosition = 1\nNumSubFrames = -3\nDateTime = noon\nPixelSpacing = 0\n"
    (told,) = read_mdoc(written(tmp_path / "a.mdoc", text))
    assert {told.stage_tilt_deg, told.exposure, told.stage_position, told.frames, told.time, told.pixel_size} == {None}
