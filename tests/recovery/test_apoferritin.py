"""The main job on recorded micrographs of apoferritin, from nothing to a map that agrees with the atomic model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.cli.app import main
from vitreous.inference.half_maps import crossing
from vitreous.io.coordinates import read_picks
from vitreous.io.micrographs import read_micrographs
from vitreous.io.mrc import read_volume
from vitreous.io.pdb import read_model
from vitreous.jobs.coordinate_list import read_coordinate_list
from vitreous.numerics.filters import apply, gaussian, low_pass
from vitreous.numerics.fourier import frequency_squared
from vitreous.numerics.map_align import align, turn
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import map_correlation
from vitreous.simulate.specimens import density_map, specimen_from_model
from vitreous.stages.picking import agreement

pytestmark = [pytest.mark.real_data, pytest.mark.long]
DRIFTED = "May08_06.09.02_avg50"


@pytest.fixture(scope="module")
def finished(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after the main job."""
    folder = tmp_path_factory.mktemp("apoferritin") / "project"
    images = real_data / "micrographs" / "apoferritin_EMPIAR-10146" / "*_avg50.mrc"
    words = ["run", "--micrographs", str(images), "--pixel-size", "1.5", "--voltage", "300", "--cs", "0.01", "--diameter", "130"]
    assert main([*words, "--symmetry", "O", "--project", str(folder)]) == 0
    return folder


def job(project: Path, name: str) -> Path:
    """Outputs of the last job of a kind."""
    return sorted((project / "jobs").glob(f"*-{name}"))[-1] / "outputs"


def model_map(path: Path, size: int, voxel: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The model's density, and a soft mask around its molecule."""
    known = density_map(specimen_from_model(read_model(path, assembly="1")), size, voxel).values.float()
    smooth = low_pass(known, 12.0, voxel, axes=3)
    edge = gaussian(frequency_squared(known.shape, voxel).sqrt(), 1 / (2 * math.pi * 4.0))
    return known, apply((smooth > 0.1 * smooth.max()).float(), edge, 3).clamp(0, 1)


def test_the_half_maps_agree(finished: Path) -> None:
    assert json.loads((finished / "final" / "summary.json").read_text())["resolution_angstrom"] <= 11.5


def test_the_map_is_the_model_in_the_right_hand(finished: Path, real_data: Path) -> None:
    found = read_volume(finished / "final" / "map.mrc")
    size, voxel = found.shape[0], found.voxel_size
    known, mask = model_map(real_data / "models" / "7a4m.cif.gz", size, voxel)
    turned = align(found.values, known, radius=int(size * voxel / 9), group=symmetry("O"))
    assert not turned.mirrored
    assert turned.correlation > turned.other_hand + 0.02
    fsc = map_correlation(turn(found.values, turned.rotation), known, mask)
    assert crossing(fsc, 0.5, size * voxel) <= 12.5


def test_only_the_drifted_micrograph_is_flagged(finished: Path) -> None:
    fitted = read_micrographs(job(finished, "estimate-ctf") / "micrographs_ctf.star")
    assert [m.path.stem for m in fitted if m.flags] == [DRIFTED]
    angles = np.array([m.defocus.angle_deg for m in fitted if m.path.stem != DRIFTED])
    assert abs(np.median(angles) - 125) < 8
    assert (np.abs(angles - 125) < 20).all()


def test_picks_are_those_of_a_person(finished: Path, real_data: Path) -> None:
    fitted = read_micrographs(job(finished, "estimate-ctf") / "micrographs_ctf.star")
    picked = read_coordinate_list([job(finished, "pick") / "coordinates.star"], fitted)
    both = None
    for number, found in picked.items():
        human = real_data / "micrographs" / "apoferritin_EMPIAR-10146" / fitted[number].path.name.replace("_avg50.mrc", "_picks.star")
        if human.exists():
            one = agreement(found.place, read_picks(human)[0], 20.0)
            both = one if both is None else both + one
    assert both is not None
    assert both.f1 >= 0.90
