"""Elliptical averages of Thon rings and of the CTF fitted to them, alone."""

from __future__ import annotations

from numpy.typing import ArrayLike

from vitreous.views.figure import Figure
from vitreous.views.thon import rings_panel


def rings_figure(
    k: ArrayLike, measured: ArrayLike, fitted: ArrayLike, correlation: ArrayLike, *, resolution: float, name: str = ""
) -> Figure:
    """One panel, half a page wide, for where the rings themselves are shown beside it.

    Parameters
    ----------
    k, measured, fitted, correlation
        ``(s,)``: Å⁻¹, rings and their model with the background divided out, and their local correlation.
    resolution
        Å to which they agree.
    name
        Of the micrograph.
    """
    return Figure(
        name="rings", title=f"Rings{f' of {name}' if name else ''}", panels=(rings_panel(k, measured, fitted, correlation, resolution),),
        width="half", height=3.3,
        caption="Measured peaks and zeros (dotted) should coincide with the fit up to the orange line: finer information than that is "
        "hardly there.",
    )  # fmt: skip
