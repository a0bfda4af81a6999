"""What must not be found: a map in noise, and the wrong hand."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity

from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.io.mrc import read_volume
from vitreous.io.particles import read_particles
from vitreous.jobs.report.run import Run
from vitreous.jobs.report.summary import summarise
from vitreous.numerics.chirality import invert
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.map_align import align
from vitreous.reconstruct.fourier import solve
from vitreous.simulate.snr import PixelSnr


@pytest.mark.parametrize("seed", [3])
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


def test_the_other_hand_agrees_less_with_the_truth(make) -> None:
    listed, dataset = make(150)
    images = load_images(read_particles(listed), Band(size=32))
    truth, poses = dataset.volume.values, dataset.particles
    sums = insert_images(
        images, initial_noise(images), torch.from_numpy(poses.rotation), torch.from_numpy(poses.shift) / images.pixel_size, radius=12
    )
    found = solve(*sums.total(), 32, ssnr=None, radius=12, voxel_size=images.pixel_size)
    mask = soft_disc((32, 32, 32), 12.0, 3.0)
    right, wrong = (cosine_similarity((found * mask).flatten(), (hand * mask).flatten(), 0) for hand in (truth, invert(truth)))
    assert right > 0.9
    assert right - wrong > 0.2
