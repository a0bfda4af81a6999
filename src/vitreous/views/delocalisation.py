"""What defocus spreads of a particle, and which box holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Box, Circles, Line, Mark, Note, Picture, Rule
from vitreous.views.pictures import scale_bar
from vitreous.views.resolution_axis import angstrom_axis


@dataclass(frozen=True, kw_only=True)
class BoxCurve:
    """A box and what it loses.

    Parameters
    ----------
    length
        Å.
    lost
        ``(s,)``, share of the power outside at each frequency.
    """

    length: float
    lost: ArrayLike


def delocalisation_figure(
    spread: ArrayLike, *, pixel_size: float, diameter: float, k: ArrayLike, displaced: ArrayLike, advised: BoxCurve,
    intended: BoxCurve | None = None, summary: str = "",
) -> Figure:  # fmt: skip
    """The image of a point, how far detail goes, and what boxes lose.

    Parameters
    ----------
    spread
        Image of a point, square ``(y, x)``.
    pixel_size
        Its Å a pixel.
    diameter
        Of the particle, Å.
    k, displaced
        ``(s,)``: Å⁻¹, and the displacement there in Å.
    advised, intended
        Boxes; the second is what the user has in mind.
    summary
        "1.5 µm at 300 kV".
    """
    k, displaced = np.asarray(k, float), np.abs(np.asarray(displaced, float))
    boxes = [(advised, "green", "solid", "advised")] + ([(intended, "orange", "dashed", "intended")] if intended else [])
    most = 1.2 * max(float(displaced.max()), *(0.5 * (box.length - diameter) for box, *_ in boxes), 1.0)
    along, shares = Axis("Spatial frequency", "Å⁻¹", limits=(0, float(k.max()))), Axis("Share lost", PURE, limits=(-0.02, 1.02))
    moved: list[Mark] = [Line(x=k, y=displaced, label="displacement")]
    moved += [Rule(at=0.5 * (box.length - diameter), axis="y", colour=ink, style=style)
              for box, ink, style, _ in boxes]  # fmt: skip
    moved += [Note(x=0.02 * float(k.max()), y=0.5 * (box.length - diameter) + 0.03 * most, text=f"room in the {word} box", colour=ink,
                   anchor="left", size=8) for box, ink, _, word in boxes if box.length > diameter]  # fmt: skip
    lost = [Line(x=k, y=box.lost, colour=ink, style=style, label=f"{word}, {box.length:.0f} Å") for box, ink, style, word in boxes]
    return Figure(
        name="delocalisation", title="Delocalisation", height=3.7,
        panels=(
            _point(np.asarray(spread, float), pixel_size, diameter, boxes),
            Panel(title="How far detail goes", marks=tuple(moved), x=along, top=angstrom_axis(k),
                  y=Axis("Displacement", "Å", limits=(0, most)), legend="none"),
            Panel(title="What is outside the box", marks=tuple(lost), x=along, top=angstrom_axis(k), y=shares, legend="upper left"),
        ),
        caption=f"{summary + '. ' if summary else ''}Left: the image of a point (its height, without sign), the particle (circle) "
        "and the boxes. Middle: detail moves aside by this much; where it passes the dashed line it begins to leave the box. Right: the "
        "share of each frequency's power that a box cuts off; it should be near 0 at every resolution that is wanted.",
    )  # fmt: skip


def _point(spread: np.ndarray, pixel_size: float, diameter: float, boxes: list) -> Panel:
    shown = np.abs(spread)
    half = 0.5 * len(shown) * pixel_size
    marks: list[Mark] = [
        Picture(values=shown, extent=(-half, half, -half, half), limits=(0.0, float(np.quantile(shown, 0.97)) or 1.0)),
        Circles(x=[0.0], y=[0.0], radius=0.5 * diameter, colour="sky", label="particle"),
    ]
    for box, ink, style, _ in boxes:
        marks.append(Box(extent=(*[sign * 0.5 * box.length for sign in (-1, 1)],) * 2, colour=ink, style=style))
    return Panel(title="A point, as it is seen", marks=(*marks, scale_bar(2 * half)), equal=True, legend="none", weight=0.9)
