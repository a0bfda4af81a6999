"""Tiny micrographs through the job: fits, flags, pictures, and what is set aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_images as tiny

from vitreous.errors import InputError
from vitreous.io.micrographs import read_micrographs, write_micrographs
from vitreous.io.mrc import write_image
from vitreous.jobs.estimate_ctf import EstimateCtf, other_way
from vitreous.jobs.micrograph_list import read_list
from vitreous.jobs.options import Microscope
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

ASKED = {"voltage": 300.0, "cs": 2.7, "amplitude_contrast": 0.1}


def test_defocus_curves_and_picture(here: Project, micrographs: list[Path]):
    from matplotlib.image import imread

    record = here.do("estimate-ctf", micrographs=micrographs, **ASKED)
    listed = read_micrographs(record["micrographs"])
    assert [m.path for m in listed] == micrographs
    for micrograph in listed:
        assert micrograph.defocus.mean == pytest.approx(tiny.DEFOCUS.mean, abs=300)
        assert micrograph.flags == ()
        assert micrograph.fit_score > 0.5
    told = read_json(record["fits"])
    assert told["defocus"]["u"] == pytest.approx(listed[0].defocus.u, abs=1e-3)
    assert set(told["curves"]) == {"k", "power", "fit", "background", "rings", "rings_fit", "correlation", "correlation_low",
                                   "correlation_high"}
    assert len({len(curve) for curve in told["curves"].values()}) == 1
    assert np.corrcoef(told["curves"]["rings"], told["curves"]["rings_fit"])[0, 1] > 0.5
    picture = imread(record["pictures"])
    assert picture.shape[0] == picture.shape[1] <= 255
    assert picture.shape[0] % 2 == 1
    # Friedel: the rings on the left are those on the right, turned by half a turn
    middle = picture.shape[0] // 2
    left, right = picture[:, :middle], picture[::-1, :middle:-1]
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.5


def test_every_value_has_its_interval_in_both_files(here: Project, micrographs: list[Path]):
    record = here.do("estimate-ctf", micrographs=micrographs[:1], tilt="fit", fit_phase_shift=True, **ASKED)
    told, (listed,) = read_json(record["fits"]), read_micrographs(record["micrographs"])
    names = {"u", "v", "mean", "astigmatism", "angle_deg", "phase_shift_deg", "b_factor", "tilt_angle_deg", "tilt_axis_deg", "resolution"}
    assert set(told["intervals_95"]) == names
    assert record.figures["median_phase_shift_deg"] == pytest.approx(told["defocus"]["phase_shift_deg"], abs=1e-3)
    for name in ("u", "v", "phase_shift_deg"):
        low, high = told["intervals_95"][name]
        assert low < told["defocus"][name] < high
    assert float(listed.extra["vitreousDefocusUSigma"]) == pytest.approx(told["uncertainty"]["u"], rel=1e-4)
    assert float(listed.extra["vitreousTiltChance"]) == pytest.approx(told["tilt"]["chance"], rel=1e-4)
    assert told["tilt"]["level"]
    assert listed.defocus_slope == (0.0, 0.0)


def test_a_known_tilt_is_kept_in_the_list(here: Project, micrographs: list[Path]):
    record = here.do("estimate-ctf", micrographs=micrographs[:1], tilt="known", tilt_angle=45.0, tilt_axis=0.0, **ASKED)
    assert read_micrographs(record["micrographs"])[0].defocus_slope == pytest.approx((0.0, 1.0), abs=1e-5)
    assert record.figures["tilted_count"] == 1
    assert record.figures["median_tilt_deg"] == pytest.approx(45.0, abs=1e-3)
    assert "median_phase_shift_deg" not in record.figures


def test_a_tilt_the_other_way_up_is_told_with_the_option_that_rights_it(micrographs: list[Path]):
    params = EstimateCtf(tilt="known", tilt_angle=30.0, tilt_axis=90.0, **ASKED)
    right, wrong = (replace(m, flags=flags) for m, flags in zip(read_list(micrographs[:2], params), ((), ("tilt",))))
    (told,) = other_way(params, [right, wrong])
    assert "explains the rings of 1 of 2 micrographs better than 90" in told
    assert "Try: --tilt known --tilt-angle 30 --tilt-axis 270." in told
    assert other_way(params, [right]) == ()


@pytest.mark.parametrize(("wrong", "why"), [
    ({"tilt": "known"}, "tilt must be known where tilt_angle"), ({"tilt": "fit", "tilt_angle": 3.0, "tilt_axis": 1.0}, "tilt must be"),
    ({"phase_shift_least": 90.0, "phase_shift_most": 10.0}, "phase_shift_least must be below"), ({"tilt": "yes"}, "one of no, fit, known"),
])  # fmt: skip
def test_tilts_and_phase_shifts_that_contradict_themselves(here: Project, micrographs: list[Path], wrong: dict, why: str):
    with pytest.raises(InputError, match=why):
        here.do("estimate-ctf", micrographs=micrographs, **wrong, **ASKED)


def test_the_picture_has_y_upwards():
    from vitreous.jobs.estimate_ctf import spectrum_picture
    from vitreous.stages.defocus import RingPicture

    class Fit:
        model = np.outer(np.linspace(-1, 1, 41), np.ones(21)).astype(np.float32)
        picture = RingPicture(np.zeros_like(model), model, 0.2)

    pixels = spectrum_picture(Fit())
    assert pixels[0, -5] < 100 < 160 < pixels[-1, -5]
    assert (pixels[:, 5] == 128).all()


def test_doubtful_ones_are_flagged_and_kept(here: Project, micrographs: list[Path], tmp_path: Path):
    noise = np.random.default_rng(3).standard_normal((384, 384)).astype(np.float32)
    write_image(tmp_path / "sums" / "noise.mrc", noise, 2.0)
    record = here.do("estimate-ctf", micrographs=tmp_path / "sums" / "*.mrc", **ASKED)
    flags = {m.path.stem: m.flags for m in read_micrographs(record["micrographs"])}
    assert "poor fit" in flags["noise"]
    assert flags["s0"] == flags["s1"] == ()
    assert record.figures["flagged_count"] == 1
    assert "1 of 3 micrographs is flagged: noise: " in record.warnings[0]


def test_unreadable_ones_are_set_aside(here: Project, micrographs: list[Path], tmp_path: Path):
    image = tiny.micrograph(5)
    write_image(tmp_path / "sums" / "cut.mrc", image, 2.0)
    whole = (tmp_path / "sums" / "cut.mrc").read_bytes()
    (tmp_path / "sums" / "cut.mrc").write_bytes(whole[:9000])
    (tmp_path / "sums" / "nan.mrc").write_bytes(whole[:2000] + np.float32(np.nan).tobytes() + whole[2004:])
    write_image(tmp_path / "sums" / "flat.mrc", np.ones_like(image), 2.0)
    write_image(tmp_path / "sums" / "other.mrc", image, 3.0)
    record = here.do("estimate-ctf", micrographs=tmp_path / "sums" / "*.mrc", pixel_size=2.0, **ASKED)
    told = {each["item"]: each["reason"] for each in record.quarantine}
    assert set(told) == {"cut", "nan", "flat", "other"}
    assert "The file was cut off" in told["cut"]
    assert "finite" in told["nan"]
    assert "the value 1 in every pixel" in told["flat"]
    assert "pixel_size must agree with the header" in told["other"]
    assert [m.path.stem for m in read_micrographs(record["micrographs"])] == ["s0", "s1"]


def test_what_is_not_known_is_asked_for(here: Project, micrographs: list[Path]):
    with pytest.raises(InputError, match=r"cs must be given, in mm"):
        here.do("estimate-ctf", micrographs=micrographs, voltage=300.0)
    with pytest.raises(InputError, match=r"defocus_least must be below defocus_most \(4000\), in Å; got 5000"):
        here.do("estimate-ctf", micrographs=micrographs, defocus_least=5000.0, defocus_most=4000.0, **ASKED)


def test_a_star_file_of_another_program_keeps_its_columns(here: Project, micrographs: list[Path], tmp_path: Path):
    from dataclasses import replace

    listed = read_list(micrographs, Microscope(voltage=300.0, cs=2.7))
    write_micrographs(tmp_path / "in.star", [replace(m, extra={"rlnSomething": "7"}) for m in listed])
    record = here.do("estimate-ctf", micrographs=tmp_path / "in.star")
    assert [m.extra["rlnSomething"] for m in read_micrographs(record["micrographs"])] == ["7", "7"]
