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
        Å of an image of ``image_size``; see :meth:`pixel_size_of`.
    image_size
        (y, x) of the image that the metadata are about; frames may be finer.
    voltage
        kV.
    exposure
        e/Å² of all frames together.
    prior_exposure
        e/Å² that the place had seen before, where the microscope's program kept count; includes exposures that were not kept.
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
    image_size: tuple[int, int] | None = None
    voltage: float | None = None
    exposure: float | None = None
    prior_exposure: float | None = None
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

    def pixel_size_of(self, shape: tuple[int, int]) -> float | None:
        """Å per pixel of frames of ``shape`` (y, x), which may be 2 or 4 times finer or coarser than the image described."""
        if self.pixel_size is None or self.image_size is None:
            return self.pixel_size
        ratios = {have / wanted for have, wanted in zip(sorted(self.image_size), sorted(shape))}
        near = [scale for scale in (0.25, 0.5, 1.0, 2.0, 4.0) if all(abs(ratio / scale - 1) < 0.02 for ratio in ratios)]
        return self.pixel_size * (near[0] if near else 1.0)

    def filled(self, other: Acquisition) -> Acquisition:
        """This one, what it does not say taken from ``other``."""
        return replace(self, **{f.name: getattr(other, f.name) for f in fields(self) if getattr(self, f.name) is None})


def exposure_before(series: Sequence[Acquisition]) -> tuple[float, ...]:
    """Give the e/Å² that the specimen had seen before each exposure of a series at one place, as of a tilt series.

    Parameters
    ----------
    series
        In any order; what counts is their times, and among equal times the order given. So a dose-symmetric series sorted by tilt
        is told from one taken from end to end. Where the microscope kept count for every exposure, its count is given.

    Raises
    ------
    InputError
        If the microscope kept no count, and one has no time or no exposure.
    """
    counted = tuple(each.prior_exposure for each in series if each.prior_exposure is not None)
    if len(counted) == len(series):
        return counted
    for each in series:
        require(each.time is not None and each.exposure is not None, f"time and exposure of {each.movie or each.source}",
                (each.time, each.exposure), "known for every exposure of a series")  # fmt: skip
    before, total = [0.0] * len(series), 0.0
    for index in sorted(range(len(series)), key=lambda k: (series[k].time, k)):
        before[index] = total
        total += series[index].exposure
    return tuple(before)
