"""Particles found on a micrograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Circles, Mark, Rule
from vitreous.views.pictures import micrograph_marks


def _matched(a: np.ndarray, b: np.ndarray, within: float) -> np.ndarray:
    """Whether each point of ``a`` has one of ``b`` closer than ``within``."""
    from scipy.spatial import KDTree

    if len(a) == 0 or len(b) == 0:
        return np.zeros(len(a), bool)
    return np.asarray(KDTree(b).query(a)[0] < within)


def _circles(found: np.ndarray, truth: np.ndarray | None, radius: float) -> list[Mark]:
    if truth is None:
        return [Circles(x=found[:, 0], y=found[:, 1], radius=radius, colour="lime", label=f"{len(found)} found")]
    right, seen = _matched(found, truth, radius), _matched(truth, found, radius)
    kinds = ((found[right], "lime", "solid", "right"), (found[~right], "amber", "dashed", "false"),
             (truth[~seen], "pink", "dotted", "missed"))  # fmt: skip
    return [Circles(x=at[:, 0], y=at[:, 1], radius=radius, colour=colour, style=style, label=f"{len(at)} {word}")
            for at, colour, style, word in kinds]  # fmt: skip


def picks_figure(
    image: ArrayLike, coordinates: ArrayLike, *, pixel_size: float, diameter: float, scores: ArrayLike | None = None,
    threshold: float | None = None, truth: ArrayLike | None = None, name: str = "",
) -> Figure:  # fmt: skip
    """A micrograph with a circle around each particle.

    Parameters
    ----------
    image
        ``(y, x)``.
    coordinates
        ``(n, 2)`` as (x, y) in pixels; n may be 0.
    pixel_size, diameter
        Å.
    scores, threshold
        ``(n,)`` and the lowest one accepted; adds their histogram.
    truth
        ``(m, 2)`` true positions, for simulated images: circles then say right, false, missed (within half a diameter).
    name
        Of the micrograph.
    """
    found = np.asarray(coordinates, dtype=float).reshape(-1, 2) * pixel_size
    true = None if truth is None else np.asarray(truth, dtype=float).reshape(-1, 2) * pixel_size
    marks = (*micrograph_marks(image, pixel_size), *_circles(found, true, diameter / 2))
    panels = [Panel(marks=marks, equal=True, legend="above", weight=1.6)]
    if scores is not None:
        rule = Rule(at=threshold if threshold is not None else float("nan"), text="accepted from here", colour="orange",
                    words="beside")  # fmt: skip
        panels.append(Panel(title="Scores", marks=(histogram(scores), rule), x=Axis("Correlation with the template", PURE),
                            y=Axis("Particles", PURE)))  # fmt: skip
    return Figure(
        name="picks", title=f"Particles found{f' in {name}' if name else ''}", panels=tuple(panels),
        width="full" if len(panels) > 1 else "half", height=6.2 if len(panels) > 1 else 5.3,
        caption=f"Circles have the particle's diameter, {diameter:g} Å. Every particle should have one; ice, carbon and empty "
        "places none. Missed particles cost resolution a little, false ones are sorted out in the classes.",
    )  # fmt: skip
