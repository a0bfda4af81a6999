"""Whether a session keeps pace: how long each movie took to go through, and what came of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Scatter


def pace_figure(lag: ArrayLike, particles: ArrayLike) -> Figure:
    """Two panels over the movies' places in the session.

    Parameters
    ----------
    lag
        Seconds from the arrival of each movie to its end, ``(n,)``.
    particles
        Found in each, ``(n,)``.
    """
    panels = []
    for values, title, axis in (
        (lag, "Lag", Axis("From arrival to the end", "s", limits=(0, None))),
        (particles, "Particles", Axis("Particles", PURE, limits=(0, None))),
    ):
        y = np.asarray(values, float)
        number = Axis("Movie", PURE, limits=(0, len(y) + 1))
        panels.append(Panel(title=title, marks=(Scatter(x=np.arange(1, len(y) + 1), y=y, size=14),), x=number, y=axis))
    return Figure(
        name="pace", title="Pace", panels=tuple(panels), columns=2, height=2.4,
        caption="Each dot is a movie, in the order of arrival. A lag that grows says that movies come faster than they are processed.",
    )  # fmt: skip
