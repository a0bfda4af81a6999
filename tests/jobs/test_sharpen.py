"""Sharpening through the job: every method, what it writes and says, and input that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from known_maps import noisy, ribosome

from vitreous.data.volume import Volume
from vitreous.errors import JobError, VitreousError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.numerics.filters import soft_disc
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

SIZE, VOXEL, B = 56, 2.8, 150.0
WRONG = (JobError, VitreousError)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("halves")
    first, second = noisy(ribosome(SIZE, VOXEL, B), 0.3, torch.Generator().manual_seed(5))
    made = {
        "half1": Volume(first.values, VOXEL, (3.0, 4.0, 5.0)),
        "half2": Volume(second.values, VOXEL, (3.0, 4.0, 5.0)),
        "mask": Volume(soft_disc((SIZE,) * 3, 22, 5), VOXEL),
        "local_resolution": Volume(7.0 * (soft_disc((SIZE,) * 3, 22, 1) > 0.5).float(), VOXEL),
        "negative": Volume(-torch.ones(SIZE, SIZE, SIZE), VOXEL),
        "small": Volume(torch.ones(8, 8, 8), VOXEL),
    }
    for name, volume in made.items():
        write_volume(folder / f"{name}.mrc", volume)
    return {name: folder / f"{name}.mrc" for name in made}


@pytest.mark.parametrize("method", ["global", "local-b", "deblur", "model-free"])
def test_each_method_writes_a_map_that_is_not_too_sharp(here: Project, files: dict[str, Path], method: str) -> None:
    given = {name: files[name] for name in ("half1", "half2", "mask", *(["local_resolution"] if method == "deblur" else []))}
    record = here.do("sharpen", **given, method=method)
    told, ready = read_json(record["summary"]), read_volume(record["sharpened"])
    assert told["verdict"] == "pass", told["reason"]
    assert told["b_convention"] == "exp(-B k^2 / 4)"
    assert abs(told["b_factor_angstrom2"] - B) < 1.96 * told["b_factor_error_angstrom2"]
    assert ready.shape == (SIZE,) * 3
    assert ready.corner == (3.0, 4.0, 5.0)
    assert all(record[port].read_text().startswith("<") for port in ("compared_picture", "guinier_picture"))
    if method == "local-b":
        values = read_volume(record["local_b"]).values
        # One B was planted: the places scatter about it by no more than folds do over a short range.
        assert abs(float(values[values > 0].median()) - B) < 100
        assert told["local_b_range_angstrom2"][0] <= told["local_b_median_angstrom2"]


def test_too_large_a_b_factor_is_applied_and_told(here: Project, files: dict[str, Path]) -> None:
    record = here.do("sharpen", half1=files["half1"], half2=files["half2"], mask=files["mask"], b_factor=700.0)
    assert record.figures["b_factor_applied_angstrom2"] == 700
    assert record.figures["verdict"] in ("warn", "fail")
    assert any("over-sharpened" in warning for warning in record.warnings)


def test_input_that_cannot_be_used_is_explained(here: Project, files: dict[str, Path]) -> None:
    halves = {name: files[name] for name in ("half1", "half2")}
    wrong = {
        "Try: --b-factor 120": {"b_factor": -120.0},
        "which finds its own": {"b_factor": 120.0, "method": "local-b"},
        "vitreous local-resolution": {"method": "deblur"},
        "more everywhere": {"method": "deblur", "local_resolution": files["negative"]},
        "of the half-maps' shape": {"method": "model-free", "local_resolution": files["small"]},
    }
    for words, given in wrong.items():
        with pytest.raises(WRONG, match=words):
            here.do("sharpen", **halves, mask=files["mask"], **given)


def test_noise_is_not_sharpened(here: Project, tmp_path: Path) -> None:
    chance = torch.Generator().manual_seed(7)
    for name in "ab":
        write_volume(tmp_path / f"{name}.mrc", Volume(torch.randn(40, 40, 40, generator=chance), 3.0))
    with pytest.raises(WRONG, match="no better than noise does"):
        here.do("sharpen", half1=tmp_path / "a.mrc", half2=tmp_path / "b.mrc")
