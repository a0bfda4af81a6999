"""The map as a solid, from three sides."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.contour import contour_level
from vitreous.views.figure import Figure, Panel
from vitreous.views.marks import Mark, Note, Picture
from vitreous.views.pictures import scale_bar
from vitreous.views.surface import prepare, surface_image, turn


def surface_figure(
    volume: ArrayLike, voxel_size: float, *, level: float | None = None, mass: float | None = None,
    views: Mapping[str, ArrayLike] | None = None, size: int = 400,
) -> Figure:  # fmt: skip
    """Shaded surfaces of a map.

    Parameters
    ----------
    volume
        ``(z, y, x)``, density bright.
    voxel_size
        Å.
    level
        Density of the surface; from ``mass`` (kDa), or found by itself, without it: see
        :func:`~vitreous.views.contour.contour_level`.
    views
        Title to rotation; front, turned by 90° about the upright axis, and from below without it.
    size
        Pixels of each picture.
    """
    at = contour_level(volume, voxel_size, mass=mass) if level is None else level
    solid = prepare(volume, at)
    shown = views or {"along z": np.eye(3), "turned 90° about y": turn("y", 90), "turned 90° about x": turn("x", 90)}
    if solid is None:
        nothing = Panel(marks=(Note(x=0.5, y=0.5, text="nothing lies above the level", colour="muted"),))
        return Figure(name="surface", title="The map", panels=(nothing,), height=2.0, caption=f"No voxel exceeds {at:.4g}.")
    reach = max(solid.reach(rotation) for rotation in shown.values())
    side = reach * voxel_size * max(np.shape(volume)) / solid.values.shape[0]
    extent = (-side, side, -side, side)
    panels = []
    for title, rotation in shown.items():
        marks: list[Mark] = [Picture(values=surface_image(solid, rotation, size=size, reach=reach), extent=extent)]
        if not panels:
            marks.append(scale_bar(2 * side, "ink"))
        panels.append(Panel(title=title, marks=tuple(marks), equal=True))
    return Figure(
        name="surface", title="The map", panels=tuple(panels), columns=len(panels), height=3.9,
        caption=f"Surface at density {at:.3g}, colour by distance from the centre. A true map is one connected body with the "
        "same grain everywhere; spikes, shells about the centre and loose islands are noise or a level set too low.",
    )  # fmt: skip
