"""Resolution along directions and of tomograms as jobs: what they write, and input that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.errors import VitreousError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import axis_frequencies, irfftn, rfftn
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

VOXEL, SIDE = 2.4, 28


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Atoms everywhere, blurred along z by 500 Å² more than across it, noise of a fiftieth of their power."""
    generator = torch.Generator().manual_seed(4)
    z, y, x = (axis_frequencies(SIDE, VOXEL, half=axis == 2) for axis in range(3))
    square = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2
    atoms = rfftn(torch.poisson(torch.full((SIDE,) * 3, 0.2), generator=generator))
    blurred = irfftn(atoms * torch.exp(-(40 * square + 500 * z[:, None, None] ** 2) / 4), (SIDE,) * 3)
    folder = tmp_path_factory.mktemp("directions")
    paths = {name: folder / f"{name}.mrc" for name in ("half1", "half2", "mask")}
    for name in ("half1", "half2"):
        write_volume(paths[name], Volume(blurred + 0.06 * torch.randn(blurred.shape, generator=generator), VOXEL))
    write_volume(paths["mask"], Volume(soft_disc((SIDE,) * 3, 10.0, 2.0), VOXEL))
    return paths


def test_the_axis_of_a_blur_is_told(here: Project, files: dict[str, Path]) -> None:
    record = here.do("local-directions", **files)
    told = read_json(record["summary"])
    assert abs(told["worst_axis_xyz"][2]) > 0.98
    assert told["worst_direction_angstrom"] > 1.15 * told["best_direction_angstrom"]
    assert len(record["by_direction"].read_text().splitlines()) == 25
    radial, tangential = (read_volume(record[port]).values for port in ("radial", "tangential"))
    assert torch.equal(radial > 0, tangential > 0)
    assert "<svg" in record["picture"].read_text()[:500]


def test_a_tomogram_is_asked_everywhere_unless_a_mask_says_where(here: Project, files: dict[str, Path]) -> None:
    record = here.do("tomogram-resolution", half1=files["half1"], half2=files["half2"], highest_tilt=60.0, coarsest=14.0)
    assert bool((read_volume(record["local_resolution"]).values > 0).all())
    told = read_json(record["summary"])
    assert told["z_median_angstrom"] == pytest.approx(told["coarsest_level_angstrom"], rel=1e-3), "nothing was measured in the wedge"
    assert told["x_median_angstrom"] < told["z_median_angstrom"]


def test_input_that_cannot_be_used_is_named(here: Project, files: dict[str, Path]) -> None:
    with pytest.raises(VitreousError, match="independent"):
        here.do("local-directions", half1=files["half1"], half2=files["half1"])
    with pytest.raises(VitreousError, match="highest_tilt must be"):
        here.do("tomogram-resolution", half1=files["half1"], half2=files["half2"], highest_tilt=0.0)
    small = files["half1"].with_name("small.mrc")
    write_volume(small, Volume(torch.randn(24, 24, 24), VOXEL))
    with pytest.raises(VitreousError, match="shape of half1"):
        here.do("tomogram-resolution", half1=files["half1"], half2=small)
