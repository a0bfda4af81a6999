"""What each frame of a movie contributes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import Axis, Figure, Panel
from vitreous.views.marks import Band, Line, Rule


def frame_envelopes_figure(
    scale: ArrayLike, scale_error: ArrayLike, b_factor: ArrayLike, b_error: ArrayLike, *, dose_per_frame: float = 0.0, name: str = ""
) -> Figure:
    """Signal and blur of every frame against the mean of the movie, with their errors.

    Parameters
    ----------
    scale, scale_error
        ``(frames,)``: logarithm of the signal at low frequency, and its standard deviation.
    b_factor, b_error
        ``(frames,)`` in Å².
    dose_per_frame
        e/Å²; 0 if not known: then frames are counted.
    name
        Of the movie.
    """
    scale, scale_error, b_factor, b_error = (np.asarray(each, dtype=float) for each in (scale, scale_error, b_factor, b_error))
    time = (np.arange(len(scale)) + 1) * (dose_per_frame or 1.0)
    clock = Axis("Exposure", "e/Å²") if dose_per_frame else Axis("Frame", "frames")
    blur = (Band(x=time, low=b_factor - 2 * b_error, high=b_factor + 2 * b_error), Line(x=time, y=b_factor, points=3.5),
            Rule(at=0.0, axis="y"))  # fmt: skip
    signal = (Band(x=time, low=100 * np.expm1(scale - 2 * scale_error), high=100 * np.expm1(scale + 2 * scale_error), colour="green"),
              Line(x=time, y=100 * np.expm1(scale), colour="green", points=3.5), Rule(at=0.0, axis="y"))  # fmt: skip
    return Figure(
        name="frames", title=f"Frames{f' of {name}' if name else ''}", height=3.0, columns=2, panels=(
            Panel(title="Blur", marks=blur, x=clock, y=Axis("B over the mean frame", "Å²")),
            Panel(title="Signal", marks=signal, x=clock, y=Axis("Signal over the mean frame", "%")),
        ),
        caption="Bands are two standard deviations. Blur that grows slowly with exposure is damage; first frames above those that follow "
        "moved while they were taken, and a frame that sticks out is misaligned.",
    )  # fmt: skip
