"""Faults of the camera and the beam: pixels that say nothing, and patterns that belong to rows and columns."""

from __future__ import annotations

import torch
from torch import Tensor


def pixel_values(image: Tensor) -> dict[str, float]:
    """``mean``, ``deviation`` (of every fourth row) and ``range`` of the raw values, and ``clipped``, the larger share of pixels
    at the lowest or highest value: a camera that is saturated, dark or dead repeats one value.
    """
    low, high = image.aminmax()
    clipped = max(int(torch.count_nonzero(image == end)) for end in (low, high)) / image.numel()
    mean, deviation = float(image.mean()), float(image[::4].std())
    return {"mean": mean, "deviation": deviation, "range": float(high - low), "clipped": clipped}


def fixed_pattern(image: Tensor) -> dict[str, float]:
    """``stripes``: correlation of the two halves' column sums (or row sums), second differences taken; a gain reference that
    does not fit leaves some, an image does not. ``seam``: the greatest step between neighbouring columns or rows over their
    scatter, which a segment of the camera with another gain leaves.
    """
    stripes, seam = 0.0, 0.0
    for axis in (0, 1):
        halves = image.tensor_split(2, dim=axis)
        sums = [half.mean(axis) for half in halves]
        first, second = (line[2:] - 2 * line[1:-1] + line[:-2] for line in sums)
        stripes = max(stripes, float((first * second).sum() / (first.norm() * second.norm()).clamp_min(1e-12)))
        steps = torch.minimum(*(_steps(line) for line in sums))
        seam = max(seam, float(steps.max()))
    return {"stripes": stripes, "seam": seam}


def _steps(line: Tensor, reach: int = 16) -> Tensor:
    """Difference of the means of ``reach`` samples before and after each place, in robust standard deviations."""
    sums = torch.cat([line.new_zeros(1), line.double().cumsum(0)])
    inside = (sums[2 * reach :] - 2 * sums[reach:-reach] + sums[: -2 * reach]) / reach
    scatter = 1.4826 * (inside - inside.median()).abs().median()
    return inside.abs() / scatter.clamp_min(1e-12)
