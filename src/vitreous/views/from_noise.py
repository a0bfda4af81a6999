"""Particles beside noise: scores of both, and the picture that noise makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Line, Picture, Rule


def better_than_noise_figure(data: ArrayLike, twins: ArrayLike, k: ArrayLike, data_fsc: ArrayLike, twin_fsc: ArrayLike) -> Figure:
    """How well particles fit the map beside noise images of their own spectra, and whether either makes a map.

    Parameters
    ----------
    data, twins
        Log-evidence of each image, ``(n,)``.
    k
        Å⁻¹, ``(s,)``.
    data_fsc, twin_fsc
        Of half-maps at the views found, ``(s,)``.
    """
    both = np.concatenate([np.ravel(data), np.ravel(twins)])
    finite = both[np.isfinite(both)]
    limits = (float(finite.min()), float(finite.max())) if finite.size else None
    bars = (histogram(twins, limits=limits, bins=30, colour="muted", label="noise"),
            histogram(data, limits=limits, bins=30, colour="blue", label="particles"))  # fmt: skip
    return Figure(
        name="better-than-noise", title="Particles beside noise", height=3.3, columns=2,
        panels=(Panel(title="fit to the map", marks=bars, x=Axis("Log-evidence of the map", PURE), y=Axis("Images", PURE, whole=True)),
                Panel(title="halves aligned to it", marks=(Line(x=k, y=twin_fsc, colour="muted", label="noise", width=2.0),
                                                   Line(x=k, y=data_fsc, colour="blue", label="particles", width=2.0),
                                                   Rule(at=1 / 7, axis="y", text="0.143")),
                      x=Axis("Spatial frequency", "Å⁻¹"), y=Axis("Correlation of the halves", PURE, limits=(-0.12, 1.04)))),
        caption="Particles must fit better than images of noise with their own spectra. Noise aligned to a map shows that map: a grey "
                "curve "
        "above the line is agreement that was put there by aligning, not by particles.",
    )  # fmt: skip


def einstein_figure(
    picture: NDArray, average: NDArray, count: ArrayLike, correlation: ArrayLike, expected: ArrayLike, shared: ArrayLike, apart: ArrayLike
) -> Figure:
    """A picture, what aligned noise makes of it, and how that grows with the number of images.

    Parameters
    ----------
    picture, average
        ``(n, n)``.
    count
        Images, ``(m,)``.
    correlation, expected
        Of the average with the picture, measured and by the law.
    shared, apart
        Of two half-sets, aligned to one picture and each to its own.
    """
    x = np.log10(np.asarray(count, float))
    curves = (Line(x=x, y=expected, colour="muted", style="dashed", label="law √N"),
              Line(x=x, y=correlation, points=5, label="average with the picture"),
              Line(x=x, y=shared, colour="orange", points=5, label="halves, one picture"),
              Line(x=x, y=apart, colour="green", points=5, label="halves, apart"))  # fmt: skip
    ticks = tuple((float(at), f"{int(n)}") for at, n in zip(x, np.ravel(count)))
    size = float(np.shape(picture)[0])
    box = (0.0, size, 0.0, size)
    return Figure(
        name="einstein", title="Einstein from noise", height=3.4, columns=3,
        panels=(Panel(title="the picture", marks=(Picture(values=np.asarray(picture), extent=box),), equal=True),
                Panel(title=f"average of {int(np.max(count))} noise "
                            f"images", marks=(Picture(values=np.asarray(average), extent=box),), equal=True),
                Panel(marks=curves, x=Axis("Images", PURE, ticks=ticks), y=Axis("Correlation", PURE, limits=(-0.15, 1.05)), legend="best",
                      weight=1.4)),
        caption="Nothing but noise was aligned. Two halves that were aligned to one picture agree on it, as if it were there; halves "
                "with starts of "
        "their own do not.",
    )  # fmt: skip
