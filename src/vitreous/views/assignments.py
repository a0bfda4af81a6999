"""Poses against other poses: agreement of assignments, and tilt pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Circles, Line, Mark, Picture, Rule, Scatter


def consensus_figure(angle_deg: ArrayLike, distance: ArrayLike, *, most_deg: float, farthest: float) -> Figure:
    """Angles and distances between two assignments, with what chance gives.

    Parameters
    ----------
    angle_deg, distance
        Degrees and Å, ``(n,)``.
    most_deg, farthest
        Bounds within which they agree.
    """
    angle, away = np.asarray(angle_deg, float), np.asarray(distance, float)
    edges = np.linspace(0, 180, 61)
    middle = np.deg2rad(0.5 * (edges[1:] + edges[:-1]))
    by_chance = len(angle) * (1 - np.cos(middle)) / np.pi * np.deg2rad(edges[1])
    kept = (angle <= most_deg) & (away <= farthest)
    top = max(farthest * 2, float(np.percentile(away, 98)))
    return Figure(
        name="consensus", title="Agreement of two assignments", height=3.4, columns=2,
        panels=(
            Panel(title="Angles", x=Axis("Angle between the poses", "°", limits=(0, 180)), y=Axis("Particles", PURE, whole=True),
                  marks=(histogram(angle, limits=(0.0, 180.0), bins=60, label="particles"),
                         Line(x=np.rad2deg(middle), y=by_chance, colour="orange", style="dashed", label="random poses"),
                         Rule(at=most_deg, text=f"{most_deg:g}°"))),
            Panel(title="Angles and shifts", x=Axis("Angle", "°", limits=(0, 180)), y=Axis("Distance", "Å", limits=(0, top)),
                  marks=(Scatter(x=angle[kept], y=away[kept], size=8, opacity=0.4, label="agree"),
                         Scatter(x=angle[~kept], y=away[~kept].clip(0, top), size=8, symbol="cross", opacity=0.6, colour="orange",
                                 label="do not"))),
        ),
        caption="Poses that agree gather at the left, well inside the bound; those that follow the dashed curve are chance. Only the "
        "frames of the maps were brought together, no single pose was changed.",
    )  # fmt: skip


def tilt_pair_figure(
    points_deg: ArrayLike, middle_deg: tuple[float, float], *, cap_deg: float, expected_deg: tuple[float, float] | None = None,
    residual: tuple[ArrayLike, ArrayLike] | None = None,
) -> Figure:  # fmt: skip
    """Tilt and axis of every pair as a polar plot, and the phase residual of every tilt.

    Parameters
    ----------
    points_deg
        θ (cos φ, sin φ) of each pair, ``(n, 2)``.
    middle_deg
        Of the cluster, the same.
    cap_deg
        Radius of the circle about it.
    expected_deg
        What the microscope says, the same.
    residual
        (line of tilts in degrees ``(s,)``, mean phase residual ``(s, s)`` in degrees).
    """
    points = np.asarray(points_deg, float)
    reach = max(3 * cap_deg, 2.0 * float(np.hypot(*middle_deg)), 20.0)
    rings: list[Mark] = [Circles(x=[0.0], y=[0.0], radius=ring, colour="faint", width=0.9) for ring in np.arange(10, reach + 1, 10)]
    inside = np.abs(points).max(1) <= reach
    circle = Circles(x=[middle_deg[0]], y=[middle_deg[1]], radius=cap_deg, colour="orange", label=f"{cap_deg:g}° about the cluster")
    marks = [*rings, Scatter(x=points[inside, 0], y=points[inside, 1], size=12, opacity=0.6, label="pairs"), circle]
    if expected_deg is not None:
        marks.append(Scatter(x=[expected_deg[0]], y=[expected_deg[1]], symbol="diamond", size=50, colour="red", label="the microscope's"))
    axes = {"x": Axis("Tilt about +x", "°"), "y": Axis("Tilt about +y", "°")}
    title = f"Pairs ({(~inside).sum()} of {len(points)} beyond the plot)"
    panels = [Panel(title=title, marks=tuple(marks), equal=True, legend="upper left", **axes)]
    if residual is not None:
        line, values = (np.asarray(each, float) for each in residual)
        half = 0.5 * (line[1] - line[0])
        edge = (line[0] - half, line[-1] + half)
        panels.append(Panel(title="Phase residual of the tilted images", equal=True, legend="none",
                            marks=(Picture(values=values, extent=(*edge, *edge), colours="viridis", scale="mean phase residual (°)",
                                           limits=(float(values.min()), float(values.max())), smooth=False),),
                            x=Axis("Tilt about +x", "°"), y=Axis("Tilt about +y", "°")))  # fmt: skip
    return Figure(
        name="tilt_pairs", title="Tilt pairs", height=4.6, columns=2, panels=tuple(panels),
        caption="Every dot is a pair: its distance from the middle is the tilt between both images, its direction the axis. A tight "
        "cluster where the microscope tilted to speaks for the map; one across the middle from it means the wrong hand; dots all "
        "over mean that poses are chance.",
    )  # fmt: skip
