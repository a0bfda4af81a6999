"""What refine reads beside particles: a reference at another scale, a mask, and how wide images must be kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import write_volume
from vitreous.jobs.refine import read_mask, read_reference, undelocalised
from vitreous.pipeline.ports import Inputs


def written(path: Path, values: torch.Tensor, voxel: float = 5.0) -> Inputs:
    write_volume(path, Volume(values.float(), voxel))
    return Inputs({"mask": (path,)})


def test_no_mask_is_none() -> None:
    assert read_mask(Inputs({}), 16, 5.0) is None


def test_a_mask_is_brought_to_the_box(tmp_path: Path) -> None:
    ball = torch.zeros(20, 20, 20)
    ball[6:14, 6:14, 6:14] = 1.0
    mask = read_mask(written(tmp_path / "mask.mrc", ball), 16, 5.0)
    assert mask is not None
    assert mask.shape == (16, 16, 16)
    assert float(mask.sum()) == pytest.approx(512)


@pytest.mark.parametrize("values", [torch.full((16, 16, 16), 3.0), torch.full((16, 16, 16), -1.0), torch.zeros(16, 16, 16)])
def test_what_is_no_mask_is_refused(tmp_path: Path, values: torch.Tensor) -> None:
    with pytest.raises(InputError, match=r"mask must hold values from 0 \(left out\) to 1 \(refined\); got"):
        read_mask(written(tmp_path / "mask.mrc", values), 16, 5.0)


def test_a_reference_of_finer_voxels_is_brought_to_the_pixels(tmp_path: Path) -> None:
    line = (torch.arange(32) - 16) * 2.5
    blob = torch.exp(-(line[:, None, None] ** 2 + line[:, None] ** 2 + line**2) / 400)
    write_volume(tmp_path / "map.mrc", Volume(blob.float(), 2.5))
    found = read_reference(tmp_path / "map.mrc", 16, 5.0)
    assert found.shape == (16, 16, 16)
    assert float(found[8, 8, 8]) == pytest.approx(1.0, abs=0.03)
    assert float(found[8, 8, 11]) == pytest.approx(float(torch.exp(torch.tensor(-(15.0**2) / 400))), abs=0.03)


def test_images_are_kept_as_wide_as_the_ctf_spreads_them() -> None:
    def particles(defocus: float) -> Particles:
        table = np.tile([defocus, defocus, 0.0, 0.0], (4, 1))
        return Particles(optics=(Optics(pixel_size=1.0),), group=np.zeros(4, np.int64), defocus=table)

    # λ z / d at 300 kV, 0.5 µm and 10 Å is 9.8 Å, on both sides
    assert undelocalised(particles(5000.0), 100.0, 10.0) == pytest.approx(120.0 + 19.7, abs=0.1)
    assert undelocalised(particles(20000.0), 100.0, 3.0) == 0.0, "wider than any box"
