"""Fourier shell correlation: how far two independent halves of the data agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Band, Line, Mark, Rule, Span, Style
from vitreous.views.palette import Colour
from vitreous.views.resolution_axis import angstrom_axis


@dataclass(frozen=True, kw_only=True)
class FscCurves:
    """Correlations by shell, each ``(s,)`` or absent.

    Parameters
    ----------
    k
        Å⁻¹.
    corrected
        Masked, what the mask adds taken away: the curve that is judged.
    masked, unmasked, randomised
        Inside the mask, without one, and inside it with phases randomised beyond some resolution.
    low, high
        95 % interval of ``corrected``.
    truth
        Against the true map, for simulated data.
    model
        Against an atomic model.
    three_sigma, half_bit
        Thresholds that depend on the number of independent coefficients.
    """

    k: ArrayLike
    corrected: ArrayLike
    masked: ArrayLike | None = None
    unmasked: ArrayLike | None = None
    randomised: ArrayLike | None = None
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    truth: ArrayLike | None = None
    model: ArrayLike | None = None
    three_sigma: ArrayLike | None = None
    half_bit: ArrayLike | None = None


def _others(curves: FscCurves, k: np.ndarray) -> list[Mark]:
    """The thin curves beneath the one that is judged."""
    looks: tuple[tuple[ArrayLike | None, Colour, Style, str], ...] = (
        (curves.unmasked, "muted", "dashed", "no mask"),
        (curves.masked, "sky", "solid", "masked"),
        (curves.randomised, "orange", "dotted", "phases randomised"),
        (curves.model, "purple", "dashed", "against the model"),
        (curves.truth, "green", "dashed", "against the truth"),
        (curves.three_sigma, "muted", "dotted", "3 sigma"),
        (curves.half_bit, "pink", "dotted", "half-bit"),
    )
    return [Line(x=k, y=y, colour=ink, style=style, label=label, width=1.4) for y, ink, style, label in looks if y is not None]


def fsc_figure(
    curves: FscCurves, *, resolution: float | None = None, interval: tuple[float, float] | None = None, threshold: float = 0.143
) -> Figure:
    """All curves of two half-maps, with the resolution they support.

    Parameters
    ----------
    curves
        The correlations.
    resolution
        Å at ``threshold``; None or not finite if the halves agree nowhere.
    interval
        (finer, coarser) in Å, 95 %.
    threshold
        The criterion for two halves; 0.5 is marked as well.
    """
    k = np.asarray(curves.k, dtype=float)
    marks: list[Mark] = []
    if curves.low is not None and curves.high is not None:
        marks.append(Band(x=k, low=curves.low, high=curves.high, colour="blue", label="95 % interval"))
    marks += _others(curves, k)
    marks.append(Line(x=k, y=curves.corrected, colour="blue", width=2.3, label="corrected"))
    marks += [Rule(at=threshold, axis="y", text=f"{threshold:g}"), Rule(at=0.5, axis="y", text="0.5", style="dotted")]
    found = resolution is not None and np.isfinite(resolution)
    if found:
        marks.append(Rule(at=1 / resolution, text=f"{resolution:.2f} Å", colour="blue"))
    between = ""
    if found and interval is not None and np.isfinite(interval).all():
        marks.append(Span(low=1 / interval[1], high=1 / interval[0], colour="blue"))
        between = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f} Å)"
    said = f"The halves agree to {resolution:.2f} Å{between}. " if found else "The halves agree at no resolution. "
    reach = float(np.nanmax(k)) if np.isfinite(k).any() else 1.0
    return Figure(
        name="fsc", title="Fourier shell correlation", height=4.2, columns=1,
        panels=(Panel(marks=tuple(marks), x=Axis("Spatial frequency", "Å⁻¹", limits=(0, reach)), top=angstrom_axis(k, apart=0.05),
                      y=Axis("Correlation of the halves", PURE, limits=(-0.12, 1.04)), legend="upper right"),),
        caption=f"{said}A sound curve stays near 1, falls once and stays near 0. The curve of randomised phases must be near "
        "0 where the corrected one crosses the line; if it is not, the mask makes the agreement. A dip and rise again "
        "betrays a mask or a CTF error.",
    )  # fmt: skip
