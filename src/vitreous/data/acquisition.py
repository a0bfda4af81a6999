"""What a microscope wrote down about one exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from vitreous.errors import require


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """One exposure in the microscope's words; what it does not say is None.

    Parameters
    ----------
    source
        The file that says so.
    movie
        Name of the file of the frames, without its folder.
    pixel_size
        Å of the frames as written.
    voltage
        kV.
    exposure
        e/Å² of all frames together.
    frames
        How many there are.
    time
        When it was taken, in the microscope's own time.
    nominal_defocus
        Å asked for, underfocus positive.
    stage_tilt_deg, tilt_axis_deg
        Tilt of the stage, and the direction of its axis in the image as the microscope's program gives it.
    stage_position
        (x, y, z) in µm.
    beam_shift
        (x, y) in the microscope's units, which differ between instruments: good for grouping only.
    image_shift
        (x, y) in µm.
    gain
        Name of the gain reference.
    hole, square
        Which hole and grid square, by the microscope's numbers.
    """

    source: Path
    movie: str | None = None
    pixel_size: float | None = None
    voltage: float | None = None
    exposure: float | None = None
    frames: int | None = None
    time: datetime | None = None
    nominal_defocus: float | None = None
    stage_tilt_deg: float | None = None
    tilt_axis_deg: float | None = None
    stage_position: tuple[float, float, float] | None = None
    beam_shift: tuple[float, float] | None = None
    image_shift: tuple[float, float] | None = None
    gain: str | None = None
    hole: str | None = None
    square: str | None = None

    @property
    def exposure_per_frame(self) -> float | None:
        """Mean e/Å² of a frame."""
        return None if self.exposure is None or not self.frames else self.exposure / self.frames

    def filled(self, other: Acquisition) -> Acquisition:
        """This one, what it does not say taken from ``other``."""
        return replace(self, **{f.name: getattr(other, f.name) for f in fields(self) if getattr(self, f.name) is None})


def exposure_before(series: Sequence[Acquisition]) -> tuple[float, ...]:
    """Give the e/Å² that the specimen had seen before each exposure of a series at one place, as of a tilt series.

    Parameters
    ----------
    series
        In any order; what counts is their times, and among equal times the order given. So a dose-symmetric series sorted by tilt
        is told from one taken from end to end.

    Raises
    ------
    InputError
        If one has no time or no exposure.
    """
    for each in series:
        require(each.time is not None and each.exposure is not None, f"time and exposure of {each.movie or each.source}",
                (each.time, each.exposure), "known for every exposure of a series")  # fmt: skip
    before, total = [0.0] * len(series), 0.0
    for index in sorted(range(len(series)), key=lambda k: (series[k].time, k)):
        before[index] = total
        total += series[index].exposure
    return tuple(before)
