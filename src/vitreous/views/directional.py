"""How far half-maps agree along each direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Band, Line, Picture, Rule
from vitreous.views.orientations import HIGH, WIDE, graticule, inverse_hammer
from vitreous.views.resolution_axis import angstrom_axis


def directional_figure(directions: ArrayLike, curves: ArrayLike, average: ArrayLike, *, length: float, resolution: ArrayLike) -> Figure:
    """The curves of the best, the worst and all directions, and a map of the sphere coloured by resolution.

    Parameters
    ----------
    directions
        Unit vectors of a half sphere, ``(d, 3)``.
    curves
        Correlation by direction and shell, ``(d, s)``.
    average
        Of all directions, ``(s,)``.
    length
        Side of the box, Å.
    resolution
        Å along each direction where its curve falls below 0.5, ``(d,)``.
    """
    along, fsc, found = (np.asarray(each, dtype=float) for each in (directions, curves, resolution))
    k = np.arange(fsc.shape[1]) / length
    area = np.clip(fsc, 0, None).sum(1)
    best, worst = fsc[area.argmax()], fsc[area.argmin()]
    marks = (
        Band(x=k, low=fsc.min(0), high=fsc.max(0), colour="sky", label="all directions"),
        Line(x=k, y=best, colour="green", label="best direction"), Line(x=k, y=worst, colour="red", label="worst direction"),
        Line(x=k, y=np.asarray(average, dtype=float), colour="blue", width=2.3, label="average"),
        Rule(at=0.5, axis="y", text="0.5", style="dotted"), Rule(at=1 / 7, axis="y", text="0.143"),
    )  # fmt: skip
    said = f"0.5 is reached at {found.min():.1f} Å along the best direction and at {found.max():.1f} Å along the worst. "
    return Figure(
        name="directional-fsc", title="Agreement of the halves by direction", height=3.9, columns=2,
        panels=(
            Panel(marks=marks, x=Axis("Spatial frequency", "Å⁻¹", limits=(0, float(k[-1]))), top=angstrom_axis(k, apart=0.08),
                  y=Axis("Correlation in a cone of 20°", PURE, limits=(-0.12, 1.04)), legend="upper right"),
            Panel(marks=(_sphere(along, found), *graticule()), equal=True, weight=1.5, legend="none"),
        ),
        caption=f"{said}Alike curves and an even colour mean that the map is as sharp one way as another. A direction far behind was "
        "seldom seen side-on: there the map is smeared, and detail is not to be trusted.",
    )  # fmt: skip


def _sphere(directions: np.ndarray, resolution: np.ndarray, pixels: int = 360) -> Picture:
    """Hammer's map with each point coloured by the resolution of the direction nearest to it."""
    x, y = np.meshgrid(np.linspace(-WIDE, WIDE, pixels), np.linspace(-HIGH, HIGH, pixels // 2))
    unit = inverse_hammer(x, y)
    inside = np.isfinite(unit).all(-1)
    values = np.full(x.shape, np.nan)
    values[inside] = resolution[np.abs(unit[inside] @ directions.T).argmax(1)]
    return Picture(values=values, extent=(-WIDE, WIDE, -HIGH, HIGH), limits=(float(resolution.min()), float(resolution.max()) + 1e-6),
                   colours="viridis", scale="resolution at 0.5 (Å)")  # fmt: skip
