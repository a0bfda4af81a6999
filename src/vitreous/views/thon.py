"""Thon rings and the CTF fitted to them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Ellipse, Line, Mark, Note, Picture, Rule
from vitreous.views.resolution_axis import angstrom_axis

ZEROS = 10  # marked


def _two_dimensional(rings: NDArray, k_most: float, resolution: float, angle_deg: float | None) -> Panel:
    spread = 2.5 * float(np.nanstd(rings)) or 1.0
    edge = k_most * (1 + 1 / max(1, len(rings) - 1))
    marks: list[Mark] = [
        Picture(values=rings, extent=(-edge, edge, -edge, edge), limits=(-spread, spread)),
        Ellipse(x=0, y=0, a=1 / resolution, b=1 / resolution, colour="orange"),
        Line(x=[0, 0], y=[-edge, edge], colour="white", width=0.8, opacity=0.7),
    ]
    if angle_deg is not None:
        along = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))]) * 0.97 * k_most
        marks.append(Line(x=[-along[0], along[0]], y=[-along[1], along[1]], colour="sky", style="dashed", width=1.1))
    words = ((-0.95, "left", "measured"), (0.95, "right", "fit"))
    marks += [Note(x=at * k_most, y=1.09 * k_most, text=text, anchor=anchor, colour="muted") for at, anchor, text in words]
    return Panel(title="", marks=tuple(marks), equal=True, legend="none", weight=0.82)


def _zeros(k: NDArray, fitted: NDArray, resolution: float) -> list[Mark]:
    """Rules at the first zeros of the CTF, where the fit is lowest; further ones would be a hatching."""
    low = np.flatnonzero((fitted[1:-1] < fitted[:-2]) & (fitted[1:-1] <= fitted[2:])) + 1
    return [Rule(at=float(k[i]), colour="muted", style="dotted") for i in low[:ZEROS] if k[i] <= 1 / resolution]


def rings_panel(k: ArrayLike, measured: ArrayLike, fitted: ArrayLike, correlation: ArrayLike, resolution: float) -> Panel:
    """Elliptical averages and their fit over spatial frequency; arguments as for :func:`thon_figure`."""
    k, measured, fitted, correlation = (np.asarray(each, dtype=float) for each in (k, measured, fitted, correlation))
    rule = Rule(at=1 / resolution, text=f"agree to {resolution:.1f} Å", colour="orange")
    curves = (
        *_zeros(k, fitted, resolution),
        Line(x=k, y=correlation, colour="green", style="dotted", width=1.4, label="correlation"),
        Line(x=k, y=measured, colour="muted", width=1.1, label="measured"),
        Line(x=k, y=fitted, colour="blue", width=1.4, label="fit"),
        Rule(at=0.5, axis="y", colour="green", style="dotted"), rule,
    )  # fmt: skip
    reach = float(np.nanpercentile(np.abs(measured[k > 0.25 / resolution]), 98)) if (k > 0.25 / resolution).any() else 1.0
    limits = (-max(0.4, 1.5 * reach) - 0.25, max(1.3, 1.5 * reach))
    return Panel(title="Rings, background divided out", marks=curves, x=Axis("Spatial frequency", "Å⁻¹"), top=angstrom_axis(k),
                 legend="bottom", y=Axis("Modulation", PURE, limits=limits))  # fmt: skip


def thon_figure(
    rings: ArrayLike, *, k_most: float, k: ArrayLike, measured: ArrayLike, fitted: ArrayLike, correlation: ArrayLike,
    resolution: float, power: ArrayLike | None = None, power_fit: ArrayLike | None = None, background: ArrayLike | None = None,
    angle_deg: float | None = None, summary: str = "", name: str = "",
) -> Figure:  # fmt: skip
    """Rings in two dimensions, half measured and half fit, and their elliptical averages.

    Parameters
    ----------
    rings
        Square ``(y, x)``, zero frequency in the middle, background divided out: left half measured, right half model.
    k_most
        Å⁻¹ at the centres of its outermost pixels.
    k, measured, fitted, correlation
        ``(s,)``: Å⁻¹, rings and their model with the background divided out, and their local correlation.
    resolution
        Å to which they agree.
    power, power_fit, background
        ``(s,)``: the spectrum before division, in units of white noise; adds a panel.
    angle_deg
        Direction of the larger defocus, from +x towards +y.
    summary
        "1.52 µm, astigmatism 210 Å at 31°".
    name
        Of the micrograph.
    """
    k, measured, fitted, correlation = (np.asarray(each, dtype=float) for each in (k, measured, fitted, correlation))
    rule = Rule(at=1 / resolution, colour="orange")
    shown = Axis("Spatial frequency", "Å⁻¹")
    panels = [_two_dimensional(np.asarray(rings, dtype=float), k_most, resolution, angle_deg)]
    if power is not None:
        spectrum = [Line(x=k, y=power, colour="muted", width=1.1, label="measured")]
        if background is not None:
            spectrum.append(Line(x=k, y=background, colour="green", style="dashed", label="background"))
        if power_fit is not None:
            spectrum.append(Line(x=k, y=power_fit, colour="blue", width=1.3, label="fit"))
        panels.append(Panel(title="Spectrum", marks=(*spectrum, rule), x=shown, top=angstrom_axis(k),
                            y=Axis("Power over white noise", PURE, scale="log"), legend="upper right"))  # fmt: skip
    panels.append(rings_panel(k, measured, fitted, correlation, resolution))
    return Figure(
        name="thon", title=f"Thon rings{f' of {name}' if name else ''}", panels=tuple(panels), height=3.5,
        caption=f"{summary + '. ' if summary else ''}Rings of the measured half must run on into those of the fit across the "
        "seam, out to the dashed circle; the blue dashed line points along the larger defocus. Measured peaks and zeros "
        "(dotted) should coincide with the fit up to the orange line: finer information than that is hardly there.",
    )  # fmt: skip
