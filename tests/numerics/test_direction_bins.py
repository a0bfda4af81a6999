"""Sums by direction and shell against sums voxel by voxel."""

from __future__ import annotations

import pytest
import torch

from vitreous.numerics.direction_bins import FACE, bin_by_direction, bin_centres, bin_of, paint
from vitreous.numerics.fourier import fft2, rfftn
from vitreous.numerics.shells import shell_correlation, shell_count


def test_a_bin_holds_the_directions_nearest_to_its_centre_on_the_face() -> None:
    centres = bin_centres()
    assert torch.equal(bin_of(*centres.unbind(-1)), torch.arange(3 * FACE**2))
    assert torch.equal(bin_of(*(-3 * centres).unbind(-1)), torch.arange(3 * FACE**2)), "opposite directions share a bin"
    some = torch.nn.functional.normalize(torch.randn(2000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64), dim=-1)
    # half the diagonal of a bin of 3.75° in the middle of a face, where bins are widest
    assert float(torch.rad2deg(torch.arccos((some * centres[bin_of(*some.unbind(-1))]).sum(-1).abs().clamp(max=1))).max()) < 2.7


@pytest.mark.parametrize("size", [16, 15])
def test_all_bins_together_are_whole_shells(size: int) -> None:
    first, second = torch.randn(2, size, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    second = second + first
    binned = bin_by_direction(first, second, 2.0)
    assert torch.equal(binned.count.sum(0), shell_count((size,) * 3))
    expected = shell_correlation(rfftn(first), rfftn(second), (size,) * 3)
    assert torch.allclose(binned.average[1:], expected[1:], atol=1e-12)
    assert binned.length == 2.0 * size


def test_a_group_of_bins_is_the_sum_over_its_voxels() -> None:
    size, direction = 12, torch.tensor([0.48, 0.6, 0.64], dtype=torch.float64)
    first, second = torch.randn(2, size, size, size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    binned = bin_by_direction(first, second, 1.0, most=5)
    members = (bin_centres() @ direction).abs() > 0.8
    curve, count = binned.summed(members[None])
    # the full transform, plane by plane, so that nothing of the half grid is shared
    a, b = (torch.fft.fft(fft2(each), dim=0) for each in (first, second))
    line = torch.fft.fftfreq(size, dtype=torch.float64) * size
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    for shell in (2, 5):
        near = (x**2 + y**2 + z**2).sqrt().round() == shell
        inside = near & members[bin_of(x, y, z)]
        cross = (a[inside] * b[inside].conj()).real.sum()
        assert float(count[0, shell]) == int(inside.sum())
        assert float(curve[0, shell]) == pytest.approx(float(cross / (a[inside].abs().norm() * b[inside].abs().norm())))


def test_painting_puts_a_table_back_into_the_box() -> None:
    table = torch.zeros(3 * FACE**2, 5, dtype=torch.float64)
    table[bin_of(*torch.tensor([[0.3], [0.1], [1.0]]))[0], 4] = 7.0
    painted = paint(table, 12)
    at = torch.nonzero(painted) - 6
    assert (painted[painted != 0] == 7).all()
    assert {tuple(each) for each in at.tolist()} == set(), "no voxel of shell 4 lies in so small a bin"
    table[:, 3] = torch.arange(3 * FACE**2).double() + 1
    painted = paint(table, 12)
    assert float(painted[6, 6, 9]) == float(bin_of(*torch.tensor([[3.0], [0.0], [0.0]]))[0]) + 1, "voxel (z, y, x) is k = (3, 0, 0)"
    assert float(painted[9, 6, 6]) == float(painted[3, 6, 6]) == float(bin_of(*torch.tensor([[0.0], [0.0], [3.0]]))[0]) + 1
    assert float(painted[6, 6, 11]) == 0
