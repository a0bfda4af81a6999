"""Central slices and projections of a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.views.figure import Figure, Panel
from vitreous.views.marks import Mark, Note, Picture
from vitreous.views.pictures import common_limits, scale_bar

#: Axis looked along to (array axis, name across, name up): seen from the positive end of z, x and minus y.
VIEWS: dict[str, tuple[int, str, str]] = {"z": (0, "x", "y"), "y": (1, "x", "z"), "x": (2, "y", "z")}


def cut(values: NDArray, axis: int) -> NDArray:
    """The section one voxel thick through the origin."""
    return values.take(values.shape[axis] // 2, axis)


def slice_panel(image: NDArray, along: str, voxel_size: float, limits: tuple[float, float], title: str) -> Panel:
    """A section seen along z, y or x, with its axes' names and a bar for scale."""
    height, width = (side * voxel_size for side in image.shape)
    _, across, up = VIEWS[along]
    marks: tuple[Mark, ...] = (
        Picture(values=np.asarray(image, dtype=float), extent=(0, width, 0, height), limits=limits),
        scale_bar(width),
        Note(x=0.985 * width, y=0.045 * height, text=f"{across} →", anchor="right", colour="white", size=7.5),
        Note(x=0.02 * width, y=0.955 * height, text=f"{up} ↑", anchor="left", colour="white", size=7.5),
    )
    return Panel(title=title, marks=marks, equal=True)


def _checked(volume: ArrayLike, voxel_size: float) -> NDArray[np.float32]:
    values = np.asarray(volume, dtype=np.float32)
    require(values.ndim == 3 and values.size > 0, "a map", values.shape, "three-dimensional (z, y, x)")
    require(voxel_size > 0, "voxel_size", voxel_size, "positive, in Å")
    return values


def slices_figure(volume: ArrayLike, voxel_size: float, *, name: str = "slices", title: str = "Central slices") -> Figure:
    """Sections one voxel thick through the origin, across z, y and x.

    Parameters
    ----------
    volume
        ``(z, y, x)``, density bright.
    voxel_size
        Å.
    name, title
        Of the figure.
    """
    values = _checked(volume, voxel_size)
    cuts = {along: cut(values, axis) for along, (axis, _, _) in VIEWS.items()}
    limits = common_limits(np.concatenate([image.ravel() for image in cuts.values()]), high=99.9)
    panels = tuple(slice_panel(image, along, voxel_size, limits, f"across {along}") for along, image in cuts.items())
    return Figure(
        name=name, title=title, panels=panels, height=3.75,
        caption="Sections through the middle. Density should be sharp inside and the solvent flat outside; streaks along one "
        "direction mean missing views, rings about the centre a wrong CTF or too tight a mask.",
    )  # fmt: skip


def projections_figure(volume: ArrayLike, voxel_size: float) -> Figure:
    """Sums along z, y and x, as an electron sees the map; arguments as for :func:`slices_figure`."""
    values = _checked(volume, voxel_size)
    sums = {along: np.nan_to_num(values).sum(axis) * voxel_size for along, (axis, _, _) in VIEWS.items()}
    panels = tuple(
        slice_panel(image, along, voxel_size, common_limits(image, high=99.95), f"along {along}") for along, image in sums.items()
    )
    return Figure(
        name="projections", title="Projections", panels=panels, height=3.75,
        caption="The map as an electron would see it along three axes. These are what the class averages should look like.",
    )  # fmt: skip
