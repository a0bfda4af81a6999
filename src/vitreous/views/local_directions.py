"""Local resolution by direction: which axis is worst, and whether places far out are blurred across the radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.views.figure import Axis, Figure, Panel
from vitreous.views.marks import Line
from vitreous.views.orientations import graticule, sphere_picture

#: Shells of equal numbers of places whose medians are drawn.
SHELLS = 12


def local_directions_figure(
    directions: ArrayLike, medians: ArrayLike, radial: ArrayLike, tangential: ArrayLike, voxel_size: float
) -> Figure:  # fmt: skip
    """A map of the sphere coloured by median resolution, and medians along and across the radius by distance from the middle.

    Parameters
    ----------
    directions
        Unit vectors of a half sphere, ``(d, 3)``.
    medians
        Å along each, ``(d,)``.
    radial, tangential
        Å at each place, ``(z, y, x)``, NaN where it was not asked for.
    voxel_size
        Å.

    Raises
    ------
    InputError
        If no place has a value.
    """
    along, across = (np.asarray(each, dtype=np.float32) for each in (radial, tangential))
    known = np.isfinite(along)
    require(bool(known.any()), "radial", "NaN everywhere", "Å at some places")
    found = np.asarray(medians, dtype=float)
    distance, rows = by_distance(known, [along[known], across[known]])
    marks = (Line(x=distance * voxel_size, y=rows[0], colour="blue", points=3.0, label="along the radius"),
             Line(x=distance * voxel_size, y=rows[1], colour="red", points=3.0, label="across it"))  # fmt: skip
    colours = sphere_picture(np.asarray(directions, dtype=float), found, (found.min(), found.max() + 1e-6), "median resolution (Å)")
    return Figure(
        name="local-directions", title="Local resolution by direction", height=3.9, columns=2,
        panels=(
            Panel(marks=(colours, *graticule()), equal=True, weight=1.5, legend="none"),
            Panel(marks=marks, x=Axis("Distance from the middle", "Å"), y=Axis("Median resolution", "Å"), legend="upper left"),
        ),
        caption=f"Half of the places are finer than {found.min():.1f} Å along the best direction and {found.max():.1f} Å along the worst. "
        "An even colour is good; a patch that is coarser was seldom seen side-on. Right: a red line that climbs away from the blue one "
        "with the distance is the mark of angles that are not yet right.",
    )  # fmt: skip


def by_distance(known: NDArray, values: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
    """Medians of each of ``values`` in shells of equal numbers of the places ``known``; mean distances in voxels, and the medians."""
    places = np.argwhere(known)
    distance = np.linalg.norm(places - places.mean(0), axis=1)
    parts = np.array_split(np.argsort(distance, kind="stable"), min(SHELLS, len(distance)))
    return np.array([distance[part].mean() for part in parts]), [np.array([np.median(each[part]) for part in parts]) for each in values]
