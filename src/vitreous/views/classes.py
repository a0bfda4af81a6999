"""Class averages, with the share of particles in each and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from vitreous.errors import require
from vitreous.views.figure import Figure, Panel
from vitreous.views.marks import Box, Line, Mark, Note, Picture, nice_length
from vitreous.views.pictures import length_words
from vitreous.views.png import stretch

GAP, WORDS = 0.08, 0.17  # of a class's side


def classes_figure(
    images: ArrayLike, shares: ArrayLike, *, pixel_size: float, kept: Sequence[bool] | None = None, notes: Sequence[str] = (),
    most: int = 60,
) -> Figure:  # fmt: skip
    """A contact sheet of class averages, the largest class first.

    Parameters
    ----------
    images
        ``(n, y, x)``; n may be 0.
    shares
        ``(n,)`` of the particles in each, summing to 1.
    pixel_size
        Å.
    kept
        The verdict on each; all kept without it.
    notes
        A few words for each: its resolution, the reason for a rejection.
    most
        Classes shown; the caption says how many are not.
    """
    stack, shares = np.asarray(images, dtype=float), np.asarray(shares, dtype=float)
    require(len(stack) == len(shares), "shares", len(shares), f"one for each of the {len(stack)} images")
    verdicts = np.ones(len(stack), bool) if kept is None else np.asarray(kept, dtype=bool)
    words = list(notes) or [""] * len(stack)
    order = np.argsort(-np.nan_to_num(shares), kind="stable")[:most]
    columns = max(1, min(10, math.ceil(math.sqrt(1.9 * max(1, len(order))))))
    marks: list[Mark] = []
    for place, index in enumerate(order):
        left, top = (place % columns) * (1 + GAP), -(place // columns) * (1 + GAP + WORDS)
        extent = (left, left + 1, top - 1, top)
        good = bool(verdicts[index])
        percent = f"{100 * shares[index]:.1f} %" if np.isfinite(shares[index]) else "–"
        text = f"{'✓' if good else '✗'} {percent}{f' · {words[index]}' if words[index] else ''}"
        marks += [
            Picture(values=stretch(stack[index], low=0.1, high=99.9), extent=extent),
            Box(extent=extent, colour="green" if good else "red", style="solid" if good else "dashed", width=1.8),
            Note(x=left + 0.02, y=top - 1 - 0.09, text=text, anchor="left", colour="green" if good else "red", size=8),
        ]
    if not marks:
        marks = [Note(x=0.5, y=-0.5, text="no classes", colour="muted"), Box(extent=(0, 1, -1, 0), colour="faint")]
    else:
        marks += _bar(stack.shape[-1] * pixel_size)
    rows = max(1, math.ceil(len(order) / columns))
    width: Literal["full", "half"] = "full" if columns > 3 else "half"
    side = (10.75 if width == "full" else 5.2) / (columns * (1 + GAP) - GAP)
    hidden = f" {len(stack) - len(order)} smaller classes are not shown." if len(stack) > len(order) else ""
    good_share = float(np.nansum(shares[verdicts])) if len(stack) else 0.0
    return Figure(
        name="classes", title="Class averages", panels=(Panel(marks=tuple(marks), equal=True, legend="none"),),
        width=width, height=side * (rows * (1 + GAP + WORDS) - GAP) + 0.15,
        caption=f"{int(verdicts.sum())} of {len(stack)} classes kept (✓, green), with {100 * good_share:.0f} % of the "
        "particles; rejected ones "
        f"have a dashed red border (✗). Good classes show detail inside the particle and a flat, even background.{hidden}",
    )  # fmt: skip


def _bar(side: float) -> list[Mark]:
    """A scale bar in the lower left of the first class, whose side is 1 here and ``side`` in Å."""
    length = nice_length(side, 0.35)
    right = 0.06 + length / side
    return [
        Line(x=[0.06, right], y=[-0.94, -0.94], colour="white", width=2.2),
        Note(x=0.06, y=-0.87, text=length_words(length), anchor="left", colour="white", size=7),
    ]
