"""Recorded micrographs: the one that drifted, the one with an ice crystal, and good ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.io.mrc import read_image
from vitreous.stages.quality import Verdict, assess

pytestmark = pytest.mark.real_data


def verdict(path: Path, pixel: float) -> Verdict:
    return assess(read_image(path)[0], Optics(pixel_size=pixel))


def test_of_twenty_of_apoferritin_only_the_drifted_one_is_bad(real_data: Path):
    paths = sorted((real_data / "micrographs" / "apoferritin_EMPIAR-10146").glob("*_avg50.mrc"))
    found = {path.name[:14]: verdict(path, 1.5) for path in paths}
    assert len(found) == 20
    assert [name for name, each in found.items() if each.verdict != "good"] == ["May08_06.09.02"]
    drifted = found.pop("May08_06.09.02")
    assert drifted.reasons[0].name == "drift"
    assert drifted.score <= 0.1 < 0.6 < min(each.score for each in found.values())
    assert found["May08_03.05.02"].descriptors["bragg_peak"] > 2  # one tile of 36 holds the black crystal at its edge


def test_a_large_ice_crystal_is_found_where_another_program_saw_it(real_data: Path):
    # the pixel size is not recorded; a K2 frame of 3838 pixels shrunk to 959 has about 4.3 Å
    found = verdict(real_data / "micrographs" / "k2_contaminated_1142.mrc", 4.3)
    other = read_image(real_data / "micrographs" / "k2_contaminated_1142_mask.mrc.gz")[0] > 50
    rows, columns = (np.arange(n) * m // n for n, m in zip(other.shape, found.regions.spoiled.shape))
    ours = found.regions.spoiled[rows[:, None], columns]
    assert (ours & other).sum() / (ours | other).sum() > 0.8
    assert "contamination" in [reason.name for reason in found.reasons]
    assert found.score < 0.1


def test_a_good_crop_at_full_resolution(real_data: Path):
    found = verdict(real_data / "micrographs" / "epu2.9_example_crop2048_y1024_x1024.mrc.bz2", 0.66655)
    assert (found.verdict, found.reasons) == ("good", ())
    assert found.score > 0.9
