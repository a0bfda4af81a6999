"""B-factors of deposited maps: the same map cut at other resolutions keeps its B, within what is stated."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitreous.inference.fall_off import Expected, FallOff, fall_off
from vitreous.io.mrc import read_volume
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_average, shell_count

pytestmark = pytest.mark.real_data


def measured(path: Path, resolution: float, expected: Expected) -> FallOff:
    read = read_volume(path)
    size = max(read.shape) + max(read.shape) % 2
    values = torch.zeros((size,) * 3)
    values[tuple(slice(side) for side in read.shape)] = read.values.float()
    power = shell_average(rfftn(values).abs() ** 2, values.shape)
    k = torch.arange(len(power), dtype=torch.float64) / (size * read.voxel_size)
    return fall_off(k, 0.5 * power.log(), 1 / shell_count(values.shape), resolution, expected)


def test_a_deposited_sharpened_map_has_no_fall_left(real_data: Path) -> None:
    path = real_data / "maps" / "apoferritin_EMD-20026_subunit.mrc.gz"
    for resolution in (2.5, 3.3, 4.5):
        found = measured(path, resolution, "molecular")
        assert abs(found.b_factor) < 10 + 1.96 * found.b_error


def test_the_molecular_line_keeps_its_b_where_the_level_one_does_not(real_data: Path) -> None:
    path = real_data / "maps" / "EMD-30342_chainA_zone.mrc.gz"
    molecular, level = ([measured(path, resolution, each) for resolution in (3.2, 4.2, 5.8)] for each in ("molecular", "level"))
    for one in molecular:
        assert abs(one.b_factor - molecular[0].b_factor) < 2 * (one.b_error**2 + molecular[0].b_error ** 2) ** 0.5
    # 149, 144 and 185 Å² against 141, 100 and 199.
    spread = [max(each.b_factor for each in lines) - min(each.b_factor for each in lines) for lines in (molecular, level)]
    assert spread[0] < 0.6 * spread[1]
