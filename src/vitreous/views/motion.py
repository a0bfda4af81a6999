"""The way a specimen moved while the movie was taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.errors import require
from vitreous.views.figure import Axis, Figure, Panel
from vitreous.views.marks import Box, Line, Mark, Scatter, Trace, nice_length
from vitreous.views.pictures import micrograph_marks, scale_bar


def track_marks(tracks: np.ndarray, places: np.ndarray, factor: float) -> list[Mark]:
    """Tracks ``(n, frames, 2)`` enlarged ``factor`` times, each from its place ``(n, 2)`` on, all in one unit."""
    marks: list[Mark] = []
    for track, place in zip(tracks, places):
        path = place + factor * (track - track[:1])
        marks.append(Line(x=path[:, 0], y=path[:, 1], colour="amber", width=2.0))
    marks.append(Scatter(x=places[:, 0], y=places[:, 1], colour="sky", size=18, opacity=1.0))
    return marks


def exaggeration(tracks: np.ndarray, extent: float) -> float:
    """A round factor that makes the longest excursion a sixth of the field."""
    if tracks.size == 0 or not np.isfinite(tracks).any():
        return 1.0
    reach = float(np.nanmax(np.linalg.norm(tracks - tracks[:, :1], axis=-1)))
    return max(1.0, nice_length(extent / 6 / max(reach, 1e-3), 1.0))


def motion_figure(
    track: ArrayLike, *, pixel_size: float, shape: tuple[int, int], tracks: ArrayLike = (), places: ArrayLike = (),
    dose_per_frame: float = 0.0, picture: ArrayLike | None = None, truth: ArrayLike | None = None, name: str = "",
) -> Figure:  # fmt: skip
    """Whole-frame track, patch tracks over the field, and speed.

    Parameters
    ----------
    track
        ``(frames, 2)`` as (x, y) in Å: the way the specimen went (minus the shifts that undo it).
    pixel_size, shape
        Å per pixel, and (y, x) in pixels, of the unbinned frame.
    tracks, places
        ``(patches, frames, 2)`` in Å and ``(patches, 2)`` centres in pixels of the frame; may be empty.
    dose_per_frame
        e/Å²; 0 if not known: then frames are counted.
    picture
        The sum, shown beneath the patch tracks.
    truth
        ``(frames, 2)`` in Å, for simulated movies.
    name
        Of the movie.
    """
    track = np.asarray(track, dtype=float).reshape(-1, 2)
    tracks, places = np.asarray(tracks, dtype=float), np.asarray(places, dtype=float).reshape(-1, 2)
    require(tracks.size == 0 or tracks.shape[0] == len(places), "places", len(places), "one for each of tracks")
    time = np.arange(len(track)) * (dose_per_frame or 1.0)
    clock = Axis("Dose", "e/Å²") if dose_per_frame else Axis("Time", "frames")
    whole: list[Mark] = [Trace(x=track[:, 0], y=track[:, 1], values=time, scale=clock.text)]
    if truth is not None:
        true = np.asarray(truth, dtype=float)
        whole.insert(0, Line(x=true[:, 0], y=true[:, 1], colour="orange", style="dashed", label="truth"))
    whole.append(Scatter(x=track[:1, 0], y=track[:1, 1], colour="ink", size=42, symbol="cross", label="first frame"))
    speed = np.linalg.norm(np.diff(track, axis=0), axis=1)
    extent = (0.0, shape[1] * pixel_size, 0.0, shape[0] * pixel_size)
    factor = exaggeration(tracks, max(shape) * pixel_size)
    under = micrograph_marks(picture, extent[1] / np.shape(picture)[1], resolution=40.0, size=400) if picture is not None else (
        Box(extent=extent, colour="faint", width=1.0), scale_bar(extent[1], "ink"))  # fmt: skip
    panels = [
        Panel(title="Whole frame", marks=tuple(whole), x=Axis("x", "Å"), y=Axis("y", "Å"), equal=True),
        Panel(title="Speed", marks=(Line(x=time[1:], y=speed, points=3.5),), x=clock,
              y=Axis("Motion from frame to frame", "Å", limits=(0, None)), weight=1.05),
    ]  # fmt: skip
    if len(places):
        field = track_marks(tracks, places * pixel_size, factor)
        panels.insert(1, Panel(title=f"Patches, motion enlarged {factor:g} times", marks=(*under, *field), equal=True,
                               weight=0.95))  # fmt: skip
    return Figure(
        name="motion", title=f"Motion{f' of {name}' if name else ''}", panels=tuple(panels), height=3.3,
        caption="Smooth tracks that settle after the first frames are healthy: the beam relaxes the ice. Jumps, or a speed "
        "that does not fall, mean a stage that drifts. Neighbouring patches should move alike.",
    )  # fmt: skip
