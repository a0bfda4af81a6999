"""Particles against their map: correlations, alignability, residuals in pictures."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from vitreous.numerics.resample import fourier_resize
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Line, Mark, Rule, Scatter
from vitreous.views.png import stretch

#: Points drawn of a scatter; more only darken it.
MOST_POINTS = 4000
#: Pixels a side of a picture in the sheet, triples a row, and white between triples.
TILE, TRIPLES, GAP = 72, 4, 6


def correlation_figure(
    defocus: ArrayLike, correlation: ArrayLike, scale: ArrayLike, *, bins: ArrayLike, absent: ArrayLike,
    threshold: float | None = None, curves: tuple[ArrayLike, ArrayLike, ArrayLike | None] | None = None,
) -> Figure:  # fmt: skip
    """Correlation against defocus, the grey scales of images with and without the particle, and agreement by shell.

    Parameters
    ----------
    defocus
        Mean of each particle, Å, ``(n,)``.
    correlation, scale
        Of image and view, and the grey scale C / P, ``(n,)``.
    bins
        Bin of defocus of each.
    absent
        Probability that an image holds no particle.
    threshold
        Grey scale that divides both best.
    curves
        (k in Å⁻¹, scale by shell of sound micrographs, and of those of wrong defocus or None).
    """
    defocus, correlation, scale = (np.asarray(each, float) for each in (defocus, correlation, scale))
    bins, empty = np.asarray(bins), np.asarray(absent, float) > 0.5
    panels = [_by_defocus(defocus, correlation, bins, empty), _scales(scale, empty, threshold)]
    if curves is not None:
        panels.append(_by_shell(*curves))
    return Figure(
        name="correlation", title="Images and their views", panels=tuple(panels), height=3.4, columns=3,
        caption="Left: near focus all correlations are low, so each is ranked among those of its defocus. Middle: images without the "
        "particle gather at a grey scale of 0, those with it at 1. Right: micrographs of a wrong defocus agree up to a "
        "frequency, then turn negative.",
    )  # fmt: skip


def _by_defocus(defocus: NDArray, correlation: NDArray, bins: NDArray, empty: NDArray) -> Panel:
    some = np.linspace(0, len(defocus) - 1, min(len(defocus), MOST_POINTS)).astype(int)
    held, none = some[~empty[some]], some[empty[some]]
    marks: list[Mark] = [Scatter(x=defocus[held] / 1e4, y=correlation[held], size=6, opacity=0.35, label="with the particle")]
    if len(none):
        marks.append(Scatter(x=defocus[none] / 1e4, y=correlation[none], size=9, symbol="cross", colour="orange", label="without"))
    order = np.unique(bins)
    middle = [np.median(defocus[bins == each]) / 1e4 for each in order]
    height = [np.median(correlation[bins == each]) for each in order]
    marks.append(Line(x=middle, y=height, colour="ink", points=4.0, label="median of the bin"))
    return Panel(title="By defocus", marks=tuple(marks), x=Axis("Defocus", "µm"), y=Axis("Correlation", PURE), legend="best")


def _scales(scale: NDArray, empty: NDArray, threshold: float | None) -> Panel:
    low, high = (float(end) for end in np.percentile(scale, [0.2, 99.8]))
    limits = (min(low, -0.2), max(high, 1.2))
    marks: list[Mark] = [histogram(scale[~empty], limits=limits, bins=50, label="with the particle")]
    if empty.any():
        marks.append(histogram(scale[empty], limits=limits, bins=50, colour="orange", label="without"))
    if threshold is not None:
        marks.append(Rule(at=threshold, text=f"{threshold:.2f}"))
    return Panel(title="Grey scale of the view", marks=tuple(marks), x=Axis("C / P", PURE), y=Axis("Images", PURE, whole=True))


def _by_shell(k: ArrayLike, sound: ArrayLike, wrong: ArrayLike | None) -> Panel:
    marks: list[Mark] = [Line(x=k, y=sound, label="micrographs of right defocus"), Rule(at=0.0, axis="y", style="solid")]
    if wrong is not None:
        marks.append(Line(x=k, y=wrong, colour="orange", style="dashed", label="of wrong defocus"))
    return Panel(title="By frequency", marks=tuple(marks), x=Axis("Spatial frequency", "Å⁻¹"),
                 y=Axis("Agreement", PURE, limits=(-1.1, 1.6)), legend="lower left")  # fmt: skip


def alignability_figure(spread_deg: ArrayLike, noise_spread_deg: ArrayLike, precision: ArrayLike, accuracy: ArrayLike) -> Figure:
    """How far the best directions of images lie apart, beside those of noise, and precision against accuracy.

    Parameters
    ----------
    spread_deg, noise_spread_deg
        T of images and of images of noise, degrees.
    precision, accuracy
        0 to 1, ``(n,)``.
    """
    limits = (0.0, float(max(np.max(spread_deg), np.max(noise_spread_deg))) * 1.02)
    chance = np.linspace(0, 1, 21)
    count = np.size(precision)
    return Figure(
        name="alignability", title="Do images know their direction?", height=3.4, columns=3,
        panels=(
            Panel(title="Spread of the best directions", x=Axis("T", "°"), y=Axis("Images", PURE, whole=True),
                  marks=(histogram(noise_spread_deg, limits=limits, bins=30, colour="muted", label="noise"),
                         histogram(spread_deg, limits=limits, bins=30, label="images"))),
            Panel(title="Precision", x=Axis("Share of noise with a larger spread", PURE), y=Axis("Images", PURE, whole=True),
                  legend="upper left",
                  marks=(histogram(precision, limits=(0.0, 1.0), bins=20, label="images"),
                         Line(x=chance, y=np.full(21, count / 20), colour="orange", style="dashed", label="noise"))),
            Panel(title="Precision and accuracy", x=Axis("Precision", PURE, limits=(-0.03, 1.03)),
                  y=Axis("Accuracy", PURE, limits=(-0.03, 1.03)),
                  marks=(Scatter(x=precision, y=accuracy, size=9, opacity=0.5),)),
        ),
        caption="Images of noise have best directions all over the sphere; images of particles have them side by side. Good data pile "
        "up at a precision of 1; an even histogram is that of noise. High precision with low accuracy means: sure of another "
        "direction than the one assigned.",
    )  # fmt: skip


def residual_sheet(image: ArrayLike, view: ArrayLike, residual: ArrayLike) -> NDArray[np.uint8]:
    """Triples of image, view and residual in rows of four triples, one grey scale for each triple: uint8 ``(y, x)``.

    Parameters
    ----------
    image, view, residual
        ``(m, size, size)``, m at least 1.
    """
    rows = []
    for triple in zip(*(np.asarray(each, np.float32) for each in (image, view, residual))):
        side = min(TILE, len(triple[0]))
        tiles = np.concatenate([fourier_resize(torch.from_numpy(each), (side, side)).numpy() for each in triple], 1)
        rows.append(np.pad(stretch(tiles, low=0.2, high=99.8), GAP // 2, constant_values=255))
    blank = np.full_like(rows[0], 255)
    rows += [blank] * (-len(rows) % TRIPLES)
    return np.concatenate([np.concatenate(rows[at : at + TRIPLES], 1) for at in range(0, len(rows), TRIPLES)], 0)
