"""One map before and after something was done to it: the same sections at the same scale of grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.errors import require
from vitreous.views.figure import Figure
from vitreous.views.maps import VIEWS, cut, slice_panel
from vitreous.views.pictures import common_limits


def compared_figure(
    before: ArrayLike, after: ArrayLike, voxel_size: float, *, names: tuple[str, str] = ("before", "after"), mask: ArrayLike | None = None
) -> Figure:  # fmt: skip
    """Central sections of two maps side by side, across z and y; both are scaled to one standard deviation, so greys mean the same.

    Parameters
    ----------
    before, after
        ``(z, y, x)``, of one shape.
    voxel_size
        Å.
    names
        Above the panels.
    mask
        Where the standard deviation is taken: above 0.5; everywhere without it.
    """
    maps = [np.asarray(each, dtype=np.float32) for each in (before, after)]
    shapes = [each.shape for each in maps]
    require(shapes[0] == shapes[1] and len(shapes[0]) == 3, "maps to compare", shapes, "of one shape (z, y, x)")
    inside = np.asarray(mask) > 0.5 if mask is not None else np.ones(maps[0].shape, bool)
    even = [(each - each[~inside].mean() if (~inside).any() else each) / max(float(each[inside].std()), 1e-30) for each in maps]
    cuts = [(name, along, cut(values, VIEWS[along][0])) for along in ("z", "y") for name, values in zip(names, even)]
    limits = common_limits(np.concatenate([image.ravel() for _, _, image in cuts]), high=99.8)
    return Figure(
        name="compared", title="Before and after", height=3.6, columns=4,
        panels=tuple(slice_panel(image, along, voxel_size, limits, f"{name}, across {along}") for name, along, image in cuts),
        caption="The same sections at the same greys, each map in standard deviations of its particle. Side chains and helices should "
        "come out; grain that spreads over the solvent as well is noise that was raised.",
    )  # fmt: skip
