"""How an iterative refinement went."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Line


def convergence_figure(
    resolution: ArrayLike, *, change_deg: ArrayLike | None = None, certainty: ArrayLike | None = None
) -> Figure:
    """Resolution by iteration, how far orientations still turn, and how sure they are.

    Parameters
    ----------
    resolution
        Å after each iteration.
    change_deg
        Median turn of the orientations since the iteration before.
    certainty
        Mean of the largest posterior probability, 0 to 1.
    """
    steps = np.arange(1, np.size(resolution) + 1)
    across = Axis("Iteration", PURE)
    rows = ((resolution, "Resolution", Axis("FSC 0.143", "Å", limits=(0, None))),
            (change_deg, "Change", Axis("Orientations turn by", "°", limits=(0, None))),
            (certainty, "Certainty", Axis("Largest posterior", PURE, limits=(0, 1.05))))  # fmt: skip
    panels = tuple(Panel(title=title, marks=(Line(x=steps, y=values, points=4),), x=across, y=axis)
                   for values, title, axis in rows if values is not None)  # fmt: skip
    return Figure(
        name="convergence", title="Convergence", panels=panels, height=2.8, columns=len(panels),
        width="half" if len(panels) == 1 else "full",
        caption="Resolution should fall and level off while changes die away. A curve still falling at the end wants more "
        "iterations.",
    )  # fmt: skip
