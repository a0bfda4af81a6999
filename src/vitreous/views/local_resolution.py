"""Where a map is resolved how far: sections coloured by local resolution, and how the places are spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.maps import VIEWS
from vitreous.views.marks import Mark, Note, Picture, Rule
from vitreous.views.pictures import common_limits, scale_bar


def local_resolution_figure(volume: ArrayLike, values: ArrayLike, voxel_size: float, *, resolution: float | None = None) -> Figure:
    """Three sections through the middle of the coloured places, over the density in grey, and a histogram.

    Parameters
    ----------
    volume
        Density, ``(z, y, x)``.
    values
        Local resolution, Å, of the same shape; NaN where it was not asked for.
    voxel_size
        Å.
    resolution
        Å of the whole map, marked in the histogram.

    Raises
    ------
    InputError
        If the shapes differ or no place has a value.
    """
    density, local = np.asarray(volume, dtype=np.float32), np.asarray(values, dtype=np.float32)
    require(density.shape == local.shape and density.ndim == 3, "values", local.shape, f"of the map's shape, {density.shape} (z, y, x)")
    known = np.isfinite(local)
    require(bool(known.any()), "values", "NaN everywhere", "Å at some places")
    low, median, high = (float(q) for q in np.quantile(local[known], (0.02, 0.5, 0.98)))
    limits = (low, max(high, low + 0.1))
    density, local = (each[_surroundings(known)] for each in (density, local))
    middle = [round(float(np.mean(where))) for where in np.nonzero(np.isfinite(local))]
    panels = tuple(_section(density, local, along, middle, voxel_size, limits) for along in VIEWS)
    said = f"Half of the places are finer than {median:.1f} Å; all but the outermost 2 % lie between {low:.1f} and {high:.1f} Å. "
    return Figure(
        name="local-resolution", title="Local resolution", panels=(*panels, _spread(local, limits, resolution)), columns=4,
        height=3.2, caption=f"{said}A core that is finer than its rim is usual. A whole domain that is coarser moves or is seldom there; "
        "a rim everywhere far coarser than the core means angles that are not yet right, or too wide a mask.",
    )  # fmt: skip


def _surroundings(known: NDArray) -> tuple[slice, ...]:
    """The cube, as far as the map holds it, about the places that are known, with an eighth of its side around it."""
    places = np.nonzero(known)
    half = 0.625 * max(int(np.ptp(where)) + 1 for where in places)
    middles = [(int(where.min()) + int(where.max())) / 2 for where in places]
    return tuple(slice(max(0, round(m - half)), round(m + half) + 1) for m in middles)


def _section(density: NDArray, local: NDArray, along: str, middle: list[int], voxel_size: float, limits: tuple[float, float]) -> Panel:
    """One section: places that have a value in colour, the rest of the density in grey."""
    axis, across, up = VIEWS[along]
    grey, colour = (each.take(middle[axis], axis).astype(float) for each in (density, local))
    height, width = (side * voxel_size for side in grey.shape)
    extent = (0.0, width, 0.0, height)
    scale = "Å" if along == list(VIEWS)[-1] else ""
    marks: tuple[Mark, ...] = (
        Picture(values=grey, extent=extent, limits=common_limits(grey, high=99.9)),
        Picture(values=colour, extent=extent, limits=limits, colours="viridis", scale=scale, smooth=False),
        scale_bar(width),
        Note(x=0.985 * width, y=0.045 * height, text=f"{across} →", anchor="right", colour="white", size=7.5),
        Note(x=0.02 * width, y=0.955 * height, text=f"{up} ↑", anchor="left", colour="white", size=7.5),
    )
    return Panel(title=f"across {along}", marks=marks, equal=True)


def _spread(values: NDArray, limits: tuple[float, float], resolution: float | None) -> Panel:
    marks: list[Mark] = [histogram(values, limits=limits)]
    if resolution is not None:
        marks.append(Rule(at=resolution, text=f"whole map {resolution:.1f} Å", colour="red"))
    return Panel(marks=tuple(marks), x=Axis("Local resolution", "Å"), y=Axis("Voxels", PURE), legend="none")
