"""How far half-maps agree along each direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Band, Line, Mark, Rule, Span
from vitreous.views.orientations import graticule, sphere_picture
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
            Panel(marks=(sphere_picture(along, found, (found.min(), found.max() + 1e-6), "resolution at 0.5 (Å)"), *graticule()),
                  equal=True, weight=1.5, legend="none"),
        ),
        caption=f"{said}Alike curves and an even colour mean that the map is as sharp one way as another. A direction far behind was "
        "seldom seen side-on: there the map is smeared, and detail is not to be trusted.",
    )  # fmt: skip


def occupancy_figure(
    share: ArrayLike, p_value: ArrayLike, *, length: float, ends: tuple[float, float], average: ArrayLike | None = None
) -> Figure:
    """Share of directions in which the halves agree, and whether the shells are even.

    Parameters
    ----------
    share
        FSO by shell, ``(s,)``.
    p_value
        Of the test of evenness by shell, ``(s,)``.
    length
        Side of the box, Å.
    ends
        Å at which the share falls below 0.9 and below 0.1.
    average
        Correlation of whole shells, ``(s,)``.
    """
    fso, chance = np.asarray(share, dtype=float), np.asarray(p_value, dtype=float)
    k = np.arange(len(fso)) / length
    coarse, fine = sorted(ends, reverse=True)
    marks: list[Mark] = [Span(low=1 / coarse, high=1 / fine, colour="orange")]
    if average is not None:
        marks.append(Line(x=k, y=np.asarray(average, dtype=float), colour="muted", style="dashed", label="FSC", width=1.4))
    marks += [Line(x=k, y=fso, colour="blue", width=2.3, label="FSO"),
              Rule(at=0.9, axis="y", text="0.9", style="dotted"), Rule(at=0.1, axis="y", text="0.1", style="dotted")]  # fmt: skip
    x = Axis("Spatial frequency", "Å⁻¹", limits=(0, float(k[-1]) or 1.0))
    doubt = (Line(x=k, y=np.clip(chance, 1e-6, 1), colour="purple", points=3.0, width=1.0), Rule(at=0.05, axis="y", text="0.05"))
    return Figure(
        name="occupancy", title="In how many directions the halves agree", height=3.7, columns=2,
        panels=(
            Panel(marks=tuple(marks), x=x, top=angstrom_axis(k, apart=0.08), y=Axis("Share of directions", PURE, limits=(-0.04, 1.04)),
                  legend="best"),
            Panel(title="Chance of so uneven a shell in an even map", marks=doubt, x=x, top=angstrom_axis(k, apart=0.08),
                  y=Axis("p-value", PURE, limits=(8e-7, 1.6), scale="log"), legend="none"),
        ),
        caption=f"The share of directions with a correlation of 1/7 or more (FSO) falls from 0.9 at {coarse:.1f} Å to 0.1 at {fine:.1f} Å. "
        "An even map falls within a shell or two. Right: one shell in twenty lies below the line by chance; a run of them does not.",
    )  # fmt: skip
