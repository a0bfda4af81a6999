"""What must not be found: a map in noise, and the wrong hand."""

from __future__ import annotations

import pytest

from vitreous.io.mrc import read_volume
from vitreous.jobs.report.run import Run
from vitreous.jobs.report.summary import summarise
from vitreous.numerics.chirality import invert
from vitreous.numerics.map_align import align
from vitreous.simulate.snr import PixelSnr


@pytest.mark.parametrize("seed", [1, 3])
def test_noise_gives_no_resolution_however_well_its_halves_agree(here, make, head, seed: int, tmp_path) -> None:
    """Einstein from noise: both halves are aligned to one reference and average to it."""
    listed, dataset = make(100, snr=PixelSnr(1e-9), seed=seed)
    refined = here.do("refine", particles=listed, reference=listed.with_name("map.mrc"), diameter=head.diameter)
    judged = here.do("postprocess", half1=refined["half1"], half2=refined["half2"])
    biased = align(read_volume(refined["map"]).values, dataset.volume.values, radius=4)
    assert biased.correlation > 0.5, "the control shows nothing unless the map looks like the reference"
    assert refined.figures["resolution_angstrom"] is None
    assert refined.figures["pose_sigma_deg"] > 40
    assert refined.stop.endswith("the data do not support a map.")
    assert "no resolution is claimed: poses are uncertain by" in refined.warnings[0]
    told = summarise(Run({"refine": refined, "postprocess": judged}, tmp_path), None, None)
    assert told["resolution_angstrom"] is None
    assert told["resolution_interval_angstrom"] is None
    assert told["verdict"].startswith("no resolution")
    assert any("no resolution is claimed" in warning for warning in told["warnings"])


def test_the_other_hand_agrees_less_with_the_truth(here, make, head) -> None:
    listed, dataset = make(150)
    settings = {"diameter": head.diameter, "hand": "found", "initial_lowpass": 50.0}
    refined = here.do("refine", particles=listed, reference=listed.with_name("map.mrc"), **settings)
    found, truth = read_volume(refined["map"]).values, dataset.volume.values
    right, wrong = align(found, truth, radius=9), align(invert(found), truth, radius=9)
    assert not right.mirrored
    assert wrong.mirrored
    assert right.correlation > 0.85
    assert right.correlation - right.other_hand > 0.1
