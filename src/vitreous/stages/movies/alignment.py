"""What an alignment gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitreous.data.motion import Motion
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.frame_envelopes import FrameEnvelopes
from vitreous.stages.movies.frames import Fault


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A movie's motion and its sums.

    Parameters
    ----------
    motion
        In the form other programs read: shifts of frames and 18 coefficients, Å.
    field
        The shifts the sums were made with, pixels of the unbinned frame.
    pixel_size
        Å per pixel of the sums.
    total
        float32 ``(y, x)``: the sum of the aligned frames, counts; None where it was not wanted.
    weighted
        float32 ``(y, x)``: the sum weighted by exposure, its noise that of one frame at every frequency; None when the
        dose is not known.
    tracks
        ``(patches, frames, 2)`` as (x, y) in Å: the fitted motion of each patch, drift included, from its first frame on;
        the way the specimen went, minus the shift.
    track_places
        ``(patches, 2)`` as (x, y), centres of the patches in pixels of the unbinned frame.
    figures
        Numbers that tell how it went: ``motion_total_angstrom``, ``motion_early_angstrom``, ``motion_late_angstrom`` (lengths
        of the path of the whole frame), ``drift_error_angstrom``, ``local_error_angstrom`` (expected errors along one
        axis), ``residual_rms_angstrom`` (measured patches against the field), ``polynomial_rms_angstrom`` (field against
        the 18 coefficients), ``local_rms_angstrom``, ``defects``, ``pairs_rejected``.
    halves
        float32 ``(y, x)`` each: the sums of odd and of even frames, counted double; None where they were not wanted.
    envelopes
        Scale and B-factor of each frame that took part; None where they were not wanted.
    left_out
        Frames that took no part, and why.
    """

    motion: Motion
    field: ShiftField
    pixel_size: float
    total: NDArray[np.float32] | None
    weighted: NDArray[np.float32] | None
    tracks: NDArray[np.float64]
    track_places: NDArray[np.float64]
    figures: Mapping[str, float]
    halves: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    envelopes: FrameEnvelopes | None = None
    left_out: tuple[Fault, ...] = ()


def path_lengths(shifts: NDArray[np.float64], early_frames: float) -> tuple[float, float, float]:
    """Length of the path through ``shifts`` ``(frames, 2)``: all of it, up to frame ``early_frames``, and after."""
    steps = np.linalg.norm(np.diff(shifts, axis=0), axis=1)
    early = float(steps[: max(0, int(np.ceil(early_frames - 1)))].sum())
    return float(steps.sum()), early, float(steps.sum()) - early
