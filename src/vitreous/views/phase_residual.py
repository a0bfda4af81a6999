"""Differential phase residual of two maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import Axis, Figure, Panel
from vitreous.views.marks import Line, Rule
from vitreous.views.resolution_axis import angstrom_axis

#: Where nothing is in common: 180° / √3.
NOTHING = 103.92


def phase_residual_figure(k: ArrayLike, residual_deg: ArrayLike) -> Figure:
    """Weighted rms difference of phases by shell.

    Parameters
    ----------
    k
        Å⁻¹.
    residual_deg
        Degrees.
    """
    k = np.asarray(k, dtype=float)
    reach = float(k[np.isfinite(k)].max(initial=0.0)) or 1.0
    return Figure(
        name="phase-residual", title="Differential phase residual", height=4.2, columns=1,
        panels=(Panel(
            marks=(Line(x=k, y=residual_deg, colour="blue", width=2.0), Rule(at=45.0, axis="y", text="45°"),
                   Rule(at=NOTHING, axis="y", text="nothing in common", style="dotted")),
            x=Axis("Spatial frequency", "Å⁻¹", limits=(0, reach)), top=angstrom_axis(k, apart=0.05),
            y=Axis("Phases differ by", "°", limits=(0, 120)), legend="none"),),
        caption="Phases agree at the left and know nothing of each other where the curve reaches 104°. 45° is the customary limit: "
        "there each map has about three times as much signal as noise.",
    )  # fmt: skip
