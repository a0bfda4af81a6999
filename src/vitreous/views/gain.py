"""A gain reference and its defects."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Line, Mark, Picture, Scatter
from vitreous.views.png import thumbnail

#: Pixels of the longer side of the picture of the whole, and of the piece shown pixel by pixel.
WHOLE, PIECE = 400, 96
#: Defects that are drawn one by one, at most.
MOST_DOTS = 3000


def _sound(gain: NDArray) -> NDArray[np.bool_]:
    return np.isfinite(gain) & (gain > 0)


def _pictures(gain: NDArray, sound: NDArray[np.bool_], limits: tuple[float, float]) -> list[Panel]:
    rows, columns = gain.shape
    filled = np.where(sound, gain, 1.0).astype(np.float32)
    y, x = (places[:: max(1, int((~sound).sum()) // MOST_DOTS)] for places in np.nonzero(~sound))
    whole: tuple[Mark, ...] = (Picture(values=thumbnail(filled, WHOLE), extent=(0, columns, 0, rows), limits=limits),
                               Scatter(x=x, y=y, colour="amber", size=5, opacity=1.0, label="defects"))  # fmt: skip
    top, left, side = (rows - PIECE) // 2, (columns - PIECE) // 2, min(PIECE, rows, columns)
    top, left = max(0, top), max(0, left)
    piece = filled[top : top + side, left : left + side]
    close = Picture(values=piece, extent=(left, left + side, top, top + side), limits=limits, smooth=False)
    return [Panel(title="The whole, y upwards", marks=whole if len(x) else whole[:1], equal=True, legend="above"),
            Panel(title=f"The middle {side} pixels", marks=(close,), equal=True)]  # fmt: skip


def gain_figure(gain: ArrayLike, *, spread: float, noise: float, error: float) -> Figure:
    """The gain as a picture, whole and in part, and how its pixels are spread.

    Parameters
    ----------
    gain
        ``(y, x)``; 0 at defects.
    spread, noise, error
        Standard deviations, as fractions of 1: of the detector's response, of the estimate's noise before it was shrunk, and of what
        is left in corrected frames.
    """
    gain = np.asarray(gain, dtype=np.float32)
    sound = _sound(gain)
    values = gain[sound]
    reach = 3 * float(values.std()) if values.size else 0.0
    limits = (1 - max(reach, 1e-3), 1 + max(reach, 1e-3))
    bars = histogram(values, limits=limits, label="pixels")
    heights = np.asarray(bars.heights, dtype=float)
    marks: list[Mark] = [bars]
    if spread > 0 and heights.sum() > 0:
        x = np.linspace(*limits, 200)
        width = (limits[1] - limits[0]) / len(heights)
        bell = heights.sum() * width / (spread * np.sqrt(2 * np.pi)) * np.exp(-(((x - 1) / spread) ** 2) / 2)
        marks.append(Line(x=x, y=bell, colour="orange", style="dashed", label="true spread"))
    pixels = Panel(title="Pixels", marks=tuple(marks), x=Axis("Gain", PURE), y=Axis("Number of pixels", PURE, limits=(0, None)))
    told = f"response {100 * spread:.2f} %, noise of the estimate {100 * noise:.2f} %, left in corrected frames {100 * error:.2f} %"
    return Figure(
        name="gain", title="Gain reference", panels=(*_pictures(gain, sound, limits), pixels), height=3.4,
        caption=f"Standard deviations: {told}. A detector shows fine grain, columns and the borders of its readout tiles; particles, "
        "carbon or rings in it mean that there were too few movies, or that they were taken in one place.",
    )  # fmt: skip
