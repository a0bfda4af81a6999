"""Recorded micrographs: what a person sees in their spectra is what the fit says."""

from __future__ import annotations

import bz2
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.stages.defocus import CtfFit, estimate_ctf

pytestmark = pytest.mark.real_data
DRIFTED = "May08_06.09.02"


@pytest.fixture(scope="module")
def apoferritin(real_data: Path) -> dict[str, CtfFit]:
    """All 20 micrographs of apoferritin (EMPIAR-10146, Cs-corrected microscope), by name."""
    optics = Optics(pixel_size=1.5, spherical_aberration=0.01, amplitude_contrast=0.1)
    files = sorted((real_data / "micrographs" / "apoferritin_EMPIAR-10146").glob("*_avg50.mrc"))
    return {path.name[: len(DRIFTED)]: estimate_ctf(mrcfile.read(path), optics) for path in files}


def test_apoferritin_is_between_1_5_and_2_5_micrometres_with_rings_beyond_6_angstrom(apoferritin) -> None:
    good = {name: fit for name, fit in apoferritin.items() if name != DRIFTED}
    assert len(good) == 19
    for name, fit in good.items():
        assert 15_000 < fit.defocus.mean < 25_500, name
        assert fit.uncertainty.mean < 70, name
        assert fit.resolution < 6.0, name
        assert fit.score > 0.9, name


def test_apoferritin_astigmatism_points_near_125_degrees(apoferritin) -> None:
    """One session, one stigmator: angles agree within 15° or, where astigmatism is faint, within 2.5 standard deviations."""
    for name, fit in apoferritin.items():
        if name != DRIFTED:
            turned = abs((fit.defocus.angle_deg - 125 + 90) % 180 - 90)
            assert turned < max(15.0, 2.5 * fit.uncertainty.angle_deg), name


def test_only_the_drifted_micrograph_is_flagged(apoferritin) -> None:
    assert {flag.name for flag in apoferritin[DRIFTED].flags} == {"drift", "poor fit"}
    assert {name: fit.flags for name, fit in apoferritin.items() if name != DRIFTED and fit.flags} == {}


def test_next_on_the_list_is_the_one_a_person_would_name_next(apoferritin) -> None:
    """The drifted one leads by far; 03.05.02 and 07.13.35, whose rings fade along one direction, follow."""
    power = {name: fit.measures.power_ratio for name, fit in apoferritin.items()}
    assert power[DRIFTED] > 2 * sorted(power.values())[-2]
    rings = {name: fit.measures.ring_ratio for name, fit in apoferritin.items() if name != DRIFTED}
    assert sorted(rings, key=rings.get)[-2:] == ["May08_03.05.02", "May08_07.13.35"]


def test_halves_of_a_micrograph_agree_within_their_errors(real_data: Path) -> None:
    """Left and right half of one micrograph: another specimen each, the same lens. Height may differ by 100 Å."""
    path = real_data / "micrographs" / "apoferritin_EMPIAR-10146" / "May08_03.13.02_avg50.mrc"
    image, optics = mrcfile.read(path), Optics(pixel_size=1.5, spherical_aberration=0.01)
    left, right = estimate_ctf(image[:, :620], optics), estimate_ctf(image[:, 620:], optics)
    spread = np.hypot(left.uncertainty.mean, right.uncertainty.mean)
    assert abs(left.defocus.mean - right.defocus.mean) < 100 + 3 * spread
    assert left.defocus.angle_deg == pytest.approx(right.defocus.angle_deg, abs=10)


def test_falcon_crop_is_at_2_7_micrometres(real_data: Path) -> None:
    path = next((real_data / "micrographs").glob("epu2.9_example_crop2048_*.mrc.bz2"))
    data = bz2.decompress(path.read_bytes())
    header = 1024 + int(np.frombuffer(data, "<i4", 1, 92)[0])
    image = np.frombuffer(data, "<u2", 2048 * 2048, header).reshape(2048, 2048)
    fit = estimate_ctf(image, Optics(pixel_size=0.66655))
    assert fit.defocus.mean == pytest.approx(27_100, abs=150)
    assert fit.resolution < 5.0
    assert fit.flags == ()
    rings = np.flatnonzero(np.diff(np.sign(fit.curves.rings_fit[fit.curves.k < 1 / fit.resolution])) != 0)
    assert len(rings) >= 10  # five rings and more, two crossings each


def test_a_large_ice_crystal_is_left_out_of_the_spectrum(real_data: Path) -> None:
    """A K2 micrograph, strongly binned (about 4.2 Å a pixel; the file does not say), a crystal in its corner."""
    fit = estimate_ctf(mrcfile.read(real_data / "micrographs" / "k2_contaminated_1142.mrc"), Optics(pixel_size=4.2))
    assert fit.tiles_kept < 0.9
    assert fit.measures.significance > 10
    assert 7_000 < fit.defocus.mean < 9_500  # the one dark ring, at about 14 Å
