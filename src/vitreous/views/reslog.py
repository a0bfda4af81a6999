"""The B-factor plot: resolution by number of particles, and what more would give."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Line, Mark, Note, Rule, Scatter

#: Numbers of particles that are marked, as far as they are in range.
ROUND = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 10**6, 3 * 10**6, 10**7, 10**8)


def _thousands(count: float) -> str:
    return f"{count / 1e6:g}M" if count >= 1e6 else f"{count / 1e3:g}k" if count >= 1e4 else f"{count:g}"


def reslog_figure(
    count: ArrayLike, u: ArrayLike, error: ArrayLike, *, nyquist: float, line: tuple[ArrayLike, ArrayLike] | None = None,
    b_factor: float | None = None, b_interval: tuple[float, float] | None = None, target: tuple[float, float] | None = None,
    noise: tuple[ArrayLike, ArrayLike] | None = None,
) -> Figure:  # fmt: skip
    """1 / d² against ln N.

    Parameters
    ----------
    count, u, error
        Particles, mean 1 / d² in Å⁻² and its standard error, ``(m,)``.
    nyquist
        Å.
    line
        (count, 1 / d²) of the fitted law.
    b_factor, b_interval
        Å².
    target
        (Å, particles needed), marked on the line.
    noise
        (count, 1 / d²) of noise images treated in the same way.
    """
    count, u, error = (np.asarray(each, float) for each in (count, u, error))
    marks: list[Mark] = []
    shown = np.isfinite(u)
    x = np.log10(count)
    for at, value, spread in zip(x[shown], u[shown], error[shown]):
        marks.append(Line(x=[at, at], y=[value - 2 * spread, value + 2 * spread], colour="blue", width=1.4))
    end = float(np.nanmax(x))
    if line is not None:
        along = np.log10(np.asarray(line[0], float))
        label = "" if b_factor is None else f"B = {b_factor:.0f} Å²"
        label += "" if b_interval is None else f" ({b_interval[0]:.0f} to {b_interval[1]:.0f})"
        marks.append(Line(x=along, y=line[1], colour="orange", width=1.8, style="dashed", label=label))
        end = max(end, float(along.max()))
    marks.append(Scatter(x=x, y=u, colour="blue", size=34.0, opacity=1.0, label="subsets (± 2 s.e.)"))
    if noise is not None:
        marks.append(Line(x=np.log10(np.asarray(noise[0], float)), y=noise[1], colour="muted", points=5, label="noise images"))
    if target is not None:
        at, needed = (float(np.log10(target[1])), 1 / target[0] ** 2), f"{float(f'{target[1]:.2g}'):,.0f}"
        marks += [Scatter(x=[at[0]], y=[at[1]], colour="orange", symbol="diamond", size=46.0),
                  Note(x=at[0], y=at[1], text=f"{target[0]:.1f} Å: {needed}  ", anchor="right", colour="orange")]  # fmt: skip
        end = max(end, at[0])
    top = float(np.nanmax([*u[shown], 1 / target[0] ** 2 if target else 0.0, 1e-6]))
    if top > 0.35 / nyquist**2:
        marks.append(Rule(at=1 / nyquist**2, axis="y", text=f"Nyquist, {nyquist:.1f} Å", style="dotted"))
        top = max(top, 1 / nyquist**2)
    ticks = tuple((float(np.log10(n)), _thousands(n)) for n in ROUND if x.min() - 0.1 <= np.log10(n) <= end + 0.1)
    found = "No law could be fitted. " if b_factor is None else ""
    return Figure(
        name="reslog", title="Resolution by number of particles", height=4.0, columns=1,
        panels=(Panel(marks=tuple(marks), x=Axis("Particles", PURE, limits=(float(x.min()) - 0.1, end + 0.1), ticks=ticks),
                      y=Axis("1 / resolution²", "Å⁻²", limits=(0, 1.08 * top)), legend="upper left"),),
        caption=f"{found}Points should follow the dashed law, whose slope is about 2 / B: a small B-factor means that more particles "
                f"help. Points that "
        "bend away from it downwards say that something other than their number limits the map.",
    )  # fmt: skip
