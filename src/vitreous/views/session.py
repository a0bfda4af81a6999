"""A session of micrographs at a glance: defocus, and how far their rings reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Mark, RowBars, Scatter


def defocus_figure(
    defocus: ArrayLike,
    *,
    astigmatism: ArrayLike | None = None,
    resolution: ArrayLike | None = None,
    kept: Sequence[bool] | None = None,
) -> Figure:
    """Histogram of defocus, and against it astigmatism and the resolution of the fit.

    Parameters
    ----------
    defocus, astigmatism
        Å, ``(n,)``: mean of u and v, and u − v.
    resolution
        Å to which rings follow the fit.
    kept
        False for micrographs that were set aside.
    """
    microns = np.asarray(defocus, dtype=float) / 1e4
    verdicts = np.ones(len(microns), bool) if kept is None else np.asarray(kept, dtype=bool)
    across = Axis("Defocus", "µm")
    panels = [Panel(title="Defocus", marks=(histogram(microns),), x=across, y=Axis("Micrographs", PURE))]

    def dots(values: ArrayLike) -> tuple[Mark, ...]:
        y = np.asarray(values, dtype=float)
        good = Scatter(x=microns[verdicts], y=y[verdicts], label="kept", size=20)
        bad = Scatter(x=microns[~verdicts], y=y[~verdicts], label="set aside", colour="orange", symbol="cross", size=26)
        return (good, bad) if (~verdicts).any() else (good,)

    if resolution is not None:
        panels.append(Panel(title="Reach of the rings", marks=dots(resolution), x=across,
                            y=Axis("Rings follow the fit to", "Å", limits=(0, None))))  # fmt: skip
    if astigmatism is not None:
        panels.append(Panel(title="Astigmatism", marks=dots(astigmatism), x=across, y=Axis("u − v", "Å", limits=(0, None))))
    return Figure(
        name="defocus", title="Defocus over the session", panels=tuple(panels), height=2.9,
        width="half" if len(panels) == 1 else "full", columns=len(panels),
        caption="A spread of defocus fills the zeros of each other's CTF. Points far above the others in reach or astigmatism "
        "are micrographs to look at: thick ice, drift, or a lens out of tune.",
    )  # fmt: skip


def _clock(seconds: float) -> str:
    """Seconds in words.

    >>> _clock(4.25), _clock(75), _clock(7260)
    ('4.2 s', '1 min 15 s', '2 h 1 min')
    """
    if not np.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def time_figure(names: Sequence[str], seconds: Sequence[float], *, memory: Sequence[float] | None = None) -> Figure:
    """Wall time of each job, with its peak memory (bytes) in words."""
    lengths = np.asarray(seconds, dtype=float)
    peaks = [""] * len(names) if memory is None else [f" · {each / 1e9:.1f} GB" for each in memory]
    notes = tuple(_clock(length) + peak for length, peak in zip(lengths, peaks))
    most = float(np.nanmax(lengths)) if np.isfinite(lengths).any() else 1.0
    unit, size = ("min", 60.0) if most >= 180 else ("s", 1.0)
    bars = RowBars(names=tuple(names) or ("–",), lengths=lengths / size if len(names) else [0.0], notes=notes or ("no jobs",))
    return Figure(
        name="time", title="Time by job", height=max(1.6, 0.29 * len(names) + 0.8), columns=1, width="full",
        panels=(Panel(marks=(bars,), x=Axis("Wall time", unit, limits=(0, None)), y=Axis("Job", PURE)),),
        caption=f"{_clock(float(np.nansum(lengths)))} in all. Where the time went, and the most memory each job held.",
    )  # fmt: skip
