"""Fourier shell correlations of several jobs over each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Line, Mark, Rule, Style
from vitreous.views.palette import SERIES
from vitreous.views.resolution_axis import angstrom_axis

STYLES: tuple[Style, ...] = ("solid", "dashed", "dotted")


def compared_fsc_figure(curves: Sequence[tuple[str, ArrayLike, ArrayLike]]) -> Figure:
    """One curve a job; colours come again with another style.

    Parameters
    ----------
    curves
        Name, Å⁻¹ ``(s,)`` and correlation ``(s,)`` of each; at least one.
    """
    marks: list[Mark] = [
        Line(x=k, y=y, label=name, colour=SERIES[i % len(SERIES)], style=STYLES[i // len(SERIES) % len(STYLES)])
        for i, (name, k, y) in enumerate(curves)
    ]
    marks += [Rule(at=1 / 7, axis="y", text="0.143"), Rule(at=0.5, axis="y", text="0.5", style="dotted")]
    reach = max(float(np.nanmax(np.asarray(k, dtype=float))) for _, k, _ in curves)
    return Figure(
        name="fsc-compared", title="Agreement of half-maps, job by job", height=4.2, columns=1,
        panels=(Panel(marks=tuple(marks), x=Axis("Spatial frequency", "Å⁻¹", limits=(0, reach)), top=angstrom_axis([reach], apart=0.05),
                      y=Axis("Correlation of the halves", PURE, limits=(-0.12, 1.04)), legend="upper right"),),
        caption="A later curve should lie to the right of an earlier one. Curves are comparable only where the masks are: inside a tighter "
        "mask halves agree better.",
    )  # fmt: skip
