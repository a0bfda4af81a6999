"""A map and its atomic model: how far they agree by shell, by residue, and on a slice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Band, Line, Mark, Picture, RowBars, Rule, Scatter
from vitreous.views.palette import SERIES
from vitreous.views.pictures import common_limits, scale_bar
from vitreous.views.resolution_axis import angstrom_axis

#: Residues of a chain drawn as one line: more chains than this share the last colour.
MOST_CHAINS = 6
#: Å: atoms this near to a slice are drawn on it.
NEAR = 1.0


def model_fsc_figure(
    k: ArrayLike, masked: ArrayLike, *, low: ArrayLike, high: ArrayLike, unmasked: ArrayLike | None = None, halves: ArrayLike | None = None,
    resolution: float | None = None,
) -> Figure:  # fmt: skip
    """Correlation of map and model by shell.

    Parameters
    ----------
    k
        Å⁻¹, ``(s,)``.
    masked, low, high
        About the atoms, and its 95 % interval.
    unmasked
        Over the whole box.
    halves
        Of the two half-maps, corrected.
    resolution
        Å at 0.5.
    """
    k = np.asarray(k, dtype=float)
    marks: list[Mark] = [Band(x=k, low=low, high=high, colour="purple", label="95 % interval")]
    if unmasked is not None:
        marks.append(Line(x=k, y=unmasked, colour="muted", style="dashed", label="no mask", width=1.4))
    if halves is not None:
        marks.append(Line(x=k, y=halves, colour="blue", style="dotted", label="the two halves", width=1.6))
    marks += [Line(x=k, y=masked, colour="purple", width=2.3, label="map and model"), Rule(at=0.5, axis="y", text="0.5")]
    if resolution is not None and np.isfinite(resolution):
        marks.append(Rule(at=1 / resolution, text=f"{resolution:.2f} Å", colour="purple"))
    return Figure(
        name="model-fsc", title="Map against model", height=4.0, columns=1,
        panels=(Panel(marks=tuple(marks), x=Axis("Spatial frequency", "Å⁻¹", limits=(0, float(np.nanmax(k)))),
                      top=angstrom_axis(k, apart=0.05), y=Axis("Correlation of map and model", PURE, limits=(-0.12, 1.04)),
                      legend="upper right"),),
        caption="A good model correlates 0.5 with the whole map about where the halves correlate 0.143. A curve that falls early means "
        "a model that is wrong, misplaced or unrefined; one that goes on where the halves have ended was refined against noise.",
    )  # fmt: skip


def residue_figure(chains: Mapping[str, tuple[ArrayLike, ArrayLike]], *, expected: float | None = None) -> Figure:
    """Q of each residue along its chain.

    Parameters
    ----------
    chains
        Name to (place in the chain, Q) of its residues; the first six have colours of their own.
    expected
        Mean of good maps at this resolution.
    """
    marks: list[Mark] = []
    for index, (name, (place, q)) in enumerate(chains.items()):
        own = index < MOST_CHAINS
        label = f"chain {name}" if own else "other chains" if index == MOST_CHAINS else ""
        marks.append(Line(x=place, y=q, colour=SERIES[index] if own else "muted", label=label, width=1.2 if own else 0.7))
    if expected is not None:
        marks.append(Rule(at=expected, axis="y", text="good maps of this resolution"))
    return Figure(
        name="q-residues", title="Q-score by residue", height=3.4, columns=1,
        panels=(Panel(marks=tuple(marks), x=Axis("Residue, as counted along the chain", PURE),
                      y=Axis("Q-score", PURE, limits=(None, 1.02)), legend="above"),),
        caption="How much the density at each residue looks like atoms: 1 at best, 0 where there is none. Stretches far below "
        "their neighbours are flexible, wrongly built, or not in the map.",
    )  # fmt: skip


def q_histogram_figure(atoms: ArrayLike, *, expected: float | None = None) -> Figure:
    """Distribution of the atoms' Q-scores, ``(n,)``."""
    marks: list[Mark] = [histogram(atoms, limits=(-0.5, 1.0), colour="purple")]
    if expected is not None:
        marks.append(Rule(at=expected, text="good maps"))
    return Figure(
        name="q-atoms", title="Q-scores of the atoms", height=3.2, columns=1, width="half",
        panels=(Panel(marks=tuple(marks), x=Axis("Q-score", PURE), y=Axis("Atoms", PURE, whole=True)),),
        caption="One peak is good. A second one near 0 is of atoms without density.",
    )  # fmt: skip


def model_slices_figure(volume: NDArray, voxel_size: float, positions: NDArray) -> Figure:
    """Slices of a map across z, y and x through the middle of a model, with the atoms near them.

    Parameters
    ----------
    volume
        ``(z, y, x)``, density bright.
    voxel_size
        Å.
    positions
        Atoms, Å from voxel (0, 0, 0), ``(n, 3)``.
    """
    middle = np.median(positions, axis=0)
    panels = []
    for along, (axis, across, up) in {"z": (0, 0, 1), "y": (1, 0, 2), "x": (2, 1, 2)}.items():
        depth = 2 - axis
        row = int(np.clip(round(middle[depth] / voxel_size), 0, volume.shape[axis] - 1))
        cut = volume.take(row, axis)
        near = positions[np.abs(positions[:, depth] - row * voxel_size) < NEAR]
        height, width = ((n - 0.5) * voxel_size for n in cut.shape)
        edge = -0.5 * voxel_size
        marks: tuple[Mark, ...] = (
            Picture(values=np.asarray(cut, float), extent=(edge, width, edge, height), limits=common_limits(cut, high=99.9)),
            Scatter(x=near[:, across], y=near[:, up], colour="amber", size=7.0, opacity=0.9, label="atoms"),
            scale_bar(width),
        )
        panels.append(Panel(title=f"across {along}", marks=marks, equal=True, legend="none"))
    return Figure(
        name="model-slices", title="The model in the map", panels=tuple(panels), height=3.75,
        caption=f"Slices through the middle of the model, with the atoms within {NEAR:g} Å of them. Atoms must lie on density; if all are "
        "off the same way, the origin or the place is wrong; if they drift outwards, the pixel size.",
    )  # fmt: skip


def resolutions_figure(resolutions: Mapping[str, float | None], advice: tuple[str, ...] = ()) -> Figure:
    """The resolutions of a map and its model side by side.

    Parameters
    ----------
    resolutions
        Name to Å; None for those that are not known.
    advice
        What their differences mean, for the caption.
    """
    known = {name: value for name, value in resolutions.items() if value is not None and np.isfinite(value)}
    notes = tuple(f"{value:.2f} Å" for value in known.values())
    bars = RowBars(names=tuple(known), lengths=list(known.values()), notes=notes, colour="purple")
    return Figure(
        name="resolutions", title="Resolutions of map and model", height=0.9 + 0.32 * max(len(known), 1), columns=1, width="half",
        panels=(Panel(marks=(bars,), x=Axis("Resolution", "Å", limits=(0, None)), y=Axis("Estimate", PURE)),),
        caption="A sound map and model have all of these alike. " + " ".join(advice),
    )  # fmt: skip
