"""Guinier plot: how fast the map's amplitudes fall, and the sharpening that undoes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Line, Mark, Span
from vitreous.views.resolution_axis import angstrom_axis


def guinier_figure(
    k: ArrayLike, log_amplitude: ArrayLike, *, b_factor: float, intercept: float, fit_range: tuple[float, float],
    b_error: float | None = None, weighted: ArrayLike | None = None, sharpened: ArrayLike | None = None,
    expected: ArrayLike | None = None,
) -> Figure:  # fmt: skip
    """Logarithm of the mean amplitude against k², with the line whose slope is the B-factor.

    Parameters
    ----------
    k
        Å⁻¹, ``(s,)``.
    log_amplitude
        ln of the mean amplitude of each shell.
    b_factor, b_error
        Å² and its standard error. The line is ``intercept − b_factor k² / 4``: positive when amplitudes fall.
    intercept
        ln amplitude at k = 0.
    fit_range
        (coarsest, finest) in Å of the shells the line was fitted to.
    weighted, sharpened
        The same curve after weighting by the FSC, and after sharpening.
    expected
        ln amplitude of a molecule at rest, ``(s,)``, but for a constant: what a sharpened map should look like.
    """
    k = np.asarray(k, dtype=float)
    marks: list[Mark] = [Line(x=k**2, y=log_amplitude, colour="muted", label="map", width=1.5)]
    if weighted is not None:
        marks.append(Line(x=k**2, y=weighted, colour="sky", label="weighted by the FSC", style="dashed"))
    if sharpened is not None:
        marks.append(Line(x=k**2, y=sharpened, colour="blue", label="sharpened", width=2.0))
    if expected is not None:
        marks.append(Line(x=k**2, y=intercept + np.asarray(expected), colour="green", style="dotted", label="expected of a molecule"))
    fitted = np.linspace(1 / fit_range[0], 1 / fit_range[1], 30) ** 2
    error = "" if b_error is None else f" ± {b_error:.0f}"
    marks += [
        Line(x=fitted, y=intercept - b_factor * fitted / 4, colour="orange", width=2.2, label=f"B = {b_factor:.0f}{error} Å²"),
        Span(low=float(fitted[0]), high=float(fitted[-1]), colour="orange", opacity=0.08),
    ]
    return Figure(
        name="guinier", title="Guinier plot", height=3.6, columns=1, width="half",
        panels=(Panel(marks=tuple(marks), x=Axis("k²", "Å⁻²"), y=Axis("ln mean amplitude", PURE),
                      top=angstrom_axis(k, squared=True, apart=0.11)),),
        caption="The line should follow the map within the shaded range. After sharpening the curve is level, or as that of a "
        "molecule, to the resolution limit; one that rises above it there is over-sharpened, and its detail is noise.",
    )  # fmt: skip
