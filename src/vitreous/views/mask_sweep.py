"""How the resolution of two half-maps depends on the mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Band, Line, Rule


def mask_sweep_figure(
    offset: ArrayLike, masked: ArrayLike, corrected: ArrayLike, randomised: ArrayLike, *, finer: ArrayLike, coarser: ArrayLike
) -> Figure:
    """Resolution under masks from tight to wide, with and without the correction, and what random phases make of each.

    Parameters
    ----------
    offset
        Å by which the surface of each mask lies outside that of the first one.
    masked, corrected
        Å at 1/7; NaN where the halves do not agree.
    randomised
        Correlation of randomised phases at the crossing.
    finer, coarser
        95 % interval of ``corrected``, Å.
    """
    x = np.asarray(offset, dtype=float)
    across = Axis("Surface of the mask moved outwards by", "Å")
    top = float(np.nanmax(np.concatenate([np.ravel(coarser), np.ravel(masked), [1.0]])))
    resolution = Panel(
        title="Resolution", x=across, y=Axis("Resolution at 1/7", "Å", limits=(0, 1.1 * top)), legend="lower right",
        marks=(Band(x=x, low=finer, high=coarser, colour="blue", label="95 % interval"),
               Line(x=x, y=masked, colour="orange", style="dashed", points=4, label="as masked"),
               Line(x=x, y=corrected, colour="blue", points=4, label="corrected"), Rule(at=0.0, text="the mask")),
    )  # fmt: skip
    share = Panel(
        title="What the mask makes", x=across, y=Axis("Random phases correlate by", PURE, limits=(-0.1, 1.0)), legend="none",
        marks=(Line(x=x, y=randomised, colour="orange", points=4), Rule(at=0.1, axis="y", text="0.1")),
    )  # fmt: skip
    return Figure(
        name="mask-sweep", title="Resolution by mask", panels=(resolution, share), columns=2, height=3.2,
        caption="A resolution that is the particle's stays level over masks that all hold it, and grows coarser in wide ones only as "
        "solvent is let in. One that improves with every tighter mask is the mask's: random phases then correlate as well.",
    )  # fmt: skip
