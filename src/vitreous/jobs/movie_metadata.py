"""What the microscope wrote down about movies, put together with what the user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vitreous.errors import InputError, require
from vitreous.jobs.options import Microscope
from vitreous.pipeline.params import option, parameters

if TYPE_CHECKING:
    from vitreous.data.acquisition import Acquisition
    from vitreous.data.movie import Movie

#: e/Å² of a frame that an EER movie is divided into where the dose is known.
USUAL_FRACTION = 1.0


@parameters
class MovieOptions(Microscope):
    """What movies may say themselves, and how EER movies are divided."""

    dose: float | None = option(None, "e/Å²", "exposure of one frame; of EER movies one of the detector's frames", above=0, high=1000,
                                if_none="from the file or its metadata, else frames are not weighted")  # fmt: skip
    eer_grouping: int | None = option(None, help="frames of the detector in a frame of an EER movie", low=1, high=65535,
                                      if_none="so many that a frame has about 1 e/Å², 40 where the dose is not known")  # fmt: skip
    eer_upsampling: int = option(1, help="pixels of an EER movie along a pixel of the detector: 1, 2 or 4", low=1, high=4)

    def check(self) -> None:
        """Refuse a grid that no EER movie has."""
        require(self.eer_upsampling in (1, 2, 4), "eer_upsampling", self.eer_upsampling, "1, 2 or 4", instead="--eer-upsampling 2")


class Known(NamedTuple):
    """A movie, ready to be decoded, and what is known about it.

    ``dose`` is e/Å² a frame of the movie as opened; ``left_over`` frames of an EER movie fill no whole frame; ``eer`` are its
    grouping and upsampling.
    """

    movie: Movie
    acquisition: Acquisition | None
    pixel_size: float | None
    voltage: float | None
    dose: float | None
    left_over: int = 0
    eer: tuple[int, int] | None = None

    @property
    def is_eer(self) -> bool:
        """Whether it is an EER movie."""
        return self.eer is not None

    @property
    def silent(self) -> list[str]:
        """What nobody said."""
        return [name for name in ("voltage", "dose") if getattr(self, name) is None]


class _Quantity(NamedTuple):
    """How far the user may be from the metadata, as a factor, before one of them must be wrong."""

    name: str
    unit: str
    factor: float


#: A calibrated pixel size may differ from the nominal one by some per cent, a measured dose from the microscope's by tens.
PIXEL_SIZE = _Quantity("pixel_size", "Å", 1.1)
VOLTAGE = _Quantity("voltage", "kV", 1.01)
DOSE = _Quantity("dose", "e/Å² a frame", 1.7)


def known_movie(path: Path, params: MovieOptions) -> Known:
    """Open a movie as the parameters ask, and fill what they do not say from its metadata.

    Raises
    ------
    InputError
        If the movie or its metadata cannot be read, or what the user gave contradicts the metadata.
    """
    from vitreous.io.acquisitions import read_acquisition
    from vitreous.io.eer import EerFrames
    from vitreous.io.movies import open_movie

    told = read_acquisition(path)
    movie = open_movie(path, eer_grouping=params.eer_grouping, eer_upsampling=params.eer_upsampling)
    events = movie.source if isinstance(movie.source, EerFrames) else None
    frames = len(events.strips) if events else len(movie)
    exposure = told.exposure if told else None
    dose = settle(DOSE, params.dose, exposure and exposure / frames, told)
    if events and params.eer_grouping is None and dose:
        grouping = min(frames, max(1, round(USUAL_FRACTION / dose)))
        movie = open_movie(path, eer_grouping=grouping, eer_upsampling=params.eer_upsampling)
        events = replace(events, grouping=grouping)
    return Known(
        movie=movie, acquisition=told,
        pixel_size=settle(PIXEL_SIZE, params.pixel_size, told.pixel_size_of(movie.shape) if told else None, told),
        voltage=settle(VOLTAGE, params.voltage, told.voltage if told else None, told),
        dose=dose and dose * (events.grouping if events else 1), left_over=events.left_over if events else 0,
        eer=(events.grouping, events.upsampling) if events else None,
    )  # fmt: skip


def settle(quantity: _Quantity, given: float | None, told: float | None, acquisition: Acquisition | None) -> float | None:
    """Give what the user gave, else what the metadata say.

    Raises
    ------
    InputError
        If the two contradict each other; both are named.
    """
    if given is None or told is None:
        return told if given is None else given
    if not 1 / quantity.factor <= given / told <= quantity.factor:
        raise InputError(f"{quantity.name} must agree with {acquisition and acquisition.source} to a factor of {quantity.factor:g}; "
                         f"got {given:g} {quantity.unit}, and the file says {told:.4g}. Try: --{quantity.name.replace('_', '-')} "
                         f"{told:.4g}, or moving the file away.")  # fmt: skip
    return given


def beam_shift(told: Acquisition | None) -> dict[str, list[float]]:
    """The shifts by which movies are grouped, for the list of what was done."""
    shifts = {"beam_shift": told and told.beam_shift, "image_shift": told and told.image_shift}
    return {name: list(shift) for name, shift in shifts.items() if shift}


def optics_groups(done: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give a name of an optics group to each movie: those of one beam shift share their coma, and have one.

    Parameters
    ----------
    done
        With ``beam_shift`` or ``image_shift`` where it is known. The kind that all have counts; SerialEM writes image shifts, with
        which its beam shifts go. Where neither is known of all, there is one group.
    """
    import numpy as np

    from vitreous.numerics.point_groups import point_groups

    for kind in ("beam_shift", "image_shift"):
        if done and all(kind in each for each in done):
            return [f"opticsGroup{group + 1}" for group in point_groups(np.array([each[kind] for each in done]))]
    return ["opticsGroup1"] * len(done)
