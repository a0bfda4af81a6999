"""Tracks of single particles, and what their frames are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.errors import require
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Band, Box, Line, Mark, Scatter, Trace
from vitreous.views.motion import exaggeration, track_marks
from vitreous.views.palette import Colour
from vitreous.views.pictures import micrograph_marks, scale_bar

#: Colours of the first, the middle and the last frame.
FRAMES: tuple[Colour, ...] = ("blue", "green", "orange")


def _clock(frames: int, dose_per_frame: float) -> tuple[np.ndarray, Axis]:
    time = (np.arange(frames) + 1) * (dose_per_frame or 1.0)
    return time, Axis("Dose", "e/Å²") if dose_per_frame else Axis("Time", "frames")


def particle_tracks_figure(
    tracks: ArrayLike, places: ArrayLike, *, pixel_size: float, shape: tuple[int, int], sigma: ArrayLike | None = None,
    dose_per_frame: float = 0.0, picture: ArrayLike | None = None, name: str = "",
) -> Figure:  # fmt: skip
    """How particles moved: each beside the mean, the mean, and how sure the tracks are.

    Parameters
    ----------
    tracks
        ``(particles, frames, 2)`` as (x, y) in Å.
    places
        ``(particles, 2)`` in pixels of the frame.
    pixel_size, shape
        Å per pixel, and (y, x) in pixels, of the frame.
    sigma
        ``(particles, frames)``: standard deviation of a track along one axis, Å; None if not known.
    dose_per_frame
        e/Å²; 0 if not known: then frames are counted.
    picture
        The micrograph, shown beneath the tracks.
    name
        Of the movie.
    """
    tracks, places = np.asarray(tracks, dtype=float), np.asarray(places, dtype=float).reshape(-1, 2)
    require(tracks.ndim == 3 and len(tracks) == len(places) > 0, "tracks", tracks.shape, "one for each of places, at least one")
    mean = tracks.mean(0)
    beside = tracks - mean
    time, clock = _clock(len(mean), dose_per_frame)
    extent = (0.0, shape[1] * pixel_size, 0.0, shape[0] * pixel_size)
    factor = exaggeration(beside, 0.7 * max(shape) * pixel_size)
    under = micrograph_marks(picture, extent[1] / np.shape(picture)[1], resolution=40.0, size=400) if picture is not None else (
        Box(extent=extent, colour="faint", width=1.0), scale_bar(extent[1], "ink"))  # fmt: skip
    together = (Trace(x=mean[:, 0], y=mean[:, 1], values=time, scale=clock.text),
                Scatter(x=mean[:1, 0], y=mean[:1, 1], colour="ink", size=42, symbol="cross", label="first frame"))  # fmt: skip
    spread = np.sqrt(np.square(beside - beside[:, :1]).mean((0, 2)))
    last: list[Mark] = [Line(x=time, y=spread, points=3.5, label="since the first frame, beside the mean")]
    if sigma is not None:
        known = np.sqrt(np.square(np.asarray(sigma, dtype=float)).mean(0))
        last.append(Line(x=time, y=known, colour="orange", style="dashed", label="uncertainty of a track"))
    panels = (
        Panel(title=f"Beside the mean, ×{factor:g}", marks=(*under, *track_marks(beside, places * pixel_size, factor)),
              equal=True),
        Panel(title="Mean of all", marks=together, x=Axis("x", "Å"), y=Axis("y", "Å"), equal=True, weight=0.95),
        Panel(title="R.m.s. along one axis", marks=tuple(last), x=clock, y=Axis("Displacement", "Å", limits=(0, None)), weight=1.05),
    )  # fmt: skip
    return Figure(
        name="particle-tracks", title=f"Tracks of particles{f' of {name}' if name else ''}", panels=panels, height=3.3,
        caption="Neighbours that move alike, smoothly, by more than the uncertainty are followed well. Tracks that cross or jump, or "
        "motion no larger than its uncertainty, mean that single particles say too little.",
    )  # fmt: skip


def frame_weights_figure(
    dose: ArrayLike, *, scale: ArrayLike, scale_sigma: ArrayLike, b_factor: ArrayLike, b_sigma: ArrayLike, k: ArrayLike, weights: ArrayLike
) -> Figure:
    """B-factor and scale of each frame, and the weights that follow from them.

    Parameters
    ----------
    dose
        ``(frames,)``: at the end of each, e/Å²; zeros where it is not known.
    scale, scale_sigma
        C_f and its standard deviation.
    b_factor, b_sigma
        B_f and its standard deviation, Å².
    k
        ``(points,)`` in Å⁻¹.
    weights
        ``(frames, points)``: w_f(k).
    """
    dose, weights = np.asarray(dose, dtype=float), np.asarray(weights, dtype=float)
    known = bool((dose > 0).any())
    time = dose if known else np.arange(1, len(dose) + 1)
    clock = Axis("Dose", "e/Å²") if known else Axis("Time", "frames")
    unit = "e/Å²" if known else ""

    def curve(values: ArrayLike, sigma: ArrayLike) -> tuple[Mark, ...]:
        middle, wide = np.asarray(values, dtype=float), 2 * np.asarray(sigma, dtype=float)
        return Band(x=time, low=middle - wide, high=middle + wide), Line(x=time, y=middle, points=3.5)

    shown = dict.fromkeys((0, len(time) // 2, len(time) - 1))
    lines = tuple(Line(x=k, y=weights[f], colour=colour, label=f"after {time[f]:g} {unit}" if known else f"frame {f + 1}")
                  for f, colour in zip(shown, FRAMES))  # fmt: skip
    panels = (
        Panel(title="Fall-off", marks=curve(b_factor, b_sigma), x=clock, y=Axis("B-factor", "Å²")),
        Panel(title="Scale", marks=curve(scale, scale_sigma), x=clock, y=Axis("Coarse detail, natural log", PURE)),
        Panel(title="Weight", marks=lines, x=Axis("Spatial frequency", "Å⁻¹"), y=Axis("Weight of a frame", PURE, limits=(0, None))),
    )
    return Figure(
        name="frame-weights", title="What frames are worth", panels=panels, height=3.0,
        caption="Relative to the best frame, with two standard deviations. Scale is what a frame holds of coarse detail: 0 is as much as "
        "the best, −0.7 half as much. B-factors should fall steadily with the dose, as damage does. "
        "A first frame or two that are worse than the third have moved while they were taken.",
    )  # fmt: skip
