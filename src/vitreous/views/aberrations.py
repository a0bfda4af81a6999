"""Aberrations as pictures, and changes of defocus."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Picture


@dataclass(frozen=True, kw_only=True)
class PhaseMap:
    """Phase errors of one kind of one optics group.

    Parameters
    ----------
    name
        "odd, opticsGroup1".
    measured, model
        Square ``(y, x)``, radians, zero frequency in the middle; NaN where there is nothing.
    """

    name: str
    measured: NDArray
    model: NDArray


def aberration_figure(maps: list[PhaseMap], *, k_most: float) -> Figure:
    """Each kind of phase error as measured, and its model beside it.

    Parameters
    ----------
    maps
        At least one; drawn in pairs of panels.
    k_most
        Å⁻¹ at the edge of the maps.
    """
    panels = []
    for each in maps:
        reach = max(0.05, float(np.nanpercentile(np.abs(each.model), 99)), 0.5 * float(np.nanpercentile(np.abs(each.measured), 95)))
        for title, values in ((f"{each.name}: measured", each.measured), ("model", each.model)):
            mark = Picture(values=values, extent=(-k_most, k_most, -k_most, k_most), limits=(-min(reach, math.pi), min(reach, math.pi)),
                           colours="diverging", scale="Phase (rad)", smooth=False)  # fmt: skip
            panels.append(Panel(title=title, marks=(mark,), x=Axis("Spatial frequency along x", "Å⁻¹"),
                                y=Axis("along y", "Å⁻¹"), equal=True, legend="none"))  # fmt: skip
    return Figure(
        name="aberrations", title="Phase errors of the optics", panels=tuple(panels), height=3.4,
        caption="Left of each pair: by how much phases of the images differ from those of the map, averaged over particles and "
        "over neighbouring frequencies. Right: the aberrations that are surer than three standard deviations. Structure on the "
        "left that the right does not have is an aberration of higher order, or a map that is not yet right.",
    )  # fmt: skip


def defocus_change_figure(change: ArrayLike, sigma: ArrayLike) -> Figure:
    """Histograms of the particles' changes of defocus and of how sure they are, both Å, ``(n,)``."""
    count = Axis("Particles", PURE)
    panels = (
        Panel(title="Change of defocus", marks=(histogram(change),), x=Axis("Change", "Å"), y=count),
        Panel(title="Uncertainty", marks=(histogram(sigma, colour="orange"),), x=Axis("Standard deviation", "Å"), y=count),
    )
    return Figure(
        name="defocus-change", title="Defocus of the particles", panels=panels, height=3.0,
        caption="Changes much wider than their uncertainty are real differences of height, or micrographs whose defocus was off.",
    )  # fmt: skip
